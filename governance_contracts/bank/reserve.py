"""The reserve: euros at a bank, people who attest them, and the only way coin is made.

One bank entry, at most one mint. Statements are booked in `statements.py`, redemptions live in
`redemption.py`, the records in `books.py`. What the chain cannot see is whether a statement is
true: so independent people attest it (`attestors.py`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.authority import Board, NotAuthorised, describe
from chain.codec import U32, U53, AccountId, Code, Hash, Record, Salt
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.money import CENTS_MAX, AmountField, CentsField
from chain.rules import DAY_MS, Parameter
from chain.state import Draft, View
from governance_contracts.bank.attestors import SetAttestors, found_attestors, set_attestors
from governance_contracts.bank.booking import with_state
from governance_contracts.bank.books import (
    ATTESTORS_MAX,
    ENTRIES,
    BookedEntry,
    EntryKind,
    EntryState,
    Reserve,
    Standing,
    cover_of,
    deficit_of,
    deposit_reference,
    hash_of,
    liabilities_of,
    require_reserve,
    update_reserve,
)
from governance_contracts.bank.deadlines import cover_due, return_due, watch_cover
from governance_contracts.bank.desk import SetDesk, set_desk
from governance_contracts.bank.redemption import (
    Cancel,
    Export,
    Redeem,
    Reject,
    cancel,
    export,
    redeem,
    reject,
)
from governance_contracts.bank.statements import Attest, attest
from governance_contracts.coins.balances import FREE, create
from governance_contracts.coins.coin import ISSUERS, Coin, require_coin, require_phase
from governance_contracts.coins.limits import day_of
from governance_contracts.people.acting import acts_in_full, require_account

STALE_MS = 7 * DAY_MS
MINT_DAY_MAX = Parameter(
    "mint_day_max", 1_000_000_00, 100, CENTS_MAX, "coin made on one day of one currency, in cents"
)


class MintingIsStopped(Rejected):
    """`why`: stopped, issuer (the coin has none), or custodian (its issuer has none)."""

    code = 720
    fields = ("coin", "why")


class InDeficit(Rejected):
    """There would be more coin than euros behind it, by `deficit`."""

    code = 721
    fields = ("coin", "deficit")


class StatementTooOld(Rejected):
    """The latest statement was closed more than seven days ago, or there is none (0)."""

    code = 722
    fields = ("closed_ms",)


class UnknownEntry(Rejected):
    """No such deposit was attested."""

    code = 723
    fields = ("statement", "entry")


class EntryUsed(Rejected):
    """This bank line has had its one mint, or went back."""

    code = 724
    fields = ("statement", "entry")


class AmountDiffers(Rejected):
    code = 725
    fields = ("amount", "booked")


class FundUnknown(Rejected):
    """The account is not registered, or is not the one that the deposit's reference names."""

    code = 726
    fields = ("account",)


class MintLimit(Rejected):
    code = 727
    fields = ("coin", "limit")


class NotUnattributed(Rejected):
    code = 728
    fields = ("statement", "entry")


class PartsMissing(Rejected):
    """The latest statement of the bank is not whole: `more` parts of it are to be attested."""

    code = 729
    fields = ("more",)


class SetStanding(Record, tag=1):
    """Let these accounts mint deposits that carry a valid reference; none: withdraw it."""

    coin: Code
    standing: Annotated[tuple[Standing, ...], Meta(max_length=1)]


class Mint(Record, tag=1):
    """Make coin for an attested deposit, in whole. `opening` is the salt of its reference."""

    coin: Code
    statement: U53
    entry: U32
    account: AccountId
    amount: AmountField
    opening: Annotated[tuple[Salt, ...], Meta(max_length=1)]


class Attribute(Record, tag=1):
    """Say for whom an unattributed credit is: from now on it is a deposit."""

    coin: Code
    statement: U53
    entry: U32
    reference: Hash


@event
class StandingSet(Record, tag=710):
    coin: Code
    standing: tuple[Standing, ...]


@event
class Minted(Record, tag=711):
    """Public: every coin made can be tied to one bank line."""

    coin: Code
    statement: U53
    entry: U32
    amount: AmountField


@event
class CoinReceived(Record, tag=712):
    """To the account that a mint was for."""

    coin: Code
    amount: AmountField


@event
class Attributed(Record, tag=713):
    coin: Code
    statement: U53
    entry: U32
    amount: CentsField


def set_standing(draft: Draft, context: Context, args: SetStanding) -> None:
    """Refuses UnknownCoin, NotAuthorised (Board), UnknownReserve, NotRegistered, ClosedAccount."""
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    reserve = require_reserve(draft, args.coin)
    for standing in args.standing:
        for minter in standing.minters:
            require_account(draft, minter)
    update_reserve(draft, args.coin, reserve, standing=args.standing)
    context.emit(StandingSet(args.coin, args.standing))


