"""Letters with a code: set aside, claimed once by one account, back after 90 days."""

from __future__ import annotations

from hashlib import sha256

import pytest
from msgspec.structs import replace

from chain import crypto
from chain.account import ACCOUNTS, Status
from chain.authority import Board, NotAuthorised
from chain.codec import Record
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.coins.balances import HoldingLimit, NotEnoughCoin
from governance_contracts.coins.coin import UnknownCoin
from governance_contracts.earmarks.lots import BadTerms, Terms, earmark, region_bound
from governance_contracts.payments.claim import ClaimLine, Issue, Take, Withdraw
from governance_contracts.payments.claims import (
    CLAIMS,
    CLAIMS_OPEN,
    LINES,
    BadClaimKey,
    Claimed,
    ClaimExpired,
    ClaimGone,
    ClaimsIssued,
    ClaimState,
    ClaimsWaiting,
    ClaimUnsigned,
    ClaimUsed,
    MixedRuns,
    UnknownClaim,
    claim_seed,
    claim_sign_bytes,
)
from governance_contracts.payments.outcomes import NotAFund, UnknownPurpose
from governance_contracts.people.acting import FrozenAccount, NotRegistered
from governance_contracts.people.closing import require_closable
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, W1, refused


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    town.deposit("J1", "town", 100_00)
    return town


def code(number: int) -> bytes:
    return sha256(b"code %d" % number).digest()[:16]


def key(number: int) -> bytes:
    return crypto.public_key(claim_seed(code(number)))


def issue(
    town: MoneyTown,
    *lines: tuple[int, int],
    terms: tuple[Terms, ...] = (),
    purpose: str = "GRANT",
    coin: str = "J1",
    issuer: str = "town",
) -> Issue:
    made = tuple(ClaimLine(key(number), Cents(amount)) for number, amount in lines)
    return Issue(town.id(issuer), coin, made, terms, purpose)


def take(town: MoneyTown, number: int, name: str) -> Take:
    message = claim_sign_bytes(CHAIN, EPOCH, town.id(name))
    signature = crypto.sign(claim_seed(code(number)), message)
    return Take(town.id(name), key(number), signature)


def test_a_letter_is_claimed_once_by_one_account(town: MoneyTown) -> None:
    town.play(issue(town, (1, 25_00), (2, 10_00)), by="town")
    assert (town.free("town"), town.supply().escrow) == (65_00, 35_00)
    assert town.reported(ClaimsIssued, "town")[0].count == 2
    town.play(take(town, 1, "dee1"), by="dee1")
    assert town.free("dee1") == 25_00
    assert town.reported(Claimed, "dee1")[0].issuer == town.id("town")
    used = town.reported(ClaimUsed, "town")
    assert [(one.run, one.line, one.amount) for one in used] == [(1, 0, 25_00)]
    with refused(ClaimGone, ClaimState.TAKEN):
        town.play(take(town, 1, "dee1"), by="dee1")
    with refused(ClaimGone):
        town.play(take(town, 1, "eef1"), by="eef1")
    assert town.supply().escrow == 10_00


def test_who_sees_a_claim_cannot_turn_it_to_another_account(town: MoneyTown) -> None:
    town.play(issue(town, (1, 25_00)), by="town")
    seen = take(town, 1, "dee1")
    with refused(ClaimUnsigned):
        town.play(replace(seen, account=town.id("eef1")), by="eef1")
    with refused(NotAuthorised):
        town.play(seen, by="eef1")


def test_bound_coin_arrives_bound_and_a_letter_lasts_no_longer_than_its_coin(
    town: MoneyTown,
) -> None:
    terms = earmark((W1,), categories=("food",), expires_ms=town.time_ms + 30 * DAY_MS)
    town.play(issue(town, (1, 25_00), (2, 5_00), terms=(terms,), purpose="EARM"), by="town")
    lot = town.reported(ClaimsIssued)[0].lot
    town.play(take(town, 1, "dee1"), by="dee1")
    assert town.lots("dee1") == {lot: 25_00}
    town.wait(30 * DAY_MS)
    assert (town.free("town"), town.supply().escrow) == (100_00, 0)


def test_what_nobody_claims_goes_back_after_90_days(town: MoneyTown) -> None:
    lines = [(number, 10) for number in range(250)]
    town.play(issue(town, *lines), by="town")
    town.play(take(town, 7, "dee1"), by="dee1")
    town.wait(90 * DAY_MS - 1)
    town.play(take(town, 8, "dee1"), by="dee1")
    for _ in range(13):  # twenty at a time
        town.wait(1)
        with refused(ClaimExpired) if town.supply().escrow else refused(ClaimGone):
            town.play(take(town, 249, "dee1"), by="dee1")
    assert (town.free("town"), town.free("dee1"), town.supply().escrow) == (99_80, 20, 0)
    assert not list(town.all_of(CLAIMS_OPEN)) and not list(town.all_of(LINES))


