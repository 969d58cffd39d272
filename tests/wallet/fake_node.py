"""The node's HTTP API around a village: what the wallet talks to in these tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
from aiohttp import web
from msgspec import to_builtins

from auditor.bank.desk import ask_bytes
from chain import crypto
from chain.account import ACCOUNTS, PURSES, Status, find_key, purse_of
from chain.address import decode_address, encode_address
from chain.admission import Signatures
from chain.block import OutcomeLeaf, PartyLeaf, receipt_leaves
from chain.codec import decode, encode
from chain.errors import REFUSALS, Malformed, refusal_name
from chain.events import read_event
from chain.execution import build_block
from chain.light import Certified
from chain.merkle import prove_history, prove_in_list
from chain.session import SessionRequest, session_bytes
from chain.transaction import parse
from governance_contracts.bank.books import REDEMPTIONS
from governance_contracts.bank.desk import DESKS
from governance_contracts.coins.balances import HELD_LOTS
from governance_contracts.coins.switching import Switch
from governance_contracts.earmarks.lots import LOTS
from governance_contracts.people.places import PLACES
from governance_contracts.versions import RELEASE
from node.api import (
    queries,
    queries_benefits,
    queries_boards,
    queries_desk,
    queries_life,
    queries_payments,
    queries_people,
    queries_reserve,
)
from node.api.queries_coins import claims
from node.api.queries_offline import open_allowances
from node.api.switch_effects import Effects
from tests.wallet.liabilities import liability_proof
from tests.wallet.village import PREFIX, Village
from wallet_cli.core.showing import plain_fields, plain_value


def refusal_json(code: int, values: tuple[Any, ...], call: int = 0) -> dict[str, Any]:
    names = REFUSALS[code].fields
    fields = {n: plain_value(v) for n, v in zip(names, values, strict=True)}
    return {"name": refusal_name(code), "code": code, "call": call, "fields": fields}


class Node:
    """The HTTP API over a village. Tests may spoil answers with `tamper`."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.key = sha256(b"node").digest()
        self.tokens: dict[str, bytes] = {}
        self.boxes: dict[int, bytes] = {}
        self.tamper: Callable[[str, dict[str, Any]], None] = lambda _path, _answer: None
        self.seen: list[str] = []
        self.url = ""

    # The server, in a thread of its own, since the wallet's client is synchronous.

    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        async def serve() -> None:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", self._handle)
            self.runner = web.AppRunner(app)
            await self.runner.setup()
            site = web.TCPSite(self.runner, "127.0.0.1", 0)
            await site.start()
            assert self.runner.addresses
            self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
            started.set()

        def run() -> None:
            self.loop.run_until_complete(serve())
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        started.wait()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _handle(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        self.seen.append(path)
        body = await request.json() if request.can_read_body else {}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        status, answer = self.answer(request.method, path, dict(request.query), body, token)
        self.tamper(path, answer)
        return web.json_response(answer, status=status)

    def answer(
        self, method: str, path: str, query: dict[str, str], body: dict[str, Any], token: str
    ) -> tuple[int, dict[str, Any]]:
        village, parts = self.village, path.strip("/").split("/")
        tip = village.ledger.tip
        match method, parts:
            case "GET", ["v1", "status"]:
                return 200, {
                    "chain_id": village.chain.hex(), "epoch": 0, "prefix": PREFIX,
                    "height": tip.height, "time_ms": tip.time_ms, "node_key": self.key.hex(),
                }  # fmt: skip
            case "GET", ["v1", "genesis"]:
                return 200, village.document
            case "GET", ["v1", "headers", height]:
                at = tip.height if height == "latest" else int(height)
                return 200, header_json(village.headers[at - 1])
            case "GET", ["v1", "headers"]:
                start, limit = int(query["from"]), int(query["limit"])
                found = village.headers[start - 1 :]
                if query.get("seat_changes"):
                    found = [c for c in found if c.header.seats != c.header.next_seats]
                return 200, {"headers": [header_json(c) for c in found[:limit]]}
            case "GET", ["v1", "history-proof", height]:
                proof = history_proof(village, int(height))
                return 200, {
                    "height": int(height), "tip_height": tip.height - 1,
                    "proof": encode(proof).hex(),
                }  # fmt: skip
            case "GET", ["v1", "seats"]:
                sets = village.seats()
                return 200, {
                    "height": tip.height,
                    "seats": [{"wijk": s.wijk, "key": s.key.hex()} for s in sets.current],
                    "next": [{"wijk": s.wijk, "key": s.key.hex()} for s in sets.following],
                }
            case "GET", ["v1", "benefits"]:
                return 200, shown(queries_benefits.benefits(village.ledger, PREFIX, "", 50))
            case "GET", ["v1", "payees", address, "benefits"]:
                shop = decode_address(PREFIX, address)
                return 200, shown(queries_benefits.of_payee(village.ledger, shop, PREFIX))
            case "GET", ["v1", "payees", address]:
                return 200, self._payee(decode_address(PREFIX, address))
            case "GET", ["v1", "sessions", "nonce"]:
                nonce = sha256(str(len(self.seen)).encode()).digest()[:16]
                return 200, {"nonce": nonce.hex(), "node_key": self.key.hex(), "expires_ms": 0}
            case "POST", ["v1", "sessions"]:
                return self._session(body)
            case "POST", ["v1", "transactions"]:
                return 202, {
                    "results": [self._submit(bytes.fromhex(t)) for t in body["transactions"]]
                }
            case "GET", ["v1", "transactions", id]:
                known = self._outcome(bytes.fromhex(id))
                return 200, known | ({"refusal": None} if known["status"] == "refused" else {})
            case "POST", ["v1", "dry-run"]:
                return 200, self._dry_run(bytes.fromhex(body["transaction"]))
            case "GET", ["v1", "coins"]:
                return 200, shown(queries.coins(village.ledger, None, PREFIX))
            case "GET", ["v1", "coins", code, "reserve"]:
                return found_or_404(queries_reserve.reserve(village.ledger, code))
            case "GET", ["v1", "coins", code, "desk"]:
                named = village.ledger.get(DESKS, code)
                key = None if named is None else named.key.hex()
                return 200, {"height": tip.height, "coin": code, "key": key}
            case "POST", ["v1", "coins", code, "desk"]:
                return self._collect(code, body)
            case "GET", ["v1", "coins", code, "statements"]:
                start, limit = int(query["from"]), int(query["limit"])
                return 200, shown(queries_reserve.statements(village.ledger, code, start, limit))
            case "GET", ["v1", "coins", code, "statements", sequence]:
                return found_or_404(queries_reserve.lines(village.ledger, code, int(sequence)))
            case "GET", ["v1", "coins", code, "switch"]:
                effects = Effects(Switch(code, query["issuer"]))
                assert effects.stretch(village.ledger, b"") is None
                return 200, shown(effects.answer(village.ledger))
            case "GET", ["v1", "wijken", wijk]:
                return found_or_404(queries_boards.board(village.ledger, wijk, PREFIX))
            case "GET", ["v1", "wijken", wijk, "proposals"]:
                return 200, shown(queries_boards.open_proposals(village.ledger, wijk, PREFIX))
            case "GET", ["v1", "proposals", id]:
                return found_or_404(queries_boards.proposal(village.ledger, bytes.fromhex(id)))
            case "GET", ["v1", "motions"]:
                return 200, shown(queries_boards.open_motions(village.ledger))
            case "GET", ["v1", "motions", id]:
                return found_or_404(queries_boards.motion(village.ledger, bytes.fromhex(id)))
            case "GET" | "POST", ["v1", "accounts", address, *rest]:
                account = decode_address(PREFIX, address)
                if self.tokens.get(token) is None:
                    return 401, {"error": {"name": "NoToken", "code": None, "message": "no token"}}
                if self.tokens[token] != account:
                    return 403, {
                        "error": {"name": "NotYours", "code": None, "message": "not yours"}
                    }
                ledger = village.ledger
                match rest:
                    case ["destinations"]:
                        asked = ledger.get(REDEMPTIONS, body["redemption"])
                        if asked is None or asked.holder != account:
                            return found_or_404(None)
                        self.boxes[body["redemption"]] = bytes.fromhex(body["box"])
                        return 200, {"redemption": body["redemption"]}
                    case ["benefits"]:
                        return 200, shown(queries_benefits.own(ledger, account, PREFIX))
                    case ["recurring"]:
                        return 200, shown(queries_payments.recurring(ledger, account, PREFIX))
                    case ["mistakes"]:
                        return 200, shown(queries_payments.mistakes(ledger, account, PREFIX))
                    case ["liability-proof"]:
                        return 200, liability_proof(village, account, query["coin"])
                    case ["proposals", id]:
                        name = bytes.fromhex(id)
                        return found_or_404(queries_boards.proposal(ledger, name, reader=account))
                    case ["motions", id]:
                        name = bytes.fromhex(id)
                        return found_or_404(queries_boards.motion(ledger, name, reader=account))
                    case ["claims", code]:
                        return 200, shown(claims(ledger, code, account, b"", PREFIX))
                    case ["mandates"]:
                        return 200, shown(queries_people.mandates(ledger, account, PREFIX))
                    case ["mandates", number]:
                        return found_or_404(
                            queries_people.mandate(ledger, int(number), account, PREFIX)
                        )
                    case ["recoveries", resident]:
                        whose = decode_address(PREFIX, resident)
                        return found_or_404(queries_life.recovery(ledger, whose, account, PREFIX))
                    case ["life", resident]:
                        whose = decode_address(PREFIX, resident)
                        return found_or_404(queries_life.life(ledger, whose, account, PREFIX))
                    case ["entries", resident]:
                        whose = decode_address(PREFIX, resident)
                        return found_or_404(queries_people.entry(ledger, whose, account, PREFIX))
                return 200, self._account(account, rest, query)
        return 404, {"error": {"name": "NotFound", "code": None, "message": f"no {path}"}}

    def _collect(self, coin: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        ledger, numbers = self.village.ledger, body["redemptions"]
        message = ask_bytes(self.village.chain, 0, coin, self.key, body["expires_ms"], numbers)
        desk = ledger.get(DESKS, coin)
        if desk is None or not crypto.verify(desk.key, message, bytes.fromhex(body["signature"])):
            error = {"name": "NotTheDesk", "code": None, "message": "This is for the desk."}
            return 403, {"error": error}
        found = queries_desk.asked_about(ledger, coin, numbers)
        listed = queries_desk.with_boxes(self.boxes.get, found)
        return 200, {
            "height": ledger.tip.height, "time_ms": ledger.tip.time_ms,
            "redemptions": to_builtins(listed),
        }  # fmt: skip

    def _payee(self, account: bytes) -> dict[str, Any]:
        found = self.village.ledger.find(ACCOUNTS, account)
        places = [
            {"number": int.from_bytes(k[20:], "big"), "wijk": p.wijk, "kind": p.kind}
            for k, p in self.village.ledger.scan(PLACES, account)
            if k[:20] == account
        ]  # fmt: skip
        return {"registered": found is not None, "closed": False, "places": places}

    def _session(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        request = decode(SessionRequest, bytes.fromhex(body["request"]))
        account = self.village.ledger.find(ACCOUNTS, request.account)
        key = find_key(account, request.key) if account else None
        message = session_bytes(self.village.chain, 0, request)
        if key is None or not crypto.verify(key.key, message, bytes.fromhex(body["signature"])):
            error = {"name": "BadSession", "code": None, "message": "this key is not the account's"}
            return 401, {"error": error}
        token = sha256(request.nonce).hexdigest()
        self.tokens[token] = request.account
        return 200, {"token": token, "expires_ms": request.expires_ms}

    def _submit(self, data: bytes) -> dict[str, Any]:
        try:
            transaction = parse(data)
        except Malformed as error:
            return {"id": None, "status": "malformed", "message": str(error), "refusal": None}
        known = transaction.id in self.village.outcomes
        if known and (found := self._outcome(transaction.id))["status"] == "refused":
            return found
        dropped = () if known else self.village.block([data])
        if transaction.id in self.village.outcomes:
            return {"id": transaction.id.hex(), "status": "pending", "refusal": None}
        refusal = refusal_json(dropped[0][1].code, dropped[0][1].values)
        return {"id": transaction.id.hex(), "status": "not_accepted", "refusal": refusal}

    def _outcome(self, id: bytes) -> dict[str, Any]:
        if id not in self.village.outcomes:
            return {
                "id": id.hex(),
                "status": "unknown",
                "height": None,
                "time_ms": None,
                "refusal": None,
            }
        height, receipt = self.village.outcomes[id]
        refusal = None
        for record in receipt.refusal:
            refusal = refusal_json(record.code, record.values, record.call)
        return {
            "id": id.hex(), "status": "refused" if refusal else "committed", "height": height,
            "time_ms": self.village.headers[height - 1].header.time_ms, "refusal": refusal,
        }  # fmt: skip

    def _dry_run(self, data: bytes) -> dict[str, Any]:
        parent = self.village.ledger.parent()
        wijk = self.village.seats().following[0].wijk
        previous = (self.village.headers[-1].certificate,)
        applied, dropped = build_block(
            parent, wijk, parent.time_ms + 1000, [parse(data)], (), previous, RELEASE,
            self.village.ledger, Signatures(),
        )  # fmt: skip
        if dropped:
            refusal = refusal_json(dropped[0][1].code, dropped[0][1].values)
            return {"status": "inadmissible", "refusal": refusal, "events": []}
        receipt = applied.receipts[-1]
        for record in receipt.refusal:
            return {
                "status": "refused",
                "refusal": refusal_json(record.code, record.values),
                "events": [],
            }
        events = [event_json(e.data) | {"party": e.party.hex()} for e in receipt.events]
        return {"status": "ok", "refusal": None, "events": events}

    def _account(self, id: bytes, rest: list[str], query: dict[str, str]) -> dict[str, Any]:
        if rest == ["allowances"]:
            found = open_allowances(self.village.ledger, id, PREFIX)
            return {**header_json(self.village.headers[-1]), "allowances": to_builtins(found)}
        if rest[:1] == ["receipts"]:
            return self._receipt(id, bytes.fromhex(rest[1]))
        if rest == ["history"]:
            return self._history(id)
        ledger = self.village.ledger
        account, purse, held = (
            ledger.find(ACCOUNTS, id),
            purse_of(ledger, id),
            ledger.find(HELD_LOTS, id),
        )
        assert account is not None
        coins: dict[str, Any] = {
            h.coin: {"coin": h.coin, "free_cents": h.amount, "lots": []} for h in purse.free
        }
        for entry in held.lots if held else ():
            coin = coins.setdefault(entry.coin, {"coin": entry.coin, "free_cents": 0, "lots": []})
            lot = ledger.get(LOTS, entry.lot)
            assert lot is not None
            coin["lots"].append({
                "lot": entry.lot, "amount_cents": entry.amount, "regions": list(lot.terms.regions),
                "categories": list(lot.terms.categories), "expires_ms": None, "after": lot.after,
                "fund": None,
            })  # fmt: skip
        certified = self.village.headers[-1]
        records = []
        for table in (ACCOUNTS, PURSES, HELD_LOTS):
            stored, proof = ledger.prove(table.number, id)
            records.append({
                "table": table.number, "key": id.hex(), "proof": encode(proof).hex(),
                "stored": None if stored is None else stored.hex(),
            })  # fmt: skip
        return {
            "address": encode_address(PREFIX, id), "height": ledger.tip.height,
            "time_ms": ledger.tip.time_ms,
            "account": {
                "kind": account.kind, "threshold": account.threshold,
                "status": Status(account.status).name.lower(),
            },
            "windows": [{"key": w.key, "highest": w.highest} for w in purse.windows],
            "coins": list(coins.values()),
            "proof": {**header_json(certified), "records": records} if query.get("proof") else None,
        }  # fmt: skip

    def _receipt(self, account: bytes, id: bytes) -> dict[str, Any]:
        height, wanted = self.village.outcomes[id]
        leaves, mine = [], []
        for receipt in self.village.blocks[height].receipts:
            parties = list(dict.fromkeys(e.party for e in receipt.events))
            plain = [encode(OutcomeLeaf(receipt.wire_hash, receipt.id, receipt.refusal))] + [
                encode(PartyLeaf(receipt.wire_hash, receipt.id, party,
                                 tuple(e.data for e in receipt.events if e.party == party)))
                for party in parties
            ]  # fmt: skip
            if receipt is wanted:
                mine = [(len(leaves), plain[0])] + [
                    (len(leaves) + 1 + i, plain[1 + i])
                    for i, p in enumerate(parties)
                    if p == account
                ]
            leaves += receipt_leaves(receipt)
        shown = [
            {"leaf": leaf.hex(), "proof": encode(prove_in_list(leaves, at)).hex()}
            for at, leaf in mine
        ]
        return {"id": id.hex(), **header_json(self.village.headers[height - 1]), "leaves": shown}

    def _history(self, account: bytes) -> dict[str, Any]:
        entries = []
        for id, (height, receipt) in reversed(self.village.outcomes.items()):
            events = [event_json(e.data) for e in receipt.events if e.party == account]
            if events:
                entries.append({**self._outcome(id), "height": height, "events": events})
        return {"entries": entries, "next": None}


def shown(shape: Any) -> dict[str, Any]:
    """As the node writes it."""
    found: dict[str, Any] = msgspec.to_builtins(shape)
    return found


def found_or_404(shape: Any) -> tuple[int, dict[str, Any]]:
    if shape is None:
        return 404, {"error": {"name": "NotFound", "code": None, "message": "not there"}}
    return 200, shown(shape)


def event_json(data: bytes) -> dict[str, Any]:
    event = read_event(data)
    return {
        "number": event.__struct_config__.tag, "name": type(event).__name__,
        "fields": plain_fields(event),
    }  # fmt: skip


def header_json(certified: Certified) -> dict[str, Any]:
    return {
        "height": certified.header.height,
        "header": encode(certified.header).hex(),
        "certificate": encode(certified.certificate).hex(),
    }


def history_proof(village: Village, height: int) -> Any:
    """Inclusion under the history that the newest header carries: all headers but its own."""
    return prove_history(village.ledger._subtree, village.ledger.tip.height - 1, height - 1)
