"""Telling the reserve's desk where the euros of a redemption go: sealed, and never on the chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from genesis.console import UserError, _
from wallet_cli.client import Answer, ApiError
from wallet_cli.openings import read_openings

if TYPE_CHECKING:
    from wallet_cli.desk import Session


def number_of(session: Session, transaction: bytes) -> int | None:
    """The redemption that a transaction of this account asked for."""
    from wallet_cli.commands.read import _read_receipt

    try:
        found = _read_receipt(session, transaction, False, None)
    except UserError:
        return None
    for event in found["events"]:
        if event["name"] == "RedemptionRequested":
            return int(event["fields"]["redemption"])
    return None


def send(session: Session, coin: str, redemption: int, iban: str, salt: bytes, name: str) -> bool:
    """Seal it to the desk and hand it to the node. False if the coin has no desk, or this node
    does not take it: then it goes to the office by letter."""
    from auditor.bank.desk import Destination, seal_destination

    try:
        key = session.client.get(f"/v1/coins/{coin}/desk").get("key")
        if not isinstance(key, str):
            return False
        box = seal_destination(bytes.fromhex(key), Destination(redemption, iban, salt, name))
        session.client.post(
            f"/v1/accounts/{session.profile.address}/destinations",
            {"coin": coin, "redemption": redemption, "box": box.hex()},
        )
    except (ApiError, ValueError):
        return False
    return True


def told(sent: bool, redemption: int | None, iban: str, salt: bytes) -> tuple[Answer, str]:
    """Fields for scripts and a sentence: did it reach the desk?"""
    fields: Answer = {"redemption": redemption, "destination_sent": sent}
    if sent:
        return fields, _("The desk of the reserve has the account number, sealed.")
    return fields, _(
        "The desk could not be reached through this node. Give the office of your wijk redemption "
        "{number}, the account number {iban} and the salt {salt}; or try again later with "
        "`socialcoin wallet destination {number}`."
    ).format(number="?" if redemption is None else redemption, iban=iban, salt=salt.hex())


def kept_opening(home: Path, wallet: str, commitment: str) -> tuple[str, bytes] | None:
    """Text and salt behind a commitment that this wallet made."""
    for line in read_openings(home, wallet):
        if line.get("commitment") == commitment:
            return str(line["text"]), bytes.fromhex(str(line["salt"]))
    return None


def note_number(home: Path, wallet: str, redemption: int, coin: str, commitment: bytes) -> None:
    """Remember which commitment belongs to a redemption; a failure loses no money."""
    line = {"redemption": redemption, "coin": coin, "commitment": commitment.hex()}
    try:
        with (home / f".{wallet}.redemptions").open("a") as file:
            file.write(json.dumps(line) + "\n")
    except OSError:
        return


def noted(home: Path, wallet: str, redemption: int) -> tuple[str, str] | None:
    """Coin and commitment of a redemption that this wallet asked for."""
    try:
        lines = (home / f".{wallet}.redemptions").read_text().splitlines()
    except OSError:
        return None
    for text in reversed(lines):
        try:
            line = json.loads(text)
            if line["redemption"] == redemption:
                return str(line["coin"]), str(line["commitment"])
        except (ValueError, KeyError, TypeError):
            continue
    return None
