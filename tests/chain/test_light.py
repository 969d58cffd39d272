"""The light client: what it follows, what it refuses, and what a certified header proves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from chain import crypto, light, tree
from chain.account import ACCOUNTS, PURSES
from chain.block import Header, OutcomeLeaf, PartyLeaf, header_hash, receipt_leaves
from chain.certificate import Certificate, Seat, SeatSignature, Vote, seats_hash, vote_bytes
from chain.codec import decode, encode
from chain.errors import Malformed
from chain.execution import Applied
from chain.kinds import Kind
from chain.light import (
    Certified,
    Checkpoint,
    Clock,
    Forked,
    ForkProof,
    SignedCheckpoint,
    StaleTrust,
    Trusted,
)
from chain.merkle import ListProof, prove_history, prove_in_list
from tests.chain.toy import (
    CHAIN,
    START_MS,
    Give,
    Move,
    Town,
    account_of,
    call,
    change,
    public,
    seat,
    seed,
)

WIJKEN = ("W1", "W2", "W3", "W4")
DAY = 86_400_000
CLOCK = Clock(START_MS + DAY, 90 * DAY)


class Chain:
    """Blocks of a town, each header with its certificate and the seats it names next."""

    def __init__(self) -> None:
        self.town = Town(WIJKEN)
        first = tuple(seat(wijk) for wijk in WIJKEN)
        self.genesis = light.trust_genesis(CHAIN, 0, START_MS, first, first)
        self.blocks: list[Applied] = []
        self.headers: list[Certified] = []
        self.next_seats: list[tuple[Seat, ...]] = []

    def grow(self, *transactions: object, times: int = 1) -> None:
        for _ in range(times):
            applied = self.town.block(*transactions)  # type: ignore[arg-type]
            transactions = ()
            self.blocks.append(applied)
            self.headers.append(Certified(applied.block.header, self.town.latest[0]))
            self.next_seats.append(self.town.seats().following)

    def move(self, wijk: str, key: str | None) -> None:
        """Give a wijk's seat another key, or take the seat away."""
        new = () if key is None else (Seat(wijk, public("seat " + key)),)
        self.grow(self.town.by("anna", call("move", Move(wijk, new))))

    def at(self, height: int) -> Certified:
        return self.headers[height - 1]

    def step(self, height: int) -> tuple[Certified, Sequence[Seat]]:
        return self.at(height), self.next_seats[height - 1]

    def changes(self) -> list[tuple[Certified, Sequence[Seat]]]:
        changing = [c for c in self.headers if c.header.seats != c.header.next_seats]
        return [self.step(c.header.height) for c in changing]


@pytest.fixture
def chain() -> Chain:
    found = Chain()
    found.grow(times=5)
    return found


def signed_by(header: Header, names: Sequence[str]) -> Certificate:
    """A certificate for a header, by the seats of these wijken and no others."""
    signatures = []
    for name in names:
        number = WIJKEN.index(name)
        vote = Vote(header.height, 0, header_hash(header), number)
        message = vote_bytes(Kind.PRECOMMIT, header.chain, header.epoch, vote)
        signatures.append(SeatSignature(number, crypto.sign(seed("seat " + name), message)))
    return Certificate(header.height, 0, header_hash(header), tuple(signatures))


def forged(certified: Certified, **changed: object) -> Certified:
    """Another header at the same height, signed by the real seats: what only liars can make."""
    header = change(certified.header, **changed)
    return Certified(header, signed_by(header, WIJKEN[:3]))


def test_it_skips_to_any_header_while_the_seats_stay(chain: Chain) -> None:
    trusted = light.advance(chain.genesis, chain.at(5), CLOCK)
    assert (trusted.height, trusted.header_hash) == (5, header_hash(chain.at(5).header))
    assert trusted.latest == (chain.at(5),)
    assert decode(Trusted, encode(trusted)) == trusted
    assert light.advance(trusted, chain.at(5), CLOCK) == trusted


def test_it_goes_over_a_change_only_with_the_list_it_names(chain: Chain) -> None:
    _rotate(chain)
    newest = chain.step(len(chain.headers))
    assert chain.changes(), "the seats changed"
    trusted = light.follow(chain.genesis, chain.changes(), newest, CLOCK)
    assert trusted.height == len(chain.headers)
    assert trusted.next_seats == chain.town.seats().following
    with pytest.raises(Malformed, match="seats that are not known"):
        light.follow(chain.genesis, (), newest, CLOCK)


def _rotate(chain: Chain) -> None:
    """W4, which no certificate here needs, leaves; so the others' keys keep signing."""
    chain.move("W4", None)
    chain.grow(times=5)


