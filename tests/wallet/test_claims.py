"""Letters: written before coin is set aside, claimed by their code, safe over crashes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import Malformed
from genesis.mistakes import Exit, UserError
from tests.wallet.conftest import Wallet, answer
from tests.wallet.village import W1
from wallet_cli import sending
from wallet_cli.core.codes import SCHEME, grouped, read_code, write_code

pytestmark = pytest.mark.usefixtures("people")
FILE = "Name;Street;Town;Amount\nA. <de> Jong & zn;Dorpsstraat 1;1000 AA Dorp;25,00\nB. Bo;;;1,5\n"
SVG = "{http://www.w3.org/2000/svg}"


def text_of(path: Path) -> list[str]:
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return [node.text or "" for node in root.iter(f"{SVG}text")]


def code_of(path: Path) -> str:
    return " ".join(t for t in text_of(path) if re.fullmatch(r"[A-Z0-9]{4}  [A-Z0-9]{4}", t))


@pytest.fixture
def write(wallet: Wallet, tmp_path: Path) -> Any:
    def run(*more: str, text: str = FILE, folder: str = "out") -> Any:
        file = tmp_path / "brieven.csv"
        file.write_text(text, encoding="utf-8")
        return wallet(
            "claim", "letters", str(file), "--out", str(tmp_path / folder), "--sender", "Stad",
            "--office", "Loket Linden, Plein 1", *more, "-o", "json", as_="stad",
        )  # fmt: skip

    return run


def balance(wallet: Wallet, who: str) -> int:
    coins = answer(wallet("balance", "-o", "json", as_=who))["coins"]
    return sum(coin["free_cents"] for coin in coins)


def test_a_letter_is_written_and_claimed_by_its_code(
    wallet: Wallet, write: Any, tmp_path: Path
) -> None:
    before = balance(wallet, "dee")
    told = answer(write())
    assert (told["letters"], told["amount_cents"], told["status"]) == (2, 2650, "committed")
    letter = tmp_path / "out" / "letter-0002.svg"
    assert letter.stat().st_mode & 0o777 == 0o600
    assert letter.parent.stat().st_mode & 0o777 == 0o700
    said = text_of(letter)
    assert "A. <de> Jong & zn" in said
    assert "U krijgt 25,00 LIN" in said
    assert any("Loket Linden, Plein 1" in line for line in said)
    code = code_of(letter)
    result = wallet("claim", "take", *code.split(), as_="dee")
    assert result.exit_code == 0, result.output
    assert balance(wallet, "dee") == before + 2500
    again = wallet("claim", "take", code.replace(" ", ""), "-o", "json", as_="eef")
    assert answer(again)["error"]["name"] == "ClaimGone"


def test_bound_letters(wallet: Wallet, write: Any, tmp_path: Path) -> None:
    told = answer(write("--region", W1, "--expires", "2026-10-31"))
    assert told["until"] == "2026-10-31"
    letter = tmp_path / "out" / "letter-0003.svg"
    assert any(W1 in line for line in text_of(letter))
    assert wallet("claim", "take", code_of(letter), as_="dee").exit_code == 0


def test_codes_leave_the_journal_when_the_coin_is_set_aside(write: Any, tmp_path: Path) -> None:
    write()
    code = read_code("test", code_of(tmp_path / "out" / "letter-0002.svg"))
    assert code.hex() not in (tmp_path / "out" / ".letters.json").read_text()


def test_the_same_file_makes_no_second_letters(write: Any, tmp_path: Path) -> None:
    assert write().exit_code == 0
    before = (tmp_path / "out" / "letter-0002.svg").read_text()
    assert answer(write())["done_before"]
    assert (tmp_path / "out" / "letter-0002.svg").read_text() == before
    elsewhere = write(folder="other")
    assert elsewhere.exit_code == Exit.USAGE
    assert "--again" in elsewhere.stderr
    assert not list((tmp_path / "other").glob("letter*"))
    assert write(text=FILE.replace("25,00", "26,00")).exit_code == Exit.USAGE
    assert write("--again", folder="third").exit_code == 0


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_neither_loses_nor_doubles(
    wallet: Wallet,
    write: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """The connection breaks before the node has the transaction, or before its answer is here."""
    honest, had = sending.send, balance(wallet, "stad")

    def broken(client: Any, sheet: Any) -> Any:
        if moment == "after":
            honest(client, sheet)
        raise UserError("the node is gone", Exit.UNREACHABLE)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "send", broken)
        assert write().exit_code == Exit.UNREACHABLE
    written = code_of(tmp_path / "out" / "letter-0002.svg")
    assert write().exit_code == 0
    assert balance(wallet, "stad") == had - 2650
    assert code_of(tmp_path / "out" / "letter-0002.svg") == written
    assert wallet("claim", "take", written, as_="dee").exit_code == 0


def test_a_second_transaction_for_the_same_codes_is_no_second_payment(
    wallet: Wallet, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet lost sight of its first transaction; the chain takes a code once only."""
    from wallet_cli import letters

    honest, had = sending.send, balance(wallet, "stad")

    def broken(client: Any, sheet: Any) -> Any:
        honest(client, sheet)
        raise UserError("the node is gone", Exit.UNREACHABLE)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "send", broken)
        assert write().exit_code == Exit.UNREACHABLE
    journal = letters.read_journal(tmp_path / "out")
    assert journal is not None
    journal.sheet = None
    letters.keep_journal(tmp_path / "out", journal)
    assert write().exit_code == 0
    assert balance(wallet, "stad") == had - 2650


