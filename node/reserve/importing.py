"""`node reserve import`: a bank statement becomes calls to attest and to mint, for people to send.

Nothing is sent and no key of an account is used here. The same statement, imported by others with
the same reserve key, gives the same bytes: that is what makes attestations independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.bank.checks import require_next, require_proof
from auditor.bank.commitments import deposit_salt, digest_of
from auditor.bank.composing import PARTS_MAX, Composed, compose
from auditor.bank.lines import BankStatement
from auditor.bank.sorting import Sorter
from chain.address import encode_address
from chain.codec import encode
from genesis.mistakes import UserError
from genesis.texts import _
from governance_contracts.bank.books import ENTRIES_MAX, EntryKind, hash_of
from node.reserve.home import ReserveHome, write_json
from node.reserve.records import Imported, kept_of


@dataclass(frozen=True, slots=True)
class ChainReserve:
    """Where the chain's books on a reserve stand, as a node says."""

    chain: bytes
    prefix: str
    coin: str
    currency: str
    account: bytes
    sequence: int = 0
    more: int = 0
    balance: int = 0
    unattributed: int = 0
    own: int = 0
    liabilities: int = 0
    pending: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Prepared:
    """`status`: new, again (the same as before), changed (more is known now), attested (the chain
    has it). `hashes`: of the records that attestors attest, in order."""

    status: str
    composed: Composed
    hashes: tuple[bytes, ...]


def prepare(
    home: ReserveHome,
    statement: BankStatement,
    state: ChainReserve,
    told: Mapping[int, EntryKind] | None = None,
    taken: Mapping[int, bytes] | None = None,
) -> Prepared:
    """What the statement becomes; noted in the home.

    `told`: what people say of lines, by number. `taken`: hashes of statements that the chain has,
    by number, to catch up with it. Raises BadStatement as `checks.py`; UserError: a home of
    another account than the chain's, a statement before the latest, one that the chain has
    otherwise, more lines than a statement may have.
    """
    require_proof(statement, home.iban, state.currency)
    if home.account != state.account:
        raise UserError(
            _(
                "The chain's reserve of {coin} is of another bank account than this home: it has "
                "{theirs}…, this home makes {ours}…."
            ).format(coin=home.coin, theirs=state.account.hex()[:16], ours=home.account.hex()[:16])
        )
    lines = sum(len(entry.transactions) for entry in statement.entries)
    if lines > PARTS_MAX * ENTRIES_MAX:
        raise UserError(
            _("The statement has {n} payments; at most {most} can be taken.").format(
                n=lines, most=PARTS_MAX * ENTRIES_MAX
            )
        )
    digest = digest_of(statement)
    history = home.imported()
    known = next((each for each in history if each.kept.digest == digest), None)
    if known is not None:
        done = known.last <= state.sequence
        earlier = [each for each in history if each.first < known.first]
        if not done and known is not history[-1]:
            done = True  # a later one builds on it: it stays as it is
        if done:
            sorter = _sorter(home, state, earlier)
            composed = _compose(home, statement, sorter, known.first, _told(known))
            if tuple(hash_of(part) for part in composed.parts) == known.kept.hashes:
                home.sorted_to = (known.first, sorter)
            return Prepared("attested" if known.last <= state.sequence else "again", composed,
                            known.kept.hashes)  # fmt: skip
        composed = _compose(home, statement, _sorter(home, state, earlier), known.first, told)
        hashes = tuple(hash_of(part) for part in composed.parts)
        status = "again" if hashes == known.kept.hashes else "changed"
        home.keep(kept_of(composed, hashes))
        return Prepared(status, composed, hashes)
    first = _first(statement, state, history)
    sorter = _sorter(home, state, history)
    composed = _compose(home, statement, sorter, first, told)
    hashes = tuple(hash_of(part) for part in composed.parts)
    for number, made in enumerate(hashes, first):
        theirs = (taken or {}).get(number, made)
        if theirs != made:
            raise UserError(
                _(
                    "The chain has another statement {number} than this file makes: its hash is "
                    "{theirs}, this one's {ours}. Was a reference or a remark on a line given "
                    "that this home does not know?"
                ).format(number=number, theirs=theirs.hex(), ours=made.hex())
            )
    home.keep(kept_of(composed, hashes))
    home.sorted_to = (first, sorter)
    return Prepared("attested" if composed.last <= state.sequence else "new", composed, hashes)


