"""Reading: balance, history, receipts; with `--verify` proved, not believed."""

from __future__ import annotations

from typing import Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.client import Answer, Client
from wallet_cli.desk import Session, converse, home_of, wallet_command
from wallet_cli.happenings import event_text, status_text


def verify_options(command: Any) -> Any:
    second = click.option(
        "--second-node",
        metavar="URL",
        help=N_("A node of another wijk, to compare with when the wallet was away for long."),
    )
    verify = click.option(
        "--verify", is_flag=True, help=N_("Check the proof instead of believing the node.")
    )
    return verify(second(command))


@click.command(name="balance", cls=console.Command, help=N_("Show the balance, by coin and lot."))
@verify_options
@wallet_command
def balance(settings: Settings, wallet: str | None, verify: bool, second_node: str | None) -> None:
    session = converse(settings, wallet)
    account = session.account(proof=verify)
    if verify:
        _verify_balance(session, account, second_node)
    data = {
        "address": session.profile.address,
        "height": account["height"],
        "time_ms": account["time_ms"],
        "verified": verify,
        "coins": [_coin(entry) for entry in account.get("coins", [])],
    }
    if data["coins"]:
        note_endings(session.client, data["coins"])
    if account["account"]["status"] == "frozen":
        console.note(
            _(
                "Payments out are stopped: `wallet recovery status` and `wallet life show` say "
                "why. If a recovery runs that you did not ask for, end it: `wallet recovery veto`."
            )
        )
    out(settings, data, _balance_text(data))


def note_endings(client: Client, held: list[Answer]) -> None:
    """Tell the holder, beside the answer, of a coin that ends: until when to redeem it."""
    from wallet_cli.sending import clock

    plans = {coin["code"]: coin["wind_down"] for coin in client.get("/v1/coins")["coins"]}
    for coin in held:
        plan = plans.get(coin["coin"])
        if plan:
            console.note(
                _("{coin} ends. Redeem what you have from {start} until {end}.").format(
                    coin=coin["coin"],
                    start=clock(plan["redeem_ms"]),
                    end=clock(plan["claims_ms"]),
                )
            )


def _coin(entry: Answer) -> Answer:
    lots = [{**lot, "amount": format_cents(lot["amount_cents"])} for lot in entry.get("lots", [])]
    total = entry["free_cents"] + sum(lot["amount_cents"] for lot in lots)
    return {
        "coin": entry["coin"],
        "free_cents": entry["free_cents"],
        "free": format_cents(entry["free_cents"]),
        "lots": lots,
        "total_cents": total,
        "total": format_cents(total),
    }


def _balance_text(data: Answer) -> str:
    from wallet_cli.sending import clock

    lines = []
    for coin in data["coins"]:
        lines.append(f"{coin['coin']}  {coin['total']}")
        lines.append("  " + _("free: {amount}").format(amount=coin["free"]))
        for lot in coin["lots"]:
            said = [_("lot {lot}: {amount}").format(lot=lot["lot"], amount=lot["amount"])]
            if lot.get("regions"):
                said.append(_("in {regions}").format(regions=", ".join(lot["regions"])))
            if lot.get("categories"):
                said.append(_("for {categories}").format(categories=", ".join(lot["categories"])))
            if lot.get("expires_ms"):
                said.append(_("until {moment}").format(moment=clock(lot["expires_ms"])))
            lines.append("  " + ", ".join(said))
    if not lines:
        lines.append(_("No coin."))
    state = _("proved at height {height}") if data["verified"] else _("at height {height}")
    lines.append(f"({state.format(height=data['height'])}, {clock(data['time_ms'])})")
    return "\n".join(lines)


def _verify_balance(session: Session, account: Answer, second_node: str | None) -> None:
    """Replace nothing, believe nothing: the node's figures must be those that are proved."""
    from chain.errors import Malformed
    from wallet_cli import trust
    from wallet_cli.core.verify import check_balance, read_certified

    proof = account.get("proof")
    try:
        certified = read_certified(proof)
        trust.reach(
            session.client,
            home_of(session.settings),
            session.profile,
            certified,
            Client(second_node) if second_node else None,
        )
        assert isinstance(proof, dict)
        proved = check_balance(certified.header, session.profile.account, proof.get("records"))
    except Malformed as error:
        raise UserError(
            _("The balance is not proved: {reason}. Ask another node with --node.").format(
                reason=error
            ),
            Exit.FINDINGS,
        ) from None
    account["height"], account["time_ms"] = certified.header.height, certified.header.time_ms
    free = {h.coin: int(h.amount) for h in (proved.purse.free if proved.purse else ())}
    lots = {(h.coin, h.lot): int(h.amount) for h in (proved.lots.lots if proved.lots else ())}
    claimed_free = {c["coin"]: c["free_cents"] for c in account["coins"] if c["free_cents"]}
    claimed_lots = {
        (c["coin"], lot["lot"]): lot["amount_cents"] for c in account["coins"] for lot in c["lots"]
    }
    if (free, lots) != (claimed_free, claimed_lots):
        raise UserError(
            _("The node shows another balance than the one it can prove. Ask another node."),
            Exit.FINDINGS,
        )


