"""Four real validators with short timers: what a crash, a power cut and a twin may do to them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from genesis.homes import NodeHome
from node.demo.devnet import DevNode
from tests.process.net import Load, events, free_ports, running, until

VOTES_AGAIN_S = 10.0


def test_a_validator_killed_under_load_votes_again_and_a_power_cut_loses_nothing(
    tmp_path: Path,
) -> None:
    with running(tmp_path, 4) as net:
        net.fund()
        load = Load(net, net.nodes[0])
        load.start()
        load.reaches(3)

        victim = net.nodes[3]
        victim.kill()
        load.reaches(len(load.acknowledged) + 3)
        victim.start()
        began = time.monotonic()
        until(lambda: net.votes(victim), "its precommit stands in a certificate", VOTES_AGAIN_S)
        print(f"voted again {time.monotonic() - began:.1f} s after its start")

        load.reaches(len(load.acknowledged) + 2)
        for node in net.nodes:
            assert node.process is not None
            node.process.kill()
        for node in net.nodes:
            node.kill()
        load.end()
        assert load.acknowledged
        for node in net.nodes:
            node.start()
        for node in net.nodes:
            until(lambda node=node: net.height(node), f"{node.name} is back")
        assert net.pay().status == "committed"
        for node in net.nodes:
            until(lambda node=node: net.height(node) >= net.height(), "all are level")
            found = [net.outcome(node, name)["status"] for name in load.acknowledged]
            assert found == ["committed"] * len(found)
        net.level()


def test_a_twin_with_the_same_key_ends_with_7_and_nothing_is_signed_twice(tmp_path: Path) -> None:
    with running(tmp_path, 4) as net:
        net.fund()
        original = net.nodes[3]
        home = shutil.copytree(
            original.home.root, tmp_path / "twin", ignore=shutil.ignore_patterns("lock", "log")
        )
        port = free_ports(2)
        toml = home / "config" / "node.toml"
        text = toml.read_text()
        listen = text.split('listen = "')[1].split('"')[0]
        api = original.url.removeprefix("http://")
        toml.write_text(
            text.replace(f'"{listen}"', f'"127.0.0.1:{port}"', 1).replace(
                f'"{api}"', f'"127.0.0.1:{port + 1}"'
            )
        )
        load = Load(net, net.nodes[0])
        load.start()
        load.reaches(2)

        twin = DevNode("twin", original.wijk, f"http://127.0.0.1:{port + 1}", NodeHome(home))
        twin.start()
        try:
            code = net.ended(twin)
            assert code == 7, twin.last_words()
            assert "this seat's key signed" in twin.last_words()
            assert "Traceback" not in twin.last_words()
        finally:
            twin.stop()
        load.reaches(len(load.acknowledged) + 1)
        load.end()
        until(lambda: net.votes(original), "the original votes")
        for node in net.nodes:
            assert "equivocation" not in events(net.log(node))


def test_a_damaged_store_is_rebuilt_with_a_message_and_the_rest_fetched(tmp_path: Path) -> None:
    with running(tmp_path, 4) as net:
        net.fund()
        victim = net.nodes[2]
        victim.kill()
        log = max((victim.home.data / "chain").glob("*.log"), key=lambda p: p.stat().st_size)
        data = bytearray(log.read_bytes())
        data[len(data) // 2] ^= 0xFF
        log.write_bytes(data)
        assert net.pay().status == "committed"
        victim.start()
        until(lambda: net.height(victim) >= net.height(), "the damaged node is level")
        assert "the store is damaged" in net.log(victim)
        net.level()
        until(lambda: net.votes(victim), "it votes")
