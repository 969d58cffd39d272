"""Whose turn it is: stateless round-robin over the seats.

Two nodes that agree on height, round and the number of seats agree on the proposer; there is no
priority to carry along, to sign or to diverge on.
"""

from __future__ import annotations


def proposer(n_seats: int, height: int, round: int) -> int:
    """The seat (0 .. n_seats - 1) that proposes in this round of this height."""
    return (height + round) % n_seats
