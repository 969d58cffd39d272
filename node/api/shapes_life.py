"""JSON shapes of recoveries and life events, for holders, guardians and offices."""

from __future__ import annotations

from node.api.shapes import Hex, HoldingShape, Shape


class GuardiansShape(Shape):
    """`k` of these give the account new keys; it counts from `from_ms` on."""

    people: list[str]
    offices: list[str]
    k: int
    from_ms: int


class ApprovalShape(Shape):
    """`office`: the wijk whose registrar approved; null for a guardian."""

    by: str
    office: str | None


class AttemptShape(Shape):
    """`blocks`: are payments stopped? `until_ms`: when the waiting time ends. `keys`: the new ones,
    to compare with what the holder's new phone shows."""

    attempt: int
    blocks: bool
    opened_ms: int
    until_ms: int
    approvals: list[ApprovalShape]
    needed: int
    confirmed: list[str]
    keys: list[Hex]
    card: int | None


class RecoveryAnswer(Shape):
    """`guardians`: those that count, null if there are none; `to_come`: a change that counts later;
    `attempt`: null if none is under way. `next_opening_ms`: before it, an opening is refused or,
    after a veto, needs two registrars (`second`)."""

    height: int
    address: str
    guardians: GuardiansShape | None
    to_come: GuardiansShape | None
    attempt: AttemptShape | None
    next_opening_ms: int | None
    second: bool


class FreezeShape(Shape):
    """`review`: null, `asked` or `done`."""

    reason: str
    until_ms: int
    review: str | None


class MovingShape(Shape):
    home: str
    from_ms: int


class InsolvencyShape(Shape):
    """`estate`: commitment to the bank account that coin is redeemed to."""

    curator: str
    estate: Hex
    since_ms: int


class EstateShape(Shape):
    """`heirs`: is there a certificate of who inherits?"""

    attested_ms: int
    heirs: bool
    coins: list[HoldingShape]


class LifeAnswer(Shape):
    """What stops an account or is about to change it, for its holder, its office and a curator.
    `served_alone`: lots that no other open shop takes, to be named in a notice."""

    height: int
    address: str
    status: str
    freeze: FreezeShape | None
    moving: MovingShape | None
    leaving_ms: int | None
    served_alone: list[int]
    insolvency: InsolvencyShape | None
    estate: EstateShape | None
