"""Coins: each wijk's own money, its name, its issuer, and who accepts it.

One coin is worth one unit of its pegged currency, always. Its `issuer` stands for that: a legal
person with a licence or a notification, and a custodian who keeps the euros apart. The regime
follows from the law: `EMT` (e-money: everybody redeems at par) or `LIMITED_NETWORK` (only payees
with a signed acceptance may receive it).

Balances and supply are in `balances.py`; coin comes into being in `reserve.py` only.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.authority import Board, Federation
from chain.codec import U8, AccountId, Code, Hash, Record
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, View, raw, text
from governance_contracts.areas.regions import require_region
from governance_contracts.coins.balances import NO_SUPPLY, SUPPLY
from governance_contracts.people.acting import require_actor

ACCEPTED_MAX = 64


class Regime(IntEnum):
    EMT = 1
    LIMITED_NETWORK = 2


Name = Annotated[str, Meta(min_length=1, max_length=80)]
Reference = Annotated[str, Meta(min_length=1, max_length=80)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class Issuer(Record, tag=1):
    """`licence`: of the licence or notification. `custodian`, `white_paper`: commitments."""

    name: Name
    licence: Reference
    regime: U8
    custodian: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    white_paper: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Phase(IntEnum):
    """Where a coin stands in its life; `winddown.py` moves it on."""

    IN_USE = 0
    ANNOUNCED = 1  # its end is decided: nothing new is made of it; payments go on
    REDEEMING = 2  # every holder redeems, people too, in both regimes
    CLAIMS = 3  # no payments any more; what is left is claimed at the office
    CLOSED = 4  # nothing of it is in being


class Coin(Record, tag=1):
    """A coin of wijk `wijk`. No coin is made without an issuer, or while minting is stopped.

    `phase`: a `Phase`.
    """

    code: Code
    name: Name
    currency: Currency
    wijk: Code
    issuer: Annotated[tuple[Code, ...], Meta(max_length=1)]
    minting_stopped: bool
    phase: U8


class Accepted(Record, tag=1):
    """The coins an account takes, sorted: its signed word, since only its holder can say it."""

    coins: Annotated[tuple[Code, ...], Meta(max_length=ACCEPTED_MAX)]


COINS: Table[str, Coin] = Table(60, "coin", Coin, text)
ACCEPTANCES: Table[bytes, Accepted] = Table(63, "acceptance", Accepted, raw)
ISSUERS: Table[str, Issuer] = Table(64, "issuer", Issuer, text)


class UnknownCoin(Rejected):
    code = 500
    fields = ("coin",)


class CoinExists(Rejected):
    code = 501
    fields = ("coin",)


class NotAccepted(Rejected):
    """The payee does not take this coin."""

    code = 502
    fields = ("account", "coin")


class UnknownIssuer(Rejected):
    code = 508
    fields = ("issuer",)


class BadIssuer(Rejected):
    """`why`: regime, or fixed (the regime of an issuer never changes; a coin can change hands:
    see switching.py)."""

    code = 509
    fields = ("why",)


class BadAcceptance(Rejected):
    """Coins are listed in order, each once."""

    code = 510


class CoinWindsDown(Rejected):
    """The coin is being wound down, or is closed: this is no longer done (`phase`: see Phase)."""

    code = 512
    fields = ("coin", "phase")


class SetIssuer(Record, tag=1):
    """Enter or correct an issuer."""

    code: Code
    issuer: Issuer


class Add(Record, tag=1):
    """A new coin of wijk `wijk`. Its code never changes and is never used again."""

    code: Code
    name: Name
    currency: Currency
    wijk: Code
    issuer: Annotated[tuple[Code, ...], Meta(max_length=1)]


class StopMinting(Record, tag=1):
    """Stop (or, with `stopped` false, resume) all minting of a coin."""

    coin: Code
    stopped: bool


class Accept(Record, tag=1):
    """The full list of coins that `account` takes from now on; an empty list: none.

    Who never sent one takes every coin of the e-money regime, and none of a limited network.
    """

    account: AccountId
    coins: Annotated[tuple[Code, ...], Meta(max_length=ACCEPTED_MAX)]


@event
class IssuerSet(Record, tag=500):
    code: Code
    regime: U8


@event
class CoinAdded(Record, tag=501):
    code: Code
    name: Name
    currency: Currency
    wijk: Code


@event
class MintingStopped(Record, tag=502):
    coin: Code
    stopped: bool


@event
class CoinsAccepted(Record, tag=503):
    coins: tuple[Code, ...]


def require_coin(view: View, code: str) -> Coin:
    """Refuses UnknownCoin."""
    coin = view.get(COINS, code)
    if coin is None:
        raise UnknownCoin(code)
    return coin


def require_phase(coin: Coin, last: Phase = Phase.IN_USE) -> None:
    """Has the coin's life come no further than this? Refuses CoinWindsDown."""
    if coin.phase > last:
        raise CoinWindsDown(coin.code, coin.phase)


