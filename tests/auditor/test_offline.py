"""The auditor follows coin that is set aside, paid without a network, guaranteed and returned."""

from __future__ import annotations

from io import BytesIO

from auditor.replay import replay
from chain import crypto
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts import offline_general, reserve
from governance_contracts.books import EntryKind
from governance_contracts.keys import prove_possession
from governance_contracts.offline import OpenAllowance, Release, Settle
from governance_contracts.offline_general import ChangeCover, EndGuarantee, OpenGeneral, Repay
from governance_contracts.offline_records import (
    GeneralPayment,
    SignedGeneral,
    SignedTotal,
    Total,
    payment_bytes,
)
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
