"""The light client: believe nothing but one header and the boards that signed what follows it.

From the genesis document, or a header trusted earlier, a wallet knows which seats decide the next
height. A header is certified when those seats signed it. As long as the seats stay the same it
may skip any number of heights; where they change it must see the header that changed them
(`next_seats` differs from `seats`) and the new list, checked against the hash in that header.
Under a certified header everything else is a hash path: a record or its absence (`state`), a
receipt (`receipts`), any older header (`history`).

Keys of boards long replaced may leak, so trust grows old: past `trust_ms` a header needs a second
witness, a checkpoint or another node that shows the same one. Two certified headers at one height
prove that more than a third of the seats lied; that is a value to save, not a dispute to settle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from chain import crypto, tree
from chain.block import Header, OutcomeLeaf, PartyLeaf, header_hash
from chain.certificate import Certificate, Seat, check_certificate, seats_hash
from chain.codec import U32, Hash, Height, Key, Millis, Record, Sig, decode, encode
from chain.errors import Malformed
from chain.kinds import Kind, Tag
from chain.merkle import ListProof, check_history, check_in_list
from chain.state import Table

V = TypeVar("V", bound=Record)

SEATS_MAX = 200
SALT_BYTES = 16
"""A stored record begins with its salt."""

SeatList = Annotated[tuple[Seat, ...], Meta(min_length=1, max_length=SEATS_MAX)]


class Certified(Record, tag=1):
    """A header and the precommits for it. Holding one proves nothing until it is checked."""

    header: Header
    certificate: Certificate


class Trusted(Record, tag=1):
    """What a light client remembers. `seats` decided `height`, `next_seats` decide the next.

    `latest` is the header itself with its certificate; empty at genesis, where `header_hash` is
    the chain's id.
    """

    chain: Hash
    epoch: U32
    height: Height
    header_hash: Hash
    time_ms: Millis
    seats: SeatList
    next_seats: SeatList
    latest: Annotated[tuple[Certified, ...], Meta(max_length=1)]


class ForkProof(Record, tag=1):
    """Two certified headers at one height. To be saved and shown to every board."""

    first: Certified
    second: Certified


class Checkpoint(Record, tag=1):
    """A board's word that header `header_hash` stands at `height`; signed by its seat's key."""

    height: Height
    header_hash: Hash


class SignedCheckpoint(Record, tag=1):
    key: Key
    checkpoint: Checkpoint
    signature: Sig


class StaleTrust(Exception):
    """The trusted header is too old to rely on its seats alone; a second witness is needed."""

    def __init__(self, trusted_ms: int, now_ms: int) -> None:
        super().__init__("the last trusted header is older than headers may be trusted")
        self.trusted_ms = trusted_ms
        self.now_ms = now_ms


class Forked(Exception):
    """More than a third of the seats signed two histories. Carries the proof."""

    def __init__(self, proof: ForkProof) -> None:
        super().__init__(f"two certified headers at height {proof.first.header.height}")
        self.proof = proof


@dataclass(frozen=True, slots=True)
class Clock:
    """The wallet's own time, and for how long it may trust a header (both in milliseconds)."""

    now_ms: int
    trust_ms: int


def trust_genesis(
    chain: bytes, epoch: int, time_ms: int, seats: Sequence[Seat], next_seats: Sequence[Seat]
) -> Trusted:
    """Begin at the founding document, whose hash is `chain`. `next_seats` decide height 1."""
    check_seats(seats)
    check_seats(next_seats)
    return Trusted(chain, epoch, 0, chain, time_ms, tuple(seats), tuple(next_seats), ())


def check_seats(seats: Sequence[Seat]) -> None:
    """Raises Malformed: none or too many, not sorted by wijk or repeated, a weak key."""
    if not 1 <= len(seats) <= SEATS_MAX:
        raise Malformed(f"{len(seats)} seats where 1 to {SEATS_MAX} are expected")
    if any(a.wijk >= b.wijk for a, b in pairwise(seats)):
        raise Malformed("seats must be sorted by wijk, each once")
    for seat in seats:
        if not crypto.is_public_key(seat.key):
            raise Malformed(f"the seat of {seat.wijk} has a key that is not a valid public key")


def advance(
    trusted: Trusted,
    certified: Certified,
    clock: Clock,
    next_seats: Sequence[Seat] = (),
    confirmed: Collection[bytes] = (),
) -> Trusted:
    """Trust a later header on the word of the seats that are known.

    `next_seats` is the new list, needed only where the header changes the seats. `confirmed`
    holds header hashes vouched for otherwise: by a checkpoint, or by a second node.

    Raises, in this order: StaleTrust; Malformed (another chain or epoch, an older height, seats
    that are not known, a certificate that does not hold); Forked (a second certified header at
    the trusted height); Malformed (it does not follow the trusted header, time runs backward, a
    list of seats that the header does not name).
    """
    return follow(trusted, (), (certified, next_seats), clock, confirmed)


Step = tuple[Certified, Sequence[Seat]]
"""A header, and the list of the seats that decide the next height if it changes them."""


def follow(
    trusted: Trusted,
    changes: Iterable[Step],
    newest: Step,
    clock: Clock,
    confirmed: Collection[bytes] = (),
) -> Trusted:
    """Go over the headers that change seats, oldest first, to the newest header.

    Changes at or below the trusted height are passed over. If the trusted header is stale,
    `newest` must be among the `confirmed`; the steps to it need no word of their own, since the
    newest header names by hash the seats that they lead to. Raises as `advance`.
    """
    stale = clock.now_ms - trusted.time_ms > clock.trust_ms
    if stale and header_hash(newest[0].header) not in confirmed:
        raise StaleTrust(trusted.time_ms, clock.now_ms)
    for certified, seats in changes:
        if trusted.height < certified.header.height < newest[0].header.height:
            trusted = _step(trusted, certified, seats)
    return _step(trusted, *newest)


