"""What a board types wrongly: a sentence, the documented exit code, never a traceback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from genesis.city import demo_city
from genesis.document import dump
from genesis.homes import NodeHome
from genesis.testnet import addresses, write_homes
from wallet_cli.main import root

CITY = demo_city(1, bytes(32), 2)


class Stranger(BaseHTTPRequestHandler):
    """Another program's HTTP server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"hello": "world"}')

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    return write_homes(CITY, tmp_path, addresses(CITY, 20_000), dump(CITY.genesis))[0]


def node(*words: str) -> Result:
    return CliRunner().invoke(root, ["node", *words, "--lang", "en"], catch_exceptions=False)


def fails(exit_code: int, sentence: str, *words: str) -> None:
    """The command says this; under -o json the same, alone on stdout."""
    done = node(*words)
    assert done.exit_code == exit_code, done.output
    assert sentence in done.stderr
    assert done.stdout == ""
    spoken = node(*words, "-o", "json")
    assert spoken.exit_code == exit_code
    error = json.loads(spoken.stdout)["error"]
    assert sentence in error["message"]
    assert error["exit_code"] == exit_code


@pytest.mark.parametrize("command", [["start"], ["export", "file"], ["verify"]])
def test_a_home_that_is_none(tmp_path: Path, command: list[str]) -> None:
    nowhere = str(tmp_path / "nowhere")
    fails(1, "make a node home first with `socialcoin node init`", *command, "--home", nowhere)


@pytest.mark.parametrize("command", ["status", "peers"])
def test_no_node_answers(command: str) -> None:
    fails(5, "no node answers at http://127.0.0.1:9", command, "--node", "http://127.0.0.1:9")


def test_a_home_on_the_command_line_comes_before_a_node_in_the_environment(
    home: NodeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALCOIN_NODE", "http://127.0.0.1:9")
    fails(5, "no node answers at http://127.0.0.1:20000", "status", "--home", str(home.root))
    fails(5, "no node answers at http://127.0.0.1:9", "status")


@pytest.mark.parametrize("url", ["not a url", "127.0.0.1:26657", "file:///etc/hostname"])
def test_what_is_no_address_of_a_node(url: str) -> None:
    fails(2, "http://HOST:PORT is expected", "status", "--node", url)


@pytest.mark.parametrize("command", ["status", "peers"])
def test_another_program_answers(command: str, stranger: str) -> None:
    fails(5, "is no node of the social coin", command, "--node", stranger)


def test_unknown_options_commands_and_arguments() -> None:
    fails(2, "No such option '--hoem'", "start", "--hoem", "x")
    fails(2, "unexpected extra argument", "start", "x")
    fails(2, "No such command 'frob'", "frob")
    fails(2, "Missing argument 'FILE'", "export")


def test_init_with_addresses_that_are_none(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    for option in ("--api", "--listen", "--peer"):
        fails(2, "is not an address", "init", "--home", home, option, "nonsense")
        fails(2, "is not a port", "init", "--home", home, option, "a:70000")
    assert not Path(home).exists()


def test_init_with_documents_that_are_none(tmp_path: Path) -> None:
    home, file = str(tmp_path / "home"), tmp_path / "genesis.json"
    fails(2, "does not exist", "init", "--home", home, "--genesis", str(file))
    file.write_text("{")
    fails(1, "the genesis document cannot be read", "init", "--home", home, "--genesis", str(file))


def test_init_does_not_write_over_a_configuration_unasked(home: NodeHome) -> None:
    before = home.toml.read_bytes()
    fails(2, "Say yes with -y", "init", "--home", str(home.root), "--name", "other")
    assert home.toml.read_bytes() == before
    assert node("init", "--home", str(home.root), "--name", "other", "-y").exit_code == 0
    assert b'name = "other"' in home.toml.read_bytes()


def test_init_twice_makes_the_keys_once(tmp_path: Path) -> None:
    words = ("init", "--home", str(tmp_path / "home"), "--wijk", "WK990001", "-o", "json")
    first = json.loads(node(*words).stdout)
    assert len(first["consensus_key"]) == 64
    assert json.loads(node(*words, "-y").stdout) == first


def test_start_before_init_and_verify_and_export_before_start(home: NodeHome) -> None:
    at = ("--home", str(home.root))
    fails(7, "socialcoin node init", "start", *at)
    fails(1, "is empty", "verify", *at)
    fails(1, "is empty", "export", "file", *at)


def test_verify_of_a_store_that_is_whole(home: NodeHome) -> None:
    import asyncio
    import logging

    from node.opening import init_home, open_node

    init_home(home, None, None, validator=True)
    asyncio.run(open_node(home, logging.getLogger("tests.cli")).close())
    done = node("verify", "--home", str(home.root), "-o", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["verdict"] == "ok"


def test_a_wijk_that_is_no_code_makes_no_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fails(2, "not the code of a wijk", "init", "--home", str(home), "--wijk", "zuid")
    assert not home.exists()


def test_a_code_with_letters_is_a_wijk(tmp_path: Path) -> None:
    done = node("init", "--home", str(tmp_path / "home"), "--wijk", "WK0363AA")
    assert done.exit_code == 0, done.output
