"""Reconciling: the bank's own statements against the chain, line by line, in both directions.

Every coin that was made must stand against one line of the bank, and every redemption that was
settled against another. Without openings the amounts, signs, order, dates and balances must agree;
with openings each line's text does too, and each deposit's reference names the account that got the
coin. What was not opened is counted and said.

    file         the statement itself does not add up, or one is there twice
    gap          between two statements one is missing
    unknown      a statement of the bank that the chain has never seen; hashes differ
    missing      a statement of the chain, within the period, that the bank's files do not hold
    line         a line differs in amount, sign or text
    account      the statement is of another account than the chain's reserve
    mint         coin made for another account than the deposit's reference names, or without a line
    replay       what the replay of the chain itself found
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from auditor.bank.chainside import BOOKED_KINDS, ChainBank, ChainLine, ChainStatement
from auditor.bank.checks import require_sum
from auditor.bank.commitments import committed, digest_of, payments_of
from auditor.bank.lines import BadStatement, BankStatement
from auditor.bank.openings import Openings
from auditor.findings import Finding, Findings
from genesis.amounts import format_cents
from genesis.texts import _
from governance_contracts.bank.books import deposit_reference

OPEN_MAX = 1_000
"""So many open lines are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Given:
    """A statement of the bank, and the file it was read from."""

    file: str
    statement: BankStatement


@dataclass(frozen=True, slots=True)
class OpenLine:
    """What waits on the chain. `kind`: a deposit to be minted, a credit to be claimed, a debit to
    be explained."""

    coin: str
    statement: int
    entry: int
    kind: str
    amount: int
    date: str


@dataclass(slots=True)
class Reconciled:
    """`tied`: statements that agree in every line. `not_covered`: statements of the chain outside
    the period of the files, and the mints that stand on them. Cents are of what was tied."""

    files: int = 0
    statements: int = 0
    tied: int = 0
    not_covered: int = 0
    mints_not_covered: int = 0
    lines: int = 0
    opened: int = 0
    not_opened: int = 0
    mints: int = 0
    mint_cents: int = 0
    redemptions: int = 0
    redemption_cents: int = 0
    open_count: int = 0
    open_lines: list[OpenLine] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    chain: ChainBank | None = None

    @property
    def ok(self) -> bool:
        return not self.findings.kept

    def note(self, check: str, message: str, expected: str = "", found: str = "") -> None:
        self.findings.report(Finding(0, check, message, expected, found))


def reconcile(
    given: Sequence[Given],
    chain: ChainBank | None,
    openings: Iterable[Openings] = (),
    found: Iterable[Finding] = (),
) -> Reconciled:
    """`found`: findings of the chain's replay. Nothing is raised: all that is wrong is noted."""
    result = Reconciled(len({one.file for one in given}), len(given), chain=chain)
    for finding in found:
        result.findings.report(finding)
    ordered = _in_order(result, given)
    if chain is None:
        result.lines = sum(len(one.statement.entries) for one in ordered)
        result.not_opened = result.lines
        return result
    opened = {each.coin: each for each in openings}
    matched = _match(result, ordered, chain, opened)
    for one, theirs in matched:
        _compare(result, one, theirs, opened.get(theirs.coin))
    _rest(result, ordered, chain, matched)
    return result


def _in_order(result: Reconciled, given: Sequence[Given]) -> list[Given]:
    """By account and time, each once; sums and gaps are checked on the way."""
    seen: dict[bytes, Given] = {}
    for one in given:
        digest = digest_of(one.statement)
        if digest in seen:
            continue  # the same statement downloaded twice says nothing new
        seen[digest] = one
        try:
            require_sum(one.statement)
        except BadStatement as error:
            result.note("file", f"{one.file}: {error}")
    ordered = sorted(
        seen.values(),
        key=lambda one: (one.statement.iban, one.statement.closed_ms, one.statement.number or 0),
    )
    result.statements = len(ordered)
    for before, after in pairwise(ordered):
        same = before.statement.iban == after.statement.iban
        if same and before.statement.closing != after.statement.opening:
            result.note(
                "gap",
                _("Between {before} and {after} a statement is missing.").format(
                    before=before.file, after=after.file
                ),
                format_cents(before.statement.closing),
                format_cents(after.statement.opening),
            )
    return ordered


