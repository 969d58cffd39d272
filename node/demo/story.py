"""The story of a wijk's money, step by step, with what must be true after each step."""

from __future__ import annotations

from node.demo.story_bank import board_mints, euros_arrive, shop_redeems
from node.demo.story_discount import (
    discount_opens,
    fund_pays_for_food,
    line_is_refunded,
    resident_pays_with_both,
)
from node.demo.story_end import bank_is_reconciled, chain_is_audited, validator_dies_and_returns
from node.demo.story_wijk import (
    coin_is_refused_outside,
    free_coin_crosses_the_border,
    funder_pays_out,
    resident_pays_in_the_region,
)
from node.demo.teller import Teller

STEPS = (
    euros_arrive,
    board_mints,
    funder_pays_out,
    resident_pays_in_the_region,
    coin_is_refused_outside,
    free_coin_crosses_the_border,
    fund_pays_for_food,
    discount_opens,
    resident_pays_with_both,
    line_is_refunded,
    shop_redeems,
    validator_dies_and_returns,
    chain_is_audited,
    bank_is_reconciled,
)


def tell(teller: Teller) -> None:
    """Raises Broken at the first step that does not hold."""
    for step in STEPS:
        step(teller)
