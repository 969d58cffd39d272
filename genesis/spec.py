"""spec.toml: a founding in the founders' own words, made into a document.

The names are those of the document (document.py). What can be known is left out: format, epoch,
versions, terms and the order of lists follow. Parts that somebody else makes with a private key
come from files, beside the spec:

    name = "Stroomstad"
    prefix = "stroom"
    time = 2026-01-01T00:00:00Z            # left out: now
    regions = ["regions.json"]             # of `socialcoin genesis regions FILE --out ...`
    accounts = ["accounts"]                # files of `genesis account`, or folders of them

    [parameters]
    block_gap_ms = 250

    [[issuers]]
    code = "stichting"
    name = "Stichting Stroomgeld"
    licence = "DNB R-000"
    regime = "emt"
    custodian = "<64 hexadecimal digits: commitment to the agreement>"

    [[wijken]]
    code = "WK036101"
    members = ["ann", "bob", "cas"]        # names of files without .json, or ids
    threshold = "2/3"
    treasury = "treasury"
    registrars = ["dee"]
    seat = "seat-zuid.json"                # of `genesis seat`

    [[wijken.coins]]
    code = "ZUID"
    name = "Zuiderling"
    issuer = "stichting"
    bank_account = "<64 hexadecimal digits: commitment to its number>"
    attestors = ["eef", "fay", "gus"]
    k = 2
    signers = ["ann", "bob"]

    [[places]]
    account = "shop"
    number = 1
    wijk = "WK036101"
    kind = "shop"
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, dataclass_transform

import msgspec

from chain.errors import Malformed
from chain.rules import DAY_MS, PROTOCOL
from genesis.document import (
    FORMAT,
    AccountPart,
    BoardPart,
    CoinPart,
    Commitment,
    ContractVersion,
    Genesis,
    Id,
    IssuerPart,
    ParameterSetting,
    PlacePart,
    RegionPart,
    ReservePart,
    SeatPart,
    WijkPart,
    dump,
    parse,
    parse_part,
)
from genesis.texts import _
from governance_contracts.boards.boardroom import TERM_DAYS
from governance_contracts.versions import CONTRACT_VERSIONS


@dataclass_transform(frozen_default=True, kw_only_default=True)
class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the tables of a spec; what has a default may be left out."""


class _Issuer(_Table):
    code: str
    name: str
    licence: str
    regime: Literal["emt", "limited-network"]
    custodian: str
    white_paper: str = ""


class _Coin(_Table):
    code: str
    name: str
    issuer: str
    bank_account: str
    attestors: tuple[str, ...]
    k: int = 2
    signers: tuple[str, ...] = ()
    currency: str = "EUR"


class _Wijk(_Table):
    code: str
    members: tuple[str, ...]
    treasury: str
    seat: str
    threshold: str = "2/3"
    term_days: int = TERM_DAYS
    successors: tuple[str, ...] = ()
    registrars: tuple[str, ...] = ()
    coins: tuple[_Coin, ...] = ()


class _Place(_Table):
    account: str
    number: int
    wijk: str
    kind: Literal["shop", "online"]
    buurt: str = ""


class _Spec(_Table):
    name: str
    prefix: str
    regions: tuple[str, ...]
    accounts: tuple[str, ...]
    wijken: tuple[_Wijk, ...]
    issuers: tuple[_Issuer, ...] = ()
    places: tuple[_Place, ...] = ()
    parameters: Mapping[str, int] = {}
    time: dt.datetime | None = None


Read = Callable[[Path], bytes]


def from_spec(text: bytes, folder: Path, now_ms: int, read: Read = Path.read_bytes) -> Genesis:
    """The document that a spec describes; its files are looked up from `folder`.

    Raises Malformed with a sentence: not TOML, a missing or unknown name, a file that is not
    what it should be, a name that no account file has. OSError for a file that cannot be read.
    """
    try:
        spec = msgspec.convert(tomllib.loads(text.decode()), _Spec)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Malformed(_("the spec cannot be used: {error}").format(error=error)) from None
    parts = _Parts(folder, read)
    parts.load_accounts(spec.accounts)
    time_ms = now_ms if spec.time is None else _milliseconds(spec.time)
    versions = dict(CONTRACT_VERSIONS)
    genesis = Genesis(
        format=FORMAT,
        name=spec.name,
        prefix=spec.prefix,
        epoch=0,
        time_ms=time_ms,
        protocol=versions.pop(PROTOCOL),
        contracts=tuple(ContractVersion(name=n, version=v) for n, v in versions.items()),
        parameters=tuple(
            ParameterSetting(name=n, value=v) for n, v in sorted(spec.parameters.items())
        ),
        regions=tuple(r for name in spec.regions for r in parts.regions(name)),
        issuers=tuple(_issuer(issuer) for issuer in spec.issuers),
        wijken=tuple(
            parts.wijk(wijk, time_ms) for wijk in sorted(spec.wijken, key=lambda w: w.code)
        ),
        accounts=tuple(parts.accounts.values()),
        places=tuple(parts.place(place) for place in spec.places),
    )
    return parse(dump(genesis))  # the bounds that the document sets


