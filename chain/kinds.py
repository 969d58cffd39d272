"""The table of kinds and tags: which number separates one use of a hash or signature from another.

`docs/protocol.md` prints this table. A number, once used, keeps its meaning for ever.
"""

from __future__ import annotations

from enum import IntEnum

PREAMBLE = b"socialcoin/1\x00"
"""Every signature covers PREAMBLE, kind byte, chain (32 bytes), epoch (4, big endian), body."""


class Kind(IntEnum):
    """What a signature says; the byte behind the preamble."""

    TRANSACTION = 1
    PREVOTE = 2
    PRECOMMIT = 3
    BLOCK_PROPOSAL = 4
    POSSESSION = 5  # proof that the signer holds a key being registered
    SESSION = 6  # a request for an API token
    REQUEST = 7  # a payment request, signed by the payee
    GENESIS = 8  # a board signs the founding document
    GUARD = 9  # a record of the signer
    CHECKPOINT = 10
    HELLO = 11  # a validator names its peer connection
    OFFLINE_PAYMENT = 12  # a device pays out of an allowance, without a network
    OFFICE_CERTIFICATE = 13  # an office certifies what it erased and what it must keep
    CLAIM = 14  # the key of a letter's code names who claims


class Tag(IntEnum):
    """What a hash is of; the first byte that is hashed."""

    GENESIS = 1
    ACCOUNT_ID = 2
    TRANSACTION_ID = 3
    WIRE = 4
    HEADER = 5
    TREE_PATH = 6
    TREE_LEAF = 7
    TREE_NODE = 8
    RECORD_VALUE = 9
    RECORD_SALT = 10
    LIST_LEAF = 11
    LIST_NODE = 12
    LIST_ROOT = 13
    SEATS = 14
    CERTIFICATE = 15
    EVIDENCE = 16
    HISTORY_LEAF = 17
    HISTORY_NODE = 18
    RECEIPT_LEAF = 19
    ONE_TIME_KEY = 20
    STATEMENT = 21
    COMMITMENT = 22
    REQUEST = 23
    CHECKSUM = 24
    CLAIM_CODE = 25  # the private seed that a letter's code makes
    LIABILITY_LEAF = 26
    LIABILITY_NODE = 27
    ALIAS = 28
