"""How wallets come to be: new, restore, import-many, join."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli import profile as profiles
from wallet_cli.desk import (
    NodeStatus,
    client_of,
    home_of,
    profile_of,
    status_of,
    wallet_command,
)
from wallet_cli.making import as_json, as_text, chain_named, chain_options, joined, make_profile

CHECKED_WORDS = 3
"""How many words a person is asked to repeat."""


def _name_of(name: str | None, wallet: str | None) -> str:
    found = name or wallet
    if found is None:
        raise UserError(_("Give the wallet a name: `socialcoin wallet new NAME`."), Exit.USAGE)
    return profiles.check_name(found)


@click.command(name="new", cls=console.Command, help=N_("Make a wallet and show its words, once."))
@click.argument("name", required=False)
@click.option("--words", "count", type=click.Choice(["12", "24"]), default="24")
@chain_options
@wallet_command
def new(
    settings: Settings,
    wallet: str | None,
    name: str | None,
    count: str,
    genesis: Path | None,
    in_genesis: bool,
) -> None:
    from genesis.words import mnemonic_from_entropy
    from wallet_cli import keystore

    name, home = _name_of(name, wallet), home_of(settings)
    if name in profiles.names(home):
        raise UserError(
            _("A wallet {name} exists in {home} already; choose another name.").format(
                name=name, home=home
            ),
            Exit.KEY,
        )
    chain, document = chain_named(settings, genesis)
    passphrase = console.secret(settings, _("New passphrase"), twice=True)
    entropy = os.urandom(16 if count == "12" else 32)
    profile = make_profile(
        name, entropy, chain, document, node=settings.node or "", in_genesis=in_genesis
    )
    words = mnemonic_from_entropy(entropy)
    _show_words(words)
    if console.on_terminal():
        _check_words(words.split())
    keystore.create(home, profile, entropy, passphrase)
    out(settings, as_json(profile), as_text(profile))


def _show_words(words: str) -> None:
    console.note(
        _(
            "These words are the wallet. Write them on paper, in this order, and show them to "
            "nobody; they are not shown again."
        )
    )
    listed = words.split()
    for start in range(0, len(listed), 4):
        row = (f"{i + 1:2d} {listed[i]:<10}" for i in range(start, start + 4))
        console.note("  " + " ".join(row))


def _check_words(words: list[str]) -> None:
    """Ask some words back, so that nobody goes on with words that are not on paper."""
    import random

    for position in sorted(random.SystemRandom().sample(range(len(words)), CHECKED_WORDS)):
        while True:
            said = click.prompt(_("Word {number}").format(number=position + 1), err=True)
            if said.strip().lower() == words[position]:
                break
            console.note(_("That is not word {number}; look again.").format(number=position + 1))


@click.command(name="restore", cls=console.Command, help=N_("Make a wallet again from its words."))
@click.argument("name", required=False)
@click.option("--mnemonic-file", metavar="FILE", help=N_("File with the words; - for stdin."))
@click.option("--account", metavar="ID", help=N_("The account's address or id, if it is not new."))
@click.option("--key-number", type=click.IntRange(0, 65_535), default=0)
@chain_options
@wallet_command
def restore(
    settings: Settings,
    wallet: str | None,
    name: str | None,
    mnemonic_file: str | None,
    account: str | None,
    key_number: int,
    genesis: Path | None,
    in_genesis: bool,
) -> None:
    from genesis.words import entropy_from_mnemonic
    from wallet_cli import keystore

    name = _name_of(name, wallet)
    chain, document = chain_named(settings, genesis)
    try:
        entropy = entropy_from_mnemonic(_read_words(mnemonic_file))
    except Malformed as error:
        raise UserError(
            _("The words cannot be read: {reason}.").format(reason=error), Exit.KEY
        ) from None
    known = _account_id(account, chain) if account else b""
    passphrase = console.secret(settings, _("New passphrase"), twice=True)
    profile = make_profile(
        name,
        entropy,
        chain,
        document,
        node=settings.node or "",
        in_genesis=in_genesis,
        account=known,
        key_number=key_number,
    )
    keystore.create(home_of(settings), profile, entropy, passphrase)
    out(settings, as_json(profile), as_text(profile))


def _read_words(path: str | None) -> str:
    if path is None:
        if not console.on_terminal():
            raise UserError(
                _("Give the words with --mnemonic-file FILE (- for stdin)."), Exit.USAGE
            )
        return str(click.prompt(_("Words"), hide_input=True, err=True))
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise UserError(_("{path} is not text (UTF-8).").format(path=path), Exit.KEY) from None
    except OSError as error:
        raise UserError(
            _("The words cannot be read: {reason}").format(reason=console.of_the_system(error)),
            Exit.KEY,
        ) from None


def _account_id(text: str, chain: NodeStatus | None) -> bytes:
    from chain.address import decode_address

    try:
        if len(text) == 40:
            return bytes.fromhex(text)
        if chain is not None:
            return decode_address(chain.prefix, text)
    except (Malformed, ValueError) as error:
        raise UserError(
            _("{text} is not an account: {reason}.").format(text=text, reason=error), Exit.USAGE
        ) from None
    raise UserError(
        _("{text} is not an account's id (40 hexadecimal digits).").format(text=text), Exit.USAGE
    )


@click.command(
    name="import-many",
    cls=console.Command,
    hidden=True,
    help=N_("Restore many wallets of a devnet under one passphrase."),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@chain_options
@console.common_options
def import_many(settings: Settings, file: Path, genesis: Path | None, in_genesis: bool) -> None:
    """`file`: [{"name", "entropy" (hex) or "mnemonic", "account" (hex)?, "key_number"?,
    "home"?}, ...]. For devnets: the words of all these wallets stand in one file."""
    from concurrent.futures import ThreadPoolExecutor

    from genesis.words import entropy_from_mnemonic
    from wallet_cli import keystore

    chain, document = chain_named(settings, genesis)
    passphrase = console.secret(settings, _("New passphrase"))
    try:
        listed = json.loads(file.read_text("utf-8"))
        work = []
        for entry in listed:
            words = entry.get("mnemonic")
            entropy = entropy_from_mnemonic(words) if words else bytes.fromhex(entry["entropy"])
            profile = make_profile(
                profiles.check_name(entry["name"]),
                entropy,
                chain,
                document,
                node=entry.get("node") or settings.node or "",
                in_genesis=in_genesis,
                account=bytes.fromhex(entry.get("account", "")),
                key_number=int(entry.get("key_number", 0)),
            )
            work.append(
                (Path(entry["home"]) if "home" in entry else home_of(settings), profile, entropy)
            )
    except (ValueError, KeyError, TypeError, AttributeError, Malformed) as error:
        raise UserError(
            _("{file} is not a list of wallets: {reason}").format(file=file, reason=error),
            Exit.USAGE,
        ) from None
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        made = list(pool.map(lambda one: keystore.create(one[0], one[1], one[2], passphrase), work))
    out(
        settings,
        {"wallets": [as_json(profile) for profile in made]},
        "\n".join(f"{p.name} {p.account.hex()}" for p in made),
    )


@click.command(name="join", cls=console.Command, help=N_("Let a wallet know its chain."))
@click.option("--account", metavar="ID", help=N_("The account's address or id, if it is not new."))
@click.option("--key-number", type=click.IntRange(0, 65_535))
@chain_options
@wallet_command
def join(
    settings: Settings,
    wallet: str | None,
    account: str | None,
    key_number: int | None,
    genesis: Path | None,
    in_genesis: bool,
) -> None:
    from wallet_cli import keystore

    profile = profile_of(settings, wallet)
    chain, document = chain_named(settings, genesis)
    if chain is None:
        chain = status_of(client_of(settings, profile))
    if account:
        known = _account_id(account, chain)
    else:  # the id of an account of its own belongs to one chain
        known = profile.account if profile.chain in (b"", chain.chain) else b""
    number = profile.key_number if key_number is None else key_number
    before = replace(profile, account=known, key_number=number, node=settings.node or profile.node)
    changed = joined(before, chain, document, in_genesis=in_genesis)
    keystore.update_profile(home_of(settings), changed)
    out(settings, as_json(changed), as_text(changed))


COMMANDS = (new, restore, import_many, join)
