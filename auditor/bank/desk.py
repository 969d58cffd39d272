"""Where euros are to go, on its way from a holder's wallet to the reserve's desk.

The wallet seals account number, salt and name to the desk's key, which stands on the chain
(libsodium sealed box). A node passes the box on and can open none. Who collects boxes signs for it
with the same key.

    box      sealed box of the JSON {"redemption", "iban", "salt", "name"}
    ask      SESSION, chain, epoch, the list ["desk", coin, node key, expiry, numbers asked about]
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from chain import crypto
from chain.codec import encode
from chain.kinds import Kind, Tag

BOX_BYTES_MAX = 1024
NAME_MAX = 70
ASK_MAX = 2_000
ASK_MS_MAX = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one redemption is to be paid. `name`: of the bank account's holder; may be empty."""

    redemption: int
    iban: str
    salt: bytes
    name: str = ""

    @property
    def commitment(self) -> bytes:
        """What stands on the chain for it."""
        return crypto.tagged(Tag.COMMITMENT, self.salt, self.iban.encode())


class BadBox(ValueError):
    """Not a box for this key, or not a destination in it."""


def seal_destination(desk_key: bytes, destination: Destination) -> bytes:
    """A box for the desk with this public key. Raises ValueError for a key that is none."""
    if not crypto.is_public_key(desk_key):
        raise ValueError("not a public key")
    content = {
        "redemption": destination.redemption,
        "iban": destination.iban,
        "salt": destination.salt.hex(),
        "name": destination.name[:NAME_MAX],
    }
    public = PublicKey(bindings.crypto_sign_ed25519_pk_to_curve25519(desk_key))
    return bytes(SealedBox(public).encrypt(json.dumps(content).encode()))


def open_destination(desk_seed: bytes, box: bytes) -> Destination:
    """Raises BadBox."""
    _public, secret = bindings.crypto_sign_seed_keypair(desk_seed)
    private = PrivateKey(bindings.crypto_sign_ed25519_sk_to_curve25519(secret))
    try:
        content = json.loads(SealedBox(private).decrypt(box))
        found = Destination(
            content["redemption"], content["iban"], bytes.fromhex(content["salt"]), content["name"]
        )
    except (CryptoError, ValueError, KeyError, TypeError, RecursionError):
        raise BadBox("it cannot be opened with this desk's key") from None
    if not (
        isinstance(found.redemption, int)
        and isinstance(found.iban, str)
        and isinstance(found.name, str)
        and len(found.salt) == 16
    ):
        raise BadBox("there is no destination in it")
    return found


def ask_bytes(
    chain: bytes, epoch: int, coin: str, node_key: bytes, expires_ms: int, numbers: list[int]
) -> bytes:
    """What the desk signs to collect its boxes."""
    body = encode(("desk", coin, node_key, expires_ms, tuple(numbers)))
    return crypto.sign_bytes(Kind.SESSION, chain, epoch, body)
