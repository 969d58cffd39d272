"""The outcome of reconciling, for people and for programs."""

from __future__ import annotations

from typing import Any

from auditor.reconcile import Reconciled
from genesis.amounts import format_cents
from genesis.texts import _, ngettext

SHOWN_MAX = 20


def as_json(result: Reconciled, seconds: float) -> dict[str, Any]:
    chain = result.chain
    return {
        "verdict": "ok" if result.ok else "findings",
        "chain_id": None if chain is None else chain.chain.hex(),
        "files": result.files,
        "statements": result.statements,
        "tied": result.tied,
        "not_covered": result.not_covered,
        "mints_not_covered": result.mints_not_covered,
        "lines": result.lines,
        "opened": result.opened,
        "not_opened": result.not_opened,
        "mints": {"count": result.mints, "cents": result.mint_cents},
        "redemptions": {"count": result.redemptions, "cents": result.redemption_cents},
        "open_count": result.open_count,
        "open": [
            {
                "coin": one.coin,
                "statement": one.statement,
                "entry": one.entry,
                "kind": one.kind,
                "amount_cents": one.amount,
                "date": one.date,
            }
            for one in result.open_lines
        ],
        "findings": [finding.as_json() for finding in result.findings.kept],
        "findings_left_out": result.findings.left_out,
        "seconds": round(seconds, 3),
    }


def as_text(result: Reconciled, seconds: float) -> str:
    text = [
        _("{statements} statements of the bank, in {files} files, with {lines} lines.").format(
            statements=result.statements, files=result.files, lines=result.lines
        )
    ]
    if result.chain is None:
        text.append(
            _("No chain was given (--chain EXPORT): only the statements themselves were checked.")
        )
    else:
        text += _of_chain(result)
    text.append(_("{seconds} s").format(seconds=f"{seconds:.1f}"))
    count = len(result.findings.kept) + result.findings.left_out
    if not count:
        text.append(_verdict(result))
    else:
        text.append(ngettext("{n} finding:", "{n} findings:", count).format(n=count))
    for finding in result.findings.kept:
        line = f"  {finding.check}: {finding.message}"
        if finding.expected:
            line += " " + _("Expected {value}.").format(value=finding.expected)
        if finding.found:
            line += " " + _("Found {value}.").format(value=finding.found)
        text.append(line)
    return "\n".join(text)


def _of_chain(result: Reconciled) -> list[str]:
    assert result.chain is not None
    text = [
        _("{tied} of them agree with the chain in every line.").format(tied=result.tied),
        _("{count} mints, {amount} in all, each tied to one line of the bank.").format(
            count=result.mints, amount=format_cents(result.mint_cents)
        ),
        _("{count} settled redemptions, {amount} in all, each tied to another.").format(
            count=result.redemptions, amount=format_cents(result.redemption_cents)
        ),
    ]
    if result.not_covered:
        said = _(
            "{n} statements of the chain, with {mints} mints, are of another coin or period than "
            "these files: give those files too."
        )
        text.append(said.format(n=result.not_covered, mints=result.mints_not_covered))
    if result.not_opened:
        said = _(
            "{n} lines were not opened: amounts, signs, order and balances agree; who paid, and "
            "for whom, was not compared (--openings FILE)."
        )
        text.append(said.format(n=result.not_opened))
    if result.opened:
        text.append(_("{n} lines were opened and say what the bank says.").format(n=result.opened))
    if result.open_count:
        text.append(_("{n} lines are open:").format(n=result.open_count))
        for one in result.open_lines[:SHOWN_MAX]:
            place = f"{one.coin} {one.statement}/{one.entry}"
            text.append(f"  {one.date}  {place:<16} {format_cents(one.amount):>14}  {one.kind}")
        if result.open_count > SHOWN_MAX:
            text.append(_("… and {n} lines more").format(n=result.open_count - SHOWN_MAX))
    return text


def _verdict(result: Reconciled) -> str:
    if result.chain is None:
        return _("Nothing wrong was found in the statements: each adds up and follows.")
    if result.not_covered:
        return _(
            "Nothing wrong was found in what these files cover: no mint without a bank line, no "
            "line used twice, no settled redemption without a payment."
        )
    return _(
        "Nothing wrong was found: no mint without a bank line, no line used twice, no settled "
        "redemption without a payment."
    )
