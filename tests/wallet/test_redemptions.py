"""Euros back: from the holder's wallet, sealed, by the desk and two of the board, to the bank."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from xmlschema import XMLSchema

from auditor.bank import sealed
from auditor.bank.orders import order_id
from auditor.bank.pain_check import check_payments
from auditor.bank.writer import Movement
from chain.rules import DAY_MS
from governance_contracts.bank.redemption import NotWaiting
from tests.wallet.conftest import Wallet
from tests.wallet.fake_node import Node
from tests.wallet.test_reserve import OWED, Desk, told
from tests.wallet.village import COIN, W1

IBAN = "NL91 ABNA 0417 1643 00"
PLAIN = "NL91ABNA0417164300"
OTHER = "DE87200500001234567890"
BOARD = ("--as-board", W1, "--motivation", "terug naar euro", "-o", "json")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "OPERATIONS", 1)
    monkeypatch.setattr(sealed, "MEMORY_BYTES", 8192)


@pytest.fixture
def desk(tmp_path: Path, node: Node, people: None, wallet: Wallet) -> Desk:
    """Every coin of the village is covered, and the desk's key stands on the chain."""
    desk = Desk(tmp_path, node)
    cover = Movement(OWED, True, reference=desk.reference("--cover"))
    (attestation,) = desk.run("import", desk.file(cover))["files"]
    for who in ("ada", "dee"):
        told(wallet("reserve", "attest", attestation, "-o", "json", as_=who))
    decide(wallet, "desk", desk.run("desk")["key"], "--coin", COIN)
    return desk


def decide(wallet: Wallet, *words: str) -> Any:
    """Proposed by ada, approved by bob, both of the board."""
    proposed = told(wallet("reserve", *words, *BOARD, as_="ada"))
    return told(wallet("board", "approve", proposed["proposal"], "-y", "-o", "json", as_="bob"))


def redeem(wallet: Wallet, amount: str, iban: str = IBAN, as_: str = "ada") -> Any:
    name = ("--name", "A. de Vries-Çelik")
    return told(wallet("redeem", amount, "--iban", iban, *name, "-o", "json", as_=as_))


def prepared(desk: Desk, *more: str, code: int = 0) -> Any:
    out = str(desk.folder / "export.json")
    return desk.run("export", "--out", out, "--name", "Reserve Linde", *more, code=code)


def refusal(answer: Any) -> str:
    return str(answer["error"]["message"])


@pytest.mark.parametrize("version", ["03", "09"])
def test_from_the_wallet_to_the_banks_file(
    desk: Desk, wallet: Wallet, node: Node, version: str
) -> None:
    asked = redeem(wallet, "12,50")
    assert (asked["destination_sent"], asked["iban"]) == (True, PLAIN)
    number = asked["redemption"]
    pairs = node.village.store.pairs
    assert PLAIN.encode() not in b"".join([*pairs, *pairs.values(), *node.boxes.values()])

    (waiting,) = desk.run("collect")["waiting"]
    assert (waiting["amount_cents"], waiting["problem"]) == (12_50, None)
    export = prepared(desk, "--version", version)
    out = str(desk.folder / "payments.xml")
    early = desk.run("release", export["name"], "--out", out, code=1)
    assert "when the board has approved" in refusal(early)

    decide(wallet, "export", export["out"])
    handed = desk.run("release", export["name"], "--out", out)
    assert (handed["payments"], handed["total_cents"]) == (1, 12_50)
    data = Path(out).read_bytes()
    schema = f"pain.001.001.{version}.xsd"
    XMLSchema(str(files("sepaxml") / "schemas" / schema)).validate(data.decode())
    (payment,) = check_payments(data).payments
    id = order_id(node.village.chain, COIN, number)
    assert (payment.id, payment.amount, payment.iban) == (id, 12_50, PLAIN)
    assert b"A. de Vries-Celik" in data
    assert Path(out).stat().st_mode & 0o077 == 0
    assert desk.run("check", out)["total_cents"] == 12_50
    for path in (desk.folder / "reserve").rglob("*"):
        assert not path.is_file() or PLAIN.encode() not in path.read_bytes()

    again = desk.run("release", export["name"], "--out", out, code=1)
    assert "handed out already" in refusal(again)
    desk.run("release", export["name"], "--again", "--out", out)
    assert Path(out).read_bytes() == data

    paid = desk.file(Movement(12_50, False, end_to_end=id, iban=PLAIN), name="paid.xml")
    (attestation,) = desk.run("import", paid)["files"]
    for who in ("ada", "dee"):
        told(wallet("reserve", "attest", attestation, "-o", "json", as_=who))
    assert desk.run("collect")["waiting"] == []
    assert not list((desk.folder / "reserve" / "desk").glob("*")), "the number is not kept"
    late = desk.run("release", export["name"], "--again", "--out", out, code=1)
    assert "it is settled" in refusal(late)


