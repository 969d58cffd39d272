"""Claims decide whom to ask; only certified blocks are believed."""

from __future__ import annotations

import pytest

from chain.codec import encode
from chain.errors import Malformed
from consensus.messages import Summary
from node.effects import Effect, Effects, Send
from node.messages import CertifiedBlock, Standing, WantBlocks
from node.sync import CatchUp, Peers, check_certified
from tests.chain import toy


def standing(height: int, *neighbours: str) -> Standing:
    return Standing(Summary(height, 0, 0, ()), neighbours)


@pytest.fixture
def peers() -> Peers:
    peers = Peers()
    for wijk, height in (("W1", 9), ("W2", 7), ("W3", 3)):
        peers.join(wijk, wijk)
        peers.stand(wijk, standing(height))
    return peers


def play(effects: Effects) -> list[Effect]:
    return list(effects)


def asked(effects: Effects) -> tuple[str, ...]:
    return tuple(p for e in effects if isinstance(e, Send) for p in e.peers)


def test_the_highest_claim_is_asked_and_waited_for(peers: Peers) -> None:
    catch_up = CatchUp(peers)
    assert play(catch_up.ask(3))[0] == Send(("W1",), WantBlocks(3))
    assert catch_up.waiting(3)
    assert play(catch_up.ask(3)) == [], "one at a time"
    assert not catch_up.waiting(4)


def test_who_delivers_nothing_is_not_waited_for_again_at_any_height(peers: Peers) -> None:
    catch_up = CatchUp(peers)
    play(catch_up.ask(3))
    play(catch_up.answered("W1", False, 3))
    assert asked(catch_up.ask(3)) == ("W2",)
    play(catch_up.answered("W2", False, 3))
    assert asked(catch_up.ask(3)) == () and asked(catch_up.ask(4)) == ()
    peers.leave("W1")
    peers.join("W1.again", "W1")
    peers.stand("W1.again", standing(99))
    assert asked(catch_up.ask(4)) == (), "a new connection is the same seat"


def test_who_delivers_after_all_is_waited_for_again(peers: Peers) -> None:
    catch_up = CatchUp(peers)
    play(catch_up.ask(3))
    play(catch_up.answered("W1", False, 3))
    play(catch_up.answered("W1", True, 4))
    assert asked(catch_up.ask(4)) == ("W1",)


def test_those_that_claim_are_asked_aside_in_turn(peers: Peers) -> None:
    catch_up = CatchUp(peers)
    assert [asked(catch_up.ask_aside(3)) for _ in range(3)] == [("W1",), ("W2",), ("W1",)]
    assert not catch_up.waiting(3)


def test_only_the_timer_of_the_last_asking_ends_the_waiting(peers: Peers) -> None:
    catch_up = CatchUp(peers)
    [near] = [e.timer for e in play(catch_up.near(3))]  # type: ignore[union-attr]
    timer = play(catch_up.ask(3))[1].timer  # type: ignore[union-attr]
    play(catch_up.alarm(near))
    assert catch_up.waiting(3) and peers.ahead(3) is not None
    assert asked(catch_up.alarm(timer)) == ("W2",)


def test_a_peer_that_leaves_is_no_longer_waited_for(peers: Peers) -> None:
    catch_up = CatchUp(peers)
    play(catch_up.ask(3))
    catch_up.left("W1")
    assert not catch_up.waiting(3)


def test_passing_on_leaves_out_whom_the_source_reaches(peers: Peers) -> None:
    peers.join("observer", None)
    peers.stand("W1", standing(9, "W2"))
    assert peers.beyond("W1") == ("W3", "observer")
    assert peers.beyond(None) == peers.all()
    assert peers.reached() == ("W1", "W2", "W3")


def test_a_block_counts_with_its_full_certificate_only() -> None:
    town = toy.Town(wijken=("W1", "W2", "W3", "W4"))
    seats = town.seats().following
    applied, other = town.build(), town.build(step_ms=2_000)
    certificate = toy.certify(applied, seats)
    data = encode(applied.block)
    good = CertifiedBlock(data, certificate)
    assert check_certified(good, seats, town.ledger.tip) == applied.block
    few = toy.change(certificate, signatures=certificate.signatures[:2])
    evidence = encode(toy.change(applied.block, evidence=(b"x",)))
    for bad, why in (
        (CertifiedBlock(b"?", certificate), "."),
        (CertifiedBlock(encode(other.block), certificate), "for another block"),
        (CertifiedBlock(evidence, certificate), "evidence does not fit"),
        (CertifiedBlock(data, few), "2 precommits, 3 needed"),
        (CertifiedBlock(data, toy.change(certificate, round=1)), "bad signature"),
    ):
        with pytest.raises(Malformed, match=why):
            check_certified(bad, seats, town.ledger.tip)
