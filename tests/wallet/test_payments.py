"""Payments by the command line, against a real ledger behind the node's API."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, W1
from wallet_cli import desk, openings

pytestmark = pytest.mark.usefixtures("people")


def test_a_payment_is_final_when_the_command_returns(wallet: Wallet, node: Node) -> None:
    result = wallet("pay", node.village.address("bob"), "12,50", "-o", "json", as_="ada")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert data["status"] == "committed"
    assert (data["amount_cents"], data["amount"], data["coin"]) == (1250, "12,50", COIN)
    assert bytes.fromhex(data["tx_id"]) in node.village.outcomes
    assert data["height"] == node.village.ledger.tip.height
    assert "Waiting" in result.stderr
    balance = answer(wallet("balance", "-o", "json", as_="bob"))
    assert balance["coins"][0]["free_cents"] == 1250


def test_a_refused_payment_exits_3_with_name_and_code(wallet: Wallet, node: Node) -> None:
    result = wallet("pay", node.village.address("bob"), "1000,00", "-o", "json", as_="ada")
    assert result.exit_code == 3
    error = answer(result)["error"]
    assert (error["name"], error["code"]) == ("NotEnoughCoin", 503)
    assert error["fields"]["missing"] == 90_000
    assert "NotEnoughCoin (503)" in result.stderr
    assert "900,00 more free coin" in result.stderr


def test_bound_coin_is_spent_in_its_region_and_refused_outside(wallet: Wallet, node: Node) -> None:
    inside = wallet("pay", node.village.address("shop"), "5", as_="bob")
    assert inside.exit_code == 0, inside.output
    outside = wallet("pay", node.village.address("far"), "5", as_="bob")
    assert outside.exit_code == 3
    assert "outside its region" in outside.stderr


@pytest.mark.parametrize("amount", ["12,5", "1.000,00", "-1", "1e3", "١٢", "0", "", "1,000", "+1"])
def test_an_unclear_amount_is_a_usage_error(wallet: Wallet, node: Node, amount: str) -> None:
    assert wallet("pay", node.village.address("bob"), amount, as_="ada").exit_code == 2
    assert "/v1/transactions" not in node.seen


def test_a_mistyped_address_is_caught_before_anything_is_asked(wallet: Wallet, node: Node) -> None:
    address = node.village.address("bob")
    wrong = address[:-1] + ("q" if address[-1] != "q" else "p")
    result = wallet("pay", wrong, "1", as_="ada")
    assert result.exit_code == 2
    assert "checksum" in result.stderr
    assert node.seen == []


def test_an_unregistered_payee_is_refused_by_name(wallet: Wallet, node: Node) -> None:
    from chain.address import encode_address

    stranger = encode_address("test", bytes(range(20)))
    result = wallet("pay", stranger, "1", "-o", "json", as_="ada")
    assert (result.exit_code, answer(result)["error"]["name"]) == (3, "NotRegistered")


def test_a_dry_run_sends_nothing_and_uses_no_number(wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    before = node.village.ledger.tip.height
    result = wallet("pay", bob, "1", "--dry-run", "-o", "json", as_="ada")
    assert (result.exit_code, answer(result)["dry_run"]) == (0, True)
    refused = wallet("pay", bob, "5000", "--dry-run", as_="ada")
    assert refused.exit_code == 3
    assert node.village.ledger.tip.height == before
    assert "/v1/transactions" not in node.seen


def test_an_unreachable_node_exits_5_and_says_what_to_do(wallet: Wallet, node: Node) -> None:
    result = wallet(
        "pay", node.village.address("bob"), "1", "--node", "http://127.0.0.1:9", as_="ada"
    )
    assert result.exit_code == 5
    assert "--node" in result.stderr
    assert "Traceback" not in result.output


def test_a_node_that_forgot_a_transaction_gets_it_again(wallet: Wallet, node: Node) -> None:
    """Handed in, then the node restarts with an empty mempool: the wallet hands it in again."""
    lost: list[str] = []

    def forget(path: str, data: dict[str, object]) -> None:
        if path.startswith("/v1/transactions/") and not lost:
            lost.append(path)
            data.update(status="unknown", height=None)

    node.tamper = forget
    result = wallet("pay", node.village.address("bob"), "1", as_="ada")
    assert result.exit_code == 0, result.output
    assert node.seen.count("/v1/transactions") == 2


def not_accepting(name: str, code: int, **fields: int) -> Callable[[str, dict[str, object]], None]:
    """A node that does not accept what is handed in, for this reason."""

    def tamper(path: str, data: dict[str, object]) -> None:
        if path == "/v1/transactions":
            refusal = {"name": name, "code": code, "fields": fields}
            data["results"] = [{"status": "not_accepted", "refusal": refusal}]

    return tamper


def test_not_accepted_is_not_final_and_says_until_when(wallet: Wallet, node: Node) -> None:
    node.tamper = not_accepting("NumberTooFar", 3, number=99, highest=1)
    result = wallet("pay", node.village.address("bob"), "1", "-o", "json", as_="ada")
    assert result.exit_code == 1
    assert answer(result)["error"]["name"] == "NumberTooFar"
    assert "until 20" in result.stderr


@pytest.mark.parametrize(
    ("name", "code", "exit_code", "said"),
    [
        ("Replayed", 1, 3, "replay number was used"),
        ("WrongChain", 4, 3, "for another chain"),
        ("MissingWitness", 11, 4, "The key that built the transaction signs it too"),
        ("SuperfluousWitness", 12, 4, "more signatures than the account asks"),
    ],
)
def test_what_no_node_accepts_is_not_waited_for(
    wallet: Wallet, node: Node, name: str, code: int, exit_code: int, said: str
) -> None:
    node.tamper = not_accepting(name, code, signatures=0, threshold=1)
    result = wallet("pay", node.village.address("bob"), "1", "-o", "json", as_="ada")
    assert result.exit_code == exit_code
    assert answer(result)["error"]["name"] == name
    assert said in result.stderr
    assert "until" not in result.stderr


def test_expired_is_final(wallet: Wallet, node: Node) -> None:
    def expired(path: str, data: dict[str, object]) -> None:
        if path.startswith("/v1/transactions/"):
            data.update(status="expired", height=None)

    node.tamper = expired
    result = wallet("pay", node.village.address("bob"), "1", "-o", "json", as_="ada")
    assert (result.exit_code, answer(result)["error"]["name"]) == (3, "Expired")


def test_a_node_of_another_chain_is_not_asked_for_anything(wallet: Wallet, node: Node) -> None:
    node.tamper = lambda path, data: data.update(chain_id="11" * 32) if "status" in path else None
    result = wallet("pay", node.village.address("bob"), "1", as_="ada")
    assert result.exit_code == 1
    assert "another chain" in result.stderr or "belongs to chain" in result.stderr


def test_a_request_is_paid_once(wallet: Wallet) -> None:
    asked = answer(wallet("request", "3,00", "--place", "1", "-o", "json", as_="shop"))
    assert asked["request"].startswith("socialcoin:test1")
    paid = wallet("pay-request", "-", "-o", "json", as_="ada", input=asked["request"] + "\n")
    assert paid.exit_code == 0, paid.output
    assert answer(paid)["amount_cents"] == 300
    again = wallet("pay-request", asked["request"], as_="ada")
    assert again.exit_code == 3
    assert "paid before" in again.stderr


def test_an_altered_request_is_refused_by_the_chain(wallet: Wallet) -> None:
    asked = answer(wallet("request", "3,00", "--place", "1", "-o", "json", as_="shop"))
    cheap = asked["request"].replace("amount=300", "amount=100")
    result = wallet("pay-request", cheap, as_="ada")
    assert result.exit_code == 3
    assert "did not sign" in result.stderr


def test_an_expired_request_is_refused_before_anything_is_asked(
    wallet: Wallet, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(wallet("request", "3,00", "--days", "1", "-o", "json", as_="bob"))
    later = SimpleNamespace(time_ns=lambda: (asked["expires_ms"] + 1) * 1_000_000)
    monkeypatch.setattr(desk, "time", later)
    node.seen.clear()
    result = wallet("pay-request", asked["request"], as_="ada")
    assert result.exit_code == 2
    assert "ask for a new one" in result.stderr
    assert node.seen == []


def test_a_request_says_its_coin_and_is_not_paid_by_who_made_it(wallet: Wallet) -> None:
    asked = answer(wallet("request", "3,00", "--coin", "LIN", "-o", "json", as_="bob"))["request"]
    other = wallet("pay-request", asked, "--coin", "OAK", as_="ada")
    assert (other.exit_code, "asks for LIN" in other.stderr) == (2, True)
    own = wallet("pay-request", asked, as_="bob")
    assert (own.exit_code, "same account" in own.stderr) == (3, True)
    assert wallet("pay-request", asked, as_="ada").exit_code == 0
    for who in ("ada", "eef"):  # once, whoever pays
        assert "paid before" in wallet("pay-request", asked, as_=who).stderr


@pytest.mark.parametrize(
    "text", ["", "hello", "socialcoin:test1xyz", "socialcoin:ADDRESS?amount=300", "http://x"]
)
def test_what_is_no_request_is_a_usage_error(wallet: Wallet, text: str) -> None:
    assert wallet("pay-request", text, as_="ada").exit_code == 2


def test_a_refund_gives_the_payment_back(wallet: Wallet, node: Node) -> None:
    paid = answer(wallet("pay", node.village.address("shop"), "4", "-o", "json", as_="ada"))
    result = wallet("refund", paid["tx_id"], as_="shop")
    assert result.exit_code == 0, result.output
    balance = answer(wallet("balance", "-o", "json", as_="ada"))
    assert balance["coins"][0]["free_cents"] == 10_000


@pytest.mark.parametrize("line", ["x", "x=1", "=1", "-1=1", "1.0=1", "²=1"])
def test_a_refund_names_a_line_by_its_number(wallet: Wallet, node: Node, line: str) -> None:
    result = wallet("refund", "00" * 32, "--line", line, as_="shop")
    assert result.exit_code == 2
    assert "the first line is 0" in result.stderr
    assert node.seen == []


def test_a_remark_stays_in_the_wallet(wallet: Wallet, node: Node, home: Path) -> None:
    result = wallet(
        "pay", node.village.address("bob"), "1", "--ref", "thanks for the bike", "-o", "json",
        as_="ada",
    )  # fmt: skip
    data = answer(result)
    salt = bytes.fromhex(data["reference_salt"])
    assert openings.commitment(salt, "thanks for the bike").hex() == data["reference"]
    assert b"bike" not in b"".join(node.village.store.pairs.values())
    kept = json.loads((home / ".ada.openings").read_text())
    assert kept["text"] == "thanks for the bike"


def test_redeeming_puts_a_commitment_on_the_chain_never_the_iban(
    wallet: Wallet, node: Node
) -> None:
    iban = "NL91 ABNA 0417 1643 00"
    result = wallet("redeem", "5", "--iban", iban, "-o", "json", as_="ada")
    assert result.exit_code == 0, result.output
    data = answer(result)
    salt = bytes.fromhex(data["salt"])
    assert openings.commitment(salt, "NL91ABNA0417164300").hex() == data["destination"]
    assert b"0417164300" not in b"".join(node.village.store.pairs.values())


def test_a_wrong_iban_is_a_usage_error(wallet: Wallet, node: Node) -> None:
    result = wallet("redeem", "5", "--iban", "NL91ABNA0417164301", as_="ada")
    assert result.exit_code == 2
    assert node.seen == []


def test_accepting_coins(wallet: Wallet) -> None:
    result = wallet("accept", COIN, "-o", "json", as_="shop")
    assert result.exit_code == 0, result.output
    assert answer(result)["coins"] == [COIN]


def test_history_is_newest_first_and_empty_is_a_list(wallet: Wallet, node: Node) -> None:
    assert answer(wallet("history", "-o", "json", as_="ada")) == []
    for amount in ("1", "2"):
        wallet("pay", node.village.address("bob"), amount, as_="ada")
    entries = answer(wallet("history", "-o", "json", as_="ada"))
    assert [e["events"][0]["fields"]["amount"] for e in entries] == [200, 100]


RUN = "address;amount;purpose\n{bob};12,50;INCOME\n{dee};7,50;INCOME\n"


def run_file(tmp_path: Path, node: Node, text: str = RUN) -> str:
    file = tmp_path / "run.csv"
    names = {name: node.village.address(name) for name in ("bob", "dee", "eef")}
    file.write_text(text.format(**names), encoding="utf-8")
    return str(file)


def test_a_payout_pays_everybody_in_the_file(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    file = run_file(tmp_path, node)
    result = wallet("payout", file, "--region", W1, "-o", "json", as_="stad")
    assert result.exit_code == 0, result.output
    assert (answer(result)["lines"], answer(result)["amount_cents"]) == (2, 2000)
    lots = answer(wallet("balance", "-o", "json", as_="bob"))["coins"][0]["lots"]
    assert [lot["amount_cents"] for lot in lots] == [6250]  # equal terms are one lot


def test_a_dry_run_of_a_payout_gives_a_verdict_per_line(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    from chain.address import encode_address

    stranger = encode_address("test", bytes(range(20)))
    file = run_file(tmp_path, node, RUN + f"{stranger};1;INCOME\n")
    result = wallet("payout", file, "--dry-run", as_="stad")
    assert result.exit_code == 3
    assert result.stdout.count("  ok") == 2
    assert stranger in result.stdout
    assert "/v1/transactions" not in node.seen


def test_all_mistakes_of_a_payout_file_are_shown_at_once(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    file = run_file(tmp_path, node, "address;amount\n{bob};12,505\nnobody;1\n{dee};1\n")
    result = wallet("payout", file, as_="stad")
    assert result.exit_code == 2
    assert "line 2" in result.stderr
    assert "line 3" in result.stderr
    assert "line 4" not in result.stderr


def test_a_line_with_too_many_fields_hides_no_other_mistake(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    file = run_file(tmp_path, node, "address;amount\n{bob};12,50;x\nnobody;1\n{dee};-1\n")
    result = wallet("payout", file, as_="stad")
    assert result.exit_code == 2
    told = [line for line in result.stderr.splitlines() if line.startswith("  line ")]
    assert [line.split(":")[0] for line in told] == ["  line 2", "  line 3", "  line 4"]


def test_a_payout_file_without_columns_is_refused(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    file = run_file(tmp_path, node, "{bob};12,50\n")
    assert wallet("payout", file, as_="stad").exit_code == 2


def test_a_run_refused_in_a_dry_run_is_one_json_document(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    result = wallet("payout", run_file(tmp_path, node), "--dry-run", "-o", "json", as_="ada")
    assert result.exit_code == 3
    error = answer(result)["error"]
    assert (error["name"], error["refused"]) == ("NotAFund", 2)
    assert [verdict["line"] for verdict in error["verdicts"]] == [2, 3]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_file_as_spreadsheets_write_it(
    wallet: Wallet, node: Node, tmp_path: Path, separator: str
) -> None:
    text = f"\ufeffAddress{separator}Amount\r\n{{bob}}{separator}12,50\r\n"
    result = wallet("payout", run_file(tmp_path, node, text), "-o", "json", as_="stad")
    assert result.exit_code == 0, result.output
    assert answer(result)["amount_cents"] == 1250


def test_an_amount_that_lost_its_quotes_is_explained(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    file = run_file(tmp_path, node, "address,amount\n{bob},12,50\n")
    result = wallet("payout", file, as_="stad")
    assert result.exit_code == 2
    assert 'in quotes: "12,50"' in result.stderr


def test_a_request_of_a_shop_is_paid_as_a_sale(wallet: Wallet) -> None:
    asked = answer(wallet("request", "3,00", "-o", "json", as_="shop"))
    paid = wallet("pay-request", asked["request"], "-o", "json", as_="ada")
    assert answer(paid)["purpose"] == "SALE"


def test_history_and_receipt_say_who_and_how_much(wallet: Wallet, node: Node) -> None:
    shop = node.village.address("shop")
    paid = answer(wallet("pay", shop, "4", "-o", "json", as_="ada"))
    alias = paid["alias"]
    assert f"paid 4,00 {COIN} to " in wallet("history", as_="ada").stdout
    received = wallet("receipt", paid["tx_id"], as_="shop").stdout
    assert f"received 4,00 {COIN} from {alias}" in received
    for verify in ([], ["--verify"]):
        shown = answer(wallet("receipt", paid["tx_id"], *verify, "-o", "json", as_="shop"))
        assert shown["events"][0]["fields"]["payer"] == alias
    spoken = wallet("receipt", paid["tx_id"], "--lang", "nl", as_="shop").stdout
    assert f"4,00 {COIN} ontvangen van {alias}" in spoken


def test_an_interrupt_while_handing_in_names_the_transaction(
    wallet: Wallet, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wallet_cli.client import Client

    ask = Client.post

    def interrupted(client: Client, path: str, body: object) -> object:
        if path == "/v1/transactions":
            raise KeyboardInterrupt
        return ask(client, path, body)

    monkeypatch.setattr(Client, "post", interrupted)
    result = wallet("pay", node.village.address("bob"), "1", as_="ada")
    assert result.exit_code == 130
    assert "may have been handed in" in result.stderr
