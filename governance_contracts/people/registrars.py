"""The office of a wijk: its board, and the registrars to whom the board delegates the desk.

Registration, places and freezing are the work of an office. A delegated registrar acts with its
own account; the board can end that at once. Part of the registry contract.
"""

from __future__ import annotations

from chain.authority import Board, Holder, NotAuthorised, describe
from chain.codec import AccountId, Code, Height, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, View
from chain.transaction import AccountActor
from governance_contracts.boards.boardroom import require_board
from governance_contracts.people.acting import require_account, require_actor


class Registrar(Record, tag=1):
    since: Height


def registrar_key(registrar: tuple[str, bytes]) -> bytes:
    wijk, account = registrar
    return wijk.encode("ascii") + b"\x00" + account


REGISTRARS: Table[tuple[str, bytes], Registrar] = Table(32, "registrar", Registrar, registrar_key)


class AlreadyRegistrar(Rejected):
    code = 230
    fields = ("wijk", "account")


class NotARegistrar(Rejected):
    code = 231
    fields = ("wijk", "account")


class DelegateRegistrar(Record, tag=1):
    wijk: Code
    account: AccountId


class EndRegistrar(Record, tag=1):
    wijk: Code
    account: AccountId


@event
class RegistrarNamed(Record, tag=230):
    wijk: Code
    account: AccountId


@event
class RegistrarEnded(Record, tag=231):
    wijk: Code
    account: AccountId


def require_office(view: View, context: Context, wijk: str) -> bytes:
    """The call acts for this wijk's office; returns the registrar's account (empty: the board).

    Refuses NotAuthorised, and for a registrar's till key TillKeyOnly.
    """
    if context.has(Board(wijk)):
        return b""
    actor = context.actor
    if isinstance(actor, AccountActor) and context.has(Holder(actor.account)):
        if view.get(REGISTRARS, (wijk, actor.account)) is None:
            raise NotAuthorised(describe(Board(wijk)))
        require_actor(view, context, actor.account)
        return actor.account
    raise NotAuthorised(describe(Board(wijk)))


def delegate_registrar(draft: Draft, context: Context, args: DelegateRegistrar) -> None:
    """Name a registrar. Refuses NotAuthorised (Board), UnknownBoard, NotRegistered,
    ClosedAccount, AlreadyRegistrar, in that order."""
    context.require(Board(args.wijk))
    require_board(draft, args.wijk)
    require_account(draft, args.account)
    if draft.get(REGISTRARS, (args.wijk, args.account)) is not None:
        raise AlreadyRegistrar(args.wijk, args.account)
    draft.put(REGISTRARS, (args.wijk, args.account), Registrar(context.height))
    context.emit(RegistrarNamed(args.wijk, args.account))


def end_registrar(draft: Draft, context: Context, args: EndRegistrar) -> None:
    """Refuses NotAuthorised (Board), NotARegistrar, in that order."""
    context.require(Board(args.wijk))
    if draft.get(REGISTRARS, (args.wijk, args.account)) is None:
        raise NotARegistrar(args.wijk, args.account)
    draft.delete(REGISTRARS, (args.wijk, args.account))
    context.emit(RegistrarEnded(args.wijk, args.account))
