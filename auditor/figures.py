"""What a replay counted, for its verdict and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from auditor.findings import Finding, Findings
from chain.account import AccountKind, Status
from chain.block import Header
from chain.certificate import Certificate, Seats
from chain.execution import Applied
from chain.ledger import KeyValue, Ledger, record_key
from chain.liabilities import SumTree
from chain.rules import DAY_MS
from genesis.document import Genesis
from governance_contracts.coins.liabilities import TABLES, parts_of, supply_in, table_range

ACCOUNT_TABLE, SUPPLY_TABLE, RESERVE_TABLE = 1, 61, 80
SALT = 16


@dataclass(frozen=True, slots=True)
class CoinFigures:
    """Cents. `total` is all in being. The reserve's figures are those of its last statement;
    `statement` 0: there was none."""

    coin: str
    free: int
    lots: int
    redeeming: int
    total: int
    minted: int
    burned: int
    statement: int
    balance: int
    cover: int
    deficit: int
    root: bytes
    """Of the tree over all that is owed (chain/liabilities.py), in which holders find their own."""


@dataclass(frozen=True, slots=True)
class SeatFigures:
    """How many blocks a wijk's seat could have signed, did sign (as far as the certificates
    show: they list a quorum at least), and proposed."""

    wijk: str
    heights: int
    signed: int
    proposed: int


@dataclass(frozen=True, slots=True)
class Result:
    """`days`: transactions by day (since 1970-01-01 UTC). `accounts`: open ones by kind."""

    name: str
    chain: bytes
    height: int
    time_ms: int
    transactions: int
    refused: int
    signatures_checked: int
    state_root: bytes
    coins: tuple[CoinFigures, ...]
    accounts: tuple[tuple[str, int], ...]
    days: tuple[tuple[int, int], ...]
    seats: tuple[SeatFigures, ...]
    findings: tuple[Finding, ...]
    findings_left_out: int
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def per_second(self) -> int:
        return int(self.transactions / self.seconds) if self.seconds else 0


@dataclass(slots=True)
class Attendance:
    heights: int = 0
    signed: int = 0
    proposed: int = 0


@dataclass(slots=True)
class Figures:
    genesis: Genesis
    ledger: Ledger
    transactions: int = 0
    refused: int = 0
    signatures: int = 0
    days: Counter[int] = field(default_factory=Counter)
    seats: dict[str, Attendance] = field(default_factory=dict)

    def certified(self, header: Header, certificate: Certificate, seats: Seats) -> None:
        """A certificate that holds."""
        self.signatures += len(certificate.signatures)
        signed = {entry.seat for entry in certificate.signatures}
        for number, seat in enumerate(seats):
            attendance = self.seats.setdefault(seat.wijk, Attendance())
            attendance.heights += 1
            attendance.signed += number in signed
            attendance.proposed += seat.wijk == header.proposer

    def executed(self, applied: Applied) -> None:
        count = len(applied.transactions)
        self.transactions += count
        self.signatures += sum(len(t.witnesses) for t in applied.transactions)
        for certificate in applied.block.parent_certificate:
            self.signatures += len(certificate.signatures)
        self.refused += sum(bool(r.refusal) for r in applied.receipts[-count:] if count)
        if count:
            self.days[applied.block.header.time_ms // DAY_MS] += count

    def result(self, ledger: Ledger, store: KeyValue, findings: Findings, seconds: float) -> Result:
        tip = ledger.tip
        return Result(
            name=self.genesis.name,
            chain=tip.chain,
            height=tip.height,
            time_ms=tip.time_ms,
            transactions=self.transactions,
            refused=self.refused,
            signatures_checked=self.signatures,
            state_root=tip.state_root,
            coins=tuple(coins_of(store)),
            accounts=tuple(accounts_of(store)),
            days=tuple(sorted(self.days.items())),
            seats=tuple(
                SeatFigures(wijk, a.heights, a.signed, a.proposed)
                for wijk, a in sorted(self.seats.items())
            ),
            findings=tuple(findings.kept),
            findings_left_out=findings.left_out,
            seconds=seconds,
        )


def raw_table(store: KeyValue, number: int) -> list[tuple[bytes, list[object]]]:
    """The key and the fields (schema number first) of every record of a table."""
    pairs = store.scan(record_key(number, b""), record_key(number + 1, b""))
    return [(key[3:], msgspec.msgpack.decode(stored[SALT:])) for key, stored in pairs]


def coins_of(store: KeyValue) -> list[CoinFigures]:
    reserves = {key.decode(): fields for key, fields in raw_table(store, RESERVE_TABLE)}
    figures = []
    for key, fields in raw_table(store, SUPPLY_TABLE):
        coin = key.decode()
        free, lots, escrow, offline, redeeming, minted, burned = (_int(f) for f in fields[1:8])
        total = free + lots + escrow + offline + redeeming
        reserve = reserves.get(coin)
        sequence = balance = cover = 0
        if reserve is not None:
            sequence, balance = _int(reserve[5]), _int(reserve[8])
            cover = balance - _int(reserve[9]) - _int(reserve[10])
        deficit = max(0, total - cover)
        figures.append(
            CoinFigures(
                coin, free, lots, redeeming, total, minted, burned,
                sequence, balance, cover, deficit, liabilities_root(store, coin),
            )
        )  # fmt: skip
    return figures


def liabilities_root(store: KeyValue, coin: str) -> bytes:
    """Raises ValueError: a balance that cannot be."""

    def pairs(table: int) -> Iterator[tuple[bytes, bytes]]:
        return ((key[3:], stored) for key, stored in store.scan(*table_range(table)))

    purses, lots, redemptions = (pairs(table) for table in TABLES)
    supply = supply_in(store.get(record_key(SUPPLY_TABLE, coin.encode())))
    owed = parts_of(coin, purses, lots, redemptions, supply)
    return SumTree(one.part for one in owed).root


def accounts_of(store: KeyValue) -> list[tuple[str, int]]:
    kinds = Counter(
        _int(fields[1])
        for _key, fields in raw_table(store, ACCOUNT_TABLE)
        if fields[7] != Status.CLOSED
    )
    return [(kind.name.lower(), kinds[kind]) for kind in AccountKind if kinds[kind]]


def _int(value: object) -> int:
    assert isinstance(value, int), "a field of a table is a number"
    return value
