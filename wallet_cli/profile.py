"""The open part of a wallet file: which account it is, on which chain. No passphrase needed.

A wallet home is a folder; each wallet in it is a file NAME.wallet. `socialcoin wallet address`
reads this and no more, so nothing here imports the cryptography. The sealed part, with the words,
belongs to `keystore`; opening it proves that the key in the open part is that of the words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from chain.address import encode_address
from chain.kinds import Tag
from genesis.console import Exit, UserError, _, of_the_system

FORMAT = "socialcoin wallet"
VERSION = 1
SUFFIX = ".wallet"
FILE_BYTES_MAX = 64 * 1024
NAMED = 8
"""How many wallets a message lists."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Profile:
    """`keys`, `threshold` and `salt` are what the account's id is made of; `key` is ours.

    `key_number` is the number of our key in the account. `chain` is empty as long as the wallet
    has seen no chain; then there is no address either.
    """

    name: str
    key: bytes
    account: bytes
    key_number: int
    keys: tuple[bytes, ...]
    threshold: int
    salt: bytes
    chain: bytes
    epoch: int
    prefix: str
    node: str

    @property
    def address(self) -> str:
        """Raises UserError for a wallet that knows no chain yet."""
        if not self.account or not self.prefix:
            raise UserError(
                _(
                    "Wallet {name} does not know its chain yet, so it has no address: let it "
                    "`socialcoin wallet join --wallet {name}` one, with --node URL or "
                    "--genesis FILE."
                ).format(name=self.name)
            )
        return encode_address(self.prefix, self.account)


@dataclass(frozen=True, slots=True)
class Kdf:
    """Argon2id parameters; memory in bytes."""

    operations: int
    memory: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class WalletFile:
    profile: Profile
    kdf: Kdf
    sealed: bytes

    def with_profile(self, profile: Profile) -> WalletFile:
        return replace(self, profile=profile)


def default_home() -> Path:
    return Path.home() / ".socialcoin" / "wallets"


def check_name(name: str) -> str:
    """Raises UserError (usage) for a name that cannot be a file's."""
    if not _NAME.fullmatch(name):
        raise UserError(
            _(
                "{name!r} cannot be the name of a wallet: use 1 to 64 letters, digits, '-', '_' "
                "or '.', and begin with a letter or digit."
            ).format(name=name),
            Exit.USAGE,
        )
    return name


def path_of(home: Path, name: str) -> Path:
    return home / (check_name(name) + SUFFIX)


def names(home: Path) -> list[str]:
    """The wallets in a home, sorted; empty if there is no such folder."""
    try:
        files = [file.name for file in home.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(
            _("The wallet folder {home} cannot be read: {reason}").format(
                home=home, reason=of_the_system(error)
            ),
            Exit.KEY,
        ) from None
    found = [name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX)]
    return sorted(name for name in found if _NAME.fullmatch(name))


def choose(home: Path, name: str | None) -> str:
    """The wallet that is meant: `name`, or the only one. Raises UserError (key, usage)."""
    if name is not None:
        return check_name(name)
    found = names(home)
    if not found:
        raise UserError(
            _(
                "There is no wallet in {home}. Make one with `socialcoin wallet new NAME`, or "
                "name its folder with --home."
            ).format(home=home),
            Exit.KEY,
        )
    if len(found) > 1:
        raise UserError(
            _("There are several wallets here: {names}. Choose one with --wallet NAME.").format(
                names=", ".join([*found[:NAMED], "…"] if len(found) > NAMED else found)
            ),
            Exit.USAGE,
        )
    return found[0]


def read(home: Path, name: str) -> WalletFile:
    """Raises UserError (key): missing, unreadable, not a wallet file, too new, damaged."""
    path = path_of(home, name)
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise UserError(
            _("There is no wallet {name} in {home}.").format(name=name, home=home), Exit.KEY
        ) from None
    except OSError as error:
        raise UserError(
            _("The wallet file {path} cannot be read: {reason}").format(
                path=path, reason=of_the_system(error)
            ),
            Exit.KEY,
        ) from None
    return _parse(name, path, data)


def _parse(name: str, path: Path, data: bytes) -> WalletFile:
    try:
        document: Any = json.loads(data)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError
    except (ValueError, RecursionError):
        raise UserError(
            _(
                "{path} is not a wallet file, or it is damaged. Restore the wallet from its words "
                "with `socialcoin wallet restore`, or put a copy of the file back."
            ).format(path=path),
            Exit.KEY,
        ) from None
    if document.get("version") != VERSION:
        raise UserError(
            _(
                "{path} has format version {found}; this release reads version {known}. Use a "
                "newer release."
            ).format(path=path, found=document.get("version"), known=VERSION),
            Exit.KEY,
        )
    try:
        if document.pop("checksum") != _checksum(document):
            raise ValueError
        public, kdf = document["public"], document["kdf"]
        profile = Profile(
            name=name,
            key=_bytes(public["key"], 32),
            account=_bytes(public["account"], 0, 20),
            key_number=_integer(public["key_number"], 2**16),
            keys=tuple(_bytes(key, 32) for key in public["keys"]),
            threshold=_integer(public["threshold"], 17),
            salt=_bytes(public["salt"], 16),
            chain=_bytes(public["chain"], 0, 32),
            epoch=_integer(public["epoch"], 2**32),
            prefix=_text(public["prefix"]),
            node=_text(public["node"]),
        )
        parameters = Kdf(
            _integer(kdf["operations"], 17),
            _integer(kdf["memory_bytes"], (1 << 30) + 1),
            _bytes(kdf["salt"], 16),
        )
        return WalletFile(profile, parameters, bytes.fromhex(_text(document["sealed"])))
    except (ValueError, KeyError, TypeError):
        raise UserError(
            _(
                "The wallet file {path} is damaged: its checksum does not fit. Restore the wallet "
                "from its words with `socialcoin wallet restore`, or put a copy of the file back."
            ).format(path=path),
            Exit.KEY,
        ) from None


def dump(wallet: WalletFile) -> bytes:
    profile, kdf = wallet.profile, wallet.kdf
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "public": {
            "key": profile.key.hex(),
            "account": profile.account.hex(),
            "key_number": profile.key_number,
            "keys": [key.hex() for key in profile.keys],
            "threshold": profile.threshold,
            "salt": profile.salt.hex(),
            "chain": profile.chain.hex(),
            "epoch": profile.epoch,
            "prefix": profile.prefix,
            "node": profile.node,
        },
        "kdf": {
            "name": "argon2id",
            "operations": kdf.operations,
            "memory_bytes": kdf.memory,
            "salt": kdf.salt.hex(),
        },
        "sealed": wallet.sealed.hex(),
    }
    document["checksum"] = _checksum(document)
    return json.dumps(document, indent=1).encode() + b"\n"


def _checksum(document: dict[str, Any]) -> str:
    """Finds damage, not malice: who can write the file can write this too."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return sha256(bytes([Tag.CHECKSUM]) + canonical).hexdigest()


def _bytes(value: Any, *sizes: int) -> bytes:
    data = bytes.fromhex(_text(value))
    if len(data) not in sizes:
        raise ValueError
    return data


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _integer(value: Any, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise ValueError
    return value