def _step(trusted: Trusted, certified: Certified, next_seats: Sequence[Seat]) -> Trusted:
    header, digest = certified.header, header_hash(certified.header)
    if (header.chain, header.epoch) != (trusted.chain, trusted.epoch):
        raise Malformed("the header belongs to another chain or epoch")
    if header.height < trusted.height or header.height == 0:
        raise Malformed(f"header {header.height} is older than the trusted {trusted.height}")
    again = header.height == trusted.height
    if again and digest == trusted.header_hash:
        return trusted
    seats = trusted.seats if again else trusted.next_seats
    if header.seats != seats_hash(seats):
        raise Malformed(
            f"header {header.height} is decided by seats that are not known: the headers that "
            "changed them are missing"
        )
    check_certified(certified, seats)
    if again:
        raise Forked(ForkProof(trusted.latest[0], certified))
    if header.height == trusted.height + 1 and header.parent != trusted.header_hash:
        raise Malformed(f"header {header.height} does not follow the trusted header")
    if header.time_ms <= trusted.time_ms:
        raise Malformed("a later header has a later time")
    following = seats
    if header.next_seats != header.seats:
        following = tuple(next_seats)
        check_seats(following)
        if seats_hash(following) != header.next_seats:
            raise Malformed(f"these are not the seats that header {header.height} names next")
    return Trusted(
        trusted.chain,
        trusted.epoch,
        header.height,
        digest,
        header.time_ms,
        seats,
        following,
        (certified,),
    )


def check_certified(certified: Certified, seats: Sequence[Seat]) -> None:
    """Raises Malformed: the certificate is for another block, or does not hold under `seats`."""
    header, certificate = certified.header, certified.certificate
    if (certificate.height, certificate.block) != (header.height, header_hash(header)):
        raise Malformed("the certificate is for another block")
    check_certificate(certificate, seats, header.chain, header.epoch)


def check_fork(proof: ForkProof, seats: Sequence[Seat]) -> None:
    """Raises Malformed unless both headers, different and at one height, hold under `seats`."""
    first, second = proof.first.header, proof.second.header
    if (first.chain, first.epoch, first.height) != (second.chain, second.epoch, second.height):
        raise Malformed("a fork is two headers at one height of one chain")
    if first == second:
        raise Malformed("a fork is two different headers")
    for certified in (proof.first, proof.second):
        if certified.header.seats != seats_hash(tuple(seats)):
            raise Malformed("the headers name other seats than these")
        check_certified(certified, seats)


def checkpoint_bytes(chain: bytes, epoch: int, checkpoint: Checkpoint) -> bytes:
    """What a board's seat signs."""
    return crypto.sign_bytes(Kind.CHECKPOINT, chain, epoch, encode(checkpoint))


def check_checkpoint(trusted: Trusted, signed: SignedCheckpoint, board_key: bytes) -> bytes:
    """The header hash that a board's checkpoint vouches for.

    Raises Malformed: another key than the board's, a bad signature.
    """
    if signed.key != board_key:
        raise Malformed("the checkpoint is not signed by this board")
    message = checkpoint_bytes(trusted.chain, trusted.epoch, signed.checkpoint)
    if not crypto.verify(signed.key, message, signed.signature):
        raise Malformed("the checkpoint's signature is not good")
    return signed.checkpoint.header_hash


# What a certified header proves.


def check_old_header(newest: Header, old: Header, proof: ListProof) -> None:
    """That `old` is in the history of the certified `newest`. Raises Malformed."""
    if (old.chain, old.epoch) != (newest.chain, newest.epoch):
        raise Malformed("the old header belongs to another chain or epoch")
    if proof.count != newest.height - 1 or proof.index != old.height - 1:
        raise Malformed("the history proof is for another height")
    if not check_history(newest.history, header_hash(old), proof):
        raise Malformed(f"header {old.height} is not in the history of header {newest.height}")


def check_record(
    header: Header, table: int, key: bytes, stored: bytes | None, proof: tree.Proof
) -> bytes | None:
    """The record (without its salt) at `key` under the header's state; None: proved absent.

    Raises Malformed when the proof does not say so.
    """
    path = tree.tree_path(table, key)
    if stored is None:
        if not tree.check_absent(header.state, path, proof):
            raise Malformed(f"nothing proves that table {table} lacks this record")
        return None
    if len(stored) < SALT_BYTES or not tree.check_present(header.state, path, stored, proof):
        raise Malformed(f"nothing proves this record of table {table}")
    return stored[SALT_BYTES:]


def read_record(
    header: Header, table: Table[Any, V], key: bytes, stored: bytes | None, proof: tree.Proof
) -> V | None:
    """As `check_record`, decoded; `key` is the table's key bytes."""
    data = check_record(header, table.number, key, stored, proof)
    return None if data is None else table.load(data)


def check_receipt(header: Header, leaf: bytes, proof: ListProof) -> OutcomeLeaf | PartyLeaf:
    """A leaf of the block's receipts: a transaction's outcome, or one party's part of it.

    Raises Malformed: not in the block, not a receipt leaf.
    """
    if not check_in_list(header.receipts, crypto.tagged(Tag.RECEIPT_LEAF, leaf), proof):
        raise Malformed(f"block {header.height} has no such receipt")
    kinds: Any = OutcomeLeaf | PartyLeaf
    found: OutcomeLeaf | PartyLeaf = decode(kinds, leaf)
    return found
