"""Payout runs from files as spreadsheets save them: verdicts, refused lines, four eyes, twice."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.address import encode_address
from genesis.amounts import format_cents
from genesis.mistakes import UserError
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from wallet_cli.tables import cell_amount, read_table, write_table

pytestmark = pytest.mark.usefixtures("people")
STRANGER = encode_address("test", bytes(range(20)))


def run_file(tmp_path: Path, node: Node, text: str, encoding: str = "utf-8") -> str:
    file = tmp_path / "uitkering.csv"
    names = {name: node.village.address(name) for name in ("bob", "dee", "eef")}
    file.write_bytes(text.format(**names, stranger=STRANGER).encode(encoding))
    return str(file)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Address;Amount\r\n{bob};1.234,56\r\n{dee};12,5\r\n"),
        ("utf-16", "Address\tAmount\r\n{bob}\t1234,56\r\n{dee}\t12.50\r\n"),
        ("utf-16-le", "\ufeffAddress\tAmount\r\n{bob}\t1234,56\r\n{dee}\t12.50\r\n"),
        ("cp1252", "Address;Amount\r\n{bob};€ 1.234,56\r\n{dee};€ 12,50\r\n"),
        ("utf-8", 'address,amount\n{bob},"1.234,56"\n"{dee}","12,50"\n\n'),
        ("utf-8", "sep=;\r\naddress;amount;;\r\n{bob};1234,56;;\r\n{dee};12,5;;\r\n;;;\r\n"),
    ],
)
def test_files_as_spreadsheets_save_them(
    wallet: Wallet, node: Node, tmp_path: Path, encoding: str, text: str
) -> None:
    file = run_file(tmp_path, node, text, encoding)
    result = wallet("payout", file, "--dry-run", "-o", "json", as_="stad")
    assert result.exit_code in (0, 3), result.output
    told = answer(result) if result.exit_code == 0 else answer(result)["error"]
    assert [one["amount_cents"] for one in told["verdicts"]] == [123456, 1250]


@given(cents=st.integers(1, 10**12))
def test_amounts_are_read_as_they_are_written(cents: int) -> None:
    plain = format_cents(cents)
    whole, _, decimals = plain.partition(",")
    grouped = f"{int(whole):,}".replace(",", ".") + "," + decimals
    for text in (plain, grouped, f"€ {grouped}", plain.replace(",", ".")):
        assert cell_amount(text) == cents


@pytest.mark.parametrize("text", ["1.234", "1,234", "1.23.456,00", "12,345", "-5", "", "0", "1e3"])
def test_an_amount_that_reads_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        cell_amount(text)


@given(
    cells=st.lists(
        st.tuples(st.text('abcé€";,\t ', max_size=8), st.text("0123456789,", max_size=8)),
        max_size=5,
    ),
    separator=st.sampled_from([";", ",", "\t"]),
)
def test_a_table_that_was_written_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]], separator: str
) -> None:
    path = tmp_path_factory.mktemp("table") / "file.csv"
    path.write_bytes(write_table(("a", "b"), separator, [list(row) for row in cells]))
    found = [tuple(row.cells.values()) for row in read_table(path, ("a", "b"), ()).rows]
    assert found == [(a.strip(), b.strip()) for a, b in cells if (a + b).strip()]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04\x14\x00", "Save the table as CSV"),
        (b"\xff\xfe\x00", "Save the table as CSV"),
        (b"", "must name its columns"),
        (b"address;amount;amount\n", "must name its columns"),
        (b"address;amount;name\n", "must name its columns"),
        (b'address;amount\n"a;1\n', "has mistakes"),
        (b"x" * 2_000_001, "longer than 2 MB"),
    ],
)
def test_what_is_no_table_is_said_in_a_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with pytest.raises(UserError, match=sentence):
        read_table(path, ("address", "amount"), ())


RUN = "address;amount;reference\n{bob};12,50;\n{stranger};3;\n{dee};7,50;\n{stranger};1,5;\n"


def test_refused_lines_go_into_a_file_that_can_be_paid_later(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    file = run_file(tmp_path, node, RUN)
    result = wallet("payout", file, "--skip-refused", "-o", "json", as_="stad")
    assert result.exit_code == 0, result.output
    assert (answer(result)["lines"], answer(result)["refused"]) == (2, 2)
    assert answer(result)["amount_cents"] == 2000
    refused = tmp_path / "uitkering.refused.csv"
    with refused.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.reader(text, delimiter=";"))
    assert rows[0] == ["address", "amount", "reference", "reason"]
    assert rows[1:] == [
        [STRANGER, "3", "", "NotRegistered"],
        [STRANGER, "1,5", "", "NotRegistered"],
    ]
    # As it is, it can be handed in again; and it is never written over.
    again = wallet("payout", str(refused), "--dry-run", as_="stad")
    assert again.exit_code == 3
    assert again.stdout.count("NotRegistered") == 2
    assert wallet("payout", file, "--skip-refused", as_="stad").exit_code == 2
    assert "/v1/dry-run" in node.seen


def test_a_file_is_not_paid_twice_by_accident(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    file = run_file(tmp_path, node, "address;amount\n{bob};12,50\n")
    first = wallet("payout", file, "-o", "json", as_="stad")
    same = run_file(tmp_path, node, 'Amount,Address\n12.5,"{bob}"\n'.replace("12.5", "12.50"))
    second = wallet("payout", same, as_="stad")
    assert second.exit_code == 2
    assert answer(first)["tx_id"] in second.stderr
    assert "--again" in second.stderr
    assert wallet("payout", same, "--again", as_="stad").exit_code == 0
    other = run_file(tmp_path, node, "address;amount\n{bob};12,51\n")
    assert wallet("payout", other, as_="stad").exit_code == 0


def test_a_refused_run_may_be_made_again(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    file = run_file(tmp_path, node, "address;amount\n{stranger};12,50\n")
    for _ in range(2):
        assert wallet("payout", file, as_="stad").exit_code == 3


def test_four_eyes(
    wallet: Wallet, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two(path: str, data: dict[str, Any]) -> None:
        if "account" in data:
            data["account"]["threshold"] = 2

    monkeypatch.setattr(node, "tamper", two)
    file = run_file(tmp_path, node, "address;amount\n{bob};12,50\n")
    result = wallet("payout", file, as_="stad")
    assert result.exit_code == 0, result.output
    sheet = tmp_path / "uitkering.tx.json"
    for step in (f"tx show {sheet}", f"tx sign {sheet}", "tx send signed.json", "Nothing is paid"):
        assert step in result.stdout
    assert "/v1/transactions" not in node.seen
    assert sheet.stat().st_mode & 0o777 == 0o600
    shown = wallet("tx", "show", str(sheet))
    assert shown.exit_code == 0
    assert node.village.address("bob") in shown.stdout
    assert wallet("tx", "send", str(sheet), as_="stad").exit_code == 0


def test_a_board_proposes_a_run(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    file = run_file(tmp_path, node, "address;amount\n{bob};0,50\n")
    result = wallet(
        "payout", file, "--as-board", "WK990001", "--coin", "LIN", "-o", "json", as_="ada"
    )
    assert result.exit_code == 0, result.output
    assert (answer(result)["lines"], answer(result)["proposal_status"]) == (1, "open")


def test_coin_for_a_group_of_shops_that_is_free_once_spent(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    ada, shop, far = (node.village.address(name) for name in ("ada", "shop", "far"))
    file = tmp_path / "tokens.csv"
    file.write_text(f"address;amount\n{ada};30,00\n")
    words = ("payout", str(file), "--payee", shop)
    assert wallet(*words, "--after", "soon", as_="stad").exit_code == 2
    assert wallet(*words, "--after", "0", as_="stad").exit_code == 2
    unknown = wallet(*words, "--after", "999", "-o", "json", as_="stad")
    assert (unknown.exit_code, answer(unknown)["error"]["name"]) == (3, "UnknownLot")
    assert wallet(*words, "--after", "free", as_="stad").exit_code == 0
    held = answer(wallet("balance", "-o", "json", as_="ada"))["coins"][0]
    (lot,) = [one["lot"] for one in held["lots"]]
    refused = wallet("pay", far, "5", "--lot", str(lot), "-o", "json", as_="ada")
    assert answer(refused)["error"]["name"] == "WrongCategory", refused.output
    assert wallet("pay", shop, "30", "--lot", str(lot), as_="ada").exit_code == 0
    got = answer(wallet("balance", "-o", "json", as_="shop"))["coins"][0]
    assert (got["free_cents"], got["lots"]) == (3_000, [])


def test_what_ran_out_goes_back_and_who_takes_over_a_fund(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    ada, shop, stad = (node.village.address(name) for name in ("ada", "shop", "stad"))
    file = tmp_path / "food.csv"
    file.write_text(f"address;amount\n{ada};30,00\n")
    assert wallet("payout", str(file), "--category", "food", as_="stad").exit_code == 0
    (lot,) = answer(wallet("balance", "-o", "json", as_="ada"))["coins"][0]["lots"]
    early = wallet("earmark", "reclaim", str(lot["lot"]), ada, "-o", "json", as_="shop")
    assert (early.exit_code, answer(early)["error"]["name"]) == (3, "NotExpired")
    alone = wallet("earmark", "successor", stad, shop, "-o", "json", as_="ada")
    assert (alone.exit_code, answer(alone)["error"]["name"]) == (3, "NotAuthorised")
