"""Signatures under the founding document: the boards agree on the chain that begins with it.

They are kept beside the document, in FILE.signatures.json, because the chain id hashes the
document and a signature covers the chain id. A member of a board signs with a key of the account
that the document itself lists. A board has agreed when as many members have signed as it takes to
decide. Signed bytes: kind GENESIS, the chain id, epoch 0, and the account as canonical MessagePack.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain import crypto
from chain.codec import U16, encode
from chain.kinds import Kind
from genesis.document import (
    FOUNDING_EPOCH,
    Commitment,
    Genesis,
    Id,
    Part,
    Sig,
    chain_id,
    dump,
    parse_part,
)

SUFFIX = ".signatures.json"


class FoundingSignature(Part):
    """`key`: the number of the key in the account's list."""

    account: Id
    key: U16
    signature: Sig


class Signatures(Part):
    """Sorted by account and key, each once."""

    chain_id: Commitment
    signatures: tuple[FoundingSignature, ...]


@dataclass(frozen=True, slots=True)
class BoardSigned:
    """How far a board is: members who signed, and how many it takes."""

    wijk: str
    signed: tuple[bytes, ...]
    members: int
    needed: int

    @property
    def agreed(self) -> bool:
        return len(self.signed) >= self.needed


def founding_bytes(chain: bytes, account: bytes) -> bytes:
    """What a member of a board signs."""
    return crypto.sign_bytes(Kind.GENESIS, chain, FOUNDING_EPOCH, encode(bytes(account)))


def no_signatures(genesis: Genesis) -> Signatures:
    return Signatures(chain_id=Commitment(chain_id(genesis)), signatures=())


def read_signatures(data: bytes) -> Signatures:
    """Raises Malformed."""
    signatures = parse_part(Signatures, data)
    assert isinstance(signatures, Signatures)
    return signatures


def write_signatures(signatures: Signatures) -> bytes:
    return dump(signatures)


def places_of_key(genesis: Genesis, key: bytes) -> list[tuple[bytes, int]]:
    """The board members' accounts, and key numbers, under which this public key may sign."""
    members = {member for wijk in genesis.wijken for member in wijk.board.members}
    return [
        (bytes(account.id), number)
        for account in genesis.accounts
        if account.id in members
        for number, entry in enumerate(account.keys)
        if entry.key == key and entry.role == "full"
    ]


def with_signature(
    signatures: Signatures, account: bytes, key: int, signature: bytes
) -> Signatures:
    """With one more signature, in its place; an earlier one by the same key is replaced."""
    others = [s for s in signatures.signatures if (s.account, s.key) != (account, key)]
    new = FoundingSignature(account=Id(account), key=key, signature=Sig(signature))
    ordered = tuple(sorted((*others, new), key=lambda s: (s.account, s.key)))
    return Signatures(chain_id=signatures.chain_id, signatures=ordered)


def bad_signatures(genesis: Genesis, signatures: Signatures) -> list[FoundingSignature]:
    """Those that do not hold: of another document, by a stranger, or not by that key."""
    chain = chain_id(genesis)
    keys = {bytes(account.id): account.keys for account in genesis.accounts}
    members = {member for wijk in genesis.wijken for member in wijk.board.members}
    return [
        s
        for s in signatures.signatures
        if signatures.chain_id != chain
        or s.account not in members
        or s.key >= len(keys.get(s.account, ()))
        or not crypto.verify(
            bytes(keys[s.account][s.key].key), founding_bytes(chain, s.account), bytes(s.signature)
        )
    ]


def boards_signed(genesis: Genesis, signatures: Signatures) -> list[BoardSigned]:
    """For each wijk, who signed. A member with a threshold needs so many keys' signatures."""
    bad = bad_signatures(genesis, signatures)
    good = [s for s in signatures.signatures if s not in bad]
    thresholds = {bytes(account.id): account.threshold for account in genesis.accounts}
    result = []
    for wijk in genesis.wijken:
        board = wijk.board
        signed = tuple(
            bytes(member)
            for member in board.members
            if sum(s.account == member for s in good) >= thresholds.get(member, 1)
        )
        needed = -(-board.numerator * len(board.members) // board.denominator)
        result.append(BoardSigned(wijk.code, signed, len(board.members), needed))
    return result