def mint(draft: Draft, context: Context, args: Mint) -> None:
    """Make coin for a deposit.

    By the coin's Board, or by a minter of its standing decision, with a full key, if the deposit's
    reference is opened. Refuses UnknownCoin, UnknownReserve, NotAuthorised, MintingIsStopped,
    InDeficit, StatementTooOld, PartsMissing, UnknownEntry, EntryUsed, AmountDiffers, FundUnknown,
    MintLimit, in that order.
    """
    coin = require_coin(draft, args.coin)
    reserve = require_reserve(draft, args.coin)
    day_max = minting_limit(draft, context, coin, reserve, args)
    require_minting(draft, coin)
    deficit = deficit_of(draft, args.coin)
    if deficit:
        raise InDeficit(args.coin, deficit)
    if not reserve.sequence or context.time_ms - reserve.closed_ms > STALE_MS:
        raise StatementTooOld(reserve.closed_ms)
    if reserve.more:
        raise PartsMissing(reserve.more)
    place = (args.coin, args.statement, args.entry)
    entry = draft.get(ENTRIES, place)
    if entry is None or entry.kind != EntryKind.DEPOSIT:
        raise UnknownEntry(args.statement, args.entry)
    if entry.state != EntryState.OPEN:
        raise EntryUsed(args.statement, args.entry)
    if entry.amount != args.amount:
        raise AmountDiffers(args.amount, entry.amount)
    check_fund(draft, entry, args)
    today = day_of(context.time_ms)
    minted = args.amount + (reserve.minted_today if reserve.minted_day == today else 0)
    if minted > day_max:
        raise MintLimit(args.coin, day_max)
    short = liabilities_of(draft, args.coin) + args.amount - cover_of(reserve)
    if short > 0:  # a later line took what this deposit had brought
        raise InDeficit(args.coin, short)
    draft.put(ENTRIES, place, with_state(entry, EntryState.USED, (args.account,)))
    update_reserve(draft, args.coin, reserve, minted_day=today, minted_today=minted)
    create(draft, args.coin, args.account, FREE, args.amount)
    context.emit(Minted(args.coin, args.statement, args.entry, args.amount))
    context.emit(CoinReceived(args.coin, args.amount), args.account)


def minting_limit(view: View, context: Context, coin: Coin, reserve: Reserve, args: Mint) -> int:
    """How much may be made today by who asks. Refuses NotAuthorised."""
    day_max = MINT_DAY_MAX.of(view)
    if context.has(Board(coin.wijk)):
        return day_max
    for standing in reserve.standing:
        by_minter = any(acts_in_full(view, context, minter) for minter in standing.minters)
        if by_minter and args.opening and not context.decision:
            return min(day_max, standing.day_max)
    raise NotAuthorised(describe(Board(coin.wijk)))


def require_minting(view: View, coin: Coin) -> None:
    """Refuses CoinWindsDown; MintingIsStopped: stopped, issuer, custodian."""
    require_phase(coin)
    if coin.minting_stopped:
        raise MintingIsStopped(coin.code, "stopped")
    issuer = view.get(ISSUERS, coin.issuer[0]) if coin.issuer else None
    if issuer is None:
        raise MintingIsStopped(coin.code, "issuer")
    if not issuer.custodian:
        raise MintingIsStopped(coin.code, "custodian")


def check_fund(view: View, entry: BookedEntry, args: Mint) -> None:
    """Is the account registered, and the one that the bank line names? Refuses FundUnknown."""
    try:
        require_account(view, args.account)
    except Rejected:
        raise FundUnknown(args.account) from None
    for opening in args.opening:
        if entry.reference != (deposit_reference(args.account, opening),):
            raise FundUnknown(args.account)
    if entry.reference and not args.opening:
        raise FundUnknown(args.account)


def attribute(draft: Draft, context: Context, args: Attribute) -> None:
    """Refuses UnknownCoin, NotAuthorised (Board), UnknownReserve, UnknownEntry,
    NotUnattributed, in that order."""
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    reserve = require_reserve(draft, args.coin)
    place = (args.coin, args.statement, args.entry)
    entry = draft.get(ENTRIES, place)
    if entry is None:
        raise UnknownEntry(args.statement, args.entry)
    waits = entry.credit and entry.kind in (EntryKind.UNATTRIBUTED, EntryKind.BOUNCE)
    if not waits or entry.state != EntryState.OPEN:
        raise NotUnattributed(args.statement, args.entry)
    left = max(0, reserve.unattributed - entry.amount)
    update_reserve(draft, args.coin, reserve, unattributed=left)
    watch_cover(draft, context, args.coin)
    deposit = BookedEntry(
        True, entry.amount, EntryKind.DEPOSIT, EntryState.OPEN, (args.reference,), (), ()
    )
    draft.put(ENTRIES, place, deposit)
    context.emit(Attributed(args.coin, args.statement, args.entry, entry.amount))


def attest_cost(args: Attest) -> int:
    """Booking is paid for by who hands the statement in; the others' share is small: rivals of
    one number, one per attestor at most."""
    return (
        500 + 10 * ATTESTORS_MAX + sum(60 * len(statement.entries) for statement in args.statement)
    )


CONTRACT = Contract(
    "reserve",
    1,
    {
        "set_attestors": Method(SetAttestors, set_attestors, cost=300),
        "set_standing": Method(SetStanding, set_standing),
        "set_desk": Method(SetDesk, set_desk),
        "attest": Method(Attest, attest, cost=attest_cost),
        "attribute": Method(Attribute, attribute),
        "mint": Method(Mint, mint, cost=200),
        "redeem": Method(Redeem, redeem, cost=300),
        "cancel": Method(Cancel, cancel, cost=200),
        "export": Method(Export, export, cost=lambda args: 100 + 60 * len(args.redemptions)),
        "reject": Method(Reject, reject, cost=200),
    },
    due={"return_due": return_due, "cover_due": cover_due},
)

__all__ = [
    "CONTRACT", "Attest", "Attribute", "Cancel", "Export", "Mint", "Redeem", "Reject",
    "SetAttestors", "SetDesk", "SetStanding", "deposit_reference", "found_attestors", "hash_of",
]  # fmt: skip
