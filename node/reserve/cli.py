"""`socialcoin node reserve`: the office of a reserve, and its attestors, each with their own home.

Bank statements become calls that people send with their wallets; nothing is sent from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, common_options, note, out
from genesis.iban import checked_iban

if TYPE_CHECKING:
    from node.reserve.home import ReserveHome
    from node.reserve.importing import ChainReserve

DEFAULT_HOME = Path.home() / ".socialcoin" / "reserve"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
STATEMENTS_PAGE = 500


@console.group(name="reserve", help=N_("Bank statements, deposits and references of a reserve."))
def group() -> None:
    pass


def root_of(settings: Settings) -> Path:
    return settings.home or DEFAULT_HOME


def opened(settings: Settings) -> tuple[ReserveHome, str]:
    """The home and its passphrase."""
    from node.reserve.home import open_home

    passphrase = console.secret(settings, _("Passphrase of the reserve"))
    return open_home(root_of(settings), passphrase), passphrase


def chain_reserve(settings: Settings, coin: str) -> ChainReserve:
    """Where the chain's books stand. Raises UserError (usage, unreachable)."""
    from node.ask import ask
    from node.reserve.importing import ChainReserve

    if not settings.node:
        raise UserError(_("Which node? Name one with --node URL or SOCIALCOIN_NODE."), Exit.USAGE)
    status = ask(settings.node, "/v1/status")
    found = ask(settings.node, f"/v1/coins/{coin}/reserve")
    try:
        return ChainReserve(
            bytes.fromhex(status["chain_id"]),
            str(status["prefix"]),
            coin,
            str(found["currency"]),
            bytes.fromhex(found["account"]),
            int(found["sequence"]),
            int(found["more"]),
            int(found["balance_cents"]),
            int(found["unattributed_cents"]),
            int(found["own_cents"]),
            int(found["liabilities_cents"]),
            frozenset(bytes.fromhex(hash) for hash in found["pending"]),
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("what answers at {url} is no node of the social coin").format(url=settings.node),
            Exit.UNREACHABLE,
        ) from None


@group.command(help=N_("Make a reserve's home: a key, the account's number, references."))
@click.option("--coin", required=True, metavar="CODE", help=N_("The coin it stands behind."))
@click.option("--iban", required=True, metavar="IBAN", help=N_("The reserve's bank account."))
@click.option(
    "--commitment",
    metavar="HEX",
    help=N_("What the chain holds for the account, if it was made otherwise."),
)
@common_options
def init(settings: Settings, coin: str, iban: str, commitment: str | None) -> None:
    from node.reserve.home import make_home

    number = checked_iban(iban)
    given = None
    if commitment is not None:
        given = _hex(commitment, 32)
    passphrase = console.secret(settings, _("Passphrase of the reserve"), twice=True)
    home = make_home(root_of(settings), coin, number, passphrase, given)
    answer = {
        "home": str(home.root),
        "coin": coin,
        "iban": number,
        "bank_account": home.account.hex(),
    }
    text = _(
        "The reserve of {coin} is kept in {home}; without its passphrase nobody opens it.\n"
        'For the founding document:\n  bank_account = "{account}"\n'
        "Give each attestor a copy of this folder, and the passphrase in another way."
    ).format(coin=coin, home=home.root, account=home.account.hex())
    out(settings, answer, text)


@group.command(help=N_("The reference that an account's deposits carry; it is noted here."))
@click.argument("address", required=False)
@click.option("--cover", is_flag=True, help=N_("The reference of money that cures a deficit."))
@common_options
def reference(settings: Settings, address: str | None, cover: bool) -> None:
    from auditor.bank.references import COVER, spaced

    if (address is None) != cover:
        raise UserError(_("Name one account, or --cover."), Exit.USAGE)
    account = COVER if address is None else _account(address)
    home, passphrase = opened(settings)
    known = len(home.references)
    made = home.reference(account)
    if len(home.references) != known:
        home.save(passphrase)
    answer = {"reference": made, "iban": home.iban, "coin": home.coin, "account": address}
    text = _(
        "{reference}\nTransfer to {iban}, with this reference and nothing else as the remark."
    ).format(reference=spaced(made), iban=spaced(home.iban))
    out(settings, answer, text)


@group.command(
    "import", help=N_("Read a bank statement (camt.053); prepare what is attested and minted.")
)
@click.argument("file", metavar="STATEMENT.xml", type=FILE)
@click.option(
    "--as",
    "told",
    multiple=True,
    metavar="LINE=KIND",
    help=N_("What a line is: charge, seizure, cover, interest or unattributed; repeat."),
)
@common_options
def import_command(settings: Settings, file: Path, told: tuple[str, ...]) -> None:
    from auditor.bank.camt import read_statements
    from auditor.bank.lines import BadStatement
    from node.reserve import story as reserve_story
    from node.reserve.importing import prepare, write_prepared

    kinds = _told(told)
    state: ChainReserve | None = None
    home, _passphrase = opened(settings)
    answers: list[dict[str, Any]] = []
    texts: list[str] = []
    try:
        with file.open("rb") as source:
            statements = list(read_statements(source))
        if kinds and len(statements) > 1:
            raise UserError(_("--as needs a file of one statement."), Exit.USAGE)
        state = chain_reserve(settings, home.coin)
        taken = _taken(settings, state)
        for statement in statements:
            prepared = prepare(home, statement, state, kinds, taken)
            files = write_prepared(home, prepared, state)
            answers.append(reserve_story.as_json(prepared, state, files))
            texts.append(reserve_story.as_text(prepared, state, files))
    except BadStatement as error:
        raise UserError(f"{file.name}: {error}", Exit.FAILURE, details={"why": error.why}) from None
    out(settings, answers[0] if len(answers) == 1 else {"imports": answers}, "\n\n".join(texts))