def regime_of(view: View, coin: Coin) -> int:
    """A coin without an issuer has none in circulation; it counts as e-money."""
    if not coin.issuer:
        return Regime.EMT
    issuer = view.get(ISSUERS, coin.issuer[0])
    return Regime.EMT if issuer is None else issuer.regime


def accepts(view: View, account: bytes, coin: Coin) -> bool:
    """Does this account take the coin?"""
    accepted = view.find(ACCEPTANCES, account)
    if accepted is None:
        return regime_of(view, coin) == Regime.EMT
    return coin.code in accepted.coins


def set_issuer(draft: Draft, context: Context, args: SetIssuer) -> None:
    """Enter or correct an issuer. Refuses NotAuthorised (Federation), BadIssuer, in that order."""
    context.require(Federation())
    check_issuer(draft, args)
    draft.put(ISSUERS, args.code, args.issuer)
    context.emit(IssuerSet(args.code, args.issuer.regime))


def check_issuer(view: View, args: SetIssuer) -> None:
    """Refuses BadIssuer: regime, fixed."""
    if args.issuer.regime not in (Regime.EMT, Regime.LIMITED_NETWORK):
        raise BadIssuer("regime")
    known = view.get(ISSUERS, args.code)
    if known is not None and known.regime != args.issuer.regime:
        raise BadIssuer("fixed")


def add(draft: Draft, context: Context, args: Add) -> None:
    """Add a coin. Refuses NotAuthorised (the wijk's Board), then as `check_coin`."""
    context.require(Board(args.wijk))
    check_coin(draft, args)
    write_coin(draft, args)
    context.emit(CoinAdded(args.code, args.name, args.currency, args.wijk))


def check_coin(view: View, args: Add) -> None:
    """Refuses CoinExists, UnknownRegion, UnknownIssuer, in that order."""
    if view.get(COINS, args.code) is not None:
        raise CoinExists(args.code)
    require_region(view, args.wijk)
    for issuer in args.issuer:
        if view.get(ISSUERS, issuer) is None:
            raise UnknownIssuer(issuer)


def write_coin(draft: Draft, args: Add) -> None:
    coin = Coin(args.code, args.name, args.currency, args.wijk, args.issuer, False, Phase.IN_USE)
    draft.put(COINS, args.code, coin)
    draft.put(SUPPLY, args.code, NO_SUPPLY)


def stop_minting(draft: Draft, context: Context, args: StopMinting) -> None:
    """Refuses UnknownCoin, NotAuthorised (the coin's Board), in that order."""
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    draft.put(COINS, coin.code, replace(coin, minting_stopped=args.stopped))
    context.emit(MintingStopped(coin.code, args.stopped))


def accept(draft: Draft, context: Context, args: Accept) -> None:
    """Say which coins an account takes.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, BadAcceptance, UnknownCoin,
    in that order.
    """
    require_actor(draft, context, args.account)
    if any(a >= b for a, b in pairwise(args.coins)):
        raise BadAcceptance()
    for code in args.coins:
        require_coin(draft, code)
    draft.put(ACCEPTANCES, args.account, Accepted(args.coins))
    context.emit(CoinsAccepted(args.coins), args.account)


def found_issuer(draft: Draft, args: SetIssuer) -> None:
    """Enter an issuer at genesis. Raises ValueError with a sentence for people."""
    try:
        check_issuer(draft, args)
    except Rejected as refusal:
        raise ValueError(f"issuer {args.code}: {refusal.name} {refusal.named()}") from None
    draft.put(ISSUERS, args.code, args.issuer)


def found_coin(draft: Draft, args: Add) -> None:
    """Add a coin at genesis, after regions and issuers. Raises ValueError as above."""
    try:
        check_coin(draft, args)
    except Rejected as refusal:
        raise ValueError(f"coin {args.code}: {refusal.name} {refusal.named()}") from None
    write_coin(draft, args)


CONTRACT = Contract(
    "coin",
    1,
    {
        "set_issuer": Method(SetIssuer, set_issuer),
        "add": Method(Add, add),
        "stop_minting": Method(StopMinting, stop_minting),
        "accept": Method(Accept, accept),
    },
)
