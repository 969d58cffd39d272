"""A coin changes hands: another issuer, and so perhaps another regime, after notice.

The federation decides, the change takes effect after `switch_notice_days` and can be called off
until then. Every node shows beforehand what it would do to people (`GET /v1/coins/CODE/switch`,
`wallet coin switch`): who is no longer paid in this coin, who can redeem, which lots stop.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.authority import Federation
from chain.codec import U8, Code, Millis, Record, decode
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS, Parameter, cancel
from chain.state import Draft, Table, View, text
from governance_contracts.areas.regions import require_region
from governance_contracts.coins.coin import (
    COINS,
    ISSUERS,
    Coin,
    Issuer,
    Phase,
    UnknownIssuer,
    require_coin,
    require_phase,
)
from governance_contracts.coins.regimes import NETWORK_MAX, NETWORKS, Network

SWITCH_NOTICE = Parameter(
    "switch_notice_days", 60, 30, 365, "days between deciding another issuer of a coin and its turn"
)


class PendingSwitch(Record, tag=1):
    """`due`: queue key of its turn."""

    issuer: Code
    at_ms: Millis
    due: bytes


SWITCHES: Table[str, PendingSwitch] = Table(67, "pending_switch", PendingSwitch, text)


class SameIssuer(Rejected):
    code = 516
    fields = ("coin", "issuer")


class SwitchPending(Rejected):
    """Another switch of this coin is decided: call it off first."""

    code = 517
    fields = ("coin", "at_ms")


class NoSwitch(Rejected):
    code = 518
    fields = ("coin",)


class BadNetwork(Rejected):
    """Regions are listed in order, each once."""

    code = 519


class SetNetwork(Record, tag=1):
    """Where an issuer's coin may be taken in the limited regime; none: its coins' country."""

    issuer: Code
    regions: Annotated[tuple[Code, ...], Meta(max_length=NETWORK_MAX)]


class Switch(Record, tag=1):
    """From the end of the notice on, `issuer` stands for this coin, in the regime it has."""

    coin: Code
    issuer: Code


class CallOffSwitch(Record, tag=1):
    coin: Code


class Turn(Record, tag=1):
    coin: Code


@event
class NetworkSet(Record, tag=505):
    issuer: Code
    regions: tuple[Code, ...]


@event
class SwitchDecided(Record, tag=506):
    """Public notice: from `at_ms` on the coin has this issuer and regime."""

    coin: Code
    issuer: Code
    regime: U8
    at_ms: Millis


@event
class SwitchCalledOff(Record, tag=507):
    coin: Code


@event
class CoinSwitched(Record, tag=508):
    coin: Code
    issuer: Code
    regime: U8


def set_network(draft: Draft, context: Context, args: SetNetwork) -> None:
    """Refuses NotAuthorised (Federation), UnknownIssuer, BadNetwork, UnknownRegion."""
    context.require(Federation())
    if draft.get(ISSUERS, args.issuer) is None:
        raise UnknownIssuer(args.issuer)
    if any(a >= b for a, b in pairwise(args.regions)):
        raise BadNetwork()
    for region in args.regions:
        require_region(draft, region)
    draft.put(NETWORKS, args.issuer, Network(args.regions))
    context.emit(NetworkSet(args.issuer, args.regions))


def check_switch(view: View, args: Switch) -> tuple[Coin, Issuer]:
    """The coin and its issuer to be.

    Refuses UnknownCoin, CoinWindsDown, UnknownIssuer, SameIssuer, SwitchPending, in that order.
    """
    coin = require_coin(view, args.coin)
    require_phase(coin)
    issuer = view.get(ISSUERS, args.issuer)
    if issuer is None:
        raise UnknownIssuer(args.issuer)
    if args.issuer in coin.issuer:
        raise SameIssuer(args.coin, args.issuer)
    pending = view.get(SWITCHES, args.coin)
    if pending is not None:
        raise SwitchPending(args.coin, pending.at_ms)
    return coin, issuer


def switch(draft: Draft, context: Context, args: Switch) -> None:
    """Decide another issuer. Refuses NotAuthorised (Federation), then as `check_switch`."""
    context.require(Federation())
    coin, issuer = check_switch(draft, args)
    at_ms = context.time_ms + SWITCH_NOTICE.of(draft) * DAY_MS
    due = context.schedule(draft, at_ms, "issuer", "turn", Turn(coin.code))
    draft.put(SWITCHES, coin.code, PendingSwitch(args.issuer, at_ms, due))
    context.emit(SwitchDecided(coin.code, args.issuer, issuer.regime, at_ms))


def call_off(draft: Draft, context: Context, args: CallOffSwitch) -> None:
    """Refuses NotAuthorised (Federation), UnknownCoin, NoSwitch, in that order."""
    context.require(Federation())
    require_coin(draft, args.coin)
    pending = draft.get(SWITCHES, args.coin)
    if pending is None:
        raise NoSwitch(args.coin)
    cancel(draft, pending.due)
    draft.delete(SWITCHES, args.coin)
    context.emit(SwitchCalledOff(args.coin))


def turn(draft: Draft, context: Context, args: bytes) -> None:
    """Due work: the notice is over. A coin that is being wound down keeps its issuer: the switch
    is called off."""
    code = decode(Turn, args).coin
    pending = draft.get(SWITCHES, code)
    if pending is None:
        return
    draft.delete(SWITCHES, code)
    coin = require_coin(draft, code)
    if coin.phase != Phase.IN_USE:
        context.emit(SwitchCalledOff(code))
        return
    issuer = draft.get(ISSUERS, pending.issuer)
    assert issuer is not None, "issuers stay"
    draft.put(COINS, code, replace(coin, issuer=(pending.issuer,)))
    context.emit(CoinSwitched(code, pending.issuer, issuer.regime))


CONTRACT = Contract(
    "issuer",
    1,
    {
        "set_network": Method(SetNetwork, set_network, cost=300),
        "switch": Method(Switch, switch),
        "call_off": Method(CallOffSwitch, call_off),
    },
    due={"turn": turn},
)
