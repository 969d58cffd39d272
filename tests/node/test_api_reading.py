"""Reading one's own account, with a token; and that nobody reads another's."""

from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chain import crypto
from chain.account import KeyRole
from chain.codec import Record, decode, encode
from chain.ledger import Writes
from chain.light import check_old_header
from chain.merkle import ListProof
from chain.session import SessionRequest
from governance_contracts.people.keys import ChangeKeys, NewKey, prove_possession
from node.api import past, sessions
from node.api.app import API
from node.keyvalue import StoreBroken, open_engine
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, seed
from tests.node.inprocess import Client, InProcess, app_of, client_of, heard, token_of
from wallet_cli.core.verify import check_balance, check_receipt_leaves, read_certified


@pytest.fixture
def node() -> InProcess:
    town = MoneyTown()
    town.deposit("J1", "ada1", 100_00)
    return InProcess(town)


@pytest.fixture
async def client(node: InProcess, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(node, tmp_path) as client:
        yield client


async def pay(client: Client, node: InProcess, amount: int, to: str = "shop1") -> str:
    """A payment by ada1 in a block of its own; its id."""
    answer = await client.post(
        "/v1/transactions", json={"transactions": [node.pay("ada1", to, amount).hex()]}
    )
    (result,) = (await answer.json())["results"]
    assert result["status"] == "pending", result
    node.settle()
    await heard(client, node)
    return str(result["id"])


async def mistake(answer: Any, status: int, name: str) -> str:
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    error = (await answer.json())["error"]
    assert set(error) == {"name", "code", "message", "fields"}
    assert error["name"] == name
    assert len(error["message"].split()) > 4, "a sentence"
    return str(error["message"])


# Balance.


async def test_a_balance_is_tied_to_a_height_and_proved(client: Client, node: InProcess) -> None:
    await pay(client, node, 12_50)
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('ada1')}"
    found = await (await client.get(f"{url}?proof=1", headers=token)).json()
    assert (found["height"], found["address"]) == (1, node.address("ada1"))
    assert found["coins"] == [{"coin": "J1", "free_cents": 87_50, "lots": []}]
    assert found["windows"] == [{"key": 0, "highest": 1}]
    assert found["account"]["kind"] == "person"
    certified = read_certified(found["proof"])
    assert certified.header.height == 1
    proved = check_balance(certified.header, node.town.id("ada1"), found["proof"]["records"])
    assert proved.purse is not None and proved.purse.free[0].amount == 87_50
    assert proved.lots is None, "absence is proved too"
    plain = await (await client.get(url, headers=token)).json()
    assert plain["proof"] is None


async def test_nothing_is_proved_before_the_first_block(client: Client, node: InProcess) -> None:
    token = await token_of(client, node, "ada1")
    answer = await client.get(f"/v1/accounts/{node.address('ada1')}?proof=1", headers=token)
    await mistake(answer, 503, "NoBlockYet")


async def test_a_balance_of_the_past_is_proved_under_the_header_of_its_block(
    client: Client, node: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cents in (12_50, 7_50, 5_00):
        await pay(client, node, cents)
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('ada1')}"
    for height, left in ((1, 87_50), (2, 80_00), (3, 75_00)):
        found = await (await client.get(f"{url}?proof=1&height={height}", headers=token)).json()
        assert (found["height"], found["coins"][0]["free_cents"]) == (height, left)
        assert found["windows"] == [{"key": 0, "highest": height}]
        certified = read_certified(found["proof"])
        assert certified.header.height == height
        proved = check_balance(certified.header, node.town.id("ada1"), found["proof"]["records"])
        assert proved.purse is not None and proved.purse.free[0].amount == left
    await mistake(await client.get(f"{url}?height=4", headers=token), 404, "NotThere")
    await mistake(await client.get(f"{url}?height=0", headers=token), 400, "BadParameter")
    monkeypatch.setattr(past, "RECORDS_MAX", 2)
    await mistake(await client.get(f"{url}?height=1", headers=token), 404, "TooLongAgo")


# History and receipts.


