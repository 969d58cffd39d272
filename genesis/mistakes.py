"""A user's mistake, said in a sentence, and the exit codes (cli.md)."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NoReturn

import click

from genesis.texts import _


class Exit(IntEnum):
    DONE = 0
    FAILURE = 1
    USAGE = 2
    REFUSED = 3  # by the chain: the refusal's name and code are shown
    KEY = 4  # a key, a passphrase or an authorisation
    UNREACHABLE = 5  # no node answers
    FINDINGS = 6  # of an audit
    DOUBLE_SIGN = 7  # the guard stopped the node
    INTERRUPTED = 130


class UserError(Exception):
    """What happened, what was expected, what to do: in one or two sentences for people.

    For a refusal of the chain: its stable name, numeric code and named fields. `details`: more
    for programs, beside the rest in JSON.
    """

    def __init__(
        self,
        message: str,
        exit_code: Exit = Exit.FAILURE,
        name: str | None = None,
        code: int | None = None,
        fields: Mapping[str, int | str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.name = name
        self.code = code
        self.fields = dict(fields or {})
        self.details = dict(details or {})

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"message": self.message, "exit_code": int(self.exit_code)}
        if self.name is not None:
            data |= {"name": self.name, "code": self.code, "fields": self.fields}
        return {"error": data | self.details}


def exit_with(error: Exception, as_json: bool) -> NoReturn:
    """Say what happened on stderr (and in JSON on stdout), then leave with its exit code."""
    mistake: UserError
    match error:
        case UserError():
            mistake = error
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            sys.exit(Exit.USAGE)
        case click.UsageError():
            mistake = UserError(error.format_message(), Exit.USAGE)
            if error.ctx is not None:
                click.echo(error.ctx.get_usage(), err=True)
        case click.Abort():
            click.echo("", err=True)
            sys.exit(Exit.INTERRUPTED)
        case click.ClickException():
            mistake = UserError(error.format_message())
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.FAILURE)
        case OSError():
            mistake = UserError(of_the_system(error))
        case _:
            raise error
    color = False if os.environ.get("NO_COLOR") else None
    click.secho(f"{_('Error')}: {mistake.message}", err=True, fg="red", color=color)
    if mistake.code is not None:
        fields = ", ".join(f"{name}={value}" for name, value in mistake.fields.items())
        click.echo(f"  {mistake.name} ({mistake.code}) {fields}".rstrip(), err=True)
    if as_json:
        click.echo(json.dumps(mistake.as_json(), ensure_ascii=False, indent=2))
    sys.exit(mistake.exit_code)


def of_the_system(error: OSError) -> str:
    """A sentence for the refusals of the operating system that a user can do something about."""
    match error.errno:
        case errno.ENOENT:
            reason = _("there is no such file or folder")
        case errno.EACCES | errno.EPERM:
            reason = _("you have no permission to use it; check its owner and mode")
        case errno.ENOSPC | errno.EDQUOT:
            reason = _("the disk is full; make room and try again")
        case errno.EEXIST:
            reason = _("it is there already")
        case errno.EISDIR:
            reason = _("it is a folder, a file was expected")
        case errno.ENOTDIR:
            reason = _("a part of the path is a file, a folder was expected")
        case _:
            reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
