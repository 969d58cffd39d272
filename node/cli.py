"""`socialcoin node`: what a board types to run its validator."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from genesis import console
from genesis.console import (
    N_,
    Exit,
    Settings,
    UserError,
    _,
    common_options,
    confirm,
    note,
    out,
)
from genesis.homes import NodeHome
from node.ask import ask
from node.config import API_PORT, ApiSection, Config, PeerEntry, PeerSection, parse_address
from node.reserve import cli as reserve_cli

DEFAULT_HOME = Path.home() / ".socialcoin" / "node"


@console.group(help=N_("Run a validator or an archive."))
def group() -> None:
    pass


def home_of(settings: Settings) -> NodeHome:
    return NodeHome(settings.home or DEFAULT_HOME)


def url_of(settings: Settings) -> str:
    """The node to ask: --node, else the API address in the home's configuration.

    A home named on the command line comes before a node named in the environment.
    """
    source = click.get_current_context().get_parameter_source
    own = (source("home"), source("node"))
    if settings.node and own != (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
        return settings.node
    home = home_of(settings)
    if home.toml.exists():
        from node.config import read_config

        return f"http://{read_config(home).api.listen}"
    return f"http://127.0.0.1:{API_PORT}"


@group.command(help=N_("Make a node's home: keys, configuration, and the signer's first record."))
@click.option("--genesis", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--wijk", default="", help=N_("The wijk whose seat this node holds; none: observer."))
@click.option("--name", default="", help=N_("A name for logs."))
@click.option("--api", help=N_("HOST:PORT for wallets and metrics."))
@click.option("--listen", help=N_("HOST:PORT for other nodes."))
@click.option("--peer", "peers", multiple=True, help=N_("HOST:PORT of another node; repeat."))
@common_options
def init(
    settings: Settings,
    genesis: Path | None,
    wijk: str,
    name: str,
    api: str | None,
    listen: str | None,
    peers: tuple[str, ...],
) -> None:
    from governance_contracts.areas.regions import CODE_OF, Level
    from node.opening import init_home

    if wijk and not CODE_OF[Level.WIJK].fullmatch(wijk):
        raise UserError(
            _("{code!r} is not the code of a wijk, such as WK036101.").format(code=wijk),
            Exit.USAGE,
        )
    home = home_of(settings)
    config = None
    if not home.toml.exists() or wijk or name or api or listen or peers:
        for address in (api, listen, *peers):
            if address:
                try:
                    parse_address(address)
                except UserError as error:
                    raise UserError(error.message, Exit.USAGE) from None
        blank = Config()
        config = Config(
            name=name or wijk or "node",
            wijk=wijk,
            p2p=PeerSection(listen or blank.p2p.listen, tuple(PeerEntry(p) for p in peers)),
            api=ApiSection(api or blank.api.listen),
        )
    if config is not None and home.toml.exists():
        confirm(settings, _("{file} exists; write it anew?").format(file=home.toml))
    validator = bool(wijk) or home.consensus_key.exists()
    data = genesis.read_bytes() if genesis else None
    keys = init_home(home, data, config, validator=validator)
    answer: dict[str, Any] = {
        "home": str(home.root),
        "node_key": keys.node.hex(),
        "consensus_key": None if keys.consensus is None else keys.consensus.hex(),
    }
    text = _("The node's home is {home}.\nNode key:      {node}").format(
        home=home.root, node=keys.node.hex()
    )
    if keys.consensus is not None:
        text += "\n" + _("Consensus key: {key}").format(key=keys.consensus.hex())
    if genesis is None and not home.genesis.exists():
        text += "\n" + _(
            "Next: `socialcoin node init --genesis FILE`, then `socialcoin node start`."
        )
    out(settings, answer, text)


@group.command(help=N_("Run the node until it is interrupted."))
@common_options
def start(settings: Settings) -> None:
    from node.config import read_config
    from node.logs import set_up
    from node.opening import open_node

    home = home_of(settings)
    config = read_config(home)
    log = set_up(config.log_level)
    node = open_node(home, log, config)
    stopped = asyncio.run(_serve(node))
    if stopped.exit_code != Exit.DONE:
        raise UserError(stopped.reason, Exit(stopped.exit_code))
    note(stopped.reason)


async def _serve(node: Any) -> Any:
    """Node and HTTP side together until something ends them."""
    from node.service import Service

    service = Service(node)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, node.end, 0, _("The node was stopped."))
    try:
        try:
            await service.start()
        except OSError as error:
            refusal = _refused_address(error, node)
            if refusal is None:
                raise
            raise refusal from None
        return await node.ended()
    finally:
        await service.close()


def _refused_address(error: OSError, node: Any) -> UserError | None:
    """A sentence if an address of the configuration cannot be listened on."""
    where = f"{node.config.api.listen}, {node.config.p2p.listen}"
    if error.errno == errno.EADDRINUSE:
        return UserError(
            _(
                "an address of this node ({where}) is in use by another program. Is the node "
                "running already? Else choose other ports in {file}"
            ).format(where=where, file=node.home.toml)
        )
    unusable = (errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT)
    if isinstance(error, socket.gaierror) or (error.errno in unusable and not error.filename):
        return UserError(
            _(
                "an address of this node ({where}) cannot be used on this computer: {reason}. "
                "Choose one of its own, and a port above 1023, in {file}"
            ).format(where=where, reason=error.strerror, file=node.home.toml)
        )
    return None


@group.command(help=N_("Where the chain stands, seen from a node."))
@common_options
def status(settings: Settings) -> None:
    found = _of_a_node(url_of(settings), "/v1/status", "consensus")
    lines = [
        _("chain      {chain_name} {chain_id}"),
        _("height     {height}"),
        _("seats      {validators}, of which {quorum} decide; {tolerated_faults} may fail"),
        _("peers      {peers}"),
        _("consensus  height {h}, round {r}, {s}"),
        _("version    {version}"),
    ]
    step = found["consensus"]
    text = "\n".join(lines).format(**found, h=step["height"], r=step["round"], s=step["step"])
    if found.get("syncing"):
        text += "\n" + _("The node is catching up.")
    if found["validators"] in (3, 6, 9):
        text += "\n" + _(
            "{n} validators tolerate no more faults than {fewer}: 4, 7 and 10 are good numbers."
        ).format(n=found["validators"], fewer=found["validators"] - 2)
    out(settings, found, text)


def _of_a_node(url: str, path: str, field: str) -> Any:
    """An answer that has this field; another program's answer is no node's."""
    found = ask(url, path)
    if not isinstance(found, dict) or field not in found:
        raise UserError(
            _("what answers at {url} is no node of the social coin").format(url=url),
            Exit.UNREACHABLE,
        )
    return found


@group.command(help=N_("The seats, and which of them this node is connected to."))
@common_options
def peers(settings: Settings) -> None:
    url = url_of(settings)
    found = _of_a_node(url, "/v1/seats", "seats")
    rows = "\n".join(f"{seat['wijk']:<12} {seat['key']}" for seat in found["seats"])
    connected = ask(url, "/v1/status")["peers"]
    text = rows + "\n" + _("{n} connections.").format(n=connected)
    out(settings, {**found, "connected": connected}, text)


@group.command(help=N_("Write the chain into one file that an auditor takes away."))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common_options
def export(settings: Settings, file: Path) -> None:
    from node.export import export_chain

    figures = export_chain(home_of(settings), file)
    text = _("{blocks} blocks, {bytes} bytes, are in {file}.").format(**figures, file=file)
    out(settings, {**figures, "file": str(file)}, text)


@group.command(help=N_("Check everything in the store of a stopped node."))
@common_options
def verify(settings: Settings) -> None:
    from node.config import LOCK, read_config
    from node.disk import AlreadyRunning, HomeLock
    from node.export import opened_store
    from node.repair import verify as verify_store

    home = home_of(settings)
    config = read_config(home)
    try:
        lock = HomeLock(home.data / LOCK)
    except AlreadyRunning:
        raise UserError(_("a node runs in {home}: stop it first").format(home=home.root)) from None
    try:
        with opened_store(home, config) as store:
            verify_store(store)
    finally:
        lock.release()
    tip = store.ledger.tip
    out(
        settings,
        {"height": tip.height, "state_root": tip.state_root.hex(), "verdict": "ok"},
        _("Block {height}: every record, block and certificate fits.").format(height=tip.height),
    )


@group.command(help=N_("The version of this software."))
@common_options
def version(settings: Settings) -> None:
    from importlib.metadata import version as installed

    found = installed("socialcoin")
    out(settings, {"version": found}, found)


group.add_command(reserve_cli.group)
