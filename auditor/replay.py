"""Replay: a whole chain executed again from its founding document, believing nothing.

For each height: does the block follow the one before (hash links), did enough boards sign it
(certificate, in full, under the seats that the state of the height before names), and does
execution give the very header, roots of state and receipts included? Beside it the books are
added up again from the receipts (`books.py`), by lines that share nothing with the contracts.

Everything that is wrong is reported. Execution ends at the first block that does not hold, since
nothing behind it has a state to stand on; links and certificates are checked to the end.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from auditor.ahead import Ahead, Coming, Parse
from auditor.books import Books
from auditor.figures import Figures, Result
from auditor.findings import Finding, Findings
from auditor.memory import found
from auditor.verify import Verifiers
from chain.admission import Signatures
from chain.block import Block, Header, check_body, header_hash
from chain.certificate import Certificate, Seats, check_certificate, seats_hash
from chain.contract import Release, ReleaseTooOld
from chain.crypto import tagged, verify
from chain.errors import Inadmissible, InvalidBlock, Malformed
from chain.execution import apply_block, protocol_number
from chain.export import Reader, read_export
from chain.kinds import Tag
from chain.rules import PROTOCOL, seat_sets, version_of
from genesis.document import Genesis, parse
from genesis.rules import validate
from genesis.texts import _
from governance_contracts.versions import RELEASE

Progress = Callable[[int, int], None]
"""Called after each height with the height and the transactions so far."""


def replay(
    reader: Reader,
    jobs: int = 1,
    progress: Progress = lambda height, transactions: None,
    release: Release = RELEASE,
    *,
    check_genesis: bool = True,
    expected_chain: bytes | None = None,
) -> Result:
    """Audit an export. `jobs`: processes at work, this one included.

    `expected_chain`: the id of the chain that it should be. `seconds` in the result are those
    of the blocks; founding the state and checking the genesis come before.

    Raises NotAnExport or DamagedExport if there is not even a genesis, Malformed if that is not a
    document, ValueError if it cannot found a chain, ReleaseTooOld at a height whose rules this
    release does not carry. All else is a finding.
    """
    return replay_books(
        reader, jobs, progress, release, check_genesis=check_genesis, expected_chain=expected_chain
    )[0]


def replay_books(
    reader: Reader,
    jobs: int = 1,
    progress: Progress = lambda height, transactions: None,
    release: Release = RELEASE,
    *,
    check_genesis: bool = True,
    expected_chain: bytes | None = None,
) -> tuple[Result, Books]:
    """As `replay`, with the books that were counted beside it."""
    document, blocks = read_export(reader)
    genesis = parse(document)
    with Verifiers(jobs - 1) if jobs > 1 else nullcontext() as verifiers, _less_collecting():
        audit = Replay(genesis, release)
        if check_genesis:
            for finding in validate(genesis):
                audit.note("genesis", str(finding), height=0)
        chain = audit.ledger.tip.chain
        if expected_chain not in (None, chain):
            assert expected_chain is not None, "checked in the line above"
            message = _("This is another chain than the one that you named.")
            audit.note("genesis", message, expected_chain.hex(), chain.hex(), height=0)
        gc.freeze()  # the founded state stays; nobody need look through it again
        audit.started = time.monotonic()
        ahead = Ahead(blocks, audit.ledger, audit.protocol, audit.signatures, verifiers)
        for coming in ahead:
            audit.take(coming)
            ahead.signing = ahead.signing and not audit.stopped
            progress(audit.position, audit.figures.transactions)
        if ahead.cut_off is not None:
            audit.note("file", str(ahead.cut_off), height=ahead.cut_off.height)
        return audit.finish(), audit.books


@contextmanager
def _less_collecting() -> Iterator[None]:
    """A replay makes many small objects and hardly a cycle: look for those less often."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


class Judge(Signatures):
    """Remembers the votes of the certificate just checked: the next block carries them again."""

    def __init__(self) -> None:
        super().__init__()
        self.checked = 0
        self.votes: set[tuple[bytes, bytes, bytes]] = set()

    def vote(self, key: bytes, message: bytes, signature: bytes) -> bool:
        good = verify(key, message, signature)
        if good:
            self.votes.add((key, message, signature))
        return good

    def check(self, key: bytes, message: bytes, signature: bytes) -> bool:
        return (key, message, signature) in self.votes or verify(key, message, signature)