async def test_history_is_newest_first_and_goes_on_by_cursor(
    client: Client, node: InProcess
) -> None:
    ids = [await pay(client, node, amount) for amount in (100, 200, 300)]
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('ada1')}/history?limit=2"
    first = await (await client.get(url, headers=token)).json()
    assert [entry["id"] for entry in first["entries"]] == ids[:0:-1]
    assert first["height"] == 3
    rest = await (await client.get(f"{url}&before={first['next']}", headers=token)).json()
    assert [entry["id"] for entry in rest["entries"]] == ids[:1] and rest["next"] is None
    paid = first["entries"][0]["events"][0]
    assert (paid["name"], paid["number"]) == ("Paid", 800)
    assert paid["fields"]["payee"] == node.address("shop1"), "an account id is an address"
    assert paid["fields"]["amount"] == 300


async def test_a_payee_sees_its_part_only(client: Client, node: InProcess) -> None:
    id = await pay(client, node, 100)
    token = await token_of(client, node, "shop1")
    url = f"/v1/accounts/{node.address('shop1')}"
    (entry,) = (await (await client.get(f"{url}/history", headers=token)).json())["entries"]
    assert [event["name"] for event in entry["events"]] == ["Received"]
    found = await (await client.get(f"{url}/receipts/{id}", headers=token)).json()
    header = read_certified(found).header
    outcome = check_receipt_leaves(
        header, bytes.fromhex(id), node.town.id("shop1"), found["leaves"]
    )
    assert not outcome.outcome_proved and len(outcome.events) == 1


async def test_the_actor_gets_the_outcome_proved(client: Client, node: InProcess) -> None:
    id = await pay(client, node, 100)
    refused = await pay(client, node, 1_000_000)
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('ada1')}"
    for transaction, code in ((id, None), (refused, 503)):
        found = await (await client.get(f"{url}/receipts/{transaction}", headers=token)).json()
        outcome = check_receipt_leaves(
            read_certified(found).header,
            bytes.fromhex(transaction),
            node.town.id("ada1"),
            found["leaves"],
        )
        assert outcome.outcome_proved
        assert (outcome.refusal[0] if outcome.refusal else None) == code
    history = await (await client.get(f"{url}/history", headers=token)).json()
    assert [entry["status"] for entry in history["entries"]] == ["refused", "committed"]
    assert history["entries"][0]["refusal"]["name"] == "NotEnoughCoin"


async def test_a_receipt_in_which_one_has_no_part_is_not_there(
    client: Client, node: InProcess
) -> None:
    id = await pay(client, node, 100)
    token = await token_of(client, node, "bob1")
    url = f"/v1/accounts/{node.address('bob1')}/receipts"
    unknown = await mistake(
        await client.get(f"{url}/{'00' * 32}", headers=token), 404, "NoSuchReceipt"
    )
    others = await mistake(await client.get(f"{url}/{id}", headers=token), 404, "NoSuchReceipt")
    assert unknown == others, "the answer does not say whether it exists"


class OtherReached(Record, tag=1):
    chain: bytes
    height: int
    hash: bytes


async def test_the_index_is_built_again_from_the_chain(node: InProcess, tmp_path: Path) -> None:
    async with client_of(node, tmp_path) as client:
        ids = [await pay(client, node, amount) for amount in (100, 200)]
    index = tmp_path / "index"

    def removed() -> None:
        shutil.rmtree(index)

    def another_thing() -> None:
        shutil.rmtree(index)
        index.write_bytes(b"not a folder at all")

    def of_another_schema() -> None:
        engine = open_engine(index)
        engine.write([(b"r", encode(OtherReached(CHAIN, 2, bytes(32))))])
        engine.close()

    def part_is_missing() -> None:
        (index / "CURRENT").unlink(missing_ok=True)
        for manifest in index.glob("MANIFEST-*"):
            manifest.write_bytes(b"not a manifest")

    for damage in (removed, another_thing, of_another_schema, part_is_missing):
        damage()
        async with client_of(node, tmp_path) as client:
            token = await token_of(client, node, "ada1")
            answer = await client.get(f"/v1/accounts/{node.address('ada1')}/history", headers=token)
            found = (await answer.json())["entries"]
            assert [entry["id"] for entry in found] == ids[::-1]


