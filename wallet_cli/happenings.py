"""What happened and what would happen, in words: events, statuses, calls.

An event that nobody wrote words for is shown by its name, with its amount if it has one.
"""

from __future__ import annotations

import json
from typing import Any

from genesis.console import N_, _, format_cents

EVENTS = {
    "Paid": N_("paid {amount} {coin} to {payee}"),
    "Received": N_("received {amount} {coin} from {payer}"),
    "Refunded": N_("got {amount} {coin} back from {payee}"),
    "GaveBack": N_("gave {amount} {coin} back to {payer}"),
    "Discounted": N_("of it, {amount} {coin} was the discount of {benefit}"),
    "DiscountReturned": N_("of it, {amount} {coin} went back to the fund of {benefit}"),
    "DiscountsOfDay": N_("gave {amount} of discounts of {benefit} at {shop} ({count} payments)"),
    "PotUsed": N_("your pot of {benefit} bore {amount} {coin}"),
    "PotFilled": N_("paid {amount} {coin} into the pot of {benefit}"),
    "PotReceived": N_("{shop} paid {amount} {coin} into its pot of {benefit}"),
    "HolderAdmitted": N_("you can use the discount {benefit}"),
    "HolderRemoved": N_("the discount {benefit} is no longer yours"),
    "MistakeReported": N_("a payment of {amount} {coin} was reported as a mistake"),
    "MistakeAnswered": N_("the payee answered about a mistaken payment"),
    "MediationOpened": N_("nobody answered about {amount} {coin}: the office has the case"),
    "StandingGranted": N_("agreed recurring payment {standing}"),
    "Collected": N_("of recurring payment {standing}: {amount}, as payment {payment}"),
    "OrderFailed": N_("recurring payment {standing} could not be paid"),
    "ClaimsIssued": N_("set {amount} {coin} aside in {count} letters"),
    "Claimed": N_("claimed {amount} {coin} from a letter of {issuer}"),
    "ClaimUsed": N_("a letter with {amount} {coin} was claimed"),
    "ClaimsReturned": N_("{amount} {coin} of {count} letters came back"),
    "PaidOut": N_("paid {amount} {coin} to {count} accounts"),
    "PayoutReceived": N_("received {amount} {coin} from {payer} in a payout run"),
    "AllowanceOpened": N_("set {amount} {coin} aside to pay offline (allowance {allowance})"),
    "OfflineReceived": N_("settled {amount} {coin} taken offline (allowance {allowance})"),
    "OfflineSettled": N_("{amount} {coin} paid offline was settled (allowance {allowance})"),
    "ActedFor": N_("{actors} acted for {granter} (mandate {mandate})"),
    "MandateGranted": N_("{granter} gave mandate {mandate}"),
    "MandateOverNow": N_("mandate {mandate} of {granter} has ended"),
    "MinorAttested": N_("{account} was entered as a minor"),
    "CameOfAge": N_("{account} came of age"),
    "UniqueAttested": N_("{registrars} checked that you are entered once"),
    "VoterAttested": N_("you are a voter of {wijk}"),
    "VoterWithdrawn": N_("you are no voter any more"),
    "GuardiansNamed": N_("{guardians} guardians were named for {account}; {k} must agree"),
    "RecoveryOpened": N_("{by} opened a recovery of {account} (attempt {attempt})"),
    "RecoveryApproved": N_("{by} approved the recovery of {account}: {approvals} of {needed}"),
    "RecoveryConfirmed": N_("registrar {by} saw the holder of {account}"),
    "RecoveryVetoed": N_("{by} vetoed the recovery of {account}"),
    "RecoveryDone": N_("{account} has new keys {numbers}; the old ones are gone"),
    "RecoveryLapsed": N_("the recovery of {account} lapsed: {approvals} of {needed} approved"),
    "CardIssued": N_("an emergency card was issued: key {number}"),
    "EstateReceived": N_("received {amount} {coin} of an estate"),
    "MovePlanned": N_("a move to {home} was entered"),
    "Moved": N_("the home is {home} now"),
    "LotLosesItsShop": N_("{account} stops; it alone takes lot {lot}: spend it in 30 days"),
    "FreezeReviewed": N_("the board of {wijk} looked at the freeze"),
    "RedemptionRequested": N_("asked euros for {amount} {coin} (redemption {redemption})"),
}

STATUS = {
    "committed": N_("committed"),
    "refused": N_("refused"),
    "expired": N_("expired"),
    "pending": N_("pending"),
    "unknown": N_("unknown"),
}


def event_text(event: dict[str, Any]) -> str:
    fields = event.get("fields") or {}
    name, amount = str(event.get("name")), fields.get("amount")
    shown = {**fields, "amount": format_cents(amount)} if isinstance(amount, int) else dict(fields)
    for who in ("actors", "registrars"):
        if isinstance(fields.get(who), list):
            shown[who] = ", ".join(map(str, fields[who])) or _("the card")
    try:
        return _(EVENTS[name]).format_map(shown)
    except (KeyError, ValueError):
        return f"{name}  {shown['amount']} {fields.get('coin', '')}" if amount else name


def status_text(status: object) -> str:
    return _(STATUS[status]) if isinstance(status, str) and status in STATUS else str(status)


def call_lines(call: dict[str, Any]) -> list[str]:
    """A sentence for a payment; then every field that says something."""
    args = call["args"]
    lines = [f"  {call['contract']}.{call['method']}"]
    if not isinstance(args, dict):
        return [f"{lines[0]} {args}"]
    if (call["contract"], call["method"]) == ("pay", "pay"):
        amount = format_cents(sum(line["amount"] for line in args["lines"]))
        said = _("pay {amount} {coin} to {payee}").format(
            amount=amount, coin=args["coin"], payee=args["payee"]
        )
        lines[0] += f": {said}"
    return lines + [
        f"    {name}: {value_text(value)}"
        for name, value in args.items()
        if value not in ([], "", 0)
    ]


def value_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