@pytest.mark.parametrize("number", range(3))
def test_a_forged_list_of_seats_is_refused(chain: Chain, number: int) -> None:
    _rotate(chain)
    certified, seats = chain.changes()[0]
    thief = Seat("W9", public("thief"))
    lists = ((*seats, thief), (thief,), tuple(reversed(seats)))
    trusted = light.advance(chain.genesis, chain.at(1), CLOCK)
    with pytest.raises(Malformed):
        light.advance(trusted, certified, CLOCK, lists[number])
    with pytest.raises(Malformed):
        light.advance(trusted, certified, CLOCK)


@pytest.mark.parametrize(
    ("seats", "sentence"),
    [
        ((), "0 seats"),
        ((seat("W2"), seat("W1")), "sorted by wijk"),
        ((seat("W1"), seat("W1")), "sorted by wijk"),
        ((Seat("W1", bytes(32)),), "not a valid public key"),
        (tuple(seat(f"W{n:04d}") for n in range(201)), "201 seats"),
    ],
)
def test_a_bad_list_of_seats_is_refused(seats: tuple[Seat, ...], sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        light.check_seats(seats)


Forge = Callable[[Chain], Certified]


def _three(chain: Chain) -> Certified:
    return chain.at(3)


REFUSED: list[tuple[str, Forge]] = [
    ("another chain", lambda c: forged(_three(c), chain=bytes(32))),
    ("another chain", lambda c: forged(_three(c), epoch=1)),
    ("older than the trusted", lambda c: c.at(1)),
    (
        "seats that are not known",
        lambda c: forged(_three(c), seats=seats_hash((seat("W1"),))),
    ),
    ("for another block", lambda c: Certified(c.at(3).header, c.at(4).certificate)),
    (
        "for another block",
        lambda c: Certified(change(c.at(3).header, state=bytes(32)), c.at(3).certificate),
    ),
    (
        "2 precommits, 3 needed",
        lambda c: Certified(c.at(3).header, signed_by(c.at(3).header, WIJKEN[:2])),
    ),
    (
        "bad signature",
        lambda c: Certified(
            c.at(3).header,
            change(
                c.at(3).certificate,
                signatures=tuple(
                    change(s, signature=bytes(64)) for s in c.at(3).certificate.signatures
                ),
            ),
        ),
    ),
    (
        "bad signature",
        lambda c: Certified(c.at(3).header, change(c.at(3).certificate, round=9)),
    ),
    ("does not follow", lambda c: forged(_three(c), parent=bytes(32))),
    ("later time", lambda c: forged(_three(c), time_ms=START_MS)),
    ("0 seats", lambda c: forged(_three(c), next_seats=bytes(32))),
]


@pytest.mark.parametrize(("sentence", "forge"), REFUSED)
def test_refusals_of_a_header_in_their_order(chain: Chain, sentence: str, forge: Forge) -> None:
    trusted = light.advance(chain.genesis, chain.at(2), CLOCK)
    with pytest.raises(Malformed, match=sentence):
        light.advance(trusted, forge(chain), CLOCK)


def test_two_certified_headers_at_one_height_are_a_proof_to_keep(chain: Chain) -> None:
    trusted = light.advance(chain.genesis, chain.at(3), CLOCK)
    other = forged(chain.at(3), state=bytes(32))
    with pytest.raises(Forked) as caught:
        light.advance(trusted, other, CLOCK)
    proof = caught.value.proof
    assert decode(ForkProof, encode(proof)) == proof
    light.check_fork(proof, trusted.seats)
    for wrong in (
        ForkProof(proof.first, proof.first),
        ForkProof(proof.first, chain.at(4)),
        ForkProof(proof.first, Certified(other.header, proof.first.certificate)),
    ):
        with pytest.raises(Malformed):
            light.check_fork(wrong, trusted.seats)
    with pytest.raises(Malformed):
        light.check_fork(proof, trusted.seats[:3])


def test_an_unsigned_other_header_is_no_fork(chain: Chain) -> None:
    trusted = light.advance(chain.genesis, chain.at(3), CLOCK)
    other = change(chain.at(3).header, state=bytes(32))
    with pytest.raises(Malformed):
        light.advance(trusted, Certified(other, chain.at(3).certificate), CLOCK)


def test_trust_grows_old_and_a_second_witness_renews_it(chain: Chain) -> None:
    late = Clock(START_MS + 91 * DAY, 90 * DAY)
    with pytest.raises(StaleTrust):
        light.advance(chain.genesis, chain.at(5), late)
    digest = header_hash(chain.at(5).header)
    assert light.advance(chain.genesis, chain.at(5), late, (), (digest,)).height == 5
    with pytest.raises(StaleTrust):
        light.advance(chain.genesis, chain.at(5), late, (), (header_hash(chain.at(4).header),))


def test_a_second_witness_does_not_replace_the_certificate(chain: Chain) -> None:
    late = Clock(START_MS + 91 * DAY, 90 * DAY)
    few = Certified(chain.at(5).header, signed_by(chain.at(5).header, WIJKEN[:2]))
    with pytest.raises(Malformed, match="precommits"):
        light.advance(chain.genesis, few, late, (), (header_hash(few.header),))


def test_a_checkpoint_is_the_word_of_ones_own_board(chain: Chain) -> None:
    digest = header_hash(chain.at(5).header)
    checkpoint = Checkpoint(5, digest)
    message = light.checkpoint_bytes(CHAIN, 0, checkpoint)
    key = public("seat W1")
    signed = SignedCheckpoint(key, checkpoint, crypto.sign(seed("seat W1"), message))
    assert light.check_checkpoint(chain.genesis, signed, key) == digest
    with pytest.raises(Malformed, match="not signed by this board"):
        light.check_checkpoint(chain.genesis, signed, public("seat W2"))
    with pytest.raises(Malformed, match="not good"):
        moved = change(signed, checkpoint=Checkpoint(4, digest))
        light.check_checkpoint(chain.genesis, moved, key)


def test_every_older_header_is_in_the_history_of_a_newer(chain: Chain) -> None:
    newest = chain.at(5).header
    for height in range(1, 5):
        proof = prove_history(chain.town.ledger._subtree, 4, height - 1)
        light.check_old_header(newest, chain.at(height).header, proof)
        with pytest.raises(Malformed):
            light.check_old_header(newest, chain.at(height % 4 + 1).header, proof)
        forged_header = change(chain.at(height).header, state=bytes(32))
        with pytest.raises(Malformed, match="not in the history"):
            light.check_old_header(newest, forged_header, proof)
    with pytest.raises(Malformed, match="another height"):
        light.check_old_header(newest, chain.at(2).header, ListProof(1, 5, proof.siblings))


def test_records_and_their_absence_are_proved(chain: Chain) -> None:
    header, ledger = chain.at(5).header, chain.town.ledger
    for name in ("anna", "ben", "trio"):
        stored, proof = ledger.prove(ACCOUNTS.number, account_of(name))
        found = light.read_record(header, ACCOUNTS, account_of(name), stored, proof)
        assert found == ledger.get(ACCOUNTS, account_of(name))
        with pytest.raises(Malformed):
            light.read_record(header, ACCOUNTS, account_of(name), None, proof)
        with pytest.raises(Malformed):
            light.read_record(header, PURSES, account_of(name), stored, proof)
        assert stored is not None
        for wrong in (stored[:-1], stored + b"\0", b"", bytes(16) + stored[16:]):
            with pytest.raises(Malformed):
                light.read_record(header, ACCOUNTS, account_of(name), wrong, proof)
    stored, proof = ledger.prove(ACCOUNTS.number, account_of("nobody"))
    assert stored is None
    assert light.read_record(header, ACCOUNTS, account_of("nobody"), None, proof) is None
    with pytest.raises(Malformed):
        light.read_record(header, ACCOUNTS, account_of("anna"), None, proof)
    empty = tree.Proof((tree.Level(0, ()),), ())
    with pytest.raises(Malformed):
        light.read_record(header, ACCOUNTS, account_of("anna"), None, empty)


def test_receipts_are_proved_leaf_by_leaf(chain: Chain) -> None:
    from chain.money import Cents

    give = call("give", Give(account_of("ben"), Cents(10)))
    chain.grow(chain.town.by("anna", give))
    header, receipt = chain.headers[-1].header, chain.blocks[-1].receipts[0]
    leaves = receipt_leaves(receipt)
    plain = [encode(OutcomeLeaf(receipt.wire_hash, receipt.id, receipt.refusal))] + [
        encode(PartyLeaf(receipt.wire_hash, receipt.id, event.party, (event.data,)))
        for event in receipt.events
    ]
    for number, leaf in enumerate(plain):
        proof = prove_in_list(leaves, number)
        assert light.check_receipt(header, leaf, proof).id == receipt.id
        with pytest.raises(Malformed):
            light.check_receipt(chain.at(5).header, leaf, proof)
        with pytest.raises(Malformed):
            light.check_receipt(header, leaf + b"\0", proof)
        with pytest.raises(Malformed):
            light.check_receipt(header, plain[number - 1], proof)
