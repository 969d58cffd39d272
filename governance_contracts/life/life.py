"""Life events: what happens to people and shops, and what becomes of their accounts then.

    estates.py      death, heirs, the estate
    moving.py       a new home from the first of a month
    leaving.py      a shop gives notice
    insolvency.py   bankruptcy: a curator, one bank account
    reviews.py      who is frozen asks another wijk's board

Each is an act of the office of the account's wijk, except a shop's notice and a review, which the
holder asks for. Who acted is on the receipt. Freezing itself is in the registry (`lifecycle.py`),
what a stopped account may still pay in `allowance.py`.
"""

from __future__ import annotations

from chain.contract import Contract, Method
from governance_contracts.life import estates, insolvency, leaving, moving, reviews

DEATH_COST = 20_000
"""All lots of an account, and all its mandates, at their most."""

CONTRACT = Contract(
    "life",
    1,
    {
        "attest_death": Method(estates.AttestDeath, estates.attest_death, cost=DEATH_COST),
        "withdraw_death": Method(estates.WithdrawDeath, estates.withdraw_death),
        "name_heirs": Method(estates.NameHeirs, estates.name_heirs),
        "pay_estate": Method(estates.PayEstate, estates.pay_estate, cost=800),
        "redeem_estate": Method(estates.RedeemEstate, estates.redeem_estate, cost=600),
        "settle_estate": Method(estates.SettleEstate, estates.settle_estate),
        "move": Method(moving.Move, moving.move_home),
        "announce_leaving": Method(
            leaving.AnnounceLeaving,
            leaving.announce_leaving,
            cost=lambda args: 250 + 250 * len(args.lots),
        ),
        "stay_after_all": Method(leaving.StayAfterAll, leaving.stay_after_all),
        "enter_bankruptcy": Method(
            insolvency.EnterBankruptcy, insolvency.enter_bankruptcy, cost=10_000
        ),
        "end_bankruptcy": Method(insolvency.EndBankruptcy, insolvency.end_bankruptcy, cost=10_000),
        "ask_review": Method(reviews.AskReview, reviews.ask_review),
        "rule_on_freeze": Method(reviews.RuleOnFreeze, reviews.rule_on_freeze),
    },
    due={"arrive": moving.arrive, "tell_holders": leaving.tell_holders},
)
