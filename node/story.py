"""The story of a wijk's money, step by step, with what must be true after each step."""

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
from chain.certificate import Certificate
from chain.codec import decode
from chain.money import Cents
from genesis.city import Person
from genesis.console import Exit, UserError, _, format_cents
from governance_contracts.payments import Payout, PayoutLine, plain
from governance_contracts.redemption import Export
from node.ask import ask
from node.demo_load import PAYMENTS as LOAD_PAYMENTS
from node.demo_load import Load
from node.devnet import Devnet
from node.hand import Bank, Hands, Outcome, call

PAID_OUT = 20
BOUND_CENTS = 50_00
FREE_CENTS = 10_00
PRICE_CENTS = 12_50
BLOCKS_WITHOUT = 4
"""Blocks that the others make while one is dead; at one of them it would have been its turn."""
BACK_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    held: bool
    seconds: float
    detail: str


class Broken(Exception):
    """A step did not hold; the message says what was expected."""


class Story:
    """The steps, in order; a step that fails ends the story."""

    def __init__(self, devnet: Devnet, folder: Path, say: Callable[[str], None]) -> None:
        self.devnet = devnet
        self.folder = folder
        self.city = devnet.city
        self.url = devnet.nodes[0].url
        self.hands = Hands(self.city, devnet.testnet.chain)
        self.steps: list[Step] = []
        self.say = say
        self.wijk, self.other = (self.devnet.nodes[0].wijk, self.devnet.nodes[1].wijk)
        self.bank = Bank(self.city, self.wijk)
        self.coin = self.bank.coin
        self.funder = self.city.of("funder")[0]
        self.shop = self.city.of("shop", self.wijk)[0]
        self.far_shop = self.city.of("shop", self.other)[0]
        self.residents = self.city.of("resident")[:PAID_OUT]
        self.neighbour = self.city.of("resident", self.wijk)[0]
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

    def tell(self) -> None:
        """Raises Broken at the first step that does not hold."""
        self.euros_arrive()
        self.board_mints()
        self.funder_pays_out()
        self.resident_pays_in_the_region()
        self.coin_is_refused_outside()
        self.free_coin_crosses_the_border()
        self.shop_redeems()
        self.validator_dies_and_returns()

    # The steps.

    def euros_arrive(self) -> None:
        funded = PAID_OUT * (BOUND_CENTS + FREE_CENTS)
        with self.step(
            _("A funder's euros arrive on the bank statement; attestors attest it")
        ) as told:
            self.funded = funded
            self.line, self.salt = self.bank.receive(self.funder, funded)
            statement = self.bank.close(now_ms())
            self.all_committed(self.hands.attest(self.url, self.wijk, statement))
            told.append(
                _("statement 1 of coin {coin}: {amount} in, two of three attested it").format(
                    coin=self.coin, amount=format_cents(Cents(funded))
                )
            )
            self.expect_supply(0)

    def board_mints(self) -> None:
        with self.step(_("The board of the wijk mints, against that one line")) as told:
            mint = self.bank.mint(self.line, self.funder, self.funded, self.salt)
            outcomes = self.hands.decide(self.url, self.wijk, "Deposit of the gemeente", mint)
            self.all_committed(outcomes)
            self.expect_supply(self.funded)
            again = self.hands.decide(self.url, self.wijk, "The same line again", mint)
            self.all_committed(again)
            self.expect_supply(self.funded)
            told.append(_("a second mint on the same line was proposed, and made nothing"))

    def funder_pays_out(self) -> None:
        with self.step(
            _("The funder pays {n} residents in one batch, in coin bound to the wijk").format(
                n=PAID_OUT
            )
        ) as told:
            file = self.folder / "payout.csv"
            file.write_text(self.payout_csv(BOUND_CENTS))
            answer = self.devnet.wallet(
                "payout", str(file), "--wallet", self.funder.name, "--coin", self.coin,
                "--region", self.wijk, "-y",
            )  # fmt: skip
            told.append(
                _("{n} × {amount}, final in block {height}").format(
                    n=PAID_OUT, amount=format_cents(Cents(BOUND_CENTS)), height=answer["height"]
                )
            )
            lines = tuple(
                PayoutLine(p.account, Cents(FREE_CENTS), "INCOME", ()) for p in self.residents
            )
            payout = Payout(self.funder.account, self.coin, lines, ())
            self.sync_numbers(self.funder)
            self.all_committed(
                [self.hands.send(self.url, self.funder, call("pay", "payout", payout))]
            )
            told.append(
                _("and {amount} each in free coin").format(amount=format_cents(Cents(FREE_CENTS)))
            )
            self.expect_purse(self.neighbour, free=FREE_CENTS, bound=BOUND_CENTS)

    def resident_pays_in_the_region(self) -> None:
        with self.step(_("A resident pays a shop inside the region")) as told:
            answer = self.pay(self.neighbour, self.shop, PRICE_CENTS)
            told.append(
                _("{payer} paid {shop} {amount}: final in block {height}").format(
                    payer=self.neighbour.name,
                    shop=self.shop.name,
                    amount=format_cents(Cents(PRICE_CENTS)),
                    height=answer["height"],
                )
            )
            self.expect_purse(self.neighbour, free=FREE_CENTS, bound=BOUND_CENTS - PRICE_CENTS)
            self.expect_purse(self.shop, free=0, bound=PRICE_CENTS)

    def coin_is_refused_outside(self) -> None:
        with self.step(_("The same coin is refused at a shop outside it")) as told:
            lot = str(self.purse(self.neighbour)["lots"][0]["lot"])
            answer = self.pay(
                self.neighbour, self.far_shop, PRICE_CENTS, "--lot", lot, refused=True
            )
            told.append(
                _("{shop} lies in {wijk}: the chain refused with {name}").format(
                    shop=self.far_shop.name,
                    wijk=self.other,
                    name=answer["error"]["name"],
                )
            )
            if answer["error"]["name"] != "OutsideRegion":
                raise Broken(_("the refusal should have been OutsideRegion"))
            self.expect_purse(self.neighbour, free=FREE_CENTS, bound=BOUND_CENTS - PRICE_CENTS)

    def free_coin_crosses_the_border(self) -> None:
        with self.step(_("A free payment to a resident of another wijk")) as told:
            self.pay(self.neighbour, self.far_neighbour, 1_00)
            told.append(
                _("{payee} of {wijk} received the payer's own coin, {coin}").format(
                    payee=self.far_neighbour.name, wijk=self.other, coin=self.coin
                )
            )
            self.expect_purse(self.far_neighbour, free=FREE_CENTS + 1_00, bound=BOUND_CENTS)

    def shop_redeems(self) -> None:
        with self.step(
            _("The shop asks euros for its coin; the next statement settles it")
        ) as told:
            answer = self.devnet.wallet(
                "redeem", format_cents(Cents(PRICE_CENTS)), "--iban", "NL91 ABNA 0417 1643 00",
                "--coin", self.coin, "--wallet", self.shop.name, "-y",
            )  # fmt: skip
            number = self.redemption_number(answer["tx_id"])
            export = Export(self.coin, (number,), bytes(32))
            outcomes = self.hands.decide(
                self.url, self.wijk, "Redemptions of today", call("reserve", "export", export)
            )
            self.all_committed(outcomes)
            self.bank.pay_out(number, PRICE_CENTS)
            self.all_committed(self.hands.attest(self.url, self.wijk, self.bank.close(now_ms())))
            self.expect_supply(self.funded - PRICE_CENTS)
            self.expect_purse(self.shop, free=0, bound=0)
            told.append(
                _("requested, exported by the board, seen on statement 2, {amount} burned").format(
                    amount=format_cents(Cents(PRICE_CENTS))
                )
            )

    def validator_dies_and_returns(self) -> None:
        victim = self.devnet.nodes[-1]
        with self.step(
            _("The validator of {wijk} is killed under load, and comes back").format(
                wijk=victim.wijk
            )
        ) as told:
            people = self.residents[4:]
            for person in people:
                self.sync_numbers(person)
            load = Load(self.hands, people, self.coin, [n.url for n in self.devnet.nodes[:-1]])
            load.start()
            load.wait_for(LOAD_PAYMENTS // 6)
            victim.kill()
            before = ask(self.url, "/v1/status")["height"]
            told.append(_("killed with SIGKILL at block {height}").format(height=before))
            self.devnet.wait_for(self.devnet.nodes[0], before + BLOCKS_WITHOUT)
            victim.start()
            began = time.monotonic()
            load.join()
            height = ask(self.url, "/v1/status")["height"]
            self.devnet.wait_for(victim, height, BACK_WITHIN_S)
            told.append(
                _(
                    "{n} payments went on, {blocks} blocks without it; back level in {s:.1f} s"
                ).format(n=LOAD_PAYMENTS, blocks=height - before, s=time.monotonic() - began)
            )
            self.votes_again(victim.wijk, victim.url)
            told.append(_("its precommit stands in a certificate again"))
            if load.failed:
                raise Broken(load.failed)
            lost = load.not_final()
            if lost:
                raise Broken(_("{n} acknowledged payments are not final").format(n=lost))
            self.same_state()

    def export_and_audit(self) -> dict[str, Any]:
        """The last step, with the devnet's own export command and the auditor's."""
        audit: dict[str, Any] = {}
        with self.step(_("The chain is exported and audited, with no node and no key")) as told:
            file = self.folder / "chain.export"
            home = str(self.devnet.nodes[0].home.root)
            self.command("node", "export", str(file), "--home", home)
            self.devnet.stop()
            audit = self.command("audit", "replay", str(file), "-o", "json")
            if audit["verdict"] != "ok":
                raise Broken(json.dumps(audit["findings"]))
            if audit["supply"][self.coin] != self.funded - PRICE_CENTS:
                raise Broken(_("the auditor counts another supply: {n}").format(n=audit["supply"]))
            told.append(
                _("{blocks} blocks, {n} transactions, {s} signatures: nothing found").format(
                    blocks=audit["height"],
                    n=audit["transactions"],
                    s=audit["signatures_checked"],
                )
            )
        return audit

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

    def expect_purse(self, person: Person, free: int, bound: int) -> None:
        purse = self.purse(person)
        found = (purse["free_cents"], sum(lot["amount_cents"] for lot in purse["lots"]))
        if found != (free, bound):
            raise Broken(
                _("{name} holds {found} (free, bound), not {expected}").format(
                    name=person.name, found=found, expected=(free, bound)
                )
            )

    def votes_again(self, wijk: str, url: str) -> None:
        """Until a parent certificate lists this wijk's seat. Raises Broken."""
        seats = [seat["wijk"] for seat in ask(url, "/v1/seats")["seats"]]
        own = seats.index(wijk)
        deadline = time.monotonic() + BACK_WITHIN_S
        while time.monotonic() < deadline:
            payer, payee = self.residents[2], self.residents[3]
            args = plain(payer.account, payee.account, self.coin, 1)
            self.sync_numbers(payer)
            self.hands.send(url, payer, call("pay", "pay", args))
            latest = ask(url, "/v1/headers/latest")
            certificate = decode(Certificate, bytes.fromhex(latest["certificate"]))
            if own in [signature.seat for signature in certificate.signatures]:
                return
        raise Broken(_("the validator of {wijk} does not vote").format(wijk=wijk))

    def redemption_number(self, name: str) -> int:
        """From the shop's own history, which its wallet shows."""
        answer = self.devnet.wallet("history", "--wallet", self.shop.name)
        for entry in answer.get("entries", answer.get("answer", [])):
            for event in entry["events"]:
                if entry["id"] == name and event["name"] == "RedemptionRequested":
                    return int(event["fields"]["redemption"])
        raise Broken(_("the shop's history does not show its redemption"))

    def same_state(self) -> None:
        """All validators have the same state root at the same height."""
        deadline = time.monotonic() + BACK_WITHIN_S
        while time.monotonic() < deadline:
            found = [ask(node.url, "/v1/status") for node in self.devnet.nodes]
            if len({(s["height"], s["state_root"]) for s in found}) == 1:
                return
            time.sleep(0.1)
        raise Broken(_("the validators do not agree on the state"))

    # Acting.

    def payout_csv(self, cents: int) -> str:
        prefix = self.city.genesis.prefix
        rows = [
            f"{encode_address(prefix, p.account)};{format_cents(Cents(cents))}"
            for p in self.residents
        ]
        return "\n".join(["address;amount", *rows]) + "\n"

    def pay(
        self, payer: Person, payee: Person, cents: int, *words: str, refused: bool = False
    ) -> dict[str, Any]:
        """Pay with the payer's own wallet. Raises Broken if it ends otherwise than expected."""
        answer = self.devnet.wallet(
            "pay",
            encode_address(self.city.genesis.prefix, payee.account),
            format_cents(Cents(cents)),
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
