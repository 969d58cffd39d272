"""One real validator: how it ends, and what it says when it cannot run."""

from __future__ import annotations

import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.block import read_block
from chain.export import read_export
from node.demo.devnet import DevNode
from tests.process.net import Net, running, said, socialcoin, until

ROOM_BYTES = 40_000


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with running(tmp_path, 1) as net:
        yield net


def heights(file: Path) -> list[int]:
    with file.open("rb") as source:
        _genesis, blocks = read_export(source)
        return [read_block(block).header.height for block, _certificate in blocks]


def stop(net: Net, number: signal.Signals = signal.SIGTERM) -> int:
    node = net.nodes[0]
    assert node.process is not None
    node.process.send_signal(number)
    return net.ended(node)


def restart(net: Net) -> DevNode:
    node = net.nodes[0]
    node.start()
    until(lambda: net.status(node), "it runs again")
    return node


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_node_cleanly(net: Net, number: signal.Signals) -> None:
    assert stop(net, number) == 0
    log = net.log(net.nodes[0])
    assert log.splitlines()[-1] == "The node was stopped."
    assert "Traceback" not in log


def test_killed_again_and_again_it_goes_on_and_keeps_every_payment(net: Net) -> None:
    net.fund()
    paid = []
    for _ in range(3):
        paid += [net.pay().id, net.pay().id]
        net.nodes[0].kill()
        restart(net)
    assert [net.outcome(net.nodes[0], name)["status"] for name in paid] == ["committed"] * 6


def test_the_chain_is_exported_of_a_running_and_of_a_stopped_node(net: Net, tmp_path: Path) -> None:
    home = str(net.nodes[0].home.root)
    net.fund()
    file = tmp_path / "running.export"
    done = socialcoin("node", "export", str(file), "--home", home)
    assert done.returncode == 0, done.stderr
    while_running = heights(file)
    assert while_running == list(range(1, net.height() + 1))
    assert stop(net) == 0
    done = socialcoin("node", "export", str(file), "--home", home, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert heights(file)[: len(while_running)] == while_running

    nowhere = tmp_path / "nowhere" / "file"
    done = socialcoin("node", "export", str(nowhere), "--home", home)
    assert done.returncode == 1
    assert f"there is no folder {nowhere.parent}" in said(done)


def test_a_second_start_in_the_same_home_is_refused(net: Net) -> None:
    done = net.run(net.nodes[0])
    assert done.returncode == 1
    assert "a node already runs in" in said(done)
    assert net.pay().status in ("committed", "refused")


def test_a_port_in_use_is_said_with_what_to_do(net: Net) -> None:
    assert stop(net) == 0
    node = net.nodes[0]
    host, _, port = node.url.removeprefix("http://").partition(":")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((host, int(port)))
        other.listen()
        done = net.run(node)
    assert done.returncode == 1
    assert f"{host}:{port}" in said(done)
    assert "is in use by another program" in done.stderr
    restart(net)


def test_without_its_guard_a_seat_never_signs(net: Net) -> None:
    assert stop(net) == 0
    node = net.nodes[0]
    guard = node.home.data / "guard"
    kept = guard.read_bytes()
    guard.unlink()
    for _ in range(2):  # the first start must not make what the second finds
        done = net.run(node)
        assert done.returncode == 7
        assert "A key without its record never signs" in said(done)
    again = socialcoin("node", "init", "--home", str(node.home.root))
    assert again.returncode == 0
    assert net.run(node).returncode == 7
    assert not guard.exists()
    guard.write_bytes(kept)
    guard.chmod(0o600)
    restart(net)


def test_a_damaged_guard_ends_with_7_and_is_left_alone(net: Net) -> None:
    net.fund()
    assert stop(net) == 0
    guard = net.nodes[0].home.data / "guard"
    data = bytearray(guard.read_bytes())
    data[20] ^= 0xFF
    guard.write_bytes(data)
    done = net.run(net.nodes[0])
    assert done.returncode == 7
    assert "damaged" in said(done)
    assert guard.read_bytes() == data


KEY_FILES: list[tuple[bytes | None, int, str]] = [
    (None, 0, "The key file cannot be read"),
    (b"no key\n", 0o600, "64 hexadecimal digits are expected"),
    (b"ab" * 32 + b"\n", 0o644, "run `chmod 600"),
    (b"\xff\xfe", 0o600, "64 hexadecimal digits are expected"),
]


def test_a_key_file_that_cannot_be_used_ends_with_4(net: Net) -> None:
    assert stop(net) == 0
    home = net.nodes[0].home
    for file, cases in ((home.node_key, KEY_FILES), (home.consensus_key, KEY_FILES[:1])):
        kept = file.read_bytes()
        for content, mode, sentence in cases:
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_bytes(content)
                file.chmod(mode)
            done = net.run(net.nodes[0])
            assert done.returncode == 4
            assert sentence in said(done)
        file.write_bytes(kept)
        file.chmod(0o600)
    restart(net)


def test_another_genesis_than_the_stores_is_refused(net: Net) -> None:
    assert stop(net) == 0
    home = net.nodes[0].home
    kept = home.genesis.read_bytes()
    for document, sentence in [
        (kept.replace(b"Vierstroom", b"Driestroom"), "holds another chain"),
        (b"{}", "the genesis document cannot be read"),
        (None, "does not exist"),
    ]:
        home.genesis.unlink()
        if document is not None:
            home.genesis.write_bytes(document)
        done = net.run(net.nodes[0])
        assert done.returncode in (1, 7)
        assert sentence in said(done) or "another chain" in done.stderr
        home.genesis.write_bytes(kept)
    restart(net)


def test_a_full_disk_ends_the_node_and_nothing_acknowledged_is_lost(net: Net) -> None:
    """The limit is on the size of one file, as a full disk would cut it."""
    net.fund()
    paid = [net.pay()]
    assert stop(net) == 0
    node = restart(net)
    assert node.process is not None
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))

    def ended() -> bool:
        assert node.process is not None
        if node.process.poll() is None:
            paid.append(net.pay())
        return node.process.poll() is not None

    until(ended, "the disk is full")
    assert net.ended(node) == 1
    assert "Error: the disk is full" in node.last_words()
    assert not [line for line in net.log(node).splitlines() if line.startswith("Traceback")]

    restart(net)
    for outcome in paid:
        if outcome.status == "committed":
            assert net.outcome(node, outcome.id)["status"] == "committed"
    assert net.pay().status == "committed"
