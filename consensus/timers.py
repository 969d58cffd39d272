"""How long each stage of a round waits."""

from __future__ import annotations

from chain.codec import U53, Record
from consensus.round import Stage


class Timers(Record, tag=1):
    """Durations in milliseconds: `x_ms + x_step_ms * round`, never above `cap_ms`.

    Linear and capped, so that an outage of a week ends in seconds. `cap_ms` is also what the
    chain assumes of the network: a message takes less than that.
    """

    propose_ms: U53
    propose_step_ms: U53
    vote_ms: U53
    vote_step_ms: U53
    cap_ms: U53

    def duration_ms(self, stage: Stage, round: int) -> int:
        if stage is Stage.PROPOSE:
            return min(self.propose_ms + self.propose_step_ms * round, self.cap_ms)
        return min(self.vote_ms + self.vote_step_ms * round, self.cap_ms)
