"""The mandate contract: give, use and end the right to act as somebody else's account.

    mandates.py   what is kept, the kinds and their rules, refusals and events
    granting.py   who may give which mandate, and what it may say

`act` runs up to four ordinary calls under the granter's authority, all or none. What leaves the
granter is measured around every call, over all that it holds of a coin, so no contract needs to
know about mandates and no call can leave more than a mandate allows. The granter's own limits,
a freeze among them, hold as ever. A call that is refused refuses the act with its own refusal.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from msgspec.structs import replace

from chain.account import purse_of
from chain.authority import Holder, NotAuthorised, OneTimeKey
from chain.block import RefusalRecord
from chain.codec import U32, U53, Record, decode
from chain.contract import Context, Contract, Method
from chain.errors import REFUSALS, Rejected
from chain.money import Cents
from chain.rules import cancel
from chain.state import Draft, View
from chain.transaction import Call
from governance_contracts.boards.powers import method_name
from governance_contracts.boards.proposals import TooLittleWork, work_of
from governance_contracts.coins.balances import HELD_LOTS
from governance_contracts.mandates.granting import Expire, Grant, admit, grant
from governance_contracts.mandates.mandates import (
    CALLS_MAX,
    CARDS,
    GIVEN,
    HELD,
    MANDATES,
    USED,
    ActedFor,
    Given,
    Held,
    Kind,
    Mandate,
    MandateOver,
    MandateOverNow,
    NotInTheMandate,
    Outflow,
    OverInThisPeriod,
    OverTheCeiling,
    Status,
    Used,
    given_by,
    held_by,
    period_of,
    require_mandate,
    used_in,
)
from governance_contracts.people.acting import (
    require_account,
    require_actor,
    require_party,
    require_unfrozen,
    shares_household_or_owner,
)
from governance_contracts.people.desk import two_at_the_desk
from governance_contracts.people.minority import at_entry, at_majority
from governance_contracts.people.minors import MINORS
from governance_contracts.people.registrars import require_office
from governance_contracts.people.registration import office_of

ACT_COST = 400
"""Of an act besides its calls; and for measuring around each call, `MEASURE_COST`."""
MEASURE_COST = 100

__all__ = ["CONTRACT", "Act", "Grant", "Revoke", "act", "admit", "end_mandates_of", "grant"]


class Act(Record, tag=1):
    """Do `calls` as the granter. `work`: at least what the calls cost together (`work_of`)."""

    mandate: U53
    calls: Annotated[tuple[Call, ...], Meta(min_length=1, max_length=CALLS_MAX)]
    work: U32


class Revoke(Record, tag=1):
    mandate: U53


# Acting.


def act(draft: Draft, context: Context, args: Act) -> None:
    """Do calls as the account that gave the mandate: all, or none.

    Refuses UnknownMandate; who acts (`actors_of`); MandateOver; NotInTheMandate for each call in
    turn; TooLittleWork; what a call is refused for, under that refusal's own name; OverTheCeiling,
    OverInThisPeriod for each coin by its code; in that order.
    """
    mandate = require_mandate(draft, args.mandate)
    actors = actors_of(draft, context, mandate)
    status = status_of(draft, context, mandate)
    if status != Status.ACTIVE:
        raise MandateOver(args.mandate, status)
    for call in args.calls:
        if method_name(call) not in mandate.methods:
            raise NotInTheMandate(args.mandate, call.contract, call.method)
    needed = work_of(draft, context.release, args.calls)
    if args.work < needed:
        raise TooLittleWork(args.work, needed)
    report = ActedFor(args.mandate, mandate.kind, mandate.granter, actors)
    for party in (mandate.granter, *actors):
        context.emit(report, party)
    outflow = carry_out(draft, context, mandate.granter, args.calls)
    if mandate.ceilings:
        count(draft, context, args.mandate, mandate, outflow)


def status_of(view: View, context: Context, mandate: Mandate) -> int:
    """As it stands now. A parent's ends when the registrar enters other parents, a household
    member's when they no longer live together."""
    if mandate.status != Status.ACTIVE:
        return mandate.status
    if context.time_ms >= mandate.until_ms:
        return Status.EXPIRED
    for holder in mandate.holder:
        if mandate.kind == Kind.PARENT:
            minor = view.find(MINORS, mandate.granter)
            if minor is None or holder not in minor.parents:
                return Status.ENDED
        if mandate.kind == Kind.HOUSEHOLD and not shares_household_or_owner(
            view, mandate.granter, holder, context.height
        ):
            return Status.ENDED
    return Status.ACTIVE


