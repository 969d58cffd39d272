"""A replay's result for people and programs: text, JSON, CSV, and a plain HTML page."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from html import escape
from io import StringIO
from typing import Any

from auditor.figures import Result
from auditor.findings import Finding
from chain.rules import DAY_MS
from genesis.amounts import format_cents
from genesis.texts import _, language, ngettext

Row = tuple[str, ...]

_NUMBER = re.compile(r"-?[0-9]+(,[0-9]+)?", re.ASCII)


def as_json(result: Result) -> dict[str, Any]:
    """What `audit replay -o json` prints (cli.md); the same figures for the same file."""
    return {
        "verdict": "ok" if result.ok else "findings",
        "chain_id": result.chain.hex(),
        "chain_name": result.name,
        "height": result.height,
        "time_ms": result.time_ms,
        "transactions": result.transactions,
        "refused": result.refused,
        "signatures_checked": result.signatures_checked,
        "state_root": result.state_root.hex(),
        "supply": {coin.coin: coin.total for coin in result.coins},
        "liabilities_roots": {coin.coin: coin.root.hex() for coin in result.coins},
        "findings": [finding.as_json() for finding in result.findings],
        "findings_left_out": result.findings_left_out,
        "seconds": round(result.seconds, 3),
        "transactions_per_second": result.per_second,
    }


def full_json(result: Result) -> dict[str, Any]:
    """With the tables of `audit report`."""
    coins = [
        {
            "coin": coin.coin,
            "free_cents": coin.free,
            "lots_cents": coin.lots,
            "redeeming_cents": coin.redeeming,
            "total_cents": coin.total,
            "minted_cents": coin.minted,
            "burned_cents": coin.burned,
            "statement": coin.statement,
            "balance_cents": coin.balance,
            "cover_cents": coin.cover,
            "deficit_cents": coin.deficit,
            "liabilities_root": coin.root.hex(),
        }
        for coin in result.coins
    ]
    seats = [
        {"wijk": s.wijk, "heights": s.heights, "signed": s.signed, "proposed": s.proposed}
        for s in result.seats
    ]
    return as_json(result) | {
        "coins": coins,
        "accounts": dict(result.accounts),
        "days": [{"date": date_of(day), "transactions": count} for day, count in result.days],
        "seats": seats,
    }


def as_text(result: Result) -> str:
    lines = [
        _("Chain {name}, {chain}").format(name=result.name, chain=result.chain.hex()),
        _("Height {height}, {moment} UTC").format(
            height=result.height, moment=moment_of(result.time_ms)
        ),
        _("{transactions} transactions, of which {refused} refused").format(
            transactions=result.transactions, refused=result.refused
        ),
        _("{signatures} signatures checked").format(signatures=result.signatures_checked),
        _("State root {root}").format(root=result.state_root.hex()),
    ]
    for coin in result.coins:
        said = _("{coin}: {total} in being, {cover} in euros behind it").format(
            coin=coin.coin, total=format_cents(coin.total), cover=format_cents(coin.cover)
        )
        lines.append(said)
        lines.append(
            _("  root of all that is owed, for `wallet counted --root`: {root}").format(
                root=coin.root.hex()
            )
        )
    lines.append(
        _("{seconds} s, {speed} transactions a second").format(
            seconds=f"{result.seconds:.1f}", speed=result.per_second
        )
    )
    lines.append(verdict(result))
    lines += [f"  {finding_text(finding)}" for finding in result.findings]
    return "\n".join(lines)


def verdict(result: Result) -> str:
    count = len(result.findings) + result.findings_left_out
    if not count:
        return _("Nothing wrong was found: every block, signature, root and balance holds.")
    said = ngettext("{n} finding:", "{n} findings:", count).format(n=count)
    if result.findings_left_out:
        said += " " + _("(the first {n} are shown)").format(n=len(result.findings))
    return said


def finding_text(finding: Finding) -> str:
    text = _("height {height}, {check}: {message}").format(
        height=finding.height, check=finding.check, message=finding.message
    )
    if finding.expected:
        text += " " + _("Expected {value}.").format(value=finding.expected)
    if finding.found:
        text += " " + _("Found {value}.").format(value=finding.found)
    return text


def date_of(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_MS // 1000, UTC).date().isoformat()


def moment_of(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M")


def tables(result: Result) -> list[tuple[str, Row, list[Row]]]:
    """Title, column names and rows, for the page and the CSV file."""
    coins: list[Row] = [
        (
            coin.coin, *map(format_cents, (coin.free, coin.lots, coin.redeeming, coin.total)),
            *map(format_cents, (coin.minted, coin.burned)),
        )
        for coin in result.coins
    ]  # fmt: skip
    reserves: list[Row] = [
        (
            coin.coin, str(coin.statement), format_cents(coin.balance), format_cents(coin.cover),
            format_cents(coin.total), format_cents(coin.deficit),
        )
        for coin in result.coins
    ]  # fmt: skip
    seats: list[Row] = [
        (seat.wijk, str(seat.heights), str(seat.signed), str(seat.proposed))
        for seat in result.seats
    ]
    findings: list[Row] = [
        (str(f.height), f.check, f.message, f.expected, f.found) for f in result.findings
    ]
    return [
        (
            _("Findings"),
            (_("height"), _("check"), _("what"), _("expected"), _("found")),
            findings,
        ),
        (
            _("Supply"),
            (
                _("coin"), _("free"), _("bound"), _("being redeemed"), _("in all"),
                _("made"), _("unmade"),
            ),
            coins,
        ),
        (
            _("Reserve"),
            (
                _("coin"), _("statement"), _("bank balance"), _("cover"), _("coin in being"),
                _("deficit"),
            ),
            reserves,
        ),
        (
            _("Proof of liabilities"),
            (_("coin"), _("in all"), _("root")),
            [(coin.coin, format_cents(coin.total), coin.root.hex()) for coin in result.coins],
        ),
        (
            _("Open accounts by kind"),
            (_("kind"), _("accounts")),
            [(kind, str(count)) for kind, count in result.accounts],
        ),
        (
            _("Transactions per day (UTC)"),
            (_("date"), _("transactions")),
            [(date_of(day), str(count)) for day, count in result.days],
        ),
        (
            _("Seats"),
            (_("wijk"), _("blocks"), _("signatures in certificates"), _("proposed")),
            seats,
        ),
    ]  # fmt: skip


def as_csv(result: Result) -> str:
    """Every table below the last: its title first, then the names of its columns."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for title, columns, rows in tables(result):
        writer.writerow((title,))
        writer.writerow(columns)
        writer.writerows(rows)
        writer.writerow(())
    return out.getvalue()


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff }
table { border-collapse: collapse; margin: .5rem 0 2rem; display: block; overflow-x: auto }
th, td { border: 1px solid #bbb; padding: .25rem .6rem; text-align: left; vertical-align: top }
th { background: #f0f0f0 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.ok { border-left: .4rem solid #2a7a2a; padding-left: .8rem }
.wrong { border-left: .4rem solid #b00020; padding-left: .8rem }
code { overflow-wrap: anywhere }
"""


def as_html(result: Result) -> str:
    """One page without scripts, images or anything from elsewhere."""
    title = _("Audit of {name}").format(name=result.name)
    facts = [
        (_("Chain"), f"<code>{result.chain.hex()}</code>"),
        (_("Height"), f"{result.height} ({moment_of(result.time_ms)} UTC)"),
        (_("Transactions"), f"{result.transactions} ({result.refused} {escape(_('refused'))})"),
        (_("Signatures checked"), str(result.signatures_checked)),
        (_("State root"), f"<code>{result.state_root.hex()}</code>"),
    ]
    parts = [
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="{"ok" if result.ok else "wrong"}">{escape(verdict(result))}</p>',
        "<table>",
        *(f"<tr><th>{escape(name)}</th><td>{value}</td></tr>" for name, value in facts),
        "</table>",
    ]
    for heading, columns, rows in tables(result):
        if not rows:
            continue
        parts += [f"<h2>{escape(heading)}</h2>", "<table>", "<tr>"]
        parts += [f'<th scope="col">{escape(column)}</th>' for column in columns]
        parts.append("</tr>")
        for row in rows:
            parts.append("<tr>" + "".join(_cell(value) for value in row) + "</tr>")
        parts.append("</table>")
    return "\n".join([*parts, "</body>", "</html>", ""])


def _cell(value: str) -> str:
    if _NUMBER.fullmatch(value):
        return f'<td class="number">{value}</td>'
    return f"<td>{escape(value)}</td>"
