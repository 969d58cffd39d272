"""The command group `audit`: a chain checked from a file, with no node and no key."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, note, out

if TYPE_CHECKING:
    from auditor.books import Books
    from auditor.figures import Result

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
EVERY_S = 0.2


@console.group(help=N_("Check a chain, with no node and no key."))
def group() -> None:
    pass


def replay_options(command: Any) -> Any:
    """What `replay` and `report` share."""
    for option in (
        click.option(
            "--skip-genesis",
            is_flag=True,
            help=N_("Leave out the rules of the founding document: proofs of keys take long."),
        ),
        click.option(
            "--genesis",
            "founding",
            type=FILE,
            help=N_("The founding document as you know it: is the export of that chain?"),
        ),
        click.option(
            "--jobs",
            type=click.IntRange(1, 64),
            default=lambda: min(4, os.cpu_count() or 1),
            help=N_("Processes at work, this one included. Default: one per core, at most 4."),
        ),
        click.argument("file", type=FILE),
    ):
        command = option(command)
    return command


@group.command(help=N_("Execute a whole chain again, from an export, and count its books again."))
@replay_options
@console.common_options
def replay(
    settings: Settings, file: Path, jobs: int, founding: Path | None, skip_genesis: bool
) -> Exit:
    from auditor import report

    result = _replay(file, jobs, founding, skip_genesis)
    out(settings, report.as_json(result), report.as_text(result))
    return Exit.DONE if result.ok else Exit.FINDINGS


@group.command(
    "report", help=N_("A replay as a page, with supply, reserves, accounts and attendance.")
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "json", "csv"]),
    default="html",
    help=N_("HTML for people, JSON or CSV for programs."),
)
@click.option("--out", "target", type=click.Path(path_type=Path), help=N_("Write to this file."))
@replay_options
@console.common_options
def report_command(
    settings: Settings,
    file: Path,
    jobs: int,
    founding: Path | None,
    skip_genesis: bool,
    form: str,
    target: Path | None,
) -> Exit:
    import json

    from auditor import report

    result = _replay(file, jobs, founding, skip_genesis)
    match form:
        case "html":
            text = report.as_html(result)
        case "csv":
            text = report.as_csv(result)
        case _:
            text = json.dumps(report.full_json(result), ensure_ascii=False, indent=2) + "\n"
    if target is None:
        click.echo(text, nl=False)
    else:
        target.write_text(text, "utf-8")
        note(_("The report is in {file}.").format(file=target))
    note(report.verdict(result))
    return Exit.DONE if result.ok else Exit.FINDINGS


@group.command(
    "verify-proof", help=N_("Check the proof in a node's answer: a balance or a receipt, as JSON.")
)
@click.argument("file", type=click.File("rb"))
@click.option("--genesis", "founding", type=FILE, help=N_("Trust this founding document."))
@click.option("--trusted", type=FILE, help=N_("Trust this header: a wallet's .trusted file."))
@click.option(
    "--headers",
    type=FILE,
    help=N_("The headers that changed the seats: /v1/headers?seat_changes=1 of any node."),
)
@console.common_options
def verify_proof(
    settings: Settings,
    file: BinaryIO,
    founding: Path | None,
    trusted: Path | None,
    headers: Path | None,
) -> Exit:
    from auditor.proofs import check_proof, trusted_genesis
    from chain.codec import decode
    from chain.errors import Malformed
    from chain.light import Forked, Trusted

    if (founding is None) == (trusted is None):
        raise UserError(
            _("Say what you trust: either --genesis FILE or --trusted FILE."), Exit.USAGE
        )
    try:
        if founding is not None:
            base = trusted_genesis(_document(founding))
        else:
            assert trusted is not None, "one of the two is given"
            base = decode(Trusted, trusted.read_bytes())
    except Malformed as error:
        raise UserError(
            _("{file} is not what it should be: {why}").format(file=trusted, why=error)
        ) from None
    answer = _json(file.read(), file.name)
    listed = _json(headers.read_bytes(), str(headers)) if headers else {}
    steps = listed.get("headers", ()) if isinstance(listed, dict) else listed
    try:
        proved = check_proof(answer, base, steps)
    except (Malformed, Forked) as error:
        said = {"verdict": "findings", "findings": [str(error)]}
        out(settings, said, _("The proof does not hold: {why}").format(why=error))
        return Exit.FINDINGS
    count = len(proved["records"]) + len(proved["leaves"])
    text = _("The proof holds: {count} records and receipts, at height {height}.")
    out(settings, proved, text.format(count=count, height=proved["height"]))
    return Exit.DONE


@group.command(
    help=N_("Tie every mint and every settled redemption to a line of the bank's statements.")
)
@click.argument("statements", metavar="STATEMENT.xml...", type=FILE, nargs=-1, required=True)
@click.option("--chain", type=FILE, help=N_("The chain's export (`node export`)."))
@click.option(
    "--openings",
    "opened",
    type=FILE,
    multiple=True,
    help=N_("What opens the lines (`node reserve disclose`); may be given again."),
)
@click.option("--genesis", "founding", type=FILE, help=N_("The founding document as you know it."))
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=lambda: min(4, os.cpu_count() or 1),
    help=N_("Processes at work, this one included. Default: one per core, at most 4."),
)
@console.common_options
def reconcile(
    settings: Settings,
    statements: tuple[Path, ...],
    chain: Path | None,
    opened: tuple[Path, ...],
    founding: Path | None,
    jobs: int,
) -> Exit:
    from auditor import reconciled
    from auditor.bank.chainside import chain_bank
    from auditor.reconcile import reconcile as compare
    from auditor.reconcile_files import read_given, read_openings

    started = time.monotonic()
    openings = [read_openings(settings, path) for path in opened]
    if chain is None:
        if openings:
            raise UserError(_("--openings needs the chain: --chain EXPORT."), Exit.USAGE)
        result = compare(read_given(statements), None)
    else:
        given = read_given(statements)
        replayed, books = _replayed(chain, jobs, founding, True)
        seen = chain_bank(replayed.chain, replayed.name, books.bank)
        result = compare(given, seen, openings, replayed.findings)
    seconds = time.monotonic() - started
    out(settings, reconciled.as_json(result, seconds), reconciled.as_text(result, seconds))
    return Exit.DONE if result.ok else Exit.FINDINGS


def _json(data: bytes, name: str) -> Any:
    import json

    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UserError(
            _("{file} is not JSON: {why}. Save the node's whole answer in it.").format(
                file=name, why=error
            )
        ) from None


def _document(path: Path) -> Any:
    from chain.errors import Malformed
    from genesis.document import parse

    try:
        return parse(path.read_bytes())
    except Malformed as error:
        raise UserError(
            _("{file} is not a founding document: {why}").format(file=path, why=error)
        ) from None


def _replay(file: Path, jobs: int, founding: Path | None, skip_genesis: bool) -> Result:
    return _replayed(file, jobs, founding, skip_genesis)[0]


def _replayed(
    file: Path, jobs: int, founding: Path | None, skip_genesis: bool
) -> tuple[Result, Books]:
    from auditor.replay import replay_books as run
    from chain.contract import ReleaseTooOld
    from chain.errors import Malformed
    from chain.export import DamagedExport, NotAnExport
    from genesis.document import chain_id

    expected = None if founding is None else chain_id(_document(founding))
    with file.open("rb") as reader:
        progress = Progress(reader, file.stat().st_size)
        try:
            return run(
                reader, jobs, progress, check_genesis=not skip_genesis, expected_chain=expected
            )
        except NotAnExport:
            raise UserError(
                _(
                    "{file} is not the export of a chain. Make one with: socialcoin node export "
                    "FILE"
                ).format(file=file)
            ) from None
        except DamagedExport as error:
            raise UserError(f"{file}: {error}", Exit.FINDINGS) from None
        except (Malformed, ValueError) as error:
            raise UserError(
                _("The founding document in {file} cannot found a chain: {why}").format(
                    file=file, why=error
                )
            ) from None
        except ReleaseTooOld as error:
            raise UserError(str(error)) from None
        finally:
            progress.done()


class Progress:
    """One line on a terminal's stderr: how far in the file, at which height, how fast."""

    def __init__(self, reader: BinaryIO, size: int) -> None:
        self.reader = reader
        self.size = max(1, size)
        self.shown = sys.stderr.isatty()
        self.started = self.last = time.monotonic()
        self.width = 0

    def __call__(self, height: int, transactions: int) -> None:
        now = time.monotonic()
        if not self.shown or now - self.last < EVERY_S:
            return
        self.last = now
        part = self.reader.tell() * 100 // self.size
        speed = int(transactions / (now - self.started))
        text = _("{part} %  height {height}  {count} transactions  {speed}/s").format(
            part=part, height=height, count=transactions, speed=speed
        )
        self.width = max(self.width, len(text))
        click.echo("\r" + text.ljust(self.width), err=True, nl=False)

    def done(self) -> None:
        if self.width:
            click.echo("\r" + " " * self.width + "\r", err=True, nl=False)
