"""The federation: motions of boards, the quorum, and what the boards decide together."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chain.account import AccountKind
from chain.authority import Authority, Board, Federation, NotAuthorised
from chain.certificate import Seat
from chain.codec import Record
from chain.contract import NotACall
from chain.crypto import public_key
from chain.errors import Rejected
from chain.light import SEATS_MAX
from chain.money import CENTS_MAX
from chain.rules import (
    BLOCK_GAP_MS,
    DAY_MS,
    HERE,
    PARAMETER_LIST,
    SEAT_SETS,
    SeatSets,
    activations_at,
    move_seats,
    seat_sets,
)
from chain.transaction import Call
from governance_contracts.areas.regions import Level, UnknownRegion, found_region
from governance_contracts.boards.board import Approve as BoardApprove
from governance_contracts.boards.board import Propose as BoardPropose
from governance_contracts.boards.boardroom import BOARDS, BadBoard
from governance_contracts.boards.changes import (
    ACTIVATION_NOTICE,
    Activate,
    NotNewer,
    OutOfBounds,
    SetParameter,
    TooSoon,
    UnknownParameter,
    found_parameter,
)
from governance_contracts.boards.federation import (
    MOTIONS,
    AlreadyAgreed,
    AlreadyMoved,
    Approve,
    CarryOut,
    ConcernsOneself,
    Motion,
    MotionDecided,
    NoSeat,
    NotTheMover,
    Propose,
    UnknownMotion,
    Withdraw,
)
from governance_contracts.boards.nodes import (
    NODE_KEYS,
    KeyInUse,
    ProvenKey,
    found_node_keys,
    node_holder,
    seat_holder,
)
from governance_contracts.boards.proposals import (
    NotEnoughApprovals,
    ProposalStatus,
    Text,
    TooLittleWork,
    work_of,
)
from governance_contracts.boards.seats import (
    AdmitWijk,
    AlreadySeated,
    BoardExists,
    LastSeat,
    NotAWijk,
    NotSeated,
    RemoveWijk,
    RotateSeat,
    SeatKeys,
    SeatWijk,
    SetNodeKeys,
    TooManySeats,
    decided_seats,
)
from governance_contracts.people.keys import BadKey, NoPossession, prove_possession
from governance_contracts.people.registration import AlreadyRegistered
from tests.contracts.town import (
    CHAIN,
    EPOCH,
    G1,
    W1,
    W2,
    W3,
    WIJKEN,
    Town,
    new_account,
    refused,
    region,
    seed,
)

W4 = "WK990044"
ALL: tuple[Authority, ...] = (Federation(),)
GAP = SetParameter("block_gap_ms", 500)


def move(town: Town, *what: Record, wijk: str = W1) -> bytes:
    calls = tuple(args if isinstance(args, Call) else town.call(args) for args in what)
    work = work_of(town.state, town.release, calls)
    return town.play(Propose(wijk, calls, Text("Together."), work), under=(Board(wijk),))


def agree(town: Town, id: bytes, wijk: str) -> None:
    town.play(Approve(wijk, id, motion(town, id).work), under=(Board(wijk),))


def motion(town: Town, id: bytes) -> Motion:
    found = town.state.get(MOTIONS, id)
    assert found is not None
    return found


def status(town: Town, id: bytes) -> ProposalStatus:
    return ProposalStatus(motion(town, id).status)


def proven(name: str, holder: bytes) -> ProvenKey:
    proof = prove_possession(seed(name), CHAIN, EPOCH, holder)
    return ProvenKey(public_key(seed(name)), proof)


def seat_keys(wijk: str, name: str = "") -> SeatKeys:
    consensus = proven("seat " + (name or wijk), seat_holder(wijk))
    return SeatKeys(consensus, (proven("node " + (name or wijk), node_holder(wijk)),))


def admission(*names: str) -> AdmitWijk:
    accounts = [new_account(name, AccountKind.PERSON, "HH", W4) for name in names]
    treasury = new_account("treasury4", AccountKind.BOARD, "WB", W4)
    members = tuple(sorted(account.id for account in accounts))
    entered = (*accounts, treasury)
    return AdmitWijk(W4, entered, members, (), 1, 2, treasury.id, (seat_keys(W4),))


def first_refusal(town: Town, args: Record, under: tuple[Authority, ...]) -> type[Rejected]:
    before = town.snapshot()
    with pytest.raises(Rejected) as caught:
        town.play(args, under=under)
    assert town.snapshot() == before, "a refused call leaves no trace"
    return type(caught.value)


# Motions.


def test_all_of_three_boards_are_a_quorum() -> None:
    town = Town()
    id = move(town, GAP)
    agree(town, id, W2)
    assert status(town, id) == ProposalStatus.OPEN
    agree(town, id, W3)
    assert status(town, id) == ProposalStatus.CARRIED
    assert BLOCK_GAP_MS.of(town.state) == 500


def test_a_motion_is_made_and_agreed_to_by_decisions_of_boards() -> None:
    """The whole way: members' accounts, board, federation, parameter."""
    town = Town()

    def decide(n: int, wijk: str, args: Record) -> None:
        call = town.call(args)
        work = work_of(town.state, town.release, (call,))
        propose = BoardPropose(wijk, (call,), Text(""), (), work)
        id = town.play(propose, by=f"ada{n}")
        town.play(BoardApprove(id, work), by=f"bob{n}")

    work = work_of(town.state, town.release, (town.call(GAP),))
    decide(1, W1, Propose(W1, (town.call(GAP),), Text(""), work))
    ((id, _),) = town.state.scan(MOTIONS)
    decide(2, W2, Approve(W2, id, work))
    assert motion(town, id).approvals == (W1, W2)
    decide(3, W3, Approve(W3, id, work))
    assert status(town, id) == ProposalStatus.CARRIED
    assert BLOCK_GAP_MS.of(town.state) == 500


