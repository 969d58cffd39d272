"""The command `socialcoin`: one group per user, each loaded only when it is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from genesis import console
from genesis.console import N_, _

GROUPS = {
    "wallet": ("wallet_cli.cli:group", N_("Keys, payments and receipts of a resident or a shop.")),
    "office": ("wallet_cli.office.cli:group", N_("The office of a wijk: what it knows of people.")),
    "genesis": ("genesis.cli:group", N_("Found a chain: the document every node starts from.")),
    "node": ("node.cli:group", N_("Run a validator or an archive.")),
    "audit": ("auditor.cli:group", N_("Check a chain, with no node and no key.")),
    "devnet": ("node.demo.devnet_cli:group", N_("A demo city of real nodes on this computer.")),
    "demo": ("node.demo.command:command", N_("Play the story of a wijk, step by step.")),
}
"""Name: where its click command is, and its line in the help."""


class LazyGroup(console.Group):
    """A group whose members are imported when they are called, and not to be listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*GROUPS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in GROUPS:
            return super().get_command(ctx, cmd_name)
        module, _colon, name = GROUPS[cmd_name][0].partition(":")
        found = getattr(import_module(module), name)
        assert isinstance(found, click.Command)
        return found

    def _rows(self, ctx: click.Context) -> list[tuple[str, str]]:
        rows = [(name, _(text)) for name, (_where, text) in GROUPS.items()]
        for name in super().list_commands(ctx):
            command = super().get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(80)))
        return rows

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl(self._rows(ctx))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        rows = self._rows(ctx)
        found = [CompletionItem(n, help=text) for n, text in rows if n.startswith(incomplete)]
        return found or click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.UsageError(error.format_message(), ctx) from None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=N_("The social coin: money of neighbourhoods, kept by their boards."),
)
@click.version_option(package_name="socialcoin", prog_name="socialcoin")
def root() -> None:
    pass


@root.command(help=N_("Print what makes the Tab key complete commands in your shell."))
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(ShellComplete.source(found(root, {}, "socialcoin", "_SOCIALCOIN_COMPLETE")))


def main(arguments: list[str] | None = None) -> Any:
    """The console script."""
    return root.main(arguments, prog_name="socialcoin", complete_var="_SOCIALCOIN_COMPLETE")


if __name__ == "__main__":
    sys.exit(main())
