"""`socialcoin devnet`: a demo city of real node processes on this computer.

    DIR/genesis.json, DIR/node1 ... (homes), DIR/wallets (one home, many wallets),
    DIR/people.json (everybody's secrets), DIR/passphrase, DIR/devnet.json (who is where)

Keys here follow from a seed and protect nothing: a devnet is for trying out.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from chain.address import encode_address
from chain.money import Cents
from genesis import console
from genesis.city import City, demo_city
from genesis.console import N_, Exit, Settings, UserError, _, common_options, note, out
from genesis.homes import NodeHome, write_private
from genesis.testnet import PORT_BASE, Testnet, addresses, write_testnet
from genesis.words import salt_from_entropy, seed_from_entropy
from node.ask import ask
from node.opening import init_home
from node.pocket_money import give
from node.ports import require_free

READY_WAIT_S = 60.0
STOP_WAIT_S = 10.0
POLL_S = 0.05
PASSPHRASE = "devnet"
DEVNET = "devnet.json"


@dataclass(slots=True)
class DevNode:
    """A validator of a devnet, as a process."""

    name: str
    wijk: str
    url: str
    home: NodeHome
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wallet_cli.main", "node", "start"],
                env=os.environ | {"SOCIALCOIN_HOME": str(self.home.root)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Without a warning, as a power cut would."""
        assert self.process is not None, "started"
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def last_words(self) -> str:
        """The end of its log, for a message when it will not run."""
        log = self.home.root / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""


