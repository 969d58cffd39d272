"""The auditor follows coin that is set aside, paid without a network, guaranteed and returned."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from auditor.authority import Ran
from auditor.balances import Balances
from auditor.offline import Offline
from auditor.replay import replay
from chain import crypto
from chain.kinds import Kind
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank import reserve
from governance_contracts.bank.books import EntryKind
from governance_contracts.offline import general as offline_general
from governance_contracts.offline.general import ChangeCover, EndGuarantee, OpenGeneral, Repay
from governance_contracts.offline.offline import OpenAllowance, Release, Settle
from governance_contracts.offline.records import (
    GeneralPayment,
    SignedGeneral,
    SignedTotal,
    Total,
    payment_bytes,
)
from governance_contracts.people.keys import prove_possession
from tests.auditor.history import HOUR_MS, History, line

DEVICE = b"\x05" * 32


def test_books_of_offline_coin() -> None:
    h = History(validators=4, residents=8)
    coin, fund, dee = h.coins[0], h.fund.account, h.home[0]
    key, proof = crypto.public_key(DEVICE), prove_possession(DEVICE, h.chain, 0, dee.account)
    number = h.statement(0, line(1, EntryKind.DEPOSIT, 9_000_00))
    h.decide(0, reserve.Mint(coin, number, 1, fund, Cents(9_000_00), ()))
    h.payout(h.home[:2], 500_00)
    for _ in range(2):
        args = OpenAllowance(dee.account, coin, h.shop.account, 1, key, proof, Cents(50_00))
        h.block(h.sign(dee, args))
    total = Total(1, h.shop.account, 1, Cents(12_00))
    signature = crypto.sign(DEVICE, payment_bytes(h.chain, 0, total))
    h.block(h.sign(h.shop, Settle(SignedTotal(total, signature))))
    h.block(h.sign(h.shop, Release(2)))

    h.block(h.sign(h.fund, offline_general.Guard(fund, coin, Cents(100_00))))
    h.block(h.sign(h.fund, ChangeCover(1, (dee.account,), True)))
    h.block(h.sign(dee, OpenGeneral(dee.account, 1, key, proof, Cents(30_00))))
    for seller, sequence in ((h.shop, 1), (h.home[1], 1), (h.home[1], 2)):
        day = h.time_ms // DAY_MS
        paid = GeneralPayment(
            3, seller.account, 1, sequence, day, Cents(20_00), Cents(20_00)
        )  # the same total each time: two of three are a copy's
        signature = crypto.sign(DEVICE, payment_bytes(h.chain, 0, paid))
        signed = SignedGeneral(paid, signature)
        h.block(h.sign(seller, offline_general.SettleGeneral(signed)))
    h.block(h.sign(dee, Repay(1, dee.account, Cents(5_00))))
    h.block(h.sign(h.fund, EndGuarantee(1)))
    h.time_ms += 11 * DAY_MS - HOUR_MS
    h.block()
    h.block()
    result = replay(BytesIO(h.export()), 1, check_genesis=False)
    assert result.ok, "\n".join(map(str, result.findings))


HEADER = SimpleNamespace(chain=bytes(32), epoch=0)
SHOP, PAYER = b"s" * 20, b"p" * 20


def settled(paid: int, **wrong: Any) -> list[str]:
    """Findings on a contract that pays this out, with something `wrong` about what was signed."""
    found: list[str] = []
    books = Offline(Balances(), lambda check, message, *_more: found.append(message))
    device = crypto.public_key(DEVICE)
    books.begin([Ran("offline.open", [1, PAYER, "J", SHOP, 1, device, b"", 500], "")], HEADER)  # type: ignore[arg-type]
    books.opened([1300, 7, "J", 500, 0], PAYER)
    payment = [
        1,
        wrong.get("allowance", 7),
        wrong.get("seller", SHOP),
        1,
        wrong.get("total", paid),
    ]
    message = crypto.sign_bytes(
        Kind.OFFLINE_PAYMENT, HEADER.chain, 0, msgspec.msgpack.encode(payment)
    )
    signature = crypto.sign(wrong.get("by", DEVICE), message)
    books.begin([Ran("offline.settle", [1, [1, payment, signature]], "")], HEADER)  # type: ignore[arg-type]
    books.received([1301, 7, "J", paid, 1, 0], SHOP)
    return found


@pytest.mark.parametrize(
    "wrong",
    [{"by": b"\x06" * 32}, {"total": 90}, {"seller": PAYER}, {"allowance": 8}],
    ids=["signer", "total", "seller", "allowance"],
)
def test_what_no_device_signed_is_a_finding(wrong: dict[str, Any]) -> None:
    assert settled(100) == []
    assert len(settled(100, **wrong)) == 1
    assert len(settled(501)) == 1  # more than was set aside
