"""The story's part at the bank: euros become coin against a statement, and coin euros again."""

from __future__ import annotations

from chain.money import Cents
from genesis.console import _, format_cents
from governance_contracts.bank.books import EntryKind
from node.demo.teller import Teller, now_ms

PAID_OUT = 20
BOUND_CENTS, FREE_CENTS = 50_00, 10_00
FOOD_CENTS = 20_00
DISCOUNTS_CENTS = 100_00
POT_CENTS = 10_00
REDEEMED_CENTS = 12_50


def euros_arrive(teller: Teller) -> None:
    with teller.step(
        _("Euros arrive: the bank's statement is imported, and attestors attest it")
    ) as told:
        office = teller.office
        teller.minted = 0
        for person, cents in (
            (teller.funder, PAID_OUT * (BOUND_CENTS + FREE_CENTS) + DISCOUNTS_CENTS),
            (teller.fund, FOOD_CENTS * len(teller.neighbours)),
            (teller.shop, POT_CENTS),
        ):
            office.bank.receive(office.home.reference(person.account), cents)
            teller.minted += cents
        teller.statements.append(office.bank.close(now_ms()))
        teller.statement = office.take_in(teller.statements[-1])
        kinds = [line.kind for line in teller.statement.composed.lines]
        teller.expect(_("lines of the statement"), kinds, [EntryKind.DEPOSIT] * 3)
        teller.all_committed(office.attest(teller.statement))
        told.append(
            _(
                "{file} (camt.053): {amount} for the gemeente, the wijk's fund and a shop, known "
                "by their references; two of three attested it"
            ).format(file=teller.statements[-1].name, amount=format_cents(Cents(teller.minted)))
        )
        teller.expect_supply(0)


def board_mints(teller: Teller) -> None:
    with teller.step(_("The board of the wijk mints, against those three lines")) as told:
        assert teller.statement is not None, "taken in"
        mints = teller.office.mints(teller.statement)
        teller.decide("Deposits of today; our desk", *mints, teller.office.set_desk())
        teller.expect_supply(teller.minted)
        teller.decide("The same lines again", *mints)
        teller.expect_supply(teller.minted)
        told.append(_("a second mint on the same lines was proposed, and made nothing"))


def shop_redeems(teller: Teller) -> None:
    with teller.step(
        _("The shop asks euros for its coin: four eyes export, the next statement settles")
    ) as told:
        office = teller.office
        teller.devnet.wallet(
            "redeem", format_cents(Cents(REDEEMED_CENTS)), "--iban", "NL91 ABNA 0417 1643 00",
            "--coin", teller.coin, "--wallet", teller.shop.name, "-y",
        )  # fmt: skip
        order, export = office.order()
        teller.decide("Redemptions of today", export)
        file = office.release(order)
        teller.expect(_("payments that the bank makes"), office.bank.pay(file), 1)
        told.append(
            _("one of the board proposed payment file {name} (pain.001), another approved").format(
                name=order.name
            )
        )
        teller.statements.append(office.bank.close(now_ms()))
        settled = office.take_in(teller.statements[-1])
        teller.all_committed(office.attest(settled))
        teller.minted -= REDEEMED_CENTS
        teller.expect_supply(teller.minted)
        told.append(
            _("{file} shows the payment: {amount} burned").format(
                file=teller.statements[-1].name, amount=format_cents(Cents(REDEEMED_CENTS))
            )
        )
