"""`python -m bench [--quick] [-o json]`: every figure of the table in docs/performance.md, one run.

Each throughput is also given as a ratio, validators x payments per second / raw libsodium
verifications per second with two threads, so that runs on other machines compare. The load
generator signs beforehand, submits in batches of 500 and shares the machine with the validators.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.devnets import Measured, measure_validators, replay_per_second
from bench.growth import LARGE, SMALL, microseconds_per_payment
from bench.load import Result
from bench.report import as_text, say, with_rows
from bench.statements import measure_import
from bench.verify import verify_per_second
from bench.year import measure_year
from node.demo.command import free_ports
from node.demo.devnet import Devnet


@dataclass(frozen=True, slots=True)
class Sizes:
    """`seconds`: of each load. `days`: statements of the year that is reconciled."""

    accounts: int = 100_000
    verify_s: float = 5.0
    seconds: float = 30.0
    idle: int = 40
    entries: int = 50_000
    days: int = 365
    starts: int = 11


WHOLE = Sizes()
QUICK = Sizes(20_000, 2.0, 6.0, 12, 10_000, 36, 5)


def measure(sizes: Sizes) -> dict[str, Any]:
    began = time.perf_counter()
    say("raw libsodium verification, two threads")
    verify = verify_per_second(sizes.verify_s)
    with scratch() as folder:
        home = folder / "one"
        one = measure_validators(home, 1, sizes.accounts, sizes.seconds, baskets=True)
        replay = replay_per_second(home)
    with scratch() as folder:
        home = folder / "four"
        four = measure_validators(home, 4, sizes.accounts, sizes.seconds, idle=sizes.idle)
    say(f"cost of a payment at {SMALL} and {LARGE} accounts")
    small, large = microseconds_per_payment(SMALL), microseconds_per_payment(LARGE)
    report = {
        "accounts": sizes.accounts,
        "verify_per_second": round(verify, 1),
        "validators4": rates(four.plain, 4, verify) | waits(four.plain),
        "validator1": rates(one.plain, 1, verify),
        "discounted": discounted(one),
        "replay": {"tx_per_second": round(replay, 1), "ratio": round(replay / verify, 4)},
        "idle_p95_ms": four.idle_p95_ms,
        "payout_1000_ms": round(four.payout_ms, 1),
        "growth_1m_vs_10k": round(large / small, 3),
        "rss_mb": four.rss_mb,
    }
    say("start of a wallet")
    report["wallet_start_s"] = wallet_start_s(sizes.starts)
    with scratch() as folder:
        cost = measure_import(folder, sizes.entries)
    report["import"] = {
        "entries": sizes.entries,
        "seconds": round(cost.seconds, 2),
        "peak_mb": round(cost.peak_mb, 1),
    }
    with scratch() as folder:
        report["reconcile"] = measure_year(folder, sizes.days)
    report["bench_s"] = round(time.perf_counter() - began)
    return report


def rates(result: Result, count: int, verify: float) -> dict[str, float]:
    return {
        "tx_per_second": round(result.tx_per_second, 1),
        "ratio": round(count * result.tx_per_second / verify, 4),
    }


def waits(result: Result) -> dict[str, float]:
    return {
        "p50_ms": round(result.percentile_ms(0.50), 1),
        "p95_ms": round(result.percentile_ms(0.95), 1),
    }


def discounted(one: Measured) -> dict[str, float]:
    """Payments of three lots with a discount, and their share of the plain rate before."""
    rate = one.baskets.tx_per_second
    return {
        "tx_per_second": round(rate, 1),
        "share": round(rate / one.plain.tx_per_second, 3),
    }


def wallet_start_s(runs: int) -> float:
    """Median time of `socialcoin wallet address` as a whole process."""
    with scratch() as folder:
        devnet = Devnet.make(folder / "devnet", 1, free_ports(2), residents=1)
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


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="socialcoin-bench-") as folder:
        yield Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, under three minutes")
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    report = with_rows(measure(QUICK if options.quick else WHOLE))
    print(json.dumps(report) if options.output == "json" else as_text(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