def test_lost_letters_are_withdrawn(town: MoneyTown) -> None:
    town.play(issue(town, (1, 10_00), (2, 10_00)), by="town")
    town.play(issue(town, (3, 10_00)), by="town")
    for args, by, expected in (
        (Withdraw((key(9),)), "dee1", UnknownClaim),
        (Withdraw((key(1),)), "dee1", NotAuthorised),
        (Withdraw((key(1), key(9))), "town", UnknownClaim),
        (Withdraw((key(1), key(3))), "town", MixedRuns),
        (Withdraw((key(1), key(1))), "town", MixedRuns),
    ):
        with refused(expected):
            town.play(args, by=by)
    town.play(Withdraw((key(1),)), by="town")
    assert (town.free("town"), town.supply().escrow) == (80_00, 20_00)
    with refused(ClaimGone, ClaimState.RETURNED):
        town.play(take(town, 1, "dee1"), by="dee1")
    with refused(ClaimGone):
        town.play(Withdraw((key(1),)), by="town")
    town.play(take(town, 2, "dee1"), by="dee1")


def test_letters_are_refused_in_this_order(town: MoneyTown) -> None:
    unknown = region_bound(("WK990009",))
    small_order = bytes(32)
    bad = ClaimLine(small_order, Cents(1))
    rungs: tuple[tuple[Record, str, type[Rejected]], ...] = (
        (issue(town, (1, 1), purpose="NONE", coin="none", issuer="dee1"), "town", NotAuthorised),
        (issue(town, (1, 1), purpose="NONE", coin="none", issuer="dee1"), "dee1", NotAFund),
        (issue(town, (1, 1), purpose="NONE", coin="none", terms=(unknown,)), "town", UnknownCoin),
        (issue(town, (1, 1), purpose="NONE", terms=(unknown,)), "town", BadTerms),
        (issue(town, (1, 1), purpose="EARM"), "town", UnknownPurpose),
        (issue(town, (1, 1), purpose="NONE"), "town", UnknownPurpose),
        (replace(issue(town, (1, 200_00)), lines=(bad,)), "town", BadClaimKey),
        (issue(town, (1, 200_00), (1, 1)), "town", BadClaimKey),
        (issue(town, (1, 200_00)), "town", NotEnoughCoin),
    )  # fmt: skip
    for args, by, expected in rungs:
        with refused(expected):
            town.play(args, by=by)
    town.state.put(ACCOUNTS, town.id("town"), replace(town.account("town"), status=Status.FROZEN))
    with refused(FrozenAccount):
        town.play(issue(town, (1, 1)), by="town")


def test_a_claim_is_refused_in_this_order(town: MoneyTown) -> None:
    town.play(issue(town, (1, 1_00)), by="town")
    with refused(NotRegistered):
        town.play(replace(take(town, 9, "dee1"), account=bytes(20)), by="dee1")
    with refused(UnknownClaim):
        town.play(take(town, 9, "dee1"), by="dee1")
    with refused(ClaimUnsigned):
        town.play(replace(take(town, 1, "dee1"), signature=bytes(64)), by="dee1")
    town.state.put(
        ACCOUNTS, town.id("stranger"), replace(town.account("stranger"), status=Status.ACTIVE)
    )
    town.play(take(town, 1, "dee1"), by="dee1")
    assert town.state.get(CLAIMS, key(1)) is not None, "a code is used once, ever"
    with refused(BadClaimKey, 0, "used"):
        town.play(issue(town, (1, 1_00)), by="town")


def test_a_full_purse_claims_nothing(town: MoneyTown) -> None:
    from chain.rules import PARAMETERS, ParameterValue

    town.state.put(PARAMETERS, "holding_max_person", ParameterValue(100))
    town.play(issue(town, (1, 1_01)), by="town")
    with refused(HoldingLimit):
        town.play(take(town, 1, "dee1"), by="dee1")


def test_a_fund_with_letters_out_does_not_close(town: MoneyTown) -> None:
    town.deposit("J1", "fund1", 10_00)
    town.play(issue(town, (1, 10_00), issuer="fund1"), under=(Board(W1),))
    context = town.context(None, ())
    with refused(ClaimsWaiting, town.id("fund1"), 1):
        require_closable(town.state, context, town.id("fund1"))
    town.play(take(town, 1, "dee1"), by="dee1")
    require_closable(town.state, context, town.id("fund1"))