def test_moving_is_refused_in_this_order() -> None:
    town = Town()
    wrong = Propose("WK000000", (town.call(GAP),), Text(""), 0)
    assert first_refusal(town, wrong, (Board(W1),)) is NotAuthorised
    assert first_refusal(town, wrong, (Board("WK000000"),)) is NoSeat
    wrong = replace(wrong, wijk=W1)
    assert first_refusal(town, wrong, (Board(W1),)) is TooLittleWork
    id = move(town, GAP)
    town.played -= 1  # the same transaction once more
    with refused(AlreadyMoved, id):
        town.play(wrong, under=(Board(W1),))


def test_agreeing_is_refused_in_this_order() -> None:
    town = Town()
    wrong = Approve(W1, bytes(32), 0)
    assert first_refusal(town, wrong, (Board(W2),)) is NotAuthorised
    none = replace(wrong, wijk="WK000000")
    assert first_refusal(town, none, (Board("WK000000"),)) is NoSeat
    assert first_refusal(town, wrong, (Board(W1),)) is UnknownMotion
    id = move(town, RemoveWijk(W2))
    assert first_refusal(town, Approve(W2, id, 0), (Board(W2),)) is ConcernsOneself
    assert first_refusal(town, Approve(W1, id, 0), (Board(W1),)) is AlreadyAgreed
    assert first_refusal(town, Approve(W3, id, 0), (Board(W3),)) is TooLittleWork
    assert first_refusal(town, CarryOut(W3, id, 0), (Board(W3),)) is TooLittleWork
    with refused(NotEnoughApprovals, 1, 2):
        town.play(CarryOut(W3, id, motion(town, id).work), under=(Board(W3),))
    with refused(NotTheMover):
        town.play(Withdraw(W3, id), under=(Board(W3),))
    town.play(Withdraw(W1, id), under=(Board(W1),))
    assert first_refusal(town, Approve(W2, id, 0), (Board(W2),)) is MotionDecided


