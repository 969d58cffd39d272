"""From calls to a final outcome: a replay number, a signature, the node, and the wait.

A transaction is done when its block is certified. Until then it can still happen, and a wallet
says so: only `refused` and `expired` are final refusals (exit 3).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from chain.errors import Malformed
from chain.transaction import AccountActor, Body, Call, parse
from genesis import console
from genesis.console import Exit, Settings, UserError, _
from wallet_cli.client import Answer, Client
from wallet_cli.core import builder
from wallet_cli.core.builder import Sheet
from wallet_cli.desk import NodeStatus, Session, home_of, now_ms, profile_of, unlock
from wallet_cli.profile import Profile
from wallet_cli.refusals import explain

WAIT_MS = 10_000
"""How long one question to the node waits for a final answer."""

PAUSE_S = 0.25
"""Between two questions, for a node that does not wait."""

TRAVEL_MS = 24 * 60 * 60 * 1000
"""How long a transaction that somebody else must sign stays good."""

OVER_MS = 60_000
"""How long after a transaction's last moment its outcome may still become known."""


SIGNING = ("MissingWitness", "SuperfluousWitness", "BadSignature", "UnknownKey")
"""Why no node accepts a transaction until it is signed otherwise (exit 4)."""

EVERYWHERE = ("WrongChain", "WrongEpoch", "Replayed", "NumberTooOld", "Expired", "ValidTooLong")
"""Why no node will ever accept it (exit 3)."""


@dataclass(frozen=True, slots=True)
class Final:
    """A committed transaction."""

    id: bytes
    height: int
    time_ms: int

    def as_json(self) -> Answer:
        return {
            "tx_id": self.id.hex(),
            "status": "committed",
            "height": self.height,
            "time_ms": self.time_ms,
        }


def take_number(home: Path, profile: Profile, highest: int) -> int:
    """The next replay number of this key, remembered beside the wallet.

    Two commands at once get two numbers, also while the first is still on its way.
    """
    path = home / f".{profile.name}.number"
    place = f"{profile.chain.hex()}/{profile.account.hex()}/{profile.key_number}"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                kept = json.loads(file.read() or "{}")
                used = int(kept.get(place, 0))
            except (ValueError, TypeError, AttributeError):
                kept, used = {}, 0
            number = builder.next_number(highest, used)
            kept[place] = number
            file.seek(0)
            file.truncate()
            json.dump(kept, file)
    except OSError as error:
        raise UserError(
            _("The wallet cannot note its replay number: {reason}").format(
                reason=console.of_the_system(error)
            ),
            Exit.KEY,
        ) from None
    return number


def until_ms(status: NodeStatus) -> int:
    """Ten minutes from now, by the wallet's clock or the chain's, whichever is later."""
    return max(now_ms(), status.time_ms) + builder.VALID_MS


def highest_of(account: Answer, key: int) -> int:
    for window in account.get("windows", []):
        if window.get("key") == key:
            return int(window["highest"])
    return 0


def make_body(
    session: Session, account: Answer, calls: tuple[Call, ...], *, trying: bool = False
) -> Body:
    """`trying`: for a dry run, which uses no number up. Raises UserError (usage)."""
    profile = session.profile
    highest = highest_of(account, profile.key_number)
    if trying:
        number = builder.next_number(highest, 0)
    else:
        number = take_number(home_of(session.settings), profile, highest)
    try:
        return builder.body(
            session.status.chain,
            session.status.epoch,
            AccountActor(profile.account, profile.key_number),
            number,
            until_ms(session.status),
            calls,
        )
    except Malformed as error:
        raise UserError(
            _("This cannot be a transaction: {reason}.").format(reason=error), Exit.USAGE
        ) from None


def make_sheet(
    session: Session,
    account: Answer,
    calls: tuple[Call, ...],
    *,
    trying: bool = False,
    travels: bool = False,
) -> Sheet:
    """A transaction of this wallet's account, signed with its key. `travels`: it goes to somebody
    else's device to be signed there, so it stays good for a day."""
    profile = session.profile
    body = make_body(session, account, calls, trying=trying)
    if travels:
        body = replace(body, valid_until_ms=body.valid_until_ms - builder.VALID_MS + TRAVEL_MS)
    return builder.sign(Sheet(body, ()), profile.account, profile.key_number, session.opened.seed)


def sign_along(settings: Settings, sheet: Sheet, name: str) -> Sheet:
    """Add the signature of another wallet of this home. Raises UserError (usage, key)."""
    profile = profile_of(settings, name)
    opened = unlock(settings, profile)
    return builder.sign(sheet, profile.account, profile.key_number, opened.seed)


def require_one_signature(account: Answer) -> None:
    """Raises UserError (key) if this wallet alone cannot act for its account."""
    threshold = int(account.get("account", {}).get("threshold", 1))
    if threshold > 1:
        raise UserError(
            _(
                "This account needs {threshold} signatures. Use `tx build`, let the others add "
                "theirs with `tx sign`, then `tx combine` and `tx send`."
            ).format(threshold=threshold),
            Exit.KEY,
        )


