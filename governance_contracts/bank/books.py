"""The reserve's books: per coin, what the bank holds, line by line, and what it must cover.

A *statement* is the bank's own, attested by people; its entries are kept, since each gives rise to
at most one mint, one settlement or one return. Nothing about a payer is here: an entry shows its
amount and sign, the rest is a commitment under a key of the reserve. An IBAN never enters.

    cover = closing balance - unattributed - the reserve's own money
    deficit = free + lots + escrow + offline + redeeming - cover, if that is above nothing
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U8, U16, U32, U53, AccountId, Code, Hash, Millis, Record, encode
from chain.errors import Rejected
from chain.kinds import Tag
from chain.money import CENTS_MAX, AmountField, CentsField
from chain.state import Draft, Table, View, number, raw, text
from governance_contracts.coins.balances import LotId, supply_of, total_of
from governance_contracts.coins.coin import Currency
from governance_contracts.coins.writedown import worth

ENTRIES_MAX = 2_000
ATTESTORS_MAX = 15
PARTS_MAX = 16

SignedCents = Annotated[int, Meta(ge=-CENTS_MAX, le=CENTS_MAX)]


class EntryKind(IntEnum):
    """What a bank line is. Credits first, then debits."""

    DEPOSIT = 1  # euros to be minted; `reference` commits to whom
    UNATTRIBUTED = 2  # nobody knows for whom yet; not cover until then
    BOUNCE = 3  # a redemption that came back
    COVER = 4  # paid in to cure a deficit
    INTEREST = 5  # the reserve's own
    REDEMPTION = 16  # paid out to a holder
    RETURN = 17  # a deposit or an unattributed credit that went back
    CHARGE = 18  # the bank's costs, or a seizure


CREDITS = frozenset(
    {
        EntryKind.DEPOSIT,
        EntryKind.UNATTRIBUTED,
        EntryKind.BOUNCE,
        EntryKind.COVER,
        EntryKind.INTEREST,
    }
)
DEBITS = frozenset({EntryKind.REDEMPTION, EntryKind.RETURN, EntryKind.CHARGE})


class EntryPlace(Record, tag=1):
    """Which line: statement number and entry number."""

    statement: U53
    entry: U32


class Entry(Record, tag=1):
    """One booked line of a bank statement.

    `number` counts from 1 within the statement. `redemption`: for BOUNCE and REDEMPTION, which
    one, if the bank's text says so. `returns`: for RETURN, the credit that went back.
    `reference`: for DEPOSIT, `deposit_reference` of the account it is for, if the payer gave one.
    `details`: everything else the bank says, committed.
    """

    number: U32
    credit: bool
    amount: AmountField
    kind: U8
    redemption: Annotated[tuple[U53, ...], Meta(max_length=1)]
    returns: Annotated[tuple[EntryPlace, ...], Meta(max_length=1)]
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    details: Hash


class Statement(Record, tag=1):
    """A bank statement in whole. `account`: commitment to the bank account's number.

    `sequence`: its number in the reserve's books, from 1, one more than the last. `closed_ms`:
    when it was closed. `more`: a statement of the bank with more lines than fit one record is
    taken in parts that follow one another; so many are still to come. `file`: hash of the bank's
    file under the reserve's key.
    """

    coin: Code
    account: Hash
    currency: Currency
    sequence: U53
    more: U16
    closed_ms: Millis
    opening: SignedCents
    closing: SignedCents
    file: Hash
    entries: Annotated[tuple[Entry, ...], Meta(max_length=ENTRIES_MAX)]


class Standing(Record, tag=1):
    """A standing decision: these accounts may mint deposits that carry a valid reference."""

    minters: Annotated[tuple[AccountId, ...], Meta(max_length=8)]
    day_max: CentsField


class Reserve(Record, tag=1):
    """One coin's reserve. `attestors` sorted, `k` of them make a statement.

    `signers`: who signs payments at the bank. `sequence` 0: no statement yet.
    `more`: parts of the bank's latest statement that are to come. `own`: the reserve's own money,
    first opening balance and interest less charges; below nothing, what charges took from the
    cover, which later interest or cover makes good first. `minted_today` is the total of the day
    `minted_day` (days since 1970). `short_ms`: since when the deficit has been
    above 1 % of what is owed.
    """

    account: Hash
    attestors: Annotated[tuple[AccountId, ...], Meta(min_length=3, max_length=ATTESTORS_MAX)]
    k: U8
    signers: Annotated[tuple[AccountId, ...], Meta(max_length=ATTESTORS_MAX)]
    sequence: U53
    more: U16
    closed_ms: Millis
    balance: SignedCents
    unattributed: CentsField
    own: SignedCents
    standing: Annotated[tuple[Standing, ...], Meta(max_length=1)]
    minted_day: U32
    minted_today: CentsField
    short_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]


class EntryState(IntEnum):
    OPEN = 1  # waits: for its mint, its attribution, or an explanation
    USED = 2  # has had its one effect
    RETURNED = 3  # went back where it came from


class BookedEntry(Record, tag=1):
    """What is kept of a line. `account`: for whom it was minted. `return_by_ms`: until when a
    credit that is nobody's yet may wait."""

    credit: bool
    amount: AmountField
    kind: U8
    state: U8
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    account: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    return_by_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]


class BookedStatement(Record, tag=1):
    """A statement that was taken, by its hash, and who attested it."""

    hash: Hash
    attestors: Annotated[tuple[AccountId, ...], Meta(max_length=ATTESTORS_MAX)]
    closed_ms: Millis
    opening: SignedCents
    closing: SignedCents
    entries: U32


