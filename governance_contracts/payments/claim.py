"""Claims: coin in a letter, for people who have no account yet.

A fund, a board or an organisation sets coin aside under codes of 128 bits; each code goes into a
letter. Whoever has the code claims with a registered account, within 90 days; then what is left
goes back. Set aside, the coin is in escrow: nobody's to spend, and still owed.

The code itself never reaches the chain. It makes a key pair: the chain keeps the public key, and a
claim carries that key's signature of the account that claims. So who sees a claim on its way, a
validator too, cannot turn it to another account.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain import crypto
from chain.account import AccountKind
from chain.codec import U53, AccountId, Code, Key, Record, Sig, decode
from chain.contract import Context, Contract, Method
from chain.money import CENTS_MAX, AmountField, Cents
from chain.rules import DAY_MS, next_number
from chain.state import Draft, View
from governance_contracts.coins.balances import FREE, TooManyCoins, book, give_free, give_lot, spend
from governance_contracts.coins.coin import require_coin, require_phase
from governance_contracts.coins.limits import day_of, holding_max
from governance_contracts.coins.meter import volume
from governance_contracts.coins.regimes import check_bordered, check_payee, is_limited
from governance_contracts.earmarks.lots import LotKind, Terms, check_terms, lot_of
from governance_contracts.payments.claims import (
    CLAIM_MS,
    CLAIMS,
    CLAIMS_OPEN,
    LINES,
    RETURNED_AT_ONCE,
    RUN_LINES_MAX,
    RUNS,
    WITHDRAWN_MAX,
    BadClaimKey,
    Claim,
    Claimed,
    ClaimExpired,
    ClaimGone,
    ClaimKey,
    ClaimRun,
    ClaimsIssued,
    ClaimsReturned,
    ClaimState,
    ClaimsWaiting,
    ClaimUnsigned,
    ClaimUsed,
    MixedRuns,
    OpenClaims,
    UnknownClaim,
    claim_sign_bytes,
    line_key,
)
from governance_contracts.payments.outcomes import BadLine, NotAFund, UnknownPurpose
from governance_contracts.payments.payout import EARMARK
from governance_contracts.people.acting import (
    FrozenAccount,
    is_frozen,
    require_actor,
    require_party,
)
from governance_contracts.people.closing import Obstacle, before_closing
from governance_contracts.people.minors import day_max_of

GIVEN = frozenset({"BEN", "GIFT", "GRANT", "INCOME"})
"""Purposes of free coin in a letter: nothing that is bought or worked for."""
EXPIRED = "expired"
"""The due work that gives back what nobody claimed."""


class ClaimLine(Record, tag=1):
    """`key`: the public key that the letter's code makes."""

    key: Key
    amount: AmountField


class Issue(Record, tag=1):
    """Set coin aside under up to 1,000 codes. `terms`: what it is bound to once claimed, if so."""

    issuer: AccountId
    coin: Code
    lines: Annotated[tuple[ClaimLine, ...], Meta(min_length=1, max_length=RUN_LINES_MAX)]
    terms: Annotated[tuple[Terms, ...], Meta(max_length=1)]
    purpose: Code


class Take(Record, tag=1):
    """Claim. `signature`: of the code's key, over the account (`claim_sign_bytes`)."""

    account: AccountId
    key: Key
    signature: Sig


class Withdraw(Record, tag=1):
    """Take codes back before they are used: a lost letter, a wrong amount."""

    keys: Annotated[tuple[Key, ...], Meta(min_length=1, max_length=WITHDRAWN_MAX)]


class RunNumber(Record, tag=1):
    run: U53


