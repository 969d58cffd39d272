"""Vierstroom, the demo city: up to ten wijken drawn by us, with people, shops and coins.

No such place exists; the gemeente code GM9900 is not in use. Everybody's keys follow from one
seed, so that a devnet, a testnet and a test can open the same wallets again. Such keys protect
nothing: this is for trying out.

Per wijk: two buurten; a founding board of three who decide with two; a treasury and a fund under
that board; three attestors; a registrar; a shop with a place in the first buurt; a coin with a name
of its own, and a bank account behind it. For the city: the gemeente as funder, its fund, and a web
shop in the first wijk. Residents are spread evenly.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from chain import crypto
from chain.kinds import Tag
from chain.rules import DAY_MS, PROTOCOL
from genesis.city_map import GEMEENTE, QUARTERS, Quarter, city_regions
from genesis.document import (
    FORMAT,
    AccountPart,
    BoardPart,
    CoinPart,
    Commitment,
    ContractVersion,
    Genesis,
    Id,
    IssuerPart,
    Kind,
    ParameterSetting,
    PlacePart,
    ReservePart,
    WijkPart,
)
from genesis.parts import account_part, seat_part
from governance_contracts.boards.boardroom import TERM_DAYS
from governance_contracts.versions import CONTRACT_VERSIONS

START_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""
PREFIX = "demo"
ISSUER = "stroom"

SHORT_PROFILE = {
    "block_gap_ms": 50,
    "heartbeat_ms": 5_000,
    "propose_ms": 500,
    "propose_step_ms": 100,
    "vote_ms": 250,
    "vote_step_ms": 100,
}
"""Shorter timers, for idle tests with small blocks only."""

FIRST_NAMES = (
    "fenna", "joris", "amira", "bram", "yusuf", "lotte", "daan", "sanne", "omar", "tess",
    "ruben", "noor", "karim", "eva", "thijs", "lina", "sem", "fatima", "koen", "roos",
    "ali", "merel", "jelle", "samira",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `role`: board, attestor, registrar, resident, shop, webshop,
    funder, fund, treasury or wijkfund. `seed`: the private Ed25519 key. A treasury and a wijkfund
    have no wallet and none of these secrets: their board decides for them."""

    name: str
    role: str
    kind: Kind
    wijk: str
    account: bytes
    entropy: bytes
    seed: bytes
    salt: bytes
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Validator:
    """The private seeds of a wijk's validator."""

    name: str
    wijk: str
    consensus: bytes
    node: bytes


@dataclass(frozen=True, slots=True)
class BankAccount:
    """The account at a made-up bank behind a wijk's coin. `key`: the reserve's, 32 bytes;
    `account`: what the chain holds for the IBAN."""

    wijk: str
    coin: str
    iban: str
    key: bytes
    account: bytes


@dataclass(frozen=True, slots=True)
class City:
    """`words`: do people's entropies, as BIP-39 words, open their wallets?"""

    genesis: Genesis
    people: tuple[Person, ...]
    validators: tuple[Validator, ...]
    banks: tuple[BankAccount, ...]
    words: bool

    def person(self, name: str) -> Person:
        return next(person for person in self.people if person.name == name)

    def of(self, role: str, wijk: str | None = None) -> list[Person]:
        """Everybody with a role, of one wijk or of all."""
        return [p for p in self.people if p.role == role and wijk in (None, p.wijk)]

    def with_wallets(self) -> list[Person]:
        """Everybody with a key of their own."""
        return [person for person in self.people if person.seed]

    def bank(self, wijk: str) -> BankAccount:
        return next(bank for bank in self.banks if bank.wijk == wijk)


Derive = Callable[[bytes], bytes]
Commit = Callable[[bytes, str], bytes]


def plain_seed(entropy: bytes) -> bytes:
    """A private seed without BIP-39: for tests and load, where words are not needed."""
    return sha256(b"seed" + entropy).digest()


def plain_salt(entropy: bytes) -> bytes:
    return sha256(b"salt" + entropy).digest()[:16]