@click.command(name="history", cls=console.Command, help=N_("What happened, newest first."))
@click.option("--limit", type=click.IntRange(1, 1000), default=20)
@wallet_command
def history(settings: Settings, wallet: str | None, limit: int) -> None:
    session = converse(settings, wallet)
    path = f"/v1/accounts/{session.profile.address}/history"
    entries: list[Answer] = []
    before = ""
    while len(entries) < limit:
        size = min(100, limit - len(entries))
        page = session.client.get(f"{path}?limit={size}{before}")
        entries += page.get("entries", [])
        if not page.get("next"):
            break
        before = f"&before={page['next']}"
    text = "\n".join(_entry_text(entry) for entry in entries)
    out(settings, entries[:limit], text or _("Nothing happened yet."))


def _entry_text(entry: Answer) -> str:
    from wallet_cli.refusals import explain
    from wallet_cli.sending import clock

    lines = [f"{clock(entry['time_ms'])}  {status_text(entry['status'])}  {entry['id']}"]
    if refusal := entry.get("refusal"):
        lines.append("  " + explain(str(refusal.get("name")), refusal.get("fields") or {}))
    lines += ["  " + event_text(event) for event in entry.get("events", [])]
    return "\n".join(lines)


@click.command(name="receipt", cls=console.Command, help=N_("Show what became of a transaction."))
@click.argument("id", metavar="ID")
@verify_options
@wallet_command
def receipt(
    settings: Settings, wallet: str | None, id: str, verify: bool, second_node: str | None
) -> None:
    from wallet_cli.commands.tx import transaction_id_of

    transaction = transaction_id_of(id)
    session = converse(settings, wallet)
    status = session.client.get(f"/v1/transactions/{transaction.hex()}")
    data: Answer = {
        "tx_id": transaction.hex(),
        "status": status["status"],
        "height": status.get("height"),
        "time_ms": status.get("time_ms"),
        "refusal": status.get("refusal"),
        "verified": False,
        "events": [],
    }
    if data["status"] in ("committed", "refused"):
        data |= _read_receipt(session, transaction, verify, second_node)
    elif verify:
        raise UserError(
            _("Transaction {id} is {status}: there is no receipt to verify.").format(
                id=transaction.hex(), status=status_text(data["status"])
            )
        )
    out(settings, data, _receipt_text(data))


def _read_receipt(
    session: Session, transaction: bytes, verify: bool, second_node: str | None
) -> Answer:
    from chain.errors import REFUSALS, Malformed, refusal_name
    from governance_contracts import versions
    from wallet_cli import trust
    from wallet_cli.core.showing import plain_fields, plain_value
    from wallet_cli.core.verify import check_receipt_leaves, read_certified

    assert versions.RELEASE, "names of events and refusals"
    profile = session.profile
    answer = session.client.get(f"/v1/accounts/{profile.address}/receipts/{transaction.hex()}")
    try:
        certified = read_certified(answer)
        if verify:
            trust.prove_old(
                session.client,
                home_of(session.settings),
                profile,
                certified,
                Client(second_node) if second_node else None,
            )
        found = check_receipt_leaves(
            certified.header, transaction, profile.account, answer.get("leaves")
        )
    except Malformed as error:
        raise UserError(
            _("The receipt is not proved: {reason}. Ask another node with --node.").format(
                reason=error
            ),
            Exit.FINDINGS,
        ) from None
    data: Answer = {
        "height": certified.header.height,
        "time_ms": certified.header.time_ms,
        "verified": verify,
        "events": [
            {
                "number": event.__struct_config__.tag,
                "name": type(event).__name__,
                "fields": plain_fields(event, profile.prefix),
            }
            for event in found.events
        ],
    }
    if found.outcome_proved:
        data["status"] = "refused" if found.refusal else "committed"
        if found.refusal:
            code, values = found.refusal
            kind = REFUSALS.get(code)
            names = kind.fields if kind else tuple(str(i) for i in range(len(values)))
            data["refusal"] = {
                "name": refusal_name(code),
                "code": code,
                "fields": {n: plain_value(v) for n, v in zip(names, values, strict=False)},
            }
    return data


def _receipt_text(data: Answer) -> str:
    from wallet_cli.refusals import explain
    from wallet_cli.sending import clock

    status = status_text(data["status"])
    lines = [_("Transaction {id}: {status}").format(id=data["tx_id"], status=status)]
    if data["height"]:
        lines.append(
            _("  block {height}, {moment}").format(
                height=data["height"], moment=clock(data["time_ms"] or 0)
            )
        )
    if data["refusal"]:
        lines.append("  " + explain(data["refusal"]["name"], data["refusal"].get("fields") or {}))
    lines += ["  " + event_text(event) for event in data["events"]]
    if data["verified"]:
        lines.append("  " + _("Proved: the boards' signatures and the receipt hold."))
    return "\n".join(lines)


COMMANDS = (balance, history, receipt)
