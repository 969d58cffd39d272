"""The reserve: attest bank statements, make coin for deposits, say whose a credit is.

The calls are prepared from a bank statement by `socialcoin node reserve import`, in files that this
wallet signs and sends; a file for another chain is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting, acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.commands.redemption import FOR_RESERVE
from wallet_cli.desk import Session, account_of, client_of, converse, profile_of, wallet_command

if TYPE_CHECKING:
    from chain.transaction import Call

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FILE_BYTES_MAX = 64 * 1024 * 1024
MINTS_PER_TRANSACTION = 16


@click.group(
    name="reserve", cls=console.Group, help=N_("Bank statements behind a coin, and coin for them.")
)
def group() -> None:
    pass


def prepared(path: Path, call: str) -> Answer:
    """A file of `node reserve import`. Raises UserError (usage)."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(FILE_BYTES_MAX))
        if content["format"] != 1 or content["call"] not in call.split("|"):
            raise ValueError("call")
    except OSError as error:
        raise UserError(
            _("The file cannot be read: {reason}").format(reason=console.of_the_system(error)),
            Exit.USAGE,
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(
            _(
                "{file} is not what `socialcoin node reserve import` prepares for this ({call})."
            ).format(file=path, call=call.partition("|")[0]),
            Exit.USAGE,
        ) from None
    assert isinstance(content, dict)
    return content


def of_this_chain(session: Session, content: Answer, path: Path) -> None:
    if content.get("chain_id") != session.status.chain.hex():
        raise UserError(
            _("{file} was prepared for another chain than this wallet's.").format(file=path),
            Exit.USAGE,
        )


@group.command(name="attest", help=N_("Say that a bank statement is true, having seen it."))
@click.argument("files", metavar="ATTESTATION.json...", type=FILE, nargs=-1, required=True)
@DRY_RUN
@acting_command
def attest(settings: Settings, wallet: str | None, files: tuple[Path, ...], dry_run: bool) -> None:
    """Whoever is first hands the statement in whole; what is booked already is passed over."""
    read = [(path, prepared(path, "reserve.attest")) for path in files]
    session = converse(settings, wallet)
    for path, content in read:
        of_this_chain(session, content, path)
    read.sort(key=lambda one: int(one[1].get("sequence", 0)))
    done: list[Answer] = []
    for path, content in read:
        coin = str(content["coin"])
        state = session.client.get(f"/v1/coins/{coin}/reserve")
        call, told = _attestation(session, path, content, state)
        text = _("You attest statement {sequence} of {coin}: it closes with {closing}.")
        if call is None:
            done.append(told)
        elif len(read) == 1:
            carry(session, session.account(), (call,), told, text.format(**told), dry_run)
            return
        else:
            done.append(told | _sent(session, (call,), dry_run))
            console.note(text.format(**told))
    if len(done) == 1:
        out(settings, done[0], _("Statement {sequence} is booked already.").format(**done[0]))
        return
    booked = sum(told["status"] == "booked" for told in done)
    said = _("{n} statements attested; {booked} were booked already.")
    answer = {"attested": len(done) - booked, "booked": booked, "statements": done}
    out(settings, answer, said.format(n=len(done) - booked, booked=booked))


def _sent(session: Session, calls: tuple[Call, ...], dry_run: bool) -> Answer:
    """One of several transactions: sent and final, or only tried. Raises UserError as `carry`."""
    from wallet_cli import sending
    from wallet_cli.acting import wrapped

    account = session.account()
    sending.require_one_signature(account)
    sheet = sending.make_sheet(session, account, wrapped(calls), trying=dry_run)
    if dry_run:
        sending.dry_run(session.client, sheet)
        return {"status": "ok", "dry_run": True}
    return sending.send(session.client, sheet).as_json()


def _attestation(
    session: Session, path: Path, content: Answer, state: Answer
) -> tuple[Call | None, Answer]:
    from chain.codec import decode
    from chain.errors import Malformed
    from chain.transaction import TRANSACTION_BYTES_MAX
    from governance_contracts.bank.books import Statement, hash_of
    from governance_contracts.bank.statements import Attest
    from wallet_cli.core import builder

    try:
        data = bytes.fromhex(content["statement"])
        statement = decode(Statement, data, TRANSACTION_BYTES_MAX)
    except (Malformed, ValueError, KeyError, TypeError):
        raise UserError(
            _("{file} is damaged: prepare it again from the bank's statement.").format(file=path),
            Exit.USAGE,
        ) from None
    hash = hash_of(statement)
    told: Answer = {
        "coin": statement.coin,
        "sequence": statement.sequence,
        "hash": hash.hex(),
        "closing_cents": statement.closing,
        "closing": format_cents(statement.closing),
        "lines": len(statement.entries),
    }
    if hash.hex() != content.get("hash") or statement.coin != content.get("coin"):
        raise UserError(
            _("{file} is damaged: prepare it again from the bank's statement.").format(file=path),
            Exit.USAGE,
        )
    if statement.sequence <= int(state.get("sequence", 0)):
        booked = session.client.get(f"/v1/coins/{statement.coin}/statements/{statement.sequence}")[
            "statement"
        ]["hash"]
        if booked != hash.hex():
            raise UserError(
                _(
                    "Another statement {sequence} is booked: its hash is {theirs}…, yours "
                    "{ours}…. Compare with the other attestors."
                ).format(sequence=statement.sequence, theirs=booked[:16], ours=hash.hex()[:16])
            )
        return None, told | {"status": "booked"}
    whole = () if hash.hex() in state.get("pending", []) else (statement,)
    args = Attest(session.acts_for, statement.coin, hash, whole)
    return checked_call(builder.call("reserve", "attest", args), args), told


@group.command(name="mint", help=N_("Make the coin for deposits that were attested."))
@click.argument("file", metavar="MINTS.json", type=FILE)
@DRY_RUN
@acting_command
def mint(settings: Settings, wallet: str | None, file: Path, dry_run: bool) -> None:
    """Sixteen in a transaction; what was minted before is passed over."""
    from chain.money import Cents
    from governance_contracts.bank.reserve import Mint
    from wallet_cli.core import builder

    content = prepared(file, "reserve.mint|reserve.attribute")
    session = converse(settings, wallet)
    of_this_chain(session, content, file)
    coin = str(content["coin"])
    calls = []
    skipped = 0
    lines: dict[int, dict[int, str]] = {}
    try:
        for one in content["mints"]:
            statement, entry = int(one["statement"]), int(one["entry"])
            if statement not in lines:
                lines[statement] = _states(session, coin, statement)
            if lines[statement].get(entry, "open") != "open":
                skipped += 1
                continue
            args = Mint(
                coin, statement, entry, account_of(session.profile, str(one["account"])),
                Cents(int(one["amount_cents"])), (bytes.fromhex(one["salt"]),),
            )  # fmt: skip
            calls.append((checked_call(builder.call("reserve", "mint", args), args), args))
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("{file} is damaged: prepare it again from the bank's statement.").format(file=file),
            Exit.USAGE,
        ) from None
    _mint_all(session, settings, coin, calls, skipped, dry_run)


