"""The desk of a reserve: destinations that people sealed to it, and payment files made of them.

    HOME/desk/NUMBER.sealed        where redemption NUMBER goes, under the reserve's key
    HOME/payments/NAME.sealed      a payment file with what it pays; NAME is that of the file
    HOME/payments/NAME.out         when it was handed out

A payment file is made once for each set of redemptions and kept sealed. It is handed out only when
the chain says that all of its redemptions were exported in this very file, once, and for two days:
after that the bank may not get it any more, since the coin may go back (`MayStillBePaid`). Whatever
is lost, made again or handed out again, no redemption is ever in two different files outside.

A home put back from a backup may not know that a file was handed out. What it hands out again has
the same bytes, and so the same name, by which a bank refuses it; a bank that does not would pay
twice, which shows as a line that settles nothing and as a deficit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256

from auditor.bank.commitments import committed, salt_of
from auditor.bank.desk import BadBox, Destination, open_destination
from auditor.bank.orders import message_id, order_id
from auditor.bank.pain import Order, Payer, write_payments
from auditor.bank.pain_check import check_payments, require_orders
from auditor.bank.sealed import seal_under, unseal_under
from chain.rules import DAY_MS
from genesis.mistakes import UserError
from genesis.texts import _
from node.reserve.home import ReserveHome, write_sealed

RELEASE_MS = 2 * DAY_MS
"""So long after the export a payment file is handed out."""
DESK, PAYMENTS = "desk", "payments"


@dataclass(frozen=True, slots=True)
class Asked:
    """A redemption as the chain has it. `state` in small letters; `file`: commitment."""

    redemption: int
    amount: int
    destination: bytes
    state: str
    requested_ms: int
    exported_ms: int | None
    file: bytes | None


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A payment file and what it pays. `made_ms`: the moment named in it."""

    name: str
    coin: str
    version: str
    made_ms: int
    orders: tuple[Order, ...]
    data: bytes

    @property
    def redemptions(self) -> tuple[int, ...]:
        return tuple(order.redemption for order in self.orders)

    @property
    def total(self) -> int:
        return sum(order.amount for order in self.orders)


def desk_seed(home: ReserveHome) -> bytes:
    """The private seed of the desk's key; its public half stands on the chain."""
    return sha256(b"desk\x00" + home.key).digest()


def file_commitment(key: bytes, data: bytes) -> bytes:
    """What the chain holds for a payment file."""
    digest = sha256(data).digest()
    return committed(salt_of(key, b"payments", digest), digest)


# Destinations.


def keep_destination(home: ReserveHome, asked: Asked, found: Destination) -> bool:
    """Note where a redemption goes, if it is what the chain commits to. True if it is."""
    from stdnum import iban

    right = found.redemption == asked.redemption and found.commitment == asked.destination
    if not right or not iban.is_valid(found.iban):
        return False
    content = {"iban": found.iban, "salt": found.salt.hex(), "name": found.name}
    path = home.root / DESK / f"{found.redemption}.sealed"
    write_sealed(path, seal_under(home.storage, json.dumps(content).encode()))
    return True


def destination_of(home: ReserveHome, redemption: int) -> Destination | None:
    """Raises UserError (key): a changed file."""
    path = home.root / DESK / f"{redemption}.sealed"
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = json.loads(unseal_under(home.storage, data, str(path)))
    return Destination(redemption, content["iban"], bytes.fromhex(content["salt"]), content["name"])


def take_boxes(home: ReserveHome, given: Iterable[tuple[Asked, bytes | None]]) -> dict[int, str]:
    """Open what holders sealed. Returns for each redemption that waits why it cannot be paid:
    empty if it can, else `missing` (nothing came) or `wrong` (not what the chain commits to)."""
    states = {}
    for asked, box in given:
        known = destination_of(home, asked.redemption)
        if asked.state in ("settled", "cancelled", "bounced"):
            forget(home, asked.redemption)
            continue
        if asked.state != "requested":
            continue
        if known is not None and known.commitment == asked.destination:
            states[asked.redemption] = ""
        elif box is None:
            states[asked.redemption] = "missing"
        else:
            try:
                right = keep_destination(home, asked, open_destination(desk_seed(home), box))
            except BadBox:
                right = False
            states[asked.redemption] = "" if right else "wrong"
    return states


def known_destinations(home: ReserveHome) -> list[int]:
    """The redemptions of which this home knows where they go."""
    folder = home.root / DESK
    names = [path.stem for path in folder.glob("*.sealed")] if folder.is_dir() else []
    return sorted(int(name) for name in names if name.isdecimal())


def forget(home: ReserveHome, redemption: int) -> None:
    """The account number of a redemption that is over is not kept here."""
    (home.root / DESK / f"{redemption}.sealed").unlink(missing_ok=True)


# Payment files.


