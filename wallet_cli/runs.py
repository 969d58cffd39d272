"""Payout runs in the making: the lines of a file, a verdict on each, and what was paid before."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chain.errors import Malformed, refusal_name
from genesis import console
from genesis.console import Exit, UserError, _, format_cents
from wallet_cli.client import Answer
from wallet_cli.desk import Session, account_of, home_of, now_ms
from wallet_cli.tables import Row, TableFile, cell_amount, mistakes_in, read_table

if TYPE_CHECKING:
    from governance_contracts.earmarks.lots import Terms
    from governance_contracts.payments.payments import Payout, PayoutLine
    from wallet_cli.profile import Profile

LINES_MAX = 1_000
NEEDED = ("address", "amount")
WANTED = ("purpose", "reference", "reason")
"""`reason` is what a file of refused lines says; it is read past."""
LINE_REFUSED = "PayoutLineRefused"


@dataclass(frozen=True, slots=True)
class RunLine:
    """A line of the file, and what it asks."""

    row: Row
    line: PayoutLine


@dataclass(frozen=True, slots=True)
class Verdict:
    """`name`, `code`: of the refusal; empty and none for a line that would be paid."""

    at: RunLine
    name: str = ""
    code: int | None = None

    def as_json(self) -> Answer:
        line = self.at.line
        return {
            "line": self.at.row.number,
            "address": self.at.row.cells["address"],
            "amount_cents": int(line.amount),
            "amount": format_cents(line.amount),
            "verdict": self.name or "ok",
            "code": self.code,
        }


def read_run(profile: Profile, path: Path, purpose: str) -> tuple[TableFile, list[RunLine]]:
    """Raises UserError (usage) with every mistake of the file at once."""
    table = read_table(path, NEEDED, WANTED)
    lines, mistakes = [], list(table.mistakes)
    for row in table.rows:
        try:
            lines.append(RunLine(row, _line(profile, row, purpose)))
        except (UserError, ValueError, Malformed) as error:
            mistakes.append((row.number, str(error)))
    if not table.rows and not mistakes:
        mistakes.append((0, _("there is no line to pay")))
    if len(table.rows) > LINES_MAX:
        count = len(table.rows)
        mistakes.append((0, _("{count} lines where at most 1,000 fit a run").format(count=count)))
    if mistakes:
        raise mistakes_in(path, mistakes)
    return table, lines


def _line(profile: Profile, row: Row, purpose: str) -> PayoutLine:
    from chain.codec import decode, encode
    from governance_contracts.payments.payments import PayoutLine

    reference = row.cells.get("reference", "")
    line = PayoutLine(
        account_of(profile, row.cells["address"]),
        cell_amount(row.cells["amount"]),
        row.cells.get("purpose") or purpose,
        (bytes.fromhex(reference),) if reference else (),
    )
    return decode(PayoutLine, encode(line))


def terms_of(
    regions: tuple[str, ...],
    categories: tuple[str, ...],
    expires: str | None,
    online_ok: bool,
    class_number: int | None,
    payees: tuple[bytes, ...] = (),
    after: str | None = None,
) -> tuple[Terms, ...]:
    """What the run binds the coin to; nothing if no option says so.

    Regions alone make region-bound coin; categories, an expiry, a class, payees, or what it is
    after it was spent (`free`, or the number of a lot) make an earmark. Raises UserError (usage).
    """
    from governance_contracts.earmarks.lots import After, earmark, region_bound

    lot = None
    if after not in (None, "free"):
        if not (after.isascii() and after.isdigit() and 0 < int(after) < 2**53):
            raise UserError(
                _("--after is `free` or the number of a lot, not {text!r}.").format(text=after),
                Exit.USAGE,
            )
        lot = int(after)

    regions, categories = tuple(sorted(set(regions))), tuple(sorted(set(categories)))
    if categories or expires is not None or class_number is not None or payees or after:
        became = After.REGION_BOUND if after is None else After.FREE if lot is None else After.LOT
        return (
            earmark(
                regions,
                categories=categories,
                class_number=class_number or 0,
                expires_ms=None if expires is None else end_of(expires),
                online_ok=online_ok,
                payees=tuple(sorted(set(payees))),
                after=became,
                after_lot=lot,
            ),
        )
    return (region_bound(regions, online_ok=online_ok),) if regions else ()


def end_of(day: str) -> int:
    """The last millisecond of a day (YYYY-MM-DD) in the time of the Netherlands."""
    return start_of(day, later_days=1) - 1


def start_of(day: str, *, later_days: int = 0) -> int:
    """The first millisecond of a day (YYYY-MM-DD), or of one so many days later."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    try:
        start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
    except ValueError:
        raise UserError(
            _("{day!r} is not a day; write it as 2026-12-31.").format(day=day), Exit.USAGE
        ) from None
    return int((start + timedelta(days=later_days)).timestamp()) * 1000


