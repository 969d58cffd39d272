"""A year of a reserve, to reconcile: a statement of the bank for every day, and the chain it made.

Of each day's 274 lines two are the bank's own (interest, a charge) and three settle the redemptions
exported the day before; the rest are deposits, all of which are minted under a standing decision.
The chain is a real one, in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from auditor.bank.camt import read_statements
from auditor.bank.commitments import account_commitment
from auditor.bank.composing import Composed, compose
from auditor.bank.orders import order_id
from auditor.bank.sorting import Sorter
from auditor.bank.writer import Account, Movement, charge, interest
from bench.measured import cost_of
from bench.memory_chain import MemoryChain
from bench.report import say
from bench.statements import deposits
from chain.money import Cents
from chain.rules import DAY_MS
from chain.transaction import CALLS_MAX, Call, Transaction
from genesis.city import Person, demo_city
from governance_contracts.bank.books import EntryKind, Standing, hash_of
from governance_contracts.bank.redemption import Export, Redeem
from governance_contracts.bank.reserve import Mint, SetStanding
from governance_contracts.bank.statements import Attest
from governance_contracts.boards.board import Approve, Propose
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.versions import RELEASE
from node.demo.hand import call
from node.reserve.disclose import openings_of
from node.reserve.home import ReserveHome
from node.reserve.importing import ChainReserve, mints_of
from node.reserve.records import kept_of

LINES_A_DAY = 274
REDEEMED_A_DAY = 3
REDEEMED_CENTS = 10_00
RESIDENTS = 500
HOUR_MS = 3_600_000
YEAR = 2026


class Year:
    """The wijk's chain, its reserve and its bank, day by day. Files are written to `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.random = Random(YEAR)
        self.city = demo_city(1, b"bench", RESIDENTS, commit=account_commitment)
        self.chain = MemoryChain(self.city)
        self.wijk = self.city.genesis.wijken[0].code
        bank = self.city.bank(self.wijk)
        self.coin = bank.coin
        self.home = ReserveHome(folder / "reserve", bank.coin, bank.iban, bank.key, bank.account)
        self.people = self.city.of("resident")
        self.references = [self.home.reference(person.account) for person in self.people]
        self.sorter = Sorter(self.chain.id, self.coin, self.home.references)
        self.bank = Account(bank.iban)
        self.state = ChainReserve(
            self.chain.id, self.city.genesis.prefix, self.coin, "EUR", bank.account
        )
        self.files: list[Path] = []
        self.sequence = 0
        self.redemption = 0
        self.redemptions: list[int] = []
        """Exported to the bank, and not yet on a statement."""

    def live(self, days: int) -> None:
        minter = self.people[0]
        standing = Standing((minter.account,), Cents(1_000_000_00))
        self.chain.block(
            *self.decided(call("reserve", "set_standing", SetStanding(self.coin, (standing,))))
        )
        for day in range(days):
            composed = self.bank_day(day)
            self.chain.time_ms = self.city.genesis.time_ms + (day + 1) * DAY_MS + HOUR_MS
            self.chain.block(*self.attested(composed), *self.minted(minter, composed))
            self.chain.block(*self.redeemed(composed))
            export = Export(self.coin, tuple(self.redemptions), bytes(32))
            self.chain.block(*self.decided(call("reserve", "export", export)))

    def bank_day(self, day: int) -> Composed:
        """The bank writes the day's statement; the office reads it and keeps what it found."""
        settled = [
            Movement(
                REDEEMED_CENTS, credit=False, end_to_end=order_id(self.chain.id, self.coin, number)
            )
            for number in self.redemptions
        ]
        self.redemptions = []
        own = [interest(1_00), charge(1_00), *settled]
        lines = own + deposits(self.random, self.references, LINES_A_DAY - len(own))
        moment = (self.city.genesis.time_ms + day * DAY_MS) // 1000
        date = datetime.fromtimestamp(moment, UTC).date()
        path = self.folder / f"{date}.xml"
        with path.open("wb") as out:
            self.bank.write(out, lines, str(date))
        self.files.append(path)
        with path.open("rb") as source:
            (statement,) = read_statements(source)
        first = self.sequence + 1
        composed = compose(statement, self.sorter, self.home.key, self.home.account, first)
        self.sequence = composed.last
        self.home.keep(kept_of(composed, tuple(hash_of(part) for part in composed.parts)))
        return composed

    # What people send.

    def attested(self, composed: Composed) -> Iterator[Transaction]:
        for part in composed.parts:
            for place, attestor in enumerate(self.city.of("attestor", self.wijk)[:2]):
                whole = () if place else (part,)
                args = Attest(attestor.account, self.coin, hash_of(part), whole)
                yield self.chain.sign(attestor, call("reserve", "attest", args))

    def minted(self, minter: Person, composed: Composed) -> Iterator[Transaction]:
        salts = mints_of(self.home, composed, self.state)
        lines = [line for line in composed.lines if line.kind == EntryKind.DEPOSIT]
        calls = [
            call(
                "reserve", "mint",
                Mint(
                    self.coin, one["statement"], one["entry"], line.account,
                    Cents(one["amount_cents"]), (bytes.fromhex(one["salt"]),),
                ),
            )
            for one, line in zip(salts, lines, strict=True)
        ]  # fmt: skip
        for at in range(0, len(calls), CALLS_MAX):
            yield self.chain.sign(minter, *calls[at : at + CALLS_MAX])

    def redeemed(self, composed: Composed) -> Iterator[Transaction]:
        """The first of the day's depositors who can redeem ten euros of it."""
        by_account = {person.account: person for person in self.people}
        able = {
            line.account: None
            for line in composed.lines
            if line.kind == EntryKind.DEPOSIT and line.payment.amount >= REDEEMED_CENTS
        }
        for account in list(able)[:REDEEMED_A_DAY]:
            args = Redeem(account, self.coin, Cents(REDEEMED_CENTS), (), bytes(32))
            self.redemption += 1
            self.redemptions.append(self.redemption)
            yield self.chain.sign(by_account[account], call("reserve", "redeem", args))

    def decided(self, *calls: Call) -> Iterator[Transaction]:
        """Two of the three members of the board carry these calls out."""
        first, second = self.city.of("board", self.wijk)[:2]
        work = work_of(self.chain.ledger, RELEASE, calls)
        propose = Propose(self.wijk, calls, Text("bench"), (), work)
        proposal = self.chain.sign(first, call("board", "propose", propose))
        yield proposal
        yield self.chain.sign(second, call("board", "approve", Approve(proposal.id, work)))

    def openings(self) -> Path:
        path = self.folder / "openings.jsonl"
        path.write_bytes(openings_of(self.home, YEAR).dump())
        return path


def measure_year(folder: Path, days: int) -> dict[str, float]:
    """`audit reconcile` of so many days' statements, the chain and the openings.

    Raises RuntimeError unless every statement was tied.
    """
    say(f"{days} statements of {LINES_A_DAY} lines, and their chain")
    year = Year(folder)
    year.live(days)
    chain, openings = folder / "chain.export", year.openings()
    year.chain.export(chain)
    say("reconcile")
    cost = cost_of(
        "audit", "reconcile", *map(str, year.files),
        "--chain", str(chain), "--openings", str(openings),
    )  # fmt: skip
    if cost.answer["verdict"] != "ok" or cost.answer["tied"] != days:
        raise RuntimeError(f"not every statement was tied: {str(cost.answer)[:500]}")
    return {
        "statements": days,
        "entries": int(cost.answer["lines"]),
        "seconds": round(cost.seconds, 2),
        "peak_mb": round(cost.peak_mb, 1),
    }
