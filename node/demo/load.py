"""Payments all the time, for the part of the demo in which a validator dies."""

from __future__ import annotations

import threading
import time

from genesis.city import Person
from genesis.console import UserError
from governance_contracts.payments.payments import plain
from node.ask import ask
from node.demo.hand import Hands, call

PAYMENTS = 900
BATCH = 15
PAUSE_S = 0.1


class Load(threading.Thread):
    """People pay each other a cent, one after the other, through these nodes in turn."""

    def __init__(self, hands: Hands, people: list[Person], coin: str, urls: list[str]) -> None:
        super().__init__(daemon=True)
        self.urls = urls
        self.sent: list[str] = []
        """Ids of what a node took."""
        self.failed = ""
        self._signed = []
        for number in range(PAYMENTS):
            payer, payee = people[number % len(people)], people[(number + 1) % len(people)]
            args = plain(payer.account, payee.account, coin, 1)
            self._signed.append(hands.sign(payer, call("pay", "pay", args)))

    def run(self) -> None:
        for number, start in enumerate(range(0, PAYMENTS, BATCH)):
            batch = self._signed[start : start + BATCH]
            body = {"transactions": [wire.hex() for wire, _name in batch]}
            try:
                answer = ask(self.urls[number % len(self.urls)], "/v1/transactions", body)
            except UserError as error:
                self.failed = error.message
                return
            for (_wire, name), result in zip(batch, answer["results"], strict=True):
                if result["status"] == "pending":
                    self.sent.append(name.hex())
            time.sleep(PAUSE_S)

    def wait_for(self, count: int) -> None:
        """Until so many were taken, or no more come."""
        while len(self.sent) < count and self.is_alive():
            time.sleep(0.02)

    def not_final(self) -> int:
        """How many payments are not final in the end."""
        url = self.urls[0]
        statuses = [ask(url, f"/v1/transactions/{n}?wait_ms=20000")["status"] for n in self.sent]
        return PAYMENTS - sum(1 for status in statuses if status == "committed")
