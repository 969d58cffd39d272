"""Payments without a network: set coin aside, pay from device to device, settle later.

`allow`, `sync`, `settle` and `release` talk to a node; `allowances`, `pay` and `accept` never do.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call, choose_place, payee_of
from wallet_cli.desk import (
    Session,
    account_of,
    coin_of,
    converse,
    home_of,
    now_ms,
    profile_of,
    unlock,
    wallet_command,
)
from wallet_cli.offline.sync import refresh, shown, usable

if TYPE_CHECKING:
    from chain.transaction import Call
    from wallet_cli.core.offline import Verdict
    from wallet_cli.offline.store import Kept, Store
    from wallet_cli.profile import Profile

UNKNOWN_COIN = "unknown"
"""Until the chain has said which coin a guarantee is in."""

DOUBTS = {
    "header": N_("this device has seen no block of the last 24 hours"),
    "seats": N_("this device does not know the boards that signed the allowance"),
    "certificate": N_("the payer's proof is older than 24 hours"),
    "frozen": N_("the payer's device is known to have spent twice"),
    "guarantee": N_("the fund's guarantee has too little left"),
    "day": N_("it is more than the fund covers for one shop on one day"),
}


@console.group(name="offline", help=N_("Pay and be paid where there is no network."))
def group() -> None:
    pass


# With a node.


@group.command(name="allow", help=N_("Set coin aside to pay one shop without a network."))
@click.argument("address")
@click.argument("amount", type=console.AMOUNT)
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@click.option(
    "--place",
    type=click.IntRange(0, 65_535),
    help=N_("At which of the seller's places; default: the only one."),
)
@DRY_RUN
@wallet_command
def allow(
    settings: Settings,
    wallet: str | None,
    address: str,
    amount: int,
    coin: str | None,
    place: int | None,
    dry_run: bool,
) -> None:
    from chain.money import Cents
    from governance_contracts.offline.offline import OpenAllowance
    from wallet_cli.core import builder

    seller = account_of(profile_of(settings, wallet), address)
    session = converse(settings, wallet)
    account = session.account()
    chosen = choose_place(payee_of(session.client, address), place)
    if chosen is None:
        raise UserError(
            _("{address} has no place: only a shop's place can be paid offline.").format(
                address=address
            ),
            Exit.USAGE,
        )
    device = new_device(session, coin_of(account, coin), amount, (seller,), chosen)
    args = OpenAllowance(
        session.profile.account,
        device.kept.coin,
        seller,
        chosen,
        device.kept.device,
        device.proof,
        Cents(amount),
    )
    call = checked_call(builder.call("offline", "open", args), args)
    set_aside(session, account, call, device, {"seller": address, "place": chosen}, dry_run)


@group.command(
    name="allow-any", help=N_("Set coin aside to pay any seller; a fund answers for you.")
)
@click.argument("guarantee", type=click.IntRange(1))
@click.argument("amount", type=console.AMOUNT)
@DRY_RUN
@wallet_command
def allow_any(
    settings: Settings, wallet: str | None, guarantee: int, amount: int, dry_run: bool
) -> None:
    from chain.money import Cents
    from governance_contracts.offline.general import OpenGeneral
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    device = new_device(session, UNKNOWN_COIN, amount, (), 0)
    args = OpenGeneral(
        session.profile.account, guarantee, device.kept.device, device.proof, Cents(amount)
    )
    call = checked_call(builder.call("offline", "open_general", args), args)
    set_aside(session, session.account(), call, device, {"guarantee": guarantee}, dry_run)


@dataclass(frozen=True, slots=True)
class Device:
    """A new key of this device, and the proof that it is held."""

    kept: Kept
    proof: bytes


def new_device(
    session: Session, coin: str, amount: int, seller: tuple[bytes, ...], place: int
) -> Device:
    from chain import crypto
    from chain.money import Cents
    from governance_contracts.people.keys import prove_possession
    from wallet_cli.core.offline import device_seed
    from wallet_cli.offline.store import Kept

    nonce = os.urandom(16)
    seed = device_seed(session.opened.seed, nonce)
    key = crypto.public_key(seed)
    status, payer = session.status, session.profile.account
    proof = prove_possession(seed, status.chain, status.epoch, payer)
    kept = Kept(0, nonce, key, coin, Cents(amount), 0, seller, place, Cents(0), 0, (), (), False)
    return Device(kept, proof)


def set_aside(
    session: Session, account: Answer, call: Call, device: Device, told: Answer, dry_run: bool
) -> None:
    """Note the device's key, have the chain lock the coin, fetch the proof to carry along."""
    from wallet_cli.offline.store import opened

    if not dry_run:
        with opened(home_of(session.settings), session.profile) as store:
            store.put(device.kept)
    amount = int(device.kept.amount)
    told = {"amount_cents": amount, "amount": format_cents(amount), **told}
    text = _(
        "{amount} is set aside on this device. `wallet offline allowances` shows it; what is not "
        "paid comes back by itself."
    ).format(**told)
    carry(session, account, (call,), told, text, dry_run)
    if not dry_run:
        refresh(session)


