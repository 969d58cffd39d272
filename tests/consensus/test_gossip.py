"""Summaries stay canonical, whatever is held."""

from __future__ import annotations

from consensus.gossip import summary
from consensus.messages import BlockProposal, SignedProposal, check_summary
from consensus.round import Stage
from consensus.tally import Tally

BLOCK = b"\x01" * 32


def test_a_claimed_round_of_which_nothing_is_held_is_listed_in_its_place() -> None:
    tally = Tally(4)
    for round, valid_round in ((0, ()), (3, (1,))):
        proposal = BlockProposal(1, round, valid_round, BLOCK, (1 + round) % 4)
        tally.add_proposal(SignedProposal(proposal, bytes(64)), 3)
    told = summary(tally, 1, 3, Stage.PROPOSE)
    check_summary(told, 4)
    assert [listed.round for listed in told.rounds] == [0, 1, 3]
