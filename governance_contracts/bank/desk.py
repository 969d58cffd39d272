"""The key of a reserve's desk: people seal to it where their euros are to go.

A bank account's number is never on the chain, not even sealed. The holder's wallet seals it to this
key and hands it to a node, off the chain; the desk alone opens it, and proves itself to the node
with the same key. That the key stands here is what a wallet can check.
"""

from __future__ import annotations

from chain import crypto
from chain.authority import Board
from chain.codec import Code, Key, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, text
from governance_contracts.bank.books import require_reserve
from governance_contracts.coins.coin import require_coin


class Desk(Record, tag=1):
    """`key`: an Ed25519 public key; boxes are sealed to its X25519 form."""

    key: Key


class SetDesk(Record, tag=1):
    """Name the desk's key, or another when the old one was lost or seen."""

    coin: Code
    key: Key


@event
class DeskSet(Record, tag=717):
    """Public."""

    coin: Code
    key: Key


class BadDesk(Rejected):
    """The key is not the canonical encoding of a public key."""

    code = 739


DESKS: Table[str, Desk] = Table(87, "reserve_desk", Desk, text)


def set_desk(draft: Draft, context: Context, args: SetDesk) -> None:
    """Refuses UnknownCoin, NotAuthorised (the coin's Board), UnknownReserve, BadDesk, in that
    order."""
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    require_reserve(draft, args.coin)
    if not crypto.is_public_key(args.key):
        raise BadDesk()
    draft.put(DESKS, args.coin, Desk(args.key))
    context.emit(DeskSet(args.coin, args.key))
