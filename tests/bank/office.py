"""A reserve's office in front of a real chain: a bank that writes statements, a home, attestors.

office = Office(tmp_path)
office.receive(resident, 100_00)            # euros with the resident's reference
office.close_day()                          # the bank's file is imported, attested, minted
office.free(resident) == 100_00
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from auditor.bank.camt import read_statements
from auditor.bank.orders import order_id
from auditor.bank.writer import Account, Movement
from chain.money import Cents
from genesis.city import Person
from governance_contracts.bank.attestors import SetAttestors
from governance_contracts.bank.books import (
    REDEMPTIONS,
    EntryKind,
    Reserve,
    deficit_of,
    liabilities_of,
    require_reserve,
)
from governance_contracts.bank.redemption import Export, Redeem
from governance_contracts.bank.reserve import Mint
from governance_contracts.bank.statements import Attest
from governance_contracts.boards.proposals import PROPOSALS
from governance_contracts.coins.balances import free_of
from node.reserve.home import ReserveHome, make_home
from node.reserve.importing import ChainReserve, Prepared, mints_of, prepare
from tests.auditor.history import HOUR_MS, History

IBAN = "NL91ABNA0417164300"
PASSPHRASE = "correct horse"
PAYER = "NL20INGB0001234567"


class Office:
    """The first wijk's reserve. Statements are written to `folder`, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History()
        self.coin = self.history.coins[0]
        self.wijk = self.history.codes[0]
        self.home: ReserveHome = make_home(folder / "home", self.coin, IBAN, PASSPHRASE)
        attestors = self.history.city.of("attestor", self.wijk)
        people = tuple(sorted(person.account for person in attestors))
        self.history.decide(0, SetAttestors(self.coin, self.home.account, people, 2, ()))
        self.bank = Account(IBAN)
        self.movements: list[Movement] = []
        self.files: list[Path] = []
        self.destination = bytes(32)

    # The chain, as a node would tell it.

    @property
    def reserve(self) -> Reserve:
        return require_reserve(self.history.ledger, self.coin)

    def state(self) -> ChainReserve:
        found = self.reserve
        return ChainReserve(
            self.history.chain, self.history.city.genesis.prefix, self.coin, "EUR", found.account,
            found.sequence, found.more, found.balance, found.unattributed, found.own,
            liabilities_of(self.history.ledger, self.coin),
        )  # fmt: skip

    def deficit(self) -> int:
        return deficit_of(self.history.ledger, self.coin)

    def free(self, person: Person) -> int:
        return free_of(self.history.ledger, person.account, self.coin)

    # The bank.

    def receive(self, person: Person, amount: int, **more: object) -> None:
        """A transfer with the account's reference."""
        reference = self.home.reference(person.account)
        movement = Movement(amount, True, reference=reference, name="A. Betaler", iban=PAYER)
        self.movements.append(replace(movement, **more))  # type: ignore[arg-type]

    def book(self, *movements: Movement) -> None:
        self.movements += movements

    def statement(self) -> Path:
        """The bank closes the day and gives its file."""
        self.history.time_ms += 24 * HOUR_MS
        day = datetime.fromtimestamp(self.history.time_ms // 1000, UTC).date()
        self.history.time_ms += 24 * HOUR_MS
        path = self.folder / f"{day}.xml"
        movements, self.movements = self.movements, []
        with path.open("wb") as file:
            self.bank.write(file, movements, str(day))
        self.files.append(path)
        return path

    # The office.

    def prepare(self, path: Path, told: dict[int, EntryKind] | None = None) -> Prepared:
        (statement,) = read_statements(BytesIO(path.read_bytes()))
        return prepare(self.home, statement, self.state(), told)

    def attest(self, prepared: Prepared, *, refused: bool = False) -> None:
        """One attestor hands in all parts, another agrees part by part."""
        first, second = self.history.city.of("attestor", self.wijk)[:2]
        for who, whole in ((first, True), (second, False)):
            for part, hash in zip(prepared.composed.parts, prepared.hashes, strict=True):
                handed_in = (part,) if whole else ()
                call = Attest(who.account, self.coin, hash, handed_in)
                self.history.block(self.history.sign(who, call), refused=refused)

    def mints(self, prepared: Prepared) -> tuple[Mint, ...]:
        from chain.address import decode_address

        prefix = self.history.city.genesis.prefix
        return tuple(
            Mint(
                self.coin, one["statement"], one["entry"], decode_address(prefix, one["account"]),
                Cents(one["amount_cents"]), (bytes.fromhex(one["salt"]),),
            )
            for one in mints_of(self.home, prepared.composed, self.state())
        )  # fmt: skip

    def close_day(self, told: dict[int, EntryKind] | None = None, *, mint: bool = True) -> Prepared:
        """The bank's file is imported, attested by two, and its deposits minted by the board."""
        prepared = self.prepare(self.statement(), told)
        self.attest(prepared)
        mints = self.mints(prepared) if mint else ()
        for at in range(0, len(mints), 16):
            self.history.decide(0, *mints[at : at + 16])
        return prepared

    def redeem(self, person: Person, amount: int) -> int:
        """A request for euros, exported to the bank; returns the redemption's number."""
        call = Redeem(person.account, self.coin, Cents(amount), (), self.destination)
        self.history.block(self.history.sign(person, call))
        number = self._redemptions()
        self.history.decide(0, Export(self.coin, (number,), bytes(32)))
        return number

    def _redemptions(self) -> int:
        return max(
            int.from_bytes(key, "big") for key, _one in self.history.ledger.scan(REDEMPTIONS)
        )

    def order(self, redemption: int) -> str:
        return order_id(self.history.chain, self.coin, redemption)

    def export(self) -> Path:
        path = self.folder / "chain.export"
        path.write_bytes(self.history.export())
        return path

    def refusal(self, *calls: Mint) -> int:
        """The board decides these calls; the number of the refusal that they meet."""
        self.history.decide(0, *calls)
        newest = max(
            (one for _key, one in self.history.ledger.scan(PROPOSALS)),
            key=lambda proposal: proposal.lapses_ms,
        )
        return newest.refusal[0].code if newest.refusal else 0
