"""Mandates: what is kept of one, the rules of each kind, and how they are refused and reported.

A mandate lets somebody act as an account that is not theirs: for a child, for a neighbour under
protective administration, for a shop at its till, with a card instead of a phone. It names the
calls that it covers and the most that may leave the account, once and in a period. The calls
that give, use and end mandates are in `mandate.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain.codec import U8, U16, U32, U53, AccountId, Code, Hash, Key, Millis, Record
from chain.errors import Rejected
from chain.events import event
from chain.money import CentsField
from chain.rules import DAY_MS, Parameter
from chain.state import Table, View, number, raw

METHODS_MAX = 16
CEILINGS_MAX = 8
CALLS_MAX = 4
GIVEN_MAX = 16
"""Live mandates on one account: a household, a few tills' worth of staff."""
HELD_MAX = 256
"""Live mandates in one hand: a professional administrator has so many clients."""
PERIOD_DAYS_MAX = 366
TERM_DAYS_MAX = 20 * 366
"""No mandate runs longer than 20 years without being looked at again."""

CARD_DAY_MAX = Parameter(
    "card_day_max", 50_00, 1_00, 500_00, "what a card pays in one coin on one day, in cents"
)


class Kind(IntEnum):
    """Why somebody acts for another; the rules of each are in `RULES`."""

    GUARDIAN = 1  # bewindvoerder, curator of a person, mentor: named by a court
    PARENT = 2
    HOUSEHOLD = 3
    EMPLOYEE = 4  # at a till: gives payments back
    CURATOR = 5  # of a bankrupt estate: named by a court
    REPRESENTATIVE = 6
    CARD = 7  # a key for somebody without a phone
    OFFICE = 8  # the desk acts: one registrar, and a second signature


class Status(IntEnum):
    ACTIVE = 1
    REVOKED = 2
    EXPIRED = 3
    ENDED = 4  # the granter came of age, or an account behind it ended


PAYING = frozenset({"pay.pay"})
GIVING_BACK = frozenset({"pay.refund"})
CASHING = frozenset({"reserve.redeem", "reserve.cancel"})
MISTAKES = frozenset({"pay.mistake", "pay.answer_mistake"})
EVERYDAY = PAYING | GIVING_BACK | MISTAKES | frozenset({"coin.accept"})
LASTING = frozenset({"standing.grant", "standing.resume"})
"""What they set going lets coin out later, where no ceiling counts it: only without ceilings."""
MANAGING = (
    EVERYDAY
    | CASHING
    | LASTING
    | frozenset({"pay.payout", "standing.pause", "standing.end", "exchange.exchange"})
)
"""Calls by `contract.method` that a mandate can cover. What is not named here cannot be done for
somebody else: keys, mandates, entries, approvals, votes, attesting a bank statement."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`covers`: the most that a mandate of this kind may name. `by_court`: the office grants it on
    a court's decision, whose commitment it records. `by_office`, `by_granter`: who may grant it.
    `no_ceiling`: may it name none, so that everything can leave the account?"""

    covers: frozenset[str]
    by_granter: bool = False
    by_office: bool = False
    by_court: bool = False
    no_ceiling: bool = False


RULES = {
    Kind.GUARDIAN: Rule(MANAGING, by_office=True, by_court=True, no_ceiling=True),
    Kind.PARENT: Rule(EVERYDAY | CASHING, by_office=True, no_ceiling=True),
    Kind.HOUSEHOLD: Rule(PAYING | GIVING_BACK, by_granter=True),
    Kind.EMPLOYEE: Rule(GIVING_BACK, by_granter=True),
    Kind.CURATOR: Rule(MANAGING, by_office=True, by_court=True, no_ceiling=True),
    Kind.REPRESENTATIVE: Rule(MANAGING, by_granter=True),
    Kind.CARD: Rule(PAYING, by_granter=True, by_office=True),
    Kind.OFFICE: Rule(EVERYDAY | CASHING, by_granter=True, by_office=True),
}


class Ceiling(Record, tag=1):
    """The most of one coin that may leave the granter, free and bound together, in cents: in one
    `act`, and in one period. A coin without a ceiling does not leave at all."""

    coin: Code
    once: CentsField
    in_period: CentsField


class Mandate(Record, tag=1):
    """`holder`: the account that acts; `key`: the card that does; for the desk neither.

    `office`: the wijk whose office granted it; empty when the granter did. `methods`: sorted
    `contract.method`. `ceilings`: sorted by coin; none: no limit (guardian, parent, curator).
    `period_days`: periods are counted from 1970-01-01 UTC, so that of one day is the day.
    `reference`: commitment to the court's decision or the form that was signed.
    """

    granter: AccountId
    kind: U8
    holder: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    key: Annotated[tuple[Key, ...], Meta(max_length=1)]
    office: Annotated[tuple[Code, ...], Meta(max_length=1)]
    methods: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=METHODS_MAX)]
    ceilings: Annotated[tuple[Ceiling, ...], Meta(max_length=CEILINGS_MAX)]
    period_days: U16
    until_ms: Millis
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    granted_ms: Millis
    status: U8
    due: bytes


