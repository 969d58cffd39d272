"""What an import means, for people and for programs: what will be made, burned, set aside."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.bank.composing import Composed
from auditor.bank.references import spaced
from auditor.bank.sorting import Sorted
from genesis.amounts import format_cents
from genesis.texts import N_, _
from governance_contracts.bank.books import EntryKind
from governance_contracts.bank.deadlines import RETURN_AFTER_MS
from node.reserve.importing import ChainReserve, Prepared

SHOWN_MAX = 40
FILES_MAX = 4
KINDS = {
    EntryKind.DEPOSIT: N_("deposit"),
    EntryKind.UNATTRIBUTED: N_("not attributed"),
    EntryKind.BOUNCE: N_("redemption came back"),
    EntryKind.COVER: N_("cover"),
    EntryKind.INTEREST: N_("interest"),
    EntryKind.REDEMPTION: N_("redemption"),
    EntryKind.RETURN: N_("returned deposit"),
    EntryKind.CHARGE: N_("charge"),
}


def unexplained(line: Sorted) -> bool:
    """A debit that settles nothing: public, until people say what it was."""
    return (line.kind == EntryKind.REDEMPTION and line.redemption is None) or (
        line.kind == EntryKind.RETURN and line.returns is None
    )


def forecast(composed: Composed, state: ChainReserve) -> tuple[int, int]:
    """Cover and liabilities once the statement is attested, before anything is minted.

    Redemptions are taken to be what the bank says they are; what a returned deposit's account has
    spent already is known to the chain only, so that a deficit may be more than this.
    """
    unattributed, own, owed = state.unattributed, state.own, state.liabilities
    if state.sequence == 0 and composed.first == 1:
        own = max(0, composed.source.opening)
    for line in composed.lines:
        amount = line.payment.amount
        match line.kind:
            case EntryKind.UNATTRIBUTED:
                unattributed += amount
            case EntryKind.INTEREST:
                own += amount
            case EntryKind.COVER if own < 0:
                own = min(0, own + amount)
            case EntryKind.CHARGE:
                own -= amount
            case EntryKind.REDEMPTION if line.redemption is not None:
                owed -= amount
            case EntryKind.BOUNCE:
                owed += amount
            case _:
                pass
    return composed.source.closing - unattributed - max(0, own), max(0, owed)


def short_for_minting(composed: Composed, state: ChainReserve) -> int:
    """Cents of this statement's deposits that the cover will not be enough for."""
    cover, owed = forecast(composed, state)
    deposits = (x.payment.amount for x in composed.lines if x.kind == EntryKind.DEPOSIT)
    return max(0, owed + sum(deposits) - cover)


def as_json(prepared: Prepared, state: ChainReserve, files: list[str]) -> dict[str, Any]:
    composed = prepared.composed
    cover, owed = forecast(composed, state)
    count = Counter(line.kind for line in composed.lines)
    sums: Counter[EntryKind] = Counter()
    for line in composed.lines:
        sums[line.kind] += line.payment.amount
    deadline = composed.source.closed_ms + RETURN_AFTER_MS
    waiting = [line for line in composed.lines if line.kind == EntryKind.UNATTRIBUTED]
    return {
        "status": prepared.status,
        "coin": state.coin,
        "statements": [
            {"sequence": part.sequence, "hash": hash.hex(), "lines": len(part.entries)}
            for part, hash in zip(composed.parts, prepared.hashes, strict=True)
        ],
        "bank_number": composed.source.number,
        "closing_date": composed.source.closing_date,
        "opening_cents": composed.source.opening,
        "closing_cents": composed.source.closing,
        "lines": len(composed.lines),
        "kinds": {
            kind.name.lower(): {"count": count[kind], "cents": sums[kind]}
            for kind in EntryKind
            if count[kind]
        },
        "unattributed": [
            {
                "statement": composed.place(line)[0],
                "entry": composed.place(line)[1],
                "amount_cents": line.payment.amount,
                "return_by_ms": deadline,
            }
            for line in waiting
        ],
        "unexplained": [
            {"line": line.payment.number, "amount_cents": line.payment.amount}
            for line in composed.lines
            if unexplained(line)
        ],
        "cover_cents": cover,
        "liabilities_cents": owed,
        "deficit_cents": max(0, owed - cover),
        "short_for_minting_cents": short_for_minting(composed, state),
        "files": files,
    }


