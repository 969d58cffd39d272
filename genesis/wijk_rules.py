"""The rules for wijken, boards and validators in a Genesis document (the table is in rules.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from chain import crypto
from chain.rules import DAY_MS
from genesis.document import Genesis, ProvenKey, WijkPart
from genesis.findings import Accounts, Finding, proven, repeated
from genesis.texts import _
from governance_contracts.boards.boardroom import MEMBERS_MAX, MEMBERS_MIN, TERM_DAYS
from governance_contracts.boards.nodes import NODE_KEYS_MAX, node_holder, seat_holder

SEATS_MAX = 200


def wijk_findings(genesis: Genesis, accounts: Accounts) -> Iterator[Finding]:
    yield from _wijken(genesis)
    for wijk in genesis.wijken:
        yield from _board(wijk, accounts, genesis.time_ms)
        yield from _seat(wijk)
    yield from _treasuries(genesis, accounts)
    yield from _differing(genesis)


def _wijken(genesis: Genesis) -> Iterator[Finding]:
    codes = [wijk.code for wijk in genesis.wijken]
    if not 1 <= len(codes) <= SEATS_MAX or any(a >= b for a, b in pairwise(codes)):
        yield Finding(
            "wijken",
            "wijken",
            _("1 to {most} wijken in order of their codes, each once").format(most=SEATS_MAX),
            _("Sort the wijken by code; every wijk has one entry."),
        )
    levels = {region.code: region.level for region in genesis.regions}
    for position, code in enumerate(codes):
        if levels.get(code) != "wijk":
            yield Finding(
                "wijken",
                f"wijken[{position}] {code}",
                _("a region of level wijk with this code"),
                _("Add it to `regions`, for instance with `socialcoin genesis regions`."),
            )


def _board(wijk: WijkPart, accounts: Accounts, time_ms: int) -> Iterator[Finding]:
    board = wijk.board
    where = f"wijk {wijk.code}: board"
    people = (*board.members, *board.successors)
    if (
        not MEMBERS_MIN <= len(board.members) <= MEMBERS_MAX
        or any(a >= b for a, b in pairwise(board.members))
        or len(set(people)) != len(people)
        or not all(_lives_in(accounts, person, wijk.code) for person in people)
    ):
        yield Finding(
            "board",
            where,
            _("3 to 15 members, registered persons who live in {wijk}, sorted, each once").format(
                wijk=wijk.code
            ),
            _("{found} are listed; {strangers} of them are no registered residents.").format(
                found=len(people),
                strangers=sum(not _lives_in(accounts, p, wijk.code) for p in people),
            ),
        )
    if not 1 <= board.numerator <= board.denominator:
        yield Finding(
            "threshold",
            where,
            _("a fraction above 0 and at most 1, not {a}/{b}").format(
                a=board.numerator, b=board.denominator
            ),
            _("Write 2 and 3 for two thirds of the members, rounded up."),
        )
    if not time_ms < board.term_end_ms <= time_ms + TERM_DAYS * DAY_MS:
        yield Finding(
            "mandate",
            where,
            _("a term that ends after the genesis and within {days} days").format(days=TERM_DAYS),
            _("Set term_end_ms to {most} at the latest.").format(most=time_ms + TERM_DAYS * DAY_MS),
        )
    listed = wijk.registrars
    if len(set(listed)) != len(listed) or not all(entry in accounts for entry in listed):
        yield Finding(
            "registrar",
            f"wijk {wijk.code}: registrars",
            _("registered accounts, each once"),
            _("List the ids of accounts of this document."),
        )


def _lives_in(accounts: Accounts, id: bytes, wijk: str) -> bool:
    account = accounts.get(id)
    return account is not None and account.kind == "person" and account.home == wijk


def _treasuries(genesis: Genesis, accounts: Accounts) -> Iterator[Finding]:
    taken = repeated(wijk.treasury for wijk in genesis.wijken)
    for wijk in genesis.wijken:
        account = accounts.get(wijk.treasury)
        fits = account is not None and account.kind == "board" and account.home == wijk.code
        if not fits or wijk.treasury in taken:
            yield Finding(
                "treasury",
                f"wijk {wijk.code}: treasury",
                _("an account of kind board with its home in {wijk}, of this wijk alone").format(
                    wijk=wijk.code
                ),
                _("List such an account and name its id here."),
            )


def _seat(wijk: WijkPart) -> Iterator[Finding]:
    seat = wijk.seat
    where = f"wijk {wijk.code}: seat"
    if not crypto.is_public_key(seat.consensus.key):
        yield Finding("seat", where, *_bad_key(seat.consensus.key))
    if not 1 <= len(seat.nodes) <= NODE_KEYS_MAX:
        yield Finding(
            "node-keys",
            where,
            _("1 to {most} node keys, not {found}").format(
                most=NODE_KEYS_MAX, found=len(seat.nodes)
            ),
            _("Ask the wijk's operator for the public key of its node."),
        )
    for node in seat.nodes:
        if not crypto.is_public_key(node.key):
            yield Finding("node-keys", where, *_bad_key(node.key))
    yield from _possession(where, seat_holder(wijk.code), (seat.consensus,))
    yield from _possession(where, node_holder(wijk.code), seat.nodes)


def _bad_key(key: bytes) -> tuple[str, str]:
    return (
        _("the 32 bytes of an Ed25519 public key of prime order, not {key}").format(key=key.hex()),
        _("Copy the public key again from the machine that holds the private one."),
    )


def _possession(where: str, holder: bytes, keys: Sequence[ProvenKey]) -> Iterator[Finding]:
    for key in keys:
        if crypto.is_public_key(key.key) and not proven(holder, key.key, key.proof):
            yield Finding(
                "possession",
                where,
                _("a proof by the key {key} itself").format(key=key.key.hex()),
                _("Make the proof for this holder, with chain and epoch zero, by this key."),
            )


def _differing(genesis: Genesis) -> Iterator[Finding]:
    ours = [key.key for wijk in genesis.wijken for key in (wijk.seat.consensus, *wijk.seat.nodes)]
    theirs = {key.key for account in genesis.accounts for key in account.keys}
    twice = repeated(ours)
    for key in sorted({key for key in ours if key in twice or key in theirs}):
        yield Finding(
            "keys-differ",
            "wijken",
            _("validator keys that stand in one place only; {key} stands in two").format(
                key=key.hex()
            ),
            _("Make a new key for one of them: a key serves one purpose."),
        )
