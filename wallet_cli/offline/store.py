"""What a device keeps for payments without a network, beside its wallet file.

A payer's *allowances*: number, nonce of the device key, certificate, what was paid. A seller's
*takings*: per allowance the certificate and the payments. Both are written whole and synced before
anything is shown, so that a crash never forgets a payment; a lock keeps two commands apart.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from chain.codec import U53, AccountId, Code, Hash, Key, Millis, Record, Salt, decode, encode
from chain.errors import Malformed
from chain.money import CentsField
from genesis import console
from genesis.console import Exit, UserError, _
from governance_contracts.offline.records import SignedGeneral, SignedTotal
from wallet_cli.core.offline import Certificate, Taking
from wallet_cli.files import write_private
from wallet_cli.profile import Profile

KEPT_MAX = 1_000
FILE_BYTES_MAX = 64 * 1024 * 1024


class Kept(Record, tag=1):
    """An allowance of this wallet. `number` is 0 until the chain has given one; `paid` is what
    this device signed away in all, `sequence` how many payments it made, `last` the latest.
    `ended`: the node lists it no more, because the seller released it or it ran out."""

    number: U53
    nonce: Salt
    device: Key
    coin: Code
    amount: CentsField
    until_ms: Millis
    seller: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    place: U53
    paid: CentsField
    sequence: U53
    certificate: Annotated[tuple[Certificate, ...], Meta(max_length=1)]
    last: Annotated[tuple[SignedTotal | SignedGeneral, ...], Meta(max_length=1)]
    ended: bool


class Purse(Record, tag=1):
    """Of one wallet on one chain."""

    chain: Hash
    epoch: U53
    allowances: Annotated[tuple[Kept, ...], Meta(max_length=KEPT_MAX)]
    takings: Annotated[tuple[Taking, ...], Meta(max_length=KEPT_MAX)]


@dataclass(slots=True)
class Store:
    """An open purse; `save` before telling anybody what changed."""

    path: Path
    purse: Purse

    def save(
        self,
        *,
        allowances: tuple[Kept, ...] | None = None,
        takings: tuple[Taking, ...] | None = None,
    ) -> None:
        """Raises UserError (key)."""
        old = self.purse
        self.purse = Purse(
            old.chain,
            old.epoch,
            old.allowances if allowances is None else allowances[-KEPT_MAX:],
            old.takings if takings is None else takings[-KEPT_MAX:],
        )
        try:
            write_private(self.path, encode(self.purse), replace=True)
        except OSError as error:
            raise _unwritable(error) from None

    def allowance(self, number: int) -> Kept:
        """Raises UserError (usage)."""
        for kept in self.purse.allowances:
            if kept.number == number:
                return kept
        raise UserError(
            _(
                "This device has no allowance {number}. `wallet offline allowances` lists those "
                "it has."
            ).format(number=number),
            Exit.USAGE,
        )

    def put(self, changed: Kept) -> None:
        """In place of the entry of the same device."""
        others = tuple(k for k in self.purse.allowances if k.device != changed.device)
        self.save(allowances=(*others, changed))

    def taking(self, number: int) -> Taking | None:
        for taking in self.purse.takings:
            if taking.certificate.number == number:
                return taking
        return None

    def put_taking(self, changed: Taking) -> None:
        name = changed.certificate.number
        others = tuple(t for t in self.purse.takings if t.certificate.number != name)
        self.save(takings=(*others, changed))


@contextmanager
def opened(home: Path, profile: Profile) -> Iterator[Store]:
    """The purse of a wallet on its chain, locked. Raises UserError (key): damaged, unwritable."""
    path = home / f".{profile.name}.offline"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(home / f".{profile.name}.offline.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(error) from None
    with os.fdopen(handle, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Store(path, _read(path, profile))


def _read(path: Path, profile: Profile) -> Purse:
    empty = Purse(profile.chain, profile.epoch, (), ())
    try:
        purse = decode(Purse, path.read_bytes(), FILE_BYTES_MAX)
    except FileNotFoundError:
        return empty
    except OSError as error:
        raise _unwritable(error) from None
    except Malformed:
        raise UserError(
            _(
                "{path} is damaged. Do not pay or take anything offline with this wallet; put a "
                "copy of the file back. Without one, payments taken here cannot be settled."
            ).format(path=path),
            Exit.KEY,
        ) from None
    return purse if (purse.chain, purse.epoch) == (profile.chain, profile.epoch) else empty


def _unwritable(error: OSError) -> UserError:
    return UserError(
        _("The wallet cannot keep its offline payments: {reason}").format(
            reason=console.of_the_system(error)
        ),
        Exit.KEY,
    )
