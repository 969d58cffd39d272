"""What a node does with what peers say about the open height: check, take in, pass on, answer.

A node passes on any good vote or proposal once, whoever signed it; summaries repair what was lost
(`consensus.gossip`). A connected graph is enough, never a full mesh.

Each of these raises Malformed when the peer broke the protocol, and before anything of the
message was taken in, except where it says otherwise.
"""

from __future__ import annotations

from chain.block import header_hash
from chain.errors import Malformed
from chain.kinds import Kind
from consensus.events import ProposalReceived, VoteReceived
from consensus.messages import SignedVote, check_proposal, check_vote
from node.effects import Effects, PeerId, Send
from node.height import OpenHeight
from node.messages import (
    BlockTransactions,
    CandidateBlock,
    CompactBlock,
    Proposal,
    Signed,
    Standing,
    Votes,
    WantBlock,
    WantSigned,
    WantTransactions,
)

OpenHeightMessage = (
    Proposal
    | Votes
    | CandidateBlock
    | BlockTransactions
    | WantBlock
    | WantTransactions
    | WantSigned
)


def take(open_: OpenHeight, peer: PeerId, message: OpenHeightMessage) -> Effects:
    match message:
        case Proposal():
            yield from take_proposal(open_, peer, message)
        case Votes(votes):
            yield from take_votes(open_, peer, votes)
        case CandidateBlock():
            yield from take_candidate(open_, peer, message)
        case BlockTransactions():
            yield from take_transactions(open_, message)
        case WantBlock():
            yield from give_block(open_, peer, message)
        case WantTransactions():
            yield from give_transactions(open_, peer, message)
        case WantSigned(height, seat):
            yield Send((peer,), signed_by(open_, height, seat))


def answer_standing(open_: OpenHeight, peer: PeerId, standing: Standing) -> Effects:
    """Send what a peer at our height lacks."""
    votes = []
    for message in open_.machine.missing(standing.summary):
        if isinstance(message, SignedVote):
            votes.append(message)
        else:
            yield from open_.send_proposal((peer,), message)
    if votes:
        yield Send((peer,), Votes(tuple(votes)))


def take_proposal(open_: OpenHeight, peer: PeerId, message: Proposal) -> Effects:
    signed = message.signed
    proposal = signed.proposal
    if proposal.height != open_.number:
        return
    new = open_.seen.new(signed, open_.machine.round)
    if not new and (proposal.block in open_.candidates or not open_.machine.backed(proposal.block)):
        return
    tip = open_.common.ledger.tip
    if not check_proposal(signed, open_.seats, tip.chain, tip.epoch):
        raise Malformed("a proposal with a bad signature, or out of turn")
    if header_hash(message.block.header) != proposal.block:
        raise Malformed("a proposal whose block is another")
    open_.refuse_foreign(signed)
    missing = _collect(open_, message.block)
    open_.seen.note(signed, open_.machine.round)
    open_.candidates.received(proposal.block, proposal.round, open_.common.now_ms)
    beyond = open_.common.peers.beyond(peer)
    if new and beyond:
        yield Send(beyond, message)
    yield from _ask_for_missing(open_, peer, proposal.block, missing)
    yield from open_.drive(ProposalReceived(signed))
    yield from open_.judge_waiting()


def take_candidate(open_: OpenHeight, peer: PeerId, message: CandidateBlock) -> Effects:
    """The answer to WantBlock; a block that nothing here waits for is let go."""
    header = message.block.header
    block_hash = header_hash(header)
    if header.height != open_.number or not open_.machine.backed(block_hash):
        return
    missing = _collect(open_, message.block)
    yield from _ask_for_missing(open_, peer, block_hash, missing)
    yield from open_.judge_waiting()


def _collect(open_: OpenHeight, found: CompactBlock) -> tuple[int, ...]:
    """Raises Malformed."""
    open_.candidates.prune(open_.machine.backed)
    _, missing = open_.candidates.add(found, open_.common.mempool.find)
    return missing


def _ask_for_missing(
    open_: OpenHeight, peer: PeerId, block_hash: bytes, missing: tuple[int, ...]
) -> Effects:
    if missing:
        yield Send((peer,), WantTransactions(open_.number, block_hash, missing))


def take_transactions(open_: OpenHeight, message: BlockTransactions) -> Effects:
    if message.height == open_.number:
        open_.candidates.fill(message.block, message.transactions)
        yield from open_.judge_waiting()


def take_votes(open_: OpenHeight, peer: PeerId, votes: tuple[SignedVote, ...]) -> Effects:
    """All votes for the open height are checked before one is taken in."""
    fresh: list[SignedVote] = []
    again: list[SignedVote] = []
    late: list[SignedVote] = []
    tip = open_.common.ledger.tip
    for signed in dict.fromkeys(votes):
        height = signed.vote.height
        if height == tip.height and open_.tip is not None and open_.tip.add(signed):
            late.append(signed)
        if height != open_.number:
            continue
        new = open_.seen.new(signed, open_.machine.round)
        if not new and not _claimed(open_, signed):
            continue
        if not check_vote(signed, open_.seats, tip.chain, tip.epoch):
            raise Malformed("a vote with a bad signature")
        open_.refuse_foreign(signed)
        (fresh if new else again).append(signed)
    for signed in fresh:
        open_.seen.note(signed, open_.machine.round)
    beyond = open_.common.peers.beyond(peer)
    if beyond and (fresh or late):
        yield Send(beyond, Votes(tuple(fresh + late)))
    for signed in fresh + again:
        yield from open_.drive(VoteReceived(signed))


def _claimed(open_: OpenHeight, signed: SignedVote) -> bool:
    """A prevote for a block that matters now, which the machine does not count?

    The tally refuses a seat's second prevote until a proposal claims a polka with it
    (`consensus.tally`), so it is handed in again, though not passed on again.
    """
    vote, machine = signed.vote, open_.machine
    if signed.kind != Kind.PREVOTE or not machine.backed(vote.block):
        return False
    return vote.seat not in [v.vote.seat for v in machine.polka(vote.round, vote.block)]


def give_block(open_: OpenHeight, peer: PeerId, wanted: WantBlock) -> Effects:
    found = open_.candidates.compact(wanted.block)
    if wanted.height == open_.number and found is not None:
        yield Send((peer,), CandidateBlock(found))


def give_transactions(open_: OpenHeight, peer: PeerId, wanted: WantTransactions) -> Effects:
    block = open_.candidates.block(wanted.block)
    if wanted.height != open_.number or block is None:
        return
    positions = [i for i in wanted.positions if i < len(block.transactions)]
    found = tuple(block.transactions[i] for i in positions)
    yield Send((peer,), BlockTransactions(wanted.height, wanted.block, found))


def ask_again(open_: OpenHeight) -> Effects:
    """What a candidate lacks is asked of everyone, in case who sent it is gone."""
    peers = open_.common.peers.all()
    for block_hash in open_.unjudged() if peers else ():
        missing = open_.candidates.missing(block_hash)
        if block_hash not in open_.candidates:
            yield Send(peers, WantBlock(open_.number, block_hash))
        elif missing:
            yield Send(peers, WantTransactions(open_.number, block_hash, missing))


def signed_by(open_: OpenHeight, height: int, seat: int) -> Signed:
    """What we hold that a seat signed for the open height; nothing for another height."""
    if height != open_.number or not open_.machine.started:
        return Signed(open_.number, seat, (), ())
    held = open_.machine.snapshot()
    return Signed(
        height,
        seat,
        tuple(p for p in held.proposals if p.proposal.seat == seat),
        tuple(v for v in held.votes if v.vote.seat == seat),
    )
