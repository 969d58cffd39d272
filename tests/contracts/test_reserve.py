"""The reserve: statements that follow and add up, cover and deficit, one bank entry one mint."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole
from chain.authority import Board, Federation, NotAuthorised
from chain.errors import Rejected
from chain.events import read_event
from chain.money import CENTS_MAX, Cents
from chain.rules import DAY_MS, PARAMETERS, ParameterValue
from governance_contracts.bank.attestors import BadAttestors, ReserveExists, SetAttestors
from governance_contracts.bank.booking import CoinBurned, StatementBooked
from governance_contracts.bank.books import (
    ATTESTED,
    PENDING,
    EntryKind,
    Standing,
    UnknownReserve,
    cover_of,
    deficit_of,
    deposit_reference,
    hash_of,
)
from governance_contracts.bank.deadlines import (
    COVER_AFTER_MS,
    RETURN_AFTER_MS,
    CoverOverdue,
    ReturnDue,
)
from governance_contracts.bank.reserve import (
    AmountDiffers,
    Attribute,
    EntryUsed,
    FundUnknown,
    InDeficit,
    Mint,
    Minted,
    MintingIsStopped,
    MintLimit,
    NotUnattributed,
    SetStanding,
    StatementTooOld,
    UnknownEntry,
)
from governance_contracts.bank.statements import (
    AlreadyAttested,
    Attest,
    BadEntry,
    ClosedLater,
    DoesNotAddUp,
    DoesNotFollow,
    NotAnAttestor,
    OtherBankAccount,
    OtherStatement,
    StatementGap,
    UnknownStatement,
    WrongCurrency,
)
from governance_contracts.coins.balances import FREE, move, total_of
from governance_contracts.coins.coin import (
    Add,
    Issuer,
    Regime,
    SetIssuer,
    StopMinting,
    UnknownCoin,
    found_coin,
    found_issuer,
)
from governance_contracts.earmarks.lots import earmark, region_bound
from governance_contracts.payments.payments import Payout, PayoutLine
from tests.contracts.bank import DETAILS, MoneyTown, entry
from tests.contracts.town import W1, W2, refused

K = EntryKind
SALT = bytes(range(16))


@pytest.fixture
def town() -> MoneyTown:
    return MoneyTown()


def attest(town: MoneyTown, statement, who: str = "ada1", *, full: bool = True) -> None:  # type: ignore[no-untyped-def]
    handed_in = (statement,) if full else ()
    town.play(Attest(town.id(who), statement.coin, hash_of(statement), handed_in), by=who)


class TestAttesting:
    def test_one_attestation_changes_no_books_the_second_does(self, town: MoneyTown) -> None:
        statement = town.statement("J1", entry(1, K.DEPOSIT, 500))
        attest(town, statement)
        assert town.reserve("J1").sequence == 0
        attest(town, statement, "stranger", full=False)
        assert town.reserve("J1").sequence == 1
        assert town.reserve("J1").balance == 500
        assert not list(town.state.scan(PENDING))

    def test_who_may_attest_and_what(self, town: MoneyTown) -> None:
        statement = town.statement("J1", entry(1, K.DEPOSIT, 500))
        other = town.statement("J1", entry(1, K.DEPOSIT, 501))
        hash = hash_of(statement)
        ada = town.id("ada1")
        with refused(NotAuthorised):
            town.play(Attest(ada, "nothing", hash, (other,)), by="bob1")
        with refused(UnknownReserve, "nothing"):
            town.play(Attest(ada, "nothing", hash, (other,)), by="ada1")
        with refused(NotAnAttestor):
            town.play(Attest(town.id("dee1"), "J1", hash, (other,)), by="dee1")
        with refused(OtherStatement):
            town.play(Attest(ada, "J1", hash, (other,)), by="ada1")
        with refused(OtherStatement):
            town.play(Attest(town.id("stranger"), "J2", hash, (statement,)), by="stranger")
        with refused(UnknownStatement, hash):
            town.play(Attest(ada, "J1", hash, ()), by="ada1")
        attest(town, statement)
        with refused(AlreadyAttested):
            attest(town, statement)

    def test_what_is_wrong_is_said_in_order(self, town: MoneyTown) -> None:
        """Each correction uncovers the next refusal."""
        town.book("J1", entry(1, K.DEPOSIT, 500))
        entries = (entry(7, K.CHARGE, 100),)
        wrong = {
            "account": bytes(32),
            "sequence": 1,
            "opening": 600,
            "closing": 700,
            "currency": "USD",
            "closed_ms": town.time_ms + 1,
        }
        ladder: list[tuple[str, object, type[Rejected]]] = [
            ("account", town.reserve("J1").account, OtherBankAccount),
            ("sequence", 2, StatementGap),
            ("closing", 500, DoesNotAddUp),
            ("opening", 500, DoesNotFollow),
            ("currency", "EUR", WrongCurrency),
            ("closed_ms", town.time_ms, ClosedLater),
        ]
        for field, right, refusal in ladder:
            with refused(refusal):
                attest(town, town.statement("J1", *entries, **wrong))
            wrong[field] = right
            if field == "opening":
                wrong["closing"] = 400
        with refused(BadEntry, 1, "number"):
            attest(town, town.statement("J1", *entries, **wrong))
        assert town.reserve("J1").sequence == 1

    @pytest.mark.parametrize(
        ("bad", "why"),
        [
            (entry(2, K.DEPOSIT, 1), "number"),
            (entry(1, 99, 1, credit=True), "kind"),  # type: ignore[arg-type]
            (entry(1, K.CHARGE, 1, credit=True), "sign"),
            (entry(1, K.DEPOSIT, 1, credit=False), "sign"),
            (entry(1, K.DEPOSIT, 1, redemption=1), "redemption"),
            (entry(1, K.CHARGE, 1, returns=(1, 1)), "returns"),
            (entry(1, K.COVER, 1, reference=DETAILS), "reference"),
        ],
    )
    def test_lines_that_contradict_themselves(self, town: MoneyTown, bad, why: str) -> None:  # type: ignore[no-untyped-def]
        with refused(BadEntry):
            attest(town, town.statement("J1", bad))

    def test_sums_beyond_all_amounts_are_refused_in_words_that_can_be_written(
        self, town: MoneyTown
    ) -> None:
        entries = tuple(entry(n, K.CHARGE, CENTS_MAX) for n in range(1, 2001))
        with refused(DoesNotAddUp, -CENTS_MAX, 0):
            attest(town, town.statement("J1", *entries, closing=0))

    def test_two_rivals_for_one_number_only_one_is_booked(self, town: MoneyTown) -> None:
        first = town.statement("J1", entry(1, K.DEPOSIT, 500))
        rival = town.statement("J1", entry(1, K.DEPOSIT, 900))
        town.attest(town.statement("J2"))
        attest(town, rival, "bob1")
        town.attest(first)
        assert not list(town.state.scan(PENDING))
        with refused(StatementGap, 1, 2):
            attest(town, rival, "stranger")

    def test_an_attestor_keeps_one_statement_of_a_number_waiting(self, town: MoneyTown) -> None:
        """Whatever one attestor hands in, little waits, and a booking reads only its rivals."""
        for amount in range(1, 6):
            for ahead in (1, 2):
                tale = town.statement("J1", entry(1, K.DEPOSIT, amount), sequence=ahead)
                attest(town, tale, "bob1")
        assert len(list(town.state.scan(PENDING))) == 2
        assert len(list(town.state.scan(ATTESTED))) == 2
        town.attest(town.statement("J1", entry(1, K.DEPOSIT, 900)))
        assert [kept.statement.sequence for _, kept in town.state.scan(PENDING)] == [2]
        assert len(list(town.state.scan(ATTESTED))) == 1

    def test_who_attests_another_takes_back_only_their_own_word(self, town: MoneyTown) -> None:
        town.play(
            SetAttestors(
                "J1", town.reserve("J1").account, town.reserve("J1").attestors, 3, ()
            ),
            under=(Board(W1),),
        )  # fmt: skip
        wrong = town.statement("J1", entry(1, K.DEPOSIT, 900))
        right = town.statement("J1", entry(1, K.DEPOSIT, 500))
        attest(town, wrong, "ada1")
        attest(town, wrong, "bob1")
        attest(town, right, "ada1")
        kept = town.state.get(PENDING, ("J1", hash_of(wrong)))
        assert kept is not None and kept.attestors == (town.id("bob1"),)
        attest(town, right, "bob1")
        assert town.state.get(PENDING, ("J1", hash_of(wrong))) is None
        attest(town, right, "stranger")
        assert town.reserve("J1").balance == 500
        assert not list(town.state.scan(PENDING)) and not list(town.state.scan(ATTESTED))

    def test_statements_are_numbered_from_one(self, town: MoneyTown) -> None:
        with refused(StatementGap):
            attest(town, town.statement("J1", sequence=0))
        town.attest(town.statement("J1", sequence=1))
        with refused(StatementGap, 103, 2):
            attest(town, town.statement("J1", sequence=103))


class TestCover:
    def test_own_money_and_interest_are_not_cover(self, town: MoneyTown) -> None:
        town.attest(town.statement("J1", entry(1, K.INTEREST, 5), opening=100, closing=105))
        assert cover_of(town.reserve("J1")) == 0
        town.book("J1", entry(1, K.DEPOSIT, 70))
        assert cover_of(town.reserve("J1")) == 70

    def test_a_low_statement_is_taken_and_stops_minting_until_cured(self, town: MoneyTown) -> None:
        town.deposit("J1", "town", 1_000)
        number = town.book("J1", entry(1, K.DEPOSIT, 50), entry(2, K.CHARGE, 200))
        assert deficit_of(town.state, "J1") == 150
        assert town.reported(StatementBooked)[0].deficit == 150
        with refused(InDeficit, "J1", 150):
            town.mint("J1", number, 1, "town", 50)
        town.book("J1", entry(1, K.COVER, 150))
        assert deficit_of(town.state, "J1") == 0

    def test_a_deposit_that_went_to_cover_a_charge_cannot_be_minted(self, town: MoneyTown) -> None:
        town.deposit("J1", "town", 1_000)
        number = town.book("J1", entry(1, K.DEPOSIT, 50), entry(2, K.CHARGE, 50))
        assert deficit_of(town.state, "J1") == 0
        with refused(InDeficit, "J1", 50):
            town.mint("J1", number, 1, "town", 50)

    def test_charges_are_paid_from_own_money_first(self, town: MoneyTown) -> None:
        town.attest(town.statement("J1", opening=100, closing=100))
        town.deposit("J1", "town", 1_000)
        town.book("J1", entry(1, K.CHARGE, 60))
        assert deficit_of(town.state, "J1") == 0
        town.book("J1", entry(1, K.CHARGE, 60))
        assert deficit_of(town.state, "J1") == 20

    def test_an_overdrawn_account_is_the_truth_too(self, town: MoneyTown) -> None:
        town.deposit("J1", "town", 10)
        town.book("J1", entry(1, K.CHARGE, 30))
        assert town.reserve("J1").balance == -20
        assert deficit_of(town.state, "J1") == 30

    def test_unattributed_money_waits_and_covers_nothing(self, town: MoneyTown) -> None:
        number = town.book("J1", entry(1, K.UNATTRIBUTED, 80))
        assert cover_of(town.reserve("J1")) == 0
        board = (Board(W1),)
        with refused(UnknownEntry):
            town.mint("J1", number, 1, "town", 80)
        reference = deposit_reference(town.id("town"), SALT)
        args = Attribute("J1", number, 1, reference)
        with refused(NotAuthorised):
            town.play(args, under=(Board(W2),))
        town.play(args, under=board)
        assert cover_of(town.reserve("J1")) == 80
        with refused(NotUnattributed):
            town.play(args, under=board)
        town.play(Mint("J1", number, 1, town.id("town"), Cents(80), (SALT,)), under=board)
        assert town.free("town") == 80

    def test_after_thirty_days_what_is_still_nobodys_is_said_to_be_due(
        self, town: MoneyTown
    ) -> None:
        town.book(
            "J1",
            entry(1, K.UNATTRIBUTED, 10),
            entry(2, K.BOUNCE, 7),  # of nothing we know
            entry(3, K.UNATTRIBUTED, 5),
        )
        town.play(Attribute("J1", 1, 3, DETAILS), under=(Board(W1),))
        town.wait(RETURN_AFTER_MS - 1)
        assert [read_event(told.data) for told in town.events] == []
        town.wait(1)
        assert [read_event(told.data) for told in town.events] == [ReturnDue("J1", 1, 2, Cents(17))]

    def test_a_deficit_above_one_percent_is_overdue_after_ten_days(self, town: MoneyTown) -> None:
        town.deposit("J1", "fund1", 1_000)
        town.book("J1", entry(1, K.CHARGE, 10))
        assert town.reserve("J1").short_ms == ()  # one percent only puts redemptions in order
        town.book("J1", entry(1, K.CHARGE, 1))
        since = town.time_ms
        assert town.reserve("J1").short_ms == (since,)
        town.wait(COVER_AFTER_MS)
        assert [read_event(told.data) for told in town.events] == [
            CoverOverdue("J1", since, Cents(11))
        ]
        town.book("J1", entry(1, K.COVER, 11))
        assert town.reserve("J1").short_ms == ()

    def test_a_deficit_cured_in_time_is_not_overdue(self, town: MoneyTown) -> None:
        town.deposit("J1", "fund1", 1_000)
        town.book("J1", entry(1, K.CHARGE, 11))
        town.book("J1", entry(1, K.COVER, 1))
        town.wait(COVER_AFTER_MS)
        assert [read_event(told.data) for told in town.events] == []

    def test_unattributed_money_that_goes_back_leaves_the_cover_alone(
        self, town: MoneyTown
    ) -> None:
        town.deposit("J1", "town", 30)
        number = town.book("J1", entry(1, K.UNATTRIBUTED, 80))
        town.book("J1", entry(1, K.RETURN, 80, returns=(number, 1)))
        assert (cover_of(town.reserve("J1")), town.reserve("J1").unattributed) == (30, 0)
        with refused(NotUnattributed):
            town.play(Attribute("J1", number, 1, DETAILS), under=(Board(W1),))

    def test_a_returned_deposit_burns_what_its_account_still_has(self, town: MoneyTown) -> None:
        town.deposit("J1", "town", 100)
        town.pay("town", "dee1", 30, purpose="GRANT")
        town.book("J1", entry(1, K.RETURN, 100, returns=(1, 1)))
        assert town.free("town") == 0
        assert town.supply().burned == 70
        assert deficit_of(town.state, "J1") == 30

    def test_it_burns_what_the_fund_has_not_given_out_and_nothing_in_other_purses(
        self, town: MoneyTown
    ) -> None:
        town.deposit("J1", "fund1", 100)
        terms = earmark((W1,))
        for who, amount, purpose, bound in (
            ("dee1", 30, "EARM", terms),
            ("shop1", 5, "GRANT", region_bound((W1,))),
        ):
            line = PayoutLine(town.id(who), Cents(amount), purpose, ())
            town.play(Payout(town.id("fund1"), "J1", (line,), (bound,)), under=(Board(W1),))
        (own,), fund = town.lots("dee1"), town.id("fund1")  # some of it came back to the fund
        move(town.state, "J1", fund, FREE, fund, own, 25)
        statement = town.statement("J1", entry(1, K.RETURN, 100, returns=(1, 1)))
        town.attest(statement)
        parts = [(told.lot, told.amount) for told in town.reported(CoinBurned, "fund1")]
        assert [amount for _, amount in parts] == [40, 25]
        assert (town.free("fund1"), town.lots("fund1")) == (0, {})
        assert sum(town.lots("dee1").values()) == 30
        assert deficit_of(town.state, "J1") == 35

    def test_a_deposit_that_went_back_before_its_mint_is_gone(self, town: MoneyTown) -> None:
        number = town.book("J1", entry(1, K.DEPOSIT, 100))
        town.book("J1", entry(1, K.RETURN, 100, returns=(number, 1)))
        with refused(EntryUsed):
            town.mint("J1", number, 1, "town", 100)
        town.book("J1", entry(1, K.COVER, 100), entry(2, K.RETURN, 100, returns=(number, 1)))
        assert town.reported(StatementBooked)[0].unmatched == 1
        assert town.supply().burned == 0


class TestMinting:
    def test_refusals_in_order(self, town: MoneyTown) -> None:
        board = (Board(W1),)
        issuer = Issuer("Nobody", "R-2", Regime.EMT, (), ())
        found_issuer(town.state, SetIssuer("nobody", issuer))
        found_coin(town.state, Add("bare", "Bare", "EUR", W1, ()))
        args = Mint("nothing", 9, 9, bytes(20), Cents(7), (bytes(16),))
        with refused(UnknownCoin):
            town.play(args, under=board)
        with refused(UnknownReserve):
            town.play(Mint("bare", 9, 9, bytes(20), Cents(7), ()), under=board)
        people = tuple(sorted(town.id(n) for n in ("ada1", "bob1", "stranger")))
        town.play(SetAttestors("bare", DETAILS, people, 2, ()), under=board)
        with refused(NotAuthorised):
            town.play(Mint("bare", 9, 9, bytes(20), Cents(7), ()), by="ada1")
        with refused(MintingIsStopped, "bare", "issuer"):
            town.play(Mint("bare", 9, 9, bytes(20), Cents(7), ()), under=board)

        reference = deposit_reference(town.id("town"), SALT)
        town.book("J1", entry(1, K.DEPOSIT, 100))
        town.mint("J1", 1, 1, "town", 100)
        town.book("J1", entry(1, K.CHARGE, 10), entry(2, K.DEPOSIT, 60, reference=reference))
        town.play(StopMinting("J1", True), under=board)
        fields = {
            "coin": "J1",
            "statement": 2,
            "entry": 9,
            "account": bytes(20),
            "amount": Cents(61),
            "opening": (),
        }

        def mint(kind: type[Rejected], **fix: object) -> None:
            fields.update(fix)
            with refused(kind):
                town.play(Mint(**fields), under=board)  # type: ignore[arg-type]

        town.wait(8 * DAY_MS)
        mint(MintingIsStopped)
        town.play(StopMinting("J1", False), under=board)
        town.book("J1", entry(1, K.CHARGE, 80))
        town.wait(8 * DAY_MS)
        mint(InDeficit)
        town.book("J1", entry(1, K.COVER, 90))
        town.wait(8 * DAY_MS)
        mint(StatementTooOld)
        town.book("J1")
        town.state.put(PARAMETERS, "mint_day_max", ParameterValue(59))
        mint(UnknownEntry)
        mint(EntryUsed, statement=1, entry=1)
        mint(AmountDiffers, statement=2, entry=2)
        mint(FundUnknown, amount=Cents(60))
        mint(FundUnknown, account=town.id("town"))
        mint(FundUnknown, opening=(bytes(16),))
        mint(MintLimit, opening=(SALT,))
        town.state.put(PARAMETERS, "mint_day_max", ParameterValue(60))
        town.play(Mint(**fields), under=board)  # type: ignore[arg-type]
        assert town.reported(Minted)[0].amount == 60
        mint(EntryUsed)

    def test_one_entry_one_mint(self, town: MoneyTown) -> None:
        town.deposit("J1", "town", 100)
        with refused(EntryUsed, 1, 1):
            town.mint("J1", 1, 1, "town", 100)
        with refused(EntryUsed, 1, 1):
            town.mint("J1", 1, 1, "dee1", 100)

    def test_without_a_custodian_nothing_is_minted(self, town: MoneyTown) -> None:
        issuer = Issuer("Stichting bank", "R-1", Regime.EMT, (), ())
        number = town.book("J1", entry(1, K.DEPOSIT, 100))
        town.play(SetIssuer("bank", issuer), under=(Federation(),))
        with refused(MintingIsStopped, "J1", "custodian"):
            town.mint("J1", number, 1, "town", 100)

    def test_a_standing_decision_mints_deposits_with_a_valid_reference(
        self, town: MoneyTown
    ) -> None:
        standing = Standing((town.id("cas1"),), Cents(100))
        town.play(SetStanding("J1", (standing,)), under=(Board(W1),))
        reference = deposit_reference(town.id("town"), SALT)
        number = town.book(
            "J1",
            entry(1, K.DEPOSIT, 60, reference=reference),
            entry(2, K.DEPOSIT, 60, reference=reference),
            entry(3, K.DEPOSIT, 60),
        )
        first, second, third = (
            Mint("J1", number, n, town.id("town"), Cents(60), (SALT,)) for n in (1, 2, 3)
        )
        with refused(NotAuthorised):
            town.play(first, by="dee1")
        with refused(NotAuthorised):
            town.play(Mint("J1", number, 1, town.id("town"), Cents(60), ()), by="cas1")
        account = town.account("cas1")
        till = AccountKey(1, bytes(32), KeyRole.TILL, (1,))
        town.state.put(ACCOUNTS, town.id("cas1"), replace(account, keys=(*account.keys, till)))
        with refused(NotAuthorised):  # which of its keys signed beside dee1's nobody knows
            town.play(first, by="dee1", also=("cas1",))
        with refused(NotAuthorised):
            town.play(first, by="cas1", key=1)
        town.play(first, by="cas1")
        with refused(FundUnknown):
            town.play(third, by="cas1")
        with refused(MintLimit, "J1", 100):
            town.play(second, by="cas1")
        town.wait(DAY_MS)
        town.play(second, by="cas1")
        town.play(SetStanding("J1", ()), under=(Board(W1),))
        with refused(NotAuthorised):
            town.play(first, by="cas1")

    def test_supply_is_what_was_minted(self, town: MoneyTown) -> None:
        town.deposit("J1", "town", 100)
        town.deposit("J1", "dee1", 50)
        assert total_of(town.supply()) == 150
        assert total_of(town.supply("J2")) == 0


class TestAttestors:
    def test_refusals_in_order(self, town: MoneyTown) -> None:
        a, b, c = sorted(town.id(n) for n in ("ada1", "bob1", "cas1"))
        outside = tuple(sorted((a, b, town.id("stranger"))))
        nobody = tuple(sorted((a, b, bytes(20))))

        def change(coin: str, attestors: tuple[bytes, ...], k: int, account: bytes) -> None:
            town.play(SetAttestors(coin, account, attestors, k, ()), under=(Board(W1),))

        with refused(UnknownCoin):
            change("nothing", (b, a), 1, DETAILS)
        with refused(NotAuthorised):
            change("J2", (b, a), 1, DETAILS)
        with refused(BadAttestors, "order"):
            change("J1", (b, a), 1, DETAILS)
        with refused(BadAttestors, "few"):
            change("J1", (a, b), 1, DETAILS)
        with refused(BadAttestors, "k"):
            change("J1", nobody, 1, DETAILS)
        with refused(BadAttestors, "k"):
            change("J1", nobody, 4, DETAILS)
        with refused(BadAttestors, "registered"):
            change("J1", nobody, 2, DETAILS)
        with refused(BadAttestors, "independent"):
            change("J1", (a, b, c), 2, DETAILS)
        change("J1", outside, 2, DETAILS)
        town.attest(town.statement("J1", account=DETAILS))
        with refused(ReserveExists):
            change("J1", outside, 2, bytes(32))

    def test_who_signs_at_the_bank_is_not_independent(self, town: MoneyTown) -> None:
        people = tuple(sorted(town.id(n) for n in ("ada1", "bob1", "stranger")))
        with refused(BadAttestors, "independent"):
            town.play(
                SetAttestors("J1", DETAILS, people, 2, (town.id("stranger"),)), under=(Board(W1),)
            )

    def test_the_word_of_an_attestor_who_left_does_not_count(self, town: MoneyTown) -> None:
        statement = town.statement("J1")
        attest(town, statement, "ada1")
        people = tuple(sorted(town.id(n) for n in ("cas1", "bob1", "stranger")))
        account = town.reserve("J1").account
        town.play(SetAttestors("J1", account, people, 2, ()), under=(Board(W1),))
        attest(town, statement, "bob1", full=False)
        assert town.reserve("J1").sequence == 0
        attest(town, statement, "cas1", full=False)
        assert town.reserve("J1").sequence == 1
