"""Boards: what lies before a board or before all boards, approving it, and leaving.

Proposals are made by every other command with `--as-board` or `--as-boards` (acting.py). Before a
member approves, the wallet shows what the proposal would do, call by call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli.acting import acting, acting_command, told_of_proposal
from wallet_cli.client import Answer, ApiError
from wallet_cli.commands.pay import DRY_RUN, carry
from wallet_cli.commands.tx import named_call, transaction_id_of
from wallet_cli.desk import Session, client_of, converse, profile_of, wallet_command

if TYPE_CHECKING:
    from chain.codec import Record

STATUS = {
    "open": N_("open"),
    "carried": N_("carried out"),
    "failed": N_("decided, but refused"),
    "withdrawn": N_("withdrawn"),
    "lapsed": N_("lapsed"),
}


@console.group(name="board", help=N_("The board of a wijk: proposals and approvals."))
def group() -> None:
    pass


@console.group(name="boards", help=N_("All boards together: what they decide as a federation."))
def together() -> None:
    pass


@group.command(name="show", help=N_("Who sits on a board, and its treasury."))
@click.argument("wijk")
@wallet_command
def show(settings: Settings, wallet: str | None, wijk: str) -> None:
    from wallet_cli.sending import clock

    client = client_of(settings, profile_of(settings, wallet) if not settings.node else None)
    found = client.get(f"/v1/wijken/{wijk}")
    lines = [
        _("Board of {wijk}: {count} members, {numerator}/{denominator} of them decide").format(
            wijk=wijk,
            count=len(found["members"]),
            numerator=found["numerator"],
            denominator=found["denominator"],
        ),
        *(f"  {member}" for member in found["members"]),
        _("Treasury: {treasury}").format(treasury=found["treasury"]),
        _("Term ends {when}").format(when=clock(found["term_end_ms"])),
    ]
    if found["caretaker"]:
        lines.append(_("It is a caretaker: it may only keep things going."))
    elif found["founding"]:
        lines.append(_("It is a founding board: it may do what a beginning asks, no more."))
    out(settings, found, "\n".join(lines))


@group.command(name="list", help=N_("What lies before a board."))
@click.argument("wijk")
@wallet_command
def listed(settings: Settings, wallet: str | None, wijk: str) -> None:
    client = client_of(settings, profile_of(settings, wallet) if not settings.node else None)
    found = client.get(f"/v1/wijken/{wijk}/proposals")
    _out_list(settings, found, "proposals")


@together.command(name="list", help=N_("What lies before all boards."))
@wallet_command
def listed_together(settings: Settings, wallet: str | None) -> None:
    client = client_of(settings, profile_of(settings, wallet) if not settings.node else None)
    _out_list(settings, client.get("/v1/motions"), "motions")


@group.command(name="proposal", help=N_("What a proposal would do, and where it stands."))
@click.argument("id", metavar="ID")
@wallet_command
def proposal(settings: Settings, wallet: str | None, id: str) -> None:
    _show(settings, converse(settings, wallet), "proposals", id)


@together.command(name="proposal", help=N_("What a proposal would do, and where it stands."))
@click.argument("id", metavar="ID")
@wallet_command
def motion(settings: Settings, wallet: str | None, id: str) -> None:
    _show(settings, converse(settings, wallet), "motions", id)


@group.command(name="propose", help=N_("Propose any call of a contract, its arguments as JSON."))
@click.argument("contract")
@click.argument("method")
@click.argument("arguments", metavar="JSON|-")
@DRY_RUN
@acting_command
def propose(
    settings: Settings,
    wallet: str | None,
    contract: str,
    method: str,
    arguments: str,
    dry_run: bool,
) -> None:
    """What no command of its own makes; who proposes is said by --as-board or --as-boards."""
    if not acting().board:
        raise UserError(
            _("Which board proposes it? Say so with --as-board WIJK or --as-boards WIJK."),
            Exit.USAGE,
        )
    session = converse(settings, wallet)
    call = named_call(session.profile.prefix, contract, method, arguments)
    told = {"contract": contract, "method": method}
    carry(session, session.account(), (call,), told, "", dry_run)


@group.command(name="approve", help=N_("Approve a proposal, after seeing what it would do."))
@click.argument("id", metavar="ID")
@wallet_command
def approve(settings: Settings, wallet: str | None, id: str) -> None:
    from governance_contracts.boards.board import Approve

    session = converse(settings, wallet)
    found = _ask(settings, session, id, _("Approve this?"))
    _on_proposal(session, "approve", Approve(bytes.fromhex(id), found["work"]), id)


@group.command(name="carry-out", help=N_("Carry out what has enough approvals by now."))
@click.argument("id", metavar="ID")
@wallet_command
def carry_out(settings: Settings, wallet: str | None, id: str) -> None:
    from governance_contracts.boards.board import CarryOut

    session = converse(settings, wallet)
    found = _ask(settings, session, id, _("Carry this out?"))
    _on_proposal(session, "carry_out", CarryOut(bytes.fromhex(id), found["work"]), id)


@group.command(name="withdraw", help=N_("Take a proposal of your own back."))
@click.argument("id", metavar="ID")
@wallet_command
def withdraw(settings: Settings, wallet: str | None, id: str) -> None:
    from governance_contracts.boards.board import Withdraw

    session = converse(settings, wallet)
    _on_proposal(session, "withdraw", Withdraw(transaction_id_of(id)), id)


@group.command(name="conflict", help=N_("Stand aside: you have an interest in this matter."))
@click.argument("id", metavar="ID")
@wallet_command
def conflict(settings: Settings, wallet: str | None, id: str) -> None:
    from governance_contracts.boards.board import DeclareConflict

    session = converse(settings, wallet)
    _on_proposal(session, "declare_conflict", DeclareConflict(transaction_id_of(id)), id)


@group.command(name="resign", help=N_("Leave the board, at once."))
@click.argument("wijk")
@wallet_command
def resign(settings: Settings, wallet: str | None, wijk: str) -> None:
    from governance_contracts.boards.board import Resign
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    if console.on_terminal():
        console.confirm(settings, _("Leave the board of {wijk}?").format(wijk=wijk))
    text = _("You have left the board of {wijk}.").format(wijk=wijk)
    call = builder.call("board", "resign", Resign(wijk))
    carry(session, session.account(), (call,), {"wijk": wijk}, text, False)


@together.command(name="approve", help=N_("Agree as a board; use it with --as-board."))
@click.argument("id", metavar="ID")
@DRY_RUN
@acting_command
def agree(settings: Settings, wallet: str | None, id: str, dry_run: bool) -> None:
    from governance_contracts.boards.federation import Approve

    session, found = _motion_for(settings, wallet, id, _("Propose that your board agrees?"))
    args = Approve(acting().board, bytes.fromhex(id), found["work"])
    _on_motion(session, "approve", args, id, dry_run)


@together.command(name="carry-out", help=N_("Carry out what enough boards agreed to by now."))
@click.argument("id", metavar="ID")
@DRY_RUN
@acting_command
def carry_out_together(settings: Settings, wallet: str | None, id: str, dry_run: bool) -> None:
    from governance_contracts.boards.federation import CarryOut

    session, found = _motion_for(settings, wallet, id, _("Propose that it is carried out?"))
    args = CarryOut(acting().board, bytes.fromhex(id), found["work"])
    _on_motion(session, "carry_out", args, id, dry_run)


@together.command(name="withdraw", help=N_("Take your board's proposal back."))
@click.argument("id", metavar="ID")
@DRY_RUN
@acting_command
def withdraw_together(settings: Settings, wallet: str | None, id: str, dry_run: bool) -> None:
    from governance_contracts.boards.federation import Withdraw

    session, _found = _motion_for(settings, wallet, id, _("Propose to take it back?"))
    args = Withdraw(acting().board, bytes.fromhex(id))
    _on_motion(session, "withdraw", args, id, dry_run)


def _motion_for(settings: Settings, wallet: str | None, id: str, question: str) -> Any:
    """Boards agree by a decision of their own: so these commands need `--as-board`."""
    if not acting().board or acting().together:
        raise UserError(
            _("A board agrees by a decision of its own: say which with --as-board WIJK."),
            Exit.USAGE,
        )
    session = converse(settings, wallet)
    return session, _ask(settings, session, id, question, "motions")


def _on_motion(session: Session, method: str, args: Record, id: str, dry_run: bool) -> None:
    from wallet_cli.core import builder

    call = builder.call("federation", method, args)
    carry(session, session.account(), (call,), {"motion": id}, "", dry_run)


def _on_proposal(session: Session, method: str, args: Record, id: str) -> None:
    from wallet_cli import sending
    from wallet_cli.core import builder

    account = session.account()
    sending.require_one_signature(account)
    sheet = sending.make_sheet(session, account, (builder.call("board", method, args),))
    final = sending.send(session.client, sheet)
    fields, text = told_of_proposal(session, id)
    footer = _("final in block {height}, transaction {id}").format(
        height=final.height, id=final.id.hex()
    )
    out(session.settings, {**final.as_json(), **fields}, f"{text}\n({footer})")


def _find(session: Session, kind: str, id: str) -> Answer:
    """A proposal or motion, in full if this wallet may see it. Raises UserError (usage)."""
    transaction_id_of(id)
    try:
        return session.client.get(f"/v1/accounts/{session.profile.address}/{kind}/{id}")
    except ApiError as error:
        if error.status != 404:
            raise
        raise UserError(
            _("There is no proposal {id} on this chain.").format(id=id), Exit.USAGE
        ) from None


def _ask(
    settings: Settings, session: Session, id: str, question: str, kind: str = "proposals"
) -> Answer:
    """Show what it would do, and on a terminal ask."""
    found = _find(session, kind, id)
    if console.on_terminal() and not settings.yes:
        console.note(_text(session, found))
        console.confirm(settings, question)
    return found


def _show(settings: Settings, session: Session, kind: str, id: str) -> None:
    found = _find(session, kind, id)
    data = {**found, "calls": _calls(session, found)}
    out(settings, data, _text(session, found))


def _calls(session: Session, found: Answer) -> list[Answer]:
    from chain.codec import decode
    from chain.errors import Malformed
    from chain.transaction import Call
    from wallet_cli.core.arguments import call_as_json

    shown: list[Answer] = []
    for call in found["calls"]:
        try:
            read = decode(Call, bytes.fromhex(call["data"] or ""))
        except (Malformed, ValueError):
            shown.append({"contract": call["contract"], "method": call["method"], "args": None})
        else:
            shown.append(call_as_json(read, session.profile.prefix))
    return shown


def _text(session: Session, found: Answer) -> str:
    from wallet_cli.happenings import call_lines

    lines = [_line(found)]
    motivation = found.get("motivation")
    lines.append(
        _("  kept off the chain") if motivation is None else f"  {motivation or _('no motivation')}"
    )
    for call in _calls(session, found):
        if call["args"] is None:
            lines.append(f"  {call['contract']}.{call['method']}")
        else:
            lines += call_lines(call)
    if found.get("refusal"):
        lines.append("  " + _("refused: {name}").format(name=found["refusal"]["name"]))
    return "\n".join(lines)


def _line(found: Answer) -> str:
    from wallet_cli.sending import clock

    return _("{id}  {wijk}  {status}, {approvals} of {needed} approvals, until {until}").format(
        id=found["id"],
        wijk=found.get("wijk") or found.get("proposer"),
        status=_(STATUS[found["status"]]),
        approvals=found["approvals"],
        needed=found["approvals_needed"],
        until=clock(found["lapses_ms"]),
    )


def _out_list(settings: Settings, found: Answer, name: str) -> None:
    lines = []
    for one in found[name]:
        lines.append(_line(one))
        methods = ", ".join(f"{call['contract']}.{call['method']}" for call in one["calls"])
        lines.append(f"  {methods}  {one['motivation'] or ''}".rstrip())
    out(settings, {name: found[name]}, "\n".join(lines) or _("Nothing lies open."))


COMMANDS = (group, together)
