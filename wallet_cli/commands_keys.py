"""Wallets themselves: new, restore, import-many, join, list, show, address, registration, export,
passphrase."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    unlock,
    wallet_command,
)
from wallet_cli.profile import Profile

if TYPE_CHECKING:
    from genesis.document import Genesis

CHECKED_WORDS = 3
"""How many words a person is asked to repeat."""

NO_CHAIN = bytes(32)
"""Stands for the chain in the ids of accounts that a genesis document lists."""


def chain_options(command: Any) -> Any:
    for option in reversed(
        (
            click.option(
                "--genesis",
                type=click.Path(path_type=Path, dir_okay=False),
                help=N_("Take the chain from this founding document."),
            ),
            click.option(
                "--in-genesis",
                is_flag=True,
                help=N_("The account is listed in the founding document itself."),
            ),
        )
    ):
        command = option(command)
    return command


def _name_of(name: str | None, wallet: str | None) -> str:
    found = name or wallet
    if found is None:
        raise UserError(_("Give the wallet a name: `socialcoin wallet new NAME`."), Exit.USAGE)
    return profiles.check_name(found)


def _chain_of(settings: Settings, genesis: Path | None) -> tuple[NodeStatus | None, Genesis | None]:
    """The chain to join: of a founding document, of a node, or none yet."""
    if genesis is not None:
        from wallet_cli.founding import chain_of, read_document

        document = read_document(genesis)
        return chain_of(document), document
    return (status_of(client_of(settings)) if settings.node else None), None


def make_profile(
    name: str,
    entropy: bytes,
    chain: NodeStatus | None,
    document: Genesis | None = None,
    *,
    node: str = "",
    in_genesis: bool = False,
    account: bytes = b"",
    key_number: int = 0,
) -> Profile:
    """The open part of a new wallet: the account named, else the one that the founding document
    lists under its key, else one of its own. Without a chain there is no id yet, except for an
    account that a founding document is going to list."""
    from chain import crypto
    from wallet_cli.core import keys

    key = crypto.public_key(keys.seed_from_entropy(entropy))
    own = Profile(
        name=name,
        key=key,
        account=account,
        key_number=key_number,
        keys=(key,),
        threshold=1,
        salt=keys.salt_from_entropy(entropy),
        chain=b"",
        epoch=0,
        prefix="",
        node=node,
    )
    if chain is not None:
        return joined(own, chain, document, in_genesis=in_genesis)
    if in_genesis and not account:
        return replace(own, account=account_id(NO_CHAIN, own.keys, own.threshold, own.salt))
    return own


def joined(
    profile: Profile, chain: NodeStatus, document: Genesis | None, *, in_genesis: bool
) -> Profile:
    """The wallet on this chain; an account id that it has already stays."""
    there = replace(profile, chain=chain.chain, epoch=chain.epoch, prefix=chain.prefix)
    if document is not None:
        from wallet_cli.founding import listed

        found = listed(document, profile.key)
        if found is not None and profile.account in (b"", found.account):
            return replace(
                there,
                account=found.account,
                keys=found.keys,
                threshold=found.threshold,
                salt=found.salt,
                key_number=found.key_number,
            )
    if there.account:
        return there
    over = NO_CHAIN if in_genesis else chain.chain
    return replace(there, account=account_id(over, there.keys, there.threshold, there.salt))


def account_id(chain: bytes, keys: tuple[bytes, ...], threshold: int, salt: bytes) -> bytes:
    from chain import account

    return account.account_id(chain, keys, threshold, salt)


def as_json(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "address": profile.address if profile.account and profile.prefix else None,
        "account": profile.account.hex() or None,
        "key": profile.key.hex(),
        "key_number": profile.key_number,
        "chain_id": profile.chain.hex() or None,
        "epoch": profile.epoch,
        "node": profile.node or None,
    }


def _lines(profile: Profile) -> str:
    data = as_json(profile)
    address = data["address"] or _("none yet: the wallet has joined no chain")
    return "\n".join(
        [
            _("Wallet {name}").format(name=profile.name),
            _("  address  {address}").format(address=address),
            _("  key      {key} (number {number})").format(
                key=data["key"], number=profile.key_number
            ),
            _("  chain    {chain}").format(chain=data["chain_id"] or "-"),
            _("  node     {node}").format(node=data["node"] or "-"),
        ]
    )


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
    from wallet_cli import keystore
    from wallet_cli.core import keys

    name, home = _name_of(name, wallet), home_of(settings)
    if name in profiles.names(home):
        raise UserError(
            _("A wallet {name} exists in {home} already; choose another name.").format(
                name=name, home=home
            ),
            Exit.KEY,
        )
    chain, document = _chain_of(settings, genesis)
    passphrase = console.secret(settings, _("New passphrase"), twice=True)
    entropy = os.urandom(16 if count == "12" else 32)
    profile = make_profile(
        name, entropy, chain, document, node=settings.node or "", in_genesis=in_genesis
    )
    words = keys.mnemonic_from_entropy(entropy)
    _show_words(words)
    if console.on_terminal():
        _check_words(words.split())
    keystore.create(home, profile, entropy, passphrase)
    out(settings, as_json(profile), _lines(profile))


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
    from wallet_cli import keystore
    from wallet_cli.core import keys

    name = _name_of(name, wallet)
    chain, document = _chain_of(settings, genesis)
    try:
        entropy = keys.entropy_from_mnemonic(_read_words(mnemonic_file))
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
    out(settings, as_json(profile), _lines(profile))


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

    from wallet_cli import keystore
    from wallet_cli.core import keys

    chain, document = _chain_of(settings, genesis)
    passphrase = console.secret(settings, _("New passphrase"))
    try:
        listed = json.loads(file.read_text("utf-8"))
        work = []
        for entry in listed:
            words = entry.get("mnemonic")
            entropy = (
                keys.entropy_from_mnemonic(words) if words else bytes.fromhex(entry["entropy"])
            )
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
    chain, document = _chain_of(settings, genesis)
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
    out(settings, as_json(changed), _lines(changed))


@click.command(name="list", cls=console.Command, help=N_("List the wallets of this home."))
@console.common_options
def list_wallets(settings: Settings) -> None:
    home = home_of(settings)
    found = [profiles.read(home, name).profile for name in profiles.names(home)]
    text = "\n".join(f"{p.name}  {as_json(p)['address'] or '-'}" for p in found)
    out(settings, [as_json(p) for p in found], text or _("There is no wallet yet."))


@click.command(name="show", cls=console.Command, help=N_("Show what a wallet file says openly."))
@wallet_command
def show(settings: Settings, wallet: str | None) -> None:
    profile = profile_of(settings, wallet)
    out(settings, as_json(profile), _lines(profile))


@click.command(name="address", cls=console.Command, help=N_("Print the wallet's address."))
@click.option("--qr", is_flag=True, help=N_("Also as a QR code."))
@wallet_command
def address(settings: Settings, wallet: str | None, qr: bool) -> None:
    profile = profile_of(settings, wallet)
    text = profile.address
    if qr:
        from wallet_cli.qr import draw

        text = f"{draw('socialcoin:' + text)}\n{text}"
    out(
        settings,
        {
            "name": profile.name,
            "address": profile.address,
            "account": profile.account.hex(),
            "chain_id": profile.chain.hex() or None,
        },
        text,
    )


@click.command(
    name="registration",
    cls=console.Command,
    help=N_("What the office of your wijk needs to register this wallet's account."),
)
@click.option(
    "--in-genesis",
    is_flag=True,
    help=N_("For a founding document: it takes the place of the chain."),
)
@wallet_command
def registration(settings: Settings, wallet: str | None, in_genesis: bool) -> None:
    from chain.account import KeyRole
    from governance_contracts.keys import prove_possession

    profile = profile_of(settings, wallet)
    shown = profile.address if not in_genesis or profile.prefix else None
    opened = unlock(settings, profile)
    chain, epoch = (NO_CHAIN, 0) if in_genesis else (profile.chain, profile.epoch)
    proof = prove_possession(opened.seed, chain, epoch, profile.account)
    data = {
        "account": profile.account.hex(),
        "address": shown,
        "chain_id": chain.hex(),
        "epoch": epoch,
        "keys": [
            {
                "key": profile.key.hex(),
                "role": int(KeyRole.FULL),
                "place": [],
                "proof": proof.hex(),
            }
        ],
        "threshold": profile.threshold,
        "salt": profile.salt.hex(),
    }
    out(settings, data, json.dumps(data, indent=2))


@click.command(name="export", cls=console.Command, help=N_("Show the words of a wallet again."))
@wallet_command
def export(settings: Settings, wallet: str | None) -> None:
    profile = profile_of(settings, wallet)
    console.confirm(settings, _("Who sees these words can take everything. Show them?"))
    words = unlock(settings, profile).words
    out(settings, {"name": profile.name, "mnemonic": words}, words)


@click.command(name="passphrase", cls=console.Command, help=N_("Change the passphrase."))
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=N_("File that holds the new passphrase."),
)
@wallet_command
def passphrase(settings: Settings, wallet: str | None, new_passphrase_file: Path | None) -> None:
    from wallet_cli import keystore

    opened = unlock(settings, profile_of(settings, wallet))
    if new_passphrase_file is not None:
        fresh = console.secret(Settings(passphrase_file=new_passphrase_file), "")
    elif console.on_terminal():
        fresh = str(
            click.prompt(_("New passphrase"), hide_input=True, confirmation_prompt=True, err=True)
        )
    else:
        raise UserError(_("Give the new passphrase with --new-passphrase-file FILE."), Exit.USAGE)
    keystore.change_passphrase(home_of(settings), opened, fresh)
    out(settings, {"name": opened.profile.name, "changed": True}, _("The passphrase is changed."))


COMMANDS = (
    new, restore, import_many, join, list_wallets, show, address, registration, export, passphrase,
)  # fmt: skip
