"""The Genesis document: what the founders agree on, and what a chain's name is a hash of.

A JSON file for people: every field is written out, an unknown one is refused, bytes are small
hexadecimal, an optional value is a list of none or one, as everywhere in the protocol. It holds
no money (there is no field for it): coin comes into being through `reserve` only, on a bank
statement. It holds no personal data: account ids, keys, commitments and coarse codes.

    chain id = H(Tag.GENESIS, canonical)

`canonical` is the document as MessagePack (chain/codec.py): each object an array of its fields
in the order of the classes below, lists as they stand, bytes as bytes. White space and the order
of names in the JSON do not matter; the order in a list does.

**Ids in the document.** An account's id hashes the chain, and the chain hashes the document. So
whatever stands in a genesis uses `FOUNDING_CHAIN`, 32 zero bytes, in place of the chain: ids of
accounts, and proofs of possession of their keys and of the validators' (with epoch 0). Later
registrations use the real chain id.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, dataclass_transform

import msgspec
from msgspec import Meta

from chain import crypto
from chain.account import AccountKind, KeyRole
from chain.codec import I32, U8, U16, U32, U53, Code, Millis, encode
from chain.errors import Malformed
from chain.kinds import Tag

FORMAT = 1
FOUNDING_CHAIN = bytes(32)
FOUNDING_EPOCH = 0
FILE_BYTES_MAX = 512 * 1024 * 1024


class Hex(bytes):
    """Bytes that are written in JSON as hexadecimal, in small letters."""

    __slots__ = ()


class Key(Hex):
    """32 bytes: an Ed25519 public key."""

    size = 32


class Sig(Hex):
    size = 64


class Id(Hex):
    """20 bytes: an account."""

    size = 20


class Commitment(Hex):
    """32 bytes: a keyed hash of something that is kept off the chain (design: law.md)."""

    size = 32


class Salt(Hex):
    size = 16


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every object in the document. No field has a default."""


Text80 = Annotated[str, Meta(min_length=1, max_length=80)]
Point = tuple[I32, I32]
"""Longitude and latitude in units of 1e-7 degree."""
Kind = Literal[
    "person", "household", "business", "institution", "association", "fund", "board", "till",
    "operator",
]  # fmt: skip
Role = Literal["full", "till"]
LevelName = Literal["country", "province", "gemeente", "wijk", "buurt", "pseudo", "foreign"]


class ContractVersion(Part):
    name: Code
    version: U16


class ParameterSetting(Part):
    """A parameter that differs from its default; limits per kind of account are parameters."""

    name: Code
    value: U53


class RegionPart(Part):
    """`rings`: the boundary (governance_contracts/areas/boundaries.py); empty for none."""

    code: Code
    name: Text80
    country: str
    parent: Annotated[tuple[Code, ...], Meta(max_length=1)]
    level: LevelName
    inhabitants: U53
    inhabitants_date: str
    adults: U53
    rings: tuple[tuple[Point, ...], ...]


class ProvenKey(Part):
    """`proof`: by the key itself, see governance_contracts/people/keys.py, over FOUNDING_CHAIN."""

    key: Key
    proof: Sig


class SeatPart(Part):
    """`consensus` signs votes; `nodes`, 1 to 4, are the TLS keys of the wijk's node."""

    consensus: ProvenKey
    nodes: tuple[ProvenKey, ...]


class BoardPart(Part):
    """numerator / denominator of the members, rounded up, decide. The mandate of a founding
    board ends at `term_end_ms`."""

    members: tuple[Id, ...]
    successors: tuple[Id, ...]
    numerator: U8
    denominator: U8
    term_end_ms: Millis


class ReservePart(Part):
    """`account`: commitment to the bank account's number. `signers`: who signs payments there."""

    account: Commitment
    attestors: tuple[Id, ...]
    k: U8
    signers: tuple[Id, ...]


class CoinPart(Part):
    code: Code
    name: Text80
    currency: str
    issuer: Code
    reserve: ReservePart


class WijkPart(Part):
    code: Code
    board: BoardPart
    treasury: Id
    registrars: tuple[Id, ...]
    seat: SeatPart
    coins: tuple[CoinPart, ...]


