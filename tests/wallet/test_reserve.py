"""A bank's file becomes coin: the treasurer imports it, attestors and the board sign."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.bank import sealed
from auditor.bank.writer import Account, Movement, charge, interest
from tests.wallet.conftest import Wallet
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, W1
from wallet_cli.main import root

IBAN = "NL91ABNA0417164300"
DAY = "2026-09-20"
OWED = 5_150_00
"""What the village's founders hold, without a euro behind it."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "OPERATIONS", 1)
    monkeypatch.setattr(sealed, "MEMORY_BYTES", 8192)


class Desk:
    """The treasurer: a reserve's home, a bank, and the commands as they are typed."""

    def __init__(self, folder: Path, node: Node) -> None:
        self.folder, self.node = folder, node
        self.bank = Account(IBAN)
        zeros = bytes(32).hex()  # what the village's document names as its account
        self.run("init", "--coin", COIN, "--iban", "NL91 ABNA 0417 1643 00", "--commitment", zeros)

    def run(self, *words: str, code: int = 0) -> Any:
        """The answer as JSON, or the error if another exit code is expected."""
        home = ["--home", str(self.folder / "reserve"), "--node", self.node.url, "-o", "json"]
        result = CliRunner().invoke(root, ["node", "reserve", *words, *home])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def reference(self, *who: str) -> str:
        return str(self.run("reference", *who)["reference"])

    def file(self, *movements: Movement, name: str = "statement.xml") -> str:
        out = BytesIO()
        self.bank.write(out, movements, DAY)
        path = self.folder / name
        path.write_bytes(out.getvalue())
        return str(path)