def _first(statement: BankStatement, state: ChainReserve, history: list[Imported]) -> int:
    """The number the statement gets, if it follows. Raises BadStatement, UserError."""
    if history:
        last = history[-1]
        if statement.closed_ms < last.kept.closed_ms:
            raise UserError(
                _(
                    "The statement of {date} is older than the latest that was imported, of "
                    "{latest}. Statements are imported in their order."
                ).format(date=statement.closing_date, latest=last.kept.closing_date)
            )
        require_next(statement, last.kept.number, last.kept.closing)
        return last.last + 1
    if state.sequence:
        require_next(statement, None, state.balance)
    return state.sequence + 1


def _sorter(home: ReserveHome, state: ChainReserve, history: list[Imported]) -> Sorter:
    """What knows the credits of these statements that have not gone back: the one that sorted the
    last of them, if it is at hand. Whoever uses it may not find it there again."""
    at_hand, home.sorted_to = home.sorted_to, None
    if at_hand is not None and history and at_hand[0] == history[-1].first:
        return at_hand[1]
    sorter = Sorter(state.chain, home.coin, home.references)
    for each in history:
        sorter.remember(each.credits())
    sorter.forget([place for each in history for place in each.returned()])
    return sorter


def _compose(
    home: ReserveHome,
    statement: BankStatement,
    sorter: Sorter,
    first: int,
    told: Mapping[int, EntryKind] | None,
) -> Composed:
    sorter.told = told or {}
    try:
        return compose(statement, sorter, home.key, home.account, first)
    except ValueError as error:
        raise UserError(
            _("Line {number} is a {side}; it cannot be what you say.").format(
                number=error, side=_("credit or debit of the other kind")
            )
        ) from None


def _told(known: Imported) -> dict[int, EntryKind]:
    """What a statement that stays as it is was made of: lines without more to say than a kind."""
    plain = (EntryKind.CHARGE, EntryKind.COVER, EntryKind.INTEREST, EntryKind.UNATTRIBUTED)
    return {
        number: EntryKind(line.kind)
        for number, line in enumerate(known.kept.lines, 1)
        if line.kind in plain
    }


def write_prepared(home: ReserveHome, prepared: Prepared, state: ChainReserve) -> list[str]:
    """The files for the wallets of attestors and minters; their paths, attestations first."""
    composed = prepared.composed
    folder = home.prepared(composed.first)
    paths = []
    for part, hash in zip(composed.parts, prepared.hashes, strict=True):
        path = folder / f"attestation-{part.sequence}.json"
        content = {
            "format": 1,
            "call": "reserve.attest",
            "chain_id": state.chain.hex(),
            "coin": home.coin,
            "sequence": part.sequence,
            "hash": hash.hex(),
            "statement": encode(part).hex(),
        }
        write_json(path, content)
        paths.append(str(path))
    mints = mints_of(home, composed, state)
    if mints:
        path = folder / "mints.json"
        content = {
            "format": 1,
            "call": "reserve.mint",
            "chain_id": state.chain.hex(),
            "coin": home.coin,
            "mints": mints,
        }
        write_json(path, content)
        paths.append(str(path))
    return paths


def mints_of(home: ReserveHome, composed: Composed, state: ChainReserve) -> list[dict[str, Any]]:
    """The mints of a statement's deposits, for `wallet reserve mint`."""
    found = []
    for line in composed.lines:
        if line.kind != EntryKind.DEPOSIT:
            continue
        statement, entry = composed.place(line)
        salt = deposit_salt(home.key, composed.digest, line.payment.number)
        found.append(
            {
                "statement": statement,
                "entry": entry,
                "account": encode_address(state.prefix, line.account),
                "amount_cents": line.payment.amount,
                "salt": salt.hex(),
            }
        )
    return found
