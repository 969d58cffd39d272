"""What the HTTP side of a node may ask of the node itself; `node.run.Node` gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from chain.block import Receipt
from chain.contract import Release
from node.effects import Refused
from node.replica import Replica

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of one submitted transaction: malformed (says why), refused by this node's
    pool, or, with neither, waiting for a block."""

    id: bytes | None
    malformed: str
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class News:
    """A committed height."""

    height: int
    block_hash: bytes
    time_ms: int
    transactions: int
    receipts: tuple[Receipt, ...]
    transaction_ids: tuple[bytes, ...]


class FoundingDocument(Protocol):
    """What everybody may ask of the founding document."""

    @property
    def name(self) -> str: ...
    @property
    def prefix(self) -> str: ...
    def document(self) -> bytes:
        """As JSON."""
        ...


class NodeSeam(Protocol):
    @property
    def genesis(self) -> FoundingDocument: ...
    @property
    def release(self) -> Release: ...
    @property
    def version(self) -> str: ...
    @property
    def node_key(self) -> bytes:
        """The public key of this node's TLS certificate (32 bytes)."""
        ...

    async def read(self, question: Callable[[Replica], T]) -> T:
        """Ask in the replica's own thread, between two inputs. Keep it short; take copies."""
        ...

    async def submit(self, wire: Sequence[bytes]) -> list[Submission]:
        """Parse, judge signatures beside the loop, hand to the replica; outcomes in order."""
        ...

    def news(self) -> AsyncIterator[News]:
        """Every height committed from now on. A subscriber that does not keep up is dropped:
        the iterator ends, and it resumes by cursor."""
        ...