Shape = tuple[int, int, int, int]


def _match(
    result: Reconciled,
    given: Sequence[Given],
    chain: ChainBank,
    opened: Mapping[str, Openings],
) -> list[tuple[Given, ChainStatement]]:
    """Each statement of the bank with the one of the chain that closed at that moment with those
    balances; where two coins have such a one, by account and lines. What has no other is a
    finding."""
    known: defaultdict[Shape, list[ChainStatement]] = defaultdict(list)
    at: defaultdict[int, list[ChainStatement]] = defaultdict(list)
    for theirs in chain.statements:
        shape = (theirs.closed_ms, theirs.opening, theirs.closing, len(theirs.lines))
        known[shape].append(theirs)
        at[theirs.closed_ms].append(theirs)
    matched = []
    for one in given:
        bank = one.statement
        lines = sum(len(entry.transactions) for entry in bank.entries)
        candidates = known.get((bank.closed_ms, bank.opening, bank.closing, lines), [])
        if candidates:
            best = candidates[0]
            if len(candidates) > 1:
                best = max(candidates, key=lambda each: _agreeing(bank, each, opened))
            candidates.remove(best)
            matched.append((one, best))
        else:
            _unknown(result, one, at.get(bank.closed_ms, []))
    return matched


def _agreeing(
    bank: BankStatement, theirs: ChainStatement, opened: Mapping[str, Openings]
) -> tuple[bool, int]:
    """Is it of this account, as far as can be opened, and how many lines agree in amount and
    sign?"""
    openings = opened.get(theirs.coin)
    iban = bank.iban.encode("ascii")
    return (
        openings is not None and committed(openings.salt, iban) == theirs.account,
        sum(
            (payment.amount, payment.credit) == (line.amount, line.credit)
            for payment, line in zip(payments_of(bank), theirs.lines, strict=True)
        ),
    )


def _unknown(result: Reconciled, one: Given, same_time: list[ChainStatement]) -> None:
    bank = one.statement
    ours = digest_of(bank).hex()
    balances = f"{format_cents(bank.opening)} … {format_cents(bank.closing)}"
    if not same_time:
        result.note(
            "unknown",
            _(
                "{file}: the chain has never seen this statement of {date}. The hash of its "
                "content is {hash}."
            ).format(file=one.file, date=bank.closing_date, hash=ours),
            balances,
        )
        return
    theirs = same_time[0]
    result.note(
        "unknown",
        _(
            "{file}: for {date} the chain has another statement, number {number} of {coin}, "
            "attested as {theirs}; the hash of this one's content is {ours}."
        ).format(
            file=one.file, date=bank.closing_date, number=theirs.first, coin=theirs.coin,
            theirs=theirs.hashes[0].hex(), ours=ours,
        ),
        balances,
        f"{format_cents(theirs.opening)} … {format_cents(theirs.closing)}",
    )  # fmt: skip


def _compare(
    result: Reconciled, one: Given, theirs: ChainStatement, openings: Openings | None
) -> None:
    """One statement in both books, line by line."""
    wrong = result.findings.left_out + len(result.findings.kept)
    bank = one.statement
    if bank.currency != theirs.currency:
        result.note("line", f"{one.file}: " + _("currency"), bank.currency, theirs.currency)
    if openings is not None:
        _compare_files(result, one, theirs, openings)
    for payment, line in zip(payments_of(bank), theirs.lines, strict=True):
        result.lines += 1
        where = f"{one.file}, {theirs.coin} {line.place[0]}/{line.place[1]}"
        if (payment.amount, payment.credit) != (line.amount, line.credit):
            result.note(
                "line",
                _("{where}: amount or sign differs from the bank's.").format(where=where),
                _signed(payment.amount, payment.credit),
                _signed(line.amount, line.credit),
            )
        elif openings is None or line.place not in openings.lines:
            result.not_opened += 1
        else:
            opening = openings.lines[line.place]
            if committed(opening.salt, payment.details) != line.details:
                result.note(
                    "line",
                    _("{where}: what the bank says is not what was attested.").format(where=where),
                    payment.details.hex()[:16],
                    line.details.hex()[:16],
                )
            else:
                result.opened += 1
            _check_account(result, where, line, opening.account, opening.account_salt)
        _tie(result, bank, theirs.coin, line)
    if wrong == result.findings.left_out + len(result.findings.kept):
        result.tied += 1


