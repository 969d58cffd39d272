"""Payout: a fund, a board or an organisation pays up to 1,000 lines in one go.

All or nothing. Terms, if given, hold for the whole run: the coin leaves the payer free and arrives
bound. Each payee has an event of its own and sees no other's.
"""

from __future__ import annotations

from chain.account import Account, AccountKind
from chain.contract import Context
from chain.errors import Rejected
from chain.money import CENTS_MAX, Cents
from chain.state import Draft
from governance_contracts.coins.balances import FREE, book, give_free, give_lot, spend
from governance_contracts.coins.coin import Coin, require_coin, require_phase
from governance_contracts.coins.limits import day_max, day_of, holding_max
from governance_contracts.coins.meter import volume
from governance_contracts.coins.regimes import check_bordered, check_payee, is_limited
from governance_contracts.earmarks.lots import LotKind, check_terms, lot_of
from governance_contracts.payments.outcomes import (
    BadLine,
    NotAFund,
    PaidOut,
    PayoutLineRefused,
    PayoutReceived,
    PaysItself,
    UnknownPurpose,
)
from governance_contracts.payments.payments import (
    PURPOSES,
    Payout,
    PayoutLine,
)
from governance_contracts.people.acting import (
    FrozenAccount,
    is_frozen,
    require_account,
    require_actor,
)
from governance_contracts.people.minors import check_earning

EARMARK = "EARM"
"""The purpose of a grant of earmarked coin: an entitlement, not income yet."""


def payout(draft: Draft, context: Context, args: Payout) -> None:
    """Pay every line or none.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount (the payer),
    NotAFund, UnknownCoin, for bound coin CoinWindsDown and BorderlessLot and
    what `check_terms` refuses, BadLine (sum), NotEnoughCoin, DayLimit,
    PayoutLineRefused for the first line that `check_line` or the payee's limits refuse, then for
    the first that `check_earning` does, in that order.
    """
    payer = require_actor(draft, context, args.payer)
    if is_frozen(payer):
        raise FrozenAccount(args.payer)
    if payer.kind in (AccountKind.PERSON, AccountKind.HOUSEHOLD, AccountKind.TILL):
        raise NotAFund(payer.kind)
    coin = require_coin(draft, args.coin)
    lot = FREE
    earmarked = False
    for terms in args.terms:
        require_phase(coin)
        check_bordered(coin, terms, limited=is_limited(draft, coin))
        check_terms(draft, args.coin, args.payer, terms, context.time_ms)
        earmarked = terms.kind == LotKind.EARMARK
        lot, opened = lot_of(draft, args.coin, args.payer, terms)
        for event in opened:
            context.emit(event)
    total = 0
    for position, line in enumerate(args.lines):
        total += line.amount
        if total > CENTS_MAX:
            raise BadLine(position, "sum")
    day = day_of(context.time_ms)
    spend(draft, args.payer, args.coin, total, total, day, day_max(draft, payer.kind))
    if lot != FREE:
        book(draft, args.coin, free=-total, lots=total)
    payees = []
    for position, line in enumerate(args.lines):
        try:
            payee = check_line(draft, context, args, coin, line, earmarked)
            if lot == FREE:
                most = holding_max(draft, payee.kind)
                give_free(draft, line.payee, args.coin, line.amount, most)
            else:
                give_lot(draft, line.payee, args.coin, lot, line.amount)
        except Rejected as refusal:
            raise PayoutLineRefused(position, refusal.code) from None
        payees.append(payee)
    for position, (line, payee) in enumerate(zip(args.lines, payees, strict=True)):
        try:
            check_earning(draft, context, line.payee, payee, line.purpose)
        except Rejected as refusal:
            raise PayoutLineRefused(position, refusal.code) from None
        context.emit(
            PayoutReceived(args.payer, args.coin, line.amount, lot, line.purpose, line.reference),
            line.payee,
        )
    volume(draft, context, coin, total, limited=is_limited(draft, coin))
    context.emit(PaidOut(args.coin, len(args.lines), Cents(total), lot), args.payer)


def check_line(
    draft: Draft,
    context: Context,
    args: Payout,
    coin: Coin,
    line: PayoutLine,
    earmarked: bool,
) -> Account:
    """The payee's account.

    Refuses UnknownPurpose (an earmark's is EARM, and nothing else's is), NotRegistered,
    ClosedAccount, PaysItself, what `check_payee` refuses, in that order.
    """
    if (line.purpose == EARMARK) != earmarked:
        raise UnknownPurpose(line.purpose)
    if not earmarked and line.purpose not in PURPOSES:
        raise UnknownPurpose(line.purpose)
    payee = require_account(draft, line.payee)
    if line.payee == args.payer:
        raise PaysItself(line.payee)
    check_payee(draft, coin, line.payee, payee, context.height)
    return payee