def dry_run(client: Client, sheet: Sheet) -> Answer:
    """What the transaction would do now. Raises UserError (refused)."""
    answer = client.post("/v1/dry-run", {"transaction": sheet.sealed().hex()})
    if answer.get("status") != "ok":
        raise refused(answer.get("refusal"), _("In a dry run, nothing was sent."), sheet.id)
    return answer


def send(client: Client, sheet: Sheet) -> Final:
    """Hand a transaction in and wait until its outcome is final.

    Raises UserError: refused, expired, or accepted by no node (refused); not signed as it must be
    (key); not accepted by this node, which can still change (failure); malformed (failure); the
    node gone (unreachable), with the id to ask for later.
    """
    parse(sheet.sealed())
    try:
        entry = _hand_in(client, sheet)
        if (final := read_outcome(entry, sheet)) is not None:
            return final
        console.note(_("Waiting until the boards have confirmed it …"))
        return _wait(client, sheet, entry)
    except KeyboardInterrupt:
        console.note(_pending(sheet))
        raise


def _hand_in(client: Client, sheet: Sheet) -> Answer:
    try:
        answer = client.post("/v1/transactions", {"transactions": [sheet.sealed().hex()]})
    except UserError as error:
        if error.exit_code != Exit.UNREACHABLE:
            raise
        raise UserError(f"{error.message} {_pending(sheet)}", Exit.UNREACHABLE) from None
    results = answer.get("results")
    entry: Answer = results[0] if isinstance(results, list) and results else {}
    if entry.get("status") == "malformed":
        raise UserError(
            _("The node cannot read this transaction: {reason}").format(
                reason=entry.get("message", "")
            )
        )
    return entry


def _wait(client: Client, sheet: Sheet, entry: Answer) -> Final:
    """Ask until there is a final outcome; hand in again what a node forgot (it restarted)."""
    path = f"/v1/transactions/{sheet.id.hex()}?wait_ms={WAIT_MS}"
    asked = 0
    while True:
        final = read_outcome(entry, sheet)
        if final is not None:
            return final
        if now_ms() > sheet.body.valid_until_ms + OVER_MS:
            raise UserError(_pending(sheet), Exit.UNREACHABLE)
        if asked:
            time.sleep(PAUSE_S)
            if asked % 3 == 0:
                console.note(_("Still waiting …"))
        try:
            if asked and entry.get("status") == "unknown":
                entry = _hand_in(client, sheet)
            else:
                entry = client.get(path, wait_s=WAIT_MS / 1000)
            if entry.get("status") == "refused" and not entry.get("refusal"):
                # Why, a node tells only to who has the transaction.
                told = _hand_in(client, sheet)
                entry = told if told.get("status") == "refused" else entry
        except UserError as error:
            if error.exit_code != Exit.UNREACHABLE:
                raise
            raise UserError(f"{error.message} {_pending(sheet)}", Exit.UNREACHABLE) from None
        asked += 1


def _pending(sheet: Sheet) -> str:
    return _(
        "Transaction {id} may have been handed in; then it can still happen until {until}: ask "
        "with `socialcoin wallet receipt {id}` before you try again."
    ).format(id=sheet.id.hex(), until=clock(sheet.body.valid_until_ms))


def read_outcome(entry: Answer, sheet: Sheet) -> Final | None:
    """None: not final yet. Raises UserError as `send`."""
    match entry.get("status"):
        case "committed":
            height, time_ms = entry.get("height"), entry.get("time_ms")
            if isinstance(height, int) and isinstance(time_ms, int):
                return Final(sheet.id, height, time_ms)
            return None  # an answer to handing in; ask for the block
        case "refused":
            raise refused(entry.get("refusal"), "", sheet.id)
        case "expired":
            raise UserError(
                _("The transaction expired before a block took it. Nothing was paid; try again."),
                Exit.REFUSED,
                "Expired",
                6,
                {"tx_id": sheet.id.hex()},
            )
        case "not_accepted":
            found = refused(entry.get("refusal"), "", sheet.id)
            if found.name in SIGNING:
                found.exit_code = Exit.KEY
                raise found
            if found.name in EVERYWHERE:
                raise found
            raise UserError(
                _(
                    "This node does not accept the transaction now: {reason} It could still be "
                    "taken by another node until {until}."
                ).format(reason=found.message, until=clock(sheet.body.valid_until_ms)),
                Exit.FAILURE,
                found.name,
                found.code,
                found.fields,
            )
        case _:
            return None


def refused(refusal: object, remark: str, id: bytes) -> UserError:
    """The chain's refusal as a mistake with exit code 3."""
    entry: Answer = refusal if isinstance(refusal, dict) else {}
    name, code = str(entry.get("name") or "Refused"), entry.get("code")
    fields = entry.get("fields") if isinstance(entry.get("fields"), dict) else {}
    assert isinstance(fields, dict)
    message = explain(name, fields)
    return UserError(
        f"{message} {remark}".rstrip(),
        Exit.REFUSED,
        name,
        code if isinstance(code, int) else None,
        {**fields, "tx_id": id.hex()},
    )


def clock(time_ms: int) -> str:
    """A moment as people read it, in their own time zone."""
    from datetime import datetime

    return datetime.fromtimestamp(time_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
