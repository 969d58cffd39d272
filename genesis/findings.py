"""One thing that is wrong with a Genesis document, and checks that several rules share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chain import crypto
from chain.errors import Rejected
from genesis.document import FOUNDING_CHAIN, FOUNDING_EPOCH, AccountPart
from governance_contracts.people.keys import possession_bytes

Accounts = Mapping[bytes, AccountPart]
"""The accounts of a document by id."""

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Finding:
    """`rule` is the stable name (rules.py); `where` the place; then, in the language in use,
    what was expected there and what to do."""

    rule: str
    where: str
    expected: str
    advice: str

    def __str__(self) -> str:
        place = f" {self.where}:" if self.where else ""
        return f"[{self.rule}]{place} {self.expected}. {self.advice}"


def repeated(values: Iterable[T]) -> frozenset[T]:
    """Those that occur more than once. For membership tests and `sorted`."""
    return frozenset(value for value, n in Counter(values).items() if n > 1)


def proven(holder: bytes, key: bytes, proof: bytes) -> bool:
    """Has this key signed for this holder, as keys in a genesis do?"""
    message = possession_bytes(FOUNDING_CHAIN, FOUNDING_EPOCH, bytes(holder), bytes(key))
    return crypto.verify(bytes(key), message, bytes(proof))


def refusal_of(check: Callable[[], None]) -> Rejected | None:
    """What a contract's rule refuses here, whether a call's check or a `found...` function."""
    try:
        check()
    except Rejected as refusal:
        return refusal
    except ValueError as error:
        if isinstance(error.__context__, Rejected):
            return error.__context__
        raise
    return None
