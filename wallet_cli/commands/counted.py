"""`wallet counted`: is my coin counted in what the reserve owes?"""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.client import Answer, Client
from wallet_cli.desk import coin_of, converse, home_of, wallet_command


@click.command(
    name="counted",
    cls=console.Command,
    help=N_("Check that your coin is counted in what the reserve owes, without seeing others."),
)
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@click.option(
    "--height", type=click.IntRange(1), help=N_("After this block; default: a recent one.")
)
@click.option(
    "--root",
    metavar="HEX",
    help=N_("The root that an auditor's report prints for that height, to compare with."),
)
@click.option(
    "--second-node",
    metavar="URL",
    help=N_("A node of another wijk, to compare with when the wallet was away for long."),
)
@wallet_command
def counted(
    settings: Settings,
    wallet: str | None,
    coin: str | None,
    height: int | None,
    root: str | None,
    second_node: str | None,
) -> None:
    from chain.errors import Malformed
    from wallet_cli import trust
    from wallet_cli.core.counted import check_counted
    from wallet_cli.core.verify import read_certified

    wanted = _root(root)
    session = converse(settings, wallet)
    profile = session.profile
    code = coin_of(session.account(), coin)
    path = f"/v1/accounts/{profile.address}/liability-proof?coin={code}"
    answer = session.client.get(path + (f"&height={height}" if height else ""))
    second = Client(second_node) if second_node else None
    try:
        certified = read_certified(answer)
        trust.prove_old(session.client, home_of(settings), profile, certified, second)
        found = check_counted(certified.header, profile.account, code, answer)
    except Malformed as error:
        raise UserError(
            _(
                "It is not proved that your coin is counted: {reason}. Ask another node with "
                "--node; if that one cannot prove it either, tell the auditor."
            ).format(reason=error),
            Exit.FINDINGS,
        ) from None
    if height and certified.header.height != height:
        raise UserError(_("The node answered for another height than was asked."), Exit.FINDINGS)
    if wanted is not None and wanted != found.root:
        raise UserError(
            _(
                "At height {height} this node's tree has root {root}, not the one you gave. Is it "
                "the root of this coin and height? If so, node and auditor counted different "
                "books: tell the auditor."
            ).format(height=certified.header.height, root=found.root.hex()),
            Exit.FINDINGS,
        )
    data: Answer = {
        "coin": code,
        "height": certified.header.height,
        "time_ms": certified.header.time_ms,
        "root": found.root.hex(),
        "root_compared": wanted is not None,
        "total_cents": found.total,
        "total": format_cents(found.total),
        "counted_cents": found.mine,
        "counted": format_cents(found.mine),
        "free_cents": found.free,
        "bound_cents": found.bound,
        "redeeming": [
            {"redemption": number, "amount_cents": amount}
            for number, amount in sorted(found.redeeming.items())
        ],
    }
    out(settings, data, _text(data))


def _root(given: str | None) -> bytes | None:
    """Raises UserError (usage)."""
    if given is None:
        return None
    try:
        root = bytes.fromhex(given)
    except ValueError:
        root = b""
    if len(root) != 32:
        raise UserError(_("A root is 64 hexadecimal digits."), Exit.USAGE)
    return root


def _text(data: Answer) -> str:
    from wallet_cli.sending import clock

    lines = [
        _("Your {counted} {coin} is counted in the {total} {coin} that the reserve owes.").format(
            **data
        ),
        _("Proved at height {height}, {moment}. Root {root}").format(
            height=data["height"], moment=clock(data["time_ms"]), root=data["root"]
        ),
    ]
    if data["root_compared"]:
        lines.append(_("It is the root that you gave."))
    else:
        lines.append(
            _("Compare this root with another wijk's node or an auditor's report: --root HEX.")
        )
    return "\n".join(lines)


COMMANDS = (counted,)
