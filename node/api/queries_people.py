"""Questions about mandates and registry entries, for who gave, holds or answers for them."""

from __future__ import annotations

from chain.account import ACCOUNTS, AccountKind, in_force
from chain.account import Status as AccountStatus
from chain.address import encode_address
from chain.ledger import Ledger
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.mandates.mandates import (
    MANDATES,
    Kind,
    Mandate,
    Status,
    given_by,
    held_by,
    used_in,
)
from governance_contracts.people.attestations import UNIQUE, VOTERS
from governance_contracts.people.minors import MINORS, Band
from governance_contracts.people.registrars import REGISTRARS
from governance_contracts.people.registration import REGISTRATIONS, office_of
from node.api.queries_account import holdings
from node.api.shapes_people import CeilingShape, EntryAnswer, MandatesAnswer, MandateShape

SEES_ALL = (Kind.GUARDIAN, Kind.PARENT, Kind.CURATOR)
BANDS = {Band.CHILD: "under-13", Band.TEEN: "13-15", Band.YOUTH: "16-17"}


def mandates(ledger: Ledger, account: bytes, prefix: str) -> MandatesAnswer:
    """Those that the account gave and those that it holds, in force, by number."""
    return MandatesAnswer(
        height=ledger.tip.height,
        given=[_shown(ledger, number, account, prefix) for number in given_by(ledger, account)],
        mandates=[_shown(ledger, number, account, prefix) for number in held_by(ledger, account)],
    )


def mandate(ledger: Ledger, number: int, reader: bytes, prefix: str) -> MandateShape | None:
    """None also for one in which the reader has no part."""
    found = ledger.get(MANDATES, number)
    if found is None:
        return None
    if reader != found.granter and reader not in found.holder:
        wijk = _office(ledger, found.granter)
        if not wijk or not at_the_desk(ledger, wijk, reader):
            return None
    return _shown(ledger, number, reader, prefix)


def entry(ledger: Ledger, account: bytes, reader: bytes, prefix: str) -> EntryAnswer | None:
    """None for an account that is not there, or for which the reader does not answer."""
    found, entered = ledger.find(ACCOUNTS, account), ledger.get(REGISTRATIONS, account)
    wijk = _office(ledger, account)
    if found is None or entered is None:
        return None
    if reader != account and not at_the_desk(ledger, wijk, reader):
        return None
    minor, unique = ledger.find(MINORS, account), ledger.find(UNIQUE, account)
    checked = (unique.first, *unique.second) if unique else ()
    return EntryAnswer(
        height=ledger.tip.height,
        address=encode_address(prefix, account),
        kind=AccountKind(found.kind).name.lower(),
        status=AccountStatus(found.status).name.lower(),
        home=in_force(found.home, ledger.tip.height),
        sector=in_force(found.sector, ledger.tip.height),
        office=wijk,
        registered_ms=entered.time_ms,
        band=BANDS[Band(minor.band)] if minor else None,
        parents=[encode_address(prefix, one) for one in (minor.parents if minor else ())],
        voter=ledger.find(VOTERS, account) is not None,
        unique=None if unique is None else "checked" if unique.second else "begun",
        unique_by=[encode_address(prefix, one.registrar) for one in checked],
        mandates=[_shown(ledger, number, reader, prefix) for number in given_by(ledger, account)],
    )


def at_the_desk(ledger: Ledger, wijk: str, reader: bytes) -> bool:
    """Is the reader a registrar of this wijk, or on its board?"""
    board = ledger.get(BOARDS, wijk)
    seated = board is not None and reader in board.members
    return seated or ledger.get(REGISTRARS, (wijk, reader)) is not None


def _office(ledger: Ledger, account: bytes) -> str:
    found = ledger.find(ACCOUNTS, account)
    return "" if found is None else office_of(ledger, account, found, ledger.tip.height)


def _shown(ledger: Ledger, number: int, reader: bytes, prefix: str) -> MandateShape:
    found = ledger.get(MANDATES, number)
    assert found is not None, "a mandate that is listed exists"
    full = reader in found.holder and found.kind in SEES_ALL and found.status == Status.ACTIVE
    return MandateShape(
        number=number,
        kind=Kind(found.kind).name.lower(),
        status=_status(found, ledger.tip.time_ms),
        granter=encode_address(prefix, found.granter),
        holder=encode_address(prefix, found.holder[0]) if found.holder else None,
        card=found.key[0].hex() if found.key else None,
        office=found.office[0] if found.office else None,
        methods=list(found.methods),
        ceilings=_ceilings(ledger, number, found),
        period_days=found.period_days,
        granted_ms=found.granted_ms,
        until_ms=found.until_ms,
        reference=found.reference[0].hex() if found.reference else None,
        coins=holdings(ledger, found.granter, prefix) if full else None,
    )


def _status(found: Mandate, time_ms: int) -> str:
    over = found.status == Status.ACTIVE and time_ms >= found.until_ms
    return Status(Status.EXPIRED if over else found.status).name.lower()


def _ceilings(ledger: Ledger, number: int, found: Mandate) -> list[CeilingShape]:
    used = {one.coin: one.amount for one in used_in(ledger, number, found, ledger.tip.time_ms)}
    return [
        CeilingShape(
            coin=one.coin,
            once_cents=one.once,
            in_period_cents=one.in_period,
            left_cents=max(0, one.in_period - used.get(one.coin, 0)),
        )
        for one in found.ceilings
    ]
