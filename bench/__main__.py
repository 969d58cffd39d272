"""`python -m bench [--quick] [-o json]`: every figure of the table in docs/performance.md, one run.

Each throughput is also given as a ratio, validators x payments per second / raw libsodium
verifications per second with two threads, so that runs on other machines compare. The load
generator signs beforehand, submits in batches of 500 and shares the machine with the validators.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.city import big_city, make_devnet
from bench.growth import microseconds_per_payment
from bench.load import Result, fund_payers, run_load, sign_payments
from bench.verify import verify_per_second
from genesis.city import City
from governance_contracts.payments import plain
from node.demo import free_ports
from node.devnet import Devnet, running
from node.hand import Bank, Hands, call

ACCOUNTS = 100_000
SMALL, LARGE = 10_000, 1_000_000
SIGNED_PER_SECOND = {1: 9_000, 4: 3_000}
"""Payments signed beforehand for each second of load: more than can become final."""


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure_validators(
    folder: Path, count: int, accounts: int, seconds: float, verify: float, idle: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Load a devnet of `count` validators; its figures, and idle latency and memory beside them."""
    say(f"{count} validators, {accounts} accounts: founding")
    city = big_city(count, accounts)
    devnet = make_devnet(folder, city, free_ports(2 * count))
    more: dict[str, float] = {}
    with running(devnet):
        hands = Hands(city, devnet.testnet.chain)
        payers, more["payout_1000_ms"] = fund_payers(devnet, hands)
        coin = Bank(city, devnet.nodes[0].wijk).coin
        if idle:
            say(f"{count} validators: {idle} lone payments")
            more["idle_p95_ms"] = idle_p95_ms(devnet, city, hands, coin, idle)
        number = int(seconds * SIGNED_PER_SECOND[count])
        say(f"{count} validators: signing {number} payments")
        signed = sign_payments(city, hands, payers, coin, number)
        say(f"{count} validators: {seconds:.0f} s of load")
        before = processor_s(devnet)
        result = asyncio.run(run_load([node.url for node in devnet.nodes], signed, seconds))
        spent = (processor_s(devnet) - before) / count
        each_us = spent / max(1, result.transactions) * 1e6
        say(f"{count} validators: {each_us:.0f} µs of processor time per payment in each")
        more["rss_mb"] = max(resident_mb(node.process.pid) for node in devnet.nodes if node.process)
    if result.refused:
        say(f"{count} validators: {result.refused} payments were refused")
    return figures(result, count, verify), more


def figures(result: Result, count: int, verify: float) -> dict[str, Any]:
    return {
        "tx_per_second": round(result.tx_per_second, 1),
        "ratio": round(count * result.tx_per_second / verify, 4),
        "p50_ms": round(result.percentile_ms(0.50), 1),
        "p95_ms": round(result.percentile_ms(0.95), 1),
    }


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


def measure_replay(folder: Path, verify: float) -> dict[str, float]:
    """Audit the chain that one validator made under load, with two jobs."""
    file = folder / "chain.export"
    home = folder / "node1"
    run("node", "export", str(file), "--home", str(home))
    say("replay, two jobs")
    audit = run("audit", "replay", str(file), "--jobs", "2", "--skip-genesis", "-o", "json")
    if audit["verdict"] != "ok":
        raise RuntimeError(f"the audit found {audit['findings'][:3]}")
    rate = float(audit["transactions_per_second"])
    return {"tx_per_second": round(rate, 1), "ratio": round(rate / verify, 4)}


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


def wallet_start_s(runs: int) -> float:
    """Median time of `socialcoin wallet address` as a whole process."""
    with tempfile.TemporaryDirectory(prefix="socialcoin-bench-") as scratch:
        folder = Path(scratch) / "devnet"
        devnet = Devnet.make(folder, 1, free_ports(2), residents=1)
        name = devnet.city.of("resident")[0].name
        devnet.make_wallets([name])
        socialcoin = Path(sys.executable).with_name("socialcoin")
        words = [str(socialcoin), "wallet", "address", "--wallet", name]
        words += ["--home", str(devnet.wallets)]
        taken = []
        for _ in range(runs + 1):
            began = time.perf_counter()
            subprocess.run(words, capture_output=True, check=True)
            taken.append(time.perf_counter() - began)
    return round(median(taken[1:]), 3)


def measure(quick: bool) -> dict[str, Any]:
    seconds = 8.0 if quick else 30.0
    say("raw libsodium verification, two threads")
    verify = verify_per_second(2.0 if quick else 5.0)
    report: dict[str, Any] = {"verify_per_second": round(verify, 1)}
    with tempfile.TemporaryDirectory(prefix="socialcoin-bench-") as scratch:
        folder = Path(scratch) / "one"
        one, _ = measure_validators(folder, 1, ACCOUNTS, seconds, verify, 0)
        replay = measure_replay(folder, verify)
    with tempfile.TemporaryDirectory(prefix="socialcoin-bench-") as scratch:
        folder = Path(scratch) / "four"
        idle = 12 if quick else 40
        four, more = measure_validators(folder, 4, ACCOUNTS, seconds, verify, idle)
    report["validators4"] = four
    report["validator1"] = {"tx_per_second": one["tx_per_second"], "ratio": one["ratio"]}
    report["replay"] = replay
    report["idle_p95_ms"] = more["idle_p95_ms"]
    report["payout_1000_ms"] = round(more["payout_1000_ms"], 1)
    say(f"cost of a payment at {SMALL} and {LARGE} accounts")
    small, large = microseconds_per_payment(SMALL), microseconds_per_payment(LARGE)
    report["growth_1m_vs_10k"] = round(large / small, 3)
    report["rss_mb"] = more["rss_mb"]
    say("start of a wallet")
    report["wallet_start_s"] = wallet_start_s(5 if quick else 11)
    return report


def as_text(report: dict[str, Any]) -> str:
    four, one, replay = report["validators4"], report["validator1"], report["replay"]
    rows = [
        ("raw verifications per second, two threads", f"{report['verify_per_second']:,.0f}"),
        ("four validators, payments per second", f"{four['tx_per_second']:,.0f}"),
        ("    ratio", f"{four['ratio']:.3f}"),
        ("    p50, p95 under load (ms)", f"{four['p50_ms']:,.0f}, {four['p95_ms']:,.0f}"),
        ("one validator, payments per second", f"{one['tx_per_second']:,.0f}"),
        ("    ratio", f"{one['ratio']:.3f}"),
        ("audit replay, two jobs, per second", f"{replay['tx_per_second']:,.0f}"),
        ("    ratio", f"{replay['ratio']:.3f}"),
        ("lone payment on an idle devnet, p95 (ms)", f"{report['idle_p95_ms']:,.0f}"),
        ("payout of 1,000 lines, four validators (ms)", f"{report['payout_1000_ms']:,.0f}"),
        ("cost at 1,000,000 accounts against 10,000", f"{report['growth_1m_vs_10k']:.2f} x"),
        ("resident memory at 100,000 accounts (MB)", f"{report['rss_mb']:,.0f}"),
        ("`socialcoin wallet address` (s)", f"{report['wallet_start_s']:.3f}"),
    ]
    return "\n".join(f"{name:<50} {value:>12}" for name, value in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, under three minutes")
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    report = measure(options.quick)
    print(json.dumps(report) if options.output == "json" else as_text(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