@group.command(name="sync", help=N_("Fetch what this device needs before the network is gone."))
@wallet_command
def sync(settings: Settings, wallet: str | None) -> None:
    from wallet_cli.sending import clock

    data = refresh(converse(settings, wallet))
    text = _("Up to date with block {height}, {moment}. Guarantees hold for 24 hours.").format(
        height=data["height"], moment=clock(data["time_ms"])
    )
    out(settings, data, text)


@group.command(name="settle", help=N_("Hand in what you took offline; credits your account."))
@wallet_command
def settle(settings: Settings, wallet: str | None) -> None:
    from wallet_cli.core.offline import double_in
    from wallet_cli.offline.settling import settle_taking
    from wallet_cli.offline.store import opened

    session = converse(settings, wallet)
    home = home_of(settings)
    refresh(session)
    rows: list[Answer] = []
    with opened(home, session.profile) as store:
        for taking in store.purse.takings:
            rows += settle_taking(session, store, taking)
            if double_in(taking.payments):
                console.note(
                    _("Allowance {number}: its device spent twice.").format(
                        number=taking.certificate.number
                    )
                )
    credited = sum(row["credited_cents"] for row in rows)
    lines = [
        _("allowance {allowance}: {text}").format(allowance=r["allowance"], text=r["text"])
        for r in rows
    ]
    lines.append(_("Credited in all: {amount}").format(amount=format_cents(credited)))
    out(settings, {"credited_cents": credited, "payments": rows}, "\n".join(lines))


@group.command(name="release", help=N_("Say that you expect no more of an allowance."))
@click.argument("allowance", type=click.IntRange(1))
@DRY_RUN
@acting_command
def release(settings: Settings, wallet: str | None, allowance: int, dry_run: bool) -> None:
    from governance_contracts.offline.offline import Release
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = Release(allowance)
    call = checked_call(builder.call("offline", "release", args), args)
    text = _("The rest of allowance {number} is its payer's again.").format(number=allowance)
    carry(session, session.account(), (call,), {"allowance": allowance}, text, dry_run)


# Without a node.


@group.command(name="allowances", help=N_("What this device can pay offline, and to whom."))
@wallet_command
def allowances(settings: Settings, wallet: str | None) -> None:
    from wallet_cli.offline.store import opened
    from wallet_cli.sending import clock

    profile = profile_of(settings, wallet)
    with opened(home_of(settings), profile) as store:
        rows = [shown(profile, kept) for kept in store.purse.allowances if usable(kept)]
    lines = [
        _("{number}: {left} of {amount} {coin} left, until {moment}, {whom}").format(
            **row,
            moment=clock(row["until_ms"]),
            whom=_("for {seller}, place {place}").format(**row)
            if row["seller"]
            else _("for any seller"),
        )
        for row in rows
    ]
    out(settings, rows, "\n".join(lines) or _("Nothing is set aside on this device."))


@group.command(name="pay", help=N_("Pay from this device: text and QR for the seller's device."))
@click.argument("allowance", type=click.IntRange(1))
@click.argument("amount", type=console.AMOUNT)
@click.option("--to", metavar="ADDRESS", help=N_("The seller, if the allowance is for anybody."))
@click.option("--place", type=click.IntRange(0, 65_535), default=0, help=N_("The seller's place."))
@click.option("--short", is_flag=True, help=N_("For a seller who has this allowance already."))
@click.option("--no-qr", is_flag=True, help=N_("Text only."))
@wallet_command
def pay(
    settings: Settings,
    wallet: str | None,
    allowance: int,
    amount: int,
    to: str | None,
    place: int,
    short: bool,
    no_qr: bool,
) -> None:
    from wallet_cli.core.offline import device_seed, sign_payment
    from wallet_cli.offline.paying import next_payment
    from wallet_cli.offline.store import opened

    profile = profile_of(settings, wallet)
    payee = None if to is None else account_of(profile, to)
    with opened(home_of(settings), profile) as store:
        kept = store.allowance(allowance)
        payment = next_payment(kept, amount, payee, place, now_ms())
        secret = device_seed(unlock(settings, profile).seed, kept.nonce)
        signed = sign_payment(profile.chain, profile.epoch, payment, secret)
        paid = replace(kept, paid=payment.total, sequence=kept.sequence + 1, last=(signed,))
        store.put(paid)  # before anybody sees the payment
    show_token(settings, paid, amount, short=short, no_qr=no_qr)