def test_a_file_is_handed_out_for_two_days(desk: Desk, wallet: Wallet, node: Node) -> None:
    redeem(wallet, "1")
    export = prepared(desk)
    decide(wallet, "export", export["out"])
    node.village.block([], 2 * DAY_MS + 1)
    late = desk.run("release", export["name"], "--out", str(desk.folder / "p.xml"), code=1)
    assert "more than two days ago" in refusal(late)


def test_taken_back_before_the_board_decides(desk: Desk, wallet: Wallet) -> None:
    number = redeem(wallet, "5")["redemption"]
    export = prepared(desk)
    dry = wallet("cancel-redemption", str(number), "--dry-run", "-o", "json", as_="ada")
    assert told(dry)["dry_run"]
    told(wallet("cancel-redemption", str(number), "-o", "json", as_="ada"))
    refused = wallet("cancel-redemption", str(number), "-o", "json", as_="ada")
    assert refused.exit_code == 3
    assert json.loads(refused.stdout)["error"]["code"] == NotWaiting.code
    assert decide(wallet, "export", export["out"])["proposal_refusal"]["name"] == "NotWaiting"
    desk.run("release", export["name"], "--out", str(desk.folder / "p.xml"), code=1)
    assert "nothing to export" in refusal(prepared(desk, code=1))


def test_a_destination_that_did_not_arrive_is_sent_again(
    desk: Desk, wallet: Wallet, node: Node
) -> None:
    number = redeem(wallet, "5")["redemption"]
    node.boxes.clear()
    (waiting,) = desk.run("collect")["waiting"]
    assert waiting["problem"] == "missing"
    assert "nothing to export" in refusal(prepared(desk, code=1))
    assert "not known here" in refusal(prepared(desk, "--redemption", str(number), code=1))
    sent = told(wallet("destination", str(number), "-o", "json", as_="ada"))
    assert (sent["destination_sent"], sent["iban"]) == (True, PLAIN)
    assert desk.run("collect")["waiting"][0]["problem"] is None
    assert wallet("destination", str(number), as_="bob").exit_code == 1
    assert wallet("destination", "99", as_="ada").exit_code == 1


def test_without_a_desk_it_goes_by_letter(
    wallet: Wallet, node: Node, people: None, tmp_path: Path
) -> None:
    asked = redeem(wallet, "5")
    assert not asked["destination_sent"]
    number, salt = str(asked["redemption"]), asked["salt"]
    by_hand = Desk(tmp_path, node)
    assert "desk" in refusal(by_hand.run("collect", code=1))
    decide(wallet, "desk", by_hand.run("desk")["key"], "--coin", COIN)
    for iban, other, words in (
        (OTHER, salt, "not what the chain commits to"),
        (PLAIN, "00" * 16, "not what the chain commits to"),
    ):
        answer = by_hand.run("destination", number, "--iban", iban, "--salt", other, code=1)
        assert words in refusal(answer)
    by_hand.run("destination", number, "--iban", PLAIN, "--salt", "zz", code=2)
    by_hand.run("destination", number, "--iban", PLAIN[:-1] + "1", "--salt", salt, code=2)
    by_hand.run("destination", "99", "--iban", PLAIN, "--salt", salt, code=1)
    by_hand.run("destination", number, "--iban", IBAN, "--salt", salt)
    assert by_hand.run("collect")["waiting"][0]["problem"] is None


