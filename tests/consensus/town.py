"""Shared pieces: seats without keys (the machine checks no signatures) and a town on a bad net."""

from __future__ import annotations

from hashlib import sha256

from chain.certificate import Certificate, Seat, Vote
from chain.kinds import Kind
from consensus import machine as m
from consensus.messages import BlockProposal, SignedMessage, SignedProposal, SignedVote
from consensus.proposer import proposer

HEIGHT = 4
TIMERS = m.Timers(2_000, 500, 1_000, 500, 10_000)
A, B, C, NIL = b"A" * 32, b"B" * 32, b"C" * 32, b""


def seats(n: int) -> tuple[Seat, ...]:
    return tuple(Seat(f"WK{i:03}", bytes([i]) * 32) for i in range(n))


def machine(me: int | None = 1, n: int = 4, height: int = HEIGHT) -> m.Machine:
    return m.Machine(seats(n), me, height, TIMERS)


def vote(kind: Kind, block: bytes, seat: int, round: int = 0, height: int = HEIGHT) -> SignedVote:
    body = Vote(height, round, block, seat)
    return SignedVote(int(kind), body, sha256(repr((kind, body)).encode()).digest() * 2)


def prevote(block: bytes, seat: int, round: int = 0) -> SignedVote:
    return vote(Kind.PREVOTE, block, seat, round)


def precommit(block: bytes, seat: int, round: int = 0) -> SignedVote:
    return vote(Kind.PRECOMMIT, block, seat, round)


def proposal(
    block: bytes, round: int = 0, valid_round: tuple[int, ...] = (), n: int = 4
) -> SignedProposal:
    body = BlockProposal(HEIGHT, round, valid_round, block, proposer(n, HEIGHT, round))
    return SignedProposal(body, b"p" * 64)


def event(message: SignedMessage) -> m.Event:
    if isinstance(message, SignedVote):
        return m.VoteReceived(message)
    return m.ProposalReceived(message)


class Town:
    """n machines; every message is kept in `sent` until the test hands it over."""

    def __init__(self, n: int, silent: tuple[int, ...] = ()) -> None:
        self.n = n
        self.silent = silent
        self.machines = [machine(seat, n) for seat in range(n)]
        self.sent: list[SignedMessage] = []
        self.timers: list[list[m.Arm]] = [[] for _ in range(n)]
        self.decisions: dict[int, Certificate] = {}
        self.signed: dict[tuple[int, int, int], SignedMessage] = {}
        self.built = 0

    def start(self, seat: int) -> None:
        self.act(seat, self.machines[seat].start())

    def hand(self, seat: int, message: SignedMessage) -> None:
        self.act(seat, self.machines[seat].handle(event(message)))

    def gossip(self, giver: int, taker: int) -> None:
        for message in self.machines[giver].missing(self.machines[taker].summary()):
            self.hand(taker, message)

    def time_out(self, seat: int, arm: m.Arm) -> None:
        timed_out = m.TimedOut(arm.stage, arm.height, arm.round)
        self.act(seat, self.machines[seat].handle(timed_out))

    def act(self, seat: int, actions: tuple[m.Action, ...]) -> None:
        for action in actions:
            match action:
                case m.SignVote(kind, body):
                    self._signed(seat, vote(kind, body.block, body.seat, body.round))
                case m.SignProposal(body):
                    self._signed(seat, SignedProposal(body, b"p" * 64))
                case m.Build(_, round):
                    self.built += 1
                    block = sha256(b"%d %d" % (seat, self.built)).digest()
                    self.act(seat, self.machines[seat].handle(m.BlockBuilt(block, round)))
                case m.Judge(block, _, round):
                    judged = m.BlockJudged(block, round, True, True)
                    self.act(seat, self.machines[seat].handle(judged))
                case m.Arm():
                    self.timers[seat].append(action)
                case m.Decide(_, certificate):
                    assert seat not in self.decisions, "decided twice"
                    self.decisions[seat] = certificate
                case _:
                    pass

    def _signed(self, seat: int, message: SignedMessage) -> None:
        if isinstance(message, SignedVote):
            place = (seat, message.vote.round, int(message.kind))
        else:
            place = (seat, message.proposal.round, int(Kind.BLOCK_PROPOSAL))
        assert place not in self.signed, "an honest seat signs once for a place"
        self.signed[place] = message
        self.sent.append(message)
        self.hand(seat, message)

    def agree(self) -> None:
        blocks = {certificate.block for certificate in self.decisions.values()}
        assert len(blocks) <= 1, "two decisions at one height"
