"""Granting a mandate: who may give which kind, and what it may say.

The holder of an account grants what is theirs to grant. What a court or the law decides, the
office enters: the board, or a registrar with a second signature of the office, so that nobody at
the desk gives themselves somebody's purse. That goes for a parent's mandate too: one registrar and
one friend could otherwise enter anybody as a minor, and the friend as the parent.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain.account import Account, AccountKind
from chain.authority import Holder
from chain.codec import U8, U16, U53, AccountId, Code, Hash, Key, Millis, Record, Sig
from chain.contract import Context
from chain.rules import DAY_MS, next_number
from chain.state import Draft, View
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.mandates.mandates import (
    CARD_DAY_MAX,
    CARDS,
    CASHING,
    CEILINGS_MAX,
    GIVEN,
    GIVEN_MAX,
    HELD,
    HELD_MAX,
    LASTING,
    MANDATES,
    METHODS_MAX,
    PERIOD_DAYS_MAX,
    RULES,
    TERM_DAYS_MAX,
    BadMandate,
    Card,
    CardTaken,
    Ceiling,
    Given,
    Held,
    Kind,
    Mandate,
    MandateGranted,
    NotAParent,
    Status,
    TooManyMandates,
    given_by,
    held_by,
)
from governance_contracts.people.acting import (
    require_account,
    require_actor,
    shares_household_or_owner,
    treasury_wijk,
)
from governance_contracts.people.desk import two_at_the_desk
from governance_contracts.people.keys import require_possession
from governance_contracts.people.minors import MINORS, require_parent
from governance_contracts.people.registration import office_of

PEOPLE = (AccountKind.PERSON, AccountKind.HOUSEHOLD)
SHOPS = (AccountKind.BUSINESS, AccountKind.INSTITUTION, AccountKind.ASSOCIATION, AccountKind.TILL)


class CardKey(Record, tag=1):
    """A card's key and its own signature over `keys.possession_bytes` for `card_holder`."""

    key: Key
    proof: Sig


class Grant(Record, tag=1):
    """Give a mandate; the fields are those of `mandates.Mandate`."""

    granter: AccountId
    kind: U8
    holder: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    key: Annotated[tuple[CardKey, ...], Meta(max_length=1)]
    methods: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=METHODS_MAX)]
    ceilings: Annotated[tuple[Ceiling, ...], Meta(max_length=CEILINGS_MAX)]
    period_days: U16
    until_ms: Millis
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Expire(Record, tag=1):
    mandate: U53


def card_holder(granter: bytes) -> bytes:
    """What a card's proof of possession is for: being a card of this account, never its key."""
    return b"card:" + granter


def grant(draft: Draft, context: Context, args: Grant) -> None:
    """Give a mandate.

    Refuses BadMandate (kind); NotRegistered, ClosedAccount, BadMandate (granter); who may not
    grant it (`granting_office`); then what `admit` refuses, in that order.
    """
    if not Kind.GUARDIAN <= args.kind <= Kind.OFFICE:
        raise BadMandate("kind")
    granter = require_account(draft, args.granter)
    if treasury_wijk(draft, args.granter, granter, context.height) is not None:
        raise BadMandate("granter")
    office, signers = granting_office(draft, context, args, granter)
    admit(draft, context, args, office, signers)


def granting_office(
    draft: Draft, context: Context, args: Grant, granter: Account
) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """The wijk whose office grants it, if it is not the granter; and who of it signed, or all of
    the board when that decides.

    Refuses, of the granter TillKeyOnly, ParentNeeded; of the office NotAuthorised, TillKeyOnly,
    NoSecondSignature.
    """
    rule = RULES[Kind(args.kind)]
    if rule.by_granter and (not rule.by_office or context.has(Holder(args.granter))):
        require_actor(draft, context, args.granter)
        require_parent(draft, context, args.granter, granter)
        return (), ()
    wijk = office_of(draft, args.granter, granter, context.height)
    signers = two_at_the_desk(draft, context, wijk)
    board = draft.get(BOARDS, wijk)
    if not signers and board is not None:  # the board decides: it may not choose one of itself
        signers = board.members
    return (wijk,), signers


def admit(
    draft: Draft,
    context: Context,
    args: Grant,
    office: tuple[str, ...],
    signers: tuple[bytes, ...] = (),
) -> int:
    """Check and enter a mandate, whose granter exists; the caller has checked who asks. Returns
    its number. `office`: the wijk that grants it; empty: the granter. `signers`: who signed for
    the office; none of them becomes the holder.

    Refuses BadMandate (granter); what `check_holder` refuses; BadMandate (methods, ceilings,
    period_days, until_ms, reference); BadKey, NoPossession, CardTaken; TooManyMandates (the
    granter, the holder), in that order.
    """
    granter = require_account(draft, args.granter)
    check_granter(args.kind, granter)
    check_holder(draft, context, args, signers)
    check_terms(draft, context, args, office)
    for card in args.key:
        require_possession(context, card_holder(args.granter), card.key, card.proof)
        if draft.find(CARDS, card.key) is not None:
            raise CardTaken(card.key)
    id = next_number(draft, "mandate")
    enter(draft, context, id, args, office)
    return id


