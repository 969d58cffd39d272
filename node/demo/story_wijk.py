"""The story's part in the wijk: coin bound to it, paid, refused outside; free coin anywhere."""

from __future__ import annotations

from chain.money import Cents
from genesis.console import _, format_cents
from governance_contracts.payments.payments import Payout, PayoutLine
from node.demo.hand import call
from node.demo.story_bank import BOUND_CENTS, FREE_CENTS, PAID_OUT
from node.demo.teller import Broken, Teller

PRICE_CENTS = 12_50
GIFT_CENTS = 1_00


def funder_pays_out(teller: Teller) -> None:
    with teller.step(
        _("The funder pays {n} residents in one batch, in coin bound to the wijk").format(
            n=PAID_OUT
        )
    ) as told:
        residents = teller.city.of("resident")[:PAID_OUT]
        answer = teller.devnet.wallet(
            "payout", str(teller.csv(residents, BOUND_CENTS)), "--wallet", teller.funder.name,
            "--coin", teller.coin, "--region", teller.wijk, "-y",
        )  # fmt: skip
        told.append(
            _("{n} × {amount}, final in block {height}").format(
                n=PAID_OUT, amount=format_cents(Cents(BOUND_CENTS)), height=answer["height"]
            )
        )
        lines = tuple(PayoutLine(p.account, Cents(FREE_CENTS), "INCOME", ()) for p in residents)
        payout = Payout(teller.funder.account, teller.coin, lines, ())
        teller.sync_numbers(teller.funder)
        sent = teller.hands.send(teller.url, teller.funder, call("pay", "payout", payout))
        teller.all_committed([sent])
        told.append(
            _("and {amount} each in free coin").format(amount=format_cents(Cents(FREE_CENTS)))
        )
        teller.expect_purse(teller.neighbour, FREE_CENTS, BOUND_CENTS)


def resident_pays_in_the_region(teller: Teller) -> None:
    with teller.step(_("A resident pays a shop inside the region")) as told:
        answer = teller.pay(teller.neighbour, teller.shop, PRICE_CENTS)
        told.append(
            _("{payer} paid {shop} {amount}: final in block {height}").format(
                payer=teller.neighbour.name,
                shop=teller.shop.name,
                amount=format_cents(Cents(PRICE_CENTS)),
                height=answer["height"],
            )
        )
        teller.plain_purchase = answer["tx_id"]
        teller.expect_purse(teller.neighbour, FREE_CENTS, BOUND_CENTS - PRICE_CENTS)


def coin_is_refused_outside(teller: Teller) -> None:
    with teller.step(_("The same coin is refused at a shop outside it")) as told:
        lot = str(teller.purse(teller.neighbour)["lots"][0]["lot"])
        answer = teller.pay(
            teller.neighbour, teller.far_shop, PRICE_CENTS, "--lot", lot, refused=True
        )
        told.append(
            _("{shop} lies in {wijk}: the chain refused with {name}").format(
                shop=teller.far_shop.name, wijk=teller.other, name=answer["error"]["name"]
            )
        )
        if answer["error"]["name"] != "OutsideRegion":
            raise Broken(_("the refusal should have been OutsideRegion"))
        teller.expect_purse(teller.neighbour, FREE_CENTS, BOUND_CENTS - PRICE_CENTS)


def free_coin_crosses_the_border(teller: Teller) -> None:
    with teller.step(_("A free payment to a resident of another wijk")) as told:
        teller.pay(teller.neighbour, teller.far_neighbour, GIFT_CENTS)
        told.append(
            _("{payee} of {wijk} received the payer's own coin, {coin}").format(
                payee=teller.far_neighbour.name, wijk=teller.other, coin=teller.coin
            )
        )
        teller.expect_purse(teller.far_neighbour, FREE_CENTS + GIFT_CENTS, BOUND_CENTS)
