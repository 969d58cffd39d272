"""The chain's refusals in words: what happened and what a person can do.

Receipts carry a stable name, a code and values; texts live here and may change. A refusal that is
not listed is shown by its name, which the guide explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genesis.console import N_, _, format_cents

TEXTS = {
    "NotEnoughCoin": N_("There is not enough coin for this: {missing} more free coin is needed."),
    "HoldingLimit": N_("The payee would hold more than its kind of account may ({limit})."),
    "DayLimit": N_("You would pay more in one day than your kind of account may ({limit})."),
    "NotAccepted": N_("The payee does not accept this coin; ask which one it takes."),
    "UnknownCoin": N_("There is no coin {coin} on this chain; check its code."),
    "NotRegistered": N_(
        "This account is not registered on the chain; check the address with its owner."
    ),
    "ClosedAccount": N_("This account is closed; ask its owner for another address."),
    "FrozenAccount": N_(
        "This account is stopped and may not do this for now. `wallet life show` and "
        "`wallet recovery status` say more; so does the office of the wijk."
    ),
    "AboveAllowance": N_("The account is stopped; of its allowance {left} is left today."),
    "Locked": N_(
        "A recovery of this account is under way: it pays nothing, and its keys stay as they are. "
        "`wallet recovery status` says until when. You did not ask for it? `wallet recovery veto`."
    ),
    "NotToTheEstate": N_("A bankrupt's coin goes to the bank account that the office entered."),
    "GuardiansFixed": N_("A recovery was vetoed lately; guardians stay as they are for 30 days."),
    "BadGuardians": N_(
        "These guardians will not do ({field}): at most seven people or offices, 2 or more of "
        "whom must agree, not all of them on a board or at a desk."
    ),
    "NotAGuardian": N_("You do not speak for this account's recovery; name your --office?"),
    "RecoveryOpen": N_("A recovery of this account is under way already."),
    "NoRecovery": N_("No recovery of this account is under way."),
    "OpenedLately": N_("A recovery was opened less than 30 days ago; the next must wait."),
    "ApprovedBefore": N_("You, or your office, approved this recovery before."),
    "OwnOfficeConfirms": N_(
        "One of the two who confirm must be a registrar of the resident's own wijk."
    ),
    "NoConfirmationAsked": N_("Only a second attempt is confirmed, by two registrars, each once."),
    "BeyondVeto": N_("Two registrars saw the holder: this recovery cannot be vetoed."),
    "NotLocked": N_("An emergency card is issued only while a recovery is under way."),
    "NoCardHere": N_("An emergency card is for a person's account with one signature."),
    "NoHeirs": N_("Note the heirs' certificate first: `wallet life estate heirs`."),
    "NoEstate": N_("No estate of this account is open."),
    "NoticeNotGiven": N_("The shop gives 30 days' notice first: `wallet life leaving`."),
    "NoticeRuns": N_("The shop's notice still runs; holders may spend until it ends."),
    "NotServedAlone": N_("Lot {lot} is taken by others too; leave it out."),
    "ReviewAsked": N_("You asked for a review of this freeze before."),
    "UnknownAccount": N_(
        "Your account is not registered yet: take the output of `socialcoin wallet registration` "
        "to the office of your wijk."
    ),
    "AccountClosed": N_("The account is closed."),
    "UnknownKey": N_("The chain does not know this key of the account; was it replaced?"),
    "Replayed": N_("The replay number was used by another device; try again."),
    "NumberTooOld": N_("The replay number is too old; make the transaction again."),
    "Expired": N_("The time in which this could happen is over; make the transaction again."),
    "ValidTooLong": N_("The transaction wants to be valid for too long; make it again."),
    "WrongChain": N_("The transaction was made for another chain."),
    "WrongEpoch": N_("The chain was founded anew since; join it again and try once more."),
    "MissingWitness": N_("Signatures are missing: {signatures} of {threshold} are there."),
    "SuperfluousWitness": N_("There are more signatures than the account asks: {threshold}."),
    "BadSignature": N_("A signature is not good; sign the transaction again."),
    "PersonPayee": N_("This coin is bound to a purpose and cannot go to a person."),
    "RelatedPayee": N_("This coin cannot go to your own household or firm."),
    "PlaceMissing": N_("This coin is bound to places: say at which of the payee's, with --place."),
    "OutsideRegion": N_("This coin cannot be spent here: the place lies outside its region."),
    "OnlinePlace": N_("This coin cannot be spent in an online shop."),
    "WrongCategory": N_("This coin is meant for other goods or other payees."),
    "NotSpendable": N_("This coin waits for the settlement between two wijken."),
    "LotExpired": N_("This coin could be spent until a moment that is past."),
    "UnknownPlace": N_("The payee has no place with number {number}; ask which one it is."),
    "PlaceClosed": N_("This place of the payee is closed; ask at which one to pay."),
    "PaysItself": N_("Payer and payee are the same account."),
    "UnknownPurpose": N_("There is no purpose {purpose}."),
    "BadLots": N_("You do not hold these lots, or they are not of this coin."),
    "TooManyParts": N_("The payment would draw on too many lots; make two payments of it."),
    "RequestDiffers": N_("The payment is not what the request asks for ({why})."),
    "RequestUnsigned": N_("The payee did not sign this request; ask for a new one."),
    "RequestExpired": N_("The request has expired; ask for a new one."),
    "RequestPaid": N_("This request was paid before."),
    "UnknownPayment": N_("There is no such payment, or it is not yours to refund."),
    "NothingLeft": N_("All of this payment was given back before."),
    "TooLateToReport": N_("A mistake is reported within 14 days; that time is over."),
    "AlreadyReported": N_("This payment was reported before; see `wallet mistake list`."),
    "CaseClosed": N_("There is nothing left to answer: it was given back or answered."),
    "UnknownMistake": N_("Nobody reported this payment as a mistake."),
    "UnknownStanding": N_("There is no recurring payment {standing} of yours."),
    "NotRunning": N_("Recurring payment {standing} is paused or has ended, or runs already."),
    "NotToCollect": N_("The chain pays this order itself; there is nothing to collect."),
    "OutsidePeriods": N_("The first period has not begun, or the last is over."),
    "PayerCannot": N_("The payer cannot pay this now; why is not for others to know."),
    "AboveCeiling": N_("At most {left} can still be collected in this period."),
    "TooManyStandings": N_("You have 64 recurring payments; end one first."),
    "BadSchedule": N_("This cannot recur so. Look again at {why}."),
    "UnknownClaim": N_("No letter of this chain has this code; compare it with the letter."),
    "ClaimGone": N_("This code was used, or the letter was taken back; ask who sent it."),
    "ClaimExpired": N_("The time of this letter is over; ask who sent it."),
    "ClaimsWaiting": N_("Letters can still be claimed (number: {count}); withdraw them first."),
    "NotAFund": N_("Only funds, boards and institutions make payout runs."),
    "PayoutLineRefused": N_("Line {line} of the run is refused ({reason_name})."),
    "CannotReturn": N_(
        "This payment cannot be given back now: who paid it can receive no more. Settle it by hand."
    ),
    "UnknownAllowance": N_("Allowance {allowance} is over, or never was; its rest went back."),
    "AllowanceTooLarge": N_("At most {limit} can be set aside in one allowance."),
    "TooManyAllowances": N_("You have five allowances open; wait until one has ended."),
    "BadPayment": N_("The offline payment does not fit its allowance ({why})."),
    "NotSignedByDevice": N_("The device of allowance {allowance} did not sign this payment."),
    "NothingNew": N_("This, or more, was settled before; nothing is added."),
    "AllowanceOpen": N_("Coin is still set aside for offline payments; it comes back by itself."),
    "UnknownGuarantee": N_("There is no guarantee {guarantee}, or it takes nobody any more."),
    "DeviceNotCovered": N_("Guarantee {guarantee} does not answer for you; ask the fund."),
    "InDebt": N_("The fund paid {debt} for you; repay it first: `wallet offline repay`."),
    "SellerDayLimit": N_("The guarantee covers {left} more for this shop on that day."),
    "GuaranteeSpent": N_("Nothing is left of the allowance, nor of guarantee {guarantee}."),
    "TooManySettled": N_("No more payments of allowance {allowance} are settled."),
    "NotDouble": N_("Both payments can be honest: one comes on top of the other."),
    "DeviceKnownFrozen": N_("The device of allowance {allowance} is frozen already."),
    "NoDebt": N_("You owe this fund {debt}, not more."),
    "GuaranteeOpen": N_("The fund's coin still stands behind allowances: end the guarantee."),
    "UnknownBenefit": N_("There is no discount {benefit}; see `wallet benefit list`."),
    "BenefitOver": N_("The discount {benefit} is not in force now."),
    "NotAHolder": N_("The fund has not admitted this account to {benefit}; ask the fund."),
    "HolderExpired": N_("The right to {benefit} has run out; ask the fund to renew it."),
    "PotFull": N_("The pot has room for {most} more; fill it when it is used."),
    "ShopNotIn": N_("This shop takes no part in {benefit}."),
    "RelatedShop": N_("{benefit} is not for a shop of your own household or firm."),
    "AliasMissing": N_("A discounted payment is made under an alias; leave --named out."),
    "OtherCoin": N_("{benefit} is given in {coin} only."),
    "NotCovered": N_("{benefit} does not cover this payment ({why})."),
    "CeilingReached": N_("You have had all that {benefit} gives in a month ({month_max})."),
    "FundShort": N_("The fund of {benefit} cannot add the discount now."),
    "BadBenefit": N_("This offer does not hold together. Look again at {why}."),
    "BenefitExists": N_("There is a discount called {benefit} already; choose another code."),
    "BadHolders": N_("One of these accounts cannot be admitted, or the date is past."),
    "NotAShop": N_("Only businesses, associations and institutions take part in discounts."),
    "AlreadyIn": N_("This shop takes part in {benefit} already."),
    "NotRedeemable": N_("This coin is spent, not redeemed; only its payees may ask for euros."),
    "LotNotRedeemable": N_("This coin is bound to a purpose: it can be spent, not redeemed."),
    "UnknownMandate": N_("There is no mandate {mandate}; see `wallet mandate list`."),
    "BadMandate": N_("A mandate of this kind cannot be like this. Look again at {field}."),
    "NoSecondSignature": N_(
        "The office of {wijk} acts with two signatures: a colleague or a board member signs too "
        "(--with-wallet, or --sheet)."
    ),
    "TooManyMandates": N_("There are {most} mandates already; end one first."),
    "CardTaken": N_("This card belongs to a mandate already; take another card."),
    "MandateOver": N_("Mandate {mandate} is over: it was ended or has run out."),
    "NotInTheMandate": N_("Mandate {mandate} does not cover {contract}.{method}."),
    "OverTheCeiling": N_(
        "Mandate {mandate} lets at most {ceiling} {coin} go at once; this is {outflow}."
    ),
    "OverInThisPeriod": N_(
        "Mandate {mandate} lets only {left} {coin} more go in this period; this is {outflow}."
    ),
    "NotAParent": N_("The registry does not know them as a parent of this minor."),
    "ParentNeeded": N_("A minor does this with a parent, who signs too or acts by mandate."),
    "CannotEarnThis": N_(
        "This account cannot be paid for this work. If whom you pay is under 18, it must be work "
        "that is allowed at that age, with its minutes stated, and not too much in one week; ask "
        "them or a parent."
    ),
    "NotAMinor": N_("This account is not entered as a minor."),
    "AlreadyUnique": N_("The uniqueness check was done before; see `wallet registry show`."),
    "NotChecked": N_("The account's own office begins the check; it has not yet."),
    "SameOffice": N_("Another registrar, of another wijk's office, confirms the check."),
    "AlreadyVoter": N_("This person is a voter already."),
    "NotAVoter": N_("This person is not entered as a voter."),
    "TooNew": N_("A voter has been registered for 30 days; {days} are still to come."),
    "MinorsDoNotVote": N_("Minors do not vote."),
    "NotAuthorised": N_("Your account may not do this: it needs {needed}."),
    "ContractMoved": N_("The rules have changed to a newer version; update this wallet."),
    "TreasuryShort": N_(
        "The treasury of the other wijk has {missing} {coin} too little for this exchange; take "
        "less, or ask that wijk."
    ),
    "PairLimit": N_(
        "Too much of these two coins waits to be settled between the wijken; try again later."
    ),
    "SameCoin": N_("Name two different coins."),
    "NoRate": N_("The coins stand for different currencies; they are not exchanged."),
    "RegimeForbids": N_(
        "The rules for this coin do not allow it: it is coin of a limited network."
    ),
    "BeyondItsTerm": N_(
        "A founding board may not decide this ({contract}.{method}); an elected board may."
    ),
    "UnneededWitness": N_(
        "Somebody signed whose signature this does not need; leave it out (--with-wallet)."
    ),
    "TillKeyOnly": N_("A till key or a card may not do this; use the account's full key."),
    "AlreadyRegistered": N_("This account is registered already."),
    "NotOnTheBoard": N_("You are not a member of this board."),
    "UnknownProposal": N_("There is no such proposal; see `wallet board list`."),
    "AlreadyProposed": N_("The same was proposed already and is still open; approve that one."),
    "AlreadyDecided": N_("This proposal was decided already, or has lapsed."),
    "AlreadyApproved": N_("You approved this proposal before."),
    "HasConflict": N_("You have an interest in this proposal; others decide it."),
    "NotEnoughApprovals": N_("The proposal has not enough approvals yet."),
    "TooFewToDecide": N_("Too few members without a conflict are left to decide this."),
    "TooManyCoins": N_("The account holds as many different coins as it can."),
    "TooManyLots": N_("The account holds as many lots as it can; spend some first."),
    "CoinWindsDown": N_("The coin is ending: this is not possible any more; you can redeem."),
    "WrongPhase": N_(
        "This is not possible in the phase the coin's end is in; see `wallet coin show`."
    ),
    "OutsideNetwork": N_(
        "This coin is for a limited network, and the payee or place is outside it."
    ),
    "BorderlessLot": N_("Coin of a limited network is bound to a region: name one with --region."),
    "UnknownLot": N_("There is no such lot; see `wallet balance`."),
    "NotAnAttestor": N_("You are not an attestor of this coin."),
    "AlreadyAttested": N_("You attested this statement before."),
    "StatementGap": N_("Statement {sequence} does not follow: {expected} is next."),
    "InDeficit": N_("The reserve is short: nothing is made until it is cured."),
    "MintingIsStopped": N_("Making this coin has been stopped."),
    "EntryUsed": N_("Coin was made for this line of the bank before."),
    "UnknownRedemption": N_("There is no redemption {redemption}."),
    "NotWaiting": N_("Redemption {redemption} does not wait any more."),
    "RedemptionsStopped": N_("Asking for euros has been stopped for now."),
    "TooManyRedemptions": N_(
        "{most} redemptions of this account are under way; wait until some are paid, or ask for "
        "more at once."
    ),
    "EnoughApprovals": N_("This recovery has as many approvals as it can hold."),
    "MayStillBePaid": N_("The bank may still pay this; wait for its next statements."),
    "AlreadyFrozen": N_("The account is frozen already."),
    "NotFrozen": N_("The account is not frozen."),
    "HoldsCoin": N_("The account still holds coin; it cannot be closed."),
    "RefundWindow": N_("Payments to this account can still be given back; it closes later."),
    "BadRefundLine": N_(
        "A line of this refund is not as in the payment, or more than is left of it."
    ),
    "AlreadyLeaving": N_("The shop gave notice before."),
    "NotLeaving": N_("The shop gave no notice."),
    "ClosedToOneTimeKeys": N_(
        "This card or code is not known, or not any more: its mandate has ended, or it was used."
    ),
    "UnknownRegion": N_("There is no area {region} on this chain; check its code."),
    "BadTerms": N_("Coin cannot be bound like this. Look again at {why}."),
    "FundClosed": N_("The fund of this coin is closed and nobody has taken it over."),
    "NotExpired": N_("This coin is still in time; it goes back to its fund after its last day."),
    "RedemptionsUnderWay": N_(
        "Euros are still on their way to this account's holder; close it when the bank has paid."
    ),
    "HoldsLots": N_("The account still holds bound coin: it is spent or redeemed first."),
    "TreasuryStays": N_("A board's treasury does not move, change or close while it stands."),
    "NotBankruptHere": N_("Boards, funds and tills do not go bankrupt; who owns them does."),
    "NoNoticeHere": N_("Only who can have places gives notice: a business or an organisation."),
    "NoPlaces": N_("Only businesses, institutions, associations and operators have places."),
    "BuurtTooSmall": N_(
        "So few people live in this neighbourhood that it would point at a household; name the "
        "wijk only."
    ),
    "NotRecoverable": N_("A treasury, or a fund of one, is not recovered: its board decides."),
    "OwnDecision": N_("The wijk whose office froze the account does not review it; another does."),
    "UnknownBoard": N_("This wijk has no board on this chain."),
    "UnknownReserve": N_("This coin has no reserve: it is not made, attested or redeemed."),
    "TooManyPayments": N_("At most 256 payments fit in one transaction; make several."),
    "StatementTooOld": N_(
        "The newest bank statement is more than seven days old; attest a newer one first."
    ),
    "PartsMissing": N_("The newest statement is not whole: {more} parts are still to be attested."),
    "FundUnknown": N_("The account is not registered, or the deposit names another one."),
    "UnknownEntry": N_("No such line of the bank was attested."),
    "OutOfOrder": N_("In a deficit the oldest request is paid first: that is number {next}."),
    "SwitchPending": N_("Another switch of this coin is decided: call it off first."),
    "CoinInBeing": N_("Not all of this coin is gone; it is closed when nothing is left."),
    "ClaimsOpen": N_("Holders can still come for their euros; this is possible afterwards."),
    "BadDestination": N_(
        "What nobody claims goes to a fund, a board, an association or an institution."
    ),
    "WorthNothing": N_("At the rate that is paid this is less than one cent: ask for more."),
    "BadThreshold": N_("As many signatures as that cannot be asked: count the full keys."),
    "OwnTreasury": N_("A treasury does not exchange with itself."),
}

WORDS = {
    ("BadTerms", "regions"): N_("the areas: the chain does not know one of them"),
    ("BadTerms", "expiry"): N_("the last day: it must be still to come"),
    ("BadTerms", "after"): N_("what the coin becomes once it is spent"),
    ("BadTerms", "plain"): N_("the conditions: coin of a region alone takes no others"),
    ("BadSchedule", "start"): N_("the first day: it must be still to come, and not too far off"),
    ("BadSchedule", "end"): N_("the last day: it must be after the first"),
    ("BadSchedule", "every"): N_("how often"),
    ("BadSchedule", "periods"): N_("how many times"),
    ("BadBenefit", "rate"): N_("the discount: a part of the price or an amount, not both"),
    ("BadBenefit", "ceiling"): N_("the ceilings: a payment's is not above a month's"),
    ("BadBenefit", "regions"): N_("the areas: the chain does not know one of them"),
    ("BadBenefit", "time"): N_("the days: the last must be still to come, and after the first"),
    ("BadMandate", "granter"): N_("whom it is for"),
    ("BadMandate", "holder"): N_("who gets it"),
    ("BadMandate", "methods"): N_("what it allows (--allow)"),
    ("BadMandate", "ceilings"): N_(
        "the limits (--limit): this kind has a highest one, or needs one"
    ),
    ("BadMandate", "period_days"): N_("the period (--per)"),
    ("BadMandate", "until_ms"): N_("how long it lasts (--days)"),
    ("BadMandate", "reference"): N_("the paper it rests on (--ref)"),
}
"""What a refusal's `why` or `field` means, where its own name says too little."""

