"""A real chain in memory: the demo city, blocks with everything that moves money, certificates.

    chain = told()                      # some thirty blocks of a wijk's first weeks
    chain.export()                      # as a node would write it

Each `block` is built as a validator builds it and signed by its seats.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

from chain import crypto
from chain.admission import Signatures
from chain.certificate import Certificate, SeatSignature, Vote, quorum, vote_bytes
from chain.codec import Record, encode
from chain.contract import Release
from chain.execution import Applied, build_block
from chain.export import write_export
from chain.kinds import Kind
from chain.ledger import MemoryStore
from chain.money import Cents
from chain.rules import seat_sets
from chain.transaction import AccountActor, Body, Call, Transaction, parse, seal, witness
from genesis.build import found_ledger
from genesis.city import City, Person, demo_city
from genesis.document import chain_id, dump
from governance_contracts.bank import reserve
from governance_contracts.bank.books import Entry, EntryKind, EntryPlace, Statement, hash_of
from governance_contracts.bank.redemption import Cancel, Export, Redeem
from governance_contracts.boards import federation
from governance_contracts.boards.board import Approve, Propose, Resign
from governance_contracts.boards.changes import SetParameter
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.earmarks.lots import Terms, earmark, region_bound
from governance_contracts.payments.payments import Payout, PayoutLine, Refund, RefundLine, plain
from governance_contracts.versions import CONTRACT_VERSIONS, RELEASE

DETAILS = sha256(b"under a key").digest()
HOUR_MS = 3_600_000


def call(args: Record, release: Release = RELEASE) -> Call:
    """The call whose method takes this record."""
    for name, version in CONTRACT_VERSIONS:
        contract = release.contracts.get((name, version))
        for method, what in (contract.methods if contract else {}).items():
            if what.args is type(args):
                return Call(name, version, method, encode(args))
    raise AssertionError(f"no method takes {type(args).__name__}")


class History:
    def __init__(self, validators: int = 4, residents: int = 8) -> None:
        self.city: City = demo_city(validators, bytes(32), residents)
        self.chain = chain_id(self.city.genesis)
        self.document = dump(self.city.genesis)
        self.store = MemoryStore()
        self.ledger, writes = found_ledger(self.city.genesis, self.store)
        self.store.write(writes)
        self.time_ms = self.city.genesis.time_ms
        self.blocks: list[tuple[bytes, Certificate]] = []
        self.applied: list[Applied] = []
        self.numbers: dict[bytes, int] = {}
        self.signatures = Signatures()
        self.rotated: list[bytes] = []
        self.sequences: dict[str, tuple[int, int]] = {}
        self.codes = [wijk.code for wijk in self.city.genesis.wijken]
        self.coins = [wijk.coins[0].code for wijk in self.city.genesis.wijken]
        self.board = [self.city.of("board", code) for code in self.codes]
        self.shop = self.city.person(f"{self.city.validators[0].name}-shop")
        self.home = self.city.of("resident", self.codes[0])
        self.away = self.city.of("resident", self.codes[1 % validators])
        self.fund = self.city.person("fonds")

    # Transactions.

    def sign(self, person: Person, *args: Record, number: int = 0) -> Transaction:
        if not number:
            number = self.numbers[person.account] = self.numbers.get(person.account, 0) + 1
        body = Body(
            self.chain, 0, AccountActor(person.account, 0), number,
            self.time_ms + 24 * HOUR_MS, tuple(call(a) for a in args),
        )  # fmt: skip
        return parse(seal(body, [witness(body, person.account, 0, person.seed)]))

    def pay(self, payer: Person, payee: Person, amount: int, **more: Any) -> Transaction:
        coin = more.pop("coin", self.coins[0])
        return self.sign(payer, plain(payer.account, payee.account, coin, amount, **more))

    # Blocks.

    def build(self, *transactions: Transaction, release: Release = RELEASE) -> Applied:
        self.time_ms += HOUR_MS
        latest = (self.blocks[-1][1],) if self.blocks else ()
        seats = seat_sets(self.ledger).following
        proposer = seats[len(self.blocks) % len(seats)].wijk
        applied, dropped = build_block(
            self.ledger.parent(), proposer, self.time_ms, transactions, (), latest,
            release, self.ledger, self.signatures,
        )  # fmt: skip
        assert not dropped, dropped
        return applied

    def commit(self, applied: Applied) -> Applied:
        certificate = self.certify(applied.block.header.height, applied.hash)
        writes, _undo = self.ledger.commit(applied)
        self.store.write(writes)
        self.blocks.append((encode(applied.block), certificate))
        self.applied.append(applied)
        return applied

    def block(
        self, *transactions: Transaction, refused: bool = False, release: Release = RELEASE
    ) -> Applied:
        applied = self.build(*transactions, release=release)
        due = len(applied.receipts) - len(transactions)
        outcomes = [receipt.refusal for receipt in applied.receipts[due:]]
        assert all(bool(outcome) == refused for outcome in outcomes), outcomes
        return self.commit(applied)

    def certify(self, height: int, block_hash: bytes, signers: Sequence[int] = ()) -> Certificate:
        """By a quorum of the seats, or by the seats numbered in `signers`."""
        seats = seat_sets(self.ledger).following
        secrets = [v.consensus for v in self.city.validators] + self.rotated
        keys = {crypto.public_key(secret): secret for secret in secrets}
        signatures = []
        for number in signers or range(quorum(len(seats))):
            vote = Vote(height, 0, block_hash, number)
            message = vote_bytes(Kind.PRECOMMIT, self.chain, 0, vote)
            signature = crypto.sign(keys[seats[number].key], message)
            signatures.append(SeatSignature(number, signature))
        return Certificate(height, 0, block_hash, tuple(signatures))

    def export(self, blocks: Sequence[tuple[bytes, Certificate]] | None = None) -> bytes:
        out = BytesIO()
        write_export(out, self.document, self.blocks if blocks is None else blocks)
        return out.getvalue()

    # What boards and attestors do, one block each.

    def decide(self, which: int, *args: Record, release: Release = RELEASE) -> Applied:
        """Two of three members of a board carry these calls out."""
        calls = tuple(call(a) for a in args)
        work = work_of(self.ledger, RELEASE, calls)
        first, second, _third = self.board[which]
        proposal = self.sign(first, Propose(self.codes[which], calls, Text("a reason"), (), work))
        self.block(proposal, release=release)
        return self.block(self.sign(second, Approve(proposal.id, work)), release=release)

    def statement(
        self, which: int, *entries: Entry, attestors: int = 2, release: Release = RELEASE
    ) -> int:
        """The bank's next statement on a coin, attested by two; returns its number."""
        coin = self.city.genesis.wijken[which].coins[0]
        before, opening = self.sequences.get(coin.code, (0, 0))
        closing = opening + sum(e.amount if e.credit else -e.amount for e in entries)
        self.sequences[coin.code] = (before + 1, closing)
        statement = Statement(
            coin.code, bytes(coin.reserve.account), "EUR", before + 1, 0, self.time_ms,
            opening, closing, DETAILS, entries,
        )  # fmt: skip
        digest = hash_of(statement)
        for number, who in enumerate(self.city.of("attestor", self.codes[which])[:attestors]):
            handed_in = () if number else (statement,)
            attested = reserve.Attest(who.account, coin.code, digest, handed_in)
            self.block(self.sign(who, attested), release=release)
        return before + 1

    def payout(self, people: Sequence[Person], amount: int, terms: Terms | None = None) -> None:
        earmarked = terms is not None and terms.kind == 2
        purpose = "EARM" if earmarked else "INCOME"
        lines = tuple(PayoutLine(p.account, Cents(amount), purpose, ()) for p in people)
        bound = () if terms is None else (terms,)
        self.block(self.sign(self.fund, Payout(self.fund.account, self.coins[0], lines, bound)))


