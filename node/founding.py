"""The founding document as a running node holds it: its head, its hash, and where the rest lies.

A document may list a hundred thousand accounts. A node needs them once, to found its store, so a
start reads the whole only if it must: `data/founded` remembers which file gave which chain id.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from chain.errors import Malformed
from genesis.document import FILE_BYTES_MAX, Genesis, chain_id, parse
from node.disk import replace_file


class Head(msgspec.Struct, frozen=True):
    """The first fields of a document; what follows is passed over."""

    name: str
    prefix: str


_HEAD = msgspec.json.Decoder(Head)


class Founding:
    """`chain`, `name` and `prefix`; `document` and `whole` read the file again."""

    def __init__(self, path: Path, memory: Path) -> None:
        """`memory`: the file that remembers. Raises OSError, Malformed."""
        self._path = path
        data = self.document()
        digest = sha256(data).hexdigest()
        known = memory.read_text().split() if memory.exists() else []
        if len(known) == 2 and known[0] == digest and len(known[1]) == 64:
            self.chain = bytes.fromhex(known[1])
        else:
            self.chain = chain_id(parse(data))
            remember(memory, data, self.chain)
        try:
            head = _HEAD.decode(data)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Malformed(str(error)) from None
        self.name = head.name
        self.prefix = head.prefix

    def document(self) -> bytes:
        """The file as it is. Raises OSError, Malformed if it is too long."""
        if self._path.stat().st_size > FILE_BYTES_MAX:
            raise Malformed(f"a founding document has at most {FILE_BYTES_MAX} bytes")
        return self._path.read_bytes()

    def whole(self) -> Genesis:
        """Raises OSError, Malformed."""
        return parse(self.document())


def remember(memory: Path, document: bytes, chain: bytes) -> None:
    """Note the chain id of a document that was read in whole."""
    if memory.parent.exists():
        replace_file(memory, f"{sha256(document).hexdigest()} {chain.hex()}\n".encode(), 0o644)