def check_granter(kind: int, granter: Account) -> None:
    match kind:
        case Kind.EMPLOYEE:
            fits = granter.kind in SHOPS
        case Kind.CARD | Kind.OFFICE | Kind.HOUSEHOLD:
            fits = granter.kind in PEOPLE
        case Kind.GUARDIAN | Kind.PARENT:
            fits = granter.kind == AccountKind.PERSON
        case _:
            fits = True
    if not fits:
        raise BadMandate("granter")


def check_holder(view: View, context: Context, args: Grant, signers: tuple[bytes, ...]) -> None:
    """Refuses BadMandate (holder, key); NotRegistered, ClosedAccount, BadMandate (holder),
    NotAParent."""
    account = args.kind not in (Kind.CARD, Kind.OFFICE)
    if len(args.holder) != account:
        raise BadMandate("holder")
    if len(args.key) != (args.kind == Kind.CARD):
        raise BadMandate("key")
    for holder in args.holder:
        record = require_account(view, holder)
        known = treasury_wijk(view, holder, record, context.height) is None
        if not known or holder == args.granter or holder in signers:
            raise BadMandate("holder")
        minor = view.find(MINORS, args.granter)
        if args.kind == Kind.PARENT and (minor is None or holder not in minor.parents):
            raise NotAParent(args.granter, holder)
        together = shares_household_or_owner(view, args.granter, holder, context.height)
        if args.kind == Kind.HOUSEHOLD and not together:
            raise BadMandate("holder")


def check_terms(view: View, context: Context, args: Grant, office: tuple[str, ...]) -> None:
    """Refuses BadMandate (methods, ceilings, period_days, until_ms, reference)."""
    rule = RULES[Kind(args.kind)]
    covers = rule.covers
    if args.kind not in (Kind.GUARDIAN, Kind.PARENT) and view.find(MINORS, args.granter):
        covers = covers - CASHING  # a minor's euros are the parent's affair
    if args.ceilings:
        covers = covers - LASTING
    if any(a >= b for a, b in pairwise(args.methods)):
        raise BadMandate("methods")
    if any(method not in covers for method in args.methods):
        raise BadMandate("methods")
    if any(a.coin >= b.coin for a, b in pairwise(args.ceilings)):
        raise BadMandate("ceilings")
    if any(one.once > one.in_period for one in args.ceilings):
        raise BadMandate("ceilings")
    if not args.ceilings and not rule.no_ceiling:
        raise BadMandate("ceilings")
    if args.kind == Kind.CARD:
        most = CARD_DAY_MAX.of(view)
        if any(one.in_period > most for one in args.ceilings):
            raise BadMandate("ceilings")
        if args.period_days != 1:
            raise BadMandate("period_days")
    if not 1 <= args.period_days <= PERIOD_DAYS_MAX:
        raise BadMandate("period_days")
    if not context.time_ms < args.until_ms <= context.time_ms + TERM_DAYS_MAX * DAY_MS:
        raise BadMandate("until_ms")
    signed_form = args.kind == Kind.OFFICE and bool(office)
    if (rule.by_court or signed_form) and not args.reference:
        raise BadMandate("reference")


def enter(draft: Draft, context: Context, id: int, args: Grant, office: tuple[str, ...]) -> None:
    """Refuses TooManyMandates (the granter, the holder)."""
    given = given_by(draft, args.granter)
    if len(given) == GIVEN_MAX:
        raise TooManyMandates(args.granter, GIVEN_MAX)
    for holder in args.holder:
        held = held_by(draft, holder)
        if len(held) == HELD_MAX:
            raise TooManyMandates(holder, HELD_MAX)
        draft.put(HELD, holder, Held((*held, id)))
    draft.put(GIVEN, args.granter, Given((*given, id)))
    for card in args.key:
        draft.put(CARDS, card.key, Card(id))
    mandate = Mandate(
        args.granter,
        args.kind,
        args.holder,
        tuple(card.key for card in args.key),
        office,
        args.methods,
        args.ceilings,
        args.period_days,
        args.until_ms,
        args.reference,
        context.time_ms,
        Status.ACTIVE,
        context.schedule(draft, args.until_ms, "mandate", "expire", Expire(id)),
    )
    draft.put(MANDATES, id, mandate)
    report = MandateGranted(
        id,
        args.kind,
        args.granter,
        args.holder,
        mandate.key,
        args.methods,
        args.ceilings,
        args.period_days,
        args.until_ms,
    )
    for party in (args.granter, *args.holder):
        context.emit(report, party)
