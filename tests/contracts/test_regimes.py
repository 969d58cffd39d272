"""What each regime forbids, the meter per issuer, and a coin that changes hands.

J1 and J2 are e-money; J3 is of a limited network. `dee3` accepts J3.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.account import AccountKind
from chain.authority import Board, Federation, NotAuthorised
from chain.codec import Record
from chain.errors import Rejected
from chain.events import read_event
from chain.money import CENTS_MAX, Cents
from chain.rules import DAY_MS, PARAMETER_LIST
from governance_contracts.areas.regions import Level, Region, UnknownRegion, found_region
from governance_contracts.bank.redemption import NotRedeemable, Redeem
from governance_contracts.boards.changes import SetParameter
from governance_contracts.coins.coin import (
    COINS,
    Accept,
    Add,
    CoinWindsDown,
    Issuer,
    NotAccepted,
    Phase,
    Regime,
    SetIssuer,
    UnknownCoin,
    UnknownIssuer,
    found_coin,
    regime_of,
    require_coin,
)
from governance_contracts.coins.exchange import Exchange, NoRate
from governance_contracts.coins.meter import (
    METERS,
    WEEK_MS,
    MeterPassed,
    volume_of,
)
from governance_contracts.coins.regimes import BorderlessLot, OutsideNetwork, RegimeForbids
from governance_contracts.coins.switching import (
    SWITCHES,
    BadNetwork,
    CallOffSwitch,
    CoinSwitched,
    NoSwitch,
    SameIssuer,
    SetNetwork,
    Switch,
    SwitchCalledOff,
    SwitchDecided,
    SwitchPending,
)
from governance_contracts.coins.winddown import Announce
from governance_contracts.earmarks.lots import After, BadTerms, Terms, earmark, region_bound
from governance_contracts.payments.outcomes import BadLots, PayoutLineRefused
from governance_contracts.payments.payments import Payout, PayoutLine, plain
from tests.contracts.bank import DESTINATION, DETAILS, MoneyTown
from tests.contracts.town import G1, W1, W2, W3, new_account, refused

ALL = (Federation(),)


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    town.play(Accept(town.id("dee3"), ("J3",)), by="dee3")
    town.play(Accept(town.id("shop3"), ("J3",)), by="shop3")
    for coin, name in (("J1", "dee1"), ("J3", "dee3"), ("J3", "shop3")):
        town.deposit(coin, name, 100_00)
    town.deposit("J1", "treasury1", 50_00)
    town.deposit("J3", "treasury3", 50_00)
    return town


def pay(payer: str, payee: str, coin: str, lots: tuple[int, ...] = ()) -> Callable[..., Record]:
    def call(town: MoneyTown) -> Record:
        return plain(town.id(payer), town.id(payee), coin, 1_00, lots=lots)

    return call


def redeem(holder: str, coin: str) -> Callable[..., Record]:
    def call(town: MoneyTown) -> Record:
        return Redeem(town.id(holder), coin, Cents(1_00), (), DESTINATION)

    return call


def swap(holder: str, give: str, take: str) -> Callable[..., Record]:
    def call(town: MoneyTown) -> Record:
        return Exchange(town.id(holder), give, take, Cents(1_00))

    return call


def grant(payer: str, payee: str, coin: str, terms: Terms) -> Callable[..., Record]:
    def call(town: MoneyTown) -> Record:
        purpose = "EARM" if terms.kind == 2 else "GRANT"
        line = (PayoutLine(town.id(payee), Cents(1_00), purpose, ()),)
        return Payout(town.id(payer), coin, line, (terms,))

    return call


def abroad(town: MoneyTown) -> None:
    """A neighbour over the border, who accepts J3 all the same."""
    found_region(
        town.state, Region("BE-TURNHOUT", "Turnhout", "BE", (), Level.FOREIGN, 10, "2026-01-01", 8)
    )
    town.found(new_account("abroad", AccountKind.PERSON, "HH", "BE-TURNHOUT"), "abroad")
    town.play(Accept(town.id("abroad"), ("J1", "J3")), by="abroad")


EXPIRING = replace(region_bound((W3,)), expires_ms=(2**50,))
FORBIDDEN = {
    "limited: a payee without a signed acceptance": (
        pay("dee3", "eef3", "J3"), "dee3", NotAccepted,
    ),
    "limited: a payee over the border": (pay("dee3", "abroad", "J3"), "dee3", OutsideNetwork),
    "limited: a lot without a border": (
        grant("treasury3", "dee3", "J3", earmark()), W3, BorderlessLot,
    ),
    "limited: a payout to who did not accept": (
        grant("treasury3", "eef3", "J3", region_bound((W3,))), W3, PayoutLineRefused,
    ),
    "limited: exchange, out": (swap("dee3", "J3", "J1"), "dee3", RegimeForbids),
    "limited: exchange, in": (swap("dee1", "J1", "J3"), "dee1", RegimeForbids),
    "limited: people redeem": (redeem("dee3", "J3"), "dee3", NotRedeemable),
    "both: lots of another coin in a payment": (
        pay("dee3", "shop3", "J3", lots=(1,)), "dee3", BadLots,
    ),
    "both: an earmark that becomes coin of another": (
        grant("treasury3", "dee3", "J3", earmark((W3,), after=After.LOT, after_lot=1)),
        W3, BadTerms,
    ),
    "both: a coin of another currency without a rate": (swap("dee1", "J1", "USD1"), "dee1", NoRate),
    "both: coin that is its holder's own does not expire": (
        grant("treasury1", "dee1", "J1", EXPIRING), W1, BadTerms,
    ),
}  # fmt: skip
ALLOWED = {
    "e-money: a payee who never accepted": (pay("dee1", "eef1", "J1"), "dee1"),
    "e-money: a payee over the border": (pay("dee1", "abroad", "J1"), "dee1"),
    "e-money: a lot without a border": (grant("treasury1", "dee1", "J1", earmark()), W1),
    "e-money: people redeem, at any time": (redeem("dee1", "J1"), "dee1"),
    "limited: a payee who accepted": (pay("dee3", "shop3", "J3"), "dee3"),
    "limited: a shop redeems": (redeem("shop3", "J3"), "shop3"),
}


def act(town: MoneyTown, make: Callable[..., Record], who: str) -> None:
    found_coin(town.state, Add("USD1", "Dollar", "USD", W2, ("bank",)))
    abroad(town)
    line = (PayoutLine(town.id("dee1"), Cents(1_00), "GRANT", ()),)
    run = Payout(town.id("treasury1"), "J1", line, (region_bound((W1,)),))
    town.play(run, under=(Board(W1),))
    if who in (W1, W3):
        town.play(make(town), under=(Board(who),))
    else:
        town.play(make(town), by=who)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_forbidden(town: MoneyTown, what: str) -> None:
    make, who, expected = FORBIDDEN[what]
    with pytest.raises(Rejected) as caught:
        act(town, make, who)
    assert type(caught.value) is expected, caught.value.name


@pytest.mark.parametrize("what", ALLOWED)
def test_allowed(town: MoneyTown, what: str) -> None:
    make, who = ALLOWED[what]
    act(town, make, who)


def test_neither_regime_has_a_fee_or_an_interest(town: MoneyTown) -> None:
    """No rule of the chain can be set to take or give a share of anybody's coin: what is redeemed
    is what is paid."""
    for name in PARAMETER_LIST:
        assert not any(word in name for word in ("fee", "interest", "demurrage", "share"))
    town.play(redeem("dee1", "J1")(town), by="dee1")
    assert town.redemption(1).amount == 1_00
    town.wait(3_650 * DAY_MS)
    assert town.free("dee1") == 99_00


def test_the_network_of_an_issuer_is_a_set_of_wijken(town: MoneyTown) -> None:
    with refused(NotAuthorised):
        town.play(SetNetwork("nobody", ("x",)), under=(Board(W3),))
    with refused(UnknownIssuer):
        town.play(SetNetwork("nobody", ("x", "x")), under=ALL)
    with refused(BadNetwork):
        town.play(SetNetwork("club", ("x", "x")), under=ALL)
    with refused(UnknownRegion):
        town.play(SetNetwork("club", ("x",)), under=ALL)
    town.play(Accept(town.id("shop1"), ("J3",)), by="shop1")
    town.pay("dee3", "shop1", 1_00, "J3", place=1)
    town.play(SetNetwork("club", (W2, W3)), under=ALL)
    with refused(OutsideNetwork, town.id("shop1"), "J3"):
        town.pay("dee3", "shop1", 1_00, "J3", place=1)
    town.play(SetNetwork("club", (G1,)), under=ALL)
    town.pay("dee3", "shop1", 1_00, "J3", place=1)


class TestMeter:
    def test_it_counts_payments_of_all_coins_of_an_issuer(self, town: MoneyTown) -> None:
        found_coin(town.state, Add("J4", "Vierde", "EUR", W3, ("club",)))
        before = volume_of(town.state, "club", town.time_ms)
        town.pay("dee3", "shop3", 20_00, "J3", place=1)
        line = (PayoutLine(town.id("dee3"), Cents(5_00), "GRANT", ()),)
        town.play(Payout(town.id("treasury3"), "J3", line, ()), under=(Board(W3),))
        assert volume_of(town.state, "club", town.time_ms) == before + 25_00
        assert volume_of(town.state, "nobody", town.time_ms) == 0

    def test_a_year_later_they_count_no_more(self, town: MoneyTown) -> None:
        town.pay("dee3", "shop3", 20_00, "J3", place=1)
        at_ms = town.time_ms
        assert volume_of(town.state, "club", at_ms + 365 * DAY_MS) == 20_00
        assert volume_of(town.state, "club", at_ms + 55 * WEEK_MS) == 0
        town.wait(30 * DAY_MS)
        town.pay("dee3", "shop3", 3_00, "J3", place=1)
        assert volume_of(town.state, "club", at_ms + 365 * DAY_MS) == 23_00
        town.wait(350 * DAY_MS)
        town.pay("dee3", "shop3", 1_00, "J3", place=1)
        assert volume_of(town.state, "club", town.time_ms) == 4_00
        meter = town.state.get(METERS, "club")
        assert meter is not None and len(meter.past) == 53
        assert meter.total == meter.current + sum(meter.past)

    def test_alarms_at_70_90_and_100_percent_once(self, town: MoneyTown) -> None:
        town.play(SetParameter("notification_limit", 1_000_00), under=ALL)
        heard = []
        town.deposit("J3", "dee3", 2_000_00)
        for _ in range(12):
            town.pay("dee3", "shop3", 100_00, "J3", place=1)
            heard += [(e.percent, e.volume) for e in town.reported(MeterPassed)]
        assert heard == [(70, 700_00), (90, 900_00), (100, 1_000_00)]
        town.wait(380 * DAY_MS)
        town.pay("dee3", "shop3", 1_00, "J3", place=1)
        town.pay("dee3", "shop3", 750_00, "J3", place=1)
        assert [e.percent for e in town.reported(MeterPassed)] == [70], "and again from below"

    def test_e_money_is_counted_without_alarm(self, town: MoneyTown) -> None:
        town.play(SetParameter("notification_limit", 1_000_00), under=ALL)
        town.deposit("J1", "dee1", 3_000_00)
        town.pay("dee1", "eef1", 2_000_00)
        assert not town.reported(MeterPassed)
        assert volume_of(town.state, "bank", town.time_ms) == 2_000_00


class TestSwitch:
    def test_refusals_in_order(self, town: MoneyTown) -> None:
        with refused(NotAuthorised):
            town.play(Switch("J9", "nobody"), under=(Board(W1),))
        with refused(UnknownCoin):
            town.play(Switch("J9", "nobody"), under=ALL)
        coin = require_coin(town.state, "J1")
        town.state.put(COINS, "J1", replace(coin, phase=Phase.ANNOUNCED))
        with refused(CoinWindsDown):
            town.play(Switch("J1", "nobody"), under=ALL)
        town.state.put(COINS, "J1", coin)
        with refused(UnknownIssuer):
            town.play(Switch("J1", "nobody"), under=ALL)
        with refused(SameIssuer):
            town.play(Switch("J1", "bank"), under=ALL)
        town.play(Switch("J1", "club"), under=ALL)
        with refused(SwitchPending):
            town.play(Switch("J1", "club"), under=ALL)

    def test_it_takes_effect_after_the_notice(self, town: MoneyTown) -> None:
        town.play(Switch("J1", "club"), under=ALL)
        (decided,) = town.reported(SwitchDecided)
        assert decided.at_ms == town.time_ms + 60 * DAY_MS
        town.wait(60 * DAY_MS - 1)
        assert regime_of(town.state, require_coin(town.state, "J1")) == Regime.EMT
        town.wait(1)
        assert any(isinstance(read_event(e.data), CoinSwitched) for e in town.events)
        assert regime_of(town.state, require_coin(town.state, "J1")) == Regime.LIMITED_NETWORK
        with refused(NotAccepted):
            town.pay("dee1", "eef1", 1_00)
        with refused(NotRedeemable):
            town.play(redeem("dee1", "J1")(town), by="dee1")

    def test_borderless_lots_stop_and_come_back(self, town: MoneyTown) -> None:
        """What the diff says beforehand: such a lot cannot be spent in the limited regime."""
        town.play(grant("treasury1", "dee1", "J1", earmark())(town), under=(Board(W1),))
        (lot,) = town.lots("dee1")
        town.play(Switch("J1", "club"), under=ALL)
        town.wait(60 * DAY_MS)
        town.play(Accept(town.id("shop1"), ("J1",)), by="shop1")
        sale = plain(town.id("dee1"), town.id("shop1"), "J1", 50, "SALE", place=1, lots=(lot,))
        with refused(BorderlessLot):
            town.play(sale, by="dee1")
        town.pay("dee1", "shop1", 50, "J1", place=1)
        assert town.held("dee1", lot) == 1_00, "free coin was spent instead"
        town.play(Switch("J1", "bank"), under=ALL)
        town.wait(60 * DAY_MS)
        town.play(sale, by="dee1")

    def test_it_can_be_called_off(self, town: MoneyTown) -> None:
        with refused(NotAuthorised):
            town.play(CallOffSwitch("J9"), under=(Board(W1),))
        with refused(UnknownCoin):
            town.play(CallOffSwitch("J9"), under=ALL)
        with refused(NoSwitch):
            town.play(CallOffSwitch("J1"), under=ALL)
        town.play(Switch("J1", "club"), under=ALL)
        town.play(CallOffSwitch("J1"), under=ALL)
        town.wait(100 * DAY_MS)
        assert regime_of(town.state, require_coin(town.state, "J1")) == Regime.EMT

    def test_a_coin_whose_end_is_decided_meanwhile_keeps_its_issuer(self, town: MoneyTown) -> None:
        town.play(Switch("J1", "club"), under=ALL)
        town.play(Announce("J1", town.id("fund1")), under=ALL)
        town.wait(60 * DAY_MS)
        assert town.reported(SwitchCalledOff)
        assert require_coin(town.state, "J1").issuer == ("bank",)
        assert town.state.get(SWITCHES, "J1") is None, "nothing is pending for ever"

    def test_the_regime_of_an_issuer_itself_is_fixed(self, town: MoneyTown) -> None:
        from governance_contracts.coins.coin import BadIssuer

        club = Issuer("Stichting bank", "R-1", Regime.LIMITED_NETWORK, (DETAILS,), (DETAILS,))
        with refused(BadIssuer, "fixed"):
            town.play(SetIssuer("bank", club), under=ALL)


def test_amounts_are_counted_up_to_the_end(town: MoneyTown) -> None:
    """The meter stays at the largest amount there is; it never stops a payment."""
    meter = town.state.get(METERS, "club")
    assert meter is None or meter.total < CENTS_MAX
    town.pay("dee3", "shop3", 1_00, "J3", place=1)
    known = town.state.get(METERS, "club")
    assert known is not None
    town.state.put(METERS, "club", replace(known, total=Cents(CENTS_MAX)))
    town.pay("dee3", "shop3", 1_00, "J3", place=1)
    after = town.state.get(METERS, "club")
    assert after is not None and after.total == CENTS_MAX
