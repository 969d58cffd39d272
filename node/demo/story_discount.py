"""The story's part about a purpose and a target group: coin for food, a discount, a refund."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from chain.money import Cents
from genesis.console import _, format_cents
from node.demo.story_bank import BOUND_CENTS, DISCOUNTS_CENTS, FOOD_CENTS, FREE_CENTS, POT_CENTS
from node.demo.story_wijk import GIFT_CENTS, PRICE_CENTS
from node.demo.teller import Broken, Teller

BENEFIT = "stadspas"
FOOD, BOOKS = 12_00, 8_00
FOOD_OFF, BOOKS_OFF = 3_00, 2_00
"""A quarter off each line."""
POT_SHARE = 40
"""Percent of a discount that the shop's pot bears."""
LEFT_FREE = FREE_CENTS - GIFT_CENTS
LEFT_BOUND = BOUND_CENTS - PRICE_CENTS


def fund_pays_for_food(teller: Teller) -> None:
    with teller.step(
        _("The wijk's fund pays its residents for food only; two of the board decide")
    ) as told:
        last = f"{datetime.now(UTC).year + 1}-06-30"
        count = len(teller.neighbours)
        answer = teller.as_board(
            "payout", str(teller.csv(teller.neighbours, FOOD_CENTS)), "--coin", teller.coin,
            "--category", "food", "--expires", last,
            of=teller.fund, why="Food for the winter",
        )  # fmt: skip
        told.append(
            _("{n} × {amount} until {last}, final in block {height}").format(
                n=count, amount=format_cents(Cents(FOOD_CENTS)), last=last, height=answer["height"]
            )
        )
        teller.expect_purse(teller.neighbour, LEFT_FREE, LEFT_BOUND, FOOD_CENTS)


def discount_opens(teller: Teller) -> None:
    with teller.step(
        _("The gemeente opens a discount and admits a resident; a shop joins, fills its pot")
    ) as told:
        wallet, until = teller.devnet.wallet, f"{datetime.now(UTC).year + 1}-12-31"
        wallet(
            "benefit", "open", BENEFIT, "--off", "25", "--coin", teller.coin,
            "--shop-share", str(POT_SHARE), "--payment-max", "10", "--month-max", "50",
            "--until", until, "--wallet", teller.funder.name, "-y",
        )  # fmt: skip

        def admit() -> None:
            holder = teller.address(teller.neighbour)
            wallet(
                "benefit", "admit", BENEFIT, holder, "--until", until,
                "--wallet", teller.funder.name, "-y",
            )  # fmt: skip

        def join() -> None:
            wallet("benefit", "join", BENEFIT, "--wallet", teller.shop.name, "-y")
            pot = format_cents(Cents(POT_CENTS))
            wallet("benefit", "fill", BENEFIT, pot, "--wallet", teller.shop.name, "-y")

        with ThreadPoolExecutor(max_workers=2) as pool:
            for done in [pool.submit(admit), pool.submit(join)]:
                done.result()
        expect_fund(teller, taken=0)
        told.append(
            _("25 % off; {share} % of it from the pot, in which the shop put {pot}").format(
                share=POT_SHARE, pot=format_cents(Cents(POT_CENTS))
            )
        )


def resident_pays_with_both(teller: Teller) -> None:
    with teller.step(
        _("The resident pays food and books at once, with food coin and the discount")
    ) as told:
        lines = ("--line", f"food={FOOD // 100},00", "--line", f"books={BOOKS // 100},00")
        answer = teller.pay(teller.neighbour, teller.shop, FOOD + BOOKS, *lines)
        teller.basket = answer["tx_id"]
        off = FOOD_OFF + BOOKS_OFF
        own = FOOD + BOOKS - off
        teller.expect(_("the own part"), answer.get("own_cents"), own)
        teller.expect_purse(
            teller.neighbour, LEFT_FREE, LEFT_BOUND - (BOOKS - BOOKS_OFF),
            FOOD_CENTS - (FOOD - FOOD_OFF),
        )  # fmt: skip
        told.append(
            _("{price} on the till: {own} from the resident, {off} off").format(
                price=format_cents(Cents(FOOD + BOOKS)),
                own=format_cents(Cents(own)),
                off=format_cents(Cents(off)),
            )
        )
        expect_fund(teller, taken=off)
        told.append(
            _("of that, {pot} from the shop's pot and {fund} from the fund").format(
                pot=format_cents(Cents(off * POT_SHARE // 100)),
                fund=format_cents(Cents(off - off * POT_SHARE // 100)),
            )
        )
        shop_sees_no_discount(teller)
        told.append(_("the shop's answers show the price, no discount, and no payer"))


def shop_sees_no_discount(teller: Teller) -> None:
    """What the node tells the shop, with the shop's own key, of this and of another purchase."""
    history, benefits, basket, other = teller.own_words(
        teller.shop, "/history", "/benefits",
        f"/receipts/{teller.basket}", f"/receipts/{teller.plain_purchase}",
    )  # fmt: skip
    entry = next(one for one in history["entries"] if one["id"] == teller.basket)
    (received,) = entry["events"]
    teller.expect(_("the shop received"), received["fields"]["amount"], FOOD + BOOKS)
    text = json.dumps([entry, basket]).lower()
    for trace in ("discount", "benefit", BENEFIT, teller.address(teller.neighbour)):
        if trace in text:
            raise Broken(_("the shop reads {trace}").format(trace=trace))
    teller.expect(_("pots that the shop reads"), benefits["pots"], [])
    teller.expect(_("the shape of a receipt"), shape(basket), shape(other))


def shape(value: Any) -> Any:
    """Names of fields and sorts of values; not how many lines or lots there are."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def line_is_refunded(teller: Teller) -> None:
    with teller.step(_("The food comes back: the shop refunds that one line")) as told:
        amount = f"0={FOOD // 100},00"
        teller.devnet.wallet(
            "refund", teller.basket, "--line", amount, "--wallet", teller.shop.name, "-y"
        )
        teller.expect_purse(
            teller.neighbour, LEFT_FREE, LEFT_BOUND - (BOOKS - BOOKS_OFF), FOOD_CENTS
        )
        expect_fund(teller, taken=BOOKS_OFF)
        told.append(
            _("{own} is food coin again; pot and fund have back what they gave, {off}").format(
                own=format_cents(Cents(FOOD - FOOD_OFF)), off=format_cents(Cents(FOOD_OFF))
            )
        )


def expect_fund(teller: Teller, taken: int) -> None:
    """After discounts of `taken` cents: the pot bore its share, the fund the rest. The coin in the
    pot is the fund's."""
    (own,) = teller.own_words(teller.funder, "/benefits")
    pot = own["pots"][0]["left_cents"]
    teller.expect(_("left in the pot"), pot, POT_CENTS - taken * POT_SHARE // 100)
    teller.expect_purse(teller.funder, DISCOUNTS_CENTS + POT_CENTS - taken)
