"""Death and the estate: the office attests a death, the heirs receive what was the holder's own.

From the attestation on, the account is closed like any other: nobody can see why. What was a
fund's goes back to it at once; free and region-bound coin waits. Who the heirs are is a notary's
certificate, kept off chain behind a commitment; the estate then goes to accounts of theirs or,
by redemption, to a bank account. Every step takes two signatures of the office, or a decision
of its board. Part of the life contract (`life.py`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKind, Status, in_force
from chain.codec import AccountId, Code, Hash, Millis, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, Cents
from chain.state import Draft, Table, raw
from governance_contracts.bank.books import PARTS_MAX, require_reserve
from governance_contracts.bank.redemption import (
    Redeem,
    RedemptionRequested,
    redeemed_parts,
    request,
)
from governance_contracts.coins.balances import HELD_LOTS, LotId, move
from governance_contracts.coins.coin import require_coin
from governance_contracts.earmarks.earmark import FundClosed, heir_of, return_to
from governance_contracts.earmarks.lots import is_earmark, require_lot
from governance_contracts.mandates.mandate import end_mandates_of
from governance_contracts.payments.outcomes import Credit
from governance_contracts.people.acting import require_account
from governance_contracts.people.closing import require_closable
from governance_contracts.people.desk import two_at_the_desk
from governance_contracts.people.lifecycle import end_account
from governance_contracts.people.registrars import REGISTRARS
from governance_contracts.people.registration import office_of
from governance_contracts.recovery.allowance import INSOLVENCIES
from governance_contracts.recovery.locking import end_recovery_of


class Estate(Record, tag=1):
    """What waits for heirs. `evidence`: commitment to the record of death; `certificate`: to the
    notary's certificate of who inherits, once there is one."""

    attested_ms: Millis
    evidence: Hash
    certificate: Annotated[tuple[Hash, ...], Meta(max_length=1)]


ESTATES: Table[bytes, Estate] = Table(122, "estate", Estate, raw)


class NotAPerson(Rejected):
    code = 1110
    fields = ("account",)


class NoEstate(Rejected):
    """No estate of this account is open."""

    code = 1111
    fields = ("account",)


class NoHeirs(Rejected):
    """Nobody has shown a certificate of who inherits yet."""

    code = 1112
    fields = ("account",)


class AttestDeath(Record, tag=1):
    account: AccountId
    evidence: Hash


class WithdrawDeath(Record, tag=1):
    """It was a mistake: the holder lives."""

    account: AccountId


class NameHeirs(Record, tag=1):
    """`certificate`: commitment to the notary's certificate; a later one takes its place."""

    account: AccountId
    certificate: Hash


class PayEstate(Record, tag=1):
    """A share of one coin to an heir's account: region-bound lots first, then free coin."""

    account: AccountId
    heir: AccountId
    coin: Code
    amount: AmountField


class RedeemEstate(Record, tag=1):
    """A share to a bank account of an heir; fields as in `redemption.Redeem`."""

    account: AccountId
    coin: Code
    amount: AmountField
    lots: Annotated[tuple[LotId, ...], Meta(max_length=PARTS_MAX - 1)]
    destination: Hash


class SettleEstate(Record, tag=1):
    account: AccountId


By = Annotated[tuple[AccountId, ...], Meta(max_length=2)]
"""The registrar and the second who signed; nobody when the board decided."""


@event
class DeathAttested(Record, tag=1100):
    account: AccountId
    by: By


@event
class DeathWithdrawn(Record, tag=1101):
    account: AccountId
    by: By


@event
class HeirsNamed(Record, tag=1102):
    account: AccountId
    certificate: Hash
    by: By


@event
class EstatePaid(Record, tag=1103):
    """To the estate: what left it, free coin (lot 0) and region-bound lots."""

    account: AccountId
    heir: AccountId
    coin: Code
    amount: AmountField
    parts: Annotated[tuple[Credit, ...], Meta(max_length=PARTS_MAX)]
    by: By


@event
class EstateReceived(Record, tag=1104):
    """To the heir."""

    coin: Code
    amount: AmountField
    parts: Annotated[tuple[Credit, ...], Meta(max_length=PARTS_MAX)]
    by: By


@event
class EstateRedeemed(Record, tag=1105):
    """Who asked for the redemption that follows, in the estate's name."""

    account: AccountId
    by: By


@event
class EstateSettled(Record, tag=1106):
    account: AccountId
    by: By


