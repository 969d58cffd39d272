"""`socialcoin office`: the group; its commands live by topic beside it."""

from __future__ import annotations

from wallet_cli.office import (
    commands_enrol,
    commands_erase,
    commands_people,
    commands_retain,
    commands_unique,
)
from wallet_cli.office.root import group

__all__ = ["group"]

_TOPICS = (commands_people, commands_enrol, commands_erase, commands_retain, commands_unique)
"""Importing them adds their commands."""
