"""The commands: their JSON, their exit codes, their messages; with no node and no key."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace as changed

from auditor.cli import group
from chain import crypto
from chain.account import ACCOUNTS, PURSES
from chain.block import OutcomeLeaf, read_block, receipt_leaves
from chain.certificate import Seat
from chain.codec import encode
from chain.light import Trusted, trust_genesis
from chain.merkle import prove_in_list
from governance_contracts.coins.balances import HELD_LOTS
from tests.auditor.history import History, told


@pytest.fixture(scope="module")
def history() -> History:
    return told()


@pytest.fixture
def export(history: History, tmp_path: Path) -> Path:
    file = tmp_path / "chain.export"
    file.write_bytes(history.export())
    return file


@pytest.fixture
def genesis(history: History, tmp_path: Path) -> Path:
    file = tmp_path / "genesis.json"
    file.write_bytes(history.document)
    return file


def run(*words: object) -> Result:
    return CliRunner().invoke(group, [str(word) for word in words])


def test_replay_prints_the_agreed_json(history: History, export: Path, genesis: Path) -> None:
    result = run("replay", export, "--jobs", 1, "--genesis", genesis, "-o", "json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    agreed = {
        "verdict", "height", "transactions", "signatures_checked", "state_root", "supply",
        "findings", "seconds", "transactions_per_second",
    }  # fmt: skip
    assert agreed <= data.keys()
    assert (data["verdict"], data["height"], data["findings"]) == ("ok", len(history.blocks), [])
    assert data["state_root"] == history.ledger.tip.state_root.hex()
    assert data["supply"][history.coins[0]] == 89_940_00


def test_replay_in_words(export: Path) -> None:
    result = run("replay", export, "--jobs", 1)
    assert result.exit_code == 0
    assert "Nothing wrong was found" in result.stdout


def test_findings_are_all_told_and_exit_6(history: History, tmp_path: Path) -> None:
    blocks = list(history.blocks)
    for index in (3, 8):
        data, certificate = blocks[index]
        blocks[index] = (data, changed(certificate, signatures=certificate.signatures[1:]))
    file = tmp_path / "broken"
    file.write_bytes(history.export(blocks))
    result = run("replay", file, "--jobs", 1, "--skip-genesis", "-o", "json")
    assert result.exit_code == 6
    data = json.loads(result.stdout)
    assert data["verdict"] == "findings"
    assert [(f["height"], f["check"]) for f in data["findings"]] == [
        (4, "certificate"),
        (9, "certificate"),
    ]
    assert "2 findings:" in run("replay", file, "--jobs", 1, "--skip-genesis").stdout


def test_another_chain_than_the_one_named_is_a_finding(export: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(History(validators=1).document)
    result = run("replay", export, "--jobs", 1, "--genesis", other, "-o", "json")
    assert result.exit_code == 6
    assert [f["check"] for f in json.loads(result.stdout)["findings"]] == ["genesis"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "is not the export of a chain"),
        (b"", "is not the export of a chain"),
    ],
)
def test_a_file_that_is_no_export_exits_1_and_says_so(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    result = run("replay", file)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_an_export_whose_founding_document_is_damaged_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"socialcoin export 1\nG\0\0")
    result = run("replay", file)
    assert result.exit_code == 6
    assert "cut off or damaged" in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert run("replay", tmp_path / "none").exit_code == 2


# Reports.


def test_the_page_is_whole_and_calls_nothing_from_elsewhere(export: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    result = run("report", export, "--jobs", 1, "--out", target)
    assert result.exit_code == 0, result.output
    page = target.read_text()
    assert page.startswith("<!doctype html>") and page.endswith("</html>\n")
    for part in ("Supply", "Reserve", "Open accounts by kind", "Transactions per day", "Seats"):
        assert f"<h2>{part}" in page
    assert "http" not in page and "<script" not in page


def test_the_report_as_csv_and_json(history: History, export: Path) -> None:
    rows = list(csv.reader(StringIO(run("report", export, "--format", "csv", "--jobs", 1).stdout)))
    assert ["Supply"] in rows and any(row[:1] == [history.coins[0]] for row in rows)
    data = json.loads(run("report", export, "--format", "json", "--jobs", 1).stdout)
    assert [seat["wijk"] for seat in data["seats"]] == history.codes
    assert sum(day["transactions"] for day in data["days"]) == data["transactions"]
    assert data["accounts"]["person"] > 0


# Proofs.


def certified(history: History, height: int) -> dict[str, Any]:
    data, certificate = history.blocks[height - 1]
    header = read_block(data).header
    return {"header": encode(header).hex(), "certificate": encode(certificate).hex()}


def balance(history: History) -> dict[str, Any]:
    """As GET /v1/accounts/{address}?proof=1 answers."""
    account = history.home[0].account
    records = []
    for table in (ACCOUNTS, PURSES, HELD_LOTS):
        stored, proof = history.ledger.prove(table.number, account)
        shown = None if stored is None else stored.hex()
        records.append(
            {
                "table": table.number,
                "key": account.hex(),
                "stored": shown,
                "proof": encode(proof).hex(),
            }
        )
    return {"proof": {**certified(history, len(history.blocks)), "records": records}}


def receipt(history: History) -> dict[str, Any]:
    """As GET /v1/accounts/{address}/receipts/{id} answers."""
    height, applied = next(
        (i, a) for i, a in enumerate(history.applied, 1) if len(a.transactions) > 1
    )
    hashes = [leaf for one in applied.receipts for leaf in receipt_leaves(one)]
    first = applied.receipts[0]
    leaf = encode(OutcomeLeaf(first.wire_hash, first.id, first.refusal))
    proof = prove_in_list(hashes, 0)
    leaves = [{"leaf": leaf.hex(), "proof": encode(proof).hex()}]
    return {"id": first.id.hex(), "height": height, **certified(history, height), "leaves": leaves}


def verify(tmp_path: Path, answer: Any, *words: object) -> Result:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer))
    return run("verify-proof", file, "-o", "json", *words)


def test_a_balance_is_proved_from_the_founding_document(
    history: History, genesis: Path, tmp_path: Path
) -> None:
    result = verify(tmp_path, balance(history), "--genesis", genesis)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert [r["name"] for r in data["records"]] == ["account", "purse", "held_lots"]
    assert data["records"][1]["present"] and data["records"][1]["fields"]["free"]


def test_a_receipt_is_proved_from_a_trusted_header(history: History, tmp_path: Path) -> None:
    seats = tuple(Seat(v.wijk, crypto.public_key(v.consensus)) for v in history.city.validators)
    trusted: Trusted = trust_genesis(history.chain, 0, history.city.genesis.time_ms, seats, seats)
    file = tmp_path / "wallet.trusted"
    file.write_bytes(encode(trusted))
    result = verify(tmp_path, receipt(history), "--trusted", file)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["leaves"][0]["kind"] == "OutcomeLeaf"


def test_proofs_that_do_not_hold_exit_6(history: History, genesis: Path, tmp_path: Path) -> None:
    other_amount = balance(history)
    record = other_amount["proof"]["records"][1]
    record["stored"] = record["stored"][:-2] + "00"
    wrong_header = {**receipt(history), **certified(history, 3)}
    too_few = receipt(history)
    certificate = history.blocks[too_few["height"] - 1][1]
    too_few["certificate"] = encode(
        changed(certificate, signatures=certificate.signatures[1:])
    ).hex()
    answers: tuple[Any, ...] = (other_amount, wrong_header, too_few, {}, [], {"header": "zz"})
    for answer in answers:
        result = verify(tmp_path, answer, "--genesis", genesis)
        assert result.exit_code == 6, result.output
        assert json.loads(result.stdout)["verdict"] == "findings"


def test_what_is_trusted_must_be_said(history: History, tmp_path: Path) -> None:
    assert verify(tmp_path, balance(history)).exit_code == 2


def test_an_answer_that_is_no_json_exits_1(genesis: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer"
    file.write_text("<html>")
    result = run("verify-proof", file, "--genesis", genesis)
    assert result.exit_code == 1
    assert "is not JSON" in result.stderr
