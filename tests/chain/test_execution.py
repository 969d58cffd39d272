"""Execution: what a block does to the state, and which blocks are invalid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain import admission, block, execution
from chain.account import PURSES, Replayed, account_id, window_of
from chain.admission import Signatures
from chain.authority import NotAuthorised
from chain.block import PartyLeaf, Receipt, receipt_leaves, receipts_root
from chain.codec import encode
from chain.contract import (
    BadArguments,
    ClosedToOneTimeKeys,
    ContractMoved,
    NotACall,
    UnknownContract,
    UnknownMethod,
    UnneededWitness,
)
from chain.crypto import tagged
from chain.errors import InvalidBlock, Malformed
from chain.execution import Applied, BlockFull, Execution, apply_block
from chain.kinds import Tag
from chain.merkle import list_root
from chain.money import Cents
from chain.rules import DUE
from chain.transaction import AccountActor, Call, Transaction, parse
from tests.chain.toy import (
    RELEASE_2,
    START_MS,
    Carry,
    Give,
    Later,
    Town,
    ToyRefused,
    Work,
    Write,
    Written,
    account_of,
    call,
    certify,
    change,
    public,
    signed,
    with_header,
)


def refusal_of(receipt: Receipt) -> tuple[int, tuple[int | str | bytes, ...]] | None:
    return (receipt.refusal[0].code, receipt.refusal[0].values) if receipt.refusal else None


def test_a_transfer_moves_money_and_is_reported() -> None:
    town = Town()
    applied = town.block(town.by("anna", call("give", Give(account_of("ben"), Cents(250)))))
    assert (town.balance("anna"), town.balance("ben")) == (750, 1250)
    assert applied.receipts[0].refusal == ()


def test_a_refused_call_leaves_no_trace_but_uses_its_number() -> None:
    town = Town()
    sent = town.by("anna", call("spoil", Write("a", 1)), number=7)
    receipt = town.block(sent).receipts[0]
    assert refusal_of(receipt) == (ToyRefused.code, ("a",))
    assert receipt.events == () and town.entry("a") is None
    purse = town.ledger.find(PURSES, account_of("anna"))
    assert purse is not None and window_of(purse, 1).highest == 7
    with pytest.raises(Replayed):
        Execution(town.ledger.parent(), START_MS + 5000, town.release, Signatures()).run(sent)


def test_all_calls_happen_or_none() -> None:
    town = Town()
    receipt = town.block(
        town.by("anna", call("write", Write("a", 1)), call("spoil", Write("b", 2)))
    ).receipts[0]
    assert receipt.refusal[0].call == 1 and receipt.events == ()
    assert town.entry("a") is None
    town.block(town.by("anna", call("write", Write("a", 1)), call("erase", Write("a", 0))))
    assert town.entry("a") is None


def test_a_later_call_sees_what_an_earlier_one_did() -> None:
    town = Town()
    to = account_of("ben")
    give = call("give", Give(to, Cents(600)))
    assert refusal_of(town.block(town.by("anna", give, give)).receipts[0]) == (
        ToyRefused.code,
        ("balance",),
    )
    assert town.balance("anna") == 1000


REFUSALS: list[tuple[str, Call, tuple[int, tuple[int | str | bytes, ...]]]] = [
    # each row is wrong in this and in every later respect that can still be wrong
    ("unknown contract", Call("no", 9, "no", b""), (UnknownContract.code, ("no",))),
    ("another version", Call("toy", 9, "no", b""), (ContractMoved.code, ("toy", 9, 1))),
    ("unknown method", Call("toy", 1, "no", b""), (UnknownMethod.code, ("toy", "no"))),
    ("arguments", Call("toy", 1, "write", b""), (BadArguments.code, ("toy", "write"))),
    ("not authorised", call("board_only", Write("a", 1)), (NotAuthorised.code, ("board:W1",))),
]


@pytest.mark.parametrize(("what", "wrong", "code"), REFUSALS, ids=[r[0] for r in REFUSALS])
def test_a_call_is_refused_in_this_order(what: str, wrong: Call, code: Any) -> None:
    town = Town()
    assert refusal_of(town.block(town.by("anna", wrong)).receipts[0]) == code


def test_a_one_time_key_reaches_only_what_is_open_to_it() -> None:
    town = Town()
    closed = Call("toy", 1, "write", b"not arguments")
    for wrong in (closed, Call("toy", 2, "ballot", b""), Call("no", 1, "ballot", b"")):
        transaction = town.by_key("k", wrong)
        applied, dropped = town.build_all(transaction)
        assert applied.receipts == () and dropped == ((transaction, ClosedToOneTimeKeys),)
    applied = town.block(town.by_key("k", call("ballot", Write("vote", 3))))
    assert applied.receipts[0].refusal == () and town.entry("vote") is not None


def test_a_decision_carries_out_all_its_calls_or_none() -> None:
    town = Town()
    good = (call("board_only", Write("a", 1)), call("write", Write("b", 2)))
    applied = town.block(town.by("anna", call("carry", Carry(good))))
    assert town.entry("a") is not None and town.entry("b") is not None
    assert [e.data for e in applied.receipts[0].events] == [
        encode(Written("a", 1)),
        encode(Written("b", 2)),
    ]
    bad = (call("write", Write("c", 1)), call("spoil", Write("d", 1)))
    receipt = town.block(town.by("anna", call("carry", Carry(bad)))).receipts[0]
    assert receipt.refusal == () and receipt.events == () and town.entry("c") is None
    why = town.entry("not-carried")
    assert why is not None and (why.value, why.by) == (ToyRefused.code, "call-1")


def test_what_a_decision_may_not_carry_is_refused_before_its_arguments() -> None:
    town = Town()
    town.block(town.by("anna", call("carry", Carry((Call("toy", 1, "carry", b"?"),)))))
    why = town.entry("not-carried")
    assert why is not None and why.value == NotACall.code


# Due work.


def test_due_work_runs_by_time_then_by_number_and_only_when_due() -> None:
    town = Town()
    at = START_MS + 10_000
    town.block(
        town.by(
            "anna",
            *(call("later", Later(at + ms, f"n{ms}", "happen")) for ms in (2, 0, 1)),
            call("later", Later(at, "again", "happen")),
        )
    )
    early = town.block(step_ms=at - town.time_ms - 1)
    assert early.receipts == ()
    late = town.block(step_ms=2)
    assert [receipt.events[0].data for receipt in late.receipts] == [
        encode(Written(name, 1)) for name in ("n0", "again", "n1")
    ]
    assert late.receipts[0].id == bytes(32)
    assert late.receipts[0].wire_hash == late.block.header.parent
    assert town.entry("n2") is None and len(list(town.ledger.scan(DUE))) == 1


def test_due_work_beyond_its_cost_waits_for_the_next_block() -> None:
    town = Town(parameters={"due_cost_max": 2 * execution.DUE_COST + 1})
    calls = [call("later", Later(START_MS + 1500, f"d{i}", "happen")) for i in range(5)]
    town.block(town.by("anna", *calls))
    done = [len(town.block().receipts) for _ in range(4)]
    assert done == [2, 2, 1, 0]
    heights = []
    for i in range(5):
        entry = town.entry(f"d{i}")
        assert entry is not None
        heights.append(entry.value)
    assert heights == [2, 2, 3, 3, 4]


def test_refused_due_work_is_done_with_and_stops_nothing() -> None:
    town = Town()
    town.block(
        town.by(
            "anna",
            call("later", Later(START_MS + 1500, "bad", "happen_badly")),
            call("later", Later(START_MS + 1500, "gone", "no_such_handler")),
            call("later", Later(START_MS + 1500, "good", "happen")),
        )
    )
    receipts = town.block().receipts
    assert [refusal_of(r) for r in receipts] == [
        (ToyRefused.code, ("due",)),
        (UnknownMethod.code, ("toy", "no_such_handler")),
        None,
    ]
    assert town.entry("bad") is None and town.entry("good") is not None
    assert list(town.ledger.scan(DUE)) == []


# Room in a block.


def works(town: Town, *costs: int) -> list[Transaction]:
    return [town.by("anna", call("work", Work(cost))) for cost in costs]


def test_a_block_holds_work_up_to_its_cost_and_no_more() -> None:
    town = Town(parameters={"block_cost_max": 1000})
    first, second, third = works(town, 600, 400, 1)
    applied, dropped = town.build_all(first, second, third)
    assert applied.transactions == (first, second) and dropped == ()
    over = change(applied.block, transactions=tuple(t.data for t in (first, second, third)))
    with pytest.raises(BlockFull):
        town.judge(replace(applied, block=over))


def test_a_transaction_above_the_limit_alone_is_dropped_and_blocks_nobody() -> None:
    town = Town(parameters={"block_cost_max": 1000})
    big, small = works(town, 1001, 1)
    applied, dropped = town.build_all(big, small)
    assert applied.transactions == (small,) and dropped == ((big, admission.TooCostly),)


def test_each_further_witness_costs() -> None:
    town = Town(parameters={"block_cost_max": 1000 + execution.WITNESS_COST - 1})
    body = town.by("anna", call("work", Work(1000))).body
    with pytest.raises(admission.TooCostly):
        Execution(town.ledger.parent(), START_MS + 1, town.release, Signatures()).run(
            signed(body, (account_of("anna"), 1, "anna"), (account_of("ben"), 1, "ben"))
        )


def test_the_cost_of_a_call_does_not_depend_on_what_else_a_release_carries() -> None:
    """Otherwise two releases would differ on whether a block is full."""
    town = Town()
    moved = town.by("anna", call("write", Write("a", 1), version=2))
    costs = []
    for release in (town.release, RELEASE_2):
        run = Execution(town.ledger.parent(), START_MS + 1, release, Signatures())
        run.run(moved)
        costs.append(run.cost)
    assert costs[0] == costs[1]


def test_a_block_has_a_largest_number_and_size_of_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town = Town()
    some = works(town, 1, 1, 1)
    monkeypatch.setattr(execution, "TRANSACTIONS_MAX", 2)
    assert len(town.build(*some).transactions) == 2
    monkeypatch.undo()
    monkeypatch.setattr(execution, "TRANSACTIONS_BYTES_MAX", len(some[0].data) + 10)
    assert len(town.build(*some).transactions) == 1
    assert block.TRANSACTIONS_BYTES_MAX < block.BLOCK_BYTES_MAX


# Valid and invalid blocks.


def test_a_validator_accepts_what_another_builds() -> None:
    town = Town(wijken=("W1", "W2", "W3", "W4"))
    for amount in (1, 2, 3):
        town.block(
            town.by("anna", call("give", Give(account_of("ben"), Cents(amount)))),
            town.by("ben", call("spoil", Write("x", amount))),
        )
    assert town.ledger.tip.height == 3 and town.balance("ben") == 1006


H = bytes(range(32))
TAMPERED: dict[str, Any] = {
    "chain": H,
    "epoch": 1,
    "protocol": 2,
    "height": 3,
    "parent": H,
    "time_ms": START_MS + 1000,  # the parent's
    "proposer": "W9",
    "transactions": H,
    "evidence": H,
    "parent_certificate": H,
    "state": H,
    "receipts": H,
    "seats": H,
    "next_seats": H,
    "history": H,
}


def second_block(town: Town) -> Applied:
    town.block(town.by("anna", call("write", Write("a", 1))))
    return town.build(town.by("anna", call("write", Write("b", 2))))


def test_the_table_below_names_every_field_of_a_header() -> None:
    assert set(TAMPERED) == set(block.Header.__struct_fields__)


@pytest.mark.parametrize("name", TAMPERED)
def test_a_block_with_one_wrong_header_field_is_invalid(name: str) -> None:
    town = Town()
    good = second_block(town)
    town.judge(good)
    with pytest.raises(InvalidBlock):
        town.judge(with_header(good, **{name: TAMPERED[name]}))


def test_a_block_with_one_wrong_transaction_is_invalid() -> None:
    town = Town()
    spent = town.by("anna", call("write", Write("a", 1)))
    town.block(spent)
    good = town.build(town.by("anna", call("write", Write("b", 2))))
    expired = town.by("anna", call("write", Write("b", 2)), valid_until_ms=town.time_ms)
    forged = replace_signature(town.by("anna", call("write", Write("b", 2))))
    fresh = town.by("ben", call("write", Write("b", 2)))
    for wrong, error in (
        ((spent.data,), Replayed),
        ((expired.data,), admission.Expired),
        ((forged,), admission.BadSignature),
        ((fresh.data, fresh.data), admission.Duplicate),
        ((fresh.data + b"\x00",), Malformed),
    ):
        bad = replace(good, block=change(good.block, transactions=wrong))
        with pytest.raises(error):
            town.judge(bad)


def replace_signature(transaction: Transaction) -> bytes:
    data = bytearray(transaction.data)
    data[-1] ^= 1
    return bytes(data)


def test_one_id_with_two_signature_sets_stands_once_in_a_block() -> None:
    town = Town()
    trio = account_of("trio")
    body = town.body(AccountActor(trio, 1), call("write", Write("a", 1)))
    first = signed(body, (trio, 1, "t1"), (trio, 2, "t2"))
    second = signed(body, (trio, 1, "t1"), (trio, 3, "t3"))
    assert first.id == second.id and first.wire_hash != second.wire_hash
    applied, dropped = town.build_all(first, second)
    assert applied.transactions == (first,) and dropped == ((second, admission.Duplicate),)


def test_the_parent_certificate_is_verified_in_full() -> None:
    town = Town(wijken=("W1", "W2", "W3", "W4"))
    first = town.block()
    good = town.build()
    certificate = town.latest[0]
    wrong: list[tuple[Any, type[Exception]]] = [
        ((), InvalidBlock),
        ((change(certificate, height=2),), InvalidBlock),
        ((change(certificate, block=bytes(32)),), InvalidBlock),
        ((change(certificate, signatures=certificate.signatures[:2]),), Malformed),
        ((change(certificate, round=1),), Malformed),
        ((change(certificate, signatures=certificate.signatures[::-1]),), Malformed),
    ]
    for value, error in wrong:
        with pytest.raises(error):
            town.judge(replace(good, block=change(good.block, parent_certificate=value)))
    other_round = certify(first, town.seats().current, round=5)
    applied = replace(good, block=change(good.block, parent_certificate=(other_round,)))
    with pytest.raises(InvalidBlock, match="parent_certificate"):
        town.judge(applied)  # valid in itself, but not what the header commits to


def test_the_first_block_has_no_parent_certificate() -> None:
    town = Town()
    good = town.build()
    certificate = certify(good, town.seats().current)
    with pytest.raises(InvalidBlock, match="first block"):
        town.judge(replace(good, block=change(good.block, parent_certificate=(certificate,))))


def test_judging_is_a_function_of_parent_state_and_bytes() -> None:
    """The same block twice, on the same parent, and nothing was written."""
    town = Town()
    good = town.build(town.by("anna", call("write", Write("a", 1))))
    before = dict(town.store.pairs)
    once, twice = town.judge(good), town.judge(good)
    assert once.block == twice.block and once.hash == twice.hash
    assert town.store.pairs == before and town.entry("a") is None


def test_signatures_found_good_beforehand_hold_for_that_key_only() -> None:
    town = Town()
    bad = town.by("anna", call("write", Write("a", 1)))
    forged = parse(replace_signature(bad))
    trusting = Signatures()
    trusting.known[(forged.wire_hash, 0)] = public("ben")
    with pytest.raises(admission.BadSignature):
        Execution(town.ledger.parent(), START_MS + 1, town.release, trusting).run(forged)


# Receipts.


def test_a_receipt_has_one_leaf_for_the_outcome_and_one_per_party() -> None:
    town = Town()
    applied = town.block(
        town.by(
            "anna",
            call("give", Give(account_of("ben"), Cents(5))),
            call("give", Give(account_of("cem"), Cents(6))),
        )
    )
    (receipt,) = applied.receipts
    leaves = receipt_leaves(receipt)
    assert len(leaves) == 4
    ben = PartyLeaf(
        receipt.wire_hash, receipt.id, account_of("ben"), (encode(Written("received", 5)),)
    )
    assert leaves[2] == tagged(Tag.RECEIPT_LEAF, encode(ben))
    assert applied.block.header.receipts == receipts_root([receipt]) == list_root(leaves)


def test_inadmissible_transactions_leave_no_receipt() -> None:
    town = Town()
    unknown = account_id(bytes(32), (public("x"),), 1, bytes(16))
    body = town.body(AccountActor(unknown, 1), call("write", Write("a", 1)))
    applied, dropped = town.build_all(signed(body, (unknown, 1, "x")))
    assert applied.receipts == () and [why for _, why in dropped] == [admission.UnknownAccount]


def test_a_release_that_carries_more_than_is_in_force_judges_alike() -> None:
    town = Town()
    good = second_block(town)
    judged = apply_block(town.ledger.parent(), good.block, RELEASE_2, town.ledger, Signatures())
    assert judged.hash == good.hash


def test_a_signature_that_no_call_asks_for_is_refused() -> None:
    town = Town()
    actor = AccountActor(account_of("anna"), 1)
    body = town.body(actor, call("give", Give(account_of("cem"), Cents(5))))
    both = signed(body, (account_of("anna"), 1, "anna"), (account_of("ben"), 1, "ben"))
    before = town.balance("cem")
    receipt = town.block(both).receipts[0]
    assert refusal_of(receipt) == (UnneededWitness.code, (account_of("ben"),))
    assert town.balance("cem") == before and receipt.events == ()
