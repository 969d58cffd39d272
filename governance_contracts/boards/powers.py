"""What a board's decision may carry: its limits, and the class of objection it is open to.

Methods are named `contract.method`, as calls name them. A method that is not listed here moves no
money, is of class 1, and is closed to founding boards and caretakers.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from chain.errors import Rejected
from chain.transaction import Call


class DecisionClass(IntEnum):
    """Objection terms (contracts.md): when a decision runs, and how long it can be contested."""

    BOOKING = 0  # mint on a standing decision, bank, freeze: runs; 14 days; upheld = corrected
    WITHIN_BUDGET = 1  # payouts, placements: runs; 14 days
    POLICY = 2  # tariff, earmark, discount, agreement, registrar: 28 days
    STATUTE = 3  # statute, theme, wind-down, exit: 42 days


FOUNDING_METHODS = frozenset(
    {
        # Registration and places.
        "registry.register",
        "registry.add_place",
        "registry.close_place",
        "registry.change_entry",
        "registry.freeze",
        "registry.renew_freeze",
        "registry.unfreeze",
        "registry.close",
        "registry.delegate_registrar",
        "registry.end_registrar",
        "registry.withdraw_unique",
        "registry.attest_voter",
        "registry.withdraw_voter",
        "registry.attest_minor",
        "registry.lift_minority",
        # Who acts for a resident: a court's decision does not wait for an election.
        "mandate.grant",
        "mandate.revoke",
        # The desk's acts when somebody loses a phone, dies, moves, leaves or goes bankrupt.
        "recovery.issue_card",
        "life.attest_death",
        "life.withdraw_death",
        "life.name_heirs",
        "life.pay_estate",
        "life.redeem_estate",
        "life.settle_estate",
        "life.move",
        "life.announce_leaving",
        "life.stay_after_all",
        "life.enter_bankruptcy",
        "life.end_bankruptcy",
        "life.rule_on_freeze",
        # Books of the reserve: who attests, mint on a bank line, redemptions to the bank.
        "reserve.set_attestors",
        "reserve.set_standing",
        "reserve.set_desk",
        "reserve.attest",
        "reserve.attribute",
        "reserve.mint",
        "reserve.redeem",
        "reserve.cancel",
        "reserve.export",
        "reserve.reject",
        "coin.accept",
        "coin.stop_minting",
        # What is owed between treasuries, and to holders of a coin that ends.
        "exchange.exchange",
        "exchange.settle",
        "winddown.return_earmarks",
        "winddown.move_rest",
        "winddown.close",
        # Money received is passed on: a fund's payout, a bill, a refund.
        "pay.payout",
        "pay.pay",
        "pay.refund",
        "pay.reverse",
        "pay.mistake",
        "pay.answer_mistake",
        "claim.issue",
        "claim.withdraw",
        "standing.pause",
        "standing.end",
        # The validator of the wijk and its voice among the boards: without it no upgrade, no
        # new wijk and no rotation of a lost key could be decided in a chain's first half year.
        "federation.propose",
        "federation.approve",
        "federation.carry_out",
        "federation.withdraw",
        "federation.rotate_seat",
        "federation.set_node_keys",
    }
)
"""All that a founding board or a caretaker may decide (see docs/adr/0001-founding-boards.md)."""

MONEY_CONTRACTS = frozenset(
    {
        "benefit",
        "claim",
        "coin",
        "earmark",
        "exchange",
        "life",
        "mandate",
        "offline",
        "pay",
        "reserve",
        "standing",
        "winddown",
    }
)
"""A decision that carries a call of one of these needs two approvals, whatever the fraction."""

CLASSES = {
    "benefit.open": DecisionClass.POLICY,
    "benefit.close": DecisionClass.POLICY,
    "life.rule_on_freeze": DecisionClass.BOOKING,
    "registry.freeze": DecisionClass.BOOKING,
    "registry.renew_freeze": DecisionClass.BOOKING,
    "registry.unfreeze": DecisionClass.BOOKING,
    "reserve.attest": DecisionClass.BOOKING,
    "reserve.attribute": DecisionClass.BOOKING,
    "reserve.mint": DecisionClass.BOOKING,
    "reserve.export": DecisionClass.BOOKING,
    "reserve.reject": DecisionClass.BOOKING,
    "registry.delegate_registrar": DecisionClass.POLICY,
    "registry.set_chores": DecisionClass.POLICY,
    "reserve.set_attestors": DecisionClass.POLICY,
    "reserve.set_standing": DecisionClass.POLICY,
    "reserve.set_desk": DecisionClass.POLICY,
    "federation.propose": DecisionClass.POLICY,
    "federation.approve": DecisionClass.POLICY,
    "coin.add": DecisionClass.STATUTE,
    "winddown.move_rest": DecisionClass.BOOKING,
    "winddown.close": DecisionClass.BOOKING,
    "exchange.settle": DecisionClass.BOOKING,
    "issuer.set_network": DecisionClass.STATUTE,
    "issuer.switch": DecisionClass.STATUTE,
    "winddown.announce": DecisionClass.STATUTE,
    "winddown.call_off": DecisionClass.STATUTE,
    "coin.set_issuer": DecisionClass.STATUTE,
}


class BeyondItsTerm(Rejected):
    """A founding board or caretaker may not decide this (powers.py lists what it may)."""

    code = 312
    fields = ("contract", "method")


def method_name(call: Call) -> str:
    return f"{call.contract}.{call.method}"


def require_founding(calls: Iterable[Call]) -> None:
    """Refuses BeyondItsTerm for the first call that a founding board may not carry."""
    for call in calls:
        if method_name(call) not in FOUNDING_METHODS:
            raise BeyondItsTerm(call.contract, call.method)


def moves_money(calls: Iterable[Call]) -> bool:
    return any(call.contract in MONEY_CONTRACTS for call in calls)


def class_of(calls: Iterable[Call]) -> DecisionClass:
    """The heaviest class among the calls."""
    return max(CLASSES.get(method_name(call), DecisionClass.WITHIN_BUDGET) for call in calls)