@pytest.fixture
def desk(tmp_path: Path, node: Node, people: None) -> Desk:
    return Desk(tmp_path, node)


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_from_the_banks_file_to_coin(desk: Desk, wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    file = desk.file(
        Movement(OWED, True, reference=desk.reference("--cover")),
        Movement(12_50, True, reference=desk.reference(bob), name="B. Bakker", iban=IBAN),
        Movement(3_00, True, text="geen idee"),
        interest(1),
        charge(1),
    )
    made = desk.run("import", file)
    assert made["status"] == "new"
    assert made["kinds"]["deposit"] == {"count": 1, "cents": 12_50}
    assert made["unattributed"][0]["amount_cents"] == 3_00
    attestation, mints = made["files"]

    assert desk.run("import", file)["status"] == "again"
    dry = wallet("reserve", "attest", attestation, "--dry-run", "-o", "json", as_="ada")
    assert told(dry)["dry_run"]
    assert told(wallet("reserve", "attest", attestation, "-o", "json", as_="ada"))["sequence"] == 1
    told(wallet("reserve", "attest", attestation, "-o", "json", as_="dee"))
    assert told(wallet("reserve", "attest", attestation, "-o", "json", as_="stad"))["status"] == (
        "booked"
    )
    assert desk.run("import", file)["status"] == "attested"

    board = ("--as-board", W1, "--motivation", "stortingen van vandaag", "-o", "json")
    proposed = told(wallet("reserve", "mint", mints, *board, as_="ada"))
    assert proposed["mints"] == 1
    told(wallet("board", "approve", proposed["proposal"], "-y", "-o", "json", as_="bob"))
    status = told(wallet("reserve", "status", COIN, "-o", "json", as_="ada"))
    assert status["liabilities_cents"] == OWED + 12_50
    assert status["unattributed_cents"] == 3_00
    assert [line["kind"] for line in status["open_lines"]] == ["unattributed"]
    assert told(wallet("reserve", "mint", mints, *board, as_="ada"))["status"] == "done"


def test_a_credit_that_somebody_claims_later(desk: Desk, wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    cover = Movement(OWED, True, reference=desk.reference("--cover"))
    (attestation,) = desk.run("import", desk.file(cover, Movement(3_00, True, text="?")))["files"]
    for who in ("ada", "dee"):
        told(wallet("reserve", "attest", attestation, "-o", "json", as_=who))
    file = desk.run("attribute", "1/2", bob)["file"]
    board = ("--as-board", W1, "--motivation", "van Bob", "-o", "json")
    for command in ("attribute", "mint"):
        proposed = told(wallet("reserve", command, file, *board, as_="ada"))
        told(wallet("board", "approve", proposed["proposal"], "-y", "-o", "json", as_="bob"))
    status = told(wallet("reserve", "status", COIN, "-o", "json", as_="ada"))
    assert (status["liabilities_cents"], status["unattributed_cents"]) == (OWED + 3_00, 0)
    assert desk.run("attribute", "1/1", bob, code=1)["error"]["message"]


def test_what_an_auditor_needs_is_sealed(desk: Desk, tmp_path: Path) -> None:
    desk.run("import", desk.file(Movement(1, True, name="B. Bakker", iban=IBAN)))
    opened = tmp_path / "2026.openings"
    answer = desk.run("disclose", "--year", "2026", str(opened))
    assert (answer["lines"], answer["sealed"]) == (1, True)
    for path in (tmp_path / "reserve").rglob("*.sealed"):
        assert IBAN.encode() not in path.read_bytes()
    assert sealed.is_sealed(opened.read_bytes())
    assert opened.stat().st_mode & 0o077 == 0
    desk.run("disclose", "--year", "2026", "--plain", str(opened))
    assert IBAN.encode() in opened.read_bytes()
    desk.run("disclose", "--year", "2019", str(opened), code=1)


def test_files_that_prove_nothing_are_refused_and_change_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    good = Path(desk.file(Movement(5, True)))
    for change, why in (
        ((b"camt.053", b"camt.054"), "message"),
        ((b">0.05</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>",
          b">0.06</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>"), "sum"),
        ((IBAN.encode(), b"NL20INGB0001234567"), "account"),
        ((b'"EUR"', b'"CHF"'), "currency"),
    ):  # fmt: skip
        bad = tmp_path / "bad.xml"
        bad.write_bytes(good.read_bytes().replace(*change))
        assert desk.run("import", str(bad), code=1)["error"]["why"] == why
    assert desk.run("import", str(good))["status"] == "new"


def test_statements_come_in_order_and_none_is_left_out(desk: Desk) -> None:
    first = desk.file(Movement(5, True), name="1.xml")
    second = desk.file(Movement(6, True), name="2.xml")
    third = desk.file(Movement(7, True), name="3.xml")
    desk.run("import", first)
    assert desk.run("import", third, code=1)["error"]["why"] == "opening"
    desk.run("import", second)
    assert [one["sequence"] for one in desk.run("import", third)["statements"]] == [3]


def test_two_attestors_who_import_the_same_statement_make_the_same_bytes(
    desk: Desk, tmp_path: Path, node: Node
) -> None:
    import shutil

    reference = desk.reference(node.village.address("bob"))
    shutil.copytree(tmp_path / "reserve", tmp_path / "other" / "reserve")
    file = desk.file(Movement(5, True, reference=reference), charge(2))
    other = Desk.__new__(Desk)
    other.folder, other.node = tmp_path / "other", node
    ours, theirs = desk.run("import", file), other.run("import", file)
    assert ours["statements"] == theirs["statements"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("reference",), 2),
        (("reference", "test1qqqq"), 2),
        (("import", "nothing.xml"), 2),
        (("init", "--coin", COIN, "--iban", "NL00ABNA0417164300"), 2),
        (("init", "--coin", COIN, "--iban", IBAN), 1),
        (("attribute", "1-1", "test1qqqq"), 2),
    ],
)
def test_mistakes_are_said(desk: Desk, words: tuple[str, ...], code: int) -> None:
    desk.run(*words, code=code)


def test_files_of_another_kind_are_not_signed(wallet: Wallet, people: None, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    for text in ("", "[]", "{}", '{"format": 1, "call": "reserve.mint"}', "\x00"):
        bad.write_text(text)
        assert wallet("reserve", "attest", str(bad), as_="ada").exit_code == 2
