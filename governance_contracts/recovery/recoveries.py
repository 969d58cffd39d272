"""Recovery: what is kept of guardians and attempts, and how they are refused and reported.

The calls are in `recovery.py`. Who is whose guardian is in the state that every board keeps, by
account ids; nobody else can read it.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.account import KEYS_MAX
from chain.codec import U8, U16, AccountId, Code, Key, Millis, Record
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS
from chain.state import Table, View, raw

HOUR_MS = 3_600_000
GUARDIANS_MAX = 7
K_MIN = 2
OFFICES_NEEDED = 2
"""Registrars of different wijken, for an account without guardians of its own."""
CONFIRMATIONS = 2
APPROVALS_MAX = 64
WAIT_MS = 72 * HOUR_MS
"""From the opening on; the holder sees it at once and can veto."""
OFFICE_WAIT_MS = 14 * DAY_MS
"""The same, where no guardians of the holder's choosing vouch."""
APART_MS = 30 * DAY_MS
"""One opening in so long; after a veto, one more that needs two registrars."""
CONFIRM_MS = 7 * DAY_MS
"""So long a second attempt, which blocks nothing yet, waits for its confirmations."""
NAMING_MS = 14 * DAY_MS
"""Guardians count from so long after they were named: a thief cannot bring in friends at once."""


class Guardians(Record, tag=1):
    """`k` of these, people and offices of wijken together, replace the keys. Sorted. None at all:
    the account has no guardians of its own."""

    from_ms: Millis
    people: Annotated[tuple[AccountId, ...], Meta(max_length=GUARDIANS_MAX)]
    offices: Annotated[tuple[Code, ...], Meta(max_length=GUARDIANS_MAX)]
    k: U8


class Named(Record, tag=1):
    """The guardians that count, and at most one change to come."""

    sets: Annotated[tuple[Guardians, ...], Meta(min_length=1, max_length=2)]


class Approval(Record, tag=1):
    """`office`: the wijk whose registrar `by` is; empty for a guardian."""

    office: Annotated[tuple[Code, ...], Meta(max_length=1)]
    by: AccountId


class Recovery(Record, tag=1):
    """An attempt under way. `guardians`: none means two registrars of different wijken.

    `attempt`: 1, or 2 after a veto of the first. `confirmed`: registrars who saw the holder in
    person. `until_ms`: the keys are replaced then; for an unconfirmed second attempt, it lapses.
    """

    keys: Annotated[tuple[Key, ...], Meta(min_length=1, max_length=KEYS_MAX)]
    threshold: U8
    guardians: Annotated[tuple[Guardians, ...], Meta(max_length=1)]
    approvals: Annotated[tuple[Approval, ...], Meta(max_length=APPROVALS_MAX)]
    attempt: U8
    confirmed: Annotated[tuple[AccountId, ...], Meta(max_length=CONFIRMATIONS)]
    opened_ms: Millis
    until_ms: Millis
    due: bytes


class LastAttempt(Record, tag=1):
    """The last opening that blocked the account, and the guardians it was opened under."""

    opened_ms: Millis
    vetoed: bool
    guardians: Annotated[tuple[Guardians, ...], Meta(max_length=1)]


NAMED: Table[bytes, Named] = Table(111, "guardians", Named, raw)
RECOVERIES: Table[bytes, Recovery] = Table(112, "recovery", Recovery, raw)
LAST_ATTEMPTS: Table[bytes, LastAttempt] = Table(113, "last_recovery", LastAttempt, raw)


class BadGuardians(Rejected):
    """`field`: people (open accounts of persons, sorted, not the account itself), offices (wijken
    with a board, sorted), count (at most 7 in all), k (2 up to their number), or officials: they
    may not all be board members, registrars or offices."""

    code = 1000
    fields = ("field",)


class GuardiansFixed(Rejected):
    """An attempt was vetoed: until then a second one can still come, under these guardians."""

    code = 1001
    fields = ("account", "until_ms")


class NotRecoverable(Rejected):
    """The keys of a treasury, and of a fund of one, open nothing; its board decides."""

    code = 1002
    fields = ("account",)


