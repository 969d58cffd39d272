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
    "DiscountsOfDay": N_("gave {amount} of discounts of {benefit} at {shop} (payments: {count})"),
    "PotUsed": N_("your pot of {benefit} bore {amount} {coin}"),
    "PotFilled": N_("paid {amount} {coin} into the pot of {benefit}"),
    "PotReceived": N_("{shop} paid {amount} {coin} into its pot of {benefit}"),
    "HolderAdmitted": N_("you can use the discount {benefit}"),
    "HoldersAdmitted": N_("admitted to the discount {benefit} (accounts: {count})"),
    "HoldersRemoved": N_("ended the right to the discount {benefit} (accounts: {count})"),
    "HolderRemoved": N_("the discount {benefit} is no longer yours"),
    "MistakeReported": N_("a payment of {amount} {coin} was reported as a mistake"),
    "MistakeAnswered": N_("the payee answered about a mistaken payment"),
    "MediationOpened": N_("nobody answered about {amount} {coin}: the office has the case"),
    "StandingGranted": N_("agreed recurring payment {standing}"),
    "Collected": N_("of recurring payment {standing}: {amount}, as payment {payment}"),
    "OrderFailed": N_("recurring payment {standing} could not be paid"),
    "ClaimsIssued": N_("set {amount} {coin} aside in letters (number: {count})"),
    "Claimed": N_("claimed {amount} {coin} from a letter of {issuer}"),
    "ClaimUsed": N_("a letter with {amount} {coin} was claimed"),
    "ClaimsReturned": N_("{amount} {coin} of unused letters came back (number: {count})"),
    "PaidOut": N_("paid {amount} {coin} in a payout run (accounts: {count})"),
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
    "MovedHome": N_("the home is {home} now"),
    "LotLosesItsShop": N_("{account} stops; it alone takes lot {lot}: spend it in 30 days"),
    "FreezeReviewed": N_("the board of {wijk} looked at the freeze"),
    "RedemptionRequested": N_("asked euros for {amount} {coin} (redemption {redemption})"),
    "Registered": N_("{account} was registered at {wijk}"),
    "KeysChanged": N_("the keys of {account} changed"),
    "PlaceAdded": N_("place {number} of {account} opened in {wijk}"),
    "PlaceEnded": N_("place {number} of {account} closed"),
    "RegistrarNamed": N_("{account} works at the desk of {wijk} now"),
    "RegistrarEnded": N_("{account} works at the desk of {wijk} no more"),
    "EntryChanged": N_("the entry of {account} was changed"),
    "Frozen": N_("{account} was frozen until {until_ms}: {reason}"),
    "Unfrozen": N_("{account} is frozen no more"),
    "Closed": N_("{account} was closed"),
    "UniqueWithdrawn": N_("the check that {account} is entered once was withdrawn"),
    "Proposed": N_("a proposal was put before the board of {wijk}"),
    "Approved": N_("{account} approved a proposal"),
    "Decided": N_("a proposal of the board of {wijk} was decided or left the table"),
    "ConflictDeclared": N_("{account} has an interest in a proposal and does not decide"),
    "Appointed": N_("{wijk} has a new board"),
    "CoinsAccepted": N_("said which coins are accepted"),
    "LotOpened": N_("coin of this kind has lot number {lot}"),
    "Reclaimed": N_("{amount} of lot {lot} went back to its fund"),
    "EarmarkExpires": N_(
        "{amount} {coin} of lot {lot} can be spent until {expires_ms}, then it goes back"
    ),
    "StatementAttested": N_("statement {sequence} of {coin}: {attested} of {needed} attested it"),
    "StatementBooked": N_("statement {sequence} of {coin} is booked"),
    "RedemptionSettled": N_("{amount} in euros arrived: redemption {redemption} is done"),
    "RedemptionBounced": N_("the bank returned redemption {redemption}: {amount} is coin again"),
    "RedemptionCancelled": N_("redemption {redemption} was taken back: {amount} is coin again"),
    "RedemptionExported": N_("redemption {redemption} of {amount} went to the bank"),
    "RedemptionRejected": N_("redemption {redemption} was not paid: {amount} is coin again"),
    "Exported": N_("redemptions of {coin} went to the bank: {total} in all (number: {count})"),
    "Minted": N_("{amount} {coin} was made for line {statement}/{entry} of the bank"),
    "CoinReceived": N_("{amount} {coin} was made for your euros"),
    "Attributed": N_("line {statement}/{entry} of {coin}, {amount}, found its owner"),
    "CoinBurned": N_("the bank took euros back: {amount} {coin} was unmade"),
    "DeskSet": N_("the desk of {coin} has a new key"),
    "DeathAttested": N_("the death of the holder of {account} was entered"),
    "DeathWithdrawn": N_("the entry of a death at {account} was taken back"),
    "EstatePaid": N_("{amount} {coin} of the estate went to {heir}"),
    "EstateSettled": N_("the estate of {account} is settled"),
    "MoveCalledOff": N_("the move was called off"),
    "ShopLeaves": N_("{account} stops on {until_ms}"),
    "ShopStays": N_("{account} stays after all"),
    "BankruptcyEntered": N_("the bankruptcy of {account} was entered"),
    "BankruptcyEnded": N_("the bankruptcy of {account} has ended"),
    "FreezeReviewAsked": N_("asked another board to look at the freeze"),
    "BenefitOpened": N_("the discount {benefit} is open"),
    "BenefitClosed": N_("the discount {benefit} is closed"),
    "ShopJoined": N_("{shop} takes part in the discount {benefit}"),
    "ShopLeft": N_("{shop} takes part in the discount {benefit} no more"),
    "AllowanceEnded": N_("{returned} {coin} of allowance {allowance} is free again"),
    "GuaranteeGiven": N_("{amount} {coin} stands behind offline payments (guarantee {guarantee})"),
    "CoverChanged": N_("guarantee {guarantee} changed whom it answers for: {account}"),
    "GuaranteePaid": N_("guarantee {guarantee} paid {amount} {coin}; {debt} is owed to the fund"),
    "GuaranteeEnded": N_("{returned} {coin} of guarantee {guarantee} is free again"),
    "DeviceFrozen": N_("a device of allowance {allowance} signed twice and is frozen"),
    "DebtRepaid": N_("repaid {amount} {coin} to the fund; {debt} is left"),
    "Exchanged": N_("exchanged {amount} {give} for {take}"),
    "TakenIn": N_("the treasury took in {amount} {give} and gave {take}"),
    "Cancelled": N_("{amount} {coin} that waited was set off against {own}"),
    "SettlementRequested": N_("{face} {coin} that waited is redeemed (redemption {redemption})"),
    "WindDownAnnounced": N_("{coin} ends: redeem it between {redeem_ms} and {rest_ms}"),
    "WindDownCalledOff": N_("{coin} does not end after all"),
    "WindDownNotice": N_("{coin} ends: redeem it before {claims_ms}"),
    "WrittenDown": N_("redemption {redemption} of {face} {coin} pays {paid}"),
    "RestMoved": N_("{amount} {coin} that was not claimed went where the decision said"),
    "RestReceived": N_("received {amount} {coin} that nobody claimed"),
    "CoinClosed": N_("{coin} is closed: nothing of it is left"),
    "StandingChanged": N_("recurring payment {standing} was paused, resumed or ended"),
}

CENTS = ("amount", "returned", "debt", "total", "face", "paid")
"""Fields of events that are amounts."""

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
    shown = {field: _shown(field, value) for field, value in fields.items()}
    for who in ("actors", "registrars"):
        if isinstance(fields.get(who), list):
            shown[who] = ", ".join(map(str, fields[who])) or _("the card")
    try:
        return _(EVENTS[name]).format_map(shown)
    except (KeyError, ValueError):
        return f"{name}  {shown['amount']} {fields.get('coin', '')}" if amount else name


def _shown(field: str, value: Any) -> Any:
    if isinstance(value, int) and field in CENTS:
        return format_cents(value)
    if isinstance(value, int) and field.endswith("_ms"):
        from wallet_cli.sending import clock

        return clock(value)
    return value


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
