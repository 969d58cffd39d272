"""The guard: what is signed is recorded first, and nothing is signed twice."""

from __future__ import annotations

import pytest

from chain import crypto
from chain.certificate import NIL, Vote
from chain.kinds import Kind
from consensus.messages import BlockProposal, SignedProposal, SignedVote
from consensus.round import Backed
from node import signer as signers
from node.effects import Effect, Persist, Replace, Sign
from node.signer import GuardRefusal, NoGuard, Signer, first_record
from tests.chain import toy

SEED = toy.seed("seat W1")
KEY = crypto.public_key(SEED)
BLOCK, OTHER = b"\x01" * 32, b"\x02" * 32
FIRST = first_record(toy.CHAIN, 0, KEY)


class Disk:
    """Performs a signer's effects, in memory."""

    def __init__(self, data: bytes = FIRST) -> None:
        self.data = data
        self.effects: list[Effect] = []

    def open(self) -> Signer:
        return Signer(toy.CHAIN, 0, KEY, self.data)

    def sign(
        self, signer: Signer, height: int, round: int, step: int, block: bytes = BLOCK
    ) -> SignedVote | SignedProposal:
        if step:
            kind = Kind.PREVOTE if step == 1 else Kind.PRECOMMIT
            locked = Backed(block, round) if step == 2 and block else None
            signing = signer.sign_vote(kind, Vote(height, round, block, 0), locked)
        else:
            signing = signer.sign_proposal(BlockProposal(height, round, (), block, 0), None)  # type: ignore[assignment]
        answer: bytes | None = None
        self.effects = []
        try:
            while True:
                effect = signing.send(answer)
                self.effects.append(effect)
                answer = None
                match effect:
                    case Sign(message):
                        answer = crypto.sign(SEED, message)
                    case Persist(_, data):
                        self.data += data
                    case Replace(_, data):
                        self.data = data
        except StopIteration as stop:
            found: SignedVote | SignedProposal = stop.value
            return found


def test_a_signature_is_recorded_before_it_is_released() -> None:
    disk = Disk()
    disk.sign(disk.open(), 5, 1, 1)
    assert [type(effect) for effect in disk.effects] == [Sign, Persist]
    assert disk.open().place == (5, 1, 1)


REFUSED = [
    ("a lower height", (4, 9, 2), BLOCK, "was signed already"),
    ("a lower round", (5, 0, 2), BLOCK, "was signed already"),
    ("a lower step", (5, 1, 0), BLOCK, "was signed already"),
    ("other bytes", (5, 1, 1), OTHER, "two different things"),
    ("nil for a block", (5, 1, 1), NIL, "two different things"),
]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("place", "block", "why"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_the_guard_refuses(
    place: tuple[int, int, int], block: bytes, why: str, restarted: bool
) -> None:
    disk = Disk()
    signer = disk.open()
    disk.sign(signer, 5, 1, 1)
    with pytest.raises(GuardRefusal, match=why):
        disk.sign(disk.open() if restarted else signer, *place, block)
    assert disk.effects == [], "nothing was signed and nothing written"


@pytest.mark.parametrize("place", [(5, 1, 2), (5, 2, 0), (6, 0, 0)])
def test_a_higher_place_is_signed(place: tuple[int, int, int]) -> None:
    disk = Disk()
    signer = disk.open()
    disk.sign(signer, 5, 1, 1)
    disk.sign(signer, *place, OTHER)
    assert disk.open().place == place


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_same_again_gives_the_stored_signature(step: int) -> None:
    disk = Disk()
    signed = disk.sign(disk.open(), 5, 1, step)
    signer = disk.open()
    assert disk.sign(signer, 5, 1, step) == signed == signer.stored()
    assert disk.effects == [], "neither signed nor written a second time"
    assert not signer.live


def test_the_record_holds_the_lock() -> None:
    disk = Disk()
    disk.sign(disk.open(), 5, 1, 2)
    assert disk.open().last.locked == (Backed(BLOCK, 1),)


NO_GUARD = [
    ("missing", b"", "is missing"),
    ("zeros only", bytes(64), "is missing"),
    ("damaged", b"\x00\x00\x00\x05" + FIRST[4:12] + b"?" + FIRST, "is damaged"),
    ("of another chain", first_record(b"\x07" * 32, 0, KEY), "another chain, epoch or key"),
    ("of another epoch", first_record(toy.CHAIN, 1, KEY), "another chain, epoch or key"),
    ("of another key", first_record(toy.CHAIN, 0, b"\x07" * 32), "another chain, epoch or key"),
]


@pytest.mark.parametrize(("data", "why"), [n[1:] for n in NO_GUARD], ids=[n[0] for n in NO_GUARD])
def test_a_key_without_its_record_never_signs(data: bytes, why: str) -> None:
    with pytest.raises(NoGuard, match=why):
        Disk(data).open()


def test_a_torn_tail_is_repaired_with_the_last_good_record() -> None:
    disk = Disk()
    disk.sign(disk.open(), 5, 1, 1)
    good = len(disk.data)
    disk.sign(disk.open(), 5, 1, 2)
    assert not Disk(disk.data[: good + 2]).open().torn, "zeros are no tail: room for the next"
    for cut in range(good + 4, len(disk.data)):
        signer = Disk(disk.data[:cut]).open()
        assert signer.torn and signer.place == (5, 1, 1)
        repaired = Disk(signer.repaired()).open()
        assert not repaired.torn and repaired.last == signer.last


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("bit", [1, 0x80])
def test_a_damaged_length_never_takes_the_guard_back_to_an_earlier_place(at: int, bit: int) -> None:
    disk = Disk()
    disk.sign(disk.open(), 5, 1, 1)
    middle = len(disk.data)
    disk.sign(disk.open(), 5, 1, 2)
    disk.sign(disk.open(), 5, 2, 0)
    damaged = bytearray(disk.data)
    damaged[middle + at] ^= bit
    with pytest.raises(NoGuard, match="is damaged"):
        Disk(bytes(damaged)).open()


def test_the_journal_is_compacted_to_its_last_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signers, "COMPACT_BYTES", len(FIRST) + 400)
    disk = Disk()
    signer = disk.open()
    kinds = []
    for height in range(1, 6):
        disk.sign(signer, height, 0, 1)
        kinds.append(type(disk.effects[-1]))
        assert disk.open().place == (height, 0, 1) and signer.journal_bytes == len(disk.data)
    assert Replace in kinds and Persist in kinds


def test_what_our_key_signed_elsewhere_is_known() -> None:
    disk = Disk()
    signer = disk.open()
    for step in (0, 1):
        ours = disk.sign(signer, 5, 1, step)
    assert not signer.foreign(ours)
    assert signer.foreign(SignedVote(Kind.PREVOTE, Vote(5, 1, OTHER, 0), bytes(64)))
    assert signer.foreign(SignedVote(Kind.PRECOMMIT, Vote(5, 1, BLOCK, 0), bytes(64)))
    assert not signer.foreign(SignedVote(Kind.PRECOMMIT, Vote(5, 0, OTHER, 0), bytes(64)))
