"""Which target-group discount a payment gets: the one named, or the best that fits by itself.

A resident need not think of it: what the wallet's account was admitted to is asked from its node,
and held against what the shop takes part in. Before it pays, the wallet lets the node try; a
discount that cannot be had just now does not stand in the way of paying.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genesis import console
from genesis.console import UserError, _, format_cents
from wallet_cli.client import Answer, ApiError
from wallet_cli.desk import Session

if TYPE_CHECKING:
    from governance_contracts.payments.payments import Line, Pay

BENEFIT_CODES = range(1200, 1220)
"""Refusals that are about the discount and not about the payment."""
BASIS = 10_000


def best_benefit(session: Session, shop: str, coin: str, lines: Sequence[Line]) -> str | None:
    """The code of the benefit that takes most off these lines; the first of equals; None if none
    fits, or the node does not tell."""
    own = _ask(session, f"/v1/accounts/{session.profile.address}/benefits")
    now = session.status.time_ms
    held = [
        one
        for one in own.get("holds", [])
        if one["expires_ms"] > now and one["left_cents"] and _runs(one["benefit"], coin, now)
    ]
    if not held:
        return None
    given = _ask(session, f"/v1/payees/{shop}/benefits").get("benefits", [])
    codes = {one["code"] for one in given}
    found = [
        (-estimate(one["benefit"], one["left_cents"], lines), one["benefit"]["code"])
        for one in held
        if one["benefit"]["code"] in codes
    ]
    found = [entry for entry in found if entry[0]]
    return str(min(found)[1]) if found else None


def estimate(benefit: Answer, left: int, lines: Sequence[Line]) -> int:
    """Cents off, as the contract reckons: per line, rounded down, up to the ceilings."""
    most = min(int(benefit["payment_max_cents"]), left)
    fixed, total = int(benefit["fixed_cents"]), 0
    for line in lines:
        if benefit["categories"] and line.category not in benefit["categories"]:
            continue
        off = line.amount * int(benefit["rate"]) // BASIS
        if not benefit["rate"]:
            off = min(fixed, line.amount)
            fixed -= off
        total += off
    return min(most, total)


def _runs(benefit: Answer, coin: str, now: int) -> bool:
    return (
        benefit["coin"] == coin
        and not benefit["closed"]
        and benefit["from_ms"] <= now < benefit["until_ms"]
    )


def _ask(session: Session, path: str) -> Answer:
    try:
        return session.client.get(path)
    except ApiError as error:
        if error.status != 404:
            raise
        return {}


def tried(session: Session, account: Answer, args: Pay, *, chosen: bool) -> tuple[Pay, Answer]:
    """The payment as it will be made, and what to tell of its discount.

    `chosen`: the wallet chose the discount itself, so it may also do without. Raises UserError
    (refused) if the payment would be refused.
    """
    from msgspec.structs import replace

    from wallet_cli import sending
    from wallet_cli.acting import wrapped
    from wallet_cli.core import builder
    from wallet_cli.refusals import explain

    call = builder.call("pay", "pay", args)
    sheet = sending.make_sheet(session, account, wrapped((call,)), trying=True)
    try:
        answer = sending.dry_run(session.client, sheet)
    except UserError as refused:
        if not chosen or refused.code not in BENEFIT_CODES:
            raise
        reason = explain(refused.name or "", refused.fields)
        console.note(
            _("No discount of {benefit} now: {reason} You pay the full price.").format(
                benefit=args.benefit[0], reason=reason
            )
        )
        return replace(args, benefit=()), {}
    return args, discount_told(answer.get("events", []))


def discount_told(events: Sequence[Any]) -> Answer:
    """Of a payment's events: whose discount, how much, and what the payer's own part is."""
    told: Answer = {}
    for event in events:
        fields = event.get("fields") or {}
        if event.get("name") == "Discounted":
            told["benefit"] = fields["benefit"]
            told["discount_cents"] = fields["amount"]
            told["discount"] = format_cents(fields["amount"])
        if event.get("name") == "Paid":
            told["own_cents"] = fields["amount"]
            told["own"] = format_cents(fields["amount"])
    return told if "discount_cents" in told else {}