def _compare_files(
    result: Reconciled, one: Given, theirs: ChainStatement, openings: Openings
) -> None:
    bank = one.statement
    opens = bool(openings.salt)  # else the commitment was made otherwise than by `node reserve`
    if opens and committed(openings.salt, bank.iban.encode("ascii")) != theirs.account:
        result.note(
            "account",
            _("{file} is not of the account that the chain's reserve of {coin} names.").format(
                file=one.file, coin=theirs.coin
            ),
        )
    file = openings.files.get(theirs.first)
    if file is not None:
        made = committed(file.salt, digest_of(bank))
        if made != theirs.file:
            result.note(
                "line",
                _("{file}: the hash of the statement is not the one attested as {number}.").format(
                    file=one.file, number=theirs.first
                ),
                made.hex(),
                theirs.file.hex(),
            )


def _check_account(
    result: Reconciled, where: str, line: ChainLine, account: bytes, salt: bytes
) -> None:
    """Did the coin go to whom the deposit's reference names?"""
    if not account:
        return
    if line.reference and deposit_reference(account, salt) != line.reference:
        result.note("mint", _("{where}: the reference does not open.").format(where=where))
    elif line.account and line.account != account:
        result.note(
            "mint",
            _("{where}: coin was made for another account than the deposit's.").format(where=where),
            account.hex(),
            line.account.hex(),
        )


def _tie(result: Reconciled, bank: BankStatement, coin: str, line: ChainLine) -> None:
    if line.minted:
        result.mints += 1
        result.mint_cents += line.amount
    elif line.settles:
        result.redemptions += 1
        result.redemption_cents += line.amount
    elif line.waits:
        result.open_count += 1
        if len(result.open_lines) < OPEN_MAX:
            kind = BOOKED_KINDS.get(line.kind, "?")
            statement, entry = line.place
            result.open_lines.append(
                OpenLine(coin, statement, entry, kind, line.amount, bank.closing_date)
            )


def _rest(
    result: Reconciled,
    given: Sequence[Given],
    chain: ChainBank,
    matched: list[tuple[Given, ChainStatement]],
) -> None:
    """What the chain has beyond the files: inside their period it is a finding."""
    tied = {(theirs.coin, theirs.first) for _one, theirs in matched}
    covered = {theirs.coin for _one, theirs in matched}
    times = [one.statement.closed_ms for one in given]
    for theirs in chain.statements:
        if (theirs.coin, theirs.first) in tied:
            continue
        inside = bool(times) and min(times) <= theirs.closed_ms <= max(times)
        if inside and theirs.coin in covered:
            result.note(
                "missing",
                _(
                    "Statement {number} of {coin} was attested as {hash}, but no file of the bank "
                    "holds it: {mints} mints stand on it."
                ).format(
                    number=theirs.first,
                    coin=theirs.coin,
                    hash=theirs.hashes[0].hex(),
                    mints=sum(line.minted for line in theirs.lines),
                ),
                "",
                f"{format_cents(theirs.opening)} … {format_cents(theirs.closing)}",
            )
        else:
            result.not_covered += 1
            result.mints_not_covered += sum(line.minted for line in theirs.lines)


def _signed(amount: int, credit: bool) -> str:
    return ("+" if credit else "-") + format_cents(amount)
