"""The one queue in front of the replica's thread: vital messages first, then sync, then the rest.

Timers live here too, on the monotonic clock: an NTP jump neither fires nor starves a round. Each
class of input is bounded per peer, so one flooding peer starves nobody.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from threading import Condition
from typing import Any

from node.effects import Alarm, Input, Timer

PER_PEER_MAX = 2_000
"""Inputs of one peer and class that may wait; more are dropped, and gossip brings them again."""


class Class(IntEnum):
    """Order of service."""

    VITAL = 0
    SYNC = 1
    QUESTION = 2
    TRANSACTIONS = 3


@dataclass(frozen=True, slots=True)
class Told:
    """An input for the replica, with the wall clock when it arrived (ms)."""

    given: Input
    received_ms: int
    source: str = ""
    done: Future[Any] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to be answered in the replica's thread."""

    question: Callable[[], Any]
    answer: Future[Any]


class Closed(Exception):
    """The inbox takes nothing more."""


def now_ms() -> int:
    """The wall clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Inbox:
    """Many threads put, one takes."""

    def __init__(self) -> None:
        self._ready = Condition()
        self._heap: list[tuple[int, int, Told | Asked, Class]] = []
        self._timers: list[tuple[float, int, Timer]] = []
        self._waiting: Counter[tuple[str, Class]] = Counter()
        self._of_class: Counter[Class] = Counter()
        self._sequence = 0
        self._closed = False
        self.dropped = 0

    def put(self, item: Told | Asked, kind: Class) -> bool:
        """False if this source has too much waiting, or the inbox is closed."""
        with self._ready:
            if self._closed:
                return False
            if isinstance(item, Told) and item.source:
                place = (item.source, kind)
                if self._waiting[place] >= PER_PEER_MAX:
                    self.dropped += 1
                    return False
                self._waiting[place] += 1
            self._of_class[kind] += 1
            self._sequence += 1
            heappush(self._heap, (kind, self._sequence, item, kind))
            self._ready.notify()
            return True

    def arm(self, timer: Timer, delay_ms: int) -> None:
        """Called by the taking thread only."""
        with self._ready:
            self._sequence += 1
            heappush(self._timers, (time.monotonic() + delay_ms / 1000, self._sequence, timer))

    def take(self) -> Told | Asked:
        """The next input; waits. A timer that has run out comes first. Raises Closed."""
        with self._ready:
            while True:
                if self._closed:
                    raise Closed
                if self._timers and self._timers[0][0] <= time.monotonic():
                    _, _, timer = heappop(self._timers)
                    return Told(Alarm(timer), now_ms())
                if self._heap:
                    _, _, item, kind = heappop(self._heap)
                    self._of_class[kind] -= 1
                    if isinstance(item, Told) and item.source:
                        place = (item.source, kind)
                        self._waiting[place] -= 1
                        if not self._waiting[place]:
                            del self._waiting[place]
                    return item
                wait = self._timers[0][0] - time.monotonic() if self._timers else None
                self._ready.wait(wait)

    def waiting(self, kind: Class) -> int:
        """How many inputs of a class wait."""
        return self._of_class[kind]

    def close(self) -> None:
        with self._ready:
            self._closed = True
            for _, _, item, _ in self._heap:
                pending = item.answer if isinstance(item, Asked) else item.done
                if pending is not None:
                    pending.cancel()
            self._heap.clear()
            self._ready.notify_all()