def issue(draft: Draft, context: Context, args: Issue) -> None:
    """Every line or none.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount (the issuer),
    NotAFund, UnknownCoin, CoinWindsDown, for bound coin BorderlessLot and what `check_terms`
    refuses, UnknownPurpose, BadLine (sum), BadClaimKey for the first line with one, NotEnoughCoin,
    DayLimit, in that order.
    """
    issuer = require_actor(draft, context, args.issuer)
    if is_frozen(issuer):
        raise FrozenAccount(args.issuer)
    if issuer.kind in (AccountKind.PERSON, AccountKind.HOUSEHOLD, AccountKind.TILL):
        raise NotAFund(issuer.kind)
    coin = require_coin(draft, args.coin)
    require_phase(coin)
    lot, earmarked, ends = FREE, False, context.time_ms + CLAIM_MS
    for terms in args.terms:
        check_bordered(coin, terms, limited=is_limited(draft, coin))
        check_terms(draft, args.coin, args.issuer, terms, context.time_ms)
        earmarked = terms.kind == LotKind.EARMARK
        ends = min((ends, *terms.expires_ms))
        lot, opened = lot_of(draft, args.coin, args.issuer, terms)
        for told in opened:
            context.emit(told)
    if args.purpose not in ({EARMARK} if earmarked else GIVEN):
        raise UnknownPurpose(args.purpose)
    total = 0
    for position, line in enumerate(args.lines):
        total += line.amount
        if total > CENTS_MAX:
            raise BadLine(position, "sum")
    run = next_number(draft, "claim_run")
    for position, line in enumerate(args.lines):
        if not crypto.is_public_key(line.key):
            raise BadClaimKey(position, "key")
        if draft.get(CLAIMS, line.key) is not None:
            raise BadClaimKey(position, "used")
        draft.put(CLAIMS, line.key, Claim(run, position, line.amount, ClaimState.OPEN))
        draft.put(LINES, (run, position), ClaimKey(line.key))
    day = day_of(context.time_ms)
    most = day_max_of(draft, args.issuer, issuer)
    spend(draft, args.issuer, args.coin, total, total, day, most)
    book(draft, args.coin, free=-total, escrow=total)
    count = len(args.lines)
    aside = ClaimRun(args.issuer, args.coin, lot, args.purpose, ends, count, Cents(total))
    draft.put(RUNS, run, aside)
    count_open(draft, args.issuer, count)
    context.schedule(draft, ends, "claim", EXPIRED, RunNumber(run))
    told_issuer = ClaimsIssued(run, args.coin, count, Cents(total), lot, ends)
    context.emit(told_issuer, args.issuer)


def take(draft: Draft, context: Context, args: Take) -> None:
    """Claim what a letter holds.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, UnknownClaim, ClaimUnsigned,
    ClaimGone, ClaimExpired, what `check_payee` refuses, HoldingLimit, TooManyCoins, TooManyLots,
    in that order.
    """
    account = require_actor(draft, context, args.account)
    claim = draft.get(CLAIMS, args.key)
    if claim is None:
        raise UnknownClaim()
    message = claim_sign_bytes(context.chain, context.epoch, args.account)
    if not crypto.verify(args.key, message, args.signature):
        raise ClaimUnsigned()
    if claim.state != ClaimState.OPEN:
        raise ClaimGone(claim.state)
    run = require_run(draft, claim.run)
    if context.time_ms >= run.expires_ms:
        raise ClaimExpired(run.expires_ms)
    coin = require_coin(draft, run.coin)
    limited = check_payee(draft, coin, args.account, account, context.height)
    if run.lot == FREE:
        give_free(draft, args.account, run.coin, claim.amount, holding_max(draft, account.kind))
        book(draft, run.coin, escrow=-claim.amount, free=claim.amount)
    else:
        give_lot(draft, args.account, run.coin, run.lot, claim.amount)
        book(draft, run.coin, escrow=-claim.amount, lots=claim.amount)
    volume(draft, context, coin, claim.amount, limited=limited)
    close_lines(draft, claim.run, run, ((args.key, claim),), ClaimState.TAKEN)
    context.emit(ClaimUsed(claim.run, claim.line, run.coin, claim.amount), run.issuer)
    context.emit(Claimed(run.issuer, run.coin, claim.amount, run.lot, run.purpose), args.account)