def test_a_motion_lapses_after_30_days() -> None:
    town = Town()
    id = move(town, GAP)
    town.time_ms += 30 * DAY_MS
    with refused(MotionDecided, id, ProposalStatus.LAPSED):
        agree(town, id, W2)
    town.wait(0)
    assert status(town, id) == ProposalStatus.LAPSED


def test_a_refused_call_fails_the_whole_motion() -> None:
    town = Town()
    id = move(town, GAP, SetParameter("block_gap_ms", 60_001))
    agree(town, id, W2)
    agree(town, id, W3)
    failed = motion(town, id)
    assert failed.status == ProposalStatus.FAILED
    assert (failed.refusal[0].call, failed.refusal[0].code) == (1, OutOfBounds.code)
    assert BLOCK_GAP_MS.of(town.state) == BLOCK_GAP_MS.default


def test_a_motion_carries_neither_a_boards_proposal_nor_a_boards_own_calls() -> None:
    town = Town()
    for call, code in (
        (BoardApprove(bytes(32), 0), NotACall.code),
        (RotateSeat(W1, proven("k", seat_holder(W1))), NotAuthorised.code),
    ):
        id = move(town, call)
        agree(town, id, W2)
        agree(town, id, W3)
        assert motion(town, id).refusal[0].code == code


def test_a_wijk_does_not_vote_on_its_own_removal() -> None:
    town = Town()
    id = move(town, RemoveWijk(W1))
    assert motion(town, id).approvals == (), "it may move it, and is not counted"
    agree(town, id, W2)
    agree(town, id, W3)
    assert status(town, id) == ProposalStatus.CARRIED
    assert sorted(decided_seats(town.state)) == sorted((W2, W3))


def test_a_boards_approval_ends_with_its_seat() -> None:
    town = Town()
    id = move(town, GAP)
    agree(town, id, W2)
    gone = seat_sets(town.state)
    left = tuple(seat for seat in gone.after if seat.wijk != W3)
    town.state.put(SEAT_SETS, HERE, SeatSets(gone.current, gone.following, left))
    with refused(NoSeat):
        agree(town, id, W3)
    town.play(CarryOut(W1, id, motion(town, id).work), under=(Board(W1),))
    assert status(town, id) == ProposalStatus.CARRIED


# Rules.


def test_parameters_stay_within_their_bounds() -> None:
    town = Town()
    assert first_refusal(town, SetParameter("x", 0), (Board(W1),)) is NotAuthorised
    assert first_refusal(town, SetParameter("x", 0), ALL) is UnknownParameter
    for name, parameter in PARAMETER_LIST.items():
        if parameter.high < CENTS_MAX:
            with refused(OutOfBounds):
                town.play(SetParameter(name, parameter.high + 1), under=ALL)
        if parameter.low:
            with refused(OutOfBounds):
                town.play(SetParameter(name, parameter.low - 1), under=ALL)
        town.play(SetParameter(name, parameter.low), under=ALL)
        assert parameter.of(town.state) == parameter.low


def test_genesis_sets_parameters_within_the_same_bounds() -> None:
    town = Town()
    found_parameter(town.state, "block_gap_ms", 100)
    assert BLOCK_GAP_MS.of(town.state) == 100
    with pytest.raises(ValueError, match="no parameter"):
        found_parameter(town.state, "x", 1)
    with pytest.raises(ValueError, match="0 to 60000"):
        found_parameter(town.state, "block_gap_ms", 60_001)