def line(number: int, kind: EntryKind, amount: int, **more: Any) -> Entry:
    returns = tuple(EntryPlace(*place) for place in more.get("returns", ()))
    return Entry(
        number, kind < EntryKind.REDEMPTION, Cents(amount), kind,
        more.get("redemption", ()), returns, (), DETAILS,
    )  # fmt: skip


def told(history: History | None = None) -> History:
    """Statement, mint, payouts, payments of all kinds, refunds, redemptions, decisions."""
    h = history or History()
    coin, wijk, here = h.coins[0], h.codes[0], h.home
    number = h.statement(
        0,
        line(1, EntryKind.DEPOSIT, 90_000_00),
        line(2, EntryKind.DEPOSIT, 500_00),
        line(3, EntryKind.UNATTRIBUTED, 70_00),
    )
    h.decide(0, reserve.Mint(coin, number, 1, h.fund.account, Cents(90_000_00), ()))
    h.decide(0, reserve.Mint(coin, number, 2, here[1].account, Cents(500_00), ()))
    h.payout([*here, *h.away], 200_00)
    h.payout(here, 100_00, region_bound((wijk,)))
    h.payout(here[:1], 50_00, earmark((wijk,), class_number=7))
    h.block(
        h.pay(here[0], h.shop, 120_00, purpose="SALE", place=1),
        h.pay(here[1], h.away[0], 30_00),
        h.pay(h.away[0], here[0], 12_34),
    )
    h.block(h.pay(h.away[1], here[0], 1_000_000_00), refused=True)
    sale = h.pay(here[0], h.shop, 180_00, purpose="SALE", place=1)
    h.block(sale, h.pay(here[1], h.shop, 9_99, purpose="SALE", place=1))
    h.block(h.sign(h.shop, Refund(sale.id, 0, (RefundLine(0, Cents(40_00)),))))
    h.block(
        h.sign(h.shop, Refund(sale.id, 0, ())),
        h.pay(here[0], here[1], 1_00),
    )
    destination = DETAILS
    h.block(
        h.sign(h.shop, Redeem(h.shop.account, coin, Cents(60_00), (), destination)),
        h.sign(here[1], Redeem(here[1].account, coin, Cents(110_00), (), destination)),
        h.sign(h.away[0], Redeem(h.away[0].account, coin, Cents(5_00), (), destination)),
    )
    h.block(h.sign(h.away[0], Cancel(3)))
    h.decide(0, Export(coin, (1, 2), DETAILS))
    h.statement(
        0,
        line(1, EntryKind.REDEMPTION, 60_00, redemption=(1,)),
        line(2, EntryKind.REDEMPTION, 110_00, redemption=(2,)),
        line(3, EntryKind.INTEREST, 3_00),
    )
    h.statement(
        0,
        line(1, EntryKind.BOUNCE, 110_00, redemption=(2,)),
        line(2, EntryKind.RETURN, 500_00, returns=((number, 2),)),
        line(3, EntryKind.RETURN, 70_00, returns=((number, 3),)),
    )
    h.block(h.sign(h.board[0][2], Resign(wijk)))
    parameter = (call(SetParameter("day_max_person", 400_000)),)
    work = work_of(h.ledger, RELEASE, parameter)
    motion = federation.Propose(h.codes[1], parameter, Text("a reason"), work)
    moved = h.decide(1, motion)
    id = moved.transactions[0].id
    for which in (2, 3):
        h.decide(which, federation.Approve(h.codes[which], id, work))
    h.block(h.pay(here[0], here[1], 2_00))
    h.block()
    return h
