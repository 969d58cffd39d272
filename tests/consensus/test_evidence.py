from __future__ import annotations

import pytest

from chain import crypto
from chain.certificate import Seat, Vote, vote_bytes
from chain.codec import decode, encode
from chain.errors import Malformed
from chain.kinds import Kind
from consensus.evidence import (
    Evidence,
    Place,
    check_evidence,
    conflict,
    decode_evidence,
    encode_evidence,
    evidence_root,
)
from consensus.messages import (
    BlockProposal,
    RoundSummary,
    SignedProposal,
    SignedVote,
    Summary,
    bitmap,
    check_proposal,
    check_vote,
    decode_summary,
    has,
    proposal_bytes,
)
from consensus.proposer import proposer

CHAIN, EPOCH = b"c" * 32, 3
SEEDS = [bytes([n]) * 32 for n in range(1, 5)]
SEATS = tuple(Seat(f"WK{n}", crypto.public_key(seed)) for n, seed in enumerate(SEEDS))
A, B = b"A" * 32, b"B" * 32


def vote(block: bytes, seat: int = 2, kind: Kind = Kind.PREVOTE, round: int = 1) -> SignedVote:
    body = Vote(9, round, block, seat)
    return SignedVote(
        int(kind), body, crypto.sign(SEEDS[seat], vote_bytes(kind, CHAIN, EPOCH, body))
    )


def proposal(block: bytes, round: int = 1, valid_round: tuple[int, ...] = ()) -> SignedProposal:
    body = BlockProposal(9, round, valid_round, block, proposer(4, 9, round))
    signature = crypto.sign(SEEDS[body.seat], proposal_bytes(CHAIN, EPOCH, body))
    return SignedProposal(body, signature)


def evidence(one: object, other: object) -> Evidence:
    found = conflict(one, other)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_turns_go_round_with_height_and_round() -> None:
    assert [proposer(4, h, r) for h, r in ((4, 0), (4, 1), (5, 0), (7, 3))] == [0, 1, 1, 2]


def test_a_good_vote_and_a_good_proposal_pass() -> None:
    assert check_vote(vote(A), SEATS, CHAIN, EPOCH)
    assert check_vote(vote(b"", kind=Kind.PRECOMMIT), SEATS, CHAIN, EPOCH)
    assert check_proposal(proposal(A), SEATS, CHAIN, EPOCH)
    assert check_proposal(proposal(A, 2, (1,)), SEATS, CHAIN, EPOCH)


def test_a_signature_holds_for_one_kind_chain_and_epoch_only() -> None:
    signed = vote(A)
    other_kind = SignedVote(int(Kind.PRECOMMIT), signed.vote, signed.signature)
    assert not check_vote(other_kind, SEATS, CHAIN, EPOCH)
    assert not check_vote(signed, SEATS, b"d" * 32, EPOCH)
    assert not check_vote(signed, SEATS, CHAIN, EPOCH + 1)
    assert not check_proposal(proposal(A), SEATS, CHAIN, EPOCH + 1)


def test_a_vote_names_a_whole_block_or_none() -> None:
    assert not check_vote(vote(b"A" * 31), SEATS, CHAIN, EPOCH)


def test_a_seat_must_exist() -> None:
    assert not check_vote(vote(A, seat=3), SEATS[:3], CHAIN, EPOCH)


def test_only_the_proposer_of_the_round_proposes() -> None:
    body = BlockProposal(9, 1, (), A, 3)  # it is seat 2's turn
    signed = SignedProposal(body, crypto.sign(SEEDS[3], proposal_bytes(CHAIN, EPOCH, body)))
    assert not check_proposal(signed, SEATS, CHAIN, EPOCH)


@pytest.mark.parametrize("valid_round", [1, 2])
def test_a_valid_round_lies_before_the_round(valid_round: int) -> None:
    assert not check_proposal(proposal(A, 1, (valid_round,)), SEATS, CHAIN, EPOCH)


def test_a_vote_of_another_kind_is_malformed() -> None:
    signed = vote(A)
    with pytest.raises(Malformed):
        decode(SignedVote, encode(SignedVote(1, signed.vote, signed.signature)))


def test_two_votes_for_one_place_are_evidence_in_one_order() -> None:
    assert evidence(vote(A), vote(B)) == evidence(vote(B), vote(A))
    assert check_evidence(evidence(vote(A), vote(b"")), SEATS, CHAIN, EPOCH) == Place(2, 9, 1, 2)


