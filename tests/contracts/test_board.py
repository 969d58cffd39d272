"""The board: proposals, thresholds, conflicts, resignation, and what a founding board may do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKind, KeyRole
from chain.authority import Board, Federation, NotAuthorised
from chain.codec import Record
from chain.contract import NotACall, NotOpenToOneTimeKeys, call_cost
from chain.errors import Rejected
from chain.rules import DAY_MS, DUE
from chain.transaction import Call
from governance_contracts.boards.board import (
    Appoint,
    Approve,
    BoardInOffice,
    CarryOut,
    Decided,
    DeclareConflict,
    Propose,
    Resign,
    Withdraw,
)
from governance_contracts.boards.boardroom import (
    BOARDS,
    BadBoard,
    NotOnTheBoard,
    SeatLeft,
    UnknownBoard,
    WijkBoard,
    found_board,
)
from governance_contracts.boards.powers import (
    FOUNDING_METHODS,
    BeyondItsTerm,
    DecisionClass,
    class_of,
    moves_money,
)
from governance_contracts.boards.proposals import (
    PROPOSALS,
    AlreadyApproved,
    AlreadyDecided,
    AlreadyProposed,
    HasConflict,
    NotEnoughApprovals,
    NotTheProposer,
    Proposal,
    ProposalStatus,
    Text,
    TooFewToDecide,
    TooLittleWork,
    UnknownProposal,
    approvals_needed,
    work_of,
)
from governance_contracts.people.acting import TillKeyOnly
from governance_contracts.people.lifecycle import FreezeAccount, NotFrozen, Unfreeze
from governance_contracts.people.places import AddPlace, PlaceExists, PlaceKind, find_place
from governance_contracts.people.registrars import DelegateRegistrar
from governance_contracts.people.registration import Register
from tests.contracts.town import START_MS, W1, W2, WIJKEN, Town, new_account, refused


def place(town: Town, number: int = 3, shop: str = "shop1") -> AddPlace:
    return AddPlace(town.id(shop), number, W1, (), PlaceKind.SHOP)


def propose(
    town: Town, *what: Record, by: str = "ada1", conflicts: tuple[str, ...] = (), wijk: str = W1
) -> bytes:
    calls = tuple(args if isinstance(args, Call) else town.call(args) for args in what)
    work = work_of(town.state, town.release, calls)
    who = tuple(sorted(town.id(name) for name in conflicts))
    return town.play(Propose(wijk, calls, Text("Because the street asked."), who, work), by=by)


def approve(town: Town, id: bytes, by: str) -> None:
    town.play(Approve(id, proposal(town, id).work), by=by)


def proposal(town: Town, id: bytes) -> Proposal:
    found = town.state.get(PROPOSALS, id)
    assert found is not None
    return found


def status(town: Town, id: bytes) -> ProposalStatus:
    return ProposalStatus(proposal(town, id).status)


def seat(town: Town, **changes: object) -> None:
    """Change the board of W1 by hand."""
    town.state.put(BOARDS, W1, replace(town.board(W1), **changes))


def members(town: Town, count: int) -> list[str]:
    """Give W1 a board of `count` new residents, named m0, m1 ..."""
    names = [f"m{i}" for i in range(count)]
    for name in names:
        town.found(new_account(name, AccountKind.PERSON, "HH", W1), name)
    seat(town, members=tuple(sorted(town.id(name) for name in names)))
    return names


# Proposing and approving.


def test_two_of_three_carry_a_proposal_and_its_calls_run_under_the_board() -> None:
    town = Town()
    id = propose(town, place(town))
    assert status(town, id) == ProposalStatus.OPEN
    assert find_place(town.state, town.id("shop1"), 3) is None
    approve(town, id, "bob1")
    assert status(town, id) == ProposalStatus.CARRIED
    assert find_place(town.state, town.id("shop1"), 3) is not None
    assert town.reported(Decided) == [Decided(id, W1, ProposalStatus.CARRIED, ())]
    assert list(town.state.scan(DUE)) == [], "nothing is left to lapse"
    town.wait(40 * DAY_MS)
    assert status(town, id) == ProposalStatus.CARRIED


def test_a_refused_call_fails_the_proposal_and_changes_nothing_else() -> None:
    town = Town()
    id = propose(town, place(town, 3), place(town, 4), place(town, 4))
    approve(town, id, "bob1")
    failed = proposal(town, id)
    assert failed.status == ProposalStatus.FAILED
    assert (failed.refusal[0].call, failed.refusal[0].code) == (2, PlaceExists.code)
    assert failed.refusal[0].values == (town.id("shop1"), 4)
    assert find_place(town.state, town.id("shop1"), 3) is None
    assert [type(e) for e in town.reported(Decided)] == [Decided]


def test_a_board_decides_for_its_own_wijk_only() -> None:
    town = Town()
    id = propose(town, FreezeAccount(town.id("dee2"), "dispute"))
    approve(town, id, "bob1")
    assert proposal(town, id).refusal[0].code == NotAuthorised.code


def test_a_proposal_cannot_carry_a_proposal() -> None:
    town = Town()
    id = propose(town, Resign(W1))
    approve(town, id, "bob1")
    assert proposal(town, id).refusal[0].code == NotACall.code
    assert len(town.board(W1).members) == 3


def test_proposing_is_refused_in_this_order() -> None:
    """Each attempt repairs the first fault of the one before it."""
    town = Town()
    seat(town, founding=True)
    beyond = (town.call(place(town)), Call("tariff", 1, "enter", b""))
    wrong = Propose("WK000000", beyond, Text(""), (town.id("dee1"),), 0)
    assert play(town, wrong, "stranger") is UnknownBoard
    wrong = replace(wrong, wijk=W1)
    assert play(town, wrong, "stranger") is NotOnTheBoard
    assert play(town, wrong, "ada2") is NotOnTheBoard
    assert play(town, wrong, "ada1") is NotOnTheBoard
    wrong = replace(wrong, conflicts=(town.id("bob1"),))
    assert play(town, wrong, "ada1") is BeyondItsTerm
    wrong = replace(wrong, calls=beyond[:1])
    assert play(town, wrong, "ada1") is TooLittleWork
    work = work_of(town.state, town.release, wrong.calls)
    id = town.play(replace(wrong, work=work), by="ada1")
    town.played -= 1  # the same transaction once more
    with refused(AlreadyProposed, id):
        town.play(replace(wrong, calls=beyond), by="ada1")


def play(town: Town, args: Record, by: str) -> type[Rejected]:
    before = town.snapshot()
    with pytest.raises(Rejected) as caught:
        town.play(args, by=by)
    assert town.snapshot() == before, "a refused call leaves no trace"
    return type(caught.value)


def test_approving_is_refused_in_this_order() -> None:
    town = Town()
    seat(town, numerator=1, denominator=1)
    nothing = Approve(bytes(32), 0)
    assert play(town, nothing, "stranger") is UnknownProposal
    id = propose(town, place(town), conflicts=("cas1",))
    wrong = Approve(id, 0)
    assert play(town, wrong, "stranger") is NotOnTheBoard
    assert play(town, wrong, "cas1") is HasConflict
    assert play(town, wrong, "ada1") is AlreadyApproved
    town.play(DeclareConflict(id), by="ada1")
    assert play(town, wrong, "bob1") is TooFewToDecide

    id = propose(town, DelegateRegistrar(W1, town.id("dee1")), Call("x", 1, "y", b""))
    wrong = Approve(id, 0)
    seat(town, founding=True)
    assert play(town, wrong, "bob1") is BeyondItsTerm
    seat(town, founding=False, numerator=1, denominator=2)
    assert play(town, wrong, "bob1") is TooLittleWork
    approve(town, id, "bob1")
    assert play(town, wrong, "bob1") is AlreadyDecided
    assert play(town, wrong, "stranger") is NotOnTheBoard


def test_only_a_full_key_of_a_member_speaks_for_them() -> None:
    town = Town()
    id = propose(town, place(town))
    with refused(NotOpenToOneTimeKeys):
        town.play(Approve(id, 10_000), by=b"k" * 32)
    account = town.account("bob1")
    till = replace(account.keys[0], role=KeyRole.TILL, place=(1,))
    town.state.put(ACCOUNTS, town.id("bob1"), replace(account, keys=(till,)))
    with refused(TillKeyOnly):
        town.play(Approve(id, 10_000), by="bob1")


def test_a_proposal_lapses_after_30_days() -> None:
    town = Town()
    id = propose(town, place(town))
    town.wait(30 * DAY_MS - 1)
    assert status(town, id) == ProposalStatus.OPEN
    town.time_ms += 1  # before the queue reaches it, it is lapsed already
    with refused(AlreadyDecided, id, ProposalStatus.LAPSED):
        approve(town, id, "bob1")
    town.wait(0)
    assert status(town, id) == ProposalStatus.LAPSED


def test_only_the_proposer_withdraws() -> None:
    town = Town()
    id = propose(town, place(town))
    with refused(NotTheProposer):
        town.play(Withdraw(id), by="bob1")
    town.play(Withdraw(id), by="ada1")
    assert status(town, id) == ProposalStatus.WITHDRAWN
    with refused(AlreadyDecided):
        approve(town, id, "bob1")


def test_every_approval_pays_for_the_work_it_may_cause() -> None:
    town = Town()
    many = Register(
        W1, tuple(new_account(f"n{i}", AccountKind.PERSON, "HH", W1) for i in range(50))
    )
    id = propose(town, many)
    work = proposal(town, id).work
    assert work == call_cost(town.state, town.release, town.call(many)) > 5_000
    assert call_cost(town.state, town.release, town.call(Approve(id, work))) > work
    with refused(TooLittleWork, work - 1, work):
        town.play(Approve(id, work - 1), by="bob1")


# Thresholds and conflicts.


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 15), st.integers(0, 13), st.integers(1, 12), st.integers(1, 12))
def test_the_threshold_is_the_fraction_of_those_who_may_decide_rounded_up(
    count: int, conflicted: int, numerator: int, denominator: int
) -> None:
    numerator = min(numerator, denominator)
    conflicted = min(conflicted, count - 2)
    ids = tuple(bytes([i]) * 20 for i in range(count))
    board = WijkBoard(ids, (), numerator, denominator, False, 0, (), bytes(20))
    call = Call("registry", 1, "close", b"")
    shape = Proposal(W1, ids[0], (call,), Text(""), ids[:conflicted], (), 1, 0, 0, 1, (), b"")
    able = count - conflicted
    needed = approvals_needed(board, shape)
    assert needed * denominator >= able * numerator
    assert (needed - 1) * denominator < able * numerator
    assert 1 <= needed <= able
    paying = replace(shape, calls=(call, Call("pay", 1, "payout", b"")))
    assert approvals_needed(board, paying) == max(2, needed)


def test_one_may_decide_for_all_but_never_about_money() -> None:
    town = Town()
    seat(town, numerator=1, denominator=3)
    id = propose(town, place(town))
    assert status(town, id) == ProposalStatus.CARRIED
    id = propose(town, Call("pay", 1, "payout", b""))
    assert status(town, id) == ProposalStatus.OPEN
    approve(town, id, "bob1")
    assert status(town, id) == ProposalStatus.FAILED


def test_a_proposer_in_conflict_may_propose_but_not_approve() -> None:
    town = Town()
    id = propose(town, place(town), conflicts=("ada1",))
    assert proposal(town, id).approvals == ()
    with refused(HasConflict):
        approve(town, id, "ada1")
    approve(town, id, "bob1")
    assert status(town, id) == ProposalStatus.CARRIED, "one half of the two who may decide"


def test_an_approval_counts_no_longer_once_a_conflict_is_declared() -> None:
    town = Town()
    names = members(town, 5)
    seat(town, numerator=2, denominator=3)
    id = propose(town, place(town), by=names[0])
    approve(town, id, names[1])
    town.play(DeclareConflict(id), by=names[0])
    with refused(HasConflict):
        town.play(DeclareConflict(id), by=names[0])
    approve(town, id, names[2])
    assert status(town, id) == ProposalStatus.OPEN, "two of the four left; three are needed"
    approve(town, id, names[3])
    assert status(town, id) == ProposalStatus.CARRIED


def test_a_decision_for_fewer_than_two_is_the_residents() -> None:
    town = Town()
    id = propose(town, place(town), conflicts=("ada1", "bob1"))
    with refused(TooFewToDecide, W1, 1):
        approve(town, id, "cas1")
    with refused(TooFewToDecide, W1, 1):
        town.play(CarryOut(id, 1_000), by="cas1")
    assert status(town, id) == ProposalStatus.OPEN


# Leaving.


def test_approvals_of_those_who_left_no_longer_count() -> None:
    town = Town()
    names = members(town, 5)
    id = propose(town, place(town), by=names[0])
    approve(town, id, names[1])
    town.play(Resign(W1), by=names[0])
    assert status(town, id) == ProposalStatus.OPEN
    with refused(NotOnTheBoard):
        approve(town, id, names[0])
    with refused(NotEnoughApprovals, 1, 2):
        town.play(CarryOut(id, proposal(town, id).work), by=names[2])
    approve(town, id, names[2])
    assert status(town, id) == ProposalStatus.CARRIED


def test_what_suffices_after_a_resignation_can_be_carried_out() -> None:
    town = Town()
    names = members(town, 7)
    seat(town, numerator=1, denominator=2)
    id = propose(town, place(town), by=names[0])
    approve(town, id, names[1])
    approve(town, id, names[2])
    town.play(Resign(W1), by=names[6])
    assert status(town, id) == ProposalStatus.OPEN
    town.play(CarryOut(id, proposal(town, id).work), by=names[3])
    assert status(town, id) == ProposalStatus.CARRIED


def test_the_next_on_the_list_who_still_lives_there_takes_the_seat() -> None:
    town = Town()
    seat(town, successors=(town.id("dee2"), town.id("eef1"), town.id("dee1")))
    with refused(NotOnTheBoard):
        town.play(Resign(W1), by="dee1")
    town.play(Resign(W1), by="ada1")
    assert town.reported(SeatLeft) == [SeatLeft(W1, town.id("ada1"), (town.id("eef1"),))]
    board = town.board(W1)
    assert board.members == tuple(sorted(town.id(n) for n in ("bob1", "cas1", "eef1")))
    assert board.successors == (town.id("dee2"), town.id("dee1"))
    assert board.caretaker_since_ms == ()


def test_below_three_the_board_is_a_caretaker() -> None:
    town = Town()
    town.play(Resign(W1), by="ada1")
    assert town.board(W1).caretaker_since_ms == (town.time_ms,)
    with refused(BeyondItsTerm, "coin", "add"):
        propose(town, Call("coin", 1, "add", b""), by="bob1")
    id = propose(town, place(town), by="bob1")
    assert status(town, id) == ProposalStatus.CARRIED, "half of two is one"


def test_a_term_that_ends_leaves_a_caretaker() -> None:
    town = Town()
    propose(town, Call("coin", 1, "add", b""))
    town.wait(180 * DAY_MS)
    with refused(BeyondItsTerm, "coin", "add"):
        propose(town, Call("coin", 1, "add", b""))


def test_after_90_days_the_federation_names_administrators() -> None:
    town = Town()
    named = tuple(sorted(town.id(name) for name in ("bob1", "dee1", "eef1")))
    late = Appoint(W1, named[::-1], (), 1, 2)
    all_boards = (Federation(),)
    with refused(NotAuthorised):
        town.play(replace(late, wijk="WK000000"), by="ada1", under=(Board(W1),))
    with refused(UnknownBoard):
        town.play(replace(late, wijk="WK000000"), under=all_boards)
    town.play(Resign(W1), by="ada1")
    town.wait(90 * DAY_MS - 1)
    with refused(BoardInOffice):
        town.play(late, under=all_boards)
    town.wait(1)
    with refused(BadBoard, W1, "members"):
        town.play(late, under=all_boards)
    town.play(replace(late, members=named), under=all_boards)
    board = town.board(W1)
    assert (board.members, board.founding, board.caretaker_since_ms) == (named, True, ())
    assert board.term_end_ms == town.time_ms + 180 * DAY_MS


def test_every_step_of_a_member_reads_the_same_refusals_first() -> None:
    town = Town()
    id = propose(town, place(town))
    for args in (Approve(id, 0), CarryOut(id, 0), Withdraw(id), DeclareConflict(id)):
        assert play(town, args, "ada2") is NotOnTheBoard
    town.play(Withdraw(id), by="ada1")
    for args in (Approve(id, 0), CarryOut(id, 0), Withdraw(id), DeclareConflict(id)):
        assert play(town, args, "ada1") is AlreadyDecided


# Powers.


def test_a_founding_board_registers_freezes_and_runs_its_bank_but_names_no_coin() -> None:
    town = Town()
    seat(town, founding=True)
    id = propose(town, Unfreeze(town.id("dee1")))
    approve(town, id, "bob1")
    assert proposal(town, id).refusal[0].code == NotFrozen.code, "it was tried"
    for call in (Call("coin", 1, "add", b""), Call("tariff", 1, "enter", b"")):
        with refused(BeyondItsTerm, call.contract, call.method):
            propose(town, place(town), call)


def test_every_method_a_founding_board_may_carry_exists() -> None:
    """A name with a slip in it would silently close a door."""
    town = Town()
    known = {
        f"{name}.{method}"
        for (name, _), contract in town.release.contracts.items()
        for method, what in contract.methods.items()
        if what.carried
    }
    present = {name for name, _ in town.release.contracts}
    assert {m for m in FOUNDING_METHODS if m.split(".")[0] in present} <= known


def test_a_decision_has_the_class_of_its_heaviest_call() -> None:
    def call(name: str) -> Call:
        contract, method = name.split(".")
        return Call(contract, 1, method, b"")

    assert class_of([call("reserve.mint")]) == DecisionClass.BOOKING
    assert class_of([call("registry.register")]) == DecisionClass.WITHIN_BUDGET
    assert class_of([call("pay.payout"), call("registry.freeze")]) == DecisionClass.WITHIN_BUDGET
    assert class_of([call("pay.payout"), call("registry.delegate_registrar")]) == 2
    assert moves_money([call("registry.freeze"), call("pay.pay")])
    assert not moves_money([call("registry.freeze")])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"members": ()}, "members are 3 to 15"),
        ({"numerator": 0}, "threshold"),
        ({"numerator": 3}, "threshold"),
        ({"treasury": bytes(20)}, "treasury"),
        ({"wijk": W2}, "members"),
    ],
)
def test_genesis_says_what_is_wrong_with_a_board(change: dict[str, object], words: str) -> None:
    town = Town()
    board = town.board(W1)
    wijk = str(change.get("wijk", W1))
    changes = {name: value for name, value in change.items() if name != "wijk"}
    with pytest.raises(ValueError, match="two boards"):
        found_board(town.state, W1, board)
    for code in WIJKEN:
        town.state.delete(BOARDS, code)
    with pytest.raises(ValueError, match=words):
        found_board(town.state, wijk, replace(board, **changes))
    found_board(town.state, W1, board)
    assert town.board(W1).term_end_ms > START_MS
