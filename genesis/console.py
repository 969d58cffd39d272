"""What every command group shares: options, settings, output, errors and exit codes (cli.md).

A group is made with `@console.group()` (or `cls=console.Group`), its commands with
`@group.command()`. A command decorated with `@common_options` takes `--home`, `--node`, `-o`,
`--passphrase-file`, `--lang` and `-y` behind its own words, or by SOCIALCOIN_* in the
environment, and is called with a `Settings` first:

    @group.command(help=N_("Show the balance."))
    @click.argument("name")
    @console.common_options
    def balance(settings: Settings, name: str) -> None:
        console.out(settings, {"cents": 1250}, _("You have {amount}.").format(amount="12,50"))

A mistake of a user is a `UserError`: it becomes a sentence on stderr, `{"error": ...}` on stdout
under `-o json`, and an exit code. A command returns None, or an `Exit` that is its exit code.
Texts in `_("...")` are looked up when shown; `N_("...")` marks help texts, which the classes
here look up.
This module sits in `genesis` because node, wallet and auditor all stand above it.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import click

from chain.money import Cents
from genesis.amounts import format_cents, parse_amount
from genesis.mistakes import Exit, UserError, exit_with, of_the_system
from genesis.texts import LANGUAGES, N_, _, choose_language, language, ngettext, translate_click

__all__ = [
    "AMOUNT", "N_", "Command", "Exit", "Group", "Settings", "UserError", "_", "common_options",
    "confirm", "exit_with", "format_cents", "group", "language", "ngettext", "note",
    "of_the_system", "on_terminal", "out", "parse_amount", "secret",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What the common options say. `home` and `node` are None where the group's default holds."""

    home: Path | None = None
    node: str | None = None
    output: Literal["text", "json"] = "text"
    passphrase_file: Path | None = None
    lang: str = "en"
    yes: bool = False

    @property
    def json(self) -> bool:
        return self.output == "json"


_LANG = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    is_eager=True,
    expose_value=False,
    callback=lambda _context, _option, value: choose_language(value) if value else None,
    help=N_("Language: nl or en."),
)
"""On every group too: `socialcoin --lang nl wallet balance`. `Group.main` reads SOCIALCOIN_LANG."""

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="SOCIALCOIN_HOME",
        help=N_("Folder with the files of this wallet or node."),
    ),
    click.option("--node", metavar="URL", envvar="SOCIALCOIN_NODE", help=N_("The node to ask.")),
    click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        envvar="SOCIALCOIN_OUTPUT",
        help=N_("Text for people, or JSON."),
    ),
    click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="SOCIALCOIN_PASSPHRASE_FILE",
        help=N_("File that holds the passphrase."),
    ),
    _LANG,
    click.option("-y", "--yes", is_flag=True, help=N_("Confirm without a question.")),
)


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options every command has, and call it with `Settings` first."""

    @functools.wraps(command)
    def run(
        *args: Any,
        home: Path | None,
        node: str | None,
        output: Literal["text", "json"],
        passphrase_file: Path | None,
        yes: bool,
        **values: Any,
    ) -> Any:
        settings = Settings(home, node, output, passphrase_file, language(), yes)
        return command(settings, *args, **values)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


class AmountType(click.ParamType):  # type: ignore[type-arg]
    name = "amount"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Cents:
        if isinstance(value, int):
            return cast(Cents, value)
        try:
            return parse_amount(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


AMOUNT = AmountType()
"""The type of an argument that is an amount: gives `Cents`, exits 2 on anything unclear."""


class Command(click.Command):
    """A command whose help is looked up in the language in use."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(isinstance(param.type, AmountType) for param in self.params):
            for arg in args:  # else click takes "-1" for an option and says less
                if re.match(r"-[0-9]", arg):
                    AMOUNT.convert(arg, None, ctx)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with _in_language(self):
            super().format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        with _in_language(self):
            return super().get_short_help_str(limit)


