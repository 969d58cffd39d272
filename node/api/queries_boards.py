"""Questions about boards and what lies before them.

How a wijk is governed is public: who sits on its board, what is proposed and why, how it ended.
The calls of a proposal may name people's accounts, so in full they are shown to board members only.
"""

from __future__ import annotations

from chain.address import encode_address
from chain.codec import encode
from chain.ledger import Ledger
from chain.transaction import Calls
from governance_contracts.boards.boardroom import BOARDS, caretaker
from governance_contracts.boards.federation import (
    MOTIONS,
    OPEN_MOTIONS,
    Motion,
)
from governance_contracts.boards.federation import approvals_counted as agreed
from governance_contracts.boards.federation import approvals_needed as agreement_needed
from governance_contracts.boards.proposals import (
    OPEN_PROPOSALS,
    PROPOSALS,
    Motivation,
    Proposal,
    ProposalStatus,
    Text,
    approvals_counted,
    approvals_needed,
    open_key,
)
from node.api import shapes_boards as shapes
from node.api.readable import refusal_of

LISTED_MAX = 200


def board(ledger: Ledger, wijk: str, prefix: str) -> shapes.BoardAnswer | None:
    found = ledger.get(BOARDS, wijk)
    if found is None:
        return None
    return shapes.BoardAnswer(
        height=ledger.tip.height,
        wijk=wijk,
        members=[encode_address(prefix, member) for member in found.members],
        successors=len(found.successors),
        numerator=found.numerator,
        denominator=found.denominator,
        founding=found.founding,
        caretaker=caretaker(found, ledger.tip.time_ms),
        term_end_ms=found.term_end_ms,
        treasury=encode_address(prefix, found.treasury),
    )


def open_proposals(ledger: Ledger, wijk: str, prefix: str) -> shapes.ProposalsAnswer:
    first = open_key((wijk, b""))
    listed: list[shapes.ProposalShape] = []
    for key, _since in ledger.scan(OPEN_PROPOSALS, first):
        if not key.startswith(first) or len(listed) == LISTED_MAX:
            break
        shown = proposal(ledger, key[len(first) :])
        assert shown is not None, "what lies open exists"
        listed.append(shown)
    return shapes.ProposalsAnswer(height=ledger.tip.height, proposals=listed)


def proposal(
    ledger: Ledger, id: bytes, *, reader: bytes | None = None
) -> shapes.ProposalShape | None:
    """`reader`: with the calls in full, if this account sits on the board."""
    found = ledger.get(PROPOSALS, id)
    if found is None:
        return None
    sits = ledger.get(BOARDS, found.wijk)
    assert sits is not None, "a proposal is to a board that is there"
    return shapes.ProposalShape(
        id=id.hex(),
        wijk=found.wijk,
        status=_status(found, ledger.tip.time_ms),
        motivation=_text(found.motivation),
        approvals=approvals_counted(sits, found),
        approvals_needed=approvals_needed(sits, found),
        objection_class=found.objection_class,
        lapses_ms=found.lapses_ms,
        work=found.work,
        calls=_calls(found.calls, full=reader is not None and reader in sits.members),
        refusal=refusal_of(found.refusal[0]) if found.refusal else None,
    )


def open_motions(ledger: Ledger) -> shapes.MotionsAnswer:
    listed: list[shapes.MotionShape] = []
    for key, _since in ledger.scan(OPEN_MOTIONS):
        if len(listed) == LISTED_MAX:
            break
        shown = motion(ledger, key)
        assert shown is not None, "what lies open exists"
        listed.append(shown)
    return shapes.MotionsAnswer(height=ledger.tip.height, motions=listed)


def motion(ledger: Ledger, id: bytes, *, reader: bytes | None = None) -> shapes.MotionShape | None:
    """`reader`: with the calls in full, if this account sits on any seated board."""
    found = ledger.get(MOTIONS, id)
    if found is None:
        return None
    full = reader is not None and any(reader in b.members for _wijk, b in ledger.scan(BOARDS))
    return shapes.MotionShape(
        id=id.hex(),
        proposer=found.proposer,
        status=_status(found, ledger.tip.time_ms),
        motivation=_text(found.motivation),
        approvals=agreed(ledger, found),
        approvals_needed=agreement_needed(ledger, found),
        approved_by=list(found.approvals),
        lapses_ms=found.lapses_ms,
        work=found.work,
        calls=_calls(found.calls, full=full),
        refusal=refusal_of(found.refusal[0]) if found.refusal else None,
    )


def _status(found: Proposal | Motion, time_ms: int) -> str:
    if found.status == ProposalStatus.OPEN and time_ms >= found.lapses_ms:
        return "lapsed"
    return ProposalStatus(found.status).name.lower()


def _text(motivation: Motivation) -> str | None:
    return motivation.text if isinstance(motivation, Text) else None


def _calls(calls: Calls, *, full: bool) -> list[shapes.CallShape]:
    return [
        shapes.CallShape(
            contract=call.contract, method=call.method, data=encode(call).hex() if full else None
        )
        for call in calls
    ]