@group.command(name="last", help=N_("Show the last payment again, if the seller did not get it."))
@click.argument("allowance", type=click.IntRange(1))
@click.option("--no-qr", is_flag=True, help=N_("Text only."))
@wallet_command
def last(settings: Settings, wallet: str | None, allowance: int, no_qr: bool) -> None:
    """A payment that was made and not shown is part of the next total: show it before paying on."""
    from wallet_cli.offline.store import opened

    with opened(home_of(settings), profile_of(settings, wallet)) as store:
        kept = store.allowance(allowance)
    if not kept.last:
        raise UserError(_("Nothing was paid yet out of this allowance."), Exit.USAGE)
    show_token(settings, kept, None, short=False, no_qr=no_qr)


def show_token(
    settings: Settings, kept: Kept, amount: int | None, *, short: bool, no_qr: bool
) -> None:
    """The last payment as text, and on a terminal as a QR code."""
    from wallet_cli.core.offline import Token, write_token

    text = write_token(Token(kept.last[0], () if short else kept.certificate))
    data = {
        "token": text,
        "allowance": kept.number,
        "amount_cents": amount,
        "amount": None if amount is None else format_cents(amount),
        "paid_cents": int(kept.paid),
        "left_cents": int(kept.amount - kept.paid),
    }
    said = text
    if not no_qr and not settings.json and sys.stdout.isatty():
        from wallet_cli.qr import draw_if_it_fits

        said = f"{draw_if_it_fits(text)}\n{text}".lstrip("\n")
    out(settings, data, said)


@group.command(name="accept", help=N_("Take a payment from another device, with no network."))
@click.argument("token")
@wallet_command
def accept(settings: Settings, wallet: str | None, token: str) -> None:
    """TOKEN is the text that the payer's device shows, or - to read it."""
    from wallet_cli.offline.store import opened

    profile = profile_of(settings, wallet)
    _address = profile.address
    home = home_of(settings)
    with opened(home, profile) as store:
        verdict = _judged(store, settings, profile, sys.stdin.read() if token == "-" else token)
        store.put_taking(verdict.taking)
    data = {
        "allowance": verdict.taking.certificate.number,
        "amount_cents": verdict.amount,
        "amount": format_cents(verdict.amount),
        "coin": verdict.coin,
        "guaranteed": not verdict.doubts,
        "doubts": list(verdict.doubts),
    }
    said = _("{amount} {coin}: guaranteed. Settle it when there is a network again.")
    if verdict.doubts:
        said = _("{amount} {coin}: NOT GUARANTEED, because {reasons}.")
    reasons = "; ".join(_(DOUBTS[doubt]) for doubt in verdict.doubts)
    out(settings, data, said.format(reasons=reasons, **{k: data[k] for k in ("amount", "coin")}))


def _judged(store: Store, settings: Settings, profile: Profile, text: str) -> Verdict:
    """Raises UserError (findings): the payment is none."""
    from chain.light import Clock, Forked
    from wallet_cli import trust
    from wallet_cli.core.offline import judge, read_token
    from wallet_cli.offline.paying import taken_today

    home = home_of(settings)
    try:
        read = read_token(text)
        known = store.taking(read.signed.payment.allowance)
        verdict = judge(
            read,
            profile.account,
            known,
            taken_today(store.purse.takings, now_ms()),
            trust.remembered(home, profile),
            (profile.chain, profile.epoch),
            Clock(now_ms(), trust.TRUST_MS),
        )
    except Malformed as error:
        raise UserError(
            _("Nothing was paid: {reason}. Do not hand anything over.").format(reason=error),
            Exit.FINDINGS,
        ) from None
    except Forked as forked:
        raise trust.fork_found(home, forked) from None
    if verdict.trusted is not None:
        trust.remember(home, profile, verdict.trusted)
    return verdict