class Devnet:
    """A city, its files, and its node processes."""

    def __init__(self, city: City, folder: Path, testnet: Testnet, nodes: list[DevNode]) -> None:
        self.city = city
        self.folder = folder
        self.testnet = testnet
        self.nodes = nodes

    @classmethod
    def make(
        cls,
        folder: Path,
        validators: int,
        port_base: int,
        *,
        seed: bytes | None = None,
        residents: int = 24,
        short: bool = False,
    ) -> Devnet:
        """Write everything, start nothing. Raises UserError."""
        now_ms = time.time_ns() // 1_000_000
        city = demo_city(
            validators,
            seed or secrets.token_bytes(16),
            residents,
            seed_from_entropy,
            salt_from_entropy,
            now_ms,
            short,
        )
        planned = addresses(city, port_base)
        require_free([address for plan in planned for address in (plan.api, plan.listen)])
        testnet = write_testnet(city, folder, planned)
        nodes = []
        for plan, home in zip(planned, testnet.homes, strict=True):
            init_home(home, home.genesis.read_bytes(), None, validator=True)
            nodes.append(DevNode(plan.name, plan.wijk, f"http://{plan.api}", home))
        write_private(folder / "passphrase", PASSPHRASE.encode() + b"\n")
        return cls(city, folder, testnet, nodes)

    def start(self) -> None:
        """Start all nodes and wait until blocks flow. Raises UserError."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            self.wait_for(node, 1)

    def wait_for(self, node: DevNode, height: int, wait_s: float = READY_WAIT_S) -> dict[str, Any]:
        """Until a node's chain has this height; its status. Raises UserError."""
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if node.process is not None and node.process.poll() is not None:
                raise UserError(
                    _("{name} ended with exit code {code}:\n{log}").format(
                        name=node.name, code=node.process.returncode, log=node.last_words()
                    )
                )
            try:
                status: dict[str, Any] = ask(node.url, "/v1/status", timeout_s=2)
            except UserError:
                time.sleep(POLL_S)
                continue
            ours = status["chain_id"] == self.testnet.chain.hex()  # else a stranger on our port
            if ours and status["height"] >= height:
                return status
            time.sleep(POLL_S)
        raise UserError(
            _("{name} did not reach block {height} in {n} seconds:\n{log}").format(
                name=node.name, height=height, n=int(wait_s), log=node.last_words()
            )
        )

    def stop(self) -> None:
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.process.terminate()
        for node in self.nodes:
            node.stop()

    # Wallets.

    @property
    def wallets(self) -> Path:
        return self.folder / "wallets"

    def make_wallets(self, names: list[str] | None = None) -> None:
        """A wallet for everybody with keys of their own (or for those named). Raises UserError."""
        people = [p for p in self.city.people if p.role != "treasury"]
        if names is not None:
            people = [p for p in people if p.name in names]
        nodes = {node.wijk: node.url for node in self.nodes}
        listed = [
            {
                "name": person.name,
                "entropy": person.entropy.hex(),
                "account": person.account.hex(),
                "node": nodes.get(person.wijk, self.nodes[0].url),
                "home": str(self.wallets),
            }
            for person in people
        ]
        file = self.folder / "wallets.json"
        write_private(file, json.dumps(listed).encode())
        genesis = str(self.testnet.genesis)
        self.wallet("import-many", str(file), "--genesis", genesis, "--in-genesis")
        file.unlink()

    def wallet(self, *words: str, check: bool = True) -> dict[str, Any]:
        """Run `socialcoin wallet ...` as a person would; its JSON answer with "exit_code".

        Raises UserError when it fails, unless `check` is false.
        """
        done = subprocess.run(
            [sys.executable, "-m", "wallet_cli.main", "wallet", *words],
            env=os.environ
            | {
                "SOCIALCOIN_HOME": str(self.wallets),
                "SOCIALCOIN_OUTPUT": "json",
                "SOCIALCOIN_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != Exit.DONE:
            raise UserError(f"wallet {' '.join(words)}: {done.stderr.strip()}")
        try:
            answer = json.loads(done.stdout) if done.stdout.strip() else {}
        except ValueError:
            answer = {"output": done.stdout}
        if not isinstance(answer, dict):
            answer = {"answer": answer}
        return {**answer, "exit_code": done.returncode, "stderr": done.stderr}

    def describe(self) -> dict[str, Any]:
        """The content of devnet.json."""
        prefix = self.city.genesis.prefix
        return {
            "chain_id": self.testnet.chain.hex(),
            "genesis": str(self.testnet.genesis),
            "nodes": [
                {
                    "name": node.name,
                    "wijk": node.wijk,
                    "url": node.url,
                    "pid": node.process.pid if node.process else None,
                    "home": str(node.home.root),
                }
                for node in self.nodes
            ],
            "wallets": [
                {
                    "name": person.name,
                    "kind": person.kind,
                    "wijk": person.wijk,
                    "address": encode_address(prefix, person.account),
                    "home": str(self.wallets),
                    "passphrase_file": str(self.folder / "passphrase"),
                }
                for person in self.city.people
                if person.role != "treasury"
            ],
        }

    def write_description(self) -> None:
        text = json.dumps(self.describe(), indent=1) + "\n"
        temporary = self.folder / (DEVNET + ".new")
        temporary.write_text(text)
        temporary.replace(self.folder / DEVNET)


@contextmanager
def running(devnet: Devnet) -> Iterator[Devnet]:
    """A devnet whose processes end with the block."""
    try:
        devnet.start()
        yield devnet
    finally:
        devnet.stop()


@console.group(help=N_("A demo city of real nodes on this computer."))
def group() -> None:
    pass


@group.command(help=N_("Start a devnet; runs until interrupted, or --detach."))
@click.option("--validators", type=click.IntRange(1, 10), default=4, show_default=True)
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--port-base", type=click.IntRange(1024, 65_000), default=PORT_BASE)
@click.option("--residents", type=click.IntRange(0, 100_000), default=24, show_default=True)
@click.option("--seed", default="", help=N_("Text from which all keys follow; else random."))
@click.option("--short", is_flag=True, help=N_("Short timers, for idle tests only."))
@click.option(
    "--money",
    type=console.AMOUNT,
    default=0,
    metavar="AMOUNT",
    help=N_("Free coin for each resident, so that there is something to pay with."),
)
@click.option("--detach", is_flag=True, help=N_("Return when blocks flow; stop with devnet stop."))
@common_options
def start(
    settings: Settings,
    validators: int,
    folder: Path,
    port_base: int,
    residents: int,
    seed: str,
    short: bool,
    money: Cents,
    detach: bool,
) -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    devnet = Devnet.make(
        folder.resolve(),
        validators,
        port_base,
        seed=seed.encode() or None,
        residents=residents,
        short=short,
    )
    try:
        devnet.start()
        devnet.make_wallets()
        if money:
            give(devnet.city, devnet.testnet.chain, devnet.nodes[0].url, money)
        devnet.write_description()
    except BaseException:
        devnet.stop()
        raise
    facts = _("{n} validators, {url}, {file}").format(
        n=validators, url=devnet.nodes[0].url, file=folder / DEVNET
    )
    if detach:
        out(settings, devnet.describe(), f"ready {facts}")
        return
    try:
        out(settings, devnet.describe(), f"ready {facts}")
        _watch(devnet)
    except KeyboardInterrupt:
        pass
    finally:
        note(_("stopping the devnet"))
        devnet.stop()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _watch(devnet: Devnet) -> None:
    """Until Ctrl-C or SIGTERM; says when a node ends by itself."""
    gone: set[str] = set()
    while True:
        time.sleep(0.5)
        for node in devnet.nodes:
            if node.name not in gone and node.process and node.process.poll() is not None:
                gone.add(node.name)
                note(_("{name} ended:\n{log}").format(name=node.name, log=node.last_words()))


@group.command(help=N_("Stop a detached devnet."))
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@common_options
def stop(settings: Settings, folder: Path) -> None:
    try:
        described = json.loads((folder / DEVNET).read_text())
        pids = [int(node["pid"]) for node in described["nodes"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            _("{folder} holds no devnet: {file} cannot be read").format(folder=folder, file=DEVNET)
        ) from None
    stopped = [pid for pid in pids if _is_node(pid) and _end(pid)]
    deadline = time.monotonic() + STOP_WAIT_S
    while any(_is_node(pid) for pid in stopped) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for pid in stopped:
        if _is_node(pid):
            os.kill(pid, signal.SIGKILL)
    out(settings, {"stopped": len(stopped)}, _("{n} nodes were stopped.").format(n=len(stopped)))


def _is_node(pid: int) -> bool:
    """Is this process one of our nodes (and not another program that has its number now)?"""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return b"wallet_cli.main" in words and b"start" in words and state != "Z"


def _end(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