def test_two_proposals_for_one_round_are_evidence() -> None:
    place = Place(3, 9, 2, Kind.BLOCK_PROPOSAL)
    assert check_evidence(evidence(proposal(A, 2), proposal(B, 2)), SEATS, CHAIN, EPOCH) == place
    again = evidence(proposal(A, 2), proposal(A, 2, (0,)))
    assert check_evidence(again, SEATS, CHAIN, EPOCH) == place


def test_different_places_or_the_same_words_are_no_evidence() -> None:
    assert conflict(vote(A), vote(A)) is None
    assert conflict(vote(A), vote(B, round=2)) is None
    assert conflict(vote(A), vote(B, kind=Kind.PRECOMMIT)) is None
    assert conflict(vote(A), vote(B, seat=1)) is None
    other_signature = SignedVote(int(Kind.PREVOTE), vote(A).vote, b"s" * 64)
    assert conflict(vote(A), other_signature) is None


def forged() -> list[tuple[str, Evidence]]:
    good = evidence(vote(A), vote(B))
    bad = SignedVote(int(Kind.PREVOTE), vote(B).vote, b"s" * 64)
    elsewhere = encode(vote(B, round=2))
    return [
        ("kind 1", Evidence(1, good.first, good.second)),
        ("truncated", Evidence(2, good.first, good.second[:-1])),
        ("two places", Evidence(2, *sorted((good.first, elsewhere)))),
        ("two places", Evidence(3, good.first, good.second)),
        ("same", Evidence(2, good.first, good.first)),
        ("order", Evidence(2, good.second, good.first)),
        ("neither", evidence(vote(A), vote(b"x"))),
        ("bad signature", evidence(vote(A), bad)),
    ]


@pytest.mark.parametrize("why, bad", forged(), ids=[why for why, _ in forged()])
def test_forged_evidence_is_refused(why: str, bad: Evidence) -> None:
    with pytest.raises(Malformed, match=why):
        check_evidence(bad, SEATS, CHAIN, EPOCH)


def test_evidence_against_a_seat_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Malformed, match="seat 2 of 2"):
        check_evidence(evidence(vote(A), vote(B)), SEATS[:2], CHAIN, EPOCH)


def test_a_list_has_one_order_and_the_empty_one_a_root() -> None:
    one, other = evidence(vote(A), vote(B)), evidence(vote(A, seat=1), vote(B, seat=1))
    data = encode_evidence((one, other))
    assert data == encode_evidence((other, one))
    assert set(decode_evidence(data)) == {one, other}
    assert decode_evidence(encode_evidence(())) == ()
    assert evidence_root((one, other)) == evidence_root((other, one)) != evidence_root(())
    assert len(evidence_root(())) == 32
    for unsorted in (tuple(reversed(decode_evidence(data))), (one, one)):
        with pytest.raises(Malformed, match="sorted"):
            decode_evidence(encode(unsorted))


def test_a_bitmap_names_seats() -> None:
    bits = bitmap([0, 9], 10)
    assert bits == b"\x01\x02"
    assert [seat for seat in range(10) if has(bits, seat)] == [0, 9]


@pytest.mark.parametrize("n", [1, 4, 8, 9, 200])
def test_a_summary_round_trips(n: int) -> None:
    bits = bitmap(range(n), n)
    summary = Summary(9, 1, 2, (RoundSummary(0, bits, bits, True),))
    assert decode_summary(encode(summary), n) == summary


@pytest.mark.parametrize(
    "why, rounds",
    [
        ("sorted", (RoundSummary(1, b"\0", b"\0", True), RoundSummary(0, b"\0", b"\0", True))),
        ("sorted", (RoundSummary(1, b"\0", b"\0", True), RoundSummary(1, b"\0", b"\0", True))),
        ("0 bytes", (RoundSummary(0, b"", b"\0", False),)),
        ("2 bytes", (RoundSummary(0, b"\0", b"\0\0", False),)),
        ("spare", (RoundSummary(0, b"\x10", b"\0", False),)),
        ("spare", (RoundSummary(0, b"\0", b"\x80", False),)),
    ],
)
def test_a_bitmap_of_another_length_is_malformed(
    why: str, rounds: tuple[RoundSummary, ...]
) -> None:
    """ASA-2025-003: a bit array of another length halted a network."""
    with pytest.raises(Malformed, match=why):
        decode_summary(encode(Summary(9, 0, 1, rounds)), 4)