def withdraw(draft: Draft, context: Context, args: Withdraw) -> None:
    """Take codes of one run back.

    Refuses UnknownClaim (the first); NotAuthorised, ClosedAccount, TillKeyOnly (the issuer); then
    for each UnknownClaim, MixedRuns, ClaimGone, in that order.
    """
    first = draft.get(CLAIMS, args.keys[0])
    if first is None:
        raise UnknownClaim()
    run = require_run(draft, first.run)
    require_party(draft, context, run.issuer, "issuer")
    found: list[tuple[bytes, Claim]] = []
    for position, key in enumerate(args.keys):
        claim = draft.get(CLAIMS, key)
        if claim is None:
            raise UnknownClaim()
        if claim.run != first.run or key in args.keys[:position]:
            raise MixedRuns()
        if claim.state != ClaimState.OPEN:
            raise ClaimGone(claim.state)
        found.append((key, claim))
    give_back(draft, context, first.run, run, tuple(found))


def expired(draft: Draft, context: Context, args: bytes) -> None:
    """Due when a run's time is up: what nobody claimed goes back, some codes at a time. A day
    later, and again, while the issuer's purse has no room for another coin."""
    number = decode(RunNumber, args).run
    run = require_run(draft, number)
    found: list[tuple[bytes, Claim]] = []
    for place, waiting in draft.scan(LINES, line_key((number, 0))):
        if place[:8] != line_key((number, 0))[:8] or len(found) == RETURNED_AT_ONCE:
            break
        claim = draft.get(CLAIMS, waiting.key)
        assert claim is not None, "a line names a code"
        found.append((waiting.key, claim))
    again_ms = context.time_ms
    attempt, told = Draft(draft), len(context.events)
    try:
        if found:
            give_back(attempt, context, number, run, tuple(found))
        draft.absorb(attempt)
    except TooManyCoins:
        del context.events[told:]
        found, again_ms = [], again_ms + DAY_MS
    if run.left > len(found):
        context.schedule(draft, again_ms, "claim", EXPIRED, RunNumber(number))


def give_back(
    draft: Draft,
    context: Context,
    number: int,
    run: ClaimRun,
    claims: tuple[tuple[bytes, Claim], ...],
) -> None:
    """What these codes hold returns to the issuer as the free coin that it was."""
    amount = sum(claim.amount for _, claim in claims)
    give_free(draft, run.issuer, run.coin, amount)
    book(draft, run.coin, escrow=-amount, free=amount)
    close_lines(draft, number, run, claims, ClaimState.RETURNED)
    told = ClaimsReturned(number, run.coin, len(claims), Cents(amount))
    context.emit(told, run.issuer)


def close_lines(
    draft: Draft,
    number: int,
    run: ClaimRun,
    claims: tuple[tuple[bytes, Claim], ...],
    state: ClaimState,
) -> None:
    """Codes that wait no more."""
    amount = 0
    for key, claim in claims:
        draft.put(CLAIMS, key, replace(claim, state=state))
        draft.delete(LINES, (number, claim.line))
        amount += claim.amount
    left = Cents(run.amount - amount)
    draft.put(RUNS, number, replace(run, left=run.left - len(claims), amount=left))
    count_open(draft, run.issuer, -len(claims))


def count_open(draft: Draft, issuer: bytes, change: int) -> None:
    known = draft.find(CLAIMS_OPEN, issuer)
    count = (known.count if known else 0) + change
    if count:
        draft.put(CLAIMS_OPEN, issuer, OpenClaims(count))
    else:
        draft.delete(CLAIMS_OPEN, issuer)


def require_run(view: View, number: int) -> ClaimRun:
    run = view.get(RUNS, number)
    assert run is not None, "a code belongs to a run"
    return run


@before_closing(Obstacle.LETTERS)
def has_no_letters_out(view: View, context: Context, account: bytes) -> None:
    waiting = view.find(CLAIMS_OPEN, account)
    if waiting is not None:
        raise ClaimsWaiting(account, waiting.count)


CONTRACT = Contract(
    "claim",
    1,
    {
        "issue": Method(Issue, issue, cost=lambda args: 200 + 100 * len(args.lines)),
        "take": Method(Take, take, cost=300),
        "withdraw": Method(Withdraw, withdraw, cost=lambda args: 200 + 30 * len(args.keys)),
    },
    {EXPIRED: expired},
)
