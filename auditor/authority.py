"""Who decided: every governed act traced to a decision, and the decision's approvals recounted.

A governed act stands in a transaction only inside a decision: a board's proposal that enough of
its members approved, or a motion that enough boards did. These books read the calls `propose`,
`approve` and the rest in the transactions themselves, keep their own list of who sits where, and
count again when a receipt says that a decision was carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from auditor.wire import Fields, fields
from chain.certificate import Seats
from chain.transaction import AccountActor, Transaction
from genesis.document import Genesis
from genesis.texts import _

Note = Callable[[str, str, str, str], None]
"""Check, message, expected, found."""

DECIDED, SEAT_LEFT, MOTION_ENDED = 302, 304, 402
"""Numbers of events."""
CARRIED = 2
MONEY = (
    "benefit",
    "claim",
    "coin",
    "earmark",
    "exchange",
    "life",
    "mandate",
    "offline",
    "pay",
    "reserve",
    "standing",
    "winddown",
)
APPROVING = ("approve", "carry_out", "propose")

NEEDS = {
    # By the board of the coin that this argument names.
    "reserve.set_attestors": ("coin", 1),
    "reserve.set_standing": ("coin", 1),
    "reserve.set_desk": ("coin", 1),
    "reserve.attribute": ("coin", 1),
    "reserve.mint": ("coin", 1),
    "reserve.export": ("coin", 1),
    "coin.stop_minting": ("coin", 1),
    "exchange.settle": ("coin", 2),
    "winddown.move_rest": ("coin", 1),
    "winddown.close": ("coin", 1),
    # By the board of the wijk that this argument names.
    "coin.add": ("wijk", 4),
    "federation.propose": ("wijk", 1),
    "federation.approve": ("wijk", 1),
    "federation.carry_out": ("wijk", 1),
    "federation.withdraw": ("wijk", 1),
    "federation.rotate_seat": ("wijk", 1),
    "federation.set_node_keys": ("wijk", 1),
    "registry.delegate_registrar": ("wijk", 1),
    "registry.end_registrar": ("wijk", 1),
    "registry.set_chores": ("wijk", 1),
    "life.rule_on_freeze": ("wijk", 2),
    # By a board; which one follows from state that these books do not keep.
    "reserve.reject": ("board", 0),
    "earmark.name_successor": ("board", 0),
    "registry.renew_freeze": ("board", 0),
    # By the office of the wijk that this argument names: its board, or a registrar of it.
    "registry.register": ("office", 1),
    "registry.confirm_unique": ("office", 1),
    "recovery.confirm": ("office", 2),
    # By the boards together.
    "regions.add": ("federation", 0),
    "regions.update": ("federation", 0),
    "coin.set_issuer": ("federation", 0),
    "issuer.set_network": ("federation", 0),
    "issuer.switch": ("federation", 0),
    "issuer.call_off": ("federation", 0),
    "winddown.announce": ("federation", 0),
    "winddown.call_off": ("federation", 0),
    "board.appoint": ("federation", 0),
    "federation.set_parameter": ("federation", 0),
    "federation.activate": ("federation", 0),
    "federation.admit_wijk": ("federation", 0),
    "federation.seat_wijk": ("federation", 0),
    "federation.remove_wijk": ("federation", 0),
}
"""Governed acts by `contract.method`: who decides, and which argument (from 1) names the place."""


@dataclass(slots=True)
class Board:
    members: list[bytes]
    numerator: int
    denominator: int


@dataclass(slots=True)
class Decision:
    """A proposal to board `wijk`, or a motion (`wijk` empty). `aside`: who may not decide."""

    wijk: str
    calls: list[Fields]
    aside: set[bytes | str]
    approvals: set[bytes | str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Ran:
    """A call that was carried out. `under`: the wijk of the deciding board, `*` for the boards
    together, empty for who sent the transaction."""

    name: str
    args: Fields
    under: str


class Decisions:
    def __init__(self, genesis: Genesis, note: Note) -> None:
        self.note = note
        self.boards = {
            wijk.code: Board(
                [bytes(m) for m in wijk.board.members],
                wijk.board.numerator,
                wijk.board.denominator,
            )
            for wijk in genesis.wijken
        }
        self.treasuries = {wijk.code: bytes(wijk.treasury) for wijk in genesis.wijken}
        self.registrars = {(w.code, bytes(r)) for w in genesis.wijken for r in w.registrars}
        self.wijk_of = {coin.code: wijk.code for wijk in genesis.wijken for coin in wijk.coins}
        self.minters: dict[str, list[bytes]] = {}
        self.proposals: dict[bytes, Decision] = {}
        self.motions: dict[bytes, Decision] = {}
        self.seats: Seats = ()
        self._events: list[Fields] = []
        self._read = 0
        self._signers: tuple[bytes, ...] = ()
        self._transaction = b""

    def ran(self, transaction: Transaction, events: list[Fields]) -> list[Ran]:
        """Every call that took effect, in order, those of decisions included; each is checked.

        `events`: all of the receipt, in order. The transaction was not refused.
        """
        self._events, self._read = events, 0
        self._transaction = transaction.id
        self._signers = tuple(witness.signer for witness in transaction.witnesses)
        actor = transaction.body.actor
        sender = actor.account if isinstance(actor, AccountActor) else b""
        found: list[Ran] = []
        for call in transaction.body.calls:
            name, args = f"{call.contract}.{call.method}", fields(call.args)
            found += self._run(name, args, "", sender)
        self.learn(len(events))
        return found

    def _run(self, name: str, args: Fields, under: str, sender: bytes) -> Iterator[Ran]:
        self._check(name, args, under, sender)
        yield Ran(name, args, under)
        if name == "federation.admit_wijk":
            _tag, wijk, _accounts, members, _successors, numerator, denominator, treasury, _ = args
            self.boards[wijk] = Board(list(members), numerator, denominator)
            self.treasuries[wijk] = treasury
        elif name == "board.appoint":
            self.boards[args[1]] = Board(list(args[2]), args[4], args[5])
        contract, _dot, method = name.partition(".")
        if contract == "board":
            yield from self._board(method, args, sender)
        elif contract == "federation" and under:
            yield from self._federation(method, args, under, sender)
        elif name == "mandate.act":
            for _tag, of, _version, what, inner in args[2]:
                yield from self._run(f"{of}.{what}", fields(inner), under, sender)

    def _board(self, method: str, args: Fields, sender: bytes) -> Iterator[Ran]:
        id = b""
        if method == "propose":
            _tag, wijk, calls, _motivation, conflicts, _work = args
            id = self._transaction
            self.proposals[id] = Decision(wijk, calls, set(conflicts), {sender})
        elif method in ("approve", "declare_conflict", "carry_out"):
            id = args[1]
            known = self.proposals.get(id)
            if known is None:
                self.note("authority", _("A proposal that nobody made."), "", id.hex())
                return
            if method == "approve":
                known.approvals.add(sender)
            elif method == "declare_conflict":
                known.aside.add(sender)
        elif method == "resign":
            self.learn(self._find(SEAT_LEFT, args[1]))
        if method in APPROVING and (end := self._find(DECIDED, id)):
            if self._events[end - 1][3] == CARRIED:
                decision = self.proposals[id]
                self._recount_board(id, decision)
                yield from self._carry(decision, decision.wijk, sender)
            self.learn(end)

    def _federation(self, method: str, args: Fields, under: str, sender: bytes) -> Iterator[Ran]:
        id = b""
        if method == "propose":
            removed = {
                fields(call[4])[1]
                for call in args[2]
                if call[1::2] == ["federation", "remove_wijk"]
            }
            id = self._transaction
            self.motions[id] = Decision("", args[2], removed, {under})
        elif method in ("approve", "carry_out"):
            id = args[2]
            known = self.motions.get(id)
            if known is None:
                self.note("authority", _("A motion that nobody made."), "", id.hex())
                return
            if method == "approve":
                known.approvals.add(under)
        if method in APPROVING and (end := self._find(MOTION_ENDED, id)):
            if self._events[end - 1][2] == CARRIED:
                decision = self.motions[id]
                self._recount_boards(id, decision)
                yield from self._carry(decision, "*", sender)
            self.learn(end)

    def _carry(self, decision: Decision, under: str, sender: bytes) -> Iterator[Ran]:
        for _tag, contract, _version, method, args in decision.calls:
            yield from self._run(f"{contract}.{method}", fields(args), under, sender)

    def _find(self, number: int, subject: bytes | str) -> int:
        """One behind the next event of this number about this subject; 0 if there is none."""
        for index in range(self._read, len(self._events)):
            event = self._events[index]
            if event[0] == number and event[1] == subject:
                return index + 1
        return 0

    def _recount_boards(self, id: bytes, decision: Decision) -> None:
        voters = {seat.wijk for seat in self.seats} - decision.aside
        needed = 2 * len(voters) // 3 + 1
        counted = len(decision.approvals & voters)
        if counted < needed:
            self._too_few(id, needed, counted)

    def _recount_board(self, id: bytes, decision: Decision) -> None:
        board = self.boards.get(decision.wijk)
        able = [m for m in board.members if m not in decision.aside] if board else []
        fraction = (board.numerator, board.denominator) if board else (1, 1)
        needed = -(-len(able) * fraction[0] // fraction[1])
        money = any(call[1] in MONEY for call in decision.calls)
        needed = max(needed, 2 if money else 1)
        counted = sum(member in decision.approvals for member in able)
        if counted < needed:
            self._too_few(id, needed, counted)

    def _too_few(self, id: bytes, needed: int, counted: int) -> None:
        self.note(
            "authority",
            _("Decision {id} was carried out without enough approvals.").format(id=id.hex()),
            str(needed),
            str(counted),
        )

    def _check(self, name: str, args: Fields, under: str, sender: bytes) -> None:
        need = NEEDS.get(name)
        if need is None:
            return
        who, position = need
        if who == "federation":
            expected, good = _("the boards together"), under == "*"
        elif who == "board":
            expected, good = _("a board"), under in self.boards
        else:
            place = args[position]
            wijk = self.wijk_of.get(place, "") if who == "coin" else place
            expected = _("the board of {wijk}").format(wijk=wijk)
            good = bool(under) and under == wijk
            if who == "office":
                good = good or (not under and (wijk, sender) in self.registrars)
            if name == "reserve.mint" and not under:
                good = any(one in self._signers for one in self.minters.get(place, ()))
        if not good:
            self.note(
                "authority",
                _("{call} was carried out without the decision that it needs.").format(call=name),
                expected,
                under or sender.hex(),
            )

    def due(self, events: list[Fields]) -> None:
        """Take in what due work reports: a member who moved away left the board."""
        self._events, self._read = events, 0
        self.learn(len(events))

    def learn(self, end: int) -> None:
        """Take in what events up to `end` say about who sits where and who may do what."""
        for event in self._events[self._read : end]:
            match event[0]:
                case 304:  # SeatLeft
                    _number, wijk, account, successor = event
                    board = self.boards[wijk]
                    board.members = [m for m in board.members if m != account] + successor
                case 230:  # RegistrarNamed
                    self.registrars.add((event[1], event[2]))
                case 231:  # RegistrarEnded
                    self.registrars.discard((event[1], event[2]))
                case 501:  # CoinAdded
                    self.wijk_of[event[1]] = event[4]
                case 710:  # StandingSet
                    self.minters[event[1]] = [m for one in event[2] for m in one[1]]
                case _:
                    pass
        self._read = max(self._read, end)