LOT_REASONS = {
    601: "PersonPayee",
    602: "RelatedPayee",
    603: "PlaceMissing",
    604: "OutsideRegion",
    605: "OnlinePlace",
    606: "WrongCategory",
    607: "LotExpired",
    1400: "NotSpendable",
}
"""Why a lot did not fit, as NotEnoughCoin lists it."""


def explain(name: str, fields: Mapping[str, Any]) -> str:
    """A sentence for a refusal; by its bare name if nobody wrote one."""
    text = TEXTS.get(name)
    if text is None:
        return _("The chain refuses this ({name}).").format(name=name)
    shown = {key: _shown(key, value) for key, value in fields.items()}
    for key in ("why", "field"):
        word = WORDS.get((name, shown.get(key, "")))
        if word is not None:
            shown[key] = _(word)
    if name == "PayoutLineRefused":
        # People count from 1.
        shown["line"] = str(int(fields.get("line", 0)) + 1)
        reason = fields.get("reason")
        shown["reason_name"] = LOT_REASONS.get(int(reason or 0), str(reason))
    try:
        said = _(text).format_map(shown)
    except (KeyError, ValueError):
        return _("The chain refuses this ({name}).").format(name=name)
    if name == "MissingWitness" and fields.get("signatures") == 0:
        said = " ".join([said, _("The key that built the transaction signs it too.")])
    if name == "NotEnoughCoin":
        said = " ".join([said, *_lots(str(fields.get("lots", "")))])
    return said


def _lots(listed: str) -> list[str]:
    said = []
    for entry in listed.split(","):
        lot, _colon, code = entry.partition(":")
        if code.isdigit() and int(code) in LOT_REASONS:
            reason = _(TEXTS[LOT_REASONS[int(code)]])
            said.append(_("Lot {lot}: {reason}").format(lot=lot, reason=reason))
    return said


CENTS = ("missing", "limit", "month_max", "outflow", "ceiling", "left", "debt")
"""Fields that are amounts, wherever they stand."""


def _shown(key: str, value: Any) -> str:
    if key in CENTS and isinstance(value, int):
        return format_cents(value)
    return str(value)
