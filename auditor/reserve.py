"""The bank's side of the books: statements, their lines, mints against them, redemptions.

Kept from what attestors handed in, not from what the reserve contract made of it. One line has
one effect: a deposit at most one mint, a payment at most one redemption. Coin in being must stand
against cover: the closing balance, less what is nobody's yet, less the reserve's own money.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from auditor.authority import Note, Ran
from auditor.balances import FREE, Balances
from auditor.reserve_records import (
    BACK,
    BOUNCE,
    BOUND,
    DEPOSIT,
    EXPORTED,
    OPEN,
    PARTS_MAX,
    REQUESTED,
    RETURNED,
    SETTLED,
    UNATTRIBUTED,
    USED,
    Account,
    Entry,
    Line,
    Redemption,
)
from auditor.wire import Fields, encode
from chain.crypto import tagged
from chain.kinds import Tag
from genesis.document import Genesis
from genesis.texts import _


@dataclass(slots=True)
class Bank:
    balances: Balances
    note: Note
    accounts: dict[str, Account]
    lot_kinds: dict[int, int] = field(default_factory=dict)
    rates: dict[str, tuple[int, int]] = field(default_factory=dict)
    faces: dict[int, int] = field(default_factory=dict)
    statements: dict[tuple[str, bytes], Fields] = field(default_factory=dict)
    attested: dict[tuple[str, bytes], set[bytes]] = field(default_factory=dict)
    stands_by: dict[tuple[str, int, bytes], bytes] = field(default_factory=dict)
    """Of each attestor the latest statement of a number: another takes the one before back."""
    entries: dict[Line, Entry] = field(default_factory=dict)
    redemptions: dict[int, Redemption] = field(default_factory=dict)
    mints: deque[Fields] = field(default_factory=deque)
    redeems: deque[Fields] = field(default_factory=deque)
    taken: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """Which statement was booked under a number, by its hash."""
    current: bytes = b""
    happened: dict[int, int] = field(default_factory=dict)
    """Redemptions that receipts say a statement settled (702) or bounced (703)."""
    minting: Line | None = None
    fund_of: Callable[[int], bytes] = lambda lot: b""
    """Whose earmark a lot is; nothing for region-bound coin."""
    _burned: list[Fields] = field(default_factory=list)
    _told_burned: list[Fields] = field(default_factory=list)

    def begin(self, calls: Iterable[Ran]) -> None:
        """The calls that a transaction carried out, in order."""
        self.mints.clear()
        self.redeems.clear()
        self.happened.clear()
        self.minting = None
        for call in calls:
            match call.name:
                case "reserve.mint":
                    self.mints.append(call.args)
                case "reserve.redeem" | "life.redeem_estate":
                    self.redeems.append(call.args)
                case "reserve.attest":
                    self._handed_in(call.args)
                case _:
                    pass

    def _handed_in(self, args: Fields) -> None:
        _tag, attestor, coin, digest, statements = args
        for statement in statements:
            if tagged(Tag.STATEMENT, encode(statement)) != digest:
                self.note("statement", _("A statement is not the one attested."), digest.hex(), "")
            self.statements[(coin, digest)] = statement
        self.attested.setdefault((coin, digest), set()).add(attestor)

    # Events, by number.

    def attestation(self, event: Fields) -> None:
        _n, coin, sequence, digest, attestor, _attested, _needed = event
        self.current = digest
        place = (coin, sequence, attestor)
        before = self.stands_by.setdefault(place, digest)
        if before != digest:
            self.attested[(coin, before)].discard(attestor)
        self.stands_by[place] = digest
        if attestor not in self.attested.get((coin, digest), ()):
            self.note(
                "statement", _("An attestation that nobody gave."), digest.hex(), attestor.hex()
            )

    def attestors_set(self, event: Fields) -> None:
        _n, coin, attestors, k = event
        account = self.accounts.setdefault(coin, Account([], 0))
        account.attestors, account.k = attestors, k

    def line_event(self, event: Fields) -> None:
        self.happened[event[1]] = event[0]

    def booked(self, event: Fields) -> None:
        """Take the statement in, line by line, and compare with what the receipt says."""
        _n, coin, sequence, closing, _cover, liabilities, *_rest = event
        place = (coin, self.current)
        statement, account = self.statements.get(place), self.accounts.get(coin)
        if statement is None or account is None:
            self.note("statement", _("A statement was booked that nobody handed in."), "", coin)
            return
        attestors = sum(a in account.attestors for a in self.attested[place])
        if attestors < account.k:
            self._differs("statement", coin, _("attestations"), account.k, attestors)
        _tag, _coin, _bank, _currency, number, more, _closed, opening, end, *rest = statement
        entries = rest[1]
        if (number, end) != (sequence, closing):
            self._differs("statement", coin, _("closing balance"), end, closing)
        if account.sequence and number != account.sequence + 1:
            self._differs("statement", coin, _("number"), account.sequence + 1, number)
        if account.sequence and opening != account.closing:
            self._differs("statement", coin, _("opening balance"), account.closing, opening)
        added = opening + sum(entry[3] if entry[2] else -entry[3] for entry in entries)
        if added != end:
            self._differs("statement", coin, _("sum of its lines"), added, end)
        if not account.sequence:
            account.own = max(0, opening)
        if account.more and more != account.more - 1:
            self._differs("statement", coin, _("parts to come"), account.more - 1, more)
        account.sequence, account.closing, account.more = number, end, more
        self.taken[(coin, number)] = self.current
        for _tag, line, credit, amount, kind, redemption, returns, _reference, _details in entries:
            entry = Entry(credit, kind, amount)
            self.entries[(coin, number, line)] = entry
            self._line(coin, account, entry, redemption, returns)
        for name in self.happened:
            self.note("redemption", _("No bank line for this redemption."), "", str(name))
        self.happened.clear()
        if self._burned != self._told_burned:
            self._differs(
                "redemption",
                coin,
                _("coin burned for returned deposits"),
                sum(part[3] for part in self._burned),
                sum(part[3] for part in self._told_burned),
            )
        self._burned, self._told_burned = [], []
        if liabilities != self.balances.total(coin):
            total = self.balances.total(coin)
            self._differs("supply", coin, _("coin in being"), total, liabilities)

    def _line(
        self,
        coin: str,
        account: Account,
        entry: Entry,
        names: list[int],
        returns: list[Fields],
    ) -> None:
        amount = entry.amount
        match entry.kind:
            case 1:  # a deposit waits for its mint
                return
            case 2:  # unattributed
                account.unattributed += amount
                return
            case 4 if account.own < 0:  # cover makes good what charges took
                account.own = min(0, account.own + amount)
            case 5:  # interest
                account.own += amount
            case 18:  # the bank's costs
                account.own -= amount
            case 16:
                if not self._settle(coin, entry, names):
                    return
            case 3:
                if not self._bounce(coin, entry, names):
                    account.unattributed += amount
                    return
            case 17:
                if not self._send_back(coin, account, entry, returns):
                    return
            case _:
                pass
        entry.state = USED

    def _named(self, coin: str, entry: Entry, names: list[int], event: int) -> Redemption | None:
        """The redemption a line names, if receipts say that the line had its effect."""
        for name in names:
            if self.happened.get(name) != event:
                continue
            del self.happened[name]
            found = self.redemptions.get(name)
            if found is not None and (found.coin, found.amount) == (coin, entry.amount):
                return found
            self.note(
                "redemption",
                _("A bank line does not fit redemption {name}.").format(name=name),
                str(found),
                f"{coin} {entry.amount}",
            )
        return None

    def _settle(self, coin: str, entry: Entry, names: list[int]) -> bool:
        found = self._named(coin, entry, names, 702)
        if found is None:
            return False
        if found.state not in (REQUESTED, EXPORTED):
            self._state("redemption", names[0], found.state)
        found.state = SETTLED
        self.balances.redeeming[coin] -= found.face
        self.balances.burned[coin] += found.face
        return True

    def _bounce(self, coin: str, entry: Entry, names: list[int]) -> bool:
        found = self._named(coin, entry, names, 703)
        if found is None:
            return False
        if found.state != SETTLED:
            self._state("redemption", names[0], found.state)
        found.state = BACK
        for lot, amount in found.parts:
            self.balances.add(found.holder, coin, lot, amount)
        self.balances.minted[coin] += found.face
        return True

    def _send_back(self, coin: str, account: Account, entry: Entry, returns: list[Fields]) -> bool:
        for _tag, statement, line in returns:
            credit = self.entries.get((coin, statement, line))
            if credit is None or not credit.credit or credit.amount != entry.amount:
                continue
            if credit.state == RETURNED:
                continue
            if credit.kind == DEPOSIT:
                if credit.account:
                    self._burn_unspent(credit.account, coin, entry.amount)
            elif credit.state == OPEN:
                account.unattributed = max(0, account.unattributed - entry.amount)
            else:
                continue
            credit.state = RETURNED
            return True
        return False

    def _burn_unspent(self, account: bytes, coin: str, amount: int) -> None:
        """Free coin first, then earmarks of its own that it still holds, by lot number."""
        own = [lot for lot in self.balances.lots_of(account, coin) if self.fund_of(lot) == account]
        left = amount
        for lot in (FREE, *sorted(own)):
            part = min(left, self.balances.of(account, coin, lot))
            if part:
                self.balances.add(account, coin, lot, -part)
                self.balances.burned[coin] += part
                self._burned.append([716, coin, lot, part, account])
                left -= part

    def burned(self, event: Fields, party: bytes) -> None:
        """What a holder is told of it comes before the statement is booked here."""
        self._told_burned.append([*event, party])

    # Coin made.

    def minted(self, event: Fields) -> None:
        _n, coin, statement, line, amount = event
        place = (coin, statement, line)
        shown = f"{coin} {statement}/{line}"
        call = self.mints.popleft() if self.mints else None
        if call is None or (call[1], call[2], call[3], call[5]) != (*place, amount):
            self.note("mint", _("Coin was made without a call that asks for it."), "", shown)
        entry = self.entries.get(place)
        if entry is None or entry.kind != DEPOSIT:
            self.note(
                "mint",
                _("Coin was made against a bank line that nobody attested."),
                _("an attested deposit"),
                f"{shown}: {amount}",
            )
        elif entry.state != OPEN:
            self.note("mint", _("A bank line was minted twice."), "", shown)
        elif entry.amount != amount:
            self._differs("mint", shown, _("amount of the bank line"), entry.amount, amount)
        if entry is not None:
            entry.state = USED
        self.balances.minted[coin] += amount
        self.minting = place

    def received(self, event: Fields, party: bytes) -> None:
        """The coin of the mint just read arrives."""
        _n, coin, amount = event
        if self.minting is None or self.minting[0] != coin:
            self.note("mint", _("Coin arrived that nobody made."), "", f"{coin} {amount}")
        else:
            entry = self.entries.get(self.minting)
            if entry is not None:
                entry.account = party
        self.minting = None
        self.balances.add(party, coin, FREE, amount)
        account = self.accounts.get(coin)
        cover, owed = account.cover if account else 0, self.balances.total(coin)
        if owed > cover:
            self._differs("mint", coin, _("cover, at least the coin in being"), owed, cover)

    def attributed(self, event: Fields) -> None:
        _n, coin, statement, line, amount = event
        entry, account = self.entries.get((coin, statement, line)), self.accounts.get(coin)
        if entry is None or account is None or entry.kind not in (UNATTRIBUTED, BOUNCE):
            shown = f"{coin} {statement}/{line}"
            self.note("statement", _("A line was attributed that did not wait."), "", shown)
            return
        entry.kind = DEPOSIT
        account.unattributed = max(0, account.unattributed - amount)

    # Redemptions.

    def requested(self, event: Fields, party: bytes) -> None:
        """Region-bound coin first, lot by lot, then free coin."""
        _n, name, coin, paid = event
        face = self.face_of(name, coin, paid)
        call = self.redeems.popleft() if self.redeems else None
        if call is None or (call[1], call[2], call[3]) != (party, coin, face):
            self.note("redemption", _("A redemption that nobody asked for."), "", str(name))
            return
        named = call[4] or [
            lot for lot in self.balances.lots_of(party, coin) if self.lot_kinds.get(lot) == BOUND
        ]
        parts, left = [], face
        for lot in sorted(set(named))[:PARTS_MAX]:
            part = min(left, self.balances.of(party, coin, lot))
            if part:
                parts.append((lot, part))
                left -= part
        if left:
            parts.append((FREE, left))
        self.under_way(name, coin, party, paid, parts)

    def under_way(
        self, name: int, coin: str, holder: bytes, paid: int, parts: list[tuple[int, int]]
    ) -> None:
        """Coin leaves its holder, on its way back into euros."""
        for lot, part in parts:
            self.balances.add(holder, coin, lot, -part)
        found = Redemption(coin, holder, paid, parts)
        self.balances.redeeming[coin] += found.face
        self.redemptions[name] = found

    def face_of(self, name: int, coin: str, paid: int) -> int:
        """The coin that a redemption takes for these euros: as much, unless it was written down."""
        face = self.faces.pop(name, paid)
        numerator, denominator = self.rates.get(coin, (1, 1))
        expected = face * numerator // denominator
        if paid != expected:
            self._differs("redemption", coin, _("what a redemption pays"), expected, paid)
        return face

    def exported(self, event: Fields) -> None:
        self._move(event, (REQUESTED,), EXPORTED)

    def given_back(self, event: Fields) -> None:
        """Cancelled by the holder, or rejected by the bank before it was booked."""
        found = self._move(event, (REQUESTED, EXPORTED), BACK)
        if found is not None:
            for lot, amount in found.parts:
                self.balances.add(found.holder, found.coin, lot, amount)
            self.balances.redeeming[found.coin] -= found.face

    def _move(self, event: Fields, states: tuple[int, ...], into: int) -> Redemption | None:
        name = event[1]
        found = self.redemptions.get(name)
        if found is None or found.state not in states or found.amount != event[2]:
            self._state("redemption", name, found.state if found else 0)
            return None
        found.state = into
        return found

    # Closing.

    def close(self) -> None:
        """A redemption that is not settled and not back must still be counted as owed."""
        for coin in self.accounts:
            under_way = sum(
                one.face
                for one in self.redemptions.values()
                if one.coin == coin and one.state in (REQUESTED, EXPORTED)
            )
            booked = self.balances.redeeming[coin]
            if under_way != booked:
                self._differs("redemption", coin, _("redemptions under way"), under_way, booked)

    def _state(self, check: str, name: int, state: int) -> None:
        self.note(
            check,
            _("Redemption {name} is not in a state for this.").format(name=name),
            "",
            str(state),
        )

    def _differs(self, check: str, where: str, what: str, expected: int, found: int) -> None:
        message = _("{where}: {what} differs.").format(where=where, what=what)
        self.note(check, message, str(expected), str(found))


def bank_of(genesis: Genesis, balances: Balances, note: Note) -> Bank:
    accounts = {
        coin.code: Account([bytes(a) for a in coin.reserve.attestors], coin.reserve.k)
        for wijk in genesis.wijken
        for coin in wijk.coins
    }
    return Bank(balances, note, accounts)
