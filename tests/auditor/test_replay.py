"""Replay: a true chain passes, and each way to break it is found where it was broken."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from dataclasses import replace
from io import BytesIO

import pytest
from msgspec.structs import replace as changed

from auditor import ahead
from auditor.figures import Result
from auditor.replay import replay
from auditor.verify import Verifiers
from chain.block import Block, header_hash, read_block
from chain.certificate import Certificate
from chain.codec import Record, decode, encode
from chain.contract import ProtocolVersion, Release, ReleaseTooOld
from chain.export import write_export
from chain.transaction import Body, Envelope
from governance_contracts.boards import federation
from governance_contracts.boards.changes import Activate, SetParameter
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.coins.coin import Accept
from governance_contracts.payments.payments import Pay
from governance_contracts.versions import RELEASE
from tests.auditor.history import History, call, told

Blocks = list[tuple[bytes, Certificate]]


@pytest.fixture(scope="module")
def history() -> History:
    return told()


def audit(history: History, blocks: Blocks | None = None, jobs: int = 1) -> Result:
    return replay(BytesIO(history.export(blocks)), jobs, check_genesis=False)


def checks(result: Result) -> list[tuple[int, str]]:
    """Height and check of each finding, but for the remark that execution ends."""
    return [
        (f.height, f.check) for f in result.findings if not f.message.startswith("From here on")
    ]


def paying(history: History) -> int:
    """The position of the block with the first plain payments."""
    return next(
        i for i, a in enumerate(history.applied)
        if any(t.body.calls[0].method == "pay" for t in a.transactions)
    )  # fmt: skip


def with_block(history: History, index: int, block: Block, resign: bool = False) -> Blocks:
    blocks = list(history.blocks)
    certificate = blocks[index][1]
    if resign:
        certificate = history.certify(block.header.height, header_hash(block.header))
    blocks[index] = (encode(block), certificate)
    return blocks


def test_a_true_chain_passes_with_its_figures(history: History) -> None:
    result = replay(BytesIO(history.export()), 1)
    assert result.ok, result.findings
    tip = history.ledger.tip
    assert (result.height, result.state_root) == (tip.height, tip.state_root)
    assert result.transactions == sum(len(a.transactions) for a in history.applied)
    assert result.refused == 1
    votes = sum(len(c.signatures) for _, c in history.blocks)
    last = len(history.blocks[-1][1].signatures)
    assert result.signatures_checked == result.transactions + 2 * votes - last
    coin = {c.coin: c for c in result.coins}[history.coins[0]]
    assert coin.minted - coin.burned == coin.total == coin.cover
    assert sum(count for _, count in result.days) == result.transactions
    assert sum(seat.proposed for seat in result.seats) == result.height


def test_jobs_do_not_change_the_result(history: History) -> None:
    index = paying(history)
    block = read_block(history.blocks[index][0])
    broken = with_block(history, index, swap_signatures(block))
    for blocks in (None, broken):
        one, two = (replace(audit(history, blocks, jobs), seconds=0.0) for jobs in (1, 2))
        assert one == two


def swap_signatures(block: Block) -> Block:
    """Two transactions with each other's signatures."""
    first, second = (decode(Envelope, data) for data in block.transactions[:2])
    crossed = (
        encode(changed(a, witnesses=(changed(a.witnesses[0], signature=b.witnesses[0].signature),)))
        for a, b in ((first, second), (second, first))
    )
    return changed(block, transactions=(*crossed, *block.transactions[2:]))


def test_an_altered_amount_is_found(history: History) -> None:
    index = paying(history)
    block = read_block(history.blocks[index][0])
    envelope = decode(Envelope, block.transactions[0])
    body = decode(Body, envelope.body)
    args = decode(Pay, body.calls[0].args)
    one = changed(args.lines[0], amount=args.lines[0].amount + 1)
    args = changed(args, lines=(one,), gross=args.gross + 1)
    body = changed(body, calls=(changed(body.calls[0], args=encode(args)),))
    data = encode(changed(envelope, body=encode(body)))
    block = changed(block, transactions=(data, *block.transactions[1:]))
    result = audit(history, with_block(history, index, block))
    assert checks(result) == [(index + 1, "block"), (index + 1, "execution")]
    assert "BadSignature" in result.findings[1].message
    assert result.height == index


def test_a_certificate_with_one_signature_too_few_is_found_and_replay_goes_on(
    history: History,
) -> None:
    blocks = list(history.blocks)
    data, certificate = blocks[9]
    blocks[9] = (data, changed(certificate, signatures=certificate.signatures[:-1]))
    result = audit(history, blocks)
    assert checks(result) == [(10, "certificate")]
    assert "2 precommits, 3 needed" in result.findings[0].message
    assert result.height == len(blocks)


