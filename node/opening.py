"""From a home folder to a node ready to run: every check that comes before the first input.

Also `init`: a home's keys, configuration and the signer's first record. A consensus key's guard
is made once, together with the key (or, for a key laid there by a testnet, the first time);
`config/guard_made` remembers for which key and chain. A key whose guard is gone never signs.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from chain import crypto
from chain.errors import Malformed
from chain.rules import seat_sets
from chain.selftest import UnsafeCrypto, self_test
from genesis.console import Exit, UserError, _
from genesis.document import FOUNDING_EPOCH, Genesis, chain_id, parse
from genesis.homes import NodeHome, new_seed, read_seed, write_seed
from genesis.rules import validate
from governance_contracts.versions import RELEASE
from node.config import GUARD, LOCK, STORE, SUSPECT, WAL, Config, read_config, write_config
from node.disk import PREALLOCATE_BYTES, AlreadyRunning, HomeLock, Journal, replace_file
from node.founding import Founding, remember
from node.journal import DamagedJournal
from node.keyvalue import StoreLocked
from node.repair import Opened, WrongChain, open_store
from node.replica import Identity
from node.run import Node
from node.signer import NoGuard, Signer, first_record
from node.store import DamagedStore
from node.wal import recover

GUARD_MADE = "guard_made"
FOUNDED = "founded"


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys of a home; the consensus key is None for an observer."""

    consensus: bytes | None
    node: bytes


def read_founding(home: NodeHome) -> Founding:
    """Raises UserError."""
    try:
        return Founding(home.genesis, home.data / FOUNDED)
    except Malformed as error:
        raise UserError(
            _("the genesis document cannot be read: {error}").format(error=error)
        ) from None
    except FileNotFoundError:
        raise UserError(
            _("{file} does not exist: give one with `socialcoin node init --genesis FILE`").format(
                file=home.genesis
            )
        ) from None


def _parse_genesis(document: bytes) -> Genesis:
    try:
        return parse(document)
    except Malformed as error:
        raise UserError(
            _("the genesis document cannot be read: {error}").format(error=error)
        ) from None


def init_home(
    home: NodeHome, genesis_bytes: bytes | None, config: Config | None, *, validator: bool
) -> Keys:
    """Make what is missing of a home; what is there stays. Raises UserError.

    The guard's first record needs the chain, so it waits for the genesis document.
    """
    home.make()
    for path in (home.node_key, *((home.consensus_key,) if validator else ())):
        if not path.exists():
            write_seed(path, new_seed())
    if config is not None or not home.toml.exists():
        write_config(home, config or Config())
    if genesis_bytes is not None:
        genesis = _parse_genesis(genesis_bytes)
        refuse_invalid(genesis)
        if home.genesis.exists() and home.genesis.read_bytes() != genesis_bytes:
            raise UserError(
                _("{home} belongs to another genesis; use a new folder").format(home=home.root)
            )
        return lay_genesis(home, genesis_bytes, chain_id(genesis))
    keys = public_keys(home)
    if keys.consensus is not None and home.genesis.exists():
        _make_guard_once(home, read_founding(home).chain, keys.consensus)
    return keys


def lay_genesis(home: NodeHome, document: bytes, chain: bytes) -> Keys:
    """Put a valid document in a home, and make the signer's first record."""
    replace_file(home.genesis, document, 0o644)
    remember(home.data / FOUNDED, document, chain)
    keys = public_keys(home)
    if keys.consensus is not None:
        _make_guard_once(home, chain, keys.consensus)
    return keys


def refuse_invalid(genesis: Genesis) -> None:
    """Raises UserError with all findings at once."""
    findings = validate(genesis)
    if findings:
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise UserError(_("the genesis document is not valid:\n{lines}").format(lines=lines))


def _make_guard_once(home: NodeHome, chain: bytes, key: bytes) -> None:
    made = home.config / GUARD_MADE
    line = f"{chain.hex()} {key.hex()}\n"
    known = made.read_text() if made.exists() else ""
    if line in known:
        return
    guard = home.data / GUARD
    if not guard.exists():
        replace_file(guard, first_record(chain, FOUNDING_EPOCH, key))
    replace_file(made, (known + line).encode())


def public_keys(home: NodeHome) -> Keys:
    consensus = None
    if home.consensus_key.exists():
        consensus = crypto.public_key(read_seed(home.consensus_key))
    return Keys(consensus, crypto.public_key(read_seed(home.node_key)))