def test_a_run_without_coin_writes_nothing(write: Any, tmp_path: Path) -> None:
    result = write(text="name;amount\nA;90000000,00\n")
    assert (result.exit_code, answer(result)["error"]["name"]) == (3, "NotEnoughCoin")
    assert not list((tmp_path / "out").iterdir())


def test_a_board_proposes_letters(wallet: Wallet, tmp_path: Path) -> None:
    file, folder = tmp_path / "brieven.csv", tmp_path / "out"
    file.write_text(FILE, encoding="utf-8")
    result = wallet(
        "claim", "letters", str(file), "--out", str(folder), "--sender", "Wijk", "--office",
        "Loket", "--coin", "LIN", "--as-board", W1, "--motivation", "Welcome", "-o", "json",
        as_="ada",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (answer(result)["letters"], answer(result)["proposal_status"]) == (2, "open")


def test_mistakes_in_the_file_are_told_by_line(write: Any) -> None:
    result = write(text="name;amount\n;5\nA;1.234\n")
    assert result.exit_code == Exit.USAGE
    assert "line 2" in result.stderr
    assert "line 3" in result.stderr


def test_a_lost_letter_is_withdrawn(wallet: Wallet, write: Any, tmp_path: Path) -> None:
    had = balance(wallet, "stad")
    write()
    folder = str(tmp_path / "out")
    assert wallet("claim", "withdraw", folder, "--line", "9", as_="stad").exit_code == Exit.USAGE
    result = wallet("claim", "withdraw", folder, "--line", "2", as_="stad")
    assert result.exit_code == 0, result.output
    assert balance(wallet, "stad") == had - 150
    code = code_of(tmp_path / "out" / "letter-0002.svg")
    assert wallet("claim", "take", code, as_="dee").exit_code == Exit.REFUSED


# The code itself.


@given(code=st.binary(min_size=16, max_size=16))
def test_a_code_survives_being_typed(code: bytes) -> None:
    text = write_code("test", code)
    for typed in (
        text, " ".join(grouped(text)), "-".join(grouped(text.lower())), SCHEME + text,
        text.replace("0", "O").replace("L", "1").replace("8", "B"),
    ):  # fmt: skip
        assert read_code("test", f" {typed}\n") == code
    with pytest.raises(Malformed):
        read_code("other", text)


@given(
    code=st.binary(min_size=16, max_size=16),
    slips=st.dictionaries(
        st.integers(0, 31), st.sampled_from("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"), min_size=1,
        max_size=4,
    ),
)  # fmt: skip
def test_up_to_four_wrong_letters_are_always_found(code: bytes, slips: dict[int, str]) -> None:
    letters = list(write_code("test", code))
    before = list(letters)
    for place, letter in slips.items():
        letters[place] = letter
    if letters != before:
        with pytest.raises(Malformed, match="typing mistake"):
            read_code("test", "".join(letters))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("abcd", "32 letters"), ("q" * 31 + "?", "group 8"), ("Q" * 32, "typing mistake")],
)
def test_what_is_no_code(wallet: Wallet, code: str, sentence: str) -> None:
    result = wallet("claim", "take", code, as_="dee")
    assert result.exit_code == Exit.USAGE
    assert sentence in result.stderr