def plain_commitment(key: bytes, iban: str) -> bytes:
    """What stands for a bank account where nobody opens it to an auditor."""
    return crypto.tagged(Tag.COMMITMENT, key, iban.encode("ascii"))


def demo_city(
    validators: int,
    seed: bytes,
    residents: int = 24,
    derive: Derive = plain_seed,
    derive_salt: Derive = plain_salt,
    time_ms: int = START_MS,
    short: bool = False,
    commit: Commit = plain_commitment,
) -> City:
    """A city of 1 to 10 wijken. The same arguments give the same city.

    `derive` makes a private seed (32 bytes) and `derive_salt` an account's salt (16) of a
    person's entropy (16 bytes): with those of the wallet, its 12 words open the account. `commit`
    makes what the chain holds for a bank account, of the reserve's key and the IBAN: with that of
    the reserve's office, an auditor can open it.
    """
    if not 1 <= validators <= len(QUARTERS):
        raise ValueError(f"the demo city has 1 to {len(QUARTERS)} wijken, not {validators}")
    founding = _Founding(seed, derive, derive_salt, time_ms, commit)
    quarters = QUARTERS[:validators]
    for quarter in quarters:
        founding.settle(quarter)
    founding.settle_city(quarters[0])
    for number in range(residents):
        founding.settle_resident(number, quarters[number % validators])
    return founding.city(quarters, SHORT_PROFILE if short else {})


