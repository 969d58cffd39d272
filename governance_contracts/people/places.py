"""Places of a business: where a payment happens, as wijk and buurt, never as a point.

The registrar's client locates the establishment and signs the codes; coordinates do not enter a
transaction. A buurt of fewer than 100 inhabitants is left out. An online shop has one place of
kind ONLINE, at its registered establishment. Places are part of the registry contract.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain.account import AccountKind
from chain.codec import U8, U16, AccountId, Code, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, View
from governance_contracts.areas.regions import Level, require_region
from governance_contracts.people.acting import require_account
from governance_contracts.people.registrars import require_office

PLACES_MAX = 1_000
BUURT_INHABITANTS_MIN = 100


class PlaceKind(IntEnum):
    SHOP = 1
    ONLINE = 2


class Place(Record, tag=1):
    wijk: Code
    buurt: Annotated[tuple[Code, ...], Meta(max_length=1)]
    kind: U8
    closed: bool


def place_key(place: tuple[bytes, int]) -> bytes:
    """Account, then number in two bytes, so that a scan lists an account's places in order."""
    account, number = place
    return account + number.to_bytes(2, "big")


PLACES: Table[tuple[bytes, int], Place] = Table(30, "place", Place, place_key)

HAVE_PLACES = (
    AccountKind.BUSINESS,
    AccountKind.INSTITUTION,
    AccountKind.ASSOCIATION,
    AccountKind.OPERATOR,
)


class NoPlaces(Rejected):
    """Only businesses, institutions, associations and operators have places."""

    code = 220
    fields = ("account",)


class PlaceExists(Rejected):
    code = 221
    fields = ("account", "number")


class UnknownPlace(Rejected):
    code = 222
    fields = ("account", "number")


class PlaceClosed(Rejected):
    code = 223
    fields = ("account", "number")


class BadPlace(Rejected):
    """`field`: number, kind, wijk or buurt does not fit."""

    code = 224
    fields = ("account", "field")


class BuurtTooSmall(Rejected):
    """A buurt of so few people would point at a household; name the wijk only."""

    code = 225
    fields = ("buurt",)


class OnlinePlaceExists(Rejected):
    code = 226
    fields = ("account", "number")


class AddPlace(Record, tag=1):
    """`number`: 1 .. 1,000, chosen by the registrar and unique for the account."""

    account: AccountId
    number: U16
    wijk: Code
    buurt: Annotated[tuple[Code, ...], Meta(max_length=1)]
    kind: U8


class ClosePlace(Record, tag=1):
    account: AccountId
    number: U16


@event
class PlaceAdded(Record, tag=220):
    account: AccountId
    number: U16
    wijk: Code
    kind: U8


@event
class PlaceEnded(Record, tag=221):
    account: AccountId
    number: U16


def find_place(view: View, account: bytes, number: int) -> Place | None:
    """A place, closed or not."""
    return view.get(PLACES, (account, number))


def places_of(view: View, account: bytes) -> list[tuple[int, Place]]:
    """An account's places in order of their numbers, closed ones included."""
    found = []
    for key, place in view.scan(PLACES, account):
        if key[:20] != account:
            break
        found.append((int.from_bytes(key[20:], "big"), place))
    return found


def add_place(draft: Draft, context: Context, args: AddPlace) -> None:
    """Enter a place of a business, under the office of the wijk the place is in.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, NoPlaces, PlaceExists, BadPlace,
    UnknownRegion, BuurtTooSmall, OnlinePlaceExists, in that order.
    """
    account = require_account(draft, args.account)
    require_office(draft, context, args.wijk)
    if account.kind not in HAVE_PLACES:
        raise NoPlaces(args.account)
    if find_place(draft, args.account, args.number) is not None:
        raise PlaceExists(args.account, args.number)
    _check(draft, args)
    if args.kind == PlaceKind.ONLINE:
        for number, place in places_of(draft, args.account):
            if place.kind == PlaceKind.ONLINE and not place.closed:
                raise OnlinePlaceExists(args.account, number)
    place = Place(args.wijk, args.buurt, args.kind, False)
    draft.put(PLACES, (args.account, args.number), place)
    context.emit(PlaceAdded(args.account, args.number, args.wijk, args.kind))


def close_place(draft: Draft, context: Context, args: ClosePlace) -> None:
    """End a place. It stays known, so that old receipts can still be read.

    Refuses UnknownPlace, NotAuthorised (the office of its wijk), PlaceClosed, in that order.
    """
    place = find_place(draft, args.account, args.number)
    if place is None:
        raise UnknownPlace(args.account, args.number)
    require_office(draft, context, place.wijk)
    if place.closed:
        raise PlaceClosed(args.account, args.number)
    closed = Place(place.wijk, place.buurt, place.kind, True)
    draft.put(PLACES, (args.account, args.number), closed)
    context.emit(PlaceEnded(args.account, args.number))


def found_place(draft: Draft, args: AddPlace) -> None:
    """Enter a place at genesis. Raises ValueError with a sentence."""
    where = f"place {args.number} of {args.account.hex()}"
    try:
        account = require_account(draft, args.account)
        if account.kind not in HAVE_PLACES:
            raise ValueError(f"{where}: only businesses and organisations have places")
        if find_place(draft, args.account, args.number) is not None:
            raise ValueError(f"{where} is listed twice")
        _check(draft, args)
    except Rejected as refusal:
        raise ValueError(f"{where}: {refusal.name} {refusal.named()}") from None
    place = Place(args.wijk, args.buurt, args.kind, False)
    draft.put(PLACES, (args.account, args.number), place)


def _check(view: View, args: AddPlace) -> None:
    if not 1 <= args.number <= PLACES_MAX:
        raise BadPlace(args.account, "number")
    if args.kind not in (PlaceKind.SHOP, PlaceKind.ONLINE):
        raise BadPlace(args.account, "kind")
    if require_region(view, args.wijk).level != Level.WIJK:
        raise BadPlace(args.account, "wijk")
    if args.buurt:
        buurt = require_region(view, args.buurt[0])
        if buurt.level != Level.BUURT or buurt.parent != (args.wijk,):
            raise BadPlace(args.account, "buurt")
        if buurt.inhabitants < BUURT_INHABITANTS_MIN:
            raise BuurtTooSmall(args.buurt[0])
