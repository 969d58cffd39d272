"""Redemptions as a machine: whatever the desk, its backups, the board and the bank do.

The real desk (`node.reserve.orders`), the real payment files (`auditor.bank.pain`), the real reader
of statements and the real contracts, in front of a bank that pays a file at once, late, in part, or
never, sends payments back later, and may pay a file twice that it is given twice.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from auditor.bank.desk import Destination, seal_destination
from chain import crypto
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from genesis.mistakes import UserError
from governance_contracts.bank.books import REDEMPTIONS, RedemptionState, deficit_of
from governance_contracts.bank.redemption import REJECT_AFTER_MS, Cancel, Export, Redeem, Reject
from node.reserve.orders import (
    RELEASE_MS,
    Asked,
    desk_seed,
    file_commitment,
    payment_files,
    prepare,
    release,
    take_boxes,
)
from tests.bank.model import BOARD, COIN, HOLDERS, ModelBank, Reserve, reopened
from tests.contracts.town import CHAIN

V = TypeVar("V")

PAYEE = "DE87200500001234567890"
PICK = st.integers(0, 7)
AMOUNTS = st.sampled_from((1_00, 2_50, 40_00))


class Redemptions(RuleBasedStateMachine):
    """`released`: the bytes of payment files that left the desk, by redemption. `handed`: the same
    in order, as often as they left. `restored`: a backup was put back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="reserve-"))
        self.reserve = Reserve(self.folder)
        self.town = self.reserve.town
        self.bank: ModelBank = self.reserve.bank
        self.boxes: dict[int, bytes] = {}
        self.proposed: list[Export] = []
        self.released: dict[int, set[bytes]] = {}
        self.handed: list[bytes] = []
        self.restored = False
        self.backup()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(refuses_twins=st.booleans(), amounts=st.lists(AMOUNTS, min_size=1, max_size=4))
    def begin(self, refuses_twins: bool, amounts: list[int]) -> None:
        self.bank.refuses_twins = refuses_twins
        for amount in amounts:
            self.ask(HOLDERS[0], amount, True)

    # Holders.

    @rule(who=st.sampled_from(HOLDERS), amount=AMOUNTS, told=st.sampled_from((True, True, False)))
    def ask(self, who: str, amount: int, told: bool) -> None:
        """Ask for euros; the destination reaches the desk, or does not."""
        salt = bytes([len(self.boxes)]) * 16
        destination = Destination(0, PAYEE, salt)
        args = Redeem(self.town.id(who), COIN, Cents(amount), (), destination.commitment)
        if not self.played(args, by=who):
            return
        number = max(self.numbers())
        key = crypto.public_key(desk_seed(self.reserve.home))
        if told:
            self.boxes[number] = seal_destination(key, Destination(number, PAYEE, salt, who))

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        for number in self.one_of(self.under_way(), pick):
            holder = self.town.redemption(number).holder
            who = next(name for name in HOLDERS if self.town.id(name) == holder)
            self.played(Cancel(number), by=who)

    # The desk and the board.

    @rule(left_out=st.none() | PICK, version=st.sampled_from(("03", "09")))
    def prepare(self, left_out: int | None, version: str) -> None:
        """The desk makes a payment file of what waits, perhaps without one of them."""
        home = self.reserve.home
        asked = [self.asked(number) for number in self.numbers()]
        take_boxes(home, [(one, self.boxes.get(one.redemption)) for one in asked])
        chosen = [one for one in asked if one.redemption in self.boxes and one.state == "requested"]
        if left_out is not None:
            del chosen[left_out : left_out + 1]
        try:
            made = prepare(home, CHAIN, "EUR", "Reserve", "", chosen, self.town.time_ms, version)
        except UserError:
            return
        file = file_commitment(home.key, made.data)
        self.proposed.append(Export(COIN, made.redemptions, file))

    @rule(pick=PICK)
    def decide(self, pick: int) -> None:
        """The board approves a proposal, new or old."""
        for proposal in self.one_of(self.proposed[::-1], pick):
            self.played(proposal)

    @rule(
        stages=st.sampled_from(
            ("pd", "pdh", "dhx", "pdhxs", "hxsi", "xsi", "pdbhx", "rhx", "pPdhH")
        )
    )
    def as_on_most_days(self, stages: str) -> None:
        """Some steps in a row as they should be, so that a run goes deeper."""
        steps: dict[str, Callable[[], None]] = {
            "p": lambda: self.prepare(None, "09"),
            "P": lambda: self.prepare(0, "03"),
            "d": lambda: self.decide(0),
            "H": lambda: self.hand_out(5, True),
            "h": lambda: self.hand_out(0, True),
            "x": lambda: self.bank.execute([]),
            "s": self.reserve.statement,
            "i": self.catch_up,
            "b": self.backup,
            "r": self.restore,
        }
        for stage in stages:
            steps[stage]()

    @rule(pick=PICK, taken=st.booleans())
    def hand_out(self, pick: int, taken: bool) -> None:
        """Hand a file out. `taken` to the bank now; else it lies there, for `hand_in` to take."""
        home = self.reserve.home
        newest = sorted(payment_files(home), key=lambda one: one.made_ms, reverse=True)
        for made in self.one_of(newest, pick):
            states = {number: self.asked(number) for number in made.redemptions}
            try:
                data = release(home, made, states, self.town.time_ms)
            except UserError:
                continue
            assert self.restored or data not in self.handed, "a home that remembers gives it once"
            for number in made.redemptions:
                late_ms = self.town.time_ms - (states[number].exported_ms or 0)
                assert late_ms <= RELEASE_MS, "not when the coin may soon go back"
            self.handed.append(data)
            for number in made.redemptions:
                self.released.setdefault(number, set()).add(data)
            if taken:
                self.bank.take(data)

    @rule(pick=PICK)
    def hand_in(self, pick: int) -> None:
        """Somebody gives the bank a file that lies there, perhaps for the second time."""
        for data in self.one_of(self.handed[::-1], pick):
            self.bank.take(data)

    @rule(pick=PICK)
    def reject(self, pick: int) -> None:
        for number in self.one_of(self.under_way(), pick):
            self.played(Reject(number))

    @rule()
    def crash(self) -> None:
        """What is not on the disk is forgotten; so is a file that was being written."""
        (self.reserve.home.root / "payments").mkdir(exist_ok=True)
        (self.reserve.home.root / "payments" / ".half.tmp").write_bytes(b"half")
        self.reserve.home = reopened(self.reserve.home.root)

    @rule()
    def backup(self) -> None:
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        shutil.copytree(self.reserve.home.root, self.folder / "backup")

    @rule()
    def restore(self) -> None:
        root = self.reserve.home.root
        shutil.rmtree(root)
        shutil.copytree(self.folder / "backup", root)
        self.reserve.home = reopened(root)
        self.restored = True

    # The bank, and its statements.

    @rule(fates=st.lists(st.sampled_from(("paid", "paid", "refused", "later")), max_size=6))
    def execute(self, fates: list[str]) -> None:
        self.bank.execute(fates)

    @rule(pick=PICK)
    def send_back(self, pick: int) -> None:
        self.bank.send_back(pick)

    @rule(days=st.sampled_from((1, 1, 2, 6)))
    def close_day(self, days: int) -> None:
        """The bank closes its books; the file may wait before anybody imports it."""
        self.town.wait((days - 1) * DAY_MS)
        self.reserve.statement()

    @rule()
    def catch_up(self) -> None:
        self.reserve.import_all()

    # What holds after every step.

    @invariant()
    def never_two_files_with_one_redemption(self) -> None:
        for number, files in self.released.items():
            assert len(files) <= 1, f"redemption {number} left in {len(files)} files"

    @invariant()
    def paid_once(self) -> None:
        """A bank that refuses a file it has had pays once; another, as often as it was given the
        same file."""
        given = Counter(number for each in self.bank.accepted for number in each.redemptions)
        for number, times in self.bank.out.items():
            assert times <= given[number]
            if self.bank.refuses_twins:
                assert times <= 1, f"redemption {number} was paid {times} times"

    @invariant()
    def only_what_was_decided_is_paid(self) -> None:
        for number in self.bank.paid:
            found = self.town.redemption(number)
            assert found.file and found.state != RedemptionState.CANCELLED

    @invariant()
    def coin_adds_up(self) -> None:
        supply = self.town.supply(COIN)
        assert self.town.counted(COIN) == (supply.free, supply.lots, supply.redeeming)
        assert supply.minted - supply.burned == supply.free + supply.lots + supply.redeeming

    @invariant()
    def short_only_by_a_banks_fault(self) -> None:
        """Every cent that is missing is a payment made twice, or made after all by a bank that had
        it for five days and showed nothing; each stands open, for everybody to read."""
        missing = self.reserve.unmatched_cents()
        assert deficit_of(self.town.state, COIN) == missing
        assert missing <= self.bank.faults_cents(self.exported_ms)

    # Helpers.

    def numbers(self, *states: RedemptionState) -> list[int]:
        return [
            int.from_bytes(key, "big")
            for key, one in self.town.state.scan(REDEMPTIONS)
            if not states or one.state in states
        ]

    def under_way(self) -> list[int]:
        return self.numbers(RedemptionState.REQUESTED, RedemptionState.EXPORTED)

    def one_of(self, among: Sequence[V], pick: int) -> Sequence[V]:
        """One of these, the first more often than the rest; none of none."""
        return [among[max(0, pick - 4) % len(among)]] if among else []

    def exported_ms(self, number: int) -> int:
        return sum(self.town.redemption(number).exported_ms) + REJECT_AFTER_MS

    def asked(self, number: int) -> Asked:
        """As the node tells the desk."""
        one = self.town.redemption(number)
        return Asked(
            number, one.amount, one.destination, RedemptionState(one.state).name.lower(),
            one.requested_ms, one.exported_ms[0] if one.exported_ms else None,
            one.file[0] if one.file else None,
        )  # fmt: skip

    def played(self, args: object, by: str | None = None) -> bool:
        try:
            self.town.play(args, by=by, under=() if by else BOARD)  # type: ignore[arg-type]
        except Rejected:
            return False
        return True