class Replay:
    """The state of a replay. `position` is the height reached in the file, `ledger` in state."""

    def __init__(self, genesis: Genesis, release: Release) -> None:
        self.genesis = genesis
        self.release = release
        self.findings = Findings()
        self.ledger, self.store = found(genesis)
        self.signatures = Judge()
        self.figures = Figures(genesis, self.ledger)
        self.books = Books(genesis, self.findings.report)
        self.position = 0
        self.previous = self.ledger.tip.hash
        self.stopped = False
        self.started = time.monotonic()
        self._last_seats: tuple[Seats, ...] = ()
        self._seats_lost = False

    def protocol(self) -> tuple[int, Parse]:
        """The protocol in force at the tip, with what reads its transactions."""
        number = version_of(self.ledger, PROTOCOL)
        known = self.release.protocols.get(number)
        if known is None:
            raise ReleaseTooOld(self.ledger.tip.height + 1, [f"{PROTOCOL} version {number}"])
        return number, known.parse

    def note(
        self, check: str, message: str, expected: str = "", found: str = "", height: int = -1
    ) -> None:
        place = self.position if height < 0 else height
        self.findings.report(Finding(place, check, message, expected, found))

    def take(self, coming: Coming) -> None:
        """Check the next height of the file, then move on to it if it holds."""
        block, expected = coming.block, self.position + 1
        self.position = block.header.height if block else expected
        for damage in coming.damage:
            self.note("block", _("This cannot be read: {damage}").format(damage=damage))
        if block is None:
            self._stop()
            self.previous = b""
            return
        header, digest = block.header, header_hash(block.header)
        follows = self._check_link(header, expected)
        self.previous = digest
        self._check_certificate(coming.certificate, header, digest)
        if follows and not self.stopped:
            self._execute(coming, block)
        else:
            self._stop()
            self._check_body(block)
        for transaction in coming.transactions:
            self.signatures.forget(transaction)

    def _stop(self) -> None:
        """Execute nothing any more; remember which seats are known without it."""
        if not self.stopped:
            sets = seat_sets(self.ledger)
            self._last_seats = (sets.following, sets.after)
            self.stopped = True
            self.note(
                "execution",
                _(
                    "From here on nothing can be executed: figures and books are those of height "
                    "{height}."
                ).format(height=self.ledger.tip.height),
            )

    # The chain of headers.

    def _check_link(self, header: Header, expected: int) -> bool:
        tip = self.ledger.tip
        if (header.chain, header.epoch) != (tip.chain, tip.epoch):
            self.note(
                "link",
                _("The block belongs to another chain or epoch than the founding document."),
                f"{tip.chain.hex()} {tip.epoch}",
                f"{header.chain.hex()} {header.epoch}",
            )
            return False
        if header.height != expected:
            self.note(
                "link",
                _("Block {expected} is missing here: the file goes on with {found}.").format(
                    expected=expected, found=header.height
                ),
                str(expected),
                str(header.height),
            )
            return False
        if not self.previous:
            return False  # the block before could not be read, which was reported
        if header.parent != self.previous:
            self.note(
                "link",
                _("The block does not name the block before it as its parent."),
                self.previous.hex(),
                header.parent.hex(),
            )
            return False
        return True

    def _check_certificate(
        self, certificate: Certificate | None, header: Header, digest: bytes
    ) -> None:
        self.signatures.votes.clear()
        if certificate is None:
            return
        seats = self._seats_for(header)
        if seats is None:
            return
        if (certificate.height, certificate.block) != (header.height, digest):
            self.note(
                "certificate",
                _("The certificate is for another block."),
                f"{header.height} {digest.hex()}",
                f"{certificate.height} {certificate.block.hex()}",
            )
            return
        try:
            check_certificate(certificate, seats, header.chain, header.epoch, self.signatures.vote)
        except Malformed as error:
            self.note("certificate", _("Too few boards signed: {why}").format(why=error))
            return
        self.figures.certified(header, certificate, seats)

    def _seats_for(self, header: Header) -> Seats | None:
        """Who decides this height: by state while that is known, then by what was decided."""
        if not self.stopped:
            return seat_sets(self.ledger).following
        for seats in self._last_seats:
            if seats_hash(seats) == header.seats:
                return seats
        if not self._seats_lost:
            self._seats_lost = True
            self.note(
                "certificate",
                _(
                    "The seats change here. Without the state nobody can tell to which: this "
                    "certificate and later ones were not checked."
                ),
            )
        return None

    def _check_body(self, block: Block) -> None:
        wire_hashes = [tagged(Tag.WIRE, data) for data in block.transactions]
        try:
            check_body(block.header, wire_hashes, block.evidence, block.parent_certificate)
        except Malformed as error:
            self.note("block", _("Header and content do not fit: {why}").format(why=error))

    # State.

    def _execute(self, coming: Coming, block: Block) -> None:
        parent = self.ledger.parent()
        if protocol_number(parent) != coming.protocol:
            for transaction in coming.transactions:
                self.signatures.forget(transaction)
        try:
            applied = apply_block(parent, block, self.release, self.ledger, self.signatures)
        except (InvalidBlock, Malformed, Inadmissible) as error:
            self._check_body(block)
            reason = " ".join(str(part) for part in (type(error).__name__, error) if str(part))
            self.note(
                "execution",
                _("Executing this block again gives another result: {why}").format(why=reason),
            )
            self._stop()
            return
        seats_after = seat_sets(self.ledger).after
        self.books.read(applied, seats_after, self.ledger)
        writes, _undo = self.ledger.commit(applied)
        self.store.write(writes)
        self.books.compare(applied, self.ledger)
        self.figures.executed(applied)

    def finish(self) -> Result:
        self.books.close(self.ledger, self.store)
        seconds = time.monotonic() - self.started
        return self.figures.result(self.ledger, self.store, self.findings, seconds)
