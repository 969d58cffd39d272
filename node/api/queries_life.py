"""Questions about recoveries and life events, for those whom they concern."""

from __future__ import annotations

from chain.account import ACCOUNTS, AccountKind, Status
from chain.address import encode_address
from chain.ledger import Ledger
from governance_contracts.earmarks.lots import LOTS
from governance_contracts.life.estates import ESTATES
from governance_contracts.life.leaving import LEAVINGS, LOTS_MAX, serves_alone
from governance_contracts.life.moving import MOVES
from governance_contracts.life.reviews import REVIEWS
from governance_contracts.people.places import HAVE_PLACES
from governance_contracts.people.registrars import REGISTRARS
from governance_contracts.people.registration import office_of
from governance_contracts.recovery.allowance import FREEZES, INSOLVENCIES, LOCKS
from governance_contracts.recovery.guardians import administrators_of
from governance_contracts.recovery.recoveries import (
    APART_MS,
    LAST_ATTEMPTS,
    NAMED,
    RECOVERIES,
    Guardians,
    Recovery,
    guardians_at,
    is_confirmed,
    needed_of,
)
from node.api.queries_account import holdings
from node.api.queries_people import at_the_desk
from node.api.shapes_life import (
    ApprovalShape,
    AttemptShape,
    EstateShape,
    FreezeShape,
    GuardiansShape,
    InsolvencyShape,
    LifeAnswer,
    MovingShape,
    RecoveryAnswer,
)


def recovery(ledger: Ledger, account: bytes, reader: bytes, prefix: str) -> RecoveryAnswer | None:
    """None for an account that is not there, or whose recovery is no affair of the reader's."""
    found, time_ms = ledger.find(ACCOUNTS, account), ledger.tip.time_ms
    now = guardians_at(ledger, account, time_ms)
    attempt = ledger.get(RECOVERIES, account)
    if found is None or not _may_read_recovery(ledger, account, reader, now, attempt):
        return None
    named = ledger.get(NAMED, account)
    later = [one for one in (named.sets if named else ()) if one.from_ms > time_ms]
    last = ledger.get(LAST_ATTEMPTS, account)
    again_ms = last.opened_ms + APART_MS if last else 0
    lock = ledger.get(LOCKS, account)
    return RecoveryAnswer(
        height=ledger.tip.height,
        address=encode_address(prefix, account),
        guardians=_guardians(now[0], prefix) if now else None,
        to_come=_guardians(later[0], prefix) if later else None,
        attempt=_attempt(attempt, lock.card if lock else (), prefix) if attempt else None,
        next_opening_ms=again_ms if again_ms > time_ms else None,
        second=bool(last and last.vetoed and again_ms > time_ms),
    )


def _may_read_recovery(
    ledger: Ledger,
    account: bytes,
    reader: bytes,
    guardians: tuple[Guardians, ...],
    attempt: Recovery | None,
) -> bool:
    """The holder, who administers for the holder, the guardians, and the desks that take part:
    of the account's wijk, of guardians that are offices; any registrar while there are none."""
    sets = (*guardians, *(attempt.guardians if attempt else ()))
    offices = {_office(ledger, account), *(wijk for one in sets for wijk in one.offices)}
    if reader == account or any(reader in one.people for one in sets):
        return True
    if reader in administrators_of(ledger, account, ledger.tip.time_ms):
        return True
    if any(wijk and at_the_desk(ledger, wijk, reader) for wijk in sorted(offices)):
        return True
    home = _office(ledger, reader)
    return attempt is not None and ledger.get(REGISTRARS, (home, reader)) is not None


def life(ledger: Ledger, account: bytes, reader: bytes, prefix: str) -> LifeAnswer | None:
    """None for an account that is not there, or for which the reader does not answer."""
    found = ledger.find(ACCOUNTS, account)
    insolvency = ledger.get(INSOLVENCIES, account)
    if found is None:
        return None
    curates = insolvency is not None and insolvency.curator == reader
    desk = at_the_desk(ledger, _office(ledger, account), reader)
    if reader != account and not curates and not desk:
        return None
    freeze, review = ledger.get(FREEZES, account), ledger.get(REVIEWS, account)
    asked = freeze is not None and review is not None and review.freeze == freeze.due
    moving, leaving = ledger.get(MOVES, account), ledger.get(LEAVINGS, account)
    estate = ledger.get(ESTATES, account)
    return LifeAnswer(
        height=ledger.tip.height,
        address=encode_address(prefix, account),
        status=Status(found.status).name.lower(),
        freeze=FreezeShape(
            reason=freeze.reason,
            until_ms=freeze.until_ms,
            review=("done" if review and review.done else "asked") if asked else None,
        )
        if freeze
        else None,
        moving=MovingShape(home=moving.home, from_ms=moving.from_ms) if moving else None,
        leaving_ms=leaving.until_ms if leaving else None,
        served_alone=_served_alone(ledger, account, AccountKind(found.kind)),
        insolvency=InsolvencyShape(
            curator=encode_address(prefix, insolvency.curator),
            estate=insolvency.estate.hex(),
            since_ms=insolvency.since_ms,
        )
        if insolvency
        else None,
        estate=EstateShape(
            attested_ms=estate.attested_ms,
            heirs=bool(estate.certificate),
            coins=holdings(ledger, account, prefix),
        )
        if estate
        else None,
    )


def _served_alone(ledger: Ledger, account: bytes, kind: AccountKind) -> list[int]:
    if kind not in HAVE_PLACES:
        return []
    numbers = (int.from_bytes(key, "big") for key, lot in ledger.scan(LOTS) if lot.terms.payees)
    return [
        number
        for number in numbers
        if (lot := ledger.get(LOTS, number)) and serves_alone(ledger, account, lot)
    ][:LOTS_MAX]


def _office(ledger: Ledger, account: bytes) -> str:
    found = ledger.find(ACCOUNTS, account)
    return "" if found is None else office_of(ledger, account, found, ledger.tip.height)


def _guardians(one: Guardians, prefix: str) -> GuardiansShape:
    return GuardiansShape(
        people=[encode_address(prefix, person) for person in one.people],
        offices=list(one.offices),
        k=one.k,
        from_ms=one.from_ms,
    )


def _attempt(attempt: Recovery, card: tuple[int, ...], prefix: str) -> AttemptShape:
    return AttemptShape(
        attempt=attempt.attempt,
        blocks=is_confirmed(attempt),
        opened_ms=attempt.opened_ms,
        until_ms=attempt.until_ms,
        approvals=[
            ApprovalShape(
                by=encode_address(prefix, one.by), office=one.office[0] if one.office else None
            )
            for one in attempt.approvals
        ],
        needed=needed_of(attempt),
        confirmed=[encode_address(prefix, by) for by in attempt.confirmed],
        keys=[key.hex() for key in attempt.keys],
        card=card[0] if card else None,
    )
