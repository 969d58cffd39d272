"""A wallet home with the village's people, and a node to talk to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.wallet import village as place
from tests.wallet.fake_node import Node
from tests.wallet.village import Village
from wallet_cli import desk, keystore, sending
from wallet_cli.main import root

PASSPHRASE = "correct horse"

Wallet = Callable[..., Result]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its least, the village's clock, and no settings of who runs the tests."""
    monkeypatch.setattr(keystore, "OPERATIONS", 1)
    monkeypatch.setattr(keystore, "MEMORY_BYTES", 8192)
    clock = SimpleNamespace(time_ns=lambda: (place.START_MS + 10_000) * 1_000_000)
    monkeypatch.setattr(desk, "time", clock)
    monkeypatch.setattr(sending, "PAUSE_S", 0.0)
    for name in ("SOCIALCOIN_NODE", "SOCIALCOIN_HOME", "SOCIALCOIN_WALLET", "SOCIALCOIN_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOCIALCOIN_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def node(village: Village) -> Iterator[Node]:
    found = Node(village)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "wallets"


@pytest.fixture
def wallet(home: Path) -> Wallet:
    """Run `socialcoin wallet ...`; `as_` names whose wallet."""

    def run(*words: str, as_: str | None = None, input: str | None = None) -> Result:
        extra = ["--home", str(home)] if "--home" not in words else []
        if as_ is not None:
            extra += ["--wallet", as_]
        return CliRunner().invoke(root, ["wallet", *words, *extra], input=input)

    return run


@pytest.fixture
def people(home: Path, node: Node, wallet: Wallet, tmp_path: Path) -> None:
    """Wallets of everybody, by the way a devnet makes them."""
    listed = [
        {"name": name, "entropy": place.entropy(name).hex(), "node": node.url}
        for name in ("ada", "bob", "cas", "dee", "eef", "shop", "far", "stad")
    ]
    file, genesis = tmp_path / "wallets.json", tmp_path / "genesis.json"
    file.write_text(json.dumps(listed))
    genesis.write_text(json.dumps(node.village.document))
    result = wallet("import-many", str(file), "--genesis", str(genesis))
    assert result.exit_code == 0, result.output


def answer(result: Result) -> Any:
    """The JSON on stdout, which holds nothing else."""
    return json.loads(result.stdout)