def open_node(home: NodeHome, log: logging.Logger, config: Config | None = None) -> Node:
    """Everything a node needs, checked. Raises UserError with its exit code."""
    try:
        self_test()
    except UnsafeCrypto as error:
        raise UserError(str(error)) from None
    config = config or read_config(home)
    founding = read_founding(home)
    home.make()
    try:
        lock = HomeLock(home.data / LOCK)
    except AlreadyRunning:
        raise UserError(
            _("a node already runs in {home}: stop it first").format(home=home.root)
        ) from None
    try:
        return _open_locked(home, log, config, founding, lock)
    except BaseException:
        lock.release()
        raise


def _open_locked(
    home: NodeHome, log: logging.Logger, config: Config, founding: Founding, lock: HomeLock
) -> Node:
    node_seed = read_seed(home.node_key)
    identity, consensus_seed, guard = None, None, None
    if config.wijk:
        consensus_seed = read_seed(home.consensus_key)
        identity, guard = _open_guard(home, config.wijk, founding.chain, consensus_seed)
    try:
        wal = Journal(home.data / WAL)
    except DamagedJournal as error:
        raise UserError(
            _(
                "the log of the open height in {home} is damaged: {error}. Move {file} aside and "
                "start again: the signer's own record keeps this seat from signing twice"
            ).format(home=home.root, error=error, file=home.data / WAL)
        ) from None
    opened = _open_store(home, log, config, founding)
    _warn_of_another_key(opened, log, identity)
    _warn_of_lost_blocks(opened, log, wal.data)
    return Node(
        home,
        config,
        founding,
        RELEASE,
        opened,
        (consensus_seed, node_seed),
        identity,
        (wal, guard),
        lock,
        log,
    )


def _open_guard(home: NodeHome, wijk: str, chain: bytes, seed: bytes) -> tuple[Identity, Journal]:
    """The signer's record is judged as it lies there, before anything touches the file: a start
    never makes one. Raises UserError with the exit code of the guard."""
    file = home.data / GUARD
    try:
        signer = Signer(
            chain,
            FOUNDING_EPOCH,
            crypto.public_key(seed),
            file.read_bytes() if file.exists() else b"",
        )
    except NoGuard as error:
        if not file.exists() and not (home.config / GUARD_MADE).exists():
            raise UserError(
                _(
                    "this home's key has no record of what it signed yet: run `socialcoin node "
                    "init --home {home}` once, then start"
                ).format(home=home.root),
                Exit.DOUBLE_SIGN,
            ) from None
        raise UserError(
            _("{reason} ({file})").format(reason=error, file=file), Exit.DOUBLE_SIGN
        ) from None
    return Identity(wijk, signer), Journal(file, PREALLOCATE_BYTES)


def _open_store(home: NodeHome, log: logging.Logger, config: Config, founding: Founding) -> Opened:
    suspect = home.data / SUSPECT
    try:
        opened = open_store(
            home.data / STORE,
            config.store.engine,
            founding,
            RELEASE,
            log.warning,
            suspect=suspect.exists(),
        )
    except WrongChain:
        raise UserError(
            _("the store in {home} holds another chain than {file}").format(
                home=home.data, file=home.genesis
            )
        ) from None
    except StoreLocked:
        raise UserError(
            _("the store in {home} is open in another program: stop it first").format(
                home=home.data
            )
        ) from None
    except DamagedStore as error:
        raise UserError(
            _(
                "the store in {home} cannot be mended: {error}. Where other nodes hold the chain: "
                "move {store} aside and start again, they give everything back"
            ).format(home=home.data, error=error, store=home.data / STORE)
        ) from None
    except ValueError as error:
        raise UserError(
            _("the genesis document is not valid: {error}").format(error=error)
        ) from None
    suspect.unlink(missing_ok=True)
    return opened


def _warn_of_lost_blocks(opened: Opened, log: logging.Logger, data: bytes) -> None:
    """The log of a height begins when the block before it is in the store, synced: a store that
    ends earlier has lost what the disk had promised to keep."""
    try:
        found = recover(data)
    except (DamagedJournal, Malformed):
        return  # the replica says what to do
    height = opened.store.height
    if found is not None and found.height > height + 1:
        log.error(
            "blocks_lost",
            extra={
                "height": height,
                "logged_height": found.height - 1,
                "reason": "the disk lost blocks that were synced; they come again from peers",
            },
        )


def _warn_of_another_key(opened: Opened, log: logging.Logger, identity: Identity | None) -> None:
    """A home with a wijk whose key holds no seat runs, and votes once it is given one."""
    if identity is None:
        return
    sets = seat_sets(opened.store.ledger)
    seats = {(seat.wijk, seat.key) for seat in (*sets.current, *sets.following, *sets.after)}
    if (identity.wijk, identity.signer.key) not in seats:
        log.warning(
            "no_seat", extra={"wijk": identity.wijk, "consensus_key": identity.signer.key.hex()}
        )