@pytest.mark.parametrize("trouble", [StoreBroken("a bad page"), OSError(5, "Input/output error")])
async def test_an_index_that_fails_while_running_is_made_good(
    node: InProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
) -> None:
    monkeypatch.setattr("node.api.index.AGAIN_S", 0)
    monkeypatch.setattr("node.api.app.AGAIN_S", 0)
    async with client_of(node, tmp_path) as client:
        ids = [await pay(client, node, 100)]
        token = await token_of(client, node, "ada1")
        index = app_of(client)[API].index
        await index.reached(1, 5)

        def failing(writes: Writes) -> None:
            raise trouble

        monkeypatch.setattr(index._engine, "write_soon", failing)
        ids.append(await pay(client, node, 200))
        answer = await client.get(f"/v1/accounts/{node.address('ada1')}/history", headers=token)
        assert [entry["id"] for entry in (await answer.json())["entries"]] == ids[::-1]
    assert ("index_made_anew" in caplog.messages) == isinstance(trouble, StoreBroken)


async def test_the_index_of_another_chain_is_dropped(tmp_path: Path) -> None:
    for _ in range(2):
        town = MoneyTown()
        town.deposit("J1", "ada1", 100_00)
        node = InProcess(town)
        node.now_ms += 1
        async with client_of(node, tmp_path) as client:
            await pay(client, node, 100)
            token = await token_of(client, node, "ada1")
            url = f"/v1/accounts/{node.address('ada1')}/history"
            assert len((await (await client.get(url, headers=token)).json())["entries"]) == 1


# Tokens.


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "Token abc", "abc"]
)
async def test_without_a_token_nothing_is_read(
    client: Client, node: InProcess, header: str
) -> None:
    headers = {"Authorization": header} if header else {}
    for tail in ("", "/history", "/events", f"/receipts/{'00' * 32}"):
        url = f"/v1/accounts/{node.address('ada1')}{tail}"
        answer = await client.get(url, headers=headers)
        await mistake(answer, 401, "NoToken")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_made_up_token_reads_nothing(client: Client, node: InProcess) -> None:
    url = f"/v1/accounts/{node.address('ada1')}"
    for token in ("x", "A" * 43, "A" * 4_000):
        answer = await client.get(url, headers={"Authorization": f"Bearer {token}"})
        await mistake(answer, 401, "BadToken")


async def test_anothers_account_is_refused_and_logged_without_names(
    client: Client, node: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    token = await token_of(client, node, "ada1")
    with caplog.at_level(logging.WARNING, "socialcoin"):
        for tail in ("", "/history", "/events", f"/receipts/{'00' * 32}"):
            url = f"/v1/accounts/{node.address('bob1')}{tail}"
            await mistake(await client.get(url, headers=token), 403, "NotYourAccount")
    records = [r for r in caplog.records if r.message == "foreign_read_refused"]
    assert len(records) == 4
    said = repr([vars(record) for record in records])
    for name in ("ada1", "bob1"):
        assert node.address(name) not in said and node.town.id(name).hex() not in said


async def test_a_mistyped_address_is_told_apart_by_its_checksum(
    client: Client, node: InProcess
) -> None:
    token = await token_of(client, node, "ada1")
    good = node.address("ada1")
    typo = good[:-1] + ("q" if good[-1] != "q" else "p")
    said = await mistake(await client.get(f"/v1/accounts/{typo}", headers=token), 400, "BadAddress")
    assert "checksum" in said


async def test_a_token_runs_out(client: Client, node: InProcess) -> None:
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('ada1')}"
    node.now_ms += 599_999
    assert (await client.get(url, headers=token)).status == 200
    node.now_ms += 1
    await mistake(await client.get(url, headers=token), 401, "BadToken")


