"""The yardstick: raw libsodium verifications per second, with two threads, on this machine."""

from __future__ import annotations

import time
from threading import Thread

from nacl import bindings

from chain import crypto

THREADS = 2
MESSAGE_BYTES = 350


def verify_per_second(seconds: float) -> float:
    """Each thread verifies the same good signature of a message of a payment's size."""
    seed = bytes(range(32))
    message = bytes(MESSAGE_BYTES)
    signed = crypto.sign(seed, message) + message
    key = crypto.public_key(seed)
    counts = [0] * THREADS
    end = time.perf_counter() + seconds

    def work(place: int) -> None:
        verify, done = bindings.crypto_sign_open, 0
        while time.perf_counter() < end:
            for _ in range(50):
                verify(signed, key)
            done += 50
        counts[place] = done

    began = time.perf_counter()
    threads = [Thread(target=work, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)
