"""The office of a reserve of the demo city: what its treasurer, attestors and board do with a
statement of the bank, in one process.

    DIR/reserves/COIN/    its home, as `socialcoin node reserve` keeps it (passphrase: the devnet's)
    DIR/banks/COIN/       its account at the bank (bank.py)

Statements are read, sorted, attested and minted by what real offices use; only who signs is shorter
than it is for people (hand.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.bank.camt import read_statements
from auditor.bank.references import COVER
from auditor.bank.writer import Account
from chain import crypto
from chain.address import decode_address
from chain.money import Cents
from chain.transaction import Call
from genesis.city import City
from genesis.console import Settings, UserError, _
from governance_contracts.bank.desk import SetDesk
from governance_contracts.bank.redemption import Export
from governance_contracts.bank.reserve import Mint
from governance_contracts.bank.statements import Attest
from node.demo.bank import DemoBank
from node.demo.hand import Hands, Outcome, call
from node.reserve.cli import chain_reserve
from node.reserve.home import ReserveHome
from node.reserve.importing import Prepared, mints_of, prepare
from node.reserve.orders import PaymentFile, desk_seed, file_commitment
from node.reserve.orders import prepare as prepare_orders
from node.reserve.orders import release as release_orders
from node.reserve.pay_cli import collected

RESERVES, BANKS = "reserves", "banks"
NAME = "Reserve van Vierstroom"


@dataclass(slots=True)
class DemoOffice:
    """Of one wijk's coin. `hands` sign for its attestors and its board."""

    wijk: str
    home: ReserveHome
    bank: DemoBank
    hands: Hands
    settings: Settings

    @property
    def coin(self) -> str:
        return self.home.coin

    @property
    def url(self) -> str:
        assert self.settings.node is not None
        return self.settings.node

    # Statements.

    def take_in(self, path: Path) -> Prepared:
        """What `node reserve import` makes of the bank's file."""
        with path.open("rb") as file:
            (statement,) = read_statements(file)
        return prepare(self.home, statement, chain_reserve(self.settings, self.coin))

    def attest(self, prepared: Prepared) -> list[Outcome]:
        """Two of the three attestors attest it; the first hands it in whole."""
        outcomes = []
        for place, attestor in enumerate(self.hands.city.of("attestor", self.wijk)[:2]):
            for part, name in zip(prepared.composed.parts, prepared.hashes, strict=True):
                args = Attest(attestor.account, self.coin, name, () if place else (part,))
                outcomes.append(
                    self.hands.send(self.url, attestor, call("reserve", "attest", args))
                )
        return outcomes

    def mints(self, prepared: Prepared) -> list[Call]:
        """The calls that make coin for the statement's deposits."""
        state = chain_reserve(self.settings, self.coin)
        return [
            call(
                "reserve",
                "mint",
                Mint(
                    self.coin,
                    one["statement"],
                    one["entry"],
                    decode_address(state.prefix, one["account"]),
                    Cents(one["amount_cents"]),
                    (bytes.fromhex(one["salt"]),),
                ),
            )
            for one in mints_of(self.home, prepared.composed, state)
        ]

    def set_desk(self) -> Call:
        """The call that names the key to which people seal where their euros go."""
        key = crypto.public_key(desk_seed(self.home))
        return call("reserve", "set_desk", SetDesk(self.coin, key))

    # Euros back.

    def order(self) -> tuple[PaymentFile, Call]:
        """A payment file for everything that waits, and the call for the board to decide it."""
        found = collected(self.settings, self.home)
        made = prepare_orders(
            self.home, self.hands.chain, "EUR", NAME, "", found.payable, found.time_ms, "09"
        )
        commitment = file_commitment(self.home.key, made.data)
        return made, call("reserve", "export", Export(self.coin, made.redemptions, commitment))

    def release(self, made: PaymentFile) -> bytes:
        """The file for the bank. Raises UserError: the board has not decided it."""
        found = collected(self.settings, self.home, made.redemptions)
        return release_orders(self.home, made, found.asked, found.time_ms)


def found_offices(city: City, folder: Path, passphrase: str) -> None:
    """Write a home and a bank account for every wijk, with the references of those who will pay
    in: its fund, its shop, and the city's funder."""
    for bank in city.banks:
        root = folder / RESERVES / bank.coin
        home = ReserveHome(root, bank.coin, bank.iban, bank.key, bank.account)
        paying = (*city.of("funder"), *city.of("wijkfund", bank.wijk), *city.of("shop", bank.wijk))
        for account in (COVER, *(person.account for person in paying)):
            home.reference(account)
        home.save(passphrase)
        DemoBank(folder / BANKS / bank.coin, Account(bank.iban)).save()


def open_office(city: City, folder: Path, hands: Hands, wijk: str, url: str) -> DemoOffice:
    """The office of a wijk; its home's key follows from the city, so no passphrase is asked."""
    bank = city.bank(wijk)
    root = folder / RESERVES / bank.coin
    home = ReserveHome(root, bank.coin, bank.iban, bank.key, bank.account)
    for account in (COVER, *(person.account for person in city.people)):
        home.reference(account)
    return DemoOffice(
        wijk, home, DemoBank.found(folder / BANKS / bank.coin), hands, Settings(node=url)
    )


def require_committed(outcomes: Sequence[Outcome]) -> None:
    """Raises UserError naming the refusal."""
    for outcome in outcomes:
        if outcome.status != "committed":
            raise UserError(
                _("a transaction was {status}: {refusal} {fields}").format(
                    status=outcome.status, refusal=outcome.refusal, fields=outcome.fields
                )
            )
