"""A node's home: where its files are, and its keys.

    HOME/config/genesis.json     the document; the node refuses to start under another
    HOME/config/node.toml        addresses; sections [p2p] and [api]; read by node/config.py
    HOME/config/consensus_key    the seat's private seed, in hexadecimal, mode 0600
    HOME/config/node_key         the TLS identity's private seed, likewise
    HOME/data/                   the store, the log, the signer's guard record: the node's own

A consensus key signs only beside its guard record, which `node init` makes together with a key,
or once for the key that a testnet put here. A key file that others can read is refused.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from genesis.mistakes import Exit, UserError, of_the_system
from genesis.texts import _

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class NodeHome:
    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def genesis(self) -> Path:
        return self.config / "genesis.json"

    @property
    def toml(self) -> Path:
        return self.config / "node.toml"

    @property
    def consensus_key(self) -> Path:
        return self.config / "consensus_key"

    @property
    def node_key(self) -> Path:
        return self.config / "node_key"

    def make(self) -> None:
        """The folders, for their owner only."""
        for folder in (self.root, self.config, self.data):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another wijk's node, at HOST:PORT; its key is in the chain's state."""

    wijk: str
    address: str


@dataclass(frozen=True, slots=True)
class NodeAddresses:
    """`api`, `listen`: HOST:PORT for people's programs and for other nodes."""

    name: str
    wijk: str
    api: str
    listen: str
    peers: tuple[Peer, ...]

    def toml(self) -> str:
        peers = "".join(
            f'    {{ address = "{peer.address}", wijk = "{peer.wijk}" }},\n' for peer in self.peers
        )
        return (
            f'name = "{self.name}"\nwijk = "{self.wijk}"\n\n'
            f'[p2p]\nlisten = "{self.listen}"\npeers = [\n{peers}]\n\n'
            f'[api]\nlisten = "{self.api}"\n'
        )


def new_seed() -> bytes:
    return secrets.token_bytes(SEED_BYTES)


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read. Raises UserError if there is one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UserError(
            _("{path} exists already and is not overwritten: move it away first.").format(path=path)
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_seed(path: Path, seed: bytes) -> None:
    """A private seed as a line of hexadecimal, mode 0600; never over another file."""
    assert len(seed) == SEED_BYTES, "a private seed has 32 bytes"
    write_private(path, seed.hex().encode() + b"\n")


def read_seed(path: Path) -> bytes:
    """A private seed. Raises UserError (key): unreadable, open to others, not 64 hex digits."""
    return _seed_of(path, _read_private(path))


def read_founder_seed(path: Path) -> bytes:
    """As `read_seed`, and from a file that holds the 12 or 24 words of a wallet too, so that a
    founder acts later with the wallet whose account stands in the document."""
    from chain.errors import Malformed
    from genesis.words import entropy_from_mnemonic, seed_from_entropy

    text = _read_private(path)
    if len(text.split()) <= 1:
        return _seed_of(path, text)
    try:
        return seed_from_entropy(entropy_from_mnemonic(text))
    except Malformed as error:
        raise UserError(
            _("The words cannot be read: {reason}.").format(reason=error), Exit.KEY
        ) from None


def _read_private(path: Path) -> str:
    """The text of a key file; empty if it is not ASCII. Raises UserError (key)."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii").strip()
    except OSError as error:
        raise UserError(
            _("The key file cannot be read: {reason}").format(reason=of_the_system(error)), Exit.KEY
        ) from None
    except UnicodeDecodeError:
        text, mode = "", 0
    if stat.S_IMODE(mode) & 0o077:
        raise UserError(
            _("Others can read the key file {path}: run `chmod 600 {path}`.").format(path=path),
            Exit.KEY,
        )
    return text


def _seed_of(path: Path, text: str) -> bytes:
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise UserError(
            _("{path} is not a key file: 64 hexadecimal digits are expected.").format(path=path),
            Exit.KEY,
        )
    return seed
