"""Whole replicas under a virtual clock, a lossy network and crashing machines; one seed, one run.

The safety phase injects faults; the liveness phase stops them and gives the chain a bounded time
to commit. After every event the checkers look: one block per height, one root per height, no
honest seat signs two things for one place, money neither made nor lost. At the end every honest
store holds the same chain, and in it every transaction that was ever reported final, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from chain import crypto
from chain.account import free_coin, purse_of
from chain.admission import Signatures
from chain.codec import decode, encode
from chain.ledger import Ledger, MemoryStore, Tip
from chain.money import Cents
from chain.transaction import parse
from consensus.proposer import proposer
from node import signer as signers
from node.effects import (
    Alarm,
    Arm,
    Committed,
    Effect,
    Input,
    Log,
    MessageReceived,
    Misbehaved,
    PeerJoined,
    PeerLeft,
    Persist,
    Replace,
    Send,
    Sign,
    Started,
    Stop,
    Submitted,
)
from node.journal import read_frames
from node.messages import PeerMessage, Transactions, read_message
from node.replica import Identity, Replica
from node.signer import GuardRecord, Signer
from node.store import Store
from tests.chain import toy
from tests.simulation.byzantine import Liar
from tests.simulation.disk import SimulatedDisk
from tests.simulation.faults import Curtain, Faults

WIJKEN = tuple(f"W{i}" for i in range(10))
PEOPLE = ("anna", "ben", "cem", "dora", "eva")
MONEY = 1000 * len(PEOPLE)


class Violation(AssertionError):
    """A promise was broken; the message carries the seed and the last events."""


@dataclass(slots=True)
class Machine:
    """One simulated node: its disk outlives its replica."""

    index: int
    disk: SimulatedDisk
    clock_off_ms: int
    replica: Replica | None = None
    life: int = 0
    stopped: str = ""


@dataclass(slots=True)
class Figures:
    heights: int = 0
    events: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class World:
    def __init__(
        self,
        seed: int,
        validators: int,
        faults: Faults,
        byzantine: frozenset[int] = frozenset(),
        lying_disks: bool = False,
        links: frozenset[tuple[int, int]] | None = None,
    ) -> None:
        """`links`: who is connected to whom (lower index first); None: all to all."""
        self.seed = seed
        self.random = Random(seed)
        self.faults = faults
        self.byzantine = byzantine
        self.now_ms = toy.START_MS
        self.figures = Figures()
        self.transcript: list[str] = []
        self.town = toy.Town(wijken=WIJKEN[:validators], people=PEOPLE)
        self.chain: dict[int, bytes] = {}
        self.roots: dict[int, bytes] = {}
        self.signed: dict[tuple[int, int, int, int], bytes] = {}
        self.final: dict[bytes, int] = {}
        self.messages: Counter[str] = Counter()
        self.liars = {index: Liar(index, WIJKEN[index]) for index in byzantine}
        self.groups: tuple[frozenset[int], ...] = ()
        self.curtain: Curtain | None = None
        self._links = links
        self._queue: list[tuple[int, int, int, int, Input]] = []
        self._sequence = 0
        self.machines = []
        for index in range(validators):
            store = MemoryStore()
            store.pairs = dict(self.town.store.pairs)
            guard = signers.first_record(toy.CHAIN, 0, toy.public("seat " + WIJKEN[index]))
            off = self.random.randrange(-400, 400)
            disk = SimulatedDisk(store, guard, self.random, lying_disks)
            self.machines.append(Machine(index, disk, off))
        for machine in self.machines:
            self._start(machine)

    # The machines.

    def _start(self, machine: Machine) -> None:
        machine.life += 1
        store = Store.open(machine.disk.store)
        assert store is not None, "a founded store holds a ledger"
        wijk = WIJKEN[machine.index]
        key = toy.public("seat " + wijk)
        signer = Signer(toy.CHAIN, 0, key, machine.disk.files["guard"])
        machine.replica = Replica(
            store,
            toy.RELEASE,
            Identity(wijk, signer),
            machine.disk.files["wal"],
            Signatures(),
        )
        self.note(f"{wijk} starts at {machine.replica.height}")
        self._later(0, machine, Started())
        for other in self.machines:
            if self._linked(machine, other) and other.replica is not None:
                self._later(5, machine, PeerJoined(self._peer(other), WIJKEN[other.index]))
                self._later(5, other, PeerJoined(self._peer(machine), wijk))

    def crash(self, machine: Machine, back_after_ms: int) -> None:
        self.note(f"{WIJKEN[machine.index]} crashes")
        self.figures.faults["crash"] += 1
        machine.replica = None
        for other in self.machines:
            if self._linked(machine, other):
                self._later(1, other, PeerLeft(self._peer(machine)))
        self._later(back_after_ms, machine, Started())

    def _linked(self, one: Machine, other: Machine) -> bool:
        pair = min(one.index, other.index), max(one.index, other.index)
        return one is not other and (self._links is None or pair in self._links)

    def _peer(self, machine: Machine) -> str:
        return f"{machine.index}.{machine.life}"

    # Time.

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _later(self, delay_ms: int, machine: Machine, given: Input) -> None:
        entry = (self.now_ms + delay_ms, self._next(), machine.index, machine.life, given)
        heappush(self._queue, entry)

    def run(self, until_ms: int) -> None:
        """Play all events up to a time."""
        while self._queue and self._queue[0][0] <= until_ms:
            self.step()
        self.now_ms = max(self.now_ms, until_ms)

    def step(self) -> None:
        when, _, index, life, given = heappop(self._queue)
        self.now_ms = max(self.now_ms, when)
        machine = self.machines[index]
        if machine.stopped:
            return
        if machine.replica is None:
            if isinstance(given, Started) and life == machine.life:
                self._start(machine)
            return
        if life != machine.life:
            return
        self.figures.events += 1
        self._drive(machine, given)
        self.check(machine)

    def _drive(self, machine: Machine, given: Input) -> None:
        replica = machine.replica
        assert replica is not None, "only a running machine is driven"
        effects = replica.handle(given, self.now_ms + machine.clock_off_ms)
        answer: bytes | None = None
        while True:
            try:
                effect = effects.send(answer) if answer is not None else next(effects)
            except StopIteration:
                return
            answer = None
            if self.random.random() < self.faults.crash:
                machine.disk.crash_in(effect)
                self.crash(machine, 1 + self.random.randrange(self.faults.restart_ms))
                return
            answer = self._perform(machine, effect)
            if machine.replica is None or machine.stopped:
                return

    def _perform(self, machine: Machine, effect: Effect) -> bytes | None:
        machine.disk.perform(effect)
        match effect:
            case Persist("guard", data) | Replace("guard", data):
                self._watch_guard(machine, data)
            case Sign(message):
                return crypto.sign(toy.seed("seat " + WIJKEN[machine.index]), message)
            case Send(peers, message):
                for peer in peers:
                    self._send(machine, peer, message)
            case Arm(timer, delay_ms):
                self._later(delay_ms, machine, Alarm(timer))
            case Committed(applied, certificate, _):
                ids = [transaction.id for transaction in applied.transactions]
                self._committed(machine, certificate.height, certificate.block, ids)
            case Stop(code, reason):
                self.note(f"{WIJKEN[machine.index]} stops with {code}: {reason}")
                machine.stopped = f"{code}: {reason}"
            case Misbehaved(peer, reason):
                if int(peer.split(".")[0]) not in self.byzantine:
                    self.violate(f"{WIJKEN[machine.index]} blames honest {peer}: {reason}")
            case Log(event, fields):
                self.note(f"{WIJKEN[machine.index]} {event} {dict(fields)}")
        return None

    # The network.

    def _send(self, machine: Machine, peer: str, message: PeerMessage) -> None:
        index, life = (int(part) for part in peer.split("."))
        receiver = self.machines[index]
        if receiver.life != life or receiver.replica is None:
            return
        self.messages[type(message).__name__] += 1
        if machine.index in self.liars:
            assert machine.replica is not None, "who sends is there"
            told = self.liars[machine.index].tell(machine.replica, message, index)
            if told is None:
                return
            message = told
        shown = self._behind_curtain(message, machine.index, index)
        if shown is None:
            return
        message = shown
        if any((machine.index in g) != (index in g) for g in self.groups):
            return
        if self.random.random() < self.faults.loss:
            self.figures.faults["loss"] += 1
            return
        copies = 1
        if self.random.random() < self.faults.duplicate:
            self.figures.faults["duplicate"] += 1
            copies = 2
        data = encode(message)
        for _ in range(copies):
            delay_ms = 1 + self.random.randrange(self.faults.delay_max_ms)
            received = read_message(data)
            given: Input
            if isinstance(received, Transactions):
                parsed = tuple(parse(each) for each in received.transactions)
                given = Submitted(parsed, self._peer(machine))
            else:
                given = MessageReceived(self._peer(machine), received)
            self._later(delay_ms, receiver, given)

    def split(self) -> None:
        """Cut the network in two, at random."""
        self._cut(frozenset(m.index for m in self.machines if self.random.random() < 0.5))

    def _cut(self, cut: frozenset[int]) -> None:
        self.groups = (cut,)
        self.figures.faults["partition"] += 1
        self.note(f"partition {sorted(cut)}")

    def heal(self) -> None:
        self.groups = ()

    def _perhaps_draw_curtain(self, height: int) -> None:
        if self.random.random() >= self.faults.curtain:
            return
        coming = proposer(len(self.machines), height, 1)
        decider = self.random.choice([m.index for m in self.machines if m.index != coming])
        self.curtain = Curtain(height, decider, coming, self.now_ms + 10_000)
        self.note(f"curtain at {height}: {decider} decides")
        self.figures.faults["curtain"] += 1

    def _behind_curtain(
        self, message: PeerMessage, sender: int, receiver: int
    ) -> PeerMessage | None:
        if self.curtain is not None and self.now_ms > self.curtain.until_ms:
            self.curtain = None
        if self.curtain is None:
            return message
        return self.curtain.shows(message, sender, receiver)

    # Clients.

    def submit(self) -> None:
        """Somebody gives somebody something, through some node."""
        giver, taker = self.random.sample(PEOPLE, 2)
        amount = 1 + self.random.randrange(300)
        self.town.time_ms = self.now_ms
        given = toy.Give(toy.account_of(taker), Cents(amount))
        transaction = self.town.by(giver, toy.call("give", given))
        machine = self.random.choice(self.machines)
        if machine.replica is not None:
            self._later(1, machine, Submitted((transaction,)))

    # The checkers.

    def note(self, line: str) -> None:
        self.transcript.append(f"{self.now_ms - toy.START_MS:>8} {line}")
        del self.transcript[:-400]

    def violate(self, what: str) -> None:
        last = "\n".join(self.transcript[-40:])
        raise Violation(f"seed {self.seed}: {what}\n{last}")

    def _committed(self, machine: Machine, height: int, block: bytes, ids: Sequence[bytes]) -> None:
        if machine.index in self.byzantine:
            return
        self.note(f"{WIJKEN[machine.index]} commits {height} {block.hex()[:8]}")
        if self.chain.setdefault(height, block) != block:
            self.violate(f"two blocks at height {height}")
        curtain = self.curtain
        if curtain is not None and (curtain.height, curtain.decider) == (height, machine.index):
            curtain.decided = True
        elif (
            curtain is None
            and height > self.figures.heights
            and self.random.random() < self.faults.curtain
        ):
            self._perhaps_draw_curtain(height + 1)
        for transaction in ids:
            if self.final.setdefault(transaction, height) != height:
                self.violate(f"a transaction is final at {self.final[transaction]} and {height}")
        self.figures.heights = max(self.figures.heights, height)

    def check(self, machine: Machine) -> None:
        replica = machine.replica
        if replica is None or machine.index in self.byzantine:
            return
        tip: Tip = replica.ledger.tip
        if self.roots.setdefault(tip.height, tip.state_root) != tip.state_root:
            self.violate(f"two state roots at height {tip.height}")
        if replica.diverged:
            self.violate(f"{WIJKEN[machine.index]} diverged")
        if machine.stopped.startswith("7"):
            self.violate(f"{WIJKEN[machine.index]} was stopped by its guard: {machine.stopped}")
        held = sum(money(replica.ledger, name) for name in PEOPLE)
        if held != MONEY:
            self.violate(f"{held} of {MONEY} is held at height {tip.height}")

    def _watch_guard(self, machine: Machine, data: bytes) -> None:
        """What an honest seat may release from now on; other bytes for one place are a violation,
        also when a crash falls before the message leaves: it leaves after the restart."""
        if machine.index in self.byzantine:
            return
        for frame in read_frames(data)[0]:
            record = decode(GuardRecord, frame.payload)
            place = (machine.index, record.height, record.round, record.step)
            if record.signature and self.signed.setdefault(place, record.signed) != record.signed:
                self.violate(f"{WIJKEN[machine.index]} signed two things for {place[1:]}")

    def compare(self) -> None:
        """The honest stores hold one chain, with everything that was ever reported final."""
        for machine in self.machines:
            replica = machine.replica
            if replica is None or machine.index in self.byzantine:
                continue
            seen: dict[bytes, int] = {}
            for height in range(1, replica.store.height + 1):
                block = replica.store.block(height)
                certificate = replica.store.certificate(height)
                assert block is not None and certificate is not None, "blocks are kept"
                if certificate.block != self.chain.setdefault(height, certificate.block):
                    self.violate(f"{WIJKEN[machine.index]} holds another block {height}")
                for transaction in map(parse, block.transactions):
                    if transaction.id in seen:
                        self.violate(f"a transaction is in blocks {seen[transaction.id]}, {height}")
                    seen[transaction.id] = height
            for final, height in self.final.items():
                if height <= replica.store.height and seen.get(final) != height:
                    self.violate(f"{WIJKEN[machine.index]} lost a final transaction of {height}")


def money(ledger: Ledger, name: str) -> int:
    return free_coin(purse_of(ledger, toy.account_of(name)), "eur")
