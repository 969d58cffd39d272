"""A small town of machines, driven line by line: the language of the stories.

A story is plain text. A line is a command; lines that begin with `>` are what must come of it;
`#` begins a comment. Nothing happens by itself: messages lie where they were sent until they are
delivered, and timers run out when the story says so.

    validators ada ben cy dee     one seat each, in this order
    height 4                      open a height (proposer: seat (height + round) mod n), all idle
    start ben cy | start all      start the machines
    deliver proposals|prevotes|precommits|everything [of NAMES] to NAMES|all
                                  hand over what was sent and is not lost (each message once)
    lose proposals|prevotes|precommits|everything of NAMES      what was sent is gone
    timeout propose|prevote|precommit NAMES [round N]
                                  a timer that was armed runs out: of the current round, or of N
    NAMES refuse A                their own execution finds block A invalid
    NAMES find A late             valid, but not timely
    clock ada +3600               seconds beside true time; from then on times are compared
    give A to NAMES               the bytes of a block arrive
    gossip from ben to dee        dee sends ben a summary, ben answers with what dee lacks
    lie dee prevote B round 0 to cy       dee signs this vote and shows it to cy only
    restart NAMES                 encode the snapshot, forget all else, restore and start
    wipe NAMES                    the same without a snapshot: all that is left is the key
    silence NAMES                 these only follow, as while they sync; `unsilence` ends it
    sign nothing NAMES            the signer of these hangs: nothing asked of it is done
    run                           deliver everything and let timers run out until all decide;
                                  only what is decided is shown
    show NAMES                    where they stand

What came of a command is listed per text, with the names it holds for, in the order in which it
first happened. ` (round 1)` is added for any round but 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256, sha512

from chain.certificate import Certificate, Seat, Vote
from chain.codec import decode, encode
from chain.kinds import Kind
from consensus import machine as m
from consensus.evidence import read_evidence
from consensus.messages import SignedMessage, SignedProposal, SignedVote, decode_summary

TIMERS = m.Timers(2_000, 500, 1_000, 500, 10_000)
STAGES = {"propose": m.Stage.PROPOSE, "prevote": m.Stage.PREVOTE, "precommit": m.Stage.PRECOMMIT}
KINDS = {Kind.PREVOTE: "prevote", Kind.PRECOMMIT: "precommit", Kind.BLOCK_PROPOSAL: "proposal"}


def block_hash(name: str) -> bytes:
    return b"" if name == "nil" else sha256(name.encode()).digest()


def sign(seat: int, body: object) -> bytes:
    return sha512(bytes([seat]) + encode(body)).digest()


def signed_vote(kind: Kind, height: int, round: int, block: bytes, seat: int) -> SignedVote:
    vote = Vote(height, round, block, seat)
    return SignedVote(int(kind), vote, sign(seat, (int(kind), vote)))


def sender(message: SignedMessage) -> int:
    return message.vote.seat if isinstance(message, SignedVote) else message.proposal.seat


def kind_of(message: SignedMessage) -> str:
    return KINDS[Kind(message.kind)] if isinstance(message, SignedVote) else "proposal"


def seats(names: list[str]) -> tuple[Seat, ...]:
    return tuple(Seat(f"WK{i:04}", sha256(name.encode()).digest()) for i, name in enumerate(names))


@dataclass
class Person:
    """A validator's surroundings: the blocks it holds, its verdicts, its clock, its timers."""

    machine: m.Machine
    held: list[bytes] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    late: list[bytes] = field(default_factory=list)
    waiting: list[m.Judge] = field(default_factory=list)
    heard: list[SignedMessage] = field(default_factory=list)
    timers: list[m.Arm] = field(default_factory=list)
    clock_ms: int | None = None
    signs: bool = True
    decision: Certificate | None = None


