"""A small town plays with its money: after every move the books balance, to the cent and the lot.

Each rule is one move that may or may not be allowed. A refused move leaves no trace. The supply
record, the accounts added up, the bank's lines and what the receipts say must all agree; and after
every move the auditor's books, fed with the receipts alone, must stand where the state stands.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize

from chain.rules import DAY_MS
from governance_contracts.coins.winddown import Announce
from governance_contracts.coins.windingdown import NOTICE_DAYS
from tests.contracts.machine.bank import Bank
from tests.contracts.machine.base import ALL
from tests.contracts.machine.between import Between
from tests.contracts.machine.books import Books
from tests.contracts.machine.buying import Buying
from tests.contracts.machine.funds import Funds
from tests.contracts.machine.letters import Letters
from tests.contracts.machine.offline import Offline
from tests.contracts.machine.people import People


class Townspeople(Funds, Buying, Letters, Offline, Bank, Between, People, Books):
    pass


class AtTheEnd(Townspeople):
    """The same people, with a coin that is being redeemed for the last time, and a guarantee that
    paid for somebody."""

    @initialize()
    def euros_arrive(self) -> None:
        super().euros_arrive()
        self.a_guarantee_paid()
        assert self.attempt(Announce("J2", self.town.id("fund1")), under=ALL)
        self.pass_time(NOTICE_DAYS.default * DAY_MS)


TestTownspeople = Townspeople.TestCase
TestAtTheEnd = AtTheEnd.TestCase
TestAtTheEnd.settings = TestTownspeople.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
