"""The load generator: signs beforehand, submits in batches to all nodes in turn, bounded in flight.

It shares the machine with the validators; its processor time is theirs too.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import aiohttp

from bench.basket import basket
from genesis.city import City, Person
from governance_contracts.payments.payments import plain
from node.demo.hand import Hands, call
from node.memory import settle

BATCH = 500
IN_FLIGHT_MAX = 4_000
WORKERS = 8
"""Batches being submitted at any time, spread over the nodes."""
DRAIN_S = 15.0
SAMPLE_EVERY = 4
"""Batches of which one transaction's time to finality is measured."""


@dataclass(slots=True)
class Result:
    transactions: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def tx_per_second(self) -> float:
        return self.transactions / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def sign_payments(
    city: City, hands: Hands, payers: list[Person], coin: str, count: int
) -> list[tuple[str, str]]:
    """Pre-signed payments of one cent between random residents: wire bytes and id, as hex."""
    random = Random(1)
    people = city.of("resident")
    signed = []
    for number in range(count):
        payer = payers[number % len(payers)]
        payee = random.choice(people)
        while payee is payer:
            payee = random.choice(people)
        args = plain(payer.account, payee.account, coin, 1)
        signed.append(hands.sign(payer, call("pay", "pay", args)))
    return [(wire.hex(), name.hex()) for wire, name in signed]


def sign_baskets(
    hands: Hands, payers: list[Person], shops: list[Person], coin: str, count: int
) -> list[tuple[str, str]]:
    """Pre-signed baskets (basket.py) at random shops: wire bytes and id, as hex."""
    random = Random(1)
    signed = []
    for number in range(count):
        payer = payers[number % len(payers)]
        args = basket(payer.account, random.choice(shops).account, coin, random)
        signed.append(hands.sign(payer, call("pay", "pay", args)))
    return [(wire.hex(), name.hex()) for wire, name in signed]


async def drained(waiting: Callable[[], int]) -> None:
    """Until nothing of this load is left, so that the next does not begin with it."""
    end = time.perf_counter() + DRAIN_S
    while waiting() > 0 and time.perf_counter() < end:
        await asyncio.sleep(0.05)


async def run_load(urls: list[str], signed: list[tuple[str, str]], seconds: float) -> Result:
    """Submit for a while; the count is of what became final in that time, on the first node."""
    settle()
    result = Result()
    committed = 0
    submitted = 0
    room = asyncio.Event()
    room.set()
    end = time.perf_counter() + seconds
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        started = asyncio.Event()

        async def count() -> None:
            nonlocal committed
            async with session.get(urls[0] + "/v1/events") as stream:
                started.set()
                async for line in stream.content:
                    if line.startswith(b"data:"):
                        committed += json.loads(line[5:])["transactions"]
                        if submitted - committed < IN_FLIGHT_MAX:
                            room.set()

        async def sample(url: str, name: str, began: float) -> None:
            async with session.get(f"{url}/v1/transactions/{name}?wait_ms=30000") as answer:
                status = (await answer.json())["status"]
                if status == "committed":
                    result.latencies_ms.append((time.perf_counter() - began) * 1000)
                result.refused += status == "refused"

        samples: list[asyncio.Task[None]] = []
        batches = enumerate(range(0, len(signed), BATCH))

        async def submit(url: str) -> None:
            nonlocal submitted
            while time.perf_counter() < end:
                if submitted - committed >= IN_FLIGHT_MAX:
                    room.clear()
                    await room.wait()
                    continue
                number, start = next(batches, (0, -1))
                if start < 0:
                    return
                batch = signed[start : start + BATCH]
                submitted += len(batch)
                sent = time.perf_counter()
                body = json.dumps({"transactions": [wire for wire, _ in batch]})
                headers = {"Content-Type": "application/json"}
                target = url + "/v1/transactions"
                async with session.post(target, data=body, headers=headers) as answer:
                    outcomes = (await answer.json())["results"]
                result.refused += sum(o["status"] != "pending" for o in outcomes)
                if number % SAMPLE_EVERY == 0:
                    samples.append(asyncio.create_task(sample(url, batch[-1][1], sent)))

        counter = asyncio.create_task(count())
        await started.wait()
        began = time.perf_counter()
        workers = [submit(url) for url in urls for _ in range(WORKERS // len(urls))]
        timer = asyncio.create_task(asyncio.sleep(seconds))
        work = asyncio.gather(*workers)
        await timer
        result.transactions = committed
        result.seconds = time.perf_counter() - began
        room.set()
        await work
        await asyncio.gather(*samples)
        await drained(lambda: submitted - committed - result.refused)
        counter.cancel()
    return result
