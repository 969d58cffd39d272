"""A Genesis document in short, for programs and for people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from chain.address import encode_address
from genesis.document import Genesis, chain_id
from genesis.findings import Finding
from genesis.texts import _


def findings_json(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [
        {"rule": f.rule, "where": f.where, "expected": f.expected, "advice": f.advice}
        for f in findings
    ]


def summary(genesis: Genesis) -> dict[str, Any]:
    return {
        "chain_id": chain_id(genesis).hex(),
        "name": genesis.name,
        "prefix": genesis.prefix,
        "epoch": genesis.epoch,
        "time_ms": genesis.time_ms,
        "protocol": genesis.protocol,
        "contracts": {c.name: c.version for c in genesis.contracts},
        "parameters": {p.name: p.value for p in genesis.parameters},
        "regions": len(genesis.regions),
        "wijken": [
            {
                "code": wijk.code,
                "name": next((r.name for r in genesis.regions if r.code == wijk.code), ""),
                "board": [encode_address(genesis.prefix, m) for m in wijk.board.members],
                "threshold": f"{wijk.board.numerator}/{wijk.board.denominator}",
                "treasury": encode_address(genesis.prefix, wijk.treasury),
                "seat_key": wijk.seat.consensus.key.hex(),
                "node_keys": [node.key.hex() for node in wijk.seat.nodes],
                "coins": [
                    {
                        "code": coin.code,
                        "name": coin.name,
                        "currency": coin.currency,
                        "issuer": coin.issuer,
                        "attestors": len(coin.reserve.attestors),
                        "k": coin.reserve.k,
                    }
                    for coin in wijk.coins
                ],
            }
            for wijk in genesis.wijken
        ],
        "accounts": len(genesis.accounts),
        "places": len(genesis.places),
    }


def summary_text(genesis: Genesis) -> str:
    founded = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(genesis.time_ms // 1000))
    lines = [
        f"{genesis.name}   ({genesis.prefix}1...)",
        _("chain id    {id}").format(id=chain_id(genesis).hex()),
        _("founded     {time}").format(time=founded),
        _("regions     {regions}, accounts {accounts}, places {places}").format(
            regions=len(genesis.regions),
            accounts=len(genesis.accounts),
            places=len(genesis.places),
        ),
    ]
    names = {region.code: region.name for region in genesis.regions}
    for wijk in genesis.wijken:
        coins = ", ".join(f"{coin.name} ({coin.code})" for coin in wijk.coins)
        lines.append(
            _("{code}  {name}: board of {n}, {a}/{b} decide; {coins}").format(
                code=wijk.code,
                name=names.get(wijk.code, "?"),
                n=len(wijk.board.members),
                a=wijk.board.numerator,
                b=wijk.board.denominator,
                coins=coins or _("no coin"),
            )
        )
    return "\n".join(lines)