class Group(click.Group):
    """A group that turns every mistake of a user into a sentence and an exit code."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        _LANG(self)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with _in_language(self):
            super().format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        with _in_language(self):
            return super().get_short_help_str(limit)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's, with the exit codes of `Exit`. Errors that are bugs keep their traceback."""
        words = list(sys.argv[1:] if args is None else args)
        choose_language(_said(words, "--lang", None, "SOCIALCOIN_LANG", LANGUAGES))
        translate_click()
        if os.environ.get("NO_COLOR"):
            extra.setdefault("color", False)
        try:
            result = super().main(words, prog_name, complete_var, standalone_mode=False, **extra)
        except Exception as error:
            if not standalone_mode:
                raise
            exit_with(error, as_json=_said(words, "--output", "-o", "SOCIALCOIN_OUTPUT") == "json")
        except KeyboardInterrupt:
            click.echo("", err=True)
            sys.exit(Exit.INTERRUPTED)
        if not standalone_mode:
            return result
        sys.exit(result if isinstance(result, int) else Exit.DONE)


def group(**attributes: Any) -> Callable[[Callable[..., Any]], Group]:
    """A decorator as click.group, with `-h` and the class above."""
    attributes.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
    return click.group(cls=Group, **attributes)


class _in_language:
    """While a help text is made: its words and its options' in the language in use."""

    def __init__(self, command: click.Command) -> None:
        self.command = command

    def __enter__(self) -> None:
        command = self.command
        options = [p for p in command.params if isinstance(p, click.Option)]
        self.kept = (command.help, command.short_help, [(o, o.help) for o in options])
        command.help = _(command.help) if command.help else command.help
        command.short_help = _(command.short_help) if command.short_help else None
        for option in options:
            option.help = _(option.help) if option.help else option.help

    def __exit__(self, *_error: object) -> None:
        self.command.help, self.command.short_help, options = self.kept
        for option, text in options:
            option.help = text


def _said(
    words: list[str],
    long: str,
    short: str | None,
    variable: str,
    allowed: Sequence[str] = ("text", "json"),
) -> str | None:
    """The value of an option before click has parsed it, so that a usage error obeys it too."""
    value = os.environ.get(variable)
    for position, word in enumerate(words):
        if word == "--":
            break
        if word in (long, short):
            value = words[position + 1] if position + 1 < len(words) else None
        elif word.startswith(f"{long}="):
            value = word.removeprefix(f"{long}=")
        elif short and word.startswith(short) and not word.startswith("--"):
            value = word.removeprefix(short).removeprefix("=")
    return value if value in allowed else None


def out(settings: Settings, data: Any, text: str) -> None:
    """A command's answer: `data` as JSON alone on stdout, or `text`. Notes go to `note`."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if settings.json else text)


def note(text: str) -> None:
    """A remark beside the answer: on stderr."""
    click.echo(text, err=True)


def on_terminal() -> bool:
    """May a question be asked? Off a terminal nothing prompts."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(settings: Settings, question: str) -> None:
    """Go on only with `-y` or a yes on a terminal. Raises UserError (usage) otherwise."""
    if settings.yes:
        return
    if not on_terminal():
        raise UserError(_("{question} Say yes with -y.").format(question=question), Exit.USAGE)
    if not click.confirm(question, err=True):
        raise UserError(_("Nothing was done."))


def secret(settings: Settings, prompt: str, *, twice: bool = False) -> str:
    """A passphrase: from `--passphrase-file`, SOCIALCOIN_PASSPHRASE, or a prompt, in that order.

    One line end behind the file's text is not part of it. Raises UserError (key): an unreadable
    or empty file, or no terminal to ask on.
    """
    if settings.passphrase_file is not None:
        try:
            text = settings.passphrase_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = of_the_system(error) if isinstance(error, OSError) else _("not text (UTF-8)")
            raise UserError(
                _("The passphrase file cannot be read: {reason}").format(reason=reason), Exit.KEY
            ) from None
        found = text.removesuffix("\n").removesuffix("\r")
        if not found:
            raise UserError(_("The passphrase file is empty."), Exit.KEY)
        return found
    if found := os.environ.get("SOCIALCOIN_PASSPHRASE", ""):
        return found
    if not on_terminal():
        raise UserError(
            _(
                "A passphrase is needed and there is no terminal to ask for it: give "
                "--passphrase-file FILE or set SOCIALCOIN_PASSPHRASE."
            ),
            Exit.KEY,
        )
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))
