"""The click group that the commands of an office are added to."""

from __future__ import annotations

from datetime import UTC, date, datetime

from genesis import console
from genesis.console import N_
from wallet_cli.desk import now_ms


@console.group(help=N_("The office of a wijk: what it knows of people."))
def group() -> None:
    pass


def today() -> date:
    return datetime.fromtimestamp(now_ms() / 1000, UTC).date()