class _Founding:
    """The city while it is being made."""

    def __init__(
        self, seed: bytes, derive: Derive, derive_salt: Derive, time_ms: int, commit: Commit
    ) -> None:
        self.seed = seed
        self.derive = derive
        self.derive_salt = derive_salt
        self.time_ms = time_ms
        self.commit = commit
        self.people: list[Person] = []
        self.accounts: list[AccountPart] = []
        self.places: list[PlacePart] = []
        self.wijken: list[WijkPart] = []
        self.validators: list[Validator] = []
        self.banks: list[BankAccount] = []

    def secret(self, *labels: str) -> bytes:
        """32 bytes that follow from the city's seed."""
        return hmac.digest(self.seed, "/".join(labels).encode(), sha256)

    def commitment(self, *labels: str) -> Commitment:
        return Commitment(crypto.tagged(Tag.COMMITMENT, self.secret(*labels)))

    def open(
        self,
        name: str,
        role: str,
        kind: Kind,
        sector: str,
        home: str,
        office: str,
        owner: tuple[bytes, ...] = (),
        places: tuple[int, ...] = (),
    ) -> Person:
        entropy = self.secret("person", name)[:16]
        private, salt = self.derive(entropy), self.derive_salt(entropy)
        account = account_part(kind, sector, home, office, (private,), salt, owner=owner)
        person = Person(name, role, kind, home, bytes(account.id), entropy, private, salt, places)
        self.accounts.append(account)
        self.people.append(person)
        return person

    def settle(self, quarter: Quarter) -> None:
        """A wijk with all that a wijk needs to begin."""
        wijk, short = quarter.code, quarter.slug
        board = [
            self.open(f"{short}-board-{n}", "board", "person", "HH", wijk, wijk) for n in (1, 2, 3)
        ]
        treasury = self._of_the_board(quarter, board, "treasury", "board")
        self._of_the_board(quarter, board, "wijkfund", "fund", owner=(treasury,))
        bank = self._bank(quarter)
        attestors = [
            self.open(f"{short}-attestor-{n}", "attestor", "person", "HH", wijk, wijk)
            for n in (1, 2, 3)
        ]
        registrar = self.open(f"{short}-registrar", "registrar", "person", "HH", wijk, wijk)
        self.shop(f"{short}-shop", "shop", quarter)
        validator = Validator(
            short, wijk, self.secret("consensus", wijk), self.secret("node", wijk)
        )
        self.validators.append(validator)
        members = tuple(sorted(Id(member.account) for member in board))
        reserve = ReservePart(
            account=Commitment(bank.account),
            attestors=tuple(sorted(Id(attestor.account) for attestor in attestors)),
            k=2,
            signers=tuple(sorted(Id(member.account) for member in board[:2])),
        )
        coin = CoinPart(
            code=quarter.coin, name=quarter.coin_name, currency="EUR", issuer=ISSUER,
            reserve=reserve,
        )  # fmt: skip
        self.wijken.append(
            WijkPart(
                code=wijk,
                board=BoardPart(
                    members=members,
                    successors=(),
                    numerator=2,
                    denominator=3,
                    term_end_ms=self.time_ms + TERM_DAYS * DAY_MS,
                ),
                treasury=Id(treasury),
                registrars=(Id(registrar.account),),
                seat=seat_part(wijk, validator.consensus, (validator.node,)),
                coins=(coin,),
            )
        )

    def _of_the_board(
        self,
        quarter: Quarter,
        board: list[Person],
        role: str,
        kind: Kind,
        owner: tuple[bytes, ...] = (),
    ) -> bytes:
        """The wijk's treasury, or its fund: the board decides what they pay.

        They need keys, though these open nothing: those of the board, two of three. Listed behind
        the members' own accounts, which a wallet with such a key finds first.
        """
        wijk, name = quarter.code, f"{quarter.slug}-{'fund' if role == 'wijkfund' else role}"
        salt = self.secret(role, wijk)[:16]
        seeds = [member.seed for member in board]
        account = account_part(kind, "WB", wijk, wijk, seeds, salt, threshold=2, owner=owner)
        self.accounts.append(account)
        self.people.append(Person(name, role, kind, wijk, bytes(account.id), b"", b"", salt, ()))
        return account.id

    def _bank(self, quarter: Quarter) -> BankAccount:
        key, iban = self.secret("bank", quarter.code), quarter.iban
        bank = BankAccount(quarter.code, quarter.coin, iban, key, self.commit(key, iban))
        self.banks.append(bank)
        return bank

    def shop(self, name: str, role: str, quarter: Quarter) -> None:
        wijk = quarter.code
        shop = self.open(name, role, "business", "BUS", wijk, wijk, places=(1,))
        self.places.append(
            PlacePart(
                account=Id(shop.account),
                number=1,
                wijk=wijk,
                buurt=(quarter.buurten[0],) if role == "shop" else (),
                kind="shop" if role == "shop" else "online",
            )
        )

    def settle_city(self, first: Quarter) -> None:
        """What the city has once: the gemeente, its fund, and a shop without a door."""
        office = first.code
        funder = self.open("gemeente", "funder", "institution", "GOV", GEMEENTE, office)
        self.open("fonds", "fund", "fund", "GOV", GEMEENTE, office, owner=(funder.account,))
        self.shop("webshop", "webshop", first)

    def settle_resident(self, number: int, quarter: Quarter) -> None:
        name = FIRST_NAMES[number] if number < len(FIRST_NAMES) else f"resident-{number + 1}"
        self.open(name, "resident", "person", "HH", quarter.code, quarter.code)

    def city(self, quarters: tuple[Quarter, ...], parameters: dict[str, int]) -> City:
        issuer = IssuerPart(
            code=ISSUER,
            name="Stichting Stroomgeld",
            licence="DEMO-0001",
            regime="emt",
            custodian=(self.commitment("custodian"),),
            white_paper=(self.commitment("white paper"),),
        )
        versions = dict(CONTRACT_VERSIONS)
        genesis = Genesis(
            format=FORMAT,
            name="Vierstroom",
            prefix=PREFIX,
            epoch=0,
            time_ms=self.time_ms,
            protocol=versions.pop(PROTOCOL),
            contracts=tuple(ContractVersion(name=n, version=v) for n, v in versions.items()),
            parameters=tuple(
                ParameterSetting(name=n, value=v) for n, v in sorted(parameters.items())
            ),
            regions=city_regions(quarters),
            issuers=(issuer,),
            wijken=tuple(self.wijken),
            accounts=tuple(self.accounts),
            places=tuple(self.places),
        )
        words = self.derive is not plain_seed
        return City(genesis, tuple(self.people), tuple(self.validators), tuple(self.banks), words)
