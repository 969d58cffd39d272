"""A node's one TOML file, and where its data lies in its home (`genesis.homes` has the rest).

HOME/config/node.toml   where to listen, whom to dial
HOME/data/              chain/ (store), wal, guard, index/, lock, tls.pem, suspect
"""

from __future__ import annotations

import tomllib

import msgspec

from genesis.console import UserError, _
from genesis.homes import NodeHome
from node.disk import replace_file

API_PORT = 26657
PEER_PORT = 26656
STORE, WAL, GUARD, INDEX, LOCK, BOXES = "chain", "wal", "guard", "index", "lock", "boxes"
SUSPECT = "suspect"
"""Names below HOME/data. `suspect` is there once damage was seen in the store: the next start
checks everything."""
ENGINES = ("", "leveldb", "lmdb")
PORT_DIGITS = 5


class Address(msgspec.Struct, frozen=True):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class PeerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to dial. `wijk` is for people; `key` (hexadecimal) is needed for observers only:
    the keys of seats are in the chain's state. Without an address: may dial us, is not dialled."""

    address: str = ""
    wijk: str = ""
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
    p2p: PeerSection = PeerSection()
    api: ApiSection = ApiSection()
    store: StoreSection = StoreSection()


def parse_address(text: str) -> Address:
    """`host:port`. Raises UserError."""
    host, separator, port = text.rpartition(":")
    host = host.strip("[]")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise UserError(_("{text!r} is not an address of the form host:port").format(text=text))
    if len(port) > PORT_DIGITS or not 0 < int(port) < 65536:
        raise UserError(_("{port} is not a port: a port is 1 to 65535").format(port=port))
    return Address(host, int(port))


def read_config(home: NodeHome) -> Config:
    """Raises UserError with the file and what was expected."""
    try:
        raw = tomllib.loads(home.toml.read_text(encoding="utf-8"))
        config = msgspec.convert(raw, Config)
    except FileNotFoundError:
        raise UserError(
            _("{file} does not exist: make a node home first with `socialcoin node init`").format(
                file=home.toml
            )
        ) from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UserError(
            _("{file} cannot be used: {error}").format(file=home.toml, error=error)
        ) from None
    parse_address(config.p2p.listen)
    parse_address(config.api.listen)
    for peer in config.p2p.peers:
        if peer.address:
            parse_address(peer.address)
        if peer.key and not _is_key(peer.key):
            raise UserError(
                _("a peer's key in {file} is not 64 hexadecimal digits").format(file=home.toml)
            )
    if config.log_level not in ("debug", "info", "warning", "error"):
        raise UserError(
            _("log_level in {file} is debug, info, warning or error").format(file=home.toml)
        )
    if config.store.engine not in ENGINES:
        raise UserError(_("engine in {file} is leveldb, lmdb, or empty").format(file=home.toml))
    return config


def write_config(home: NodeHome, config: Config) -> None:
    text = f"""# A node of the social coin; see docs/operator.md.
name = {_quote(config.name)}
wijk = {_quote(config.wijk)}
log_level = {_quote(config.log_level)}

[api]
listen = {_quote(config.api.listen)}

[store]
# leveldb or lmdb; empty: leveldb where it can be installed, lmdb elsewhere
engine = {_quote(config.store.engine)}

[p2p]
listen = {_quote(config.p2p.listen)}
"""
    for peer in config.p2p.peers:
        text += f"""
[[p2p.peers]]
wijk = {_quote(peer.wijk)}
address = {_quote(peer.address)}
key = {_quote(peer.key)}
"""
    replace_file(home.toml, text.encode(), 0o644)


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except ValueError:
        return False


def _quote(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = (c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)
    return f'"{"".join(plain)}"'
