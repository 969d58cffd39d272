"""A board's decision as the ledger runs it: signed transactions, one block, receipts."""

from __future__ import annotations

import pytest

from chain.account import ACCOUNTS, Status
from chain.admission import Signatures, TooCostly
from chain.block import Receipt
from chain.codec import Record, decode, encode
from chain.execution import Execution, Parent
from chain.merkle import EMPTY_FRONTIER
from chain.rules import BLOCK_COST_MAX
from chain.transaction import AccountActor, Body, Transaction, parse, seal, witness
from governance_contracts.boards.board import Approve, Propose
from governance_contracts.boards.proposals import PROPOSALS, ProposalStatus, Text, work_of
from governance_contracts.people.lifecycle import FreezeAccount
from governance_contracts.versions import RELEASE
from tests.contracts.town import CHAIN, EPOCH, START_MS, W1, Town, seed


def signed(town: Town, name: str, args: Record, number: int = 1) -> Transaction:
    actor = AccountActor(town.id(name), 0)
    body = Body(CHAIN, EPOCH, actor, number, START_MS + 60_000, (town.call(args),))
    return parse(seal(body, [witness(body, town.id(name), 0, seed(name))]))


def block(town: Town) -> Execution:
    parent = Parent(CHAIN, EPOCH, 0, CHAIN, START_MS, EMPTY_FRONTIER, town.state)
    return Execution(parent, START_MS + 1_000, RELEASE, Signatures())


def test_two_signed_transactions_freeze_an_account() -> None:
    town = Town()
    call = town.call(FreezeAccount(town.id("dee1"), "lost_phone"))
    work = work_of(town.state, RELEASE, (call,))
    proposing = signed(town, "ada1", Propose(W1, (call,), Text("A phone was lost."), (), work))
    approving = signed(town, "bob1", Approve(proposing.id, work))
    again = signed(town, "cas1", Approve(proposing.id, work))
    execution = block(town)
    receipts = [execution.run(t) for t in (proposing, approving, again)]
    assert [len(receipt.refusal) for receipt in receipts] == [0, 0, 1]
    assert [decode(Receipt, encode(receipt)) for receipt in receipts] == receipts
    assert receipts[2].refusal[0].values == (proposing.id, ProposalStatus.CARRIED)
    proposal = execution.draft.get(PROPOSALS, proposing.id)
    assert proposal is not None
    assert proposal.status == ProposalStatus.CARRIED
    account = execution.draft.find(ACCOUNTS, town.id("dee1"))
    assert account is not None
    assert account.status == Status.FROZEN


def test_the_work_of_a_decision_counts_against_the_block() -> None:
    """Otherwise one small approval could run calls for minutes."""
    town = Town()
    call = town.call(FreezeAccount(town.id("dee1"), "lost_phone"))
    most = BLOCK_COST_MAX.of(town.state)
    heavy = Propose(W1, (call,), Text(""), (), most)
    with pytest.raises(TooCostly):
        block(town).run(signed(town, "ada1", heavy))
    light = Propose(W1, (call,), Text(""), (), work_of(town.state, RELEASE, (call,)))
    execution = block(town)
    execution.run(signed(town, "ada1", light))
    assert execution.cost > light.work
