"""A market without a network: the node is gone, two devices go on, and settle when it is back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis.city import Person
from tests.process.net import Net, running, socialcoin, until


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with running(tmp_path, 1) as net:
        net.fund()
        yield net


def device_of(net: Net, folder: Path, person: Person) -> Any:
    """Somebody's device: a wallet home of its own; runs `wallet offline ...` there."""
    listed = [{"name": "own", "entropy": person.entropy.hex(), "node": net.nodes[0].url}]
    file, home = folder / f"{person.name}.json", folder / person.name
    file.write_text(json.dumps(listed))

    def run(*words: str, expect: int = 0) -> Any:
        env = {"SOCIALCOIN_PASSPHRASE": "correct horse", "SOCIALCOIN_HOME": str(home)}
        done = socialcoin("wallet", *words, "-o", "json", env=env)
        assert done.returncode == expect, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    run("import-many", str(file), "--genesis", str(net.devnet.folder / "genesis.json"))
    return run


def test_two_devices_and_no_node(net: Net, tmp_path: Path) -> None:
    payer = device_of(net, tmp_path, net.funder)
    shop = device_of(net, tmp_path, net.city.of("shop", net.wijk)[0])
    address = shop("address")["address"]
    payer("offline", "allow", address, "20", "--place", "1")
    shop("offline", "sync")
    node = net.nodes[0]
    node.kill()

    payer("pay", address, "1", expect=5)  # there is no node indeed
    for amount, total in (("7,50", 750), ("2,50", 1_000)):
        token = payer("offline", "pay", "1", amount)
        assert token["paid_cents"] == total
        assert shop("offline", "accept", token["token"])["guaranteed"]
    shop("offline", "accept", token["token"], expect=6)
    shop("offline", "settle", expect=5)

    node.start()
    until(lambda: net.status(node), "it runs again")
    assert shop("offline", "settle")["credited_cents"] == 1_000
    coins = {coin["coin"]: coin["free_cents"] for coin in shop("balance")["coins"]}
    assert coins[net.bank.coin] == 1_000
    shop("offline", "release", "1")
