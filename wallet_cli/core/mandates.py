"""Acting under a mandate: ordinary calls put into one call of the mandate contract."""

from __future__ import annotations

from chain.errors import Malformed
from chain.transaction import Call
from governance_contracts.mandate import Act
from governance_contracts.mandates import CALLS_MAX
from wallet_cli.core import builder
from wallet_cli.core.arguments import work_of


def wrap(mandate_number: int, calls: tuple[Call, ...]) -> Call:
    """One call that makes `calls` for the account that gave this mandate.

    Raises Malformed if there are none, or more than an act can carry.
    """
    if not 1 <= len(calls) <= CALLS_MAX:
        raise Malformed(f"a mandate carries 1 to {CALLS_MAX} calls at once, not {len(calls)}")
    return builder.call("mandate", "act", Act(mandate_number, calls, work_of(calls)))