def test_a_version_starts_after_notice_and_never_goes_back() -> None:
    town = Town()
    soon = Activate("pay", 0, town.height + ACTIVATION_NOTICE.default - 1)
    assert first_refusal(town, soon, (Board(W1),)) is NotAuthorised
    assert first_refusal(town, soon, ALL) is TooSoon
    height = soon.height + 1
    with refused(NotNewer):
        town.play(Activate("registry", 1, height), under=ALL)
    town.play(Activate("registry", 3, height), under=ALL)
    with refused(NotNewer, "registry", 2, 3):
        town.play(Activate("registry", 2, height + 9), under=ALL)
    town.play(Activate("protocol", 2, height), under=ALL)
    town.play(Activate("tariff", 1, height), under=ALL)
    assert [a.name for a in activations_at(town.state, height)] == [
        "protocol",
        "registry",
        "tariff",
    ]


# Wijken and seats.


def test_admitting_a_wijk_opens_its_accounts_its_board_and_its_seat() -> None:
    town = Town()
    found_region(town.state, region(W4, "Nieuwland", G1, Level.WIJK, 4_000))
    args = admission("p", "q", "r")
    town.play(args, under=ALL)
    board = town.board(W4)
    assert (board.members, board.founding) == (args.members, True)
    assert board.term_end_ms == town.time_ms + 180 * DAY_MS
    nodes = town.state.get(NODE_KEYS, W4)
    assert nodes is not None
    assert nodes.keys == (public_key(seed("node " + W4)),)
    assert W4 not in [seat.wijk for seat in seat_sets(town.state).after]
    for _ in range(3):
        move_seats(town.state)
    new = Seat(W4, public_key(seed("seat " + W4)))
    assert new in seat_sets(town.state).current


def test_admitting_is_refused_in_this_order() -> None:
    """Each attempt repairs the first fault of the one before it."""
    town = Town()
    found_region(town.state, region(W4, "Nieuwland", G1, Level.WIJK, 4_000))
    good = admission("p", "q", "r")
    taken = replace(good.seat[0].consensus, key=public_key(seed("seat " + W1)))
    identity = ProvenKey(b"\x01" + bytes(31), bytes(64))
    old = new_account("dee1", AccountKind.PERSON, "HH", W1)
    wrong = replace(good, accounts=(old, *good.accounts), members=good.members[:2])
    wrong = replace(wrong, seat=(SeatKeys(identity, ()),))
    assert first_refusal(town, replace(wrong, wijk="WK000000"), (Board(W1),)) is NotAuthorised
    assert first_refusal(town, replace(wrong, wijk="WK000000"), ALL) is UnknownRegion
    assert first_refusal(town, replace(wrong, wijk=G1), ALL) is NotAWijk
    assert first_refusal(town, replace(wrong, wijk=W2), ALL) is BoardExists
    assert first_refusal(town, wrong, ALL) is AlreadyRegistered
    wrong = replace(wrong, accounts=good.accounts)
    assert first_refusal(town, wrong, ALL) is BadBoard
    wrong = replace(wrong, members=good.members)
    assert first_refusal(town, wrong, ALL) is BadKey
    assert first_refusal(town, replace(wrong, seat=(SeatKeys(taken, ()),)), ALL) is NoPossession
    stolen = proven("seat " + W1, seat_holder(W4))
    assert first_refusal(town, replace(wrong, seat=(SeatKeys(stolen, ()),)), ALL) is KeyInUse
    both = proven("seat " + W4, node_holder(W4))
    doubled = SeatKeys(good.seat[0].consensus, (both,))
    assert first_refusal(town, replace(wrong, seat=(doubled,)), ALL) is KeyInUse
    town.play(replace(wrong, seat=()), under=ALL)
    assert town.state.get(BOARDS, W4) is not None


def test_a_seat_is_given_to_a_board_that_has_none_and_taken_but_for_the_last() -> None:
    town = Town()
    assert first_refusal(town, SeatWijk(W1, seat_keys(W1, "new")), (Board(W1),)) is NotAuthorised
    with refused(AlreadySeated):
        town.play(SeatWijk(W1, seat_keys(W1, "new")), under=ALL)
    town.play(RemoveWijk(W1), under=ALL)
    with refused(NotSeated):
        town.play(RemoveWijk(W1), under=ALL)
    town.play(RemoveWijk(W2), under=ALL)
    with refused(LastSeat):
        town.play(RemoveWijk(W3), under=ALL)
    town.play(SeatWijk(W1, seat_keys(W1, "new")), under=ALL)
    for _ in range(6):
        move_seats(town.state)
    assert [seat.wijk for seat in seat_sets(town.state).current] == [W1, W3]


