"""The JSON shapes of boards and of what lies before them; the rest is in shapes.py."""

from __future__ import annotations

from node.api.shapes import Hex, Refusal, Shape


class BoardAnswer(Shape):
    """numerator / denominator of the members must approve, rounded up. `treasury`: the wijk's own
    account. `caretaker`: it may only keep things going."""

    height: int
    wijk: str
    members: list[str]
    successors: int
    numerator: int
    denominator: int
    founding: bool
    caretaker: bool
    term_end_ms: int
    treasury: str


class CallShape(Shape):
    """`data`: the call's bytes, for those who may see whom it concerns."""

    contract: str
    method: str
    data: Hex | None


class ProposalShape(Shape):
    """`status`: open, carried, failed, withdrawn or lapsed. `motivation`: null if it is kept off
    the chain. `work`: what an approval must set aside."""

    id: Hex
    wijk: str
    status: str
    motivation: str | None
    approvals: int
    approvals_needed: int
    objection_class: int
    lapses_ms: int
    work: int
    calls: list[CallShape]
    refusal: Refusal | None


class ProposalsAnswer(Shape):
    """The open ones; at most 200."""

    height: int
    proposals: list[ProposalShape]


class MotionShape(Shape):
    """As a proposal; `approved_by`: wijken."""

    id: Hex
    proposer: str
    status: str
    motivation: str | None
    approvals: int
    approvals_needed: int
    approved_by: list[str]
    lapses_ms: int
    work: int
    calls: list[CallShape]
    refusal: Refusal | None


class MotionsAnswer(Shape):
    """The open ones; at most 200."""

    height: int
    motions: list[MotionShape]