def test_a_forged_signature_in_a_certificate_is_found(history: History) -> None:
    blocks = list(history.blocks)
    data, certificate = blocks[9]
    forged = changed(certificate.signatures[0], signature=bytes(64))
    blocks[9] = (data, changed(certificate, signatures=(forged, *certificate.signatures[1:])))
    assert checks(audit(history, blocks)) == [(10, "certificate")]


def test_swapped_blocks_are_found(history: History) -> None:
    blocks = list(history.blocks)
    blocks[5], blocks[6] = blocks[6], blocks[5]
    result = audit(history, blocks)
    assert checks(result) == [(7, "link"), (6, "link"), (8, "link")]
    assert result.height == 5


def test_a_missing_height_is_found(history: History) -> None:
    blocks = history.blocks[:7] + history.blocks[8:]
    result = audit(history, blocks)
    assert checks(result) == [(9, "link")]
    assert "Block 8 is missing" in result.findings[0].message
    assert result.height == 7


@pytest.mark.parametrize("resign", [False, True])
def test_a_changed_state_root_is_found(history: History, resign: bool) -> None:
    block = read_block(history.blocks[11][0])
    block = changed(block, header=changed(block.header, state=bytes(32)))
    result = audit(history, with_block(history, 11, block, resign))
    certificate = [] if resign else [(12, "certificate")]
    assert checks(result) == [*certificate, (12, "execution"), (13, "link")]
    assert "'state'" in next(f for f in result.findings if f.check == "execution").message
    assert result.height == 11


def test_certificates_behind_the_first_broken_block_are_still_checked(history: History) -> None:
    block = read_block(history.blocks[3][0])
    blocks = with_block(history, 3, changed(block, header=changed(block.header, state=bytes(32))))
    data, certificate = blocks[20]
    blocks[20] = (data, changed(certificate, signatures=certificate.signatures[:-1]))
    assert (21, "certificate") in checks(audit(history, blocks))


def test_a_block_that_cannot_be_read_is_found(history: History) -> None:
    blocks = list(history.blocks)
    blocks[4] = (blocks[4][0] + b"x", blocks[4][1])
    result = audit(history, blocks)
    assert checks(result) == [(5, "block")]
    assert result.height == 4


def test_a_file_cut_off_is_audited_as_far_as_it_goes(history: History) -> None:
    data = history.export()
    at = data.index(history.blocks[15][0])
    result = replay(BytesIO(data[: at + 10]), 1, check_genesis=False)
    assert checks(result) == [(16, "file")]
    assert result.height == 15


def test_a_block_of_another_chain_is_found(history: History) -> None:
    other = History(validators=1)
    other.block()
    result = audit(history, other.blocks)
    assert (1, "link") in checks(result)


def test_a_genesis_that_breaks_a_rule_is_found(history: History) -> None:
    document = history.document.replace(b'"name": "Vierstroom"', b'"name": " Vierstroom"')
    out = BytesIO()
    write_export(out, document, ())
    result = replay(BytesIO(out.getvalue()), 1, expected_chain=history.chain)
    assert checks(result) == [(0, "genesis"), (0, "genesis")]


# Other rules from a height on.

WITH_2 = Release(RELEASE.contracts, {**RELEASE.protocols, 2: ProtocolVersion(2)})


def upgraded() -> History:
    """Protocol 2 is in force from some height on, and blocks go on."""
    h = History(validators=1, residents=2)

    def move(*args: Record) -> None:
        calls = tuple(call(one) for one in args)
        work = work_of(h.ledger, RELEASE, calls)
        h.decide(0, federation.Propose(h.codes[0], calls, Text("a reason"), work))

    move(SetParameter("activation_notice", 3))
    move(Activate("protocol", 2, len(h.blocks) + 6))
    for _ in range(8):
        accepts = h.sign(h.home[0], Accept(h.home[0].account, (h.coins[0],)))
        h.block(accepts, release=WITH_2)
    assert read_block(h.blocks[-1][0]).header.protocol == 2
    return h


@pytest.mark.parametrize("jobs", [1, 2])
def test_replay_goes_across_a_change_of_protocol(jobs: int) -> None:
    history = upgraded()
    result = replay(BytesIO(history.export()), jobs, release=WITH_2, check_genesis=False)
    assert result.ok, result.findings
    assert result.height == len(history.blocks)


def test_a_release_without_the_new_rules_stops_before_them() -> None:
    with pytest.raises(ReleaseTooOld, match="protocol version 2"):
        replay(BytesIO(upgraded().export()), 1, check_genesis=False)


def test_batches_of_any_size_give_the_same(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "BATCH", 3)
    monkeypatch.setattr(ahead, "TRANSACTIONS_AHEAD", 10)
    one, two = (replace(audit(history, jobs=jobs), seconds=0.0) for jobs in (1, 2))
    assert one == two and one.ok


def test_a_verifying_process_that_dies_costs_speed_only(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_self: Verifiers, _items: object) -> None:
        raise BrokenExecutor

    monkeypatch.setattr(Verifiers, "submit", die)
    assert audit(history, jobs=2).ok
