"""Reading what an auditor was handed: statements of a bank, and openings, sealed or not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from auditor.bank.camt import read_statements
from auditor.bank.lines import BadStatement
from auditor.bank.openings import BYTES_MAX, Openings, parse_openings
from auditor.bank.sealed import is_sealed, unseal
from auditor.reconcile import Given
from genesis import console
from genesis.console import Exit, Settings, UserError, _


def read_given(paths: Iterable[Path]) -> list[Given]:
    """All statements of these files. Raises UserError naming the file that proves nothing."""
    given = []
    for path in paths:
        try:
            with path.open("rb") as source:
                given += [Given(path.name, statement) for statement in read_statements(source)]
        except BadStatement as error:
            raise UserError(
                f"{path.name}: {error}", Exit.FAILURE, details={"why": error.why}
            ) from None
        except OSError as error:
            raise UserError(
                _("The file cannot be read: {reason}").format(reason=console.of_the_system(error))
            ) from None
    return given


def read_openings(settings: Settings, path: Path) -> Openings:
    """Raises UserError: unreadable, not openings, (key) a wrong passphrase."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX)
    except OSError as error:
        raise UserError(
            _("The file cannot be read: {reason}").format(reason=console.of_the_system(error))
        ) from None
    if is_sealed(data):
        passphrase = console.secret(settings, _("Passphrase of {file}").format(file=path.name))
        data = unseal(passphrase, data, path.name)
    return parse_openings(data, path.name)