def attest_death(draft: Draft, context: Context, args: AttestDeath) -> None:
    """Close a dead holder's account, and end what ends with a life: recovery, mandates, seat,
    the registrar's desk. Earmarks return to their funds.

    Refuses NotRegistered, ClosedAccount; of the office NotAuthorised, TillKeyOnly,
    NoSecondSignature; NotAPerson, in that order.
    """
    account = require_account(draft, args.account)
    office = office_of(draft, args.account, account, context.height)
    by = two_at_the_desk(draft, context, office)
    if account.kind != AccountKind.PERSON:
        raise NotAPerson(args.account)
    context.emit(DeathAttested(args.account, by), args.account)
    end_recovery_of(draft, args.account)
    end_mandates_of(draft, context, args.account)
    if draft.get(INSOLVENCIES, args.account) is not None:
        draft.delete(INSOLVENCIES, args.account)
    return_earmarks(draft, context, args.account)
    home = in_force(account.home, context.height)
    for wijk in sorted({home, office}):
        if draft.get(REGISTRARS, (wijk, args.account)) is not None:
            draft.delete(REGISTRARS, (wijk, args.account))
    end_account(draft, context, args.account)
    draft.put(ESTATES, args.account, Estate(context.time_ms, args.evidence, ()))


def return_earmarks(draft: Draft, context: Context, holder: bytes) -> None:
    """Unspent earmarks are their funds' coin. One whose fund is closed without successor stays
    where it is until a successor is named and takes it back (`earmark.reclaim`)."""
    held = draft.find(HELD_LOTS, holder)
    for one in held.lots if held else ():
        lot = require_lot(draft, one.lot)
        if not is_earmark(lot):
            continue
        try:
            fund = heir_of(draft, lot.fund[0])
        except FundClosed:
            continue
        return_to(draft, context, one.lot, lot, holder, fund)


def require_estate(
    draft: Draft, context: Context, account: bytes
) -> tuple[Estate, tuple[bytes, ...]]:
    """The open estate, and who acts for it.

    Refuses NoEstate; of the office NotAuthorised, TillKeyOnly, NoSecondSignature.
    """
    estate = draft.get(ESTATES, account)
    record = draft.find(ACCOUNTS, account)
    if estate is None or record is None:
        raise NoEstate(account)
    office = office_of(draft, account, record, context.height)
    return estate, two_at_the_desk(draft, context, office)


def withdraw_death(draft: Draft, context: Context, args: WithdrawDeath) -> None:
    """Open the account again. What had ended stays ended; what heirs received is theirs to return.

    Refuses what `require_estate` does.
    """
    _estate, by = require_estate(draft, context, args.account)
    account = draft.find(ACCOUNTS, args.account)
    assert account is not None, "an estate is of a registered account"
    draft.put(ACCOUNTS, args.account, replace(account, status=Status.ACTIVE))
    draft.delete(ESTATES, args.account)
    context.emit(DeathWithdrawn(args.account, by), args.account)


def name_heirs(draft: Draft, context: Context, args: NameHeirs) -> None:
    """Refuses what `require_estate` does."""
    estate, by = require_estate(draft, context, args.account)
    draft.put(ESTATES, args.account, replace(estate, certificate=(args.certificate,)))
    context.emit(HeirsNamed(args.account, args.certificate, by), args.account)


def pay_estate(draft: Draft, context: Context, args: PayEstate) -> None:
    """Refuses what `require_estate` does, NoHeirs, NotRegistered and ClosedAccount (the heir),
    UnknownCoin, NotEnoughCoin, TooManyCoins, TooManyLots, in that order."""
    estate, by = require_estate(draft, context, args.account)
    if not estate.certificate:
        raise NoHeirs(args.account)
    require_account(draft, args.heir)
    require_coin(draft, args.coin)
    share = Redeem(args.account, args.coin, args.amount, (), bytes(32))
    parts = redeemed_parts(draft, share)
    for part in parts:
        move(draft, args.coin, args.account, part.lot, args.heir, part.lot, part.amount)
    credits = tuple(Credit(part.lot, Cents(part.amount)) for part in parts)
    context.emit(
        EstatePaid(args.account, args.heir, args.coin, args.amount, credits, by), args.account
    )
    context.emit(EstateReceived(args.coin, args.amount, credits, by), args.heir)


def redeem_estate(draft: Draft, context: Context, args: RedeemEstate) -> None:
    """A share of the estate as euros. A limited network redeems an estate too: the dead do not
    spend.

    Refuses what `require_estate` does, NoHeirs, UnknownCoin, UnknownReserve, UnknownLot,
    LotNotRedeemable, NotEnoughCoin, WorthNothing, in that order.
    """
    estate, by = require_estate(draft, context, args.account)
    if not estate.certificate:
        raise NoHeirs(args.account)
    require_coin(draft, args.coin)
    require_reserve(draft, args.coin)
    share = Redeem(args.account, args.coin, args.amount, args.lots, args.destination)
    parts = redeemed_parts(draft, share)
    context.emit(EstateRedeemed(args.account, by), args.account)
    name, paid = request(draft, context, args.account, args.coin, parts, args.destination)
    context.emit(RedemptionRequested(name, args.coin, paid), args.account)


def settle_estate(draft: Draft, context: Context, args: SettleEstate) -> None:
    """The estate is empty: nothing is left that says why the account is closed.

    Refuses what `require_estate` does, then what stands in the way of closing (closing.py).
    """
    _estate, by = require_estate(draft, context, args.account)
    require_closable(draft, context, args.account)
    draft.delete(ESTATES, args.account)
    context.emit(EstateSettled(args.account, by), args.account)