class RecoveryOpen(Rejected):
    """An attempt is under way already."""

    code = 1003
    fields = ("account", "until_ms")


class NotAGuardian(Rejected):
    """Only this account's guardians, or without guardians two registrars of different wijken,
    speak for its recovery."""

    code = 1004
    fields = ("account", "by")


class OpenedLately(Rejected):
    """One opening in 30 days; the next may come at `until_ms`."""

    code = 1005
    fields = ("account", "until_ms")


class NoRecovery(Rejected):
    """No attempt to recover this account is under way."""

    code = 1006
    fields = ("account",)


class ApprovedBefore(Rejected):
    code = 1007
    fields = ("account", "by")


class EnoughApprovals(Rejected):
    """The attempt has as many approvals as are kept of one."""

    code = 1012
    fields = ("account",)


class NoConfirmationAsked(Rejected):
    """Only a second attempt, after a veto, is confirmed by two registrars, each once."""

    code = 1008
    fields = ("account",)


class OwnOfficeConfirms(Rejected):
    """Without guardians nobody who knows the holder is asked: so one of the two who confirm is a
    registrar of the account's own office, if that has any."""

    code = 1013
    fields = ("account",)


class BeyondVeto(Rejected):
    """Two registrars saw the holder in person: this second attempt cannot be vetoed."""

    code = 1009
    fields = ("account",)


class NotLocked(Rejected):
    """An emergency card is issued only while a recovery blocks the account."""

    code = 1010
    fields = ("account",)


class NoCardHere(Rejected):
    """An emergency card is for a person's account that asks one signature."""

    code = 1011
    fields = ("account",)


@event
class GuardiansNamed(Record, tag=1000):
    """To the account and to each guardian; none at all: the account gave up its guardians."""

    account: AccountId
    guardians: U8
    k: U8
    from_ms: Millis


@event
class RecoveryOpened(Record, tag=1001):
    """To the account, so that a thief's attempt is seen at once, and to its guardians. `blocks`:
    are payments stopped from now on?"""

    account: AccountId
    by: AccountId
    attempt: U8
    blocks: bool
    until_ms: Millis


@event
class RecoveryApproved(Record, tag=1002):
    account: AccountId
    by: AccountId
    office: Annotated[tuple[Code, ...], Meta(max_length=1)]
    approvals: U8
    needed: U8


@event
class RecoveryConfirmed(Record, tag=1003):
    """A registrar saw the holder in person; with the second, payments are stopped and the waiting
    time runs until `until_ms`."""

    account: AccountId
    by: AccountId
    office: Code
    blocks: bool
    until_ms: Millis


@event
class RecoveryVetoed(Record, tag=1004):
    account: AccountId
    by: AccountId
    attempt: U8


@event
class RecoveryDone(Record, tag=1005):
    """`numbers`: those of the new keys; all old ones are gone."""

    account: AccountId
    numbers: tuple[U16, ...]
    removed: tuple[U16, ...]


@event
class RecoveryLapsed(Record, tag=1006):
    """Too few guardians approved who still can."""

    account: AccountId
    approvals: U8
    needed: U8


@event
class CardIssued(Record, tag=1007):
    """An emergency card: key `number` pays a little until the recovery ends."""

    account: AccountId
    by: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    number: U16


def guardians_at(view: View, account: bytes, time_ms: int) -> tuple[Guardians, ...]:
    """The guardians that count at a time: none or one set."""
    named = view.get(NAMED, account)
    now = [one for one in (named.sets if named else ()) if one.from_ms <= time_ms]
    return (now[-1],) if now and now[-1].k else ()


def require_recovery(view: View, account: bytes) -> Recovery:
    """Refuses NoRecovery."""
    found = view.get(RECOVERIES, account)
    if found is None:
        raise NoRecovery(account)
    return found


def needed_of(recovery: Recovery) -> int:
    return recovery.guardians[0].k if recovery.guardians else OFFICES_NEEDED


def is_confirmed(recovery: Recovery) -> bool:
    """Does the attempt block the account? The first does from its opening on."""
    return recovery.attempt == 1 or len(recovery.confirmed) == CONFIRMATIONS
