"""Acting for somebody else, checked a second time: by whom, which calls, how much left.

The books know every mandate from the receipt that gave it. An act needs a mandate that stands, a
signature of whoever holds it, and calls that it names. What left the granter is measured here
over the whole transaction, in the books' own balances; when the act is all that a transaction
does, that can never be more than the ceiling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor.authority import Decisions, Note, Ran
from auditor.balances import Balances
from auditor.wire import Fields
from genesis.texts import _

OFFICE = 8
DAY_MS = 86_400_000


@dataclass(slots=True)
class Standing:
    """A mandate in force. `ceilings`: once and in a period, by coin; none: no limit."""

    kind: int
    granter: bytes
    signers: tuple[bytes, ...]
    methods: tuple[str, ...]
    ceilings: dict[str, tuple[int, int]]
    period_ms: int
    until_ms: int
    period: int = -1
    used: Counter[str] = field(default_factory=Counter)


class Mandates:
    def __init__(self, balances: Balances, decisions: Decisions, note: Note) -> None:
        self.balances = balances
        self.decisions = decisions
        self.note = note
        self.standing: dict[int, Standing] = {}
        self._measured: tuple[int, Standing, dict[str, int], int] | None = None

    # Events.

    def granted(self, event: Fields, party: bytes) -> None:
        _n, number, kind, granter, holder, key, methods, ceilings, days, until_ms = event
        self.standing.setdefault(
            number,
            Standing(
                kind,
                granter,
                (*holder, *key),
                tuple(methods),
                {coin: (once, in_period) for _tag, coin, once, in_period in ceilings},
                days * DAY_MS,
                until_ms,
            ),
        )

    def over(self, event: Fields, party: bytes) -> None:
        self.standing.pop(event[1], None)

    # Acts.

    def begin(
        self, calls: Sequence[Ran], signers: Sequence[bytes], time_ms: int
    ) -> tuple[bytes, ...]:
        """The accounts whose money these calls may move under mandates, each act checked."""
        self._measured = None
        acts = [call for call in calls if call.name == "mandate.act"]
        granters: list[bytes] = []
        for act in acts:
            number, inner = act.args[1], act.args[2]
            mandate = self.standing.get(number)
            if mandate is None or time_ms >= mandate.until_ms:
                message = _("Somebody acted under a mandate that does not stand.")
                self.note("authority", message, "", str(number))
                continue
            if not self._signed(mandate, signers):
                message = _("Somebody acted under a mandate without its holder's signature.")
                self.note("authority", message, str(number), "")
            for _tag, contract, _version, method, _args in inner:
                if f"{contract}.{method}" not in mandate.methods:
                    message = _("A mandate was used for a call that it does not cover.")
                    self.note("authority", message, str(number), f"{contract}.{method}")
            granters.append(mandate.granter)
            if len(calls) == 1 + len(inner):
                self._measured = (number, mandate, self._holdings(mandate.granter), time_ms)
        return tuple(granters)

    def _signed(self, mandate: Standing, signers: Sequence[bytes]) -> bool:
        if mandate.kind != OFFICE:
            return any(one in signers for one in mandate.signers)
        boards = self.decisions.boards
        return any(
            sum(
                one in board.members or (wijk, one) in self.decisions.registrars
                for one in dict.fromkeys(signers)
            )
            >= 2
            for wijk, board in boards.items()
        )

    def end(self) -> None:
        """After a transaction's events: did more leave than the mandate allows?"""
        measured, self._measured = self._measured, None
        if measured is None:
            return
        number, mandate, before, time_ms = measured
        if not mandate.ceilings:
            return
        period = time_ms // mandate.period_ms
        if period != mandate.period:
            mandate.period, mandate.used = period, Counter()
        after = self._holdings(mandate.granter)
        for coin, amount in before.items():
            left = amount - after.get(coin, 0)
            if left <= 0:
                continue
            mandate.used[coin] += left
            once, in_period = mandate.ceilings.get(coin, (0, 0))
            if left > once or mandate.used[coin] > in_period:
                message = _("More left an account than mandate {number} allows.")
                found = str(left if left > once else mandate.used[coin])
                expected = str(once if left > once else in_period)
                self.note("authority", message.format(number=number), expected, found)

    def _holdings(self, account: bytes) -> dict[str, int]:
        held: dict[str, int] = {}
        for (coin, _lot), amount in self.balances.held.get(account, {}).items():
            held[coin] = held.get(coin, 0) + amount
        return held
