"""One replica in hand: its effects are performed at once, and what it sends is kept."""

from __future__ import annotations

from typing import TypeVar

from chain import crypto
from chain.admission import Signatures
from chain.certificate import Vote, vote_bytes
from chain.execution import Release
from chain.kinds import Kind
from consensus.messages import SignedVote
from node.effects import (
    Arm,
    Effect,
    Input,
    MessageReceived,
    PeerJoined,
    Persist,
    Replace,
    Send,
    Sign,
    Started,
    Timer,
    WriteBatch,
)
from node.messages import PeerMessage, Signed, Votes
from node.replica import Identity, Replica
from node.signer import Signer, first_record
from node.store import Store
from tests.chain import toy

E = TypeVar("E")
WIJKEN = ("W0", "W1", "W2", "W3")


class Lone:
    """Seat W0 of four (or of `wijken`), with a disk that outlives it."""

    def __init__(
        self, wijken: tuple[str, ...] = WIJKEN, release: Release = toy.RELEASE, **parameters: int
    ) -> None:
        self.town = toy.Town(wijken=wijken, parameters=parameters)
        self.release = release
        self.seed = toy.seed("seat W0")
        self.files = {"wal": b"", "guard": first_record(toy.CHAIN, 0, crypto.public_key(self.seed))}
        self.now_ms = toy.START_MS + 1_000
        self.effects: list[Effect] = []
        self.restart()

    def restart(self) -> list[Effect]:
        store = Store.open(self.town.store)
        assert store is not None, "a founded store holds a ledger"
        signer = Signer(toy.CHAIN, 0, crypto.public_key(self.seed), self.files["guard"])
        self.replica = Replica(
            store, self.release, Identity("W0", signer), self.files["wal"], Signatures()
        )
        return self.give(Started())

    def give(self, given: Input) -> list[Effect]:
        """Hand an input in; the effects it had."""
        self.effects = []
        effects = self.replica.handle(given, self.now_ms)
        answer: bytes | None = None
        while True:
            try:
                effect = effects.send(answer)
            except StopIteration:
                return self.effects
            answer = None
            self.effects.append(effect)
            match effect:
                case Sign(message):
                    answer = crypto.sign(self.seed, message)
                case Persist(file, data):
                    self.files[file] += data
                case Replace(file, data):
                    self.files[file] = data
                case WriteBatch(writes):
                    self.town.store.write(writes)

    def hear(self, wijk: str, message: PeerMessage) -> list[Effect]:
        return self.give(MessageReceived(wijk, message))

    def join(self, *wijken: str) -> None:
        """Connect these seats, and let them say that they hold nothing of ours."""
        for wijk in wijken:
            self.give(PeerJoined(wijk, wijk))
        for wijk in wijken:
            self.hear(wijk, Signed(self.replica.height, 0, (), ()))

    def of(self, kind: type[E]) -> list[E]:
        """The effects of the last input that are of this kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def sent(self, kind: type[E]) -> list[E]:
        return [send.message for send in self.of(Send) if isinstance(send.message, kind)]

    def armed(self, kind: str) -> Timer:
        return next(arm.timer for arm in self.of(Arm) if arm.timer.kind == kind)


def vote(
    kind: Kind, seat: int, block: bytes, height: int = 1, round: int = 0, by: str = ""
) -> SignedVote:
    """A vote of a seat; `by` signs in its place, badly."""
    made = Vote(height, round, block, seat)
    message = vote_bytes(kind, toy.CHAIN, 0, made)
    return SignedVote(kind, made, crypto.sign(toy.seed("seat " + (by or f"W{seat}")), message))


def votes(*given: SignedVote) -> Votes:
    return Votes(given)