class PendingStatement(Record, tag=1):
    """A statement that too few have attested yet."""

    statement: Statement
    attestors: Annotated[tuple[AccountId, ...], Meta(max_length=ATTESTORS_MAX)]


class Attested(Record, tag=1):
    """Which statement of this number an attestor stands by while too few do."""

    hash: Hash


class RedemptionState(IntEnum):
    REQUESTED = 1
    EXPORTED = 2
    SETTLED = 3
    BOUNCED = 4  # the coin is back with its holder
    CANCELLED = 5  # by the holder, before the export


class RedeemedPart(Record, tag=1):
    lot: LotId
    amount: AmountField


class Redemption(Record, tag=1):
    """`amount`: the euros it pays. `destination`: commitment to the bank account. `parts`: what
    goes back if it bounces; more than `amount` after a write-down.
    `file`: commitment to the payment file it was exported in, at `exported_ms`."""

    coin: Code
    holder: AccountId
    amount: AmountField
    parts: Annotated[tuple[RedeemedPart, ...], Meta(min_length=1, max_length=PARTS_MAX)]
    destination: Hash
    state: U8
    requested_ms: Millis
    file: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    exported_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]


class Waiting(Record, tag=1):
    """A place in the queue of requested redemptions."""

    amount: AmountField


class UnderWay(Record, tag=1):
    """How many of an account's redemptions are neither settled nor back."""

    count: U32


EntryKey = tuple[str, int, int]


def statement_key(key: tuple[str, int]) -> bytes:
    return key[0].encode("ascii") + b"\0" + number(key[1])


def entry_key(key: EntryKey) -> bytes:
    return statement_key((key[0], key[1])) + key[2].to_bytes(4, "big")


def attested_key(key: tuple[str, int, bytes]) -> bytes:
    return statement_key((key[0], key[1])) + key[2]


def pending_key(key: tuple[str, bytes]) -> bytes:
    return key[0].encode("ascii") + b"\0" + key[1]


RESERVES: Table[str, Reserve] = Table(80, "reserve", Reserve, text)
STATEMENTS: Table[tuple[str, int], BookedStatement] = Table(
    81, "statement", BookedStatement, statement_key
)
ENTRIES: Table[EntryKey, BookedEntry] = Table(82, "bank_entry", BookedEntry, entry_key)
REDEMPTIONS: Table[int, Redemption] = Table(83, "redemption", Redemption, number)
PENDING: Table[tuple[str, bytes], PendingStatement] = Table(
    84, "pending_statement", PendingStatement, pending_key
)
ATTESTED: Table[tuple[str, int, bytes], Attested] = Table(88, "attested", Attested, attested_key)
"""By coin, number and attestor: one pending statement each, so that nobody can pile them up."""
WAITING: Table[tuple[str, int], Waiting] = Table(85, "waiting_redemption", Waiting, statement_key)
"""Requested redemptions by coin and number, so in order of request."""

UNDER_WAY: Table[bytes, UnderWay] = Table(86, "redemptions_under_way", UnderWay, raw)


class UnknownReserve(Rejected):
    """The coin has no reserve: nothing can be attested, minted or redeemed."""

    code = 700
    fields = ("coin",)


def require_reserve(view: View, coin: str) -> Reserve:
    """Refuses UnknownReserve."""
    reserve = view.get(RESERVES, coin)
    if reserve is None:
        raise UnknownReserve(coin)
    return reserve


def cover_of(reserve: Reserve) -> int:
    """Euros that stand behind coin; below nothing when the account is overdrawn."""
    return reserve.balance - reserve.unattributed - max(0, reserve.own)


def liabilities_of(view: View, coin: str) -> int:
    """All coin in being, redemptions under way included."""
    return total_of(supply_of(view, coin))


def deficit_of(view: View, coin: str) -> int:
    """By how much the cover falls short; 0 for a coin that is covered or has no reserve."""
    reserve = view.get(RESERVES, coin)
    if reserve is None:
        return 0
    return max(0, worth(view, coin, liabilities_of(view, coin)) - cover_of(reserve))


def face_of(redemption: Redemption) -> int:
    """How much coin is under way in it."""
    return sum(part.amount for part in redemption.parts)


def deposit_reference(account: bytes, salt: bytes) -> bytes:
    """The commitment by which a bank line names the account it is for."""
    return crypto.tagged(Tag.COMMITMENT, salt, account)


def hash_of(statement: Statement) -> bytes:
    """What attestors sign: the hash of the statement in full."""
    return crypto.tagged(Tag.STATEMENT, encode(statement))


def update_reserve(draft: Draft, coin: str, reserve: Reserve, **changes: object) -> Reserve:
    """Put the reserve with some fields changed; returns it."""
    fields = {name: getattr(reserve, name) for name in reserve.__struct_fields__}
    changed = Reserve(**(fields | changes))
    draft.put(RESERVES, coin, changed)
    return changed


def put_redemption(
    draft: Draft,
    name: int,
    redemption: Redemption,
    state: RedemptionState,
    exported: tuple[bytes, int] | None = None,
) -> None:
    """The redemption in another state. `exported`: commitment to its payment file, and when."""
    draft.put(
        REDEMPTIONS,
        name,
        Redemption(
            redemption.coin,
            redemption.holder,
            redemption.amount,
            redemption.parts,
            redemption.destination,
            state,
            redemption.requested_ms,
            redemption.file if exported is None else exported[:1],
            redemption.exported_ms if exported is None else exported[1:],
        ),
    )


def count_under_way(draft: Draft, holder: bytes, change: int) -> None:
    known = draft.find(UNDER_WAY, holder)
    count = (known.count if known else 0) + change
    if count:
        draft.put(UNDER_WAY, holder, UnderWay(count))
    else:
        draft.delete(UNDER_WAY, holder)
