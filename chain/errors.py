"""The ways in which input can be wrong, and whose fault each one is.

`Malformed`      not a message of this protocol: the sender's software is at fault.
`InvalidBlock`   a block that breaks a rule of the chain: its proposer is at fault.
`Inadmissible`   a transaction that may not stand in a block now (replayed, expired, wrong
                 signatures ...). It leaves no receipt. A block holding one is invalid.
`Rejected`       a transaction that the rules of a contract refuse. Its block is valid, its
                 receipt says why, its replay number is used.

Refusals carry a stable number and named fields, never prose: receipts are hashed, and texts
change. Texts for people live at the edge, looked up by code.
"""

from __future__ import annotations

from typing import ClassVar

Field = int | str | bytes


class Malformed(Exception):
    """Bytes that are not the one canonical spelling of a message."""


class InvalidBlock(Exception):
    """A block that breaks a rule; says which in words, for logs only."""


class Refusal(Exception):
    """A refusal with a stable code and named fields. Subclasses are the vocabulary.

    `code` is unique over the whole project (0: an abstract base); `fields` names the values in
    the order in which a receipt lists them.
    """

    code: ClassVar[int] = 0
    fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        if cls.code:
            known = REFUSALS.setdefault(cls.code, cls)
            assert known.__qualname__ == cls.__qualname__, (
                f"refusal code {cls.code} is taken by {known.__name__}"
            )

    def __init__(self, *values: Field) -> None:
        assert len(values) == len(self.fields), f"{type(self).__name__} takes {self.fields}"
        super().__init__(*values)
        self.values = values

    @property
    def name(self) -> str:
        return type(self).__name__

    def named(self) -> dict[str, Field]:
        return dict(zip(self.fields, self.values, strict=True))


REFUSALS: dict[int, type[Refusal]] = {}


def refusal_name(code: int) -> str:
    """The stable name of a refusal code; `Refusal<code>` if this release does not know it."""
    known = REFUSALS.get(code)
    return known.__name__ if known else f"Refusal{code}"


class Inadmissible(Refusal):
    """A transaction that cannot be in a block now. Codes 1-39."""


class Rejected(Refusal):
    """A call that a rule refuses. Codes from 40; each contract has a hundred of its own."""
