"""Authority is a value: every call runs under one or more, and says which it needs.

`Holder` is an account whose key threshold the witnesses meet. The others are given only by the
contract that counted the approvals or votes, to the calls that it carries out.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.errors import Rejected


@dataclass(frozen=True, slots=True)
class Holder:
    account: bytes


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    key: bytes


@dataclass(frozen=True, slots=True)
class Board:
    wijk: str


@dataclass(frozen=True, slots=True)
class Residents:
    wijk: str


@dataclass(frozen=True, slots=True)
class Federation:
    pass


Authority = Holder | OneTimeKey | Board | Residents | Federation


class NotAuthorised(Rejected):
    """The call needs an authority that its transaction does not have."""

    code = 40
    fields = ("needed",)


def describe(authority: Authority) -> str:
    """A short, stable name: `board:WK036101`, `account:<hex>`, `federation`."""
    match authority:
        case Holder(account):
            return f"account:{account.hex()}"
        case OneTimeKey(key):
            return f"key:{key.hex()}"
        case Board(wijk):
            return f"board:{wijk}"
        case Residents(wijk):
            return f"residents:{wijk}"
        case Federation():
            return "federation"
