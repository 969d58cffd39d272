"""Who attests what a coin's reserve holds.

At least three people, at least two for each statement, and one of them at least neither sits on
the board nor signs payments at the bank. The board names them; it cannot attest alone.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.authority import Board
from chain.codec import U8, AccountId, Code, Hash, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import Cents
from chain.state import Draft, View
from governance_contracts.bank.books import (
    ATTESTORS_MAX,
    RESERVES,
    Reserve,
    update_reserve,
)
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.coins.coin import Coin, require_coin
from governance_contracts.earmarks.lots import ascending
from governance_contracts.people.acting import require_account


class ReserveExists(Rejected):
    code = 712
    fields = ("coin",)


class BadAttestors(Rejected):
    """`why`: order, few (three at least), k (two at least, at most all), registered, or
    independent (one at least who neither sits on the board nor signs)."""

    code = 713
    fields = ("why",)


class SetAttestors(Record, tag=1):
    """Open a coin's reserve, or change who attests. `account` is fixed once statements flow."""

    coin: Code
    account: Hash
    attestors: Annotated[tuple[AccountId, ...], Meta(max_length=ATTESTORS_MAX)]
    k: U8
    signers: Annotated[tuple[AccountId, ...], Meta(max_length=ATTESTORS_MAX)]


@event
class AttestorsSet(Record, tag=709):
    coin: Code
    attestors: tuple[AccountId, ...]
    k: U8


def set_attestors(draft: Draft, context: Context, args: SetAttestors) -> None:
    """Refuses UnknownCoin, NotAuthorised (the coin's Board), then as `check_attestors`."""
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    check_attestors(draft, coin, args)
    write_attestors(draft, args)
    context.emit(AttestorsSet(args.coin, args.attestors, args.k))


def check_attestors(view: View, coin: Coin, args: SetAttestors) -> None:
    """Refuses BadAttestors: order, few, k, registered, independent; then ReserveExists if another
    bank account's statements were taken already."""
    if not ascending(args.attestors) or not ascending(args.signers):
        raise BadAttestors("order")
    if len(args.attestors) < 3:
        raise BadAttestors("few")
    if not 2 <= args.k <= len(args.attestors):
        raise BadAttestors("k")
    for account in (*args.attestors, *args.signers):
        try:
            require_account(view, account)
        except Rejected:
            raise BadAttestors("registered") from None
    board = view.get(BOARDS, coin.wijk)
    inside = args.signers + (board.members if board else ())
    if all(attestor in inside for attestor in args.attestors):
        raise BadAttestors("independent")
    known = view.get(RESERVES, args.coin)
    if known is not None and known.sequence and known.account != args.account:
        raise ReserveExists(args.coin)


def write_attestors(draft: Draft, args: SetAttestors) -> None:
    known = draft.get(RESERVES, args.coin)
    if known is None:
        zero = Cents(0)
        known = Reserve(
            args.account, args.attestors, args.k, args.signers, 0, 0, 0, 0, zero, zero, (), 0,
            zero, (),
        )  # fmt: skip
    update_reserve(
        draft,
        args.coin,
        known,
        account=args.account,
        attestors=args.attestors,
        k=args.k,
        signers=args.signers,
    )


def found_attestors(draft: Draft, args: SetAttestors) -> None:
    """Open a coin's reserve at genesis, after coins, boards and accounts.

    Raises ValueError with a sentence for people.
    """
    try:
        check_attestors(draft, require_coin(draft, args.coin), args)
    except Rejected as refusal:
        raise ValueError(f"reserve of {args.coin}: {refusal.name} {refusal.named()}") from None
    write_attestors(draft, args)
