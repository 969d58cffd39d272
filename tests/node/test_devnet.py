"""A devnet never takes another's nodes for its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis.console import UserError
from node.demo import devnet
from node.demo.devnet import Devnet


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_said_before_anything_is_written(taken: int, tmp_path: Path) -> None:
    folder = tmp_path / "net"
    with pytest.raises(UserError, match=f"127.0.0.1:{taken} is in use.*--port-base"):
        Devnet.make(folder, 1, taken)
    assert not folder.exists()


def test_a_node_of_another_chain_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Devnet.make(tmp_path / "net", 1, 52_990, residents=0)
    strange: dict[str, Any] = {"chain_id": "00" * 32, "height": 9}
    own: dict[str, Any] = {"chain_id": made.testnet.chain.hex(), "height": 3}
    answers = iter([strange, own])
    monkeypatch.setattr(devnet, "ask", lambda *_, **__: next(answers))
    monkeypatch.setattr(devnet, "POLL_S", 0)
    assert made.wait_for(made.nodes[0], 1) == own
