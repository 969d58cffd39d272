"""A devnet: a demo city of real node processes on this computer (commands: devnet_cli.py).

    DIR/genesis.json, DIR/node1 ... (homes), DIR/wallets (one home, many wallets),
    DIR/people.json (everybody's secrets), DIR/passphrase, DIR/devnet.json (who is where),
    DIR/reserves, DIR/banks (the office behind each coin, and its bank: office.py)

Keys here follow from a seed and protect nothing: a devnet is for trying out.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.bank.commitments import account_commitment
from chain.address import encode_address
from genesis.city import City, demo_city
from genesis.console import Exit, UserError, _
from genesis.homes import NodeHome, write_private
from genesis.testnet import Testnet, addresses, write_testnet
from genesis.words import salt_from_entropy, seed_from_entropy
from node.ask import ask
from node.demo.office import BANKS, RESERVES, found_offices
from node.demo.ports import require_free
from node.disk import replace_file
from node.opening import init_home

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


def wait_for(
    node: DevNode, chain: str, height: int, wait_s: float = READY_WAIT_S
) -> dict[str, Any]:
    """Until the chain of this id has this height at a node; its status. Raises UserError."""
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
        ours = status["chain_id"] == chain  # else a stranger on our port
        if ours and status["height"] >= height:
            return status
        time.sleep(POLL_S)
    raise UserError(
        _("{name} did not reach block {height} in {n} seconds:\n{log}").format(
            name=node.name, height=height, n=int(wait_s), log=node.last_words()
        )
    )


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
            account_commitment,
        )
        planned = addresses(city, port_base)
        require_free([address for plan in planned for address in (plan.api, plan.listen)])
        testnet = write_testnet(city, folder, planned)
        nodes = []
        for plan, home in zip(planned, testnet.homes, strict=True):
            init_home(home, home.genesis.read_bytes(), None, validator=True)
            nodes.append(DevNode(plan.name, plan.wijk, f"http://{plan.api}", home))
        write_private(folder / "passphrase", PASSPHRASE.encode() + b"\n")
        found_offices(city, folder, PASSPHRASE)
        return cls(city, folder, testnet, nodes)

    def start(self) -> None:
        """Start all nodes and wait until blocks flow. Raises UserError."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            self.wait_for(node, 1)

    def wait_for(self, node: DevNode, height: int, wait_s: float = READY_WAIT_S) -> dict[str, Any]:
        """Until a node's chain has this height; its status. Raises UserError."""
        return wait_for(node, self.testnet.chain.hex(), height, wait_s)

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
        people = [p for p in self.city.with_wallets() if names is None or p.name in names]
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
                    "role": person.role,
                    "kind": person.kind,
                    "wijk": person.wijk,
                    "address": encode_address(prefix, person.account),
                    "home": str(self.wallets),
                    "passphrase_file": str(self.folder / "passphrase"),
                }
                for person in self.city.with_wallets()
            ],
            "of_boards": [
                {
                    "name": person.name,
                    "role": person.role,
                    "wijk": person.wijk,
                    "address": encode_address(prefix, person.account),
                }
                for person in self.city.people
                if not person.seed
            ],
            "reserves": [
                {
                    "coin": bank.coin,
                    "wijk": bank.wijk,
                    "iban": bank.iban,
                    "home": str(self.folder / RESERVES / bank.coin),
                    "bank": str(self.folder / BANKS / bank.coin),
                    "passphrase_file": str(self.folder / "passphrase"),
                }
                for bank in self.city.banks
            ],
        }

    def write_description(self) -> None:
        write_description(self.folder, self.describe())


def write_description(folder: Path, content: dict[str, Any]) -> None:
    replace_file(folder / DEVNET, json.dumps(content, indent=1).encode() + b"\n", 0o644)


@contextmanager
def running(devnet: Devnet) -> Iterator[Devnet]:
    """A devnet whose processes end with the block."""
    try:
        devnet.start()
        yield devnet
    finally:
        devnet.stop()