def verdicts(
    session: Session, account: Answer, args: Payout, lines: list[RunLine]
) -> list[Verdict]:
    """A verdict per line: the run is tried without each line that the node refuses in turn, so
    that all mistakes are seen, and what is left would be paid as a whole.

    What stops the run as a whole, as want of coin, is the verdict on every line left.
    """
    left = list(range(len(lines)))
    found = [Verdict(line) for line in lines]
    while left:
        trial = replace(args, lines=tuple(lines[index].line for index in left))
        refusal = attempt(session, account, trial)
        if refusal is None:
            break
        if refusal.name != LINE_REFUSED:
            for index in left:
                found[index] = Verdict(lines[index], refusal.name or "Refused", refusal.code)
            break
        index = left.pop(int(refusal.fields["line"]))
        code = int(refusal.fields["reason"])
        found[index] = Verdict(lines[index], refusal_name(code), code)
    return found


def attempt(session: Session, account: Answer, args: Payout) -> UserError | None:
    from governance_contracts import versions  # noqa: F401  (names of all refusals)
    from wallet_cli import sending
    from wallet_cli.core import builder

    call = builder.call("pay", "payout", args)
    sheet = sending.make_sheet(session, account, (call,), trying=True)
    try:
        sending.dry_run(session.client, sheet)
    except UserError as error:
        if error.exit_code != Exit.REFUSED:
            raise
        return error
    return None


# What was paid before.


def run_digest(args: Any) -> str:
    """The same payer, coin, terms and lines have the same digest, however the file is written."""
    from chain.codec import encode

    return sha256(encode(args)).hexdigest()


def claim_run(session: Session, digest: str, path: Path, told: Answer, *, again: bool) -> None:
    """Note beside the wallet that this run is being made, before it is sent.

    Raises UserError (usage) if it was made before, unless `again`.
    """
    with _register(session) as (known, keep):
        before = known.get(digest)
        if before is not None and not again:
            raise UserError(
                _(
                    "This file was paid before: {count} lines, {amount} {coin}, on {moment}, "
                    "transaction {id}. Look with `socialcoin wallet receipt {id}` whether it "
                    "happened; to pay all of it once more, say --again."
                ).format(
                    count=before.get("lines"),
                    amount=before.get("amount"),
                    coin=before.get("coin"),
                    moment=_clock(int(before.get("time_ms", 0))),
                    id=before.get("tx_id"),
                ),
                Exit.USAGE,
                details={"paid_before": before},
            )
        known[digest] = {**told, "file": path.name, "time_ms": now_ms()}
        keep(known)


def forget_run(session: Session, digest: str) -> None:
    """It was refused or expired: nothing was paid, so it may be made again."""
    with _register(session) as (known, keep):
        if known.pop(digest, None) is not None:
            keep(known)


def _clock(time_ms: int) -> str:
    from wallet_cli.sending import clock

    return clock(time_ms)


class _register:
    """The wallet's register of runs, locked while it is read and written."""

    def __init__(self, session: Session) -> None:
        profile = session.profile
        self.path = home_of(session.settings) / f".{profile.name}.runs.json"

    def __enter__(self) -> tuple[dict[str, Answer], Any]:
        try:
            self.file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
            fcntl.flock(self.file, fcntl.LOCK_EX)
            text = self.file.read()
        except OSError as error:
            raise UserError(
                _("The wallet cannot note which runs it paid: {reason}").format(
                    reason=console.of_the_system(error)
                ),
                Exit.KEY,
            ) from None
        try:
            known = json.loads(text or "{}")
            if not isinstance(known, dict):
                raise ValueError
        except ValueError:
            self.file.close()
            raise UserError(
                _(
                    "{path} is damaged, so the wallet cannot tell which runs it paid. Look in "
                    "`socialcoin wallet history`, then move the file away and try again."
                ).format(path=self.path),
                Exit.KEY,
            ) from None
        return known, self._keep

    def _keep(self, known: dict[str, Answer]) -> None:
        self.file.seek(0)
        self.file.truncate()
        json.dump(known, self.file)
        self.file.flush()
        os.fsync(self.file.fileno())

    def __exit__(self, *_error: object) -> None:
        self.file.close()
