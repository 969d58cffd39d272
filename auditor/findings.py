"""What an audit found wrong: where, which check, what was expected and what was there.

`check` is a stable name:

    genesis      the founding document breaks a rule of genesis/rules.py
    file         the export is cut off or damaged
    block        a block or certificate that cannot be read, or a body that is not its header's
    link         a block that does not follow the one before it
    certificate  too few boards signed, or not with their keys, or for another block
    execution    re-execution gives another result than the header states
    replay       a transaction's number was used before by the same key
    balance      an account holds something else than its receipts add up to
    supply       a coin's totals are not what was made and unmade
    mint         coin without a bank line of its own, or against a line that does not fit
    redemption   coin burned or returned without the bank line or the request that it needs
    exchange     a treasury and who exchanged with it, or two treasuries, differ
    statement    a bank statement that too few attested, or that does not add up
    authority    an act without the decision, or the signature, that it needs
    receipt      an event that these books cannot read
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

FINDINGS_MAX = 1_000
"""More than this many are counted, not kept: one broken rule may touch every block."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`message`, `expected` and `found` are for people; `height` 0 is the genesis."""

    height: int
    check: str
    message: str
    expected: str = ""
    found: str = ""

    def as_json(self) -> dict[str, int | str]:
        return asdict(self)


Report = Callable[[Finding], None]
"""Where checks report to."""


class Findings:
    """All findings in the order in which they were made, each once."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.left_out = 0
        self._known: set[Finding] = set()

    def report(self, finding: Finding) -> None:
        if finding in self._known:
            return
        if len(self.kept) == FINDINGS_MAX:
            self.left_out += 1
            return
        self._known.add(finding)
        self.kept.append(finding)
