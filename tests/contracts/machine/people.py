"""What happens to people: mandates, freezes, recovery, estates, moves, bankruptcy."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from chain.account import ACCOUNTS, KeyRole, in_force
from chain.codec import Record
from chain.crypto import public_key
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.redemption import Redeem
from governance_contracts.boards.proposals import work_of
from governance_contracts.life.estates import (
    AttestDeath,
    NameHeirs,
    PayEstate,
    RedeemEstate,
    SettleEstate,
    WithdrawDeath,
)
from governance_contracts.life.insolvency import EndBankruptcy, EnterBankruptcy
from governance_contracts.life.leaving import AnnounceLeaving, StayAfterAll
from governance_contracts.life.moving import Move, months_after
from governance_contracts.mandates.granting import Grant as GiveMandate
from governance_contracts.mandates.mandate import Act, holdings_of
from governance_contracts.mandates.mandates import LASTING, MANDATES, RULES, Ceiling, Kind, given_by
from governance_contracts.payments.payments import plain
from governance_contracts.people.keys import NewKey, prove_possession
from governance_contracts.people.lifecycle import Close as CloseAccount
from governance_contracts.people.lifecycle import FreezeAccount, RenewFreeze, Unfreeze
from governance_contracts.people.minority import AttestMinor, LiftMinority
from governance_contracts.recovery.allowance import LOCKS
from governance_contracts.recovery.guardians import SetGuardians
from governance_contracts.recovery.locking import IssueCard
from governance_contracts.recovery.recovery import Approve, Confirm, Open, Veto
from tests.contracts.bank import DESTINATION, DETAILS
from tests.contracts.machine.base import HOME, PLAYED, SHOPS, Base, amounts, coins, holders, people
from tests.contracts.town import CHAIN, EPOCH, W1, W2, seed


class People(Base):
    @rule(payer=people, payee=holders, coin=coins, amount=amounts, euros=st.booleans())
    def pay_under_a_mandate(
        self, payer: str, payee: str, coin: str, amount: int, euros: bool
    ) -> None:
        """What leaves is never more than the ceiling, however many calls it takes."""
        id, place = self.town.id(payer), 1 if payee in SHOPS else None
        given = given_by(self.town.state, id)
        if not given:
            ceilings = tuple(Ceiling(one, Cents(50), Cents(80)) for one in sorted(PLAYED))
            covers = tuple(sorted(RULES[Kind.REPRESENTATIVE].covers - LASTING))
            until_ms = self.town.time_ms + 30 * DAY_MS
            by = (self.town.id("stranger"),)
            asked = GiveMandate(id, Kind.REPRESENTATIVE, by, (), covers, ceilings, 1, until_ms, ())
            self.attempt(asked, by=payer)
            given = given_by(self.town.state, id)
        if not given:
            return
        pays = plain(id, self.town.id(payee), coin, amount, place=place)
        redeems = Redeem(id, coin, Cents(amount), (), DESTINATION)
        calls = tuple(self.town.call(one) for one in ((pays, redeems) if euros else (pays,)))
        work = work_of(self.town.state, self.town.release, calls)
        before = holdings_of(self.town.state, id).get(coin, 0)
        known = self.town.state.get(MANDATES, given[0])
        assert known is not None, "mandates are kept"
        if known.kind == Kind.REPRESENTATIVE and self.attempt(
            Act(given[0], calls, work), by="stranger"
        ):
            assert before - holdings_of(self.town.state, id).get(coin, 0) <= 50

    @rule(who=people, heir=holders, coin=coins, amount=amounts, euros=st.booleans())
    def an_estate_is_shared(self, who: str, heir: str, coin: str, amount: int, euros: bool) -> None:
        """Somebody is taken for dead: earmarks go back, heirs are paid; then it was a mistake."""
        account, wijk = self.town.id(who), self.home_of(who)
        self.attempt(AttestDeath(account, DETAILS), under=wijk)
        self.attempt(NameHeirs(account, DETAILS), under=wijk)
        share: Record = PayEstate(account, self.town.id(heir), coin, Cents(amount))
        if euros:
            share = RedeemEstate(account, coin, Cents(amount), (), DESTINATION)
        self.attempt(share, under=wijk)
        self.attempt(WithdrawDeath(account), under=wijk)

    @rule(who=people, gone=st.booleans())
    def somebody_dies(self, who: str, gone: bool) -> None:
        """The desk attests it; the estate may be settled later, or it was a mistake."""
        account, wijk = self.town.id(who), self.home_of(who)
        if not self.attempt(AttestDeath(account, DETAILS), under=wijk) and gone:
            self.attempt(SettleEstate(account), under=wijk)
        elif not gone:
            self.at_the_desk(wijk, WithdrawDeath(account))

    def home_of(self, who: str) -> str:
        record = self.town.state.get(ACCOUNTS, self.town.id(who))
        assert record is not None, "they are registered"
        home = in_force(record.home, self.town.height)
        return home if home in HOME.values() else W1

    # Freezes, the lock of a recovery, and what may still be paid.

    @rule(who=holders, move=st.sampled_from(["freeze", "freeze", "renew", "lift"]))
    def freeze(self, who: str, move: str) -> None:
        account, wijk = self.town.id(who), self.home_of(who)
        if move == "freeze":
            self.attempt(FreezeAccount(account, "lost_phone"), under=wijk)
        elif move == "renew":
            self.attempt(RenewFreeze(account), under=wijk)
        else:
            self.attempt(Unfreeze(account), under=wijk)

    @initialize()
    def guardians_are_named(self) -> None:
        named = tuple(sorted(map(self.town.id, ("eef1", "stranger"))))
        assert self.attempt(SetGuardians(self.town.id("dee1"), named, (), 2), by="dee1")

    @rule(move=st.sampled_from(["open", "open", "approve", "confirm", "veto", "card", "pay"]))
    def recover(self, move: str) -> None:
        id = self.town.id("dee1")
        if move == "open":
            new = seed(f"new key {self.town.played}")
            proof = prove_possession(new, CHAIN, EPOCH, id)
            keys = (NewKey(public_key(new), KeyRole.FULL, (), proof),)
            self.attempt(Open(id, (), keys, 1), by="eef1")
        elif move == "approve":
            self.attempt(Approve(id, ()), by="stranger")
        elif move == "confirm":
            self.attempt(Confirm(id, W1), by="bob1")
            self.attempt(Confirm(id, W2), by="bob2")
        elif move == "veto":
            self.attempt(Veto(id), by="dee1")
        elif move == "card":
            card = seed(f"card {self.town.played}")
            proof = prove_possession(card, CHAIN, EPOCH, id)
            self.attempt(IssueCard(id, public_key(card), proof), by="bob1")
        else:
            lock = self.town.state.get(LOCKS, id)
            for number in lock.card if lock else ():
                args = plain(id, self.town.id("shop1"), "J1", 20, place=1)
                self.attempt(args, by="dee1", key=number)

    # Children, moves, ends.

    @rule(band=st.sampled_from([0, 1, 2, 3]))
    def a_child_grows(self, band: int) -> None:
        child, parent = self.town.id("eef1"), (self.town.id("dee1"),)
        if band:
            minor = AttestMinor(child, band, parent)
            self.attempt(minor, by="bob1", also=("dee1",))
        else:
            self.attempt(LiftMinority(child), by="bob1")

    @rule(who=st.sampled_from(["dee1", "dee2", "eef1"]), home=st.sampled_from([W1, W2, "EXT"]))
    def move_home(self, who: str, home: str) -> None:
        from_ms = months_after(self.town.time_ms)[0]
        self.attempt(Move(self.town.id(who), home, from_ms), under=self.home_of(who))

    @rule(who=holders, move=st.sampled_from(["enter", "enter", "redeem", "end"]), amount=amounts)
    def go_bankrupt(self, who: str, move: str, amount: int) -> None:
        id, curator = self.town.id(who), self.town.id("cas3")
        if move == "enter":
            entered = EnterBankruptcy(id, curator, DETAILS, DESTINATION)
            self.at_the_desk(self.home_of(who), entered)
        elif move == "end":
            self.at_the_desk(self.home_of(who), EndBankruptcy(id))
        else:
            redeems = self.town.call(Redeem(id, "J1", Cents(amount), (), DESTINATION))
            for number in given_by(self.town.state, id):
                work = work_of(self.town.state, self.town.release, (redeems,))
                self.attempt(Act(number, (redeems,), work), by="cas3")

    @rule(who=holders, move=st.sampled_from(["leave", "stay", "close"]))
    def take_leave(self, who: str, move: str) -> None:
        id = self.town.id(who)
        if move == "leave":
            self.attempt(AnnounceLeaving(id, ()), by=who)
        elif move == "stay":
            self.attempt(StayAfterAll(id), by=who)
        else:
            self.attempt(CloseAccount(id), under=self.home_of(who))