class _Parts:
    """The files beside the spec, and the names its text gives to accounts."""

    def __init__(self, folder: Path, read: Read) -> None:
        self.folder = folder
        self.read = read
        self.accounts: dict[str, AccountPart] = {}

    def _parsed(self, kind: Any, path: Path) -> Any:
        try:
            return parse_part(kind, self.read(path))
        except Malformed as error:
            raise Malformed(f"{path.name}: {error}") from None

    def load_accounts(self, names: tuple[str, ...]) -> None:
        """From files and folders; a file holds one account or a list of them."""
        for name in names:
            path = self.folder / name
            for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
                found = self._parsed(AccountPart | tuple[AccountPart, ...], file)
                if isinstance(found, AccountPart):
                    self.accounts[file.stem] = found
                else:
                    self.accounts |= {account.id.hex(): account for account in found}

    def regions(self, name: str) -> tuple[RegionPart, ...]:
        found: tuple[RegionPart, ...] = self._parsed(tuple[RegionPart, ...], self.folder / name)
        return found

    def id(self, name: str) -> Id:
        if name in self.accounts:
            return self.accounts[name].id
        if any(account.id.hex() == name for account in self.accounts.values()):
            return Id(bytes.fromhex(name))
        raise Malformed(
            _("there is no account {name!r}: name a file of `accounts` or an id in it").format(
                name=name
            )
        )

    def ids(self, names: tuple[str, ...]) -> tuple[Id, ...]:
        return tuple(sorted(self.id(name) for name in names))

    def wijk(self, wijk: _Wijk, time_ms: int) -> WijkPart:
        numerator, denominator = _fraction(wijk.threshold)
        seat: SeatPart = self._parsed(SeatPart, self.folder / wijk.seat)
        return WijkPart(
            code=wijk.code,
            board=BoardPart(
                members=self.ids(wijk.members),
                successors=tuple(self.id(name) for name in wijk.successors),
                numerator=numerator,
                denominator=denominator,
                term_end_ms=time_ms + wijk.term_days * DAY_MS,
            ),
            treasury=self.id(wijk.treasury),
            registrars=tuple(self.id(name) for name in wijk.registrars),
            seat=seat,
            coins=tuple(self.coin(coin) for coin in wijk.coins),
        )

    def coin(self, coin: _Coin) -> CoinPart:
        return CoinPart(
            code=coin.code,
            name=coin.name,
            currency=coin.currency,
            issuer=coin.issuer,
            reserve=ReservePart(
                account=_commitment(coin.bank_account),
                attestors=self.ids(coin.attestors),
                k=coin.k,
                signers=self.ids(coin.signers),
            ),
        )

    def place(self, place: _Place) -> PlacePart:
        return PlacePart(
            account=self.id(place.account),
            number=place.number,
            wijk=place.wijk,
            buurt=(place.buurt,) if place.buurt else (),
            kind=place.kind,
        )


def _issuer(issuer: _Issuer) -> IssuerPart:
    return IssuerPart(
        code=issuer.code,
        name=issuer.name,
        licence=issuer.licence,
        regime=issuer.regime,
        custodian=(_commitment(issuer.custodian),) if issuer.custodian else (),
        white_paper=(_commitment(issuer.white_paper),) if issuer.white_paper else (),
    )


def _commitment(text: str) -> Commitment:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != 32:
        raise Malformed(_("{text!r} is no commitment: 64 hexadecimal digits").format(text=text))
    return Commitment(data)


def _fraction(text: str) -> tuple[int, int]:
    numerator, _slash, denominator = text.partition("/")
    if not (numerator.isdecimal() and denominator.isdecimal() and text.isascii()):
        raise Malformed(_("{text!r} is no threshold; write it as 2/3").format(text=text))
    return int(numerator), int(denominator)


def _milliseconds(time: dt.datetime) -> int:
    if time.tzinfo is None:
        raise Malformed(_("the time has no zone: write it as 2026-01-01T00:00:00Z"))
    return (time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)
