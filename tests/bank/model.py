"""A reserve over contracts in memory, and a bank that does with payment files what banks do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from auditor.bank.camt import read_statements
from auditor.bank.orders import parse
from auditor.bank.pain_check import Payment, check_payments
from auditor.bank.writer import Account, Movement
from chain.address import decode_address
from chain.authority import Board
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.books import ENTRIES, EntryState, liabilities_of
from governance_contracts.bank.reserve import Mint
from node.reserve.home import ReserveHome, make_home, open_home
from node.reserve.importing import ChainReserve, mints_of, prepare
from tests.contracts.bank import BANK_ACCOUNT, MoneyTown
from tests.contracts.town import CHAIN, W1

COIN = "J1"
IBAN = "NL91ABNA0417164300"
PASSPHRASE = "correct horse"
HOLDERS = ("shop1", "dee1")
BOARD = (Board(W1),)
START = 100_00
PREFIX = "test"


def reopened(root: Path) -> ReserveHome:
    return open_home(root, PASSPHRASE)


@dataclass(frozen=True, slots=True)
class Given:
    """A payment file that the bank took."""

    name: str
    payments: tuple[Payment, ...]

    @property
    def redemptions(self) -> list[int]:
        return [number_of(payment) for payment in self.payments]


def number_of(payment: Payment) -> int:
    found = parse(CHAIN, COIN, payment.id)
    assert found is not None, "every payment is named"
    return found


@dataclass(slots=True)
class ModelBank:
    """`refuses_twins`: a file whose name it has seen is not taken again. `out`: payments made less
    payments sent back, by redemption; `paid`: payments made, with their time."""

    now: Callable[[], int]
    refuses_twins: bool = True
    accepted: list[Given] = field(default_factory=list)
    waiting: list[Payment] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    away: list[Payment] = field(default_factory=list)
    paid: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    out: Counter[int] = field(default_factory=Counter)

    def take(self, data: bytes) -> None:
        """Given a payment file. It must be one that any bank can pay."""
        checked = check_payments(data)
        if self.refuses_twins and any(each.name == checked.name for each in self.accepted):
            return
        self.accepted.append(Given(checked.name, checked.payments))
        self.waiting += checked.payments

    def execute(self, fates: list[str]) -> None:
        """Pay, turn down without a trace, or leave for later; paid where no fate is given."""
        waiting, self.waiting = self.waiting, []
        for place, payment in enumerate(waiting):
            match fates[place] if place < len(fates) else "paid":
                case "paid":
                    self._pay(payment)
                case "later":
                    self.waiting.append(payment)
                case _:
                    pass

    def _pay(self, payment: Payment) -> None:
        number = number_of(payment)
        self.movements.append(
            Movement(payment.amount, False, end_to_end=payment.id, iban=payment.iban)
        )
        self.away.append(payment)
        self.out[number] += 1
        self.paid.setdefault(number, []).append((self.now(), payment.amount))

    def send_back(self, pick: int) -> None:
        """A payment made comes back: the account is closed."""
        for payment in self.away[pick : pick + 1]:
            del self.away[pick]
            self.out[number_of(payment)] -= 1
            self.movements.append(
                Movement(payment.amount, True, end_to_end=payment.id, returned="AC04")
            )

    def faults_cents(self, until_ms: Callable[[int], int]) -> int:
        """What it paid twice, or later than anybody had to expect."""
        wrong = 0
        for number, times in self.paid.items():
            for place, (at_ms, amount) in enumerate(times):
                if place or at_ms > until_ms(number):
                    wrong += amount
        return wrong


class Reserve:
    """The town's coin J1 with 100 euro for each of the holders, all of it paid in at the bank."""

    def __init__(self, folder: Path) -> None:
        self.town = MoneyTown()
        self.home = make_home(folder / "home", COIN, IBAN, PASSPHRASE, BANK_ACCOUNT)
        self.bank = ModelBank(lambda: self.town.time_ms)
        self.account = Account(IBAN)
        self.files: list[bytes] = []
        self.taken = 0
        for who in HOLDERS:
            reference = self.home.reference(self.town.id(who))
            self.bank.movements.append(Movement(START, True, reference=reference, name=who))
        self.home.save(PASSPHRASE)
        self.statement()
        for mint in self.import_all():
            self.town.play(mint, under=BOARD)

    def state(self) -> ChainReserve:
        found = self.town.reserve(COIN)
        return ChainReserve(
            CHAIN, PREFIX, COIN, "EUR", found.account, found.sequence, found.more, found.balance,
            found.unattributed, found.own, liabilities_of(self.town.state, COIN),
        )  # fmt: skip

    def statement(self) -> None:
        """The bank closes the day, and the next begins."""
        day = datetime.fromtimestamp(self.town.time_ms // 1000, UTC).date()
        movements, self.bank.movements = self.bank.movements, []
        out = BytesIO()
        self.account.write(out, movements, str(day))
        self.files.append(out.getvalue())
        self.town.wait(DAY_MS - self.town.time_ms % DAY_MS + 1)

    def import_all(self) -> list[Mint]:
        """Import what was not attested yet, and again what this home does not know; the mints."""
        mints = []
        known = len(self.home.imported())
        for place, data in enumerate(self.files[known:], known):
            (statement,) = read_statements(BytesIO(data))
            prepared = prepare(self.home, statement, self.state())
            if place < self.taken:
                assert prepared.status == "attested", "the same file makes the same statement"
                continue
            for part in prepared.composed.parts:
                self.town.attest(part)
            self.taken += 1
            for one in mints_of(self.home, prepared.composed, self.state()):
                mints.append(
                    Mint(
                        COIN, one["statement"], one["entry"],
                        decode_address(PREFIX, one["account"]), Cents(one["amount_cents"]),
                        (bytes.fromhex(one["salt"]),),
                    )
                )  # fmt: skip
        return mints

    def unmatched_cents(self) -> int:
        """Debits that settled nothing, as the chain's books have them."""
        return sum(
            entry.amount
            for _key, entry in self.town.state.scan(ENTRIES)
            if not entry.credit and entry.state == EntryState.OPEN
        )
