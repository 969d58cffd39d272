"""Figures for Prometheus, under names that stay.

    socialcoin_consensus_height               the last committed block
    socialcoin_consensus_round                the round of the open height
    socialcoin_consensus_validators           seats that decide the open height
    socialcoin_consensus_syncing              1 while catching up
    socialcoin_consensus_diverged             1 if this node computes another state
    socialcoin_consensus_peers                connections to other nodes
    socialcoin_consensus_seats_connected      seats reachable, over others too
    socialcoin_mempool_transactions           waiting for a block
    socialcoin_block_transactions             transactions per block (histogram)
    socialcoin_block_interval_seconds         between the times of two blocks (histogram)
    socialcoin_commit_seconds                 to write a block, told by the node (histogram)
    socialcoin_transactions_total             committed, by outcome: ok or refused
    socialcoin_submissions_total              handed in here: pooled, not_accepted or malformed
    socialcoin_http_requests_total            by route, method and status
    socialcoin_http_request_seconds           by route (histogram)
    socialcoin_http_foreign_reads_total       attempts to read another's account
    socialcoin_http_streams                   open event streams
    socialcoin_http_sessions                  tokens that are held
    socialcoin_index_height                   how far the index of histories is

A label never names an account: routes stand as patterns.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from node.replica import ReplicaStatus
from node.seam import News

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
INTERVALS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)


class Metrics:
    """One registry per node, so that several nodes can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"socialcoin_{name}", text, registry=self.registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"socialcoin_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(
                f"socialcoin_{name}", text, labels, registry=self.registry, buckets=buckets
            )

        self.height = gauge("consensus_height", "The last committed block")
        self.round = gauge("consensus_round", "The round of the open height")
        self.validators = gauge("consensus_validators", "Seats that decide the open height")
        self.syncing = gauge("consensus_syncing", "1 while catching up")
        self.diverged = gauge("consensus_diverged", "1 if this node computes another state")
        self.peers = gauge("consensus_peers", "Connections to other nodes")
        self.seats = gauge("consensus_seats_connected", "Seats reachable, over others too")
        self.mempool = gauge("mempool_transactions", "Transactions that wait for a block")
        self.block_transactions = histogram("block_transactions", "Per block", COUNTS)
        self.block_interval = histogram(
            "block_interval_seconds", "Between the times of two blocks", INTERVALS
        )
        self.commit_seconds = histogram("commit_seconds", "To write a block", SECONDS)
        self.transactions = counter("transactions", "Committed transactions", "outcome")
        self.submissions = counter("submissions", "Transactions handed in here", "outcome")
        self.requests = counter("http_requests", "HTTP requests", "route", "method", "status")
        self.request_seconds = histogram("http_request_seconds", "HTTP requests", SECONDS, "route")
        self.foreign_reads = counter("http_foreign_reads", "Attempts to read another's account")
        self.streams = gauge("http_streams", "Open event streams")
        self.sessions = gauge("http_sessions", "Tokens that are held")
        self.index_height = gauge("index_height", "How far the index of histories is")
        self._ok = self.transactions.labels("ok")
        self._refused = self.transactions.labels("refused")
        self._time_ms = 0

    def committed(self, news: News) -> None:
        """A height was committed."""
        self.height.set(news.height)
        self.block_transactions.observe(news.transactions)
        if self._time_ms:
            self.block_interval.observe((news.time_ms - self._time_ms) / 1000)
        self._time_ms = news.time_ms
        first = len(news.receipts) - news.transactions
        refused = sum(1 for receipt in news.receipts[first:] if receipt.refusal)
        self._refused.inc(refused)
        self._ok.inc(news.transactions - refused)

    def observe_commit(self, seconds: float) -> None:
        """What it took to write a decided block to the store; the node's driver says so."""
        self.commit_seconds.observe(seconds)

    def exposition(self, status: ReplicaStatus) -> bytes:
        """All figures as text, those of the replica as they are now."""
        self.height.set(status.height)
        self.round.set(status.round)
        self.validators.set(status.validators)
        self.syncing.set(status.syncing)
        self.diverged.set(status.diverged)
        self.peers.set(status.peers)
        self.seats.set(len(status.seats_connected))
        self.mempool.set(status.mempool)
        return generate_latest(self.registry)
