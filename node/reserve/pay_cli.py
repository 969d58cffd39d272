"""`socialcoin node reserve desk|collect|destination|export|release|check`: euros back to people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, common_options, format_cents, out

if TYPE_CHECKING:
    from auditor.bank.pain_check import Checked
    from node.reserve.home import ReserveHome
    from node.reserve.orders import Asked

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
NEW_FILE = click.Path(path_type=Path, dir_okay=False)
EXPORT_MAX = 500
ASK_MS = 5 * 60 * 1000


@click.command(cls=console.Command, help=N_("The desk's key, to which people seal their IBAN."))
@common_options
def desk(settings: Settings) -> None:
    from chain import crypto
    from node.reserve.cli import opened
    from node.reserve.orders import desk_seed

    home, _passphrase = opened(settings)
    key = crypto.public_key(desk_seed(home)).hex()
    text = _(
        "The desk of {coin} has the key {key}. The board puts it on the chain with:\n"
        "  socialcoin wallet reserve desk {key} --coin {coin} --as-board WIJK"
    ).format(coin=home.coin, key=key)
    out(settings, {"coin": home.coin, "key": key}, text)


@click.command(
    cls=console.Command, help=N_("Fetch from a node which redemptions wait, and where they go.")
)
@common_options
def collect(settings: Settings) -> None:
    from node.reserve.cli import opened

    home, _passphrase = opened(settings)
    answer = collected(settings, home)
    waiting = [
        {
            "redemption": asked.redemption,
            "amount_cents": asked.amount,
            "requested_ms": asked.requested_ms,
            "problem": answer.problems.get(asked.redemption) or None,
        }
        for asked in answer.waiting
    ]
    lines = [
        _("{number}: {amount}").format(
            number=one["redemption"], amount=format_cents(int(one["amount_cents"] or 0))
        )
        + {
            "missing": " " + _("(where it goes has not come in)"),
            "wrong": " " + _("(what came in is not what the chain commits to)"),
        }.get(str(one["problem"]), "")
        for one in waiting
    ]
    out(
        settings,
        {"coin": home.coin, "waiting": waiting},
        "\n".join(lines) or _("No redemption waits."),
    )


class Collected:
    """What the chain says of redemptions. `problems`: by number, empty if it can be paid."""

    def __init__(self, time_ms: int, asked: Sequence[Asked], problems: dict[int, str]) -> None:
        self.time_ms = time_ms
        self.asked = {one.redemption: one for one in asked}
        self.problems = problems

    @property
    def waiting(self) -> list[Asked]:
        return [one for one in self.asked.values() if one.state == "requested"]

    @property
    def payable(self) -> list[Asked]:
        return [one for one in self.waiting if not self.problems.get(one.redemption, "missing")]


def collected(settings: Settings, home: ReserveHome, also: Sequence[int] = ()) -> Collected:
    """Ask the node as the desk, and keep what people sealed. Raises UserError."""
    from auditor.bank.desk import ASK_MAX, ask_bytes
    from chain import crypto
    from node.ask import ask
    from node.reserve.orders import Asked, desk_seed, known_destinations, take_boxes

    if not settings.node:
        raise UserError(_("Which node? Name one with --node URL or SOCIALCOIN_NODE."), Exit.USAGE)
    status = ask(settings.node, "/v1/status")
    # Of those whose destination is known here too: what is over is forgotten.
    numbers = sorted(set(also) | set(known_destinations(home)[: ASK_MAX - len(set(also))]))
    expires_ms = time.time_ns() // 1_000_000 + ASK_MS
    try:
        message = ask_bytes(
            bytes.fromhex(status["chain_id"]),
            int(status["epoch"]),
            home.coin,
            bytes.fromhex(status["node_key"]),
            expires_ms,
            numbers,
        )
        signature = crypto.sign(desk_seed(home), message).hex()
        body = {"expires_ms": expires_ms, "redemptions": numbers, "signature": signature}
        answer = ask(settings.node, f"/v1/coins/{home.coin}/desk", body)
        given = [
            (
                Asked(
                    int(one["redemption"]),
                    int(one["amount_cents"]),
                    bytes.fromhex(one["destination"]),
                    str(one["state"]),
                    int(one["requested_ms"]),
                    one["exported_ms"],
                    None if one["file"] is None else bytes.fromhex(one["file"]),
                ),
                None if one["box"] is None else bytes.fromhex(one["box"]),
            )
            for one in answer["redemptions"]
        ]
        time_ms = int(answer["time_ms"])
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("what answers at {url} is no node of the social coin").format(url=settings.node),
            Exit.UNREACHABLE,
        ) from None
    return Collected(time_ms, [asked for asked, _box in given], take_boxes(home, given))


@click.command(
    cls=console.Command, help=N_("Note by hand where a redemption goes, from the holder's letter.")
)
@click.argument("redemption", type=click.IntRange(0))
@click.option("--iban", required=True, metavar="IBAN", help=N_("Where the euros go."))
@click.option("--salt", required=True, metavar="HEX", help=N_("As the holder's wallet printed it."))
@click.option("--name", default="", metavar="NAME", help=N_("The bank account's holder."))
@common_options
def destination(settings: Settings, redemption: int, iban: str, salt: str, name: str) -> None:
    from auditor.bank.desk import Destination
    from genesis.iban import checked_iban
    from node.reserve.cli import opened
    from node.reserve.orders import keep_destination

    number = checked_iban(iban)
    try:
        given = bytes.fromhex(salt)
    except ValueError:
        given = b""
    if len(given) != 16:
        raise UserError(_("A salt is 32 hexadecimal digits."), Exit.USAGE)
    home, _passphrase = opened(settings)
    asked = collected(settings, home, (redemption,)).asked.get(redemption)
    if asked is None:
        raise UserError(
            _("There is no redemption {number} of {coin}.").format(
                number=redemption, coin=home.coin
            )
        )
    if not keep_destination(home, asked, Destination(redemption, number, given, name)):
        raise UserError(
            _(
                "This number and salt are not what the chain commits to for redemption {number}. "
                "Compare them with the holder's letter, digit by digit."
            ).format(number=redemption)
        )
    out(
        settings,
        {"redemption": redemption, "iban": number},
        _("Redemption {number} goes to {iban}.").format(number=redemption, iban=number),
    )


@click.command(
    cls=console.Command, help=N_("Prepare the export of what waits, for the board to decide.")
)
@click.option("--out", "file", required=True, type=NEW_FILE, help=N_("The prepared call."))
@click.option(
    "--version", type=click.Choice(("03", "09")), default="09", help=N_("Of pain.001.001.")
)
@click.option(
    "--name", required=True, metavar="NAME", help=N_("The reserve's name, as at the bank.")
)
@click.option("--bic", default="", metavar="BIC", help=N_("The reserve's bank, if it asks for it."))
@click.option(
    "--redemption",
    "numbers",
    type=click.IntRange(0),
    multiple=True,
    help=N_("Only this one; may be given again. Default: all that can be paid, oldest first."),
)
@common_options
def export(
    settings: Settings, file: Path, version: str, name: str, bic: str, numbers: tuple[int, ...]
) -> None:
    """The payment file itself stays sealed in the home until the chain says exported."""
    from node.ask import ask
    from node.reserve.cli import opened
    from node.reserve.home import write_json
    from node.reserve.orders import file_commitment, prepare

    home, _passphrase = opened(settings)
    found = collected(settings, home, numbers)
    wanted = sorted({n for n in numbers if n in found.asked})
    chosen = [found.asked[number] for number in wanted] if numbers else found.payable
    for number in numbers:
        if number not in found.asked:
            raise UserError(
                _("There is no redemption {number} of {coin}.").format(
                    number=number, coin=home.coin
                )
            )
    status = ask(settings.node or "", "/v1/status")
    currency = ask(settings.node or "", f"/v1/coins/{home.coin}/reserve")["currency"]
    chain = bytes.fromhex(status["chain_id"])
    made = prepare(home, chain, currency, name, bic, chosen[:EXPORT_MAX], found.time_ms, version)
    content: dict[str, Any] = {
        "format": 1,
        "call": "reserve.export",
        "chain_id": chain.hex(),
        "coin": home.coin,
        "redemptions": list(made.redemptions),
        "file": file_commitment(home.key, made.data).hex(),
        "name": made.name,
        "total_cents": made.total,
    }
    write_json(file, content)
    left = [n for n, problem in found.problems.items() if problem]
    text = _(
        "{count} redemptions, {total} in all, in payment file {name}. A board member proposes it "
        "with `wallet reserve export {file} --as-board WIJK`, another approves; then "
        "`node reserve release {name} --out FILE.xml`."
    ).format(count=len(made.orders), total=format_cents(made.total), name=made.name, file=file)
    if left:
        text += "\n" + _("Left out, since where they go is not known: {numbers}.").format(
            numbers=", ".join(map(str, sorted(left)))
        )
    out(settings, content | {"left_out": sorted(left), "out": str(file)}, text)


@click.command(
    cls=console.Command, help=N_("Hand out a payment file that the board has decided on.")
)
@click.argument("name", metavar="NAME")
@click.option("--out", "file", required=True, type=NEW_FILE, help=N_("The file for the bank."))
@click.option(
    "--again", is_flag=True, help=N_("It was handed out before, but the bank does not have it.")
)
@common_options
def release(settings: Settings, name: str, file: Path, again: bool) -> None:
    from auditor.bank.pain_check import check_payments
    from node.reserve.cli import opened
    from node.reserve.home import write_sealed
    from node.reserve.orders import payment_file, payment_files
    from node.reserve.orders import release as released

    home, _passphrase = opened(settings)
    made = payment_file(home, name) if name.isalnum() else None
    if made is None:
        raise UserError(
            _("There is no payment file {name} here. Prepared are: {names}.").format(
                name=name, names=", ".join(one.name for one in payment_files(home)) or _("none")
            ),
            Exit.USAGE,
        )
    found = collected(settings, home, made.redemptions)
    data = released(home, made, found.asked, found.time_ms, again)
    checked = check_payments(data)
    write_sealed(file, data)
    answer = _as_json(checked) | {"out": str(file), "redemptions": list(made.redemptions)}
    text = _(
        "{file} is for the bank: {count} payments, {total} in all. Two signers check the total "
        "there. Hand it in once; delete it here when the bank has it."
    ).format(file=file, count=len(checked.payments), total=format_cents(checked.total))
    out(settings, answer, text)


@click.command(
    cls=console.Command, help=N_("Could a bank pay this payment file? Everything wrong is said.")
)
@click.argument("file", metavar="FILE.xml", type=FILE)
@common_options
def check(settings: Settings, file: Path) -> None:
    from auditor.bank.pain_check import BYTES_MAX, BadPayments, check_payments

    try:
        with file.open("rb") as source:
            checked = check_payments(source.read(BYTES_MAX + 1))
    except OSError as error:
        raise UserError(
            _("The file cannot be read: {reason}").format(reason=console.of_the_system(error)),
            Exit.USAGE,
        ) from None
    except BadPayments as bad:
        raise UserError(
            _("{file} must not go to a bank:").format(file=file)
            + "".join(f"\n  {fault}" for fault in bad.faults),
            Exit.FAILURE,
            details={"faults": [{"where": one.where, "what": one.what} for one in bad.faults]},
        ) from None
    text = _("{file} can be paid: {count} payments, {total} in all, from {payer}.").format(
        file=file,
        count=len(checked.payments),
        total=format_cents(checked.total),
        payer=checked.payer,
    )
    out(settings, _as_json(checked), text)


def _as_json(checked: Checked) -> dict[str, Any]:
    return {
        "name": checked.name,
        "version": checked.version,
        "payments": len(checked.payments),
        "total_cents": checked.total,
        "total": format_cents(checked.total),
    }


COMMANDS = (desk, collect, destination, export, release, check)