def actors_of(draft: Draft, context: Context, mandate: Mandate) -> tuple[bytes, ...]:
    """The accounts that act, if they may.

    Refuses, of a holder NotAuthorised, ClosedAccount, TillKeyOnly (an employee may use a till key),
    FrozenAccount; of a card NotAuthorised; of the office NotAuthorised,
    TillKeyOnly, NoSecondSignature.
    """
    for holder in mandate.holder:
        require_party(draft, context, holder, "holder", till=mandate.kind == Kind.EMPLOYEE)
        require_unfrozen(draft, holder)
        return (holder,)
    for key in mandate.key:
        if not context.has(OneTimeKey(key)):
            raise NotAuthorised("card")
        return ()
    granter = require_account(draft, mandate.granter)
    return two_at_the_desk(
        draft, context, office_of(draft, mandate.granter, granter, context.height)
    )


def carry_out(
    draft: Draft, context: Context, granter: bytes, calls: tuple[Call, ...]
) -> dict[str, int]:
    """Run the calls as the granter; returns what left, by coin: for each call by itself, so that
    no call hides what another lets out. Raises what a call is refused for."""
    outflow: dict[str, int] = {}
    for call in calls:
        before = holdings_of(draft, granter)
        refusal = context.carry_out(draft, (call,), Holder(granter))
        if refusal is not None:
            raise refusal_of(refusal)
        after = holdings_of(draft, granter)
        for coin, amount in before.items():
            left = amount - after.get(coin, 0)
            if left > 0:
                outflow[coin] = outflow.get(coin, 0) + left
    return outflow


def refusal_of(record: RefusalRecord) -> Rejected:
    kind = REFUSALS[record.code]
    assert issubclass(kind, Rejected), "calls are refused with rejections"
    return kind(*record.values)


def holdings_of(view: View, account: bytes) -> dict[str, int]:
    """All that an account holds, free and bound together, by coin."""
    held = {holding.coin: int(holding.amount) for holding in purse_of(view, account).free}
    lots = view.find(HELD_LOTS, account)
    for lot in lots.lots if lots else ():
        held[lot.coin] = held.get(lot.coin, 0) + lot.amount
    return held


def count(
    draft: Draft, context: Context, id: int, mandate: Mandate, outflow: dict[str, int]
) -> None:
    """Hold what left against the ceilings and enter it. Refuses OverTheCeiling, OverInThisPeriod
    for each coin by its code."""
    ceilings = {ceiling.coin: ceiling for ceiling in mandate.ceilings}
    used = {flow.coin: int(flow.amount) for flow in used_in(draft, id, mandate, context.time_ms)}
    for coin in sorted(outflow):
        ceiling, left = ceilings.get(coin), outflow[coin]
        once = ceiling.once if ceiling else 0
        if ceiling is None or left > once:
            raise OverTheCeiling(id, coin, left, once)
        before = used.get(coin, 0)
        if before + left > ceiling.in_period:
            raise OverInThisPeriod(id, coin, left, max(0, ceiling.in_period - before))
        used[coin] = before + left
    flows = tuple(Outflow(coin, Cents(used[coin])) for coin in sorted(used))
    draft.put(USED, id, Used(period_of(mandate, context.time_ms), flows))


# Ending.