def _states(session: Session, coin: str, statement: int) -> dict[int, str]:
    found = session.client.get(f"/v1/coins/{coin}/statements/{statement}")
    return {int(line["number"]): str(line["state"]) for line in found["lines"]}


def _mint_all(
    session: Session,
    settings: Settings,
    coin: str,
    calls: list[tuple[Call, Any]],
    skipped: int,
    dry_run: bool,
) -> None:
    total = sum(int(args.amount) for _call, args in calls)
    told: Answer = {
        "coin": coin,
        "mints": len(calls),
        "passed_over": skipped,
        "amount_cents": total,
        "amount": format_cents(total),
    }
    if not calls:
        out(settings, told | {"status": "done"}, _("Everything in this file is minted already."))
        return
    text = _("{mints} deposits, {amount} {coin} in all, are minted.").format(**told)
    pieces = [
        tuple(call for call, _args in calls[at : at + MINTS_PER_TRANSACTION])
        for at in range(0, len(calls), MINTS_PER_TRANSACTION)
    ]
    if len(pieces) == 1:
        carry(session, session.account(), pieces[0], told, text, dry_run)
        return
    sent: list[Answer] = []
    for piece in pieces:
        sent.append(_sent(session, piece, dry_run))
        note = _("{done} of {all} transactions are final.")
        console.note(note.format(done=len(sent), all=len(pieces)))
    told |= {"status": sent[-1]["status"], "dry_run": dry_run, "transactions": sent}
    if dry_run:
        text = _("It would succeed; nothing was sent.")
    elif acting().board:
        text = _(
            "Proposed in {n} proposals: others approve each with `socialcoin wallet board approve "
            "ID`."
        ).format(n=len(sent))
    out(settings, told, text)


