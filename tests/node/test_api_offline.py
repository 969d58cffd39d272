"""One's own offline allowances over HTTP, with proofs that hold under the answer's header."""

from __future__ import annotations

from pathlib import Path

from chain import crypto
from chain.block import Header
from chain.codec import decode
from chain.light import read_record
from chain.money import Cents
from chain.tree import Proof
from governance_contracts.offline.offline import OpenAllowance
from governance_contracts.offline.records import ALLOWANCES
from governance_contracts.people.keys import prove_possession
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, seed
from tests.node.inprocess import InProcess, client_of, heard, token_of


async def test_allowances_are_shown_to_their_payer_with_proofs(tmp_path: Path) -> None:
    town = MoneyTown()
    town.deposit("J1", "dee1", 10_000)
    node = InProcess(town)
    id, shop, device = town.id("dee1"), town.id("shop1"), seed("device")
    proof = prove_possession(device, CHAIN, EPOCH, id)
    args = OpenAllowance(id, "J1", shop, 1, crypto.public_key(device), proof, Cents(1_200))
    async with client_of(node, tmp_path) as client:
        path = f"/v1/accounts/{node.address('dee1')}/allowances"
        assert (await client.get(path)).status == 401
        token = await token_of(client, node, "dee1")
        assert (await client.get(path, headers=token)).status == 503  # no block yet
        await node.submit([node.transaction("dee1", args)])
        node.settle()
        await heard(client, node)
        found = await (await client.get(path, headers=token)).json()
        others = f"/v1/accounts/{node.address('shop1')}/allowances"
        assert (await client.get(others, headers=token)).status == 403
    (one,) = found["allowances"]
    assert (one["number"], one["amount_cents"], one["paid_cents"]) == (1, 1_200, 0)
    assert (one["seller"], one["place"]) == (node.address("shop1"), 1)
    (record,) = one["records"]
    allowance = read_record(
        decode(Header, bytes.fromhex(found["header"])),
        ALLOWANCES,
        bytes.fromhex(record["key"]),
        bytes.fromhex(record["stored"]),
        decode(Proof, bytes.fromhex(record["proof"])),
    )
    assert allowance is not None and allowance.device == crypto.public_key(device)
    assert id.hex() not in record["stored"]  # a seller does not learn whose it is
