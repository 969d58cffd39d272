"""Offline: payments between two devices while no node is in reach, settled later.

A payer locks free coin for one seller place. Payments are cumulative totals, signed by a device
key; the seller keeps the highest and settles it once or several times. A copied device gains
nothing: both copies can only raise one total, with one seller. Nobody takes locked coin back
before the seller's time to settle is over, except that the seller releases it.

Allowances for any seller, under a fund's guarantee, are in `general.py`; the reasons in
docs/adr/0011-offline-allowances.md. One contract.
"""

from __future__ import annotations

from msgspec.structs import replace

from chain.codec import U16, U53, AccountId, Code, Key, Record, Sig, decode
from chain.contract import Context, Contract, Method
from chain.money import ZERO, AmountField, minus
from chain.rules import DAY_MS, cancel
from chain.state import Draft, View
from governance_contracts.coins.balances import TooManyCoins
from governance_contracts.coins.coin import require_coin, require_phase
from governance_contracts.coins.regimes import check_payee
from governance_contracts.offline import general as general
from governance_contracts.offline.locking import (
    EndAllowance,
    check_device,
    end,
    lock,
    owner_of,
    pay_out,
    require_allowance,
    require_payer,
    require_signed,
)
from governance_contracts.offline.outcomes import (
    AllowanceOpen,
    BadPayment,
    GuaranteeOpen,
    NothingNew,
    OfflineReceived,
    OfflineSettled,
)
from governance_contracts.offline.records import (
    ALLOWANCES,
    GIVEN,
    OPEN,
    OWNERS,
    Seller,
    SignedTotal,
)
from governance_contracts.payments.outcomes import PaysItself
from governance_contracts.people.acting import require_account, require_actor, require_party
from governance_contracts.people.closing import Obstacle, before_closing
from governance_contracts.people.places import PlaceClosed, UnknownPlace, find_place


class OpenAllowance(Record, tag=1):
    """Lock free coin for payments to one seller place. `proof`: of possession of the device's
    key, for the payer's account."""

    payer: AccountId
    coin: Code
    seller: AccountId
    place: U16
    device: Key
    proof: Sig
    amount: AmountField


class Settle(Record, tag=1):
    """The highest total that the seller holds; what it adds to the last one is credited."""

    signed: SignedTotal


class Release(Record, tag=1):
    """The seller expects nothing more: the rest is the payer's again, now."""

    allowance: U53


def open_allowance(draft: Draft, context: Context, args: OpenAllowance) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount (the payer);
    NotRegistered, ClosedAccount (the seller); PaysItself; UnknownCoin; CoinWindsDown, what
    `check_payee` refuses; UnknownPlace, PlaceClosed; BadKey, NoPossession, AllowanceTooLarge,
    TooManyAllowances; NotEnoughCoin, DayLimit; in that order."""
    account = require_payer(draft, context, args.payer)
    seller = require_account(draft, args.seller)
    if args.payer == args.seller:
        raise PaysItself(args.payer)
    coin = require_coin(draft, args.coin)
    require_phase(coin)
    check_payee(draft, coin, args.seller, seller, context.height)
    place = find_place(draft, args.seller, args.place)
    if place is None:
        raise UnknownPlace(args.seller, args.place)
    if place.closed:
        raise PlaceClosed(args.seller, args.place)
    check_device(draft, context, args.payer, args.device, args.proof, args.amount)
    bound = Seller(args.seller, args.place)
    lock(draft, context, args.payer, account, args.coin, args.device, args.amount, bound)


def settle(draft: Draft, context: Context, args: Settle) -> None:
    """Credit the seller with what the total adds to those settled before.

    Refuses UnknownAllowance; as the seller that the payment names NotRegistered, ClosedAccount,
    NotAuthorised; BadPayment (kind, seller, total); NotSignedByDevice; NothingNew; in that order.
    """
    payment = args.signed.payment
    allowance = require_allowance(draft, payment.allowance)
    require_actor(draft, context, payment.seller, till=True)
    if not allowance.seller:
        raise BadPayment("kind")
    if allowance.seller[0] != Seller(payment.seller, payment.place):
        raise BadPayment("seller")
    if payment.total > allowance.amount:
        raise BadPayment("total")
    require_signed(context, allowance, payment, args.signed.signature)
    if payment.total <= allowance.paid:
        raise NothingNew(payment.allowance, allowance.paid)
    added = minus(payment.total, allowance.paid)
    draft.put(ALLOWANCES, payment.allowance, replace(allowance, paid=payment.total))
    pay_out(draft, context, allowance.coin, payment.seller, added)
    received = OfflineReceived(payment.allowance, allowance.coin, added, payment.place, ZERO)
    context.emit(received, payment.seller)
    settled = OfflineSettled(payment.allowance, allowance.coin, added, payment.total)
    context.emit(settled, owner_of(draft, payment.allowance).payer)


def release(draft: Draft, context: Context, args: Release) -> None:
    """Refuses UnknownAllowance; BadPayment (kind: a general one has many sellers); as the seller
    NotAuthorised, ClosedAccount, TillKeyOnly; in that order."""
    allowance = require_allowance(draft, args.allowance)
    if not allowance.seller:
        raise BadPayment("kind")
    require_party(draft, context, allowance.seller[0].account, "seller", till=True)
    cancel(draft, owner_of(draft, args.allowance).due)
    end(draft, context, args.allowance)


def end_due(draft: Draft, context: Context, args: bytes) -> None:
    """Due work: the time to settle is over, and the rest returns; a day later, and again, while the
    payer's purse or the fund's has no room for another coin."""
    number = decode(EndAllowance, args).allowance
    attempt, told = Draft(draft), len(context.events)
    try:
        end(attempt, context, number)
        draft.absorb(attempt)
    except TooManyCoins:
        del context.events[told:]
        again = context.time_ms + DAY_MS
        due = context.schedule(draft, again, "offline", "end", EndAllowance(number))
        draft.put(OWNERS, number, replace(owner_of(draft, number), due=due))


@before_closing(Obstacle.OFFLINE)
def has_nothing_set_aside(view: View, context: Context, account: bytes) -> None:
    opened = view.get(OPEN, account)
    if opened is not None:
        raise AllowanceOpen(account, opened.allowances[0])
    given = view.get(GIVEN, account)
    if given is not None:
        raise GuaranteeOpen(account, given.count)


CONTRACT = Contract(
    "offline",
    1,
    {
        "open": Method(OpenAllowance, open_allowance, cost=400),
        "settle": Method(Settle, settle, cost=400),
        "release": Method(Release, release, cost=250),
        "guard": Method(general.Guard, general.guard, cost=250),
        "change_cover": Method(
            general.ChangeCover,
            general.change_cover,
            cost=lambda args: 100 + 60 * len(args.accounts),
        ),
        "end_guarantee": Method(general.EndGuarantee, general.end_guarantee),
        "open_general": Method(general.OpenGeneral, general.open_general, cost=400),
        "settle_general": Method(general.SettleGeneral, general.settle_general, cost=500),
        "prove_double": Method(general.ProveDouble, general.prove_double, cost=400),
        "repay": Method(general.Repay, general.repay, cost=250),
    },
    due={"end": end_due},
)
