"""The JSON between wallets, node and a reserve's desk about where euros go."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from auditor.bank.desk import ASK_MAX, BOX_BYTES_MAX
from node.api.shapes import Hex, Shape


class DeskAnswer(Shape):
    """`key`: to which wallets seal; null if the board has named none."""

    height: int
    coin: str
    key: Hex | None


class BoxShape(Shape):
    """A sealed destination for a redemption of one's own."""

    coin: str
    redemption: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    box: Annotated[Hex, Meta(max_length=2 * BOX_BYTES_MAX)]


class BoxTaken(Shape):
    redemption: int


class DeskAsk(Shape):
    """Signed by the desk's key. `redemptions`: to be told of besides those that wait."""

    expires_ms: int
    redemptions: Annotated[list[int], Meta(max_length=ASK_MAX)]
    signature: Hex


class DeskRedemption(Shape):
    """`state`: requested, exported, settled, bounced, cancelled. `destination`: the commitment.
    `file`: commitment to the payment file. `box`: null if the holder has sent none here."""

    redemption: int
    amount_cents: int
    destination: Hex
    state: str
    requested_ms: int
    exported_ms: int | None
    file: Hex | None
    box: Hex | None


class DeskRedemptions(Shape):
    """`time_ms`: of the newest block."""

    height: int
    time_ms: int
    redemptions: list[DeskRedemption]