@group.command(name="attribute", help=N_("Say for whom a credit is that nobody claimed."))
@click.argument("file", metavar="ATTRIBUTE.json", type=FILE)
@DRY_RUN
@acting_command
def attribute(settings: Settings, wallet: str | None, file: Path, dry_run: bool) -> None:
    """A decision of the coin's board; prepared with `node reserve attribute`."""
    from governance_contracts.bank.reserve import Attribute
    from wallet_cli.core import builder

    content = prepared(file, "reserve.attribute")
    session = converse(settings, wallet)
    of_this_chain(session, content, file)
    try:
        args = Attribute(
            str(content["coin"]), int(content["statement"]), int(content["entry"]),
            bytes.fromhex(content["reference"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("{file} is damaged: prepare it again from the bank's statement.").format(file=file),
            Exit.USAGE,
        ) from None
    call = checked_call(builder.call("reserve", "attribute", args), args)
    told: Answer = {"coin": args.coin, "statement": args.statement, "entry": args.entry}
    text = _("Line {statement}/{entry} is a deposit now; mint it.").format(**told)
    carry(session, session.account(), (call,), told, text, dry_run)


@group.command(name="standing", help=N_("Let accounts mint deposits that carry a reference."))
@click.option("--coin", required=True, metavar="CODE")
@click.option("--minter", "minters", multiple=True, metavar="ADDRESS", help=N_("Who may; repeat."))
@click.option("--day-max", type=console.AMOUNT, help=N_("At most so much on one day."))
@click.option("--withdraw", is_flag=True, help=N_("Nobody may any more."))
@DRY_RUN
@acting_command
def standing(
    settings: Settings,
    wallet: str | None,
    coin: str,
    minters: tuple[str, ...],
    day_max: int | None,
    withdraw: bool,
    dry_run: bool,
) -> None:
    """A decision of the coin's board."""
    from chain.money import Cents
    from governance_contracts.bank.books import Standing
    from governance_contracts.bank.reserve import SetStanding
    from wallet_cli.core import builder

    if withdraw == bool(minters) or bool(minters) != (day_max is not None):
        raise UserError(
            _("Name minters (--minter) and a limit (--day-max), or --withdraw."), Exit.USAGE
        )
    profile = profile_of(settings, wallet)
    accounts = tuple(sorted({account_of(profile, minter) for minter in minters}))
    decided = () if withdraw else (Standing(accounts, Cents(day_max or 0)),)
    args = SetStanding(coin, decided)
    call = checked_call(builder.call("reserve", "set_standing", args), args)
    session = converse(settings, wallet)
    told: Answer = {"coin": coin, "minters": list(minters), "day_max_cents": day_max}
    text = (
        _("The standing decision of {coin} is withdrawn.")
        if withdraw
        else _("{n} accounts may mint deposits of {coin} that carry a reference.")
    )
    text = text.format(coin=coin, n=len(minters))
    carry(session, session.account(), (call,), told, text, dry_run)


@group.command(name="attestors", help=N_("Set who attests a coin's bank statements, and signs."))
@click.option("--coin", required=True, metavar="CODE")
@click.option("--attestor", "attestors", multiple=True, required=True, metavar="ADDRESS")
@click.option("--needed", type=click.IntRange(2), required=True, help=N_("How many must agree."))
@click.option("--signer", "signers", multiple=True, metavar="ADDRESS", help=N_("Signs payments."))
@click.option("--account", metavar="HEX", help=N_("Commitment to the account; default: as it is."))
@DRY_RUN
@acting_command
def attestors(
    settings: Settings,
    wallet: str | None,
    coin: str,
    attestors: tuple[str, ...],
    needed: int,
    signers: tuple[str, ...],
    account: str | None,
    dry_run: bool,
) -> None:
    """A decision of the coin's board."""
    from governance_contracts.bank.attestors import SetAttestors
    from wallet_cli.core import builder

    profile = profile_of(settings, wallet)
    people = tuple(sorted({account_of(profile, one) for one in attestors}))
    signing = tuple(sorted({account_of(profile, one) for one in signers}))
    session = converse(settings, wallet)
    known = account or session.client.get(f"/v1/coins/{coin}/reserve")["account"]
    try:
        committed = bytes.fromhex(known)
    except ValueError:
        committed = b""
    args = SetAttestors(coin, committed, people, needed, signing)
    call = checked_call(builder.call("reserve", "set_attestors", args), args)
    told: Answer = {"coin": coin, "attestors": list(attestors), "needed": needed}
    text = _("{n} people attest the statements of {coin}; {needed} must agree.")
    text = text.format(n=len(people), coin=coin, needed=needed)
    carry(session, session.account(), (call,), told, text, dry_run)


@group.command(name="status", help=N_("What the bank holds behind a coin, and what waits."))
@click.argument("coin")
@wallet_command
def status(settings: Settings, wallet: str | None, coin: str) -> None:
    from wallet_cli import profile as profiles
    from wallet_cli.desk import home_of

    names = profiles.names(home_of(settings)) if settings.node is None else []
    profile = profile_of(settings, wallet) if names or wallet else None
    client = client_of(settings, profile)
    found = client.get(f"/v1/coins/{coin}/reserve")
    waiting: list[Answer] = []
    if found["sequence"]:
        latest = client.get(f"/v1/coins/{coin}/statements/{found['sequence']}")
        waiting = [line for line in latest["lines"] if line["state"] == "open"]
    data = {**found, "open_lines": waiting}
    lines = [
        _("Statement {sequence}: {balance} at the bank, {cover} of it behind coin."),
        _("{owed} is owed; deficit {deficit}."),
        _("Not attributed: {unattributed}; the reserve's own: {own}."),
    ]
    text = "\n".join(lines).format(
        sequence=found["sequence"],
        balance=format_cents(found["balance_cents"]),
        cover=format_cents(found["cover_cents"]),
        owed=format_cents(found["liabilities_cents"]),
        deficit=format_cents(found["deficit_cents"]),
        unattributed=format_cents(found["unattributed_cents"]),
        own=format_cents(found["own_cents"]),
    )
    for line in waiting[:40]:
        amount = format_cents(line["amount_cents"])
        text += f"\n  {found['sequence']}/{line['number']:<6} {amount:>14}  {line['kind']}"
    out(settings, data, text)


for _command in FOR_RESERVE:
    group.add_command(_command)