def as_text(prepared: Prepared, state: ChainReserve, files: list[str]) -> str:
    composed = prepared.composed
    source = composed.source
    values = {
        "number": source.number if source.number is not None else "–",
        "date": source.closing_date,
        "opening": format_cents(source.opening),
        "closing": format_cents(source.closing),
        "first": composed.first,
        "last": composed.last,
    }
    text = [_(_STATUS[prepared.status]).format(**values)]
    if prepared.status == "attested":
        return "\n".join(text)
    text.append(
        _("Statement {number} of the bank, {date}: from {opening} to {closing}.").format(**values)
    )
    text += ["", *(_row(composed, line) for line in composed.lines[:SHOWN_MAX])]
    left = len(composed.lines) - SHOWN_MAX
    if left > 0:
        text.append(_("… and {n} lines more").format(n=left))
    text += ["", *_sums(composed)]
    deadline = composed.source.closed_ms + RETURN_AFTER_MS
    waiting = [line for line in composed.lines if line.kind == EntryKind.UNATTRIBUTED]
    if waiting:
        day = datetime.fromtimestamp(deadline // 1000, UTC).date().isoformat()
        said = _(
            "Not attributed: {n}. Find out whose they are (`wallet reserve attribute`), or send "
            "them back before {day}."
        )
        text.append(said.format(n=len(waiting), day=day))
    odd = [line for line in composed.lines if unexplained(line)]
    if odd:
        numbers = ", ".join(str(line.payment.number) for line in odd[:20])
        said = _(
            "Debits that nothing explains: line {numbers}. They lower the cover and are public; "
            "if one is a charge or a seizure, import again with --as LINE=charge."
        )
        text.append(said.format(numbers=numbers))
    cover, owed = forecast(composed, state)
    if owed > cover:
        said = _(
            "DEFICIT of {deficit}: {owed} is owed and {cover} is there. Nothing can be made until "
            "it is cured with a deposit for cover."
        )
    else:
        said = _("Covered: {cover} stands behind {owed} that is owed, before what is made now.")
    short = short_for_minting(composed, state)
    if short and owed <= cover:
        more = _(
            "Not all of these deposits can be made into coin: {short} is missing. Cure it with a "
            "deposit for cover (`node reserve reference --cover`)."
        )
        said = f"{said}\n{more}"
    amounts = {
        "short": format_cents(short),
        "deficit": format_cents(max(0, owed - cover)),
        "owed": format_cents(owed),
        "cover": format_cents(cover),
    }
    text += [said.format(**amounts), "", _("For the attestors, and then for who mints:")]
    if len(files) > FILES_MAX:
        text.append(f"  {Path(files[0]).parent}{os.sep}*.json ({len(files)})")
    else:
        text += [f"  {path}" for path in files]
    return "\n".join(text)


_STATUS = {
    "new": N_("Prepared. Nothing was sent: attestors and minters do that."),
    "changed": N_("Prepared anew: more is known than at the last import of this file."),
    "again": N_("This statement was imported before; nothing new."),
    "attested": N_("The chain has this statement (number {first} to {last}): nothing to do."),
}


def _row(composed: Composed, line: Sorted) -> str:
    one = line.payment.transaction
    sign = "+" if line.payment.credit else "-"
    who = one.name or one.iban or one.text
    if line.kind == EntryKind.DEPOSIT:
        who = f"{spaced(one.reference)}  {who}"
    elif line.redemption is not None:
        who = f"{line.redemption}  {who}"
    statement, entry = composed.place(line)
    place = f"{statement}/{entry}"
    amount = sign + format_cents(line.payment.amount)
    kind = _("unexplained") if unexplained(line) else _(KINDS[line.kind])
    return f"{place:>9} {amount:>14}  {kind:<20}  {who}"[:110].rstrip()


def _sums(composed: Composed) -> list[str]:
    count: Counter[EntryKind] = Counter()
    cents: Counter[EntryKind] = Counter()
    for line in composed.lines:
        count[line.kind] += 1
        cents[line.kind] += line.payment.amount
    return [
        f"{_(KINDS[kind]):<22} {count[kind]:>7} {format_cents(cents[kind]):>16}"
        for kind in EntryKind
        if count[kind]
    ]