def prepare(
    home: ReserveHome,
    chain: bytes,
    currency: str,
    name: str,
    bic: str,
    asked: Sequence[Asked],
    made_ms: int,
    version: str,
) -> PaymentFile:
    """The payment file for these redemptions: the one that was made before, if there is one.

    Raises UserError: none to pay; one that does not wait, or whose destination is not known.
    """
    if not asked:
        raise UserError(_("No redemption waits whose bank account is known: nothing to export."))
    orders = tuple(_order(home, one) for one in sorted(asked, key=lambda one: one.redemption))
    id = message_id(chain, home.coin, [order.redemption for order in orders])
    known = payment_file(home, id)
    if known is not None:
        return known
    payer = Payer(name, home.iban, bic)
    data = write_payments(chain, home.coin, currency, payer, orders, made_ms, version)
    require_orders(
        check_payments(data, currency),
        [(order_id(chain, home.coin, order.redemption), order) for order in orders],
    )
    made = PaymentFile(id, home.coin, version, made_ms, orders, data)
    content = {
        "coin": made.coin,
        "version": version,
        "made_ms": made_ms,
        "orders": [asdict(order) for order in orders],
        "data": data.decode(),
    }
    path = home.root / PAYMENTS / f"{id}.sealed"
    write_sealed(path, seal_under(home.storage, json.dumps(content).encode()))
    return made


def _order(home: ReserveHome, asked: Asked) -> Order:
    found = destination_of(home, asked.redemption)
    if asked.state != "requested":
        raise UserError(
            _("Redemption {number} does not wait: it is {state}.").format(
                number=asked.redemption, state=asked.state
            )
        )
    if found is None or found.commitment != asked.destination:
        raise UserError(
            _(
                "Where redemption {number} goes is not known here. Its holder can send it again "
                "with `socialcoin wallet destination`."
            ).format(number=asked.redemption)
        )
    return Order(asked.redemption, asked.amount, found.iban, found.name)


def payment_file(home: ReserveHome, name: str) -> PaymentFile | None:
    """A file made before. Raises UserError (key): it was changed."""
    path = home.root / PAYMENTS / f"{name}.sealed"
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = json.loads(unseal_under(home.storage, data, str(path)))
    orders = tuple(Order(**order) for order in content["orders"])
    return PaymentFile(
        name, content["coin"], content["version"], content["made_ms"], orders,
        content["data"].encode(),
    )  # fmt: skip


def payment_files(home: ReserveHome) -> list[PaymentFile]:
    folder = home.root / PAYMENTS
    names = sorted(path.stem for path in folder.glob("*.sealed")) if folder.is_dir() else []
    return [made for name in names if (made := payment_file(home, name)) is not None]


def release(
    home: ReserveHome,
    made: PaymentFile,
    states: dict[int, Asked],
    time_ms: int,
    again: bool = False,
) -> bytes:
    """The payment file for the bank, if the chain has decided exactly it. `time_ms`: the chain's.
    `again`: although it was handed out before; who asks knows that the bank does not have it.

    It is noted as handed out before it is: a crash in between hands out nothing. Raises UserError:
    a redemption that is not exported, is in another file, or too long ago; handed out before.
    """
    commitment = file_commitment(home.key, made.data)
    for number in made.redemptions:
        found = states.get(number)
        if found is None or found.state != "exported":
            raise UserError(
                _(
                    "The chain does not say that redemption {number} is exported (it is {state}). "
                    "The file is handed out when the board has approved the export."
                ).format(number=number, state=found.state if found else _("not known"))
            )
        if found.file != commitment:
            raise UserError(
                _("Redemption {number} was exported in another file than this one.").format(
                    number=number
                )
            )
        if time_ms > (found.exported_ms or 0) + RELEASE_MS:
            raise UserError(
                _(
                    "The export was decided more than two days ago: the file is not handed out any "
                    "more. If the bank has not paid it, let the board reject redemption {number} "
                    "after a statement shows that; its holder can ask again."
                ).format(number=number)
            )
    before = handed_out(home, made.name)
    if before is not None and not again:
        raise UserError(
            _(
                "This file was handed out already, at {time} (UTC). Only if you are certain that "
                "the bank does not have it: look there first, and then use --again."
            ).format(time=f"{datetime.fromtimestamp(before // 1000, UTC):%Y-%m-%d %H:%M}")
        )
    note = seal_under(home.storage, json.dumps({"name": made.name, "at_ms": time_ms}).encode())
    write_sealed(home.root / PAYMENTS / f"{made.name}.out", note)
    return made.data


def handed_out(home: ReserveHome, name: str) -> int | None:
    """When a payment file left this home last; None if it never did. Raises UserError (key)."""
    path = home.root / PAYMENTS / f"{name}.out"
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return int(json.loads(unseal_under(home.storage, data, str(path)))["at_ms"])