def revoke(draft: Draft, context: Context, args: Revoke) -> None:
    """End a mandate: who holds it; who gave it; the office that gave it. A card, and the mandate of
    the desk, end at the word of the account itself and of its office, whoever gave them.

    Refuses UnknownMandate, NotAuthorised, ClosedAccount, TillKeyOnly, MandateOver, in that order.
    """
    mandate = require_mandate(draft, args.mandate)
    require_to_end(draft, context, mandate)
    if mandate.status != Status.ACTIVE:
        raise MandateOver(args.mandate, mandate.status)
    end(draft, context, args.mandate, mandate, Status.REVOKED)


def require_to_end(draft: Draft, context: Context, mandate: Mandate) -> None:
    own = mandate.kind in (Kind.CARD, Kind.OFFICE)
    who = list(mandate.holder)
    if own or not mandate.office:
        who.append(mandate.granter)
    for account in who:
        if context.has(Holder(account)):
            require_actor(draft, context, account)
            return
    if not own and not mandate.office:
        raise NotAuthorised("granter")
    granter = require_account(draft, mandate.granter)
    require_office(draft, context, office_of(draft, mandate.granter, granter, context.height))


def expire(draft: Draft, context: Context, args: bytes) -> None:
    """Due work: a mandate runs out."""
    id = decode(Expire, args).mandate
    mandate = draft.get(MANDATES, id)
    if mandate is not None and mandate.status == Status.ACTIVE:
        end(draft, context, id, mandate, Status.EXPIRED)


def end_mandates_of(draft: Draft, context: Context, account: bytes) -> None:
    """End every mandate that an account gave or holds: it has died, or takes no part any more."""
    for id in (*given_by(draft, account), *held_by(draft, account)):
        mandate = require_mandate(draft, id)
        if mandate.status == Status.ACTIVE:
            end(draft, context, id, mandate, Status.ENDED)


@at_entry
def end_what_a_minor_gave(draft: Draft, context: Context, account: bytes) -> None:
    """Mandates from before somebody was entered as a minor ask no parent: they end. Those of a
    guardian named by a court stay."""
    for id in given_by(draft, account):
        mandate = require_mandate(draft, id)
        if mandate.kind != Kind.GUARDIAN:
            end(draft, context, id, mandate, Status.ENDED)


@at_majority
def end_parents_mandates(draft: Draft, context: Context, account: bytes) -> None:
    """At 18 nobody is a parent's ward any more."""
    for id in given_by(draft, account):
        mandate = require_mandate(draft, id)
        if mandate.kind == Kind.PARENT:
            end(draft, context, id, mandate, Status.ENDED)


def end(draft: Draft, context: Context, id: int, mandate: Mandate, status: Status) -> None:
    cancel(draft, mandate.due)
    draft.put(MANDATES, id, replace(mandate, status=status))
    draft.delete(USED, id)
    for key in mandate.key:
        draft.delete(CARDS, key)
    left = tuple(one for one in given_by(draft, mandate.granter) if one != id)
    if left:
        draft.put(GIVEN, mandate.granter, Given(left))
    else:
        draft.delete(GIVEN, mandate.granter)
    over = MandateOverNow(id, mandate.granter, status)
    context.emit(over, mandate.granter)
    for holder in mandate.holder:
        left = tuple(one for one in held_by(draft, holder) if one != id)
        if left:
            draft.put(HELD, holder, Held(left))
        else:
            draft.delete(HELD, holder)
        context.emit(over, holder)


def is_card_of(view: View, key: bytes, args: Any) -> bool:
    """May this key, which has no account, send this act? Only a card, for its own mandate."""
    card = view.find(CARDS, key)
    return card is not None and card.mandate == args.mandate


def _act_cost(args: Act) -> int:
    return ACT_COST + MEASURE_COST * len(args.calls) + args.work


CONTRACT = Contract(
    "mandate",
    1,
    {
        "grant": Method(Grant, grant, cost=lambda a: 450 + 80 * len(a.key)),
        "act": Method(Act, act, cost=_act_cost, one_time=is_card_of, carried=False),
        "revoke": Method(Revoke, revoke, cost=350),
    },
    due={"expire": expire},
)