async def test_a_token_dies_with_its_key(client: Client, node: InProcess) -> None:
    node.block()
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('ada1')}"
    id, new = node.town.id("ada1"), seed("ada's new phone")
    proof = prove_possession(new, CHAIN, EPOCH, id)
    key = NewKey(crypto.public_key(new), KeyRole.FULL, (), proof)
    rotation = node.transaction("ada1", ChangeKeys(id, (key,), (0,), 1))
    await client.post("/v1/transactions", json={"transactions": [rotation.hex()]})
    assert (await client.get(url, headers=token)).status == 200
    node.block()
    await mistake(await client.get(url, headers=token), 401, "BadToken")


# Opening a session: refusals in their order.


async def nonce_of(client: Client) -> bytes:
    return bytes.fromhex((await (await client.get("/v1/sessions/nonce")).json())["nonce"])


SESSIONS = [
    ({"node_key": bytes(32), "scope": "all"}, 400, "WrongNode"),
    ({"nonce": bytes(16), "scope": "all"}, 400, "BadNonce"),
    ({"scope": "all", "expires_ms": 1}, 400, "UnknownScope"),
    ({"expires_ms": 1, "key": 9}, 400, "BadExpiry"),
    ({"expires_ms": 2**50, "key": 9}, 400, "BadExpiry"),
    ({"key": 9}, 401, "NotAuthorised"),
    ({"account": bytes(20)}, 401, "NotAuthorised"),
    ({"signed_by": "bob1"}, 401, "NotAuthorised"),
]


@pytest.mark.parametrize(("changed", "status", "name"), SESSIONS)
async def test_a_bad_request_gives_no_token(
    client: Client, node: InProcess, changed: dict[str, Any], status: int, name: str
) -> None:
    nonce = changed.get("nonce", await nonce_of(client))
    rest = {key: value for key, value in changed.items() if key != "nonce"}
    request = node.session_request("ada1", nonce, **rest)
    await mistake(await client.post("/v1/sessions", json=request), status, name)


async def test_a_nonce_is_good_once(client: Client, node: InProcess) -> None:
    request = node.session_request("ada1", await nonce_of(client))
    assert (await client.post("/v1/sessions", json=request)).status == 200
    await mistake(await client.post("/v1/sessions", json=request), 400, "BadNonce")


async def test_a_nonce_is_good_for_a_minute(client: Client, node: InProcess) -> None:
    nonce = await nonce_of(client)
    node.now_ms += sessions.NONCE_MS + 1
    request = node.session_request("ada1", nonce)
    await mistake(await client.post("/v1/sessions", json=request), 400, "BadNonce")


@pytest.mark.parametrize(
    "body",
    [
        {"request": "zz", "signature": "00" * 64},
        {"request": "00", "signature": "00" * 63},
        {"request": "AB", "signature": "00" * 64},
    ],
)
async def test_bad_hex_opens_nothing(client: Client, body: dict[str, str]) -> None:
    await mistake(await client.post("/v1/sessions", json=body), 400, "BadHex")


def test_tokens_are_bounded_per_account() -> None:
    key = crypto.public_key(seed("ada1"))
    held = sessions.Sessions(bytes(32), lambda: 1_000_000)
    tokens = []
    for _ in range(sessions.TOKENS_PER_ACCOUNT_MAX + 3):
        nonce, _expires_ms = held.nonce()
        asked = SessionRequest(bytes(20), 0, bytes(32), nonce, "read", 1_500_000)
        signature = crypto.sign(seed("ada1"), b"message")
        tokens.append(held.grant(asked, key, b"message", signature))
    assert len(held) == sessions.TOKENS_PER_ACCOUNT_MAX
    assert [held.find(token) is None for token in tokens[:4]] == [True, True, True, False]


# A light client walks from an old header to the newest.


async def test_an_old_header_is_proved_by_the_newest(client: Client, node: InProcess) -> None:
    for _ in range(5):
        node.block()
    newest = read_certified(await (await client.get("/v1/headers/latest")).json()).header
    for height in range(1, 5):
        old = read_certified(await (await client.get(f"/v1/headers/{height}")).json()).header
        found = await (await client.get(f"/v1/history-proof/{height}")).json()
        assert found["tip_height"] == 4
        check_old_header(newest, old, decode(ListProof, bytes.fromhex(found["proof"])))
    await mistake(await client.get("/v1/history-proof/5"), 404, "NoSuchBlock")
