"""A node's configuration: read, refused with a sentence that names the file, written back."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.console import UserError
from genesis.homes import NodeHome
from node.config import (
    Address,
    ApiSection,
    Config,
    PeerEntry,
    PeerSection,
    StoreSection,
    _quote,
    parse_address,
    read_config,
    write_config,
)


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    home = NodeHome(tmp_path)
    home.make()
    return home


def test_what_is_written_is_read(home: NodeHome) -> None:
    config = Config(
        name='board of "Oost" \\ west\n',
        wijk="WK0363AA",
        log_level="debug",
        p2p=PeerSection("[::1]:1", (PeerEntry("a.example:2", "WK2", ""), PeerEntry(key="ab" * 32))),
        api=ApiSection("127.0.0.1:3"),
        store=StoreSection("lmdb"),
    )
    write_config(home, config)
    assert read_config(home) == config


@given(st.text(st.characters(codec="utf-8")))
def test_any_name_is_written_so_that_it_can_be_read(name: str) -> None:
    assert tomllib.loads(f"name = {_quote(name)}") == {"name": name}


def test_an_empty_file_is_an_observer_on_the_usual_ports(home: NodeHome) -> None:
    home.toml.write_text("")
    assert read_config(home) == Config()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "cannot be used"),
        ("nmae = 'x'", "unknown field `nmae`"),
        ("name = 5", "Expected `str`"),
        ("[api]\nport = 5", "unknown field `port`"),
        ("[api]\nlisten = 'localhost'", "is not an address of the form host:port"),
        ("[api]\nlisten = ':80'", "is not an address of the form host:port"),
        ("[api]\nlisten = 'a:٣'", "is not an address of the form host:port"),
        ("[p2p]\nlisten = 'a:0'", "0 is not a port"),
        ("[p2p]\nlisten = 'a:65536'", "65536 is not a port"),
        (f"[p2p]\nlisten = 'a:{'9' * 5000}'", "is not a port"),
        ("[[p2p.peers]]\naddress = 'a'", "is not an address of the form host:port"),
        ("[[p2p.peers]]\nkey = 'abc'", "64 hexadecimal digits"),
        ("[[p2p.peers]]\nkey = 'abcd'", "64 hexadecimal digits"),
        ("log_level = 'loud'", "log_level in"),
        ("[store]\nengine = 'sqlite'", "engine in"),
    ],
)
def test_a_mistake_is_said(home: NodeHome, text: str, sentence: str) -> None:
    home.toml.write_text(text)
    with pytest.raises(UserError) as caught:
        read_config(home)
    assert sentence in caught.value.message
    assert caught.value.exit_code == 1


def test_bytes_that_are_no_text_are_said(home: NodeHome) -> None:
    home.toml.write_bytes(b"name = '\xff'")
    with pytest.raises(UserError, match="cannot be used"):
        read_config(home)


def test_a_home_that_is_none_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="socialcoin node init"):
        read_config(NodeHome(tmp_path / "nowhere"))


def test_addresses_of_both_families_are_read_and_shown() -> None:
    assert parse_address("[::1]:80") == Address("::1", 80)
    assert str(Address("::1", 80)) == "[::1]:80"
    assert str(parse_address("node.example:26656")) == "node.example:26656"


def test_a_configuration_is_written_whole_or_not_at_all(
    home: NodeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, Config(name="old"))

    def fail(*_arguments: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(os, "fsync", fail)
        write_config(home, Config(name="new"))
    assert read_config(home).name == "old"
