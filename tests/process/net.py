"""Validators as real processes, with short timers, for tests that kill and starve them.

Nothing here sleeps for a guessed time: everything is polled through the API, with a deadline.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from chain.certificate import Certificate
from chain.codec import decode
from chain.transaction import Call
from genesis.city import City, Person
from genesis.console import UserError
from governance_contracts.payments.payments import plain
from node.ask import ask
from node.demo.devnet import Devnet, DevNode
from node.demo.hand import Bank, Hands, Outcome, call

T = TypeVar("T")

DEADLINE_S = 30.0
POLL_S = 0.02
FUNDS_CENTS = 1_000_00
SEED = b"process tests"
PORTS_FROM, PORTS_PER_WORKER = 20_000, 400
"""Below the ports that the system gives to outgoing connections."""

_ports = itertools.count(0, 2)


def free_ports(count: int) -> int:
    """The first of so many consecutive free ports; workers of a parallel run look elsewhere."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0)
    first = PORTS_FROM + worker % 16 * PORTS_PER_WORKER
    while True:
        base = first + next(_ports) % (PORTS_PER_WORKER - count)
        if all(_is_free(port) for port in range(base, base + count)):
            for _ in range(count // 2 - 1):
                next(_ports)
            return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def until(question: Callable[[], T], what: str, within_s: float = DEADLINE_S) -> T:
    """The first true answer; a node that does not answer yet is asked again."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if answer := question():
                return answer
        except UserError:
            pass
        time.sleep(POLL_S)
    raise AssertionError(f"not within {within_s:.0f} s: {what}")


def socialcoin(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """A command as a person types it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SOCIALCOIN")}
    return subprocess.run(
        [sys.executable, "-m", "wallet_cli.main", *words],
        env=environment | {"SOCIALCOIN_LANG": "en"} | more.pop("env", {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
        **more,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed said to a person: a sentence, never a traceback."""
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


class SharedHands(Hands):
    """For several threads."""

    def __init__(self, city: City, chain: bytes) -> None:
        super().__init__(city, chain)
        self._lock = threading.Lock()

    def sign(self, person: Person, *calls: Call) -> tuple[bytes, bytes]:
        with self._lock:
            return super().sign(person, *calls)


class Net:
    def __init__(self, devnet: Devnet) -> None:
        self.devnet = devnet
        self.nodes = devnet.nodes
        self.city = devnet.city
        self.hands = SharedHands(devnet.city, devnet.testnet.chain)
        self.wijk = self.nodes[0].wijk
        self.bank = Bank(self.city, self.wijk)
        self.funder = self.city.of("funder")[0]
        self.residents = self.city.of("resident")

    # Processes.

    def status(self, node: DevNode) -> dict[str, Any]:
        found: dict[str, Any] = ask(node.url, "/v1/status", timeout_s=5)
        return found

    def height(self, node: DevNode | None = None) -> int:
        return int(self.status(node or self.nodes[0])["height"])

    def log(self, node: DevNode) -> str:
        return (node.home.root / "log").read_text()

    def ended(self, node: DevNode, within_s: float = DEADLINE_S) -> int:
        """The exit code of a node that ends by itself."""
        assert node.process is not None
        return node.process.wait(within_s)

    def run(self, node: DevNode) -> subprocess.CompletedProcess[str]:
        """`node start` in a home, for a start that fails."""
        return socialcoin("node", "start", "--home", str(node.home.root))

    def level(self) -> None:
        """Until all nodes stand at the same height with the same state."""

        def same() -> bool:
            found = [self.status(node) for node in self.nodes]
            return len({(s["height"], s["state_root"]) for s in found}) == 1

        until(same, "all nodes agree")

    # Money.

    def fund(self) -> None:
        """Euros arrive, the board mints: the funder has coin."""
        url = self.nodes[0].url
        line, salt = self.bank.receive(self.funder, FUNDS_CENTS)
        statement = self.bank.close(time.time_ns() // 1_000_000)
        mint = self.bank.mint(line, self.funder, FUNDS_CENTS, salt)
        outcomes = self.hands.attest(url, self.wijk, statement)
        outcomes += self.hands.decide(url, self.wijk, "Deposit", mint)
        assert [o.status for o in outcomes] == ["committed"] * len(outcomes), outcomes

    def pay(self, node: DevNode | None = None, payee: Person | None = None) -> Outcome:
        """One cent from the funder, until it is final."""
        payee = payee or self.residents[0]
        args = plain(self.funder.account, payee.account, self.bank.coin, 1)
        return self.hands.send((node or self.nodes[0]).url, self.funder, call("pay", "pay", args))

    def outcome(self, node: DevNode, name: str) -> dict[str, Any]:
        found: dict[str, Any] = ask(node.url, f"/v1/transactions/{name}?wait_ms=20000")
        return found

    def votes(self, node: DevNode) -> bool:
        """Does this node's precommit stand in the newest certificate? Makes a block to see."""
        others = [other for other in self.nodes if other is not node]
        self.pay(others[0] if others else node)
        seats = [seat["wijk"] for seat in ask(self.nodes[0].url, "/v1/seats")["seats"]]
        latest = ask(self.nodes[0].url, "/v1/headers/latest")
        certificate = decode(Certificate, bytes.fromhex(latest["certificate"]))
        return seats.index(node.wijk) in [s.seat for s in certificate.signatures]


class Load(threading.Thread):
    """The funder pays a cent again and again through one node, each time waiting until it is
    final; `acknowledged` are those that the node called committed."""

    def __init__(self, net: Net, node: DevNode) -> None:
        super().__init__(daemon=True)
        self.net = net
        self.node = node
        self.acknowledged: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                outcome = self.net.pay(self.node)
            except UserError:
                return  # the node is gone
            if outcome.status == "committed":
                self.acknowledged.append(outcome.id)

    def reaches(self, count: int) -> None:
        until(lambda: len(self.acknowledged) >= count, f"{count} payments are final")

    def end(self) -> None:
        self.ending.set()
        self.join(DEADLINE_S)


@contextmanager
def running(folder: Path, validators: int, residents: int = 2) -> Iterator[Net]:
    """Validators that make blocks; their processes end with the block."""
    base = free_ports(2 * validators)
    devnet = Devnet.make(
        folder / "net", validators, base, seed=SEED, residents=residents, short=True
    )
    try:
        devnet.start()
        yield Net(devnet)
    finally:
        devnet.stop()


def events(log: str) -> list[str]:
    """The events that a node's log lists, in order."""
    lines = [line for line in log.splitlines() if line.startswith("{")]
    return [json.loads(line)["event"] for line in lines]
