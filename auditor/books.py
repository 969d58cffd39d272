"""The books, added up a second time from the receipts, by lines that share nothing with contracts.

From each receipt these books read what happened to whom (events, by number and position) and keep
balances of their own per account, coin and lot; where an event says too little, the arguments of
the call that caused it. After every block the accounts and coins it touched must stand in the
state as they stand here; at the end, all of them:

    free + lots + escrow + offline + redeeming = minted - burned, per coin
    each balance, per account, coin and lot

`reserve.py` ties coin to bank lines, `authority.py` acts to decisions, `numbers.py` counts replay
numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from auditor.authority import Decisions, Ran
from auditor.balances import FREE, Balances
from auditor.benefits import Benefits
from auditor.clearing import Clearing
from auditor.comparison import Comparison
from auditor.findings import Finding, Report
from auditor.letters import Letters
from auditor.mandates import Mandates
from auditor.numbers import Numbers
from auditor.offline import Offline
from auditor.payments import Payments
from auditor.recurring import Recurring
from auditor.reserve import bank_of
from auditor.wire import Fields, fields, stored, written
from auditor.writedowns import WriteDowns
from chain.account import AccountKind, Status
from chain.block import Header, Receipt
from chain.certificate import Seats
from chain.execution import Applied
from chain.ledger import KeyValue, Ledger
from chain.transaction import Transaction
from genesis.document import Genesis
from genesis.texts import _

ACCOUNTS, LOTS = 1, 70
SUCCESSIONS_MAX = 8

Handler = Callable[[Fields, bytes], None]


class Books:
    def __init__(self, genesis: Genesis, report: Report) -> None:
        self.report = report
        self.height = 0
        self.balances = Balances()
        self.bank = bank_of(genesis, self.balances, self.note)
        self.decisions = Decisions(genesis, self.note)
        self.numbers = Numbers()
        self.successors: dict[bytes, bytes] = {}
        self.destinations: dict[str, bytes] = {}
        self._applied: Applied | None = None
        self._before: Ledger | None = None
        self._payers: tuple[bytes, ...] | None = None
        self._decided = False
        self._run = (0, 0)
        self._reclaimed = False
        self._comparison = Comparison(self.balances, self.note)
        self._letters = letters = Letters(self.balances, self.note)
        self._recurring = recurring = Recurring(self.note)
        self._offline = offline = Offline(self.balances, self.note)
        self._mandates = mandates = Mandates(self.balances, self.decisions, self.note)
        benefits = Benefits(self.balances, self.note)
        self._payments = payments = Payments(
            self.balances,
            benefits,
            self.note,
            self._check_paying,
            self._written,
            self._stored,
            self._heir,
            self._time_ms,
        )
        self._benefits = benefits
        bank = self.bank
        self._clearing = clearing = Clearing(
            self.balances, bank, self.note, self._treasury_of, self._destination_of
        )
        write_downs = WriteDowns(bank, self.note)
        bank.fund_of = self._fund_of
        self._handlers: dict[int, Handler] = {
            600: self._lot_opened,
            601: self._reclaim,
            602: self._successor_named,
            700: lambda event, party: bank.attestation(event),
            701: lambda event, party: bank.booked(event),
            702: lambda event, party: bank.line_event(event),
            703: lambda event, party: bank.line_event(event),
            704: self._requested,
            705: lambda event, party: bank.given_back(event),
            706: lambda event, party: bank.exported(event),
            707: lambda event, party: bank.given_back(event),
            709: lambda event, party: bank.attestors_set(event),
            711: lambda event, party: bank.minted(event),
            712: bank.received,
            713: lambda event, party: bank.attributed(event),
            716: bank.burned,
            800: payments.paid,
            1103: self._estate_paid,
            1105: self._estate_redeemed,
            801: payments.received,
            802: payments.refunded,
            803: payments.gave_back,
            804: self._paid_out,
            805: self._payout_received,
            900: mandates.granted,
            901: mandates.over,
            1200: payments.discounted,
            1202: benefits.told,
            1203: payments.discount_returned,
            1210: benefits.opened,
            1211: benefits.closed,
            1212: benefits.admitted,
            1213: benefits.removed,
            1214: benefits.joined,
            1215: benefits.left,
            1216: self._pot_filled,
            1600: self._letters_issued,
            1601: lambda event, party: letters.claimed(event, party, self._header()),
            1603: letters.returned,
            1700: self._agreed,
            1701: recurring.changed,
            1702: self._collected,
            1300: self._allowance_opened,
            1301: offline.received,
            1303: offline.ended,
            1304: self._guarantee_given,
            1306: offline.paid_by_guarantee,
            1307: offline.guarantee_ended,
            1309: self._debt_repaid,
            1400: self._exchanged,
            1401: clearing.taken_in,
            1402: clearing.cancelled,
            1403: clearing.settled,
            1500: self._end_announced,
            1502: lambda event, party: write_downs.began(event),
            1504: write_downs.written,
            1506: clearing.rest_moved,
            1507: clearing.rest_received,
            1508: lambda event, party: clearing.closed(event),
            1509: clearing.written_off,
        }

    def note(self, check: str, message: str, expected: str = "", found: str = "") -> None:
        self.report(Finding(self.height, check, message, expected, found))

    # A block.

    def read(self, applied: Applied, seats_after: Seats, before: Ledger) -> None:
        """Take in a block that execution accepted. `before` stands at its parent."""
        self.height = applied.block.header.height
        self.decisions.seats = seats_after
        self._applied, self._before = applied, before
        self._payments.begin_block()
        due = len(applied.receipts) - len(applied.transactions)
        for receipt in applied.receipts[:due]:
            self._payers = None
            events = [fields(event.data) for event in receipt.events]
            self.decisions.due(events)
            self._events(receipt, events)
        for transaction, receipt in zip(applied.transactions, applied.receipts[due:], strict=True):
            body = transaction.body
            if not self.numbers.use(body.actor, body.number):
                message = _("A replay number was used twice by one key.")
                self.note("replay", message, "", f"{receipt.id.hex()}: {body.number}")
            if not receipt.refusal:
                self._transaction(transaction, receipt)
            elif receipt.events:
                message = _("A refused transaction reports effects.")
                self.note("receipt", message, "", receipt.id.hex())

    def _transaction(self, transaction: Transaction, receipt: Receipt) -> None:
        try:
            events = [fields(event.data) for event in receipt.events]
            self._payments.transaction = receipt.id
            self._payers = tuple([witness.signer for witness in transaction.witnesses])
            self._decided = False
            for call in transaction.body.calls:
                if call.method != "pay" or call.contract != "pay":
                    self._begin(self.decisions.ran(transaction, events))
                    break
        except (ValueError, TypeError, IndexError, KeyError) as error:
            self._unreadable(receipt, error)
            return
        self._events(receipt, events)
        self._mandates.end()

    def _begin(self, calls: list[Ran]) -> None:
        """What calls say that events do not."""
        assert self._payers is not None, "a transaction has witnesses"
        for call in calls:
            if (
                call.name == "reserve.attest"
                and not call.under
                and call.args[1] not in self._payers
            ):
                message = _("An attestation without the attestor's signature.")
                self.note("authority", message, call.args[1].hex(), "")
        assert self._applied is not None, "calls are of a block"
        self._payers += self._mandates.begin(
            calls, self._payers, self._applied.block.header.time_ms
        )
        self.bank.begin(calls)
        self._letters.begin(calls)
        self._offline.begin(calls, self._applied.block.header)
        self._payments.asked = deque(
            [*call.args[:3], *(call.args[3:] or [[]])]
            for call in calls
            if call.name in ("pay.refund", "pay.reverse")
        )
        boards = [call.under for call in calls if call.under]
        self._decided = bool(boards)
        treasuries = self.decisions.treasuries
        self._payers += tuple(treasuries[wijk] for wijk in boards if wijk in treasuries)

    def _events(self, receipt: Receipt, events: list[Fields]) -> None:
        handlers = self._handlers
        for event, told in zip(events, receipt.events, strict=True):
            handler = handlers.get(event[0])
            if handler is None:
                continue
            try:
                handler(event, told.party)
            except (ValueError, TypeError, IndexError, KeyError) as error:
                self._unreadable(receipt, error)
        self._payments.end_receipt(receipt.id)
        self._clearing.end()

    def _unreadable(self, receipt: Receipt, error: Exception) -> None:
        self.note(
            "receipt",
            _("A receipt is not as the protocol prints it: {error}").format(error=error),
            "",
            receipt.id.hex(),
        )

    # Payments.

    def _check_paying(self, party: bytes, payee: bytes, amount: int) -> None:
        payers = self._payers
        covered = self._recurring.covers(party, payee, amount)
        if payers is not None and party not in payers and not covered:
            self._check_payer(party)

    def _check_payer(self, payer: bytes) -> None:
        """Nobody's money moves without the holder's signature, or its board's decision."""
        assert self._payers is not None, "only transactions pay"
        record = self._written(ACCOUNTS, payer)
        owners = [bytes(one) for dated in record[4] for one in dated[2]] if record else []
        fund = record is not None and record[1] == AccountKind.FUND
        if not (fund and any(owner in self._payers for owner in owners)):
            message = _("Money moved without its holder's signature or its board's decision.")
            self.note("authority", message, payer.hex(), "")

    def _payout_received(self, event: Fields, party: bytes) -> None:
        _n, _payer, coin, amount, lot, *_rest = event
        self.balances.add(party, coin, lot, amount)
        self._run = (self._run[0] + 1, self._run[1] + amount)

    def _paid_out(self, event: Fields, party: bytes) -> None:
        _n, coin, count, amount, _lot = event
        if self._payers is not None and party not in self._payers:
            self._check_payer(party)
        if self._run != (count, amount):
            self._differs(_("lines of a payout"), amount, self._run[1])
        self._run = (0, 0)
        self.balances.add(party, coin, FREE, -amount)

    def _pot_filled(self, event: Fields, party: bytes) -> None:
        if self._payers is not None and party not in self._payers:
            self._check_payer(party)
        self._benefits.filled(event, party)

    def _heir(self, fund: bytes) -> bytes:
        for _step in range(SUCCESSIONS_MAX):
            record = self._written(ACCOUNTS, fund)
            if record is not None and record[7] != Status.CLOSED:
                break
            fund = self.successors.get(fund, fund)
        return fund

    # Lots and redemptions.

    def _lot_opened(self, event: Fields, party: bytes) -> None:
        self.bank.lot_kinds[event[1]] = event[3]

    def _fund_of(self, lot: int) -> bytes:
        record = self._written(LOTS, lot.to_bytes(8, "big"))
        return bytes(record[2][0]) if record and record[2] else b""

    def _reclaim(self, event: Fields, party: bytes) -> None:
        """Told twice: to the holder whose earmark ran out, then to the fund."""
        _n, lot, amount = event
        record = self._written(LOTS, lot.to_bytes(8, "big"))
        coin = record[1] if record else ""
        if self._reclaimed:
            self.balances.add(party, coin, FREE, amount)
        else:
            self.balances.add(party, coin, lot, -amount)
        self._reclaimed = not self._reclaimed

    def _successor_named(self, event: Fields, party: bytes) -> None:
        self.successors[event[1]] = event[2]

    # Estates: two of the office sign for the dead, or a board decides.

    def _estate_paid(self, event: Fields, party: bytes) -> None:
        _n, account, heir, coin, amount, parts, by = event
        self._require_desk(account, by)
        total = 0
        for _tag, lot, part in parts:
            self.balances.add(account, coin, lot, -part)
            self.balances.add(heir, coin, lot, part)
            total += part
        if total != amount:
            self._differs(_("parts of a payment"), amount, total)

    def _estate_redeemed(self, event: Fields, party: bytes) -> None:
        _n, account, by = event
        self._require_desk(account, by)
        assert self._payers is not None, "only transactions redeem"
        self._payers += (account,)

    def _require_desk(self, account: bytes, by: list[bytes]) -> None:
        signed = set(by) <= set(self._payers or ()) and len(set(by)) == 2
        if not signed and not (self._decided and not by):
            message = _("Money moved without its holder's signature or its board's decision.")
            self.note("authority", message, account.hex(), "")

    def _requested(self, event: Fields, party: bytes) -> None:
        if self._payers is not None and party not in self._payers:
            self._check_payer(party)
        self.bank.requested(event, party)

    def _allowance_opened(self, event: Fields, party: bytes) -> None:
        self._require_payer(party)
        self._offline.opened(event, party)

    def _debt_repaid(self, event: Fields, party: bytes) -> None:
        if not self._offline.repaying:
            self._require_payer(party)
        self._offline.repaid(event, party)

    def _guarantee_given(self, event: Fields, party: bytes) -> None:
        self._require_payer(party)
        self._offline.given(event, party)

    def _letters_issued(self, event: Fields, party: bytes) -> None:
        self._require_payer(party)
        self._letters.issued(event, party)

    def _agreed(self, event: Fields, party: bytes) -> None:
        if self._recurring.granted(event, party):
            self._require_payer(party)

    def _collected(self, event: Fields, party: bytes) -> None:
        """A payment that due work makes is named by what was collected."""
        self._recurring.collected(event, party)
        self._payments.transaction = event[5]

    # Exchanges, and the end of a coin.

    def _exchanged(self, event: Fields, party: bytes) -> None:
        self._require_payer(party)
        self._clearing.exchanged(event, party)

    def _treasury_of(self, coin: str) -> bytes | None:
        return self.decisions.treasuries.get(self.decisions.wijk_of.get(coin, ""))

    def _end_announced(self, event: Fields, party: bytes) -> None:
        self.destinations[event[1]] = event[2]

    def _destination_of(self, coin: str) -> bytes | None:
        destination = self.destinations.get(coin)
        return None if destination is None else self._heir(destination)

    def _header(self) -> Header:
        assert self._applied is not None, "inside a block"
        return self._applied.block.header

    def _require_payer(self, party: bytes) -> None:
        if self._payers is not None and party not in self._payers:
            self._check_payer(party)

    def _written(self, table: int, key: bytes) -> Fields | None:
        assert self._applied is not None and self._before is not None, "inside a block"
        return written(self._applied, self._before, table, key)

    def _stored(self, table: int, key: bytes) -> Fields | None:
        assert self._before is not None, "inside a block"
        return stored(self._before, table, key)

    def _time_ms(self) -> int:
        assert self._applied is not None, "inside a block"
        return self._applied.block.header.time_ms

    def _differs(self, what: str, expected: int, found: int) -> None:
        message = _("{what}: the sums differ.").format(what=what)
        self.note("receipt", message, str(expected), str(found))

    # Against the state.

    def compare(self, applied: Applied, after: Ledger) -> None:
        """Do the accounts and coins that a block touched stand in the state as they stand here?"""
        self._comparison.block(applied, after)

    def close(self, ledger: Ledger, store: KeyValue) -> None:
        """All accounts and coins, once more, at the end."""
        self.height = ledger.tip.height
        self._comparison.whole(ledger, store)
        self.bank.close()
