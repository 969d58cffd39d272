"""What a run found, beside what is wanted: the same rows as text and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def say(line: str) -> None:
    """How far it is; on standard error, so that figures stand alone."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Row:
    """`path`: keys of the figure in the report. `wanted`: a floor, or a ceiling if `most`."""

    measure: str
    path: tuple[str, ...]
    shown: str = "{:,.0f}"
    wanted: float | None = None
    most: bool = False

    def value(self, report: dict[str, Any]) -> float:
        found: Any = report
        for key in self.path:
            found = found[key]
        return float(found)

    def reached(self, value: float) -> bool | None:
        if self.wanted is None:
            return None
        return value <= self.wanted if self.most else value >= self.wanted


ROWS = (
    Row("raw verifications per second, two threads", ("verify_per_second",)),
    Row("four validators, payments per second", ("validators4", "tx_per_second"), wanted=1_000),
    Row("    ratio", ("validators4", "ratio"), "{:.3f}"),
    Row("    p50 under load (ms)", ("validators4", "p50_ms")),
    Row("    p95 under load (ms)", ("validators4", "p95_ms")),
    Row("one validator, payments per second", ("validator1", "tx_per_second"), wanted=3_500),
    Row("    ratio", ("validator1", "ratio"), "{:.3f}"),
    Row("    three lots and a discount, per second", ("discounted", "tx_per_second")),
    Row("    their share of the plain rate", ("discounted", "share"), "{:.2f}", 0.6),
    Row("audit replay, two jobs, per second", ("replay", "tx_per_second"), wanted=5_000),
    Row("    ratio", ("replay", "ratio"), "{:.3f}"),
    Row("lone payment on an idle devnet, p95 (ms)", ("idle_p95_ms",), wanted=1_000, most=True),
    Row("payout of 1,000 lines, final (ms)", ("payout_1000_ms",), wanted=3_000, most=True),
    Row("cost at 1,000,000 accounts over 10,000", ("growth_1m_vs_10k",), "{:.2f}", 2.0, True),
    Row("resident memory of a validator (MB)", ("rss_mb",), wanted=400, most=True),
    Row("`socialcoin wallet address` (s)", ("wallet_start_s",), "{:.3f}", 0.35, True),
    Row("statement imported (s)", ("import", "seconds"), "{:.1f}", 20, True),
    Row("    entries", ("import", "entries")),
    Row("    peak memory (MB)", ("import", "peak_mb"), wanted=300, most=True),
    Row("year reconciled (s)", ("reconcile", "seconds"), "{:.1f}", 60, True),
    Row("    statements", ("reconcile", "statements")),
    Row("    entries", ("reconcile", "entries")),
    Row("    peak memory (MB)", ("reconcile", "peak_mb")),
)


def with_rows(report: dict[str, Any], rows: tuple[Row, ...] = ROWS) -> dict[str, Any]:
    """The report with its rows listed, each beside what is wanted."""
    listed = []
    for row in rows:
        value = row.value(report)
        entry: dict[str, Any] = {"measure": row.measure.strip(), "value": value}
        if row.wanted is not None:
            entry |= {"wanted": row.wanted, "at_most": row.most, "reached": row.reached(value)}
        listed.append(entry)
    return report | {"rows": listed}


def as_text(report: dict[str, Any], rows: tuple[Row, ...] = ROWS) -> str:
    lines = [f"{'measure':<44} {'measured':>12} {'wanted':>12}"]
    for row in rows:
        value = row.value(report)
        show: Callable[[float], str] = row.shown.format
        wanted = ""
        if row.wanted is not None:
            wanted = ("<= " if row.most else ">= ") + show(row.wanted)
        short = "  SHORT" if row.reached(value) is False else ""
        lines.append(f"{row.measure:<44} {show(value):>12} {wanted:>12}{short}")
    return "\n".join(lines)
