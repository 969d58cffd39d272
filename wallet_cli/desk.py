"""What the wallet's commands share: which wallet, which node, an open session.

Imports here are light, so that commands that only read a file start fast; whatever needs the
cryptography is imported where it is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.address import decode_address
from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _
from wallet_cli import profile as profiles
from wallet_cli.client import Answer, Client
from wallet_cli.profile import Profile

if TYPE_CHECKING:
    from wallet_cli.keystore import Opened


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What a node says of itself; `time_ms` is that of its latest block."""

    chain: bytes
    epoch: int
    prefix: str
    height: int
    time_ms: int
    node_key: bytes


def wallet_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options every command has, and `--wallet`; called with (settings, wallet, ...)."""

    @wraps(command)
    def run(settings: Settings, wallet: str | None, *args: Any, **values: Any) -> Any:
        return command(settings, wallet, *args, **values)

    named = click.option(
        "--wallet",
        metavar="NAME",
        envvar="SOCIALCOIN_WALLET",
        help=N_("Which wallet of this home; default: the only one."),
    )
    return named(console.common_options(run))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def home_of(settings: Settings) -> Path:
    return settings.home or profiles.default_home()


def profile_of(settings: Settings, wallet: str | None) -> Profile:
    home = home_of(settings)
    return profiles.read(home, profiles.choose(home, wallet)).profile


def unlock(settings: Settings, profile: Profile) -> Opened:
    from wallet_cli.keystore import open_wallet

    passphrase = console.secret(
        settings, _("Passphrase of wallet {name}").format(name=profile.name)
    )
    return open_wallet(home_of(settings), profile.name, passphrase)


def client_of(settings: Settings, profile: Profile | None = None) -> Client:
    url = settings.node or (profile.node if profile else "")
    if not url:
        raise UserError(_("Which node? Name one with --node URL or SOCIALCOIN_NODE."), Exit.USAGE)
    return Client(url)


def status_of(client: Client) -> NodeStatus:
    answer = client.get("/v1/status")
    try:
        return NodeStatus(
            bytes.fromhex(answer["chain_id"]),
            int(answer["epoch"]),
            str(answer["prefix"]),
            int(answer["height"]),
            int(answer["time_ms"]),
            bytes.fromhex(answer["node_key"]),
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("The node at {url} gave a status that this wallet cannot read.").format(
                url=client.url
            )
        ) from None


def status_for(client: Client, profile: Profile) -> NodeStatus:
    """The node's status, if it is a node of the wallet's chain. Raises UserError."""
    status = status_of(client)
    if profile.chain and status.chain != profile.chain:
        raise UserError(
            _(
                "The node at {url} belongs to chain {theirs}…, wallet {name} to chain {ours}…. "
                "Ask a node of the wallet's own chain (--node URL)."
            ).format(
                url=client.url,
                theirs=status.chain.hex()[:16],
                name=profile.name,
                ours=profile.chain.hex()[:16],
            )
        )
    return status


def open_session(client: Client, opened: Opened, status: NodeStatus) -> None:
    """Ask the node for a token that reads this wallet's account."""
    from chain import crypto
    from chain.codec import encode
    from chain.session import READ, SESSION_MS_MAX, SessionRequest, session_bytes

    profile = opened.profile
    nonce = client.get("/v1/sessions/nonce")
    try:
        request = SessionRequest(
            profile.account,
            profile.key_number,
            bytes.fromhex(nonce["node_key"]),
            bytes.fromhex(nonce["nonce"]),
            READ,
            # The node judges by its own clock; a minute less forgives a wallet's that runs ahead.
            now_ms() + SESSION_MS_MAX - 60_000,
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(_("The node's answer to a request for a session is damaged.")) from None
    if request.node_key != status.node_key:
        raise UserError(_("The node names two different keys of its own; do not trust it."))
    message = session_bytes(status.chain, status.epoch, request)
    answer = client.post(
        "/v1/sessions",
        {"request": encode(request).hex(), "signature": crypto.sign(opened.seed, message).hex()},
    )
    client.token = str(answer.get("token", ""))


@dataclass(frozen=True, slots=True)
class Session:
    """An opened wallet in conversation with a node of its chain."""

    settings: Settings
    opened: Opened
    client: Client
    status: NodeStatus

    @property
    def profile(self) -> Profile:
        return self.opened.profile

    @property
    def acts_for(self) -> bytes:
        """The account that this command's calls concern: the wallet's own, unless its options
        say otherwise (acting.py). Raises UserError (usage)."""
        from wallet_cli.acting import acts_for

        return acts_for(self)

    def account(self, *, proof: bool = False) -> Answer:
        query = "?proof=1" if proof else ""
        return self.client.get(f"/v1/accounts/{self.profile.address}{query}")


def converse(settings: Settings, wallet: str | None) -> Session:
    """Open the wallet and a session with its node. Raises UserError (key, unreachable)."""
    profile = profile_of(settings, wallet)
    _address = profile.address
    client = client_of(settings, profile)
    status = status_for(client, profile)
    opened = unlock(settings, profile)
    open_session(client, opened, status)
    return Session(settings, opened, client, status)


def account_of(profile: Profile, address: str) -> bytes:
    """Raises UserError: a wallet without a chain; (usage) an address with a mistake in it."""
    _own = profile.address
    try:
        return decode_address(profile.prefix, address)
    except Malformed as error:
        raise UserError(
            _("{address} is not an address: {reason}.").format(address=address, reason=error),
            Exit.USAGE,
        ) from None


def coin_of(account: Answer, coin: str | None) -> str:
    """The coin that is meant: the one named, or the only one held. Raises UserError (usage): also
    when none is named and the wallet acts for somebody else."""
    from wallet_cli.acting import acting

    if coin is not None:
        return coin
    if not acting().own:
        raise UserError(_("You act for another account; name the coin with --coin."), Exit.USAGE)
    held = sorted({str(entry["coin"]) for entry in account.get("coins", [])})
    if len(held) == 1:
        return held[0]
    if not held:
        raise UserError(_("This account holds no coin yet; name one with --coin."), Exit.USAGE)
    raise UserError(
        _("This account holds several coins ({coins}); choose one with --coin.").format(
            coins=", ".join(held)
        ),
        Exit.USAGE,
    )
