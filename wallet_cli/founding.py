"""What a wallet takes from a founding document: the chain, the first seats, its own account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chain.certificate import Seat
from chain.errors import Malformed
from chain.light import Trusted, trust_genesis
from genesis import console
from genesis.console import Exit, UserError, _
from genesis.document import FILE_BYTES_MAX, Genesis, chain_id, parse
from wallet_cli.client import Answer
from wallet_cli.desk import NodeStatus


@dataclass(frozen=True, slots=True)
class Listed:
    """An account that the document lists, and our key's number in it."""

    account: bytes
    keys: tuple[bytes, ...]
    threshold: int
    salt: bytes
    key_number: int


def read_document(path: Path) -> Genesis:
    """Raises UserError: unreadable, not a founding document."""
    try:
        with path.open("rb") as file:
            return parse(file.read(FILE_BYTES_MAX + 1))
    except OSError as error:
        raise UserError(
            _("The founding document cannot be read: {reason}").format(
                reason=console.of_the_system(error)
            )
        ) from None
    except Malformed as error:
        raise UserError(
            _("{path} is not a founding document: {reason}").format(path=path, reason=error)
        ) from None


def chain_of(genesis: Genesis) -> NodeStatus:
    return NodeStatus(chain_id(genesis), genesis.epoch, genesis.prefix, 0, genesis.time_ms, b"")


def listed(genesis: Genesis, key: bytes) -> Listed | None:
    """The first account of the document that has this key; None if it lists none."""
    for account in genesis.accounts:
        keys = tuple(bytes(entry.key) for entry in account.keys)
        if key in keys:
            return Listed(
                bytes(account.id), keys, account.threshold, bytes(account.salt), keys.index(key)
            )
    return None


def trusted_genesis(document: Answer, chain: bytes, epoch: int) -> Trusted:
    """The light client's beginning, out of a document that anybody may hand over.

    Raises UserError: another document than the one that the chain's id is the hash of.
    """
    try:
        genesis = parse(json.dumps(document).encode())
    except Malformed as error:
        raise UserError(
            _("The node's founding document cannot be read: {reason}").format(reason=error),
            Exit.FINDINGS,
        ) from None
    if chain_id(genesis) != chain or genesis.epoch != epoch:
        raise UserError(
            _(
                "The node shows another founding document than this wallet's chain has. Ask "
                "another node with --node."
            ),
            Exit.FINDINGS,
        )
    seats = [Seat(wijk.code, bytes(wijk.seat.consensus.key)) for wijk in genesis.wijken]
    seats.sort(key=lambda seat: seat.wijk)
    try:
        return trust_genesis(chain, epoch, genesis.time_ms, seats, seats)
    except Malformed as error:
        raise UserError(
            _("The founding document seats nobody: {reason}").format(reason=error), Exit.FINDINGS
        ) from None
