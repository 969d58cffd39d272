"""Acting for somebody else: as a board, as the boards together, or under a mandate.

Any command that makes calls takes these options. With `--as-board` its calls become a proposal to
that board, which other members approve with `wallet board approve`; with `--as-boards` that
proposal puts them before all boards; with `--mandate` they are made under a mandate of somebody
else's account. What a command does stays the same; who does it differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from genesis.console import N_, Exit, UserError, _
from wallet_cli.client import ApiError
from wallet_cli.desk import Session, account_of, wallet_command

if TYPE_CHECKING:
    from chain.codec import Record
    from chain.transaction import Call
    from wallet_cli.client import Answer

KEY = "wallet_cli.acting"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who makes the calls of this command; all empty: the wallet's own account.

    `board`: the wijk whose board proposes; `together`: that proposal goes to all boards.
    `account`: the address acted for, where that does not follow. `along`: other wallets of this
    home that sign too. `sheet`: print the signed transaction for somebody else to sign and send.
    """

    board: str = ""
    together: bool = False
    motivation: str = ""
    mandate: int | None = None
    account: str = ""
    along: tuple[str, ...] = ()
    sheet: bool = False

    @property
    def own(self) -> bool:
        return not self.board and self.mandate is None


def acting_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """`wallet_command`, with the options to act for somebody else."""

    @wraps(command)
    def noted(
        *args: Any,
        as_board: str | None,
        as_boards: str | None,
        motivation: str | None,
        mandate: int | None,
        on_behalf_of: str | None,
        with_wallet: tuple[str, ...],
        sheet: bool,
        **values: Any,
    ) -> Any:
        ways = [way for way in (as_board, as_boards, mandate) if way is not None]
        if len(ways) > 1:
            raise UserError(
                _("Act in one way: --as-board, --as-boards or --mandate, not several."), Exit.USAGE
            )
        if motivation and not (as_board or as_boards):
            raise UserError(
                _("--motivation belongs to a proposal: use it with --as-board WIJK."), Exit.USAGE
            )
        if on_behalf_of and not ways:
            raise UserError(
                _("--on-behalf-of needs to know by what right: --as-board or --mandate."),
                Exit.USAGE,
            )
        click.get_current_context().meta[KEY] = Acting(
            as_board or as_boards or "",
            bool(as_boards),
            motivation or "",
            mandate,
            on_behalf_of or "",
            with_wallet,
            sheet,
        )
        return command(*args, **values)

    made: Any = noted
    for option in reversed(
        (
            click.option(
                "--as-board",
                metavar="WIJK",
                help=N_("Propose it to this wijk's board, of which you are a member."),
            ),
            click.option(
                "--as-boards",
                metavar="WIJK",
                help=N_("Propose to this wijk's board to put it before all boards."),
            ),
            click.option(
                "--motivation", metavar="TEXT", help=N_("Why; everybody may read it, for ever.")
            ),
            click.option(
                "--mandate",
                type=click.IntRange(0),
                metavar="NUMBER",
                help=N_("Act for the account that gave you this mandate."),
            ),
            click.option(
                "--on-behalf-of",
                metavar="ADDRESS",
                help=N_("Which account, if a board acts for another than its treasury."),
            ),
            click.option(
                "--with-wallet",
                metavar="NAME",
                multiple=True,
                help=N_("Let this other wallet of the home sign too; may be given again."),
            ),
            click.option(
                "--sheet",
                is_flag=True,
                help=N_("Print it signed, for somebody else's `tx sign` and `tx send`."),
            ),
        )
    ):
        made = option(made)
    found: Callable[..., Any] = wallet_command(made)
    return found


def acting() -> Acting:
    """What this command's options said."""
    context = click.get_current_context(silent=True)
    found = None if context is None else context.meta.get(KEY)
    return found if isinstance(found, Acting) else Acting()


def acts_for(session: Session) -> bytes:
    """The account that this command's calls concern. Raises UserError (usage)."""
    how = acting()
    if how.own:
        return session.profile.account
    if how.account:
        return account_of(session.profile, how.account)
    if how.mandate is not None:
        path = f"/v1/accounts/{session.profile.address}/mandates/{how.mandate}"
        try:
            found = session.client.get(path)
        except ApiError as error:
            if error.status != 404:
                raise
            raise UserError(
                _("You have no mandate {number}; `wallet mandate list` shows yours.").format(
                    number=how.mandate
                ),
                Exit.USAGE,
            ) from None
        return account_of(session.profile, str(found["granter"]))
    wijk = session.client.get(f"/v1/wijken/{how.board}")
    return account_of(session.profile, str(wijk["treasury"]))


def wrapped(calls: tuple[Call, ...]) -> tuple[Call, ...]:
    """The calls as this command's options want them made."""
    from governance_contracts.boards.board import Propose as ProposeToBoard
    from governance_contracts.boards.federation import Propose as ProposeToBoards
    from governance_contracts.boards.proposals import Text
    from wallet_cli.core import builder
    from wallet_cli.core.arguments import work_of

    how = acting()
    if how.mandate is not None:
        from wallet_cli.core.mandates import wrap

        return (wrap(how.mandate, calls),)
    if not how.board:
        return calls
    motivation = Text(how.motivation)
    if how.together:
        put: Record = ProposeToBoards(how.board, calls, motivation, work_of(calls))
        calls = (builder.call("federation", "propose", put),)
    proposal = ProposeToBoard(how.board, calls, motivation, (), work_of(calls))
    return (builder.call("board", "propose", proposal),)


def told_of_proposal(session: Session, proposal: str) -> tuple[Answer, str]:
    """Where a proposal stands after this wallet's part: fields for scripts, and a sentence."""
    found = session.client.get(f"/v1/proposals/{proposal}")
    told = {"proposal": proposal, "proposal_status": found["status"]}
    match found["status"]:
        case "carried":
            return told, _("The board has decided it; it is done.")
        case "failed":
            from wallet_cli.refusals import explain

            refusal = found.get("refusal") or {}
            return told | {"proposal_refusal": refusal}, _(
                "The board decided it, but it was refused, and nothing has changed. {reason}"
            ).format(reason=explain(refusal.get("name", ""), refusal.get("fields") or {}))
        case _:
            return told, _(
                "Proposed to the board of {wijk}: {approvals} of {needed} approvals. Others "
                "approve with `socialcoin wallet board approve {proposal}`."
            ).format(
                wijk=found["wijk"],
                approvals=found["approvals"],
                needed=found["approvals_needed"],
                proposal=proposal,
            )