def test_a_chain_has_a_largest_number_of_seats() -> None:
    town = Town()
    others = tuple(Seat(f"WK{n:06d}", public_key(seed(str(n)))) for n in range(1, SEATS_MAX + 1))
    town.state.put(SEAT_SETS, HERE, SeatSets(others, others, others))
    with refused(TooManySeats, SEATS_MAX):
        town.play(SeatWijk(W1, seat_keys(W1, "new")), under=ALL)
    fewer = others[1:]
    town.state.put(SEAT_SETS, HERE, SeatSets(fewer, fewer, fewer))
    town.play(SeatWijk(W1, seat_keys(W1, "new")), under=ALL)


def test_a_board_rotates_its_own_seat_with_a_key_that_nobody_uses() -> None:
    town = Town()
    new = proven("next", seat_holder(W1))
    for args, under, expected in (
        (RotateSeat(W1, new), (Board(W2),), NotAuthorised),
        (RotateSeat(W1, new), ALL, NotAuthorised),
        (RotateSeat(W4, new), (Board(W4),), NotSeated),
        (RotateSeat(W1, ProvenKey(bytes(32), bytes(64))), (Board(W1),), BadKey),
        (RotateSeat(W1, proven("next", seat_holder(W2))), (Board(W1),), NoPossession),
        (RotateSeat(W1, proven("seat " + W2, seat_holder(W1))), (Board(W1),), KeyInUse),
        (RotateSeat(W1, proven("node " + W1, seat_holder(W1))), (Board(W1),), KeyInUse),
    ):
        assert first_refusal(town, args, under) is expected
    town.play(RotateSeat(W1, new), under=(Board(W1),))
    with refused(KeyInUse):
        town.play(RotateSeat(W2, proven("next", seat_holder(W2))), under=(Board(W2),))
    for _ in range(3):
        move_seats(town.state)
    assert Seat(W1, new.key) in seat_sets(town.state).current


def test_node_keys_are_replaced_together_and_are_nobody_elses() -> None:
    town = Town()
    one, two = (proven(f"n{i}", node_holder(W1)) for i in (1, 2))
    same = proven("node " + W1, node_holder(W1))
    with refused(NotAuthorised):
        town.play(SetNodeKeys(W1, (one,)), under=(Board(W2),))
    for keys, expected in (
        ((one, ProvenKey(bytes(32), bytes(64))), BadKey),
        ((proven("n1", node_holder(W2)),), NoPossession),
        ((proven("node " + W2, node_holder(W1)),), KeyInUse),
        ((one, one), KeyInUse),
    ):
        assert first_refusal(town, SetNodeKeys(W1, keys), (Board(W1),)) is expected
    town.play(SetNodeKeys(W1, (one, two, same)), under=(Board(W1),))
    nodes = town.state.get(NODE_KEYS, W1)
    assert nodes is not None
    assert nodes.keys == tuple(sorted((one.key, two.key, same.key)))


def test_genesis_says_what_is_wrong_with_node_keys() -> None:
    town = Town()
    used = public_key(seed("seat " + WIJKEN[0]))
    with pytest.raises(ValueError, match="used elsewhere"):
        found_node_keys(town.state, W1, (used,))
    with pytest.raises(ValueError, match="not an Ed25519 public key"):
        found_node_keys(town.state, W1, (bytes(32),))
    with pytest.raises(ValueError, match="at most 4"):
        found_node_keys(town.state, W1, tuple(public_key(seed(str(i))) for i in range(5)))
