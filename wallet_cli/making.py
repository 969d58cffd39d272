"""The open part of a wallet in the making: which account of which chain its key opens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis.console import N_, Settings, _
from wallet_cli.desk import NodeStatus, client_of, status_of
from wallet_cli.profile import Profile

if TYPE_CHECKING:
    from genesis.document import Genesis

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


def chain_named(
    settings: Settings, genesis: Path | None
) -> tuple[NodeStatus | None, Genesis | None]:
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
    from genesis.words import salt_from_entropy, seed_from_entropy

    key = crypto.public_key(seed_from_entropy(entropy))
    own = Profile(
        name=name,
        key=key,
        account=account,
        key_number=key_number,
        keys=(key,),
        threshold=1,
        salt=salt_from_entropy(entropy),
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


def as_text(profile: Profile) -> str:
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
