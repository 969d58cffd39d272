"""Coin set aside for devices without a network."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from chain.crypto import public_key, sign
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.offline.general import (
    ChangeCover,
    EndGuarantee,
    Guard,
    OpenGeneral,
    ProveDouble,
    Repay,
    SettleGeneral,
)
from governance_contracts.offline.offline import OpenAllowance, Release, Settle
from governance_contracts.offline.records import (
    ALLOWANCES,
    COVERED,
    GUARANTEES,
    GeneralPayment,
    SignedGeneral,
    SignedTotal,
    Total,
    payment_bytes,
)
from governance_contracts.people.keys import prove_possession
from tests.contracts.machine.base import SHOPS, Base, amounts, coins, numbers, people
from tests.contracts.town import CHAIN, EPOCH, seed


class Offline(Base):
    @rule(coin=coins, amount=amounts, shop=st.sampled_from(SHOPS), payer=people)
    def set_aside(self, coin: str, amount: int, shop: str, payer: str) -> None:
        id, device = self.town.id(payer), seed("device")
        proof = prove_possession(device, CHAIN, EPOCH, id)
        key, place = public_key(device), self.town.id(shop)
        args = OpenAllowance(id, coin, place, 1, key, proof, Cents(amount))
        self.attempt(args, by=payer)

    @rule(coin=coins, amount=amounts, payer=people)
    def guard_and_set_aside_for_anybody(self, coin: str, amount: int, payer: str) -> None:
        id, device = self.town.id(payer), seed("device")
        if not self.attempt(Guard(self.town.id("town"), coin, Cents(amount)), by="town"):
            return
        number = len(list(self.town.all_of(GUARANTEES)))
        self.attempt(ChangeCover(number, (id,), True), by="town")
        proof = prove_possession(device, CHAIN, EPOCH, id)
        args = OpenGeneral(id, number, public_key(device), proof, Cents(amount))
        self.attempt(args, by=payer)

    @rule(
        number=numbers,
        shop=st.sampled_from(SHOPS),
        amount=amounts,
        sequence=st.integers(1, 3),
        move=st.sampled_from(["settle", "settle", "release", "end", "repay"]),
    )
    def settle_offline(self, number: int, shop: str, amount: int, sequence: int, move: str) -> None:
        known = [int.from_bytes(key, "big") for key, _ in self.town.all_of(ALLOWANCES)]
        if known and move != "end":
            number = known[number % len(known)]
        id, device = self.town.id(shop), seed("device")
        allowance = self.town.state.get(ALLOWANCES, number)
        if move == "release":
            self.attempt(Release(number), by=shop)
        elif move == "end":
            self.attempt(EndGuarantee(number), by="town")
        elif move == "repay":
            self.attempt(Repay(number, self.town.id("dee1"), Cents(amount)), by="dee1")
        elif allowance is not None and allowance.cover:
            day = self.town.time_ms // DAY_MS
            payment = GeneralPayment(number, id, 1, sequence, day, Cents(amount), Cents(amount))
            signature = sign(device, payment_bytes(CHAIN, EPOCH, payment))
            self.attempt(SettleGeneral(SignedGeneral(payment, signature)), by=shop)
        else:
            total = Total(number, id, 1, Cents(amount))
            signature = sign(device, payment_bytes(CHAIN, EPOCH, total))
            self.attempt(Settle(SignedTotal(total, signature)), by=shop)

    @rule(number=numbers, amount=amounts, sequence=st.integers(1, 3))
    def show_a_double(self, number: int, amount: int, sequence: int) -> None:
        device, day = seed("device"), self.town.time_ms // DAY_MS
        found = []
        for shop in SHOPS:
            id, cents = self.town.id(shop), Cents(amount)
            payment = GeneralPayment(number, id, 1, sequence, day, cents, cents)
            signature = sign(device, payment_bytes(CHAIN, EPOCH, payment))
            found.append(SignedGeneral(payment, signature))
        self.attempt(ProveDouble(found[0], found[1]), by="stranger")

    @rule(number=numbers, who=people, amount=amounts, open_one=st.booleans())
    def owe_and_repay(self, number: int, who: str, amount: int, open_one: bool) -> None:
        id = self.town.id(who)
        given = [int.from_bytes(key, "big") for key, _ in self.town.all_of(GUARANTEES)]
        number = given[number % len(given)] if given else number
        debt = self.town.state.get(COVERED, (number, id))
        if open_one:
            self.attempt(ChangeCover(number, (id,), True), by="town")
            proof = prove_possession(seed("device"), CHAIN, EPOCH, id)
            opened = OpenGeneral(id, number, public_key(seed("device")), proof, Cents(amount))
            self.attempt(opened, by=who)
        else:
            owed = debt.debt if debt else 0
            self.attempt(Repay(number, id, Cents(min(amount, owed) or 1)), by=who)

    def a_guarantee_paid(self) -> None:
        """Dee's device pays twice what dee set aside: the guarantee pays the rest, dee owes it."""
        id, device = self.town.id("dee1"), seed("device")
        assert self.attempt(Guard(self.town.id("town"), "J1", Cents(90)), by="town")
        guarantee = len(list(self.town.all_of(GUARANTEES)))
        assert self.attempt(ChangeCover(guarantee, (id,), True), by="town")
        proof = prove_possession(device, CHAIN, EPOCH, id)
        opened = OpenGeneral(id, guarantee, public_key(device), proof, Cents(100))
        assert self.attempt(opened, by="dee1")
        allowance = len(list(self.town.all_of(ALLOWANCES)))
        for shop in SHOPS:
            day = self.town.time_ms // DAY_MS
            shop_id, all_of_it = self.town.id(shop), Cents(100)
            payment = GeneralPayment(allowance, shop_id, 1, 1, day, all_of_it, all_of_it)
            signature = sign(device, payment_bytes(CHAIN, EPOCH, payment))
            assert self.attempt(SettleGeneral(SignedGeneral(payment, signature)), by=shop)