@group.command(help=N_("Say for whom a line is that nobody claimed: prepare the board's call."))
@click.argument("place", metavar="STATEMENT/ENTRY")
@click.argument("address")
@common_options
def attribute(settings: Settings, place: str, address: str) -> None:
    from node.reserve.disclose import attributed
    from node.reserve.home import write_json

    where, account = _place(place), _account(address)
    home, _passphrase = opened(settings)
    state = chain_reserve(settings, home.coin)
    content = attributed(home, where, account, state)
    path = home.prepared(where[0]) / f"attribute-{where[0]}-{where[1]}.json"
    write_json(path, content)
    out(
        settings,
        {"file": str(path), **content},
        _(
            "Prepared. A board member sends `wallet reserve attribute {file} --as-board WIJK`, "
            "and then `wallet reserve mint {file}`."
        ).format(file=path),
    )


@group.command(help=N_("Write what opens a year's lines to an auditor; sealed: it is personal."))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--year", required=True, type=click.IntRange(2000, 2199))
@click.option("--plain", is_flag=True, help=N_("Not sealed: everybody who gets it can read it."))
@click.option(
    "--auditor-passphrase-file",
    type=FILE,
    help=N_("File with a passphrase for the auditor; else the reserve's own seals it."),
)
@common_options
def disclose(
    settings: Settings, file: Path, year: int, plain: bool, auditor_passphrase_file: Path | None
) -> None:
    from dataclasses import replace

    from auditor.bank.sealed import seal
    from node.disk import replace_file
    from node.reserve.disclose import openings_of

    home, passphrase = opened(settings)
    found = openings_of(home, year)
    data = found.dump()
    if auditor_passphrase_file is not None:
        passphrase = console.secret(replace(settings, passphrase_file=auditor_passphrase_file), "")
    try:
        replace_file(file, data if plain else seal(passphrase, data))
    except OSError as error:
        raise UserError(
            _("{file} cannot be written: {reason}").format(
                file=file, reason=console.of_the_system(error)
            )
        ) from None
    note(
        _(
            "The file ties people's bank accounts to their accounts on the chain: it is personal "
            "data. Hand it to the auditor alone, and have it destroyed after the audit."
        )
    )
    answer = {
        "file": str(file),
        "year": year,
        "statements": len(found.files),
        "lines": len(found.lines),
        "sealed": not plain,
    }
    text = _("{lines} lines of {statements} statements can be opened with {file}.")
    out(settings, answer, text.format(**answer))


def _told(told: tuple[str, ...]) -> dict[int, Any]:
    from auditor.bank.sorting import TOLD

    kinds = {}
    for text in told:
        number, _equals, kind = text.partition("=")
        if not (number.isascii() and number.isdigit()) or kind not in TOLD:
            raise UserError(
                _("{text!r} is not LINE=KIND, such as 12=charge; kinds are {kinds}.").format(
                    text=text, kinds=", ".join(TOLD)
                ),
                Exit.USAGE,
            )
        kinds[int(number)] = TOLD[kind]
    return kinds


def _taken(settings: Settings, state: ChainReserve) -> dict[int, bytes]:
    """Hashes of all statements that the chain has, by number."""
    from node.ask import ask

    found: dict[int, bytes] = {}
    start = 0
    while start <= state.sequence:
        path = f"/v1/coins/{state.coin}/statements?from={start}&limit={STATEMENTS_PAGE}"
        page = ask(settings.node or "", path)["statements"]
        if not page:
            break
        found |= {int(one["sequence"]): bytes.fromhex(one["hash"]) for one in page}
        start = int(page[-1]["sequence"]) + 1
    return found


def _account(address: str) -> bytes:
    from chain.address import decode_address
    from chain.errors import Malformed

    prefix = address.lower().rpartition("1")[0]
    try:
        return decode_address(prefix, address)
    except Malformed as error:
        raise UserError(
            _("{address} is not an address: {reason}.").format(address=address, reason=error),
            Exit.USAGE,
        ) from None


def _place(text: str) -> tuple[int, int]:
    statement, _slash, entry = text.partition("/")
    try:
        return int(statement), int(entry)
    except ValueError:
        raise UserError(
            _("{text!r} is not STATEMENT/ENTRY, such as 12/3.").format(text=text), Exit.USAGE
        ) from None


def _hex(text: str, length: int) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != length:
        raise UserError(
            _("{text!r} is not {n} hexadecimal digits.").format(text=text, n=2 * length), Exit.USAGE
        )
    return data


def _add_payments() -> None:
    from node.reserve.pay_cli import COMMANDS

    for command in COMMANDS:
        group.add_command(command)


_add_payments()