class IssuerPart(Part):
    """The legal person behind coins. `custodian`, `white_paper`: commitments."""

    code: Code
    name: Text80
    licence: Text80
    regime: Literal["emt", "limited-network"]
    custodian: Annotated[tuple[Commitment, ...], Meta(max_length=1)]
    white_paper: Annotated[tuple[Commitment, ...], Meta(max_length=1)]


class AccountKeyPart(Part):
    key: Key
    role: Role
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]
    proof: Sig


class AccountPart(Part):
    """`office`: the wijk that answers for it. `keys` get the numbers 0, 1, 2 ... in order."""

    id: Id
    kind: Kind
    sector: Code
    home: Code
    office: Code
    owner: Annotated[tuple[Id, ...], Meta(max_length=1)]
    keys: tuple[AccountKeyPart, ...]
    threshold: U8
    salt: Salt
    identity: Annotated[tuple[Commitment, ...], Meta(max_length=1)]


class PlacePart(Part):
    account: Id
    number: U16
    wijk: Code
    buurt: Annotated[tuple[Code, ...], Meta(max_length=1)]
    kind: Literal["shop", "online"]


class Genesis(Part):
    """The whole document. `prefix` begins every address; `time_ms` is the time of height 0."""

    format: U8
    name: str
    prefix: str
    epoch: U32
    time_ms: Millis
    protocol: U16
    contracts: tuple[ContractVersion, ...]
    parameters: tuple[ParameterSetting, ...]
    regions: tuple[RegionPart, ...]
    issuers: tuple[IssuerPart, ...]
    wijken: tuple[WijkPart, ...]
    accounts: tuple[AccountPart, ...]
    places: tuple[PlacePart, ...]


def _read(kind: type, value: Any) -> Any:
    """The JSON text of bytes. Only small letters: one spelling, so that people can compare."""
    if not (isinstance(value, str) and issubclass(kind, Hex)):
        raise ValueError("text of hexadecimal digits expected")
    size = getattr(kind, "size", 0)
    try:
        data = bytes.fromhex(value)
    except ValueError:
        data = b""
    if len(data) != size or data.hex() != value:
        raise ValueError(f"{2 * size} hexadecimal digits (0-9, a-f) expected")
    return kind(data)


def _write(value: Any) -> Any:
    if isinstance(value, Hex):
        return value.hex()
    raise NotImplementedError(type(value).__name__)


_DECODER = msgspec.json.Decoder(Genesis, dec_hook=_read)
_ENCODER = msgspec.json.Encoder(enc_hook=_write)


def parse(data: bytes) -> Genesis:
    """Read a document.

    Raises Malformed with a sentence that names the place: not JSON, a missing or unknown field,
    a wrong type, a value out of its bounds. Whether it makes sense is for `rules.validate`.
    """
    if len(data) > FILE_BYTES_MAX:
        raise Malformed(f"{len(data)} bytes where at most {FILE_BYTES_MAX} are allowed")
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def parse_part(kind: Any, data: bytes) -> Any:
    """Read a part of a document that is kept in a file of its own. Raises Malformed."""
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_read)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def dump(part: Any) -> bytes:
    """A document, or a part, as JSON with one field per line and each account on one line."""
    if not isinstance(part, Genesis):
        return msgspec.json.format(_ENCODER.encode(part), indent=1) + b"\n"
    fields = []
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if name in ("accounts", "places", "regions") and value:
            lines = b",\n  ".join(_ENCODER.encode(entry) for entry in value)
            text = b"[\n  " + lines + b"\n ]"
        else:
            text = msgspec.json.format(_ENCODER.encode(value), indent=1).replace(b"\n", b"\n ")
        fields.append(b' "%s": %s' % (name.encode(), text))
    return b"{\n" + b",\n".join(fields) + b"\n}\n"


def canonical(genesis: Genesis) -> bytes:
    return encode(_plain(genesis))


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return [_plain(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return bytes(value) if isinstance(value, Hex) else value


def chain_id(genesis: Genesis) -> bytes:
    """The 32 bytes that every signature and every account of this chain carries."""
    return crypto.tagged(Tag.GENESIS, canonical(genesis))


def account_kind(kind: str) -> AccountKind:
    return AccountKind[kind.upper()]


def key_role(role: str) -> KeyRole:
    return KeyRole[role.upper()]
