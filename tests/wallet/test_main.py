"""The command as a whole: starts fast, imports only what it uses, says what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import governance_contracts.versions
from chain.errors import REFUSALS
from chain.events import EVENTS as RECORDS
from tests.wallet import village
from tests.wallet.conftest import PASSPHRASE
from wallet_cli import client, keystore
from wallet_cli.desk import NodeStatus
from wallet_cli.happenings import EVENTS, event_text
from wallet_cli.main import GROUPS, root
from wallet_cli.making import make_profile
from wallet_cli.refusals import LOT_REASONS, TEXTS, WORDS, explain

PROBE = """
import sys
from wallet_cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(sorted({name.partition(".")[0] for name in sys.modules}), end.code, file=sys.stderr)
"""


def modules_of(*words: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_an_address_is_read_without_cryptography_or_network(home: Path) -> None:
    chain = NodeStatus(bytes([1]) * 32, 0, "test", 0, 0, b"")
    made = make_profile("ada", village.entropy("ada"), chain)
    keystore.create(home, made, village.entropy("ada"), PASSPHRASE)
    out, loaded = modules_of("wallet", "address", "--home", str(home))
    assert out.strip() == made.address
    for heavy in ("nacl", "cryptography", "aiohttp", "governance_contracts", "consensus", "node",
                  "asyncio", "http", "stdnum", "segno", "mnemonic"):  # fmt: skip
        assert f"'{heavy}'" not in loaded


def test_help_imports_no_group(tmp_path: Path) -> None:
    out, loaded = modules_of("--help")
    for name in GROUPS:
        assert name in out
    for heavy in ("auditor", "node", "nacl", "consensus"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_the_command(shell: str) -> None:
    result = CliRunner().invoke(root, ["completion", shell])
    assert result.exit_code == 0
    assert "_SOCIALCOIN_COMPLETE" in result.stdout


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(root, ["nothing"])
    assert result.exit_code == 2
    assert "nothing" in result.stderr


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x", "http://", "http://x:port"])
def test_what_is_no_address_of_a_node(url: str) -> None:
    with pytest.raises(client.UserError) as caught:
        client.Client(url)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("status", "exit_code"), [(400, 1), (401, 4), (403, 4), (404, 1), (413, 1), (503, 5)]
)
def test_errors_of_the_node_have_their_exit_code(status: int, exit_code: int) -> None:
    error = client.api_error(status, {"name": "X", "code": None, "message": "because"})
    assert (error.exit_code, error.name) == (exit_code, "X")
    assert "because" in error.message


def test_every_refusal_with_a_text_exists() -> None:
    assert governance_contracts.versions.RELEASE
    known = {refusal.__name__ for refusal in REFUSALS.values()}
    assert set(TEXTS) <= known
    for code, name in LOT_REASONS.items():
        assert REFUSALS[code].__name__ == name


def test_every_text_fits_the_fields_of_its_refusal() -> None:
    for refusal in REFUSALS.values():
        if refusal.__name__ in TEXTS:
            said = explain(refusal.__name__, dict.fromkeys(refusal.fields, 100))
            assert refusal.__name__ not in said, f"{refusal.__name__}: a field has another name"
            assert "{" not in said


def test_every_text_fits_the_fields_of_its_event() -> None:
    events = {event.__name__: event for event in RECORDS.values()}
    assert set(EVENTS) <= set(events)
    for name in EVENTS:
        fields = events[name].__struct_fields__
        said = event_text({"name": name, "fields": dict.fromkeys(fields, 100)})
        assert not said.startswith(name), f"{name}: a field has another name"
        assert "{" not in said


def test_amounts_and_times_of_events_are_written_for_people() -> None:
    fields = {"lot": 3, "coin": "LIN", "amount": 1250, "expires_ms": 1_000}
    said = event_text({"name": "EarmarkExpires", "fields": fields})
    assert said.startswith("12,50 LIN of lot 3 can be spent until 1970-01-01")
    assert event_text({"name": "SomethingNew", "fields": {"amount": 5}}) == "SomethingNew  0,05 "


def test_what_does_not_fit_is_named_in_words() -> None:
    for (name, word), text in WORDS.items():
        refusal = next(one for one in REFUSALS.values() if one.__name__ == name)
        (field,) = {"why", "field"} & set(refusal.fields)
        assert text in explain(name, {field: word})
    assert "the last day" in explain("BadTerms", {"why": "expiry"})
    assert "order" in explain("BadTerms", {"why": "order"})


def test_a_refusal_without_text_is_shown_by_name() -> None:
    assert "SomethingNew" in explain("SomethingNew", {"x": 1})


def test_lots_that_did_not_fit_are_explained() -> None:
    said = explain("NotEnoughCoin", {"coin": "LIN", "missing": 1250, "lots": "3:604,9:607"})
    assert "12,50 more free coin" in said
    assert "Lot 3: " in said and "Lot 9: " in said


def test_a_damaged_number_file_does_not_stop_the_wallet(home: Path) -> None:
    from wallet_cli.sending import take_number

    chain = NodeStatus(bytes([1]) * 32, 0, "test", 0, 0, b"")
    made = make_profile("ada", village.entropy("ada"), chain)
    home.mkdir()
    assert [take_number(home, made, 0) for _ in range(3)] == [1, 2, 3]
    assert take_number(home, made, 9) == 10
    (home / ".ada.number").write_text("{damaged")
    assert take_number(home, made, 9) == 10
    assert json.loads((home / ".ada.number").read_text())
