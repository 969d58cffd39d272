"""`socialcoin devnet`: start, stop and resume a demo city; its made-up bank."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import click

from chain.money import Cents
from genesis import console
from genesis.console import (
    N_,
    Exit,
    Settings,
    UserError,
    _,
    common_options,
    format_cents,
    note,
    out,
)
from genesis.homes import NodeHome
from genesis.testnet import PORT_BASE
from node.demo.devnet import (
    DEVNET,
    POLL_S,
    STOP_WAIT_S,
    Devnet,
    DevNode,
    wait_for,
    write_description,
)
from node.demo.pocket_money import give


@console.group(help=N_("A demo city of real nodes on this computer."))
def group() -> None:
    pass


def described(folder: Path) -> dict[str, Any]:
    """What devnet.json says. Raises UserError."""
    try:
        found: dict[str, Any] = json.loads((folder / DEVNET).read_text())
        for node in found["nodes"]:
            int(node["pid"] or 0)
        return found
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            _("{folder} holds no devnet: {file} cannot be read").format(folder=folder, file=DEVNET)
        ) from None


@group.command(help=N_("Start a devnet; runs until interrupted, or --detach."))
@click.option("--validators", type=click.IntRange(1, 10), default=4, show_default=True)
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--port-base", type=click.IntRange(1024, 65_000), default=PORT_BASE)
@click.option("--residents", type=click.IntRange(0, 100_000), default=24, show_default=True)
@click.option("--seed", default="", help=N_("Text from which all keys follow; else random."))
@click.option("--short", is_flag=True, help=N_("Short timers, for idle tests only."))
@click.option(
    "--money",
    type=console.AMOUNT,
    default=0,
    metavar="AMOUNT",
    help=N_("Free coin for each resident, so that there is something to pay with."),
)
@click.option("--detach", is_flag=True, help=N_("Return when blocks flow; stop with devnet stop."))
@common_options
def start(
    settings: Settings,
    validators: int,
    folder: Path,
    port_base: int,
    residents: int,
    seed: str,
    short: bool,
    money: Cents,
    detach: bool,
) -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    devnet = Devnet.make(
        folder.resolve(),
        validators,
        port_base,
        seed=seed.encode() or None,
        residents=residents,
        short=short,
    )
    try:
        devnet.start()
        devnet.make_wallets()
        if money:
            give(devnet.city, devnet.testnet.chain, devnet.folder, devnet.nodes[0].url, money)
        devnet.write_description()
    except BaseException:
        devnet.stop()
        raise
    facts = _("{n} validators, {url}, {file}").format(
        n=validators, url=devnet.nodes[0].url, file=folder / DEVNET
    )
    if detach:
        out(settings, devnet.describe(), f"ready {facts}")
        return
    try:
        out(settings, devnet.describe(), f"ready {facts}")
        _watch(devnet)
    except KeyboardInterrupt:
        pass
    finally:
        note(_("stopping the devnet"))
        devnet.stop()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _watch(devnet: Devnet) -> None:
    """Until Ctrl-C or SIGTERM; says when a node ends by itself."""
    gone: set[str] = set()
    while True:
        time.sleep(0.5)
        for node in devnet.nodes:
            if node.name not in gone and node.process and node.process.poll() is not None:
                gone.add(node.name)
                note(_("{name} ended:\n{log}").format(name=node.name, log=node.last_words()))


@group.command(help=N_("Start the nodes of a stopped devnet again."))
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@common_options
def resume(settings: Settings, folder: Path) -> None:
    """The chain goes on where it was. The nodes run until `devnet stop`."""
    found = described(folder)
    if running := [node["name"] for node in found["nodes"] if _is_node(int(node["pid"] or 0))]:
        raise UserError(_("It runs already: {names}.").format(names=", ".join(running)))
    nodes = [
        DevNode(node["name"], node["wijk"], node["url"], NodeHome(Path(node["home"])))
        for node in found["nodes"]
    ]
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            wait_for(node, found["chain_id"], 1)
    except BaseException:
        for node in nodes:
            node.stop()
        raise
    for entry, node in zip(found["nodes"], nodes, strict=True):
        entry["pid"] = node.process.pid if node.process else None
    write_description(folder, found)
    out(settings, found, _("{n} nodes run again.").format(n=len(nodes)))


@group.command(help=N_("Let the made-up bank book something and write its next statement."))
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--coin", required=True, metavar="CODE", help=N_("The account behind this coin."))
@click.option(
    "--receive",
    "received",
    multiple=True,
    metavar="AMOUNT=REFERENCE",
    help=N_("Euros that arrive; without =REFERENCE nobody knows for whom. Repeat."),
)
@click.option(
    "--pay",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE.xml",
    help=N_("A payment file of `node reserve release`; repeat."),
)
@click.option("--charge", type=console.AMOUNT, default=0, help=N_("Costs that the bank takes."))
@common_options
def bank(
    settings: Settings,
    folder: Path,
    coin: str,
    received: tuple[str, ...],
    files: tuple[Path, ...],
    charge: Cents,
) -> None:
    from auditor.bank.writer import charge as costs
    from node.demo.bank import DemoBank, transfer
    from node.demo.office import BANKS

    described(folder)
    if not coin.isalnum():
        raise UserError(_("{text!r} is not the code of a coin.").format(text=coin), Exit.USAGE)
    transfers = [transfer(text) for text in received]
    account = DemoBank.found(folder / BANKS / coin)
    paid = sum(account.pay(file.read_bytes()) for file in files)
    for movement in transfers:
        account.book(movement)
    if charge:
        account.book(costs(charge))
    path = account.close(time.time_ns() // 1_000_000)
    balance = account.account.balance
    data = {
        "statement": str(path),
        "coin": coin,
        "received": len(transfers),
        "paid": paid,
        "balance_cents": balance,
        "balance": format_cents(balance),
    }
    text = _("{statement}: {received} received, {paid} paid, balance {balance}.").format(**data)
    out(settings, data, text)


@group.command(help=N_("Stop a detached devnet."))
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), required=True)
@common_options
def stop(settings: Settings, folder: Path) -> None:
    pids = [int(node["pid"] or 0) for node in described(folder)["nodes"]]
    stopped = [pid for pid in pids if _is_node(pid) and _end(pid)]
    deadline = time.monotonic() + STOP_WAIT_S
    while any(_is_node(pid) for pid in stopped) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for pid in stopped:
        if _is_node(pid):
            os.kill(pid, signal.SIGKILL)
    out(settings, {"stopped": len(stopped)}, _("{n} nodes were stopped.").format(n=len(stopped)))


def _is_node(pid: int) -> bool:
    """Is this process one of our nodes (and not another program that has its number now)?"""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return b"wallet_cli.main" in words and b"start" in words and state != "Z"


def _end(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