def test_a_box_with_another_account_than_the_chain_commits_to_pays_nobody(
    desk: Desk, wallet: Wallet, node: Node
) -> None:
    from auditor.bank.desk import Destination, seal_destination

    number = redeem(wallet, "5")["redemption"]
    key = bytes.fromhex(desk.run("desk")["key"])
    for spoilt in (
        seal_destination(key, Destination(number, OTHER, bytes(16))),
        node.boxes[number][:-1],
        b"",
    ):
        node.boxes[number] = spoilt
        assert desk.run("collect")["waiting"][0]["problem"] == "wrong"
        assert "nothing to export" in refusal(prepared(desk, code=1))


def test_an_export_for_another_chain_or_damaged_is_not_signed(
    desk: Desk, wallet: Wallet, tmp_path: Path
) -> None:
    redeem(wallet, "5")
    export = json.loads(Path(prepared(desk)["out"]).read_text())
    file = tmp_path / "other.json"
    for change, words in (
        ({"chain_id": "00" * 32}, "another chain"),
        ({"redemptions": ["x"]}, "is damaged"),
        ({"file": 7}, "is damaged"),
        ({"call": "reserve.mint"}, ""),
    ):
        file.write_text(json.dumps(export | change))
        result = wallet("reserve", "export", str(file), *BOARD, as_="ada")
        assert result.exit_code == 2
        assert words in result.output


def test_one_of_several_and_the_same_one_named_twice(desk: Desk, wallet: Wallet) -> None:
    first, second = redeem(wallet, "5")["redemption"], redeem(wallet, "6")["redemption"]
    one = prepared(desk, "--redemption", str(second), "--redemption", str(second))
    assert one["redemptions"] == [second]
    assert prepared(desk)["redemptions"] == [first, second]
    prepared(desk, "--redemption", "99", code=1)
    names = refusal(desk.run("release", "SCNOTHING", "--out", "p.xml", code=2))
    assert one["name"] in names
    desk.run("release", "../reserve", "--out", "p.xml", code=2)


def test_check_says_everything_that_is_wrong(desk: Desk, wallet: Wallet, tmp_path: Path) -> None:
    file = tmp_path / "bad.xml"
    for data in (b"", b"<a/>", b'<!DOCTYPE x [<!ENTITY a "b">]><a/>', b"\xff\xfe<"):
        file.write_bytes(data)
        assert desk.run("check", str(file), code=1)["error"]["faults"]
    desk.run("check", str(tmp_path / "nothing.xml"), code=2)


def test_given_back_when_five_days_of_statements_do_not_show_it(
    desk: Desk, wallet: Wallet, node: Node
) -> None:
    number = str(redeem(wallet, "5")["redemption"])
    decide(wallet, "export", prepared(desk)["out"])
    early = decide(wallet, "reject", number)
    assert early["proposal_refusal"]["name"] == "MayStillBePaid"
    node.village.block([], 7 * DAY_MS)
    path = desk.folder / "nothing.xml"
    with path.open("wb") as file:
        desk.bank.write(file, [], "2026-09-27")
    (attestation,) = desk.run("import", str(path))["files"]
    for who in ("ada", "dee"):
        told(wallet("reserve", "attest", attestation, "-o", "json", as_=who))
    decide(wallet, "reject", number)
    history = wallet("history", "--limit", "3", as_="ada").output
    assert "5,00" in history
    assert refusal(prepared(desk, "--redemption", number, code=1)).endswith("it is bounced.")
