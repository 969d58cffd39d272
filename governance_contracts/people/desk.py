"""Two at the desk: where a registrar acts for a resident, a second of the office signs along."""

from __future__ import annotations

from chain.authority import Holder
from chain.contract import Context
from chain.state import View
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.mandates.mandates import NoSecondSignature
from governance_contracts.people.acting import require_unfrozen
from governance_contracts.people.registrars import REGISTRARS, require_office


def two_at_the_desk(view: View, context: Context, wijk: str) -> tuple[bytes, ...]:
    """The registrar who acts for the office of a wijk, and who signs with them: another registrar
    of it, or a member of its board. Nobody when the board itself decides.

    Refuses NotAuthorised, TillKeyOnly, NoSecondSignature; of the second ClosedAccount,
    FrozenAccount; in that order.
    """
    registrar = require_office(view, context, wijk)
    if not registrar:
        return ()
    board = view.get(BOARDS, wijk)
    members = board.members if board else ()
    for authority in context.authorities:
        if not isinstance(authority, Holder) or authority.account == registrar:
            continue
        second = authority.account
        if second in members or view.get(REGISTRARS, (wijk, second)) is not None:
            context.require(authority)
            require_unfrozen(view, second)
            return (registrar, second)
    raise NoSecondSignature(wijk)
