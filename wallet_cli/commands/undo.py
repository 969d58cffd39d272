"""Undoing payments: both together (`reverse`), and what was paid by mistake (`mistake ...`)."""

from __future__ import annotations

import json
from pathlib import Path

import click
from msgspec.structs import replace

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import converse, home_of, wallet_command

SIGN_HOURS = 24
NUMBER = click.option(
    "--number", type=click.IntRange(0, 255), default=0, help=N_("Payment in it, from 0.")
)
NOTE = click.option(
    "--note", metavar="TEXT", help=N_("What happened; only its salted hash goes on the chain.")
)
REASONS = ("wrong-payee", "wrong-amount", "paid-twice", "not-delivered", "other")
"""In the order of mistakes.Reason, from 1."""
REPLIES = ("owed", "delivered", "will-return", "other")
"""In the order of mistakes.Reply, from 1."""
ROLES = {"payer": N_("you paid"), "payee": N_("you were paid"), "office": N_("your office")}
STATES = {
    1: N_("waits for an answer until {until}"),
    2: N_("given back"),
    3: N_("answered: {reply}"),
    4: N_("in mediation"),
}


@click.command(
    name="reverse", cls=console.Command, help=N_("Undo a payment together; the other signs too.")
)
@click.argument("id", metavar="ID")
@NUMBER
@click.option(
    "--out",
    "out_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default="reverse.tx.json",
    show_default=True,
    help=N_("Where the transaction goes that the other signs."),
)
@wallet_command
def reverse(settings: Settings, wallet: str | None, id: str, number: int, out_file: Path) -> None:
    from governance_contracts.payments.mistakes import Reverse
    from wallet_cli import sending
    from wallet_cli.commands.tx import transaction_id_of
    from wallet_cli.core import builder
    from wallet_cli.files import write_private

    args = Reverse(transaction_id_of(id), number)
    session = converse(settings, wallet)
    call = checked_call(builder.call("pay", "reverse", args), args)
    body = sending.make_body(session, session.account(), (call,))
    later = body.valid_until_ms - builder.VALID_MS + SIGN_HOURS * 3_600_000
    profile = session.profile
    unsigned = builder.Sheet(replace(body, valid_until_ms=later), ())
    sheet = builder.sign(unsigned, profile.account, profile.key_number, session.opened.seed)
    try:
        write_private(out_file, json.dumps(builder.sheet_as_json(sheet)).encode(), replace=False)
    except OSError as error:
        raise UserError(
            _("{path} cannot be written: {reason}").format(
                path=out_file, reason=console.of_the_system(error)
            ),
            Exit.USAGE,
        ) from None
    text = _(
        "Signed by you; nothing is undone yet. The other party of the payment\n"
        "  looks:       socialcoin wallet tx show {path}\n"
        "  signs:       socialcoin wallet tx sign {path} > signed.json\n"
        "  and sends:   socialcoin wallet tx send signed.json\n"
        "within {hours} hours."
    ).format(path=out_file, hours=SIGN_HOURS)
    told = {"status": "to_be_signed", "file": str(out_file), "tx_id": sheet.id.hex()}
    out(settings, told, text)


@console.group(name="mistake", help=N_("What you paid, or were paid, by mistake."))
def mistake() -> None:
    pass


@mistake.command(name="report", help=N_("Say that a payment of yours was a mistake."))
@click.argument("id", metavar="ID")
@NUMBER
@click.option("--reason", type=click.Choice(REASONS), required=True, help=N_("What went wrong."))
@NOTE
@DRY_RUN
@acting_command
def report(
    settings: Settings,
    wallet: str | None,
    id: str,
    number: int,
    reason: str,
    note: str | None,
    dry_run: bool,
) -> None:
    from governance_contracts.payments.mistakes import Mistake
    from wallet_cli.commands.tx import transaction_id_of
    from wallet_cli.core import builder
    from wallet_cli.openings import reference_of

    payment = transaction_id_of(id)
    session = converse(settings, wallet)
    grounds, salt = reference_of(home_of(settings), session.profile.name, note)
    said = () if grounds is None else (grounds,)
    args = Mistake(payment, number, REASONS.index(reason) + 1, said)
    call = checked_call(builder.call("pay", "mistake", args), args)
    told: Answer = {"payment": payment.hex(), "number": number, "reason": reason}
    if salt is not None:
        told["note_salt"] = salt
    text = _(
        "The payee is told, and has 7 days to give it back or to answer. If nothing happens, "
        "the office of the wijk gets the case."
    )
    carry(session, session.account(), (call,), told, text, dry_run)


@mistake.command(name="answer", help=N_("Answer who says that they paid you by mistake."))
@click.argument("id", metavar="ID")
@NUMBER
@click.option("--reply", type=click.Choice(REPLIES), required=True, help=N_("Why you keep it."))
@NOTE
@DRY_RUN
@acting_command
def answer(
    settings: Settings,
    wallet: str | None,
    id: str,
    number: int,
    reply: str,
    note: str | None,
    dry_run: bool,
) -> None:
    from governance_contracts.payments.mistakes import AnswerMistake
    from wallet_cli.commands.tx import transaction_id_of
    from wallet_cli.core import builder
    from wallet_cli.openings import reference_of

    payment = transaction_id_of(id)
    session = converse(settings, wallet)
    grounds, salt = reference_of(home_of(settings), session.profile.name, note)
    said = () if grounds is None else (grounds,)
    args = AnswerMistake(payment, number, REPLIES.index(reply) + 1, said)
    call = checked_call(builder.call("pay", "answer_mistake", args), args)
    told: Answer = {"payment": payment.hex(), "number": number, "reply": reply}
    if salt is not None:
        told["note_salt"] = salt
    carry(session, session.account(), (call,), told, _("The payer is told."), dry_run)


@mistake.command(name="list", help=N_("Your cases, and those your office has to settle."))
@wallet_command
def listed(settings: Settings, wallet: str | None) -> None:
    from wallet_cli.sending import clock

    session = converse(settings, wallet)
    found = session.client.get(f"/v1/accounts/{session.profile.address}/mistakes")
    lines = []
    for case in found.get("cases", []):
        reply = REPLIES[case["reply"] - 1] if case.get("reply") else ""
        state = _(STATES[case["state"]]).format(until=clock(case["answer_by_ms"]), reply=reply)
        lines.append(
            _("{payment} {number}  {amount} {coin}  {reason}  {role}: {state}").format(
                payment=case["payment"],
                number=case["number"],
                amount=format_cents(case["amount_cents"]),
                coin=case["coin"],
                reason=REASONS[case["reason"] - 1],
                role=_(ROLES[case["role"]]),
                state=state,
            )
        )
    out(settings, found, "\n".join(lines) or _("There is no case."))


COMMANDS = (reverse,)
