"""A node's home folder and its one TOML file.

HOME/config/genesis.json   the founding document
HOME/config/node.toml      where to listen, whom to dial
HOME/config/consensus_key  the seat's signing seed, hexadecimal, mode 0600 (validators only)
HOME/config/node_key       the seed of the TLS identity, hexadecimal, mode 0600
HOME/data/                 chain/ (store), wal, guard, index.sqlite, lock
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from genesis.console import Exit, UserError, _
from node.disk import replace_file

API_PORT = 26657
PEER_PORT = 26656


class Address(msgspec.Struct, frozen=True):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class PeerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to dial. `key` (hexadecimal) is needed for observers only: seats' keys are in the
    chain's state."""

    address: str
    key: str = ""


class PeerSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen: str = f"127.0.0.1:{PEER_PORT}"
    peers: tuple[PeerEntry, ...] = ()


class ApiSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen: str = f"127.0.0.1:{API_PORT}"


class StoreSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    engine: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`wijk` is the seat this node may hold; empty for an observer."""

    name: str = "node"
    wijk: str = ""
    log_level: str = "info"
    peers: PeerSection = PeerSection()
    api: ApiSection = ApiSection()
    store: StoreSection = StoreSection()


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one node lies."""

    path: Path

    @property
    def genesis(self) -> Path:
        return self.path / "config" / "genesis.json"

    @property
    def config(self) -> Path:
        return self.path / "config" / "node.toml"

    @property
    def consensus_key(self) -> Path:
        return self.path / "config" / "consensus_key"

    @property
    def node_key(self) -> Path:
        return self.path / "config" / "node_key"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def store(self) -> Path:
        return self.data / "chain"

    @property
    def wal(self) -> Path:
        return self.data / "wal"

    @property
    def guard(self) -> Path:
        return self.data / "guard"

    @property
    def index(self) -> Path:
        return self.data / "index.sqlite"


def parse_address(text: str) -> Address:
    """`host:port`. Raises UserError."""
    host, separator, port = text.rpartition(":")
    host = host.strip("[]")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise UserError(_("{text!r} is not an address of the form host:port").format(text=text))
    if not 0 < int(port) < 65536:
        raise UserError(_("{port} is not a port: a port is 1 to 65535").format(port=port))
    return Address(host, int(port))


def read_config(home: Home) -> Config:
    """Raises UserError with the file and what was expected."""
    try:
        raw = tomllib.loads(home.config.read_text(encoding="utf-8"))
        config = msgspec.convert(raw, Config)
    except FileNotFoundError:
        raise UserError(
            _("{file} does not exist: make a node home first with `socialcoin node init`").format(
                file=home.config
            )
        ) from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UserError(
            _("{file} cannot be used: {error}").format(file=home.config, error=error)
        ) from None
    parse_address(config.peers.listen)
    parse_address(config.api.listen)
    for peer in config.peers.peers:
        parse_address(peer.address)
    if config.log_level not in ("debug", "info", "warning", "error"):
        raise UserError(
            _("log_level in {file} is debug, info, warning or error").format(file=home.config)
        )
    return config


def write_config(home: Home, config: Config) -> None:
    peers = ", ".join(
        f"{{ address = {_quote(p.address)}, key = {_quote(p.key)} }}" for p in config.peers.peers
    )
    text = f"""# A node of the social coin; see docs/operator.md.
name = {_quote(config.name)}
wijk = {_quote(config.wijk)}
log_level = {_quote(config.log_level)}

[peers]
listen = {_quote(config.peers.listen)}
peers = [{peers}]

[api]
listen = {_quote(config.api.listen)}

[store]
# leveldb or lmdb; empty: leveldb where it can be installed, lmdb elsewhere
engine = {_quote(config.store.engine)}
"""
    replace_file(home.config, text.encode(), 0o644)


def _quote(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_seed(path: Path) -> bytes:
    """A key file: 64 hexadecimal digits. Raises UserError (exit code 4)."""
    try:
        seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise UserError(
            _("the key file {file} does not exist").format(file=path), Exit.KEY
        ) from None
    except PermissionError:
        raise UserError(
            _("the key file {file} cannot be read: check its owner and mode").format(file=path),
            Exit.KEY,
        ) from None
    except (ValueError, UnicodeDecodeError):
        seed = b""
    if len(seed) != 32:
        raise UserError(
            _("the key file {file} is damaged: it should hold 64 hexadecimal digits").format(
                file=path
            ),
            Exit.KEY,
        )
    return seed
