"""A small town plays with its money: after every move the books balance, to the cent and the lot.

Each rule is one move that may or may not be allowed. A refused move leaves no trace. The supply
record, the accounts added up, the bank's lines and what the receipts say must all agree.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace

from chain.authority import Board
from chain.codec import Record, encode
from chain.crypto import public_key, sign
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import TABLES
from governance_contracts import exchange
from governance_contracts.balances import HELD_LOTS, total_of
from governance_contracts.benefit import Admit, FillPot, Join, OpenBenefit
from governance_contracts.benefits import POTS, Discounted
from governance_contracts.booking import StatementBooked
from governance_contracts.books import (
    ENTRIES,
    REDEMPTIONS,
    EntryKind,
    Redemption,
    RedemptionState,
    cover_of,
    deficit_of,
)
from governance_contracts.claim import ClaimLine, Issue, Take, Withdraw
from governance_contracts.claims import RUNS, claim_seed, claim_sign_bytes
from governance_contracts.earmark import Reclaim
from governance_contracts.estates import (
    AttestDeath,
    NameHeirs,
    PayEstate,
    RedeemEstate,
    WithdrawDeath,
)
from governance_contracts.exchange import Exchange
from governance_contracts.granting import Grant as GiveMandate
from governance_contracts.holders import EXPIRING, LOT_HOLDERS, holder_key
from governance_contracts.keys import prove_possession
from governance_contracts.lots import LOTS, After, Terms, earmark, region_bound
from governance_contracts.mandate import Act, holdings_of
from governance_contracts.mandates import LASTING, RULES, Ceiling, Kind, given_by
from governance_contracts.mistakes import Reverse
from governance_contracts.offline import OpenAllowance, Release, Settle
from governance_contracts.offline_general import (
    ChangeCover,
    EndGuarantee,
    Guard,
    OpenGeneral,
    Repay,
    SettleGeneral,
)
from governance_contracts.offline_records import (
    ALLOWANCES,
    GUARANTEES,
    GeneralPayment,
    SignedGeneral,
    SignedTotal,
    Total,
    payment_bytes,
)
from governance_contracts.outcomes import Paid, PayoutReceived, Received
from governance_contracts.payments import (
    PAYMENTS,
    Line,
    Pay,
    Payout,
    PayoutLine,
    Refund,
    RefundLine,
    plain,
)
from governance_contracts.proposals import work_of
from governance_contracts.redemption import Cancel, Export, Redeem, Reject
from governance_contracts.reserve import Attribute, Mint, Minted
from governance_contracts.standing import Collect, End, Grant
from governance_contracts.standings import STANDINGS, Agreed, StandingKind
from tests.contracts.bank import COINS, DESTINATION, DETAILS, WIJK_OF, MoneyTown, entry
from tests.contracts.town import B1, CHAIN, EPOCH, G1, W1, W2, seed

PEOPLE = ("dee1", "eef1", "dee2")
SHOPS = ("shop1", "shop2")
FUNDS = ("fund1", "treasury1", "town")
HOLDERS = PEOPLE + SHOPS
PLAYED = COINS[:2]
TREASURIES = {"J1": "treasury1", "J2": "treasury2"}

coins = st.sampled_from(PLAYED)
people = st.sampled_from(PEOPLE)
holders = st.sampled_from(HOLDERS)
funds = st.sampled_from(FUNDS)
amounts = st.integers(1, 400)
regions = st.sampled_from([(), (W1,), (W2,), (B1,), (W1, W2), (G1,)])
numbers = st.integers(1, 6)


@st.composite
def terms(draw: st.DrawFn, now_ms: int) -> Terms:
    where = draw(regions)
    if draw(st.booleans()) and where:
        return region_bound(where, online_ok=draw(st.booleans()))
    return earmark(
        where,
        categories=draw(st.sampled_from([(), ("food",)])),
        expires_ms=draw(st.sampled_from([None, now_ms + DAY_MS, now_ms + 40 * DAY_MS])),
        after=draw(st.sampled_from([After.REGION_BOUND, After.FREE])),
    )


class Townspeople(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.town = MoneyTown()
        self.minted = dict.fromkeys(PLAYED, 0)
        self.codes: list[bytes] = []

    def attempt(
        self,
        args: Record,
        by: str | None = None,
        under: str | None = None,
        also: tuple[str, ...] = (),
    ) -> bool:
        """Play a move; if it is refused, nothing at all may have changed. If it is not, lots grew
        and shrank by what the receipts say."""
        before = self.town.snapshot()
        held = {coin: self.town.per_lot(coin) for coin in PLAYED}
        try:
            self.town.play(args, by, () if under is None else (Board(under),), also)
        except Rejected:
            assert self.town.snapshot() == before, "a refused move left a trace"
            return False
        if isinstance(args, Pay | Payout):
            self.compare(held[args.coin], args.coin)
        return True

    def compare(self, held: dict[int, int], coin: str) -> None:
        for paid in self.town.reported(Paid):
            for part in paid.parts:
                held[part.lot] -= part.amount
        for discounted in self.town.reported(Discounted):
            held[0] -= discounted.amount
        for received in self.town.reported(Received):
            for credit in received.credits:
                held[credit.lot] = held.get(credit.lot, 0) + credit.amount
        for line in self.town.reported(PayoutReceived):
            held[0] -= line.amount
            held[line.lot] = held.get(line.lot, 0) + line.amount
        now = self.town.per_lot(coin)
        assert {lot: amount for lot, amount in held.items() if amount or not lot} == now

    @initialize()
    def euros_arrive(self) -> None:
        for coin in PLAYED:
            for name in ("fund1", "town", *PEOPLE):
                number = self.town.book(coin, entry(1, EntryKind.DEPOSIT, 1_000))
                self.mint(coin, number, 1, name, 1_000)
            number = self.town.book(coin, entry(1, EntryKind.DEPOSIT, 600))
            self.mint(coin, number, 1, TREASURIES[coin], 600)
            self.grant(coin, region_bound((W1,)), "GRANT")
            self.grant(coin, earmark((G1,), after=After.FREE), "EARM")
            expiry = self.town.time_ms + DAY_MS
            self.grant(coin, earmark((W1,), expires_ms=expiry), "EARM")

        self.open_a_benefit()

    def open_a_benefit(self) -> None:
        """A third off in J1 at shop1, half of it the shop's; two of the three people hold it."""
        now_ms, fund = self.town.time_ms, self.town.id("fund1")
        offer = OpenBenefit(
            fund, "pass", "J1", 3_333, Cents(0), 5_000, Cents(90), Cents(250), (), (),
            now_ms, now_ms + 300 * DAY_MS,
        )  # fmt: skip
        assert self.attempt(offer, under=W1)
        holders = tuple(sorted(self.town.id(name) for name in PEOPLE[:2]))
        assert self.attempt(Admit("pass", holders, now_ms + 200 * DAY_MS), under=W1)
        assert self.attempt(Join("pass", self.town.id("shop1")), by="shop1")

    @rule(amount=amounts)
    def fill_the_pot(self, amount: int) -> None:
        self.attempt(FillPot("pass", self.town.id("shop1"), Cents(amount)), by="shop1")

    @rule(payer=people, amount=amounts, more=amounts, lots=st.sampled_from([(), (), (0,), (1,)]))
    def buy_with_a_discount(
        self, payer: str, amount: int, more: int, lots: tuple[int, ...]
    ) -> None:
        shop = self.town.id("shop1")
        args = plain(
            self.town.id(payer), shop, "J1", amount + more, "SALE",
            place=1, lots=lots, alias=bytes(16), benefit="pass",
        )  # fmt: skip
        lines = (Line(Cents(amount), "food", 0, ()), Line(Cents(more), "books", 0, ()))
        before = self.town.free("shop1") + sum(self.town.lots("shop1").values())
        if self.attempt(replace(args, lines=lines), by=payer):
            after = self.town.free("shop1") + sum(self.town.lots("shop1").values())
            assert after - before == amount + more, "the payee is credited the full price"

    def grant(self, coin: str, granted: Terms, purpose: str) -> None:
        names = ("dee1", "eef1", "shop1")
        lines = tuple(PayoutLine(self.town.id(n), Cents(100), purpose, ()) for n in names)
        assert self.attempt(Payout(self.town.id("town"), coin, lines, (granted,)), by="town")

    def mint(self, coin: str, statement: int, line: int, name: str, amount: int) -> None:
        account = self.town.id(name)
        args = Mint(coin, statement, line, account, Cents(amount), ())
        if self.attempt(args, under=WIJK_OF[coin]):
            self.minted[coin] += sum(event.amount for event in self.town.reported(Minted))
            assert not deficit_of(self.town.state, coin), "minted into a deficit"

    # People and shops.

    @rule(payer=holders, payee=holders, coin=coins, amount=amounts, data=st.data())
    def pay(self, payer: str, payee: str, coin: str, amount: int, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from([None, 1, 2])) if payee in SHOPS else None
        category = data.draw(st.sampled_from(["food", "books"]))
        lots = data.draw(st.sampled_from([(), (), (0,), (1,), (2,)]))
        args = plain(
            self.town.id(payer),
            self.town.id(payee),
            coin,
            amount,
            "SALE",
            place=place,
            category=category,
            lots=lots,
        )
        self.attempt(args, by=payer)

    @rule(payer=people, coin=coins, first=amounts, second=amounts)
    def fill_a_basket(self, payer: str, coin: str, first: int, second: int) -> None:
        single = plain(self.town.id(payer), self.town.id("shop1"), coin, first + second, place=1)
        fields = {name: getattr(single, name) for name in single.__struct_fields__}
        fields["lines"] = (
            Line(Cents(first), "books", 0, ()),
            Line(Cents(second), "food", 0, ()),
        )
        self.attempt(Pay(**fields), by=payer)

    @rule(which=st.integers(0, 30), amount=amounts, whole=st.booleans())
    def refund(self, which: int, amount: int, whole: bool) -> None:
        payments = list(self.town.all_of(PAYMENTS))
        if not payments:
            return
        key, payment = payments[which % len(payments)]
        lines = () if whole else (RefundLine(0, Cents(amount)),)
        by = next(name for name in HOLDERS if self.town.id(name) == payment.payee)
        self.attempt(Refund(key[:32], key[32], lines), by=by)
        after = self.town.state.find(PAYMENTS, key)
        assert after is not None
        assert all(part.refunded <= part.amount for part in after.parts)

    # Funds.

    @rule(
        fund=funds,
        coin=coins,
        shares=st.lists(st.tuples(holders, amounts), min_size=1, max_size=3),
        bound=st.booleans(),
        data=st.data(),
    )
    def pay_out(
        self,
        fund: str,
        coin: str,
        shares: list[tuple[str, int]],
        bound: bool,
        data: st.DataObject,
    ) -> None:
        run_terms: tuple[Terms, ...] = (data.draw(terms(self.town.time_ms)),) if bound else ()
        purpose = "EARM" if bound and run_terms[0].kind == 2 else "GRANT"
        lines = tuple(
            PayoutLine(self.town.id(name), Cents(amount), purpose, ()) for name, amount in shares
        )
        args = Payout(self.town.id(fund), coin, lines, run_terms)
        if fund == "town":
            self.attempt(args, by=fund)
        else:
            self.attempt(args, under=W1)

    @rule(days=st.sampled_from([1, 2, 35]), lot=numbers)
    def time_passes_and_lots_run_out(self, days: int, lot: int) -> None:
        self.town.wait(days * DAY_MS)
        everybody = tuple(self.town.id(name) for name in HOLDERS)
        self.attempt(Reclaim(lot, everybody), by="stranger")

    # Without a network.

    @rule(coin=coins, amount=amounts, shop=st.sampled_from(SHOPS), payer=people)
    def set_aside(self, coin: str, amount: int, shop: str, payer: str) -> None:
        id, device = self.town.id(payer), seed("device")
        proof = prove_possession(device, CHAIN, EPOCH, id)
        key, place = public_key(device), self.town.id(shop)
        args = OpenAllowance(id, coin, place, 1, key, proof, Cents(amount))
        self.attempt(args, by=payer)

    @rule(coin=coins, amount=amounts, payer=people)
    def guard_and_set_aside_for_anybody(self, coin: str, amount: int, payer: str) -> None:
        id, device = self.town.id(payer), seed("device")
        if not self.attempt(Guard(self.town.id("town"), coin, Cents(amount)), by="town"):
            return
        number = len(list(self.town.all_of(GUARANTEES)))
        self.attempt(ChangeCover(number, (id,), True), by="town")
        proof = prove_possession(device, CHAIN, EPOCH, id)
        args = OpenGeneral(id, number, public_key(device), proof, Cents(amount))
        self.attempt(args, by=payer)

    @rule(
        number=numbers,
        shop=st.sampled_from(SHOPS),
        amount=amounts,
        sequence=st.integers(1, 3),
        move=st.sampled_from(["settle", "settle", "release", "end", "repay"]),
    )
    def settle_offline(self, number: int, shop: str, amount: int, sequence: int, move: str) -> None:
        id, device = self.town.id(shop), seed("device")
        allowance = self.town.state.get(ALLOWANCES, number)
        if move == "release":
            self.attempt(Release(number), by=shop)
        elif move == "end":
            self.attempt(EndGuarantee(number), by="town")
        elif move == "repay":
            self.attempt(Repay(number, self.town.id("dee1"), Cents(amount)), by="dee1")
        elif allowance is not None and allowance.cover:
            day = self.town.time_ms // DAY_MS
            payment = GeneralPayment(number, id, 1, sequence, day, Cents(amount), Cents(amount))
            signature = sign(device, payment_bytes(CHAIN, EPOCH, payment))
            self.attempt(SettleGeneral(SignedGeneral(payment, signature)), by=shop)
        else:
            total = Total(number, id, 1, Cents(amount))
            signature = sign(device, payment_bytes(CHAIN, EPOCH, total))
            self.attempt(Settle(SignedTotal(total, signature)), by=shop)

    def set_aside_of(self, coin: str) -> int:
        allowances = sum(
            a.amount - a.paid for _, a in self.town.all_of(ALLOWANCES) if a.coin == coin
        )
        return allowances + sum(g.left for _, g in self.town.all_of(GUARANTEES) if g.coin == coin)

    # Letters, and what recurs.

    @rule(
        coin=coins,
        shares=st.lists(amounts, min_size=1, max_size=3),
        bound=st.booleans(),
    )
    def write_letters(self, coin: str, shares: list[int], bound: bool) -> None:
        lines = []
        for amount in shares:
            self.codes.append(len(self.codes).to_bytes(16, "big"))
            key = public_key(claim_seed(self.codes[-1]))
            lines.append(ClaimLine(key, Cents(amount)))
        terms = (region_bound((W1,)),) if bound else ()
        self.attempt(Issue(self.town.id("town"), coin, tuple(lines), terms, "GRANT"), by="town")

    @precondition(lambda self: self.codes)
    @rule(which=st.integers(0, 30), who=holders, back=st.sampled_from([False, False, True]))
    def open_a_letter(self, which: int, who: str, back: bool) -> None:
        seed = claim_seed(self.codes[which % len(self.codes)])
        if back:
            self.attempt(Withdraw((public_key(seed),)), by="town")
            return
        account = self.town.id(who)
        signature = sign(seed, claim_sign_bytes(CHAIN, EPOCH, account))
        self.attempt(Take(account, public_key(seed), signature), by=who)

    @rule(
        payer=people,
        coin=coins,
        ceiling=amounts,
        kind=st.sampled_from(StandingKind),
        periods=st.sampled_from([(), (2,)]),
    )
    def agree(
        self, payer: str, coin: str, ceiling: int, kind: StandingKind, periods: tuple[int, ...]
    ) -> None:
        agreed = Agreed(
            self.town.id(payer), self.town.id("shop1"), coin, kind, Cents(ceiling), 1, 2,
            self.town.time_ms, periods, (), "SALE", "food", (1,), (),
        )  # fmt: skip
        self.attempt(Grant(agreed), by=payer)

    @rule(number=numbers, amount=amounts, end=st.sampled_from([False, False, False, True]))
    def collect(self, number: int, amount: int, end: bool) -> None:
        if end:
            self.attempt(End(number, self.town.id("shop1")), by="shop1")
            return
        self.attempt(Collect(number, Cents(amount), ()), by="shop1")
        known = self.town.state.get(STANDINGS, number)
        assert known is None or known.collected <= known.agreed.ceiling

    @rule(which=st.integers(0, 30))
    def undo_together(self, which: int) -> None:
        payments = list(self.town.all_of(PAYMENTS))
        if payments:
            key, payment = payments[which % len(payments)]
            names = {self.town.id(name): name for name in HOLDERS}
            first, second = names[payment.payer], names[payment.payee]
            self.attempt(Reverse(key[:32], key[32]), by=first, also=(second,))

    # The bank.

    @rule(
        coin=coins,
        amount=amounts,
        charge=st.sampled_from([0, 0, 3]),
        name=st.sampled_from([*PEOPLE, *FUNDS]),
    )
    def deposit(self, coin: str, amount: int, charge: int, name: str) -> None:
        entries = (entry(1, EntryKind.DEPOSIT, amount), entry(2, EntryKind.CHARGE, charge))
        number = self.town.book(coin, *entries[: 2 if charge else 1])
        self.mint(coin, number, 1, name, amount)

    @rule(coin=coins, statement=numbers, amount=st.just(1_000))
    def mint_again(self, coin: str, statement: int, amount: int) -> None:
        before = self.minted[coin]
        self.mint(coin, statement, 1, "town", amount)
        self.mint(coin, statement, 1, "town", amount)
        assert self.minted[coin] <= before + amount

    @rule(
        coin=coins,
        kind=st.sampled_from(
            [EntryKind.CHARGE, EntryKind.COVER, EntryKind.INTEREST, EntryKind.UNATTRIBUTED]
        ),
        amount=amounts,
    )
    def the_bank_does_its_own(self, coin: str, kind: EntryKind, amount: int) -> None:
        if kind == EntryKind.CHARGE:
            amount = 1 + amount // 20  # mostly under 1 % of what is owed: redemptions go on
        number = self.town.book(coin, entry(1, kind, amount))
        if kind == EntryKind.UNATTRIBUTED:
            self.attempt(Attribute(coin, number, 1, DETAILS), under=WIJK_OF[coin])

    @rule(coin=coins, statement=numbers)
    def a_deposit_goes_back(self, coin: str, statement: int) -> None:
        credit = self.town.state.get(ENTRIES, (coin, statement, 1))
        if credit is not None:
            line = entry(1, EntryKind.RETURN, credit.amount, returns=(statement, 1))
            self.town.book(coin, line)

    # Between wijken.

    @rule(holder=holders, coin=coins, amount=amounts)
    def exchange_coin(self, holder: str, coin: str, amount: int) -> None:
        other = PLAYED[1 - PLAYED.index(coin)]
        before = [total_of(self.town.supply(one)) for one in PLAYED]
        args = Exchange(self.town.id(holder), coin, other, Cents(amount))
        self.attempt(args, by=holder)
        assert [total_of(self.town.supply(one)) for one in PLAYED] == before

    @rule(coin=coins)
    def treasuries_settle(self, coin: str) -> None:
        other = PLAYED[1 - PLAYED.index(coin)]
        self.attempt(exchange.Settle(coin, other), under=WIJK_OF[other])

    # For somebody else.

    @rule(payer=people, payee=holders, coin=coins, amount=amounts, euros=st.booleans())
    def pay_under_a_mandate(
        self, payer: str, payee: str, coin: str, amount: int, euros: bool
    ) -> None:
        """What leaves is never more than the ceiling, however many calls it takes."""
        id, place = self.town.id(payer), 1 if payee in SHOPS else None
        given = given_by(self.town.state, id)
        if not given:
            ceilings = tuple(Ceiling(one, Cents(50), Cents(80)) for one in sorted(PLAYED))
            covers = tuple(sorted(RULES[Kind.REPRESENTATIVE].covers - LASTING))
            until_ms = self.town.time_ms + 30 * DAY_MS
            by = (self.town.id("stranger"),)
            asked = GiveMandate(id, 6, by, (), covers, ceilings, 1, until_ms, ())
            assert self.attempt(asked, by=payer)
            given = given_by(self.town.state, id)
        pays = plain(id, self.town.id(payee), coin, amount, place=place)
        redeems = Redeem(id, coin, Cents(amount), (), DESTINATION)
        calls = tuple(self.town.call(one) for one in ((pays, redeems) if euros else (pays,)))
        work = work_of(self.town.state, self.town.release, calls)
        before = holdings_of(self.town.state, id).get(coin, 0)
        if self.attempt(Act(given[0], calls, work), by="stranger"):
            assert before - holdings_of(self.town.state, id).get(coin, 0) <= 50

    # Redemption.

    @rule(holder=holders, coin=coins, amount=amounts)
    def redeem(self, holder: str, coin: str, amount: int) -> None:
        args = Redeem(self.town.id(holder), coin, Cents(amount), (), DESTINATION)
        self.attempt(args, by=holder)

    @rule(who=people, heir=holders, coin=coins, amount=amounts, euros=st.booleans())
    def an_estate_is_shared(self, who: str, heir: str, coin: str, amount: int, euros: bool) -> None:
        """Somebody is taken for dead: earmarks go back, heirs are paid; then it was a mistake."""
        account, wijk = self.town.id(who), W2 if who == "dee2" else W1
        self.attempt(AttestDeath(account, DETAILS), under=wijk)
        self.attempt(NameHeirs(account, DETAILS), under=wijk)
        share: Record = PayEstate(account, self.town.id(heir), coin, Cents(amount))
        if euros:
            share = RedeemEstate(account, coin, Cents(amount), (), DESTINATION)
        self.attempt(share, under=wijk)
        assert self.attempt(WithdrawDeath(account), under=wijk)

    def redemption(self, which: int) -> tuple[int, Redemption] | None:
        known = list(self.town.all_of(REDEMPTIONS))
        if not known:
            return None
        key, redemption = known[which % len(known)]
        return int.from_bytes(key, "big"), redemption

    @precondition(lambda self: self.redemption(0))
    @rule(which=numbers, move=st.sampled_from(["export", "export", "cancel", "reject"]))
    def move_on(self, which: int, move: str) -> None:
        found = self.redemption(which)
        assert found is not None
        number, redemption = found
        wijk = WIJK_OF[redemption.coin]
        if move == "export":
            self.attempt(Export(redemption.coin, (number,), DETAILS), under=wijk)
        elif move == "reject":
            self.attempt(Reject(number), under=wijk)
        else:
            by = next((n for n in HOLDERS if self.town.id(n) == redemption.holder), None)
            other = W2 if wijk == W1 else W1  # a settlement, whose holder is the other treasury
            self.attempt(Cancel(number), by=by, under=other if by is None else None)

    @precondition(lambda self: self.redemption(0))
    @rule(
        kind=st.sampled_from([EntryKind.REDEMPTION, EntryKind.REDEMPTION, EntryKind.BOUNCE]),
        which=numbers,
        slip=st.sampled_from([0, 0, 0, 1]),
    )
    def the_bank_pays_or_bounces(self, kind: EntryKind, which: int, slip: int) -> None:
        found = self.redemption(which)
        assert found is not None
        number, redemption = found
        before = self.town.supply(redemption.coin).burned
        line = entry(1, kind, redemption.amount + slip, redemption=number)
        self.town.book(redemption.coin, line)
        was_open = redemption.state in (RedemptionState.REQUESTED, RedemptionState.EXPORTED)
        burns = kind == EntryKind.REDEMPTION and was_open and not slip
        gone = self.town.supply(redemption.coin).burned - before
        assert gone == (redemption.amount if burns else 0)

    # What must hold.

    @invariant()
    def every_coin_is_somebodys(self) -> None:
        for coin in PLAYED:
            supply = self.town.supply(coin)
            assert (supply.free, supply.lots, supply.redeeming) == self.town.counted(coin)
            assert total_of(supply) == supply.minted - supply.burned
            assert supply.offline == self.set_aside_of(coin)
            letters = [run for _, run in self.town.all_of(RUNS) if run.coin == coin]
            assert supply.escrow == sum(run.amount for run in letters)

    @invariant()
    def every_lot_is_of_its_coin(self) -> None:
        for coin in PLAYED:
            totals = self.town.per_lot(coin)
            supply = self.town.supply(coin)
            assert sum(totals.values()) == supply.free + supply.lots
            for number in totals:
                lot = self.town.state.get(LOTS, number)
                assert number == 0 or (lot is not None and lot.coin == coin)

    @invariant()
    def holders_of_lots_that_expire_are_known(self) -> None:
        found = {
            (one.lot, account)
            for account, held in self.town.all_of(HELD_LOTS)
            for one in held.lots
            if self.town.state.get(EXPIRING, one.lot)
        }
        assert {holder_key(one) for one in found} == {k for k, _ in self.town.all_of(LOT_HOLDERS)}

    @invariant()
    def a_pot_bears_no_more_than_its_shop_filled(self) -> None:
        for _, pot in self.town.all_of(POTS):
            assert pot.left >= 0
        for _, payment in self.town.all_of(PAYMENTS):
            for discount in payment.discount:
                assert discount.pot_returned <= discount.pot
                assert all(line.returned <= line.amount for line in discount.lines)

    @invariant()
    def no_more_coin_than_euros_unless_everybody_can_see_it(self) -> None:
        for coin in PLAYED:
            owed, cover = total_of(self.town.supply(coin)), cover_of(self.town.reserve(coin))
            deficit = deficit_of(self.town.state, coin)
            assert owed <= cover + deficit
            assert deficit == max(0, owed - cover)
            for event in self.town.reported(StatementBooked):
                if event.coin == coin:
                    assert event.deficit == deficit

    @invariant()
    def nothing_is_minted_without_a_bank_line(self) -> None:
        for coin in PLAYED:
            used = sum(
                booked.amount
                for key, booked in self.town.all_of(ENTRIES)
                if key.startswith(coin.encode()) and booked.account
            )
            bounced = sum(
                redemption.amount
                for _, redemption in self.town.all_of(REDEMPTIONS)
                if redemption.coin == coin and redemption.state == RedemptionState.BOUNCED
            )
            assert self.minted[coin] == used
            assert used <= self.town.supply(coin).minted <= used + bounced

    def teardown(self) -> None:
        """What was kept can be read again from its bytes."""
        for (table, _), record in self.town.snapshot().items():
            if record is not None:
                assert TABLES[table].load(encode(record)) == record


TestTownspeople = Townspeople.TestCase
TestTownspeople.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