class Town:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.people: dict[str, Person] = {}
        self.height = 0
        self.sent: list[SignedMessage] = []
        self.blocks: dict[bytes, str] = {b"": "nil"}
        self.times_ms: dict[bytes, int] = {}
        self.parent_ms = 0
        self.heard: list[tuple[str, str]] = []

    def play(self, line: str) -> list[str]:
        """Do what the line says; what came of it, one line per text."""
        self.heard = []
        self._command(line.split("#")[0].split())
        grouped: dict[str, list[str]] = {}
        for name, text in self.heard:
            who = grouped.setdefault(text, [])
            if name not in who:
                who.append(name)
        return [f"{self._list(who)}: {text}" for text, who in grouped.items()]

    def _list(self, who: list[str]) -> str:
        return "all" if len(who) == len(self.names) else " ".join(sorted(who))

    def _who(self, words: list[str]) -> list[str]:
        assert words, "whom?"
        assert words == ["all"] or all(w in self.names for w in words), f"who is {words}?"
        return self.names if words == ["all"] else words

    def _command(self, words: list[str]) -> None:
        match words:
            case []:
                pass
            case ["validators", *names]:
                self.names = names
            case ["height", number]:
                self._open(int(number))
            case ["start", *who]:
                for name in self._who(who):
                    self._do(name, self.people[name].machine.start())
            case ["deliver", what, "of", *rest]:
                at = rest.index("to")
                self._deliver(what, self._who(rest[:at]), self._who(rest[at + 1 :]))
            case ["deliver", what, "to", *who]:
                self._deliver(what, self.names, self._who(who))
            case ["lose", what, "of", *who]:
                lost = self._select(what, self._who(who))
                self.sent = [message for message in self.sent if message not in lost]
            case ["timeout", stage, *who, "round", number]:
                for name in self._who(who):
                    self._time_out(name, STAGES[stage], int(number))
            case ["timeout", stage, *who]:
                for name in self._who(who):
                    self._time_out(name, STAGES[stage], self.people[name].machine.round)
            case [*who, "refuse" | "refuses", block]:
                for name in self._who(who):
                    self.people[name].refused.append(block_hash(block))
            case [*who, "find" | "finds", block, "late"]:
                for name in self._who(who):
                    self.people[name].late.append(block_hash(block))
            case ["clock", name, seconds]:
                self.people[name].clock_ms = 1_000_000_000_000 + 1_000 * int(seconds)
            case ["give", block, "to", *who]:
                for name in self._who(who):
                    self._give(name, block_hash(block))
            case ["gossip", "from", giver, "to", taker]:
                self._gossip(giver, taker)
            case ["lie", liar, kind, block, "round", number, "to", *who]:
                seat, stage = self.names.index(liar), Kind[kind.upper()]
                lie = signed_vote(stage, self.height, int(number), block_hash(block), seat)
                for name in self._who(who):
                    self._hand(name, lie)
            case ["restart", *who]:
                for name in self._who(who):
                    self._restart(name)
            case ["wipe", *who]:
                for name in self._who(who):
                    self._renew(name)
            case ["silence" | "unsilence" as verb, *who]:
                for name in self._who(who):
                    self.people[name].machine.silent = verb == "silence"
            case ["sign", "nothing", *who]:
                for name in self._who(who):
                    self.people[name].signs = False
            case ["run"]:
                self._run()
            case ["show", *who]:
                for name in self._who(who):
                    self._show(name)
            case _:
                raise ValueError(f"no such command: {' '.join(words)}")

    # Commands

    def _open(self, height: int) -> None:
        clocks = {name: person.clock_ms for name, person in self.people.items()}
        decided = [p.machine.decided for p in self.people.values() if p.machine.decided]
        if decided:
            self.parent_ms = self.times_ms.get(decided[0].block, 0)
        self.height, self.sent = height, []
        for seat, name in enumerate(self.names):
            person = Person(m.Machine(seats(self.names), seat, height, TIMERS))
            person.clock_ms = clocks.get(name)
            self.people[name] = person

    def _select(self, what: str, who: list[str]) -> list[SignedMessage]:
        kinds = KINDS.values() if what == "everything" else [what.removesuffix("s")]
        return [
            message
            for message in self.sent
            if kind_of(message) in kinds and self.names[sender(message)] in who
        ]

    def _deliver(self, what: str, of: list[str], to: list[str]) -> None:
        chosen = self._select(what, of)
        for name in to:
            for message in chosen:
                if message not in self.people[name].heard:
                    self._hand(name, message)

    def _hand(self, name: str, message: SignedMessage) -> None:
        """A message arrives; the bytes of a block come with its proposal."""
        person = self.people[name]
        person.heard.append(message)
        if isinstance(message, SignedProposal):
            self._give(name, message.proposal.block)
            self._do(name, person.machine.handle(m.ProposalReceived(message)))
        else:
            self._do(name, person.machine.handle(m.VoteReceived(message)))

    def _give(self, name: str, block: bytes) -> None:
        person = self.people[name]
        if block not in person.held:
            person.held.append(block)
        ready = [judge for judge in person.waiting if judge.block in person.held]
        person.waiting = [judge for judge in person.waiting if judge.block not in person.held]
        for judge in ready:
            self._judge(name, judge)

    def _time_out(self, name: str, stage: m.Stage, round: int) -> None:
        person = self.people[name]
        armed = (stage, round) in [(arm.stage, arm.round) for arm in person.timers]
        assert armed, f"{name} has no such timer running"
        event = m.TimedOut(stage, self.height, round)
        person.timers = [a for a in person.timers if (a.stage, a.round) != (stage, round)]
        self._do(name, person.machine.handle(event))

    def _gossip(self, giver: str, taker: str) -> None:
        summary = encode(self.people[taker].machine.summary())
        asked = decode_summary(summary, len(self.names))
        for message in self.people[giver].machine.missing(asked):
            text = f"{kind_of(message)} of {self.names[sender(message)]}"
            self.heard.append((giver, f"send {taker} the {text}"))
            self._hand(taker, message)

    def _restart(self, name: str) -> None:
        data = encode(self.people[name].machine.snapshot())
        machine = self._renew(name)
        machine.restore(decode(m.MachineSnapshot, data))
        self._do(name, machine.start())

    def _renew(self, name: str) -> m.Machine:
        person, me = self.people[name], self.names.index(name)
        person.machine = m.Machine(seats(self.names), me, self.height, TIMERS)
        person.signs, person.waiting, person.timers, person.heard = True, [], [], []
        return person.machine

    def _run(self) -> None:
        quiet: list[tuple[str, str]] = []
        for name, person in self.people.items():
            if not person.machine.started:
                self._do(name, person.machine.start())
        for _ in range(200):
            if all(person.decision for person in self.people.values()):
                break
            before = len(self.sent)
            self._deliver("everything", self.names, self.names)
            if len(self.sent) == before:
                for name, person in self.people.items():
                    for arm in list(person.timers):
                        self._time_out(name, arm.stage, arm.round)
            quiet.extend(entry for entry in self.heard if entry[1].startswith("commit"))
            self.heard = []
        else:
            raise AssertionError("no decision")
        self.heard = quiet

    def _show(self, name: str) -> None:
        machine = self.people[name].machine
        text = f"{machine.stage.name.lower()}{self._in(machine.round)}"
        for word, backed in (("locked", machine.locked), ("valid", machine.valid)):
            if backed is not None:
                text += f", {word} {self.blocks[backed.block]}@{backed.round}"
        self.heard.append((name, text + (", silent" if machine.silent else "")))

    # What the machines ask for

    def _do(self, name: str, actions: tuple[m.Action, ...]) -> None:
        person = self.people[name]
        me = self.names.index(name)
        for action in actions:
            match action:
                case m.SignVote(kind, vote):
                    text = f"{KINDS[kind]} {self.blocks[vote.block]}{self._in(vote.round)}"
                    self._sign(name, text, SignedVote(int(kind), vote, sign(me, (kind, vote))))
                case m.SignProposal(proposal):
                    text = f"propose {self.blocks[proposal.block]}"
                    text += "".join(f" again, backed in round {r}" for r in proposal.valid_round)
                    text += self._in(proposal.round)
                    self._sign(name, text, SignedProposal(proposal, sign(me, proposal)))
                case m.Arm(stage, _, round, duration_ms):
                    person.timers.append(action)
                    text = f"wait {duration_ms} ms in {stage.name.lower()}{self._in(round)}"
                    self.heard.append((name, text))
                case m.Build(_, round):
                    block = self._new_block(person)
                    self.heard.append((name, f"build {self.blocks[block]}{self._in(round)}"))
                    person.held.append(block)
                    self._do(name, person.machine.handle(m.BlockBuilt(block, round)))
                case m.Judge(block, _, _):
                    if block in person.held:
                        self._judge(name, action)
                    else:
                        person.waiting.append(action)
                case m.Fetch(block, _, _):
                    self.heard.append((name, f"fetch {self.blocks[block]}"))
                case m.Decide(block, certificate):
                    person.decision = certificate
                    by = " ".join(self.names[s.seat] for s in certificate.signatures)
                    text = f"commit {self.blocks[block]}{self._in(certificate.round)}"
                    self.heard.append((name, f"{text}, signed by {by}"))
                case m.Report(evidence):
                    place, _, _ = read_evidence(evidence)
                    kind_name = KINDS[Kind(place.kind)]
                    who = self.names[place.seat]
                    self.heard.append((name, f"accuse {who} of two {kind_name}s"))
                case m.Diverged(block):
                    self.heard.append((name, f"diverge at {self.blocks[block]}"))

    def _sign(self, name: str, text: str, message: SignedMessage) -> None:
        if not self.people[name].signs:
            self.heard.append((name, f"ask in vain to {text}"))
            return
        self.heard.append((name, text))
        self.sent.append(message)
        self._hand(name, message)

    def _judge(self, name: str, judge: m.Judge) -> None:
        person, block = self.people[name], judge.block
        valid = block not in person.refused
        fresh = block not in person.late and self._timely(person, block, judge.round)
        if not valid:
            self.heard.append((name, f"find {self.blocks[block]} invalid"))
        verdict = m.BlockJudged(block, judge.round, valid, fresh)
        self._do(name, person.machine.handle(verdict))

    def _timely(self, person: Person, block: bytes, round: int) -> bool:
        """Timeliness, in integers: the past side widens with the round."""
        if person.clock_ms is None or block not in self.times_ms:
            return True
        time_ms, now_ms = self.times_ms[block], person.clock_ms
        if time_ms > max(now_ms + 3_000, self.parent_ms + 1):
            return False
        return time_ms >= now_ms - 3_000 - 10_000 * 2**round

    def _new_block(self, person: Person) -> bytes:
        again, letter = divmod(len(self.blocks) - 1, 26)
        name = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[letter] + (str(again) if again else "")
        block = block_hash(name)
        self.blocks[block] = name
        if person.clock_ms is not None:
            self.times_ms[block] = max(person.clock_ms, self.parent_ms + 1)
        return block

    def _in(self, round: int) -> str:
        return f" (round {round})" if round else ""
