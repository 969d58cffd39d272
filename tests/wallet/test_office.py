"""An office's stores: sealed, corrected, exported, erased with a certificate, kept by law."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chain.errors import Malformed
from genesis import sealed
from genesis.console import UserError
from tests.scanning import people_in, spellings, traces
from tests.wallet.conftest import Wallet
from wallet_cli.core import uniqueness
from wallet_cli.main import root
from wallet_cli.office import retention
from wallet_cli.office.commands_enrol import entered
from wallet_cli.office.person import bsns_in, checked, ibans_in
from wallet_cli.office.stores import Office

NAME, EMAIL, PHONE = "Zoë Kwikstaart", "zoe@kwikstaart.example", "0209876543"
IBAN, BSN = "NL91ABNA0417164300", "123456782"
PERSON = {"name": NAME, "email": EMAIL, "phone": PHONE, "text": "belt liever 's avonds"}
ADDRESS = "test1zoe"

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "OPERATIONS", 1)
    monkeypatch.setattr(sealed, "MEMORY_BYTES", 8192)
    for name, value in (("PASSPHRASE", "office"), ("FIRST", "one"), ("SECOND", "two")):
        monkeypatch.setenv(f"SOCIALCOIN_OFFICE_{name}", value)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "office")


@pytest.fixture
def run(office: Office) -> Run:
    def command(*words: str, input: str | None = None) -> Result:
        where = [] if words[0].startswith("unique") else ["--office", str(office.folder)]
        return CliRunner().invoke(root, ["office", *words, *where], input=input)

    return command


@pytest.fixture
def made(run: Run) -> dict[str, str]:
    words: dict[str, str] = good(run("init", "-o", "json"))
    return words


@pytest.fixture
def zoe(made: dict[str, str], office: Office) -> str:
    """A record as `enrol` makes it; its id. (Enrolling itself: tests/process/test_erasure.py.)"""
    return entered(office.open_service(), ADDRESS, "WK990001", checked(PERSON))[0]


def good(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_nothing_lies_open_on_the_disk(zoe: str, office: Office, run: Run) -> None:
    assert good(run("show", "Kwikst", "-o", "json"))["fields"] == PERSON
    assert traces([office.folder], {**PERSON, "account": ADDRESS}) == []
    for path in office.folder.rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o777 == 0o600, path


def test_a_record_is_corrected_and_exported_for_its_subject(
    zoe: str, run: Run, tmp_path: Path
) -> None:
    assert run("change", ADDRESS, "phone=0201112222", "text=").exit_code == 0
    shown = good(run("show", zoe, "-o", "json"))["fields"]
    assert shown == {"name": NAME, "email": EMAIL, "phone": "0201112222"}
    files = good(run("export", ADDRESS, "--to", str(tmp_path / "out"), "-o", "json"))["files"]
    data, text = (Path(file).read_text() for file in files)
    assert json.loads(data)["fields"] == shown
    assert NAME in text and "0201112222" in text
    assert good(run("verify", "-o", "json")) == {"records": 1}  # the commitment still opens


@pytest.mark.parametrize(
    "change",
    ["Name=x", "bsn=123456782", "text=mijn nummer is 1234.56.782 hoor", f"iban={IBAN}",
     "text=nl91 abna 0417 1643 00", "nothing", "text=" + "x" * 10_001],
)  # fmt: skip
def test_what_a_service_record_does_not_take(zoe: str, run: Run, change: str) -> None:
    result = run("change", ADDRESS, change)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


def test_who_is_meant(zoe: str, office: Office, run: Run) -> None:
    entered(office.open_service(), "test1zed", "WK990001", {"name": "Zed Kwikstaart"})
    assert run("show", "kwikstaart").exit_code == 2
    assert run("show", "nobody").exit_code == 2
    assert run("show", "zed").exit_code == 0
    rows = good(run("list", "-o", "json"))
    assert [row["name"] for row in rows] == ["Zed Kwikstaart", NAME]


def test_what_the_law_keeps_is_opened_by_two(
    zoe: str, run: Run, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = good(
        run("retain", f"iban={IBAN}", "--ground", "books", "--about", ADDRESS, "-o", "json")
    )
    assert kept["destroy_on"] == "2034-01-01"  # the village plays in 2026
    assert traces([office.folder], {"iban": IBAN}) == []
    opened = good(run("open", kept["record"], "-o", "json"))
    assert (opened["fields"], opened["account"]) == ({"iban": IBAN}, ADDRESS)
    for name in ("FIRST", "SECOND"):
        with monkeypatch.context() as patch:
            patch.setenv(f"SOCIALCOIN_OFFICE_{name}", "guessed")
            assert run("open", kept["record"]).exit_code == 4
    assert run("open", "f" * 32).exit_code == 2
    assert run("retain", "x=1", "--ground", "due-diligence").exit_code == 2
    mistyped = run("retain", f"iban={IBAN[:-1]}9", "--ground", "books")
    assert (mistyped.exit_code, "check digits" in mistyped.stderr) == (2, True)
    assert run("retain", f"x={BSN}", "--ground", "books").exit_code == 2


def test_a_sealing_key_that_was_replaced_is_found(zoe: str, run: Run, office: Office) -> None:
    kept = good(run("retain", "a=b", "--ground", "books", "-o", "json"))
    (office.retention / "public").write_text("11" * 32)
    assert run("open", kept["record"]).exit_code == 6


def test_the_sweep_destroys_by_date_and_not_before(
    zoe: str, run: Run, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = retention.add(
        office.retention, "books", {"account": None, "fields": {}}, date(2018, 5, 1)
    )
    new = retention.add(
        office.retention, "books", {"account": None, "fields": {}}, date(2020, 5, 1)
    )
    assert run("sweep", "--on", "2030-01-01").exit_code == 2
    for name in ("PASSPHRASE", "FIRST", "SECOND"):
        monkeypatch.delenv(f"SOCIALCOIN_OFFICE_{name}")
    assert good(run("sweep", "--on", "2025-12-31", "-o", "json")) == []
    swept = good(run("sweep", "-o", "json"))
    assert [row["record"] for row in swept] == [old.id]
    left = {path.name for path in office.retention.rglob("*") if len(path.name) == 32}
    assert left == {new.id}


def test_erasing_leaves_a_certificate_and_nothing_else(
    zoe: str, run: Run, office: Office, people: None, home: Path
) -> None:
    books = good(run("retain", f"iban={IBAN}", "--ground", "books", "--about", zoe, "-o", "json"))
    words = ("passport=seen", "--ground", "due-diligence", "--about", zoe, "-o", "json")
    file = good(run("retain", *words))
    assert file["destroy_on"] is None
    mine = ("--home", str(home), "--wallet", "ada")
    assert run("erase", ADDRESS, *mine).exit_code == 2  # off a terminal: -y
    done = good(run("erase", ADDRESS, "-y", *mine, "-o", "json"))
    assert done["retained"] == [
        {"record": books["record"], "ground": "books", "destroy_on": "2034-01-01"},
        {"record": file["record"], "ground": "due-diligence", "destroy_on": "2031-09-21"},
    ]
    assert run("show", ADDRESS).exit_code == 2
    assert good(run("list", "-o", "json")) == []
    assert traces([office.folder], {**PERSON, "iban": IBAN}) == []
    assert not list((office.service / "keys").iterdir())
    path = next(office.certificates.glob("*.json"))
    assert good(run("certificate", str(path), "-o", "json"))["key"] == done["key"]
    assert run("certificate", str(path), "--key", "00" * 32).exit_code == 6
    dutch = next(office.certificates.glob("*.nl.txt")).read_text()
    assert "Bewijs van wissing" in dutch and "2034-01-01" in dutch
    certificate = json.loads(path.read_text())
    for field, value in (("retained", []), ("erased_on", "2020-01-01"), ("text", {}), ("key", "")):
        path.write_text(json.dumps({**certificate, field: value}))
        assert run("certificate", str(path)).exit_code == 6, field


def test_a_damaged_or_swapped_record_is_found(zoe: str, run: Run, office: Office) -> None:
    other, _identity = entered(office.open_service(), "test1b", "WK990001", {"name": "B"})
    records = office.service / "records"
    (records / zoe).write_bytes((records / other).read_bytes())
    assert run("verify").exit_code == 6
    assert run("show", zoe).exit_code == 4


def test_a_crash_while_correcting_leaves_the_new_record(zoe: str, run: Run, office: Office) -> None:
    path = office.service / "records" / zoe
    path.rename(path.with_suffix(".new"))
    assert run("show", zoe).exit_code == 0


def test_a_lost_passphrase_comes_back_from_words(
    zoe: str, made: dict[str, str], run: Run, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = retention.add(
        office.retention, "books", {"account": None, "fields": {}}, date(2026, 1, 1)
    )
    monkeypatch.setenv("SOCIALCOIN_OFFICE_PASSPHRASE", "new")
    assert run("show", zoe).exit_code == 4
    assert run("recover", "service", input="not words\n").exit_code == 4
    assert run("recover", "service", input=made["first_words"] + "\n").exit_code == 4
    assert run("recover", "service", input=made["service_words"] + "\n").exit_code == 0
    assert run("show", zoe).exit_code == 0
    monkeypatch.setenv("SOCIALCOIN_OFFICE_SECOND", "newer")
    assert run("open", kept.id).exit_code == 4
    assert run("recover", "second", input=made["second_words"] + "\n").exit_code == 0
    assert run("open", kept.id).exit_code == 0


def test_a_passphrase_is_changed(
    zoe: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = good(run("retain", "a=b", "--ground", "books", "-o", "json"))["record"]
    new = tmp_path / "new"
    new.write_text("newer\n")
    for store, variable in (("service", "PASSPHRASE"), ("second", "SECOND")):
        assert run("passphrase", store).exit_code == 4
        assert run("passphrase", store, "--new-file", str(new)).exit_code == 0
        assert run("passphrase", store, "--new-file", str(new)).exit_code == 4  # the old is gone
        monkeypatch.setenv(f"SOCIALCOIN_OFFICE_{variable}", "newer")
    assert run("show", zoe).exit_code == 0
    assert run("open", kept).exit_code == 0


def test_stores_are_made_once_and_said_to_be_missing(run: Run, office: Office) -> None:
    assert run("list").exit_code == 4
    assert run("init").exit_code == 0
    again = run("init")
    assert again.exit_code == 4 and "nothing is written over it" in again.output
    (office.service / "store.json").write_text("{}")
    assert run("list").exit_code == 4


def test_two_registrars_compare_a_code(run: Run, tmp_path: Path) -> None:
    files = good(run("unique-key", str(tmp_path / "shares"), "-o", "json"))["files"]
    person = ("--birth-name", "De Vries-Ång", "--born", "1990-02-28", "--place", "'s-Gravenhage")
    codes = set()
    for a, b in ((0, 1), (1, 2), (2, 0)):
        result = run("unique", "--share", files[a], "--share", files[b], *person, "-o", "json")
        codes.add(good(result)["code"])
    (code,) = codes
    two = ("--share", files[0], "--share", files[2])
    spelled = ("--birth-name", "de vries ang", "--born", "1990-02-28", "--place", "S Gravenhage")
    assert run("unique", *two, *spelled, "--compare", code.lower()).exit_code == 0
    assert run("unique", *two, *person[:5], "Delft", "--compare", code).exit_code == 6
    assert run("unique", "--share", files[0], *person).exit_code == 2
    silent = run("unique", *two, *person[2:])
    assert (silent.exit_code, "give --birth-name" in silent.stderr) == (2, True)
    unborn = run("unique", *two, *person[:3], "2990-02-28", *person[4:])
    assert (unborn.exit_code, "2990-02-28" in unborn.stderr) == (2, True)
    again = run("unique-key", str(tmp_path / "shares"))
    assert again.exit_code == 4
    assert f"{files[0]}: it is there already" in again.stderr  # the file, not a hidden one
    shares = [uniqueness.split(bytes([n]) * 96) for n in (1, 2)]
    with pytest.raises(Malformed, match="different keys"):
        uniqueness.joined([shares[0][0], shares[1][1]])


def test_numbers_in_texts() -> None:
    assert bsns_in("BSN 123456782, of 1234.56.782") == ["123456782", "123456782"]
    assert bsns_in("0612345678 123456789 a123456782 11123456782") == []
    assert ibans_in("nl91 abna 0417 1643 00 en meer") == [IBAN]
    assert ibans_in("NL92ABNA0417164300") == []
    with pytest.raises(UserError):
        checked({"text": BSN})


def test_the_scanner_finds_what_is_there(tmp_path: Path) -> None:
    """A scan that finds nothing must be one that would find something."""
    from base64 import b64encode
    from gzip import compress

    for n, data in enumerate(
        [NAME.encode(), NAME.encode("utf-16-le"), NAME.encode().hex().encode(),
         b64encode(b"a" + NAME.encode() + b"b"), b64encode(b"ab" + NAME.encode()),
         compress(b"in " + NAME.upper().encode())]
    ):  # fmt: skip
        folder = tmp_path / str(n)
        folder.mkdir()
        (folder / "file").write_bytes(b"\0\1" + data if n < 5 else data)
        assert traces([folder], {"name": NAME}), n
    assert len(spellings("abc")) > 30
    text = f"\0\0 aan {EMAIL}, {IBAN} en {BSN} van Zoë \0".encode()
    assert people_in(text, ["Zoë"]) == [EMAIL, BSN, IBAN, "Zoë"]


def test_wallet_is_not_needed_to_look(zoe: str, run: Run, wallet: Wallet) -> None:
    assert run("list").exit_code == 0
