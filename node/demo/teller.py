"""Who tells a story of a demo city: steps, what must be true, and acting as its people."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.address import encode_address
from chain.money import Cents
from chain.transaction import Call
from genesis.city import Person
from genesis.console import Exit, UserError, _, format_cents
from node.ask import ask
from node.demo.devnet import Devnet
from node.demo.hand import Hands, Outcome
from node.demo.office import open_office
from node.reserve.importing import Prepared


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    held: bool
    seconds: float
    detail: str


class Broken(Exception):
    """A step did not hold; the message says what was expected."""


class Teller:
    """A step that fails ends the story. Cents throughout."""

    def __init__(self, devnet: Devnet, folder: Path, say: Callable[[str], None]) -> None:
        self.devnet = devnet
        self.folder = folder
        self.city = devnet.city
        self.url = devnet.nodes[0].url
        self.hands = Hands(self.city, devnet.testnet.chain)
        self.steps: list[Step] = []
        self.say = say
        self.wijk, self.other = (self.devnet.nodes[0].wijk, self.devnet.nodes[1].wijk)
        self.office = open_office(self.city, devnet.folder, self.hands, self.wijk, self.url)
        self.coin = self.office.coin
        self.minted = 0
        """In being, by the story's own count."""
        self.statements: list[Path] = []
        """The bank's files."""
        self.statement: Prepared | None = None
        """The first of them, as the office took it in."""
        self.plain_purchase = ""
        self.basket = ""
        """Ids of a purchase without a discount, and of one with."""
        self.funder = self.city.of("funder")[0]
        self.fund = self.city.of("wijkfund", self.wijk)[0]
        self.board = self.city.of("board", self.wijk)
        self.shop = self.city.of("shop", self.wijk)[0]
        self.far_shop = self.city.of("shop", self.other)[0]
        self.neighbours = self.city.of("resident", self.wijk)
        self.neighbour = self.neighbours[0]
        self.far_neighbour = self.city.of("resident", self.other)[0]

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        self.say(f"\n{len(self.steps) + 1}. {title}")
        details: list[str] = []
        began = time.monotonic()
        held = False
        try:
            yield details
            held = True
        except (Broken, UserError) as error:
            details.append(str(error))
            raise Broken(str(error)) from None
        finally:
            for detail in details:
                self.say(f"   {detail}")
            seconds = time.monotonic() - began
            self.steps.append(Step(title, held, seconds, "; ".join(details)))

    # What must be true.

    def all_committed(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.status != "committed":
                raise Broken(
                    _("a transaction was {status}: {refusal} {fields}").format(
                        status=outcome.status, refusal=outcome.refusal, fields=outcome.fields
                    )
                )

    def expect_supply(self, cents: int) -> None:
        coin = ask(self.url, f"/v1/coins/{self.coin}")["coins"][0]
        found = sum(coin["supply_cents"].values())
        if found != cents:
            raise Broken(_("the supply is {found}, not {cents}").format(found=found, cents=cents))

    def purse(self, person: Person) -> dict[str, Any]:
        """The balance a person's own wallet proves, in this story's coin."""
        answer = self.devnet.wallet("balance", "--verify", "--wallet", person.name)
        empty: dict[str, Any] = {"free_cents": 0, "lots": []}
        return next((c for c in answer["coins"] if c["coin"] == self.coin), empty)

    def expect_purse(self, person: Person, free: int, *lots: int) -> dict[str, Any]:
        """`lots`: what the lots with coin hold, in the order of their numbers. The whole purse."""
        purse = self.purse(person)
        held = tuple(lot["amount_cents"] for lot in purse["lots"] if lot["amount_cents"])
        self.expect(
            _("{name} holds (free, in lots)").format(name=person.name),
            (purse["free_cents"], held),
            (free, lots),
        )
        return purse

    def expect(self, what: str, found: Any, expected: Any) -> None:
        if found != expected:
            raise Broken(
                _("{what}: {found}, and not {expected}").format(
                    what=what, found=found, expected=expected
                )
            )

    # Acting.

    def address(self, person: Person) -> str:
        return encode_address(self.city.genesis.prefix, person.account)

    def csv(self, people: list[Person], cents: int) -> Path:
        """A payout file of the same amount for each."""
        rows = [f"{self.address(p)};{format_cents(Cents(cents))}" for p in people]
        path = self.folder / f"payout-{len(rows)}-{cents}.csv"
        path.write_text("\n".join(["address;amount", *rows]) + "\n")
        return path

    def pay(
        self, payer: Person, payee: Person, cents: int, *words: str, refused: bool = False
    ) -> dict[str, Any]:
        """Pay with the payer's own wallet. Raises Broken if it ends otherwise than expected."""
        answer = self.devnet.wallet(
            "pay", self.address(payee), format_cents(Cents(cents)),
            "--wallet", payer.name, "--coin", self.coin, *words, "-y",
            check=False,
        )  # fmt: skip
        expected = Exit.REFUSED if refused else Exit.DONE
        if answer["exit_code"] != expected:
            raise Broken(
                _("the wallet ended with exit code {code}, not {expected}: {text}").format(
                    code=answer["exit_code"], expected=int(expected), text=answer["stderr"].strip()
                )
            )
        return answer

    def as_board(self, *words: str, of: Person | None = None, why: str) -> dict[str, Any]:
        """A wallet's command as the board: one member proposes it, another approves it."""
        behalf = () if of is None else ("--on-behalf-of", self.address(of))
        proposed = self.devnet.wallet(
            *words, "--as-board", self.wijk, *behalf, "--motivation", why,
            "--wallet", self.board[0].name, "-y",
        )  # fmt: skip
        approved = self.devnet.wallet(
            "board", "approve", proposed["proposal"], "--wallet", self.board[1].name, "-y"
        )
        self.expect(_("the board's decision"), approved["proposal_status"], "carried")
        return approved

    def decide(self, motivation: str, *calls: Call) -> None:
        """The board of the wijk: one proposes, another approves."""
        for member in self.board:
            self.sync_numbers(member)
        self.all_committed(self.hands.decide(self.url, self.wijk, motivation, *calls))

    def own_words(self, person: Person, *paths: str) -> list[Any]:
        """What a node answers somebody who shows their own key, below their account."""
        token = self.hands.token(self.url, person)
        own = f"/v1/accounts/{self.address(person)}"
        return [ask(self.url, own + path, token=token) for path in paths]

    def sync_numbers(self, person: Person) -> None:
        """The person's wallet has used numbers too: go on well above them."""
        self.hands.skip_numbers(person, 1_000)

    def command(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "wallet_cli.main", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != Exit.DONE:
            raise Broken(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        try:
            found = json.loads(done.stdout)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def now_ms() -> int:
    return time.time_ns() // 1_000_000
