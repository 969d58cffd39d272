"""`socialcoin demo`: a wijk's money from a bank statement to an audit, on four real validators.

Each step says what happens, does it as people would (the wallet's own commands where a resident or
shop acts), and checks what must be true afterwards. The steps stand in `node.demo.story`. The exit
code is 0 only if every step held.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from genesis.console import N_, Command, Exit, Settings, UserError, _, common_options, note, out
from node.demo.devnet import Devnet, running
from node.demo.story import tell
from node.demo.teller import Broken, Step, Teller

VALIDATORS = 4
RESIDENTS = 24


def free_ports(count: int) -> int:
    """The first of so many consecutive ports that are free on loopback."""
    for base in range(46_500, 60_000, count):
        taken = False
        for port in range(base, base + count):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    taken = True
                    break
        if not taken:
            return base
    raise UserError(_("no {n} free ports were found on this computer").format(n=count))


@click.command(cls=Command, help=N_("Play the story of a wijk on four real validators."))
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help=N_("Keep the files.")
)
@common_options
def command(settings: Settings, keep: Path | None) -> None:
    say: Callable[[str], None] = note if settings.json else click.echo
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="socialcoin-demo-") as scratch:
        folder = keep or Path(scratch) / "devnet"
        say(_("Four wijken of Vierstroom, each with a validator of its own, start up."))
        port_base = free_ports(2 * VALIDATORS)
        devnet = Devnet.make(folder, VALIDATORS, port_base, residents=RESIDENTS)
        broken = ""
        with running(devnet):
            devnet.make_wallets()
            devnet.write_description()
            teller = Teller(devnet, folder, say)
            try:
                tell(teller)
            except Broken as error:
                broken = str(error)
    seconds = time.monotonic() - began
    say("\n" + table(teller.steps))
    held = not broken and all(step.held for step in teller.steps)
    verdict = (
        _("Every step held, in {n:.0f} seconds.").format(n=seconds)
        if held
        else _("The story broke off: {reason}").format(reason=broken)
    )
    data = {
        "held": held,
        "seconds": round(seconds, 1),
        "steps": [
            {"title": s.title, "held": s.held, "seconds": round(s.seconds, 2), "detail": s.detail}
            for s in teller.steps
        ],
    }
    out(settings, data, verdict)
    if not held:
        raise SystemExit(int(Exit.FAILURE))


def table(steps: list[Step]) -> str:
    width = max(len(step.title) for step in steps)
    rows = [
        f"{number:>2}  {step.title:<{width}}  {_('held') if step.held else _('BROKE'):<5} "
        f"{step.seconds:6.1f} s"
        for number, step in enumerate(steps, 1)
    ]
    return "\n".join(rows)