class Outflow(Record, tag=1):
    coin: Code
    amount: CentsField


class Used(Record, tag=1):
    """What left under a mandate in one period, by coin; earlier periods are forgotten."""

    period: U32
    flows: Annotated[tuple[Outflow, ...], Meta(max_length=CEILINGS_MAX)]


class Given(Record, tag=1):
    """Numbers of the live mandates on an account."""

    mandates: Annotated[tuple[U53, ...], Meta(max_length=GIVEN_MAX)]


class Held(Record, tag=1):
    """Numbers of the live mandates in an account's hand."""

    mandates: Annotated[tuple[U53, ...], Meta(max_length=HELD_MAX)]


class Card(Record, tag=1):
    """The live mandate that a card's key opens."""

    mandate: U53


MANDATES: Table[int, Mandate] = Table(100, "mandate", Mandate, number)
USED: Table[int, Used] = Table(101, "mandate_used", Used, number)
GIVEN: Table[bytes, Given] = Table(102, "mandates_given", Given, raw)
HELD: Table[bytes, Held] = Table(103, "mandates_held", Held, raw)
CARDS: Table[bytes, Card] = Table(104, "card", Card, raw)


class UnknownMandate(Rejected):
    code = 900
    fields = ("mandate",)


class BadMandate(Rejected):
    """`field`: granter, kind, holder, key, methods, ceilings, period_days, until_ms or reference
    does not fit a mandate of this kind."""

    code = 901
    fields = ("field",)


class NoSecondSignature(Rejected):
    """The office acts for a resident with two signatures: a registrar's, and that of another
    registrar or a board member of the same wijk."""

    code = 902
    fields = ("wijk",)


class TooManyMandates(Rejected):
    """The account gives or holds as many mandates as it can."""

    code = 903
    fields = ("account", "most")


class CardTaken(Rejected):
    """The card's key opens another mandate already."""

    code = 904
    fields = ("key",)


class MandateOver(Rejected):
    """The mandate was revoked, has ended or run out; `status` as in Status."""

    code = 905
    fields = ("mandate", "status")


class NotInTheMandate(Rejected):
    """The mandate does not cover this call."""

    code = 906
    fields = ("mandate", "contract", "method")


class OverTheCeiling(Rejected):
    """More would leave the account than the mandate allows: once, or in this period."""

    code = 907
    fields = ("mandate", "coin", "outflow", "ceiling")


class OverInThisPeriod(Rejected):
    """With what left before, more would leave in this period than the mandate allows; `left` is
    what it still allows."""

    code = 908
    fields = ("mandate", "coin", "outflow", "left")


class NotAParent(Rejected):
    """A parent's mandate is for somebody whom the registrar entered as a parent of this minor."""

    code = 909
    fields = ("account", "holder")


@event
class MandateGranted(Record, tag=900):
    """To granter and holder: all that it says."""

    mandate: U53
    kind: U8
    granter: AccountId
    holder: tuple[AccountId, ...]
    key: tuple[Key, ...]
    methods: tuple[Code, ...]
    ceilings: tuple[Ceiling, ...]
    period_days: U16
    until_ms: Millis


@event
class MandateOverNow(Record, tag=901):
    """To granter and holder; `status` as in Status."""

    mandate: U53
    granter: AccountId
    status: U8


@event
class ActedFor(Record, tag=902):
    """To the granter and to each who acted: who did it, under which mandate. `actors`: the holder;
    at the desk the registrar and the second; empty for the granter's own card."""

    mandate: U53
    kind: U8
    granter: AccountId
    actors: tuple[AccountId, ...]


def require_mandate(view: View, mandate: int) -> Mandate:
    """Refuses UnknownMandate."""
    found = view.get(MANDATES, mandate)
    if found is None:
        raise UnknownMandate(mandate)
    return found


def period_of(mandate: Mandate, time_ms: int) -> int:
    return time_ms // (mandate.period_days * DAY_MS)


def used_in(view: View, id: int, mandate: Mandate, time_ms: int) -> tuple[Outflow, ...]:
    """What left under the mandate so far in the period of `time_ms`."""
    used = view.get(USED, id)
    return used.flows if used and used.period == period_of(mandate, time_ms) else ()


def given_by(view: View, account: bytes) -> tuple[int, ...]:
    given = view.find(GIVEN, account)
    return given.mandates if given else ()


def held_by(view: View, account: bytes) -> tuple[int, ...]:
    held = view.find(HELD, account)
    return held.mandates if held else ()
