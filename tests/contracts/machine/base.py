"""The town that all rules play in: every move is tried, counted a second time, and compared."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from chain.account import ACCOUNTS, Status
from chain.authority import Authority, Board, Federation
from chain.codec import Record, decode, encode
from chain.contract import refusal_record
from chain.errors import Rejected
from chain.events import read_event
from chain.money import Cents
from governance_contracts.bank.books import deficit_of
from governance_contracts.bank.reserve import Mint, Minted
from governance_contracts.earmarks.lots import LOTS
from governance_contracts.payments.benefits import Discounted
from governance_contracts.payments.outcomes import Paid, PayoutReceived, Received
from governance_contracts.payments.payments import Pay, Payout
from governance_contracts.people.registrars import DelegateRegistrar
from tests.contracts.bank import COINS, WIJK_OF
from tests.contracts.machine.second_count import CountedTown
from tests.contracts.town import B1, G1, W1, W2, WIJKEN

PEOPLE = ("dee1", "eef1", "dee2")
SHOPS = ("shop1", "shop2")
FUNDS = ("fund1", "treasury1", "town")
HOLDERS = PEOPLE + SHOPS
PLAYED = COINS[:2]
TREASURIES = {"J1": "treasury1", "J2": "treasury2"}
HOME = {"dee1": W1, "eef1": W1, "dee2": W2, "shop1": W1, "shop2": W2}
ALL = "all boards"

coins = st.sampled_from(PLAYED)
people = st.sampled_from(PEOPLE)
holders = st.sampled_from(HOLDERS)
funds = st.sampled_from(FUNDS)
amounts = st.integers(1, 400)
regions = st.sampled_from([(), (W1,), (W2,), (B1,), (W1, W2), (G1,)])
numbers = st.integers(1, 6)

outcomes: Counter[tuple[str, str]] = Counter()
"""How often each call had which outcome, over a whole run: a rule that never succeeds tests
nothing."""


class Base(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.town = CountedTown()
        self.minted = dict.fromkeys(PLAYED, 0)
        self.codes: list[bytes] = []
        for n, wijk in enumerate(WIJKEN, 1):
            for name in ("bob", "eef"):
                delegated = DelegateRegistrar(wijk, self.town.id(f"{name}{n}"))
                self.town.play(delegated, under=(Board(wijk),))

    def attempt(
        self,
        args: Record,
        by: str | bytes | None = None,
        under: str | None = None,
        also: tuple[str, ...] = (),
        key: int = 0,
    ) -> bool:
        """Play a move; if it is refused, nothing at all may have changed. If it is not, lots grew
        and shrank by what the receipts say. `under`: a wijk's board, or all of them."""
        name = f"{type(args).__module__.rpartition('.')[2]}.{type(args).__name__}"
        before = self.town.snapshot()
        held = {coin: self.town.per_lot(coin) for coin in PLAYED}
        authorities: tuple[Authority, ...] = ()
        if under is not None:
            authorities = (Federation() if under == ALL else Board(under),)
        try:
            self.town.play(args, by, authorities, also, key)
        except Rejected as refusal:
            outcomes[(name, refusal.name)] += 1
            assert self.town.snapshot() == before, "a refused move left a trace"
            record = refusal_record(0, refusal)
            assert decode(type(record), encode(record)) == record, "the receipt can be read"
            return False
        outcomes[(name, "")] += 1
        if isinstance(args, Pay | Payout):
            self.compare(held[args.coin], args.coin)
        self.nothing_that_ran_out_was_paid()
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

    def nothing_that_ran_out_was_paid(self) -> None:
        for paid in self.town.reported(Paid):
            for part in paid.parts:
                lot = self.town.state.get(LOTS, part.lot) if part.lot else None
                for expires_ms in lot.terms.expires_ms if lot else ():
                    assert self.town.time_ms < expires_ms, "a lot was paid with after its time"

    def at_the_desk(self, wijk: str, args: Record, key: int = 0) -> bool:
        """The registrar acts and a member of the board signs along."""
        n = wijk[-1]
        return self.attempt(args, by=f"bob{n}", also=(f"ada{n}",), key=key)

    def mint(self, coin: str, statement: int, line: int, name: str, amount: int) -> None:
        account = self.town.id(name)
        args = Mint(coin, statement, line, account, Cents(amount), ())
        if self.attempt(args, under=WIJK_OF[coin]):
            self.minted[coin] += sum(event.amount for event in self.town.reported(Minted))
            assert not deficit_of(self.town.state, coin), "minted into a deficit"

    def pass_time(self, ms: int) -> None:
        self.town.wait(ms)
        for entry in self.town.events:
            outcomes[("due work", type(read_event(entry.data)).__name__)] += 1

    def name_of(self, account: bytes) -> str | None:
        return next((name for name, id in self.town.names.items() if id == account), None)

    def is_closed(self, account: bytes) -> bool:
        record = self.town.state.get(ACCOUNTS, account)
        return record is not None and record.status == Status.CLOSED
