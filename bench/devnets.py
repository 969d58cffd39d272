"""What is measured on running validators: rates, lone payments, payouts, memory, and the replay."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.city import big_city, make_devnet
from bench.funding import Funding
from bench.load import Result, run_load, sign_baskets, sign_payments
from bench.report import say
from genesis.city import City
from governance_contracts.payments.payments import plain
from node.demo.command import free_ports
from node.demo.devnet import Devnet, running
from node.demo.hand import Hands, call

SIGNED_PER_SECOND = {1: 6_000, 4: 3_000}
"""Payments signed beforehand for each second of load: more than can become final."""
BASKETS_PER_SECOND = 4_000
EXPORT = "chain.export"


@dataclass(slots=True)
class Measured:
    """`each_us`: processor time per payment in each validator; zero where not measured."""

    plain: Result = field(default_factory=Result)
    baskets: Result = field(default_factory=Result)
    payout_ms: float = 0.0
    idle_p95_ms: float = 0.0
    rss_mb: float = 0.0


def measure_validators(
    folder: Path, count: int, accounts: int, seconds: float, *, baskets: bool = False, idle: int = 0
) -> Measured:
    """Load a devnet of `count` validators with plain payments, then, if so, with baskets.

    `idle`: so many lone payments are timed before.
    """
    say(f"{count} validators, {accounts} accounts: founding")
    city = big_city(count, accounts)
    devnet = make_devnet(folder, city, free_ports(2 * count))
    measured = Measured()
    with running(devnet):
        hands = Hands(city, devnet.testnet.chain)
        funded = Funding(devnet, hands).fund(baskets=baskets)
        measured.payout_ms = funded.payout_ms
        if idle:
            say(f"{count} validators: {idle} lone payments")
            measured.idle_p95_ms = idle_p95_ms(devnet, city, hands, funded.coin, idle)
        number = int(seconds * SIGNED_PER_SECOND[count])
        say(f"{count} validators: signing {number} payments")
        signed = sign_payments(city, hands, funded.payers, funded.coin, number)
        measured.plain = load(devnet, signed, seconds, "payments")
        if baskets:
            export_of(folder)
            number = int(seconds * BASKETS_PER_SECOND)
            say(f"{count} validators: signing {number} baskets")
            signed = sign_baskets(hands, funded.payers, funded.shops, funded.coin, number)
            measured.baskets = load(devnet, signed, seconds, "baskets")
        measured.rss_mb = max(resident_mb(n.process.pid) for n in devnet.nodes if n.process)
    return measured


def load(devnet: Devnet, signed: list[tuple[str, str]], seconds: float, what: str) -> Result:
    """Raises RuntimeError if any was refused: a refusal is cheaper than a payment."""
    count = len(devnet.nodes)
    say(f"{count} validators: {seconds:.0f} s of {what}")
    before = processor_s(devnet)
    result = asyncio.run(run_load([node.url for node in devnet.nodes], signed, seconds))
    if result.refused:
        raise RuntimeError(f"{result.refused} {what} were refused")
    spent = (processor_s(devnet) - before) / count
    each_us = spent / max(1, result.transactions) * 1e6
    say(f"{count} validators: {each_us:.0f} µs of processor time per payment in each")
    return result


def idle_p95_ms(devnet: Devnet, city: City, hands: Hands, coin: str, count: int) -> float:
    """One payment at a time on an idle chain, from submission to finality, as a wallet sees it."""
    people = city.of("resident")
    taken = []
    for number in range(count):
        payer, payee = people[number], people[-number - 1]
        args = plain(payer.account, payee.account, coin, 1)
        url = devnet.nodes[number % len(devnet.nodes)].url
        time.sleep(0.6)
        began = time.perf_counter()
        outcome = hands.send(url, payer, call("pay", "pay", args))
        taken.append((time.perf_counter() - began) * 1000)
        if outcome.status != "committed":
            raise RuntimeError(f"a lone payment was {outcome}")
    ordered = sorted(taken)
    return round(ordered[min(count - 1, int(count * 0.95))], 1)


def processor_s(devnet: Devnet) -> float:
    """Processor time that all validators and their helpers have used so far."""
    ticks = 0
    for node in devnet.nodes:
        assert node.process is not None, "started"
        for pid in (str(node.process.pid), *children(node.process.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of a process and of those it started."""
    total = 0.0
    for task in [str(pid), *children(pid)]:
        for line in Path(f"/proc/{task}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) / 1024
    return round(total, 1)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def export_of(folder: Path) -> None:
    """Export the chain while it holds plain payments only: that is what replay is measured on."""
    run("node", "export", str(folder / EXPORT), "--home", str(folder / "node1"))


def replay_per_second(folder: Path) -> float:
    """Audit the chain that one validator made under plain load, with two jobs."""
    file = folder / EXPORT
    say("replay, two jobs")
    audit = run("audit", "replay", str(file), "--jobs", "2", "--skip-genesis", "-o", "json")
    if audit["verdict"] != "ok":
        raise RuntimeError(f"the audit found {audit['findings'][:3]}")
    return float(audit["transactions_per_second"])


def run(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "wallet_cli.main", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {}
    return found
