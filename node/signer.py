"""The signer: a seat's signatures, and a guard that cannot be talked into signing twice.

Every signature is recorded, with the place it is for and the bytes it covers, before it leaves.
A lower place is refused; the same bytes at the same place give the stored signature; other bytes
at the same place are refused. The record is a journal of its own (`guard`), never part of the
store, so that a restored database cannot bring an older memory with it.

A place is (height, round, step): proposal 0, prevote 1, precommit 2.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated

from msgspec import Meta

from chain.certificate import Vote, vote_bytes
from chain.codec import U8, U32, Hash, Height, Key, Record, Sig, decode, encode
from chain.crypto import sign_bytes
from chain.errors import Malformed
from chain.kinds import Kind
from consensus.messages import BlockProposal, SignedProposal, SignedVote, proposal_bytes
from consensus.round import Backed
from node.effects import Effect, Persist, Replace, Sign
from node.journal import DamagedJournal, frame, hides_frames, read_frames

GUARD_FRAME = 1
COMPACT_BYTES = 256 * 1024
"""The journal is rewritten with its last record when it grows past this."""

STEPS = {Kind.BLOCK_PROPOSAL: 0, Kind.PREVOTE: 1, Kind.PRECOMMIT: 2}

Place = tuple[int, int, int]


class GuardRecord(Record, tag=1):
    """The highest place signed. `signed` is empty in the record made together with the key."""

    chain: Hash
    epoch: U32
    key: Key
    height: Height
    round: U32
    step: U8
    signed: Annotated[bytes, Meta(max_length=1024)]
    signature: Annotated[tuple[Sig, ...], Meta(max_length=1)]
    locked: Annotated[tuple[Backed, ...], Meta(max_length=1)]


class GuardRefusal(Exception):
    """The guard will not sign this; the seat must not go on."""


class NoGuard(Exception):
    """The guard's record is missing, damaged, or of another chain or key."""


def first_record(chain: bytes, epoch: int, key: bytes) -> bytes:
    """The journal that is created together with a new key."""
    return frame(GUARD_FRAME, encode(GuardRecord(chain, epoch, key, 0, 0, 0, b"", (), ())))


class Signer:
    """Holds the guard's memory. Signing is an effect; this class decides whether it may happen."""

    def __init__(self, chain: bytes, epoch: int, key: bytes, journal: bytes) -> None:
        """Raises NoGuard if the journal has no record for this chain, epoch and key."""
        try:
            frames, size = read_frames(journal)
            if hides_frames(journal, size):
                raise DamagedJournal(f"byte {size} begins a frame whose length is damaged")
            records = [decode(GuardRecord, f.payload) for f in frames]
        except (Malformed, DamagedJournal) as error:
            raise NoGuard(
                f"the record of what this seat signed is damaged ({error}). Do not delete it: "
                "without it the seat could sign twice. Restore the file, or rotate the seat's key"
            ) from None
        if not records:
            raise NoGuard(
                "the record of what this seat signed is missing, though its key is here. A key "
                "without its record never signs: restore the file, or rotate the seat's key"
            )
        last = records[-1]
        if (last.chain, last.epoch, last.key) != (chain, epoch, key):
            raise NoGuard("the record of what this seat signed is for another chain, epoch or key")
        self.chain = chain
        self.epoch = epoch
        self.key = key
        self.last = last
        self.journal_bytes = size
        self.torn = bool(journal[size:].strip(b"\x00"))
        self.live = False
        """Has it signed in this life?"""

    def repaired(self) -> bytes:
        """The journal without a torn tail: its last record alone. Written before any other."""
        data = frame(GUARD_FRAME, encode(self.last))
        self.journal_bytes = len(data)
        self.torn = False
        return data

    @property
    def place(self) -> Place:
        return self.last.height, self.last.round, self.last.step

    def sign_vote(
        self, kind: Kind, vote: Vote, locked: Backed | None
    ) -> Generator[Effect, bytes | None, SignedVote]:
        """Raises GuardRefusal."""
        message = vote_bytes(kind, self.chain, self.epoch, vote)
        place = (vote.height, vote.round, STEPS[kind])
        signature = yield from self._sign(place, message, locked)
        return SignedVote(kind, vote, signature)

    def sign_proposal(
        self, proposal: BlockProposal, locked: Backed | None
    ) -> Generator[Effect, bytes | None, SignedProposal]:
        """Raises GuardRefusal."""
        message = proposal_bytes(self.chain, self.epoch, proposal)
        place = (proposal.height, proposal.round, STEPS[Kind.BLOCK_PROPOSAL])
        signature = yield from self._sign(place, message, locked)
        return SignedProposal(proposal, signature)

    def _sign(
        self, place: Place, message: bytes, locked: Backed | None
    ) -> Generator[Effect, bytes | None, bytes]:
        if place < self.place:
            raise GuardRefusal(f"asked to sign for {place}, but {self.place} was signed already")
        if place == self.place and self.last.signature:
            if message != self.last.signed:
                raise GuardRefusal(f"asked to sign two different things for {place}")
            return self.last.signature[0]
        signature = yield Sign(message)
        assert signature is not None, "Sign is answered with a signature"
        record = GuardRecord(
            self.chain,
            self.epoch,
            self.key,
            *place,
            message,
            (signature,),
            () if locked is None else (locked,),
        )
        data = frame(GUARD_FRAME, encode(record))
        if self.journal_bytes + len(data) > COMPACT_BYTES:
            yield Replace("guard", data)
            self.journal_bytes = len(data)
        else:
            yield Persist("guard", data)
            self.journal_bytes += len(data)
        self.last = record
        self.live = True
        return signature

    def stored(self) -> SignedVote | SignedProposal | None:
        """The last message signed, so that it can be sent again when the log is lost."""
        if not self.last.signature:
            return None
        kind = next(k for k, step in STEPS.items() if step == self.last.step)
        body = self.last.signed[len(sign_bytes(kind, self.chain, self.epoch, b"")) :]
        if kind is Kind.BLOCK_PROPOSAL:
            return SignedProposal(decode(BlockProposal, body), self.last.signature[0])
        return SignedVote(kind, decode(Vote, body), self.last.signature[0])

    def foreign(self, signed: SignedVote | SignedProposal) -> bool:
        """Is this message, signed by our key, one that this guard never made?

        Above the record, or at the record's place with other bytes. What lies below is ours: a
        guard keeps only its highest place.
        """
        match signed:
            case SignedVote(kind=kind, vote=vote):
                place = (vote.height, vote.round, STEPS[Kind(kind)])
                message = vote_bytes(Kind(kind), self.chain, self.epoch, vote)
            case SignedProposal(proposal=proposal):
                place = (proposal.height, proposal.round, STEPS[Kind.BLOCK_PROPOSAL])
                message = proposal_bytes(self.chain, self.epoch, proposal)
        if place == self.place and self.last.signature:
            return message != self.last.signed
        return place > self.place
