"""`socialcoin genesis`, as people type it."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chain.crypto import public_key
from genesis.cli import group
from genesis.console import Exit
from genesis.document import parse
from genesis.guide import guided_spec
from genesis.rules import validate
from genesis.words import seed_from_entropy, seed_from_mnemonic


def run(*words: str | Path, lang: str = "en") -> Result:
    env = {"LANGUAGE": None, "LC_ALL": None, "LANG": f"{lang}_NL.UTF-8"}
    return CliRunner().invoke(group, [str(word) for word in words], env=env)


def answer(*words: str | Path) -> Any:
    result = run(*words, "-o", "json")
    assert result.exit_code == Exit.DONE, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("net") / "out"
    answer("testnet", "--validators", "4", "--out", folder, "--residents", "5")
    return folder


def test_a_testnet_is_a_home_for_each_validator(net: Path) -> None:
    document = (net / "genesis.json").read_bytes()
    genesis = parse(document)
    assert validate(genesis) == []
    for number, wijk in enumerate(genesis.wijken, 1):
        home = net / f"node{number}"
        assert (home / "config" / "genesis.json").read_bytes() == document
        assert (home / "data").is_dir()
        for name, key in (
            ("consensus_key", wijk.seat.consensus.key),
            ("node_key", wijk.seat.nodes[0].key),
        ):
            file = home / "config" / name
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert public_key(bytes.fromhex(file.read_text().strip())) == key
    assert len(list(net.glob("node*"))) == 4


def test_the_addresses_of_a_testnet_name_all_the_others(net: Path) -> None:
    """The file as TOML; the node's own reading of it is tested with the node."""
    files = [(net / f"node{n}/config/node.toml").read_text() for n in range(1, 5)]
    nodes = [tomllib.loads(text) for text in files]
    listens = [node["p2p"]["listen"] for node in nodes]
    assert len({*listens, *(node["api"]["listen"] for node in nodes)}) == 8
    assert [peer["address"] for peer in nodes[0]["p2p"]["peers"]] == listens[1:]
    assert [node["wijk"] for node in nodes] == [f"WK99000{n}" for n in range(1, 5)]


def test_the_keys_of_a_testnet_are_private_and_open_its_accounts(net: Path) -> None:
    file = net / "people.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    genesis = parse((net / "genesis.json").read_bytes())
    keys = {bytes(a.id).hex(): [bytes(k.key) for k in a.keys] for a in genesis.accounts}
    people = json.loads(file.read_text())
    assert len(people) == len(genesis.accounts)
    for person in people:
        if person["role"] not in ("treasury", "wijkfund"):
            assert keys[person["account"]] == [public_key(bytes.fromhex(person["seed"]))]
            assert person["seed"] == seed_from_entropy(bytes.fromhex(person["entropy"])).hex()
            assert person["seed"] == seed_from_mnemonic(person["mnemonic"]).hex()


def test_the_same_seed_gives_the_same_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        answer("testnet", "--validators", "1", "--out", tmp_path / name, "--seed", "07" * 32)
    key = "node1/config/consensus_key"
    assert (tmp_path / "a" / key).read_bytes() == (tmp_path / "b" / key).read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["testnet", "--validators", "11", "--out", "x"], Exit.USAGE, "range"),
        (["testnet", "--validators", "0", "--out", "x"], Exit.USAGE, "range"),
        (["testnet", "--out", "{net}"], Exit.FAILURE, "not an empty folder"),
        (["testnet", "--out", "x", "--seed", "zz"], Exit.USAGE, "64 hexadecimal"),
        (["validate", "{net}/none.json"], Exit.FAILURE, "no such file"),
        (["validate", "{net}/people.json"], Exit.FAILURE, "not a genesis document"),
        (["validate", "{net}"], Exit.USAGE, "directory"),
        (["show"], Exit.USAGE, "Name the genesis file"),
        (["new", "--out", "{net}/genesis.json"], Exit.FAILURE, "exists already"),
        (["new", "--out", "{net}/new.json"], Exit.USAGE, "--from"),
        (["new", "--out", "{net}/n.json", "--from", "{net}/people.json"], Exit.FAILURE, "spec"),
        (["regions", "{net}/people.json"], Exit.FAILURE, "FeatureCollection"),
        (["sign", "{net}/genesis.json", "--key-file", "{net}/none"], Exit.KEY, "no such file"),
        (["sign", "{net}/genesis.json", "--key-file", "{net}/genesis.json"], Exit.KEY, "chmod"),
        (["sign", "{net}/genesis.json", "--key-file", "{net}/node1/config/node_key"],
         Exit.KEY, "member of a board"),
    ],
)  # fmt: skip
def test_mistakes_are_sentences(net: Path, words: list[str], code: Exit, said: str) -> None:
    result = run(*(word.format(net=net) for word in words))
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_show_and_validate(net: Path) -> None:
    shown = answer("show", net / "genesis.json")
    checked = answer("validate", net / "genesis.json")
    assert checked == {"valid": True, "chain_id": shown["chain_id"], "findings": []}
    assert [wijk["coins"][0]["code"] for wijk in shown["wijken"]] == [
        "MOLEN", "HAVEN", "KLOOSTER", "LINDE",
    ]  # fmt: skip
    assert shown["chain_id"] in run("show", net / "genesis.json").stdout
    assert any(p["name"] == "heartbeat_ms" for p in answer("show", "--parameters"))


def test_all_findings_are_shown_at_once(net: Path, tmp_path: Path) -> None:
    tree = json.loads((net / "genesis.json").read_bytes())
    tree["prefix"] = "?"
    tree["wijken"][0]["coins"][0]["reserve"]["k"] = 1
    tree["wijken"][1]["board"]["numerator"] = 0
    file = tmp_path / "genesis.json"
    file.write_text(json.dumps(tree))
    result = run("validate", file, "-o", "json")
    assert result.exit_code == Exit.FAILURE
    found = json.loads(result.stdout)["error"]["findings"]
    assert [f["rule"] for f in found] == ["prefix", "threshold", "attestors"]
    for finding in found:
        assert f"[{finding['rule']}]" in result.stderr


def test_boards_sign_beside_the_document_until_they_agree(net: Path, tmp_path: Path) -> None:
    file = tmp_path / "genesis.json"
    file.write_bytes((net / "genesis.json").read_bytes())
    board = [p for p in json.loads((net / "people.json").read_text()) if p["role"] == "board"]
    agreed = []
    for person in [p for p in board if not p["name"].endswith("3")]:
        key = tmp_path / person["name"]
        key.write_text(person["seed"])
        key.chmod(0o600)
        agreed.append(answer("sign", file, "--key-file", key)["agreed"])
    assert agreed == [False] * 7 + [True]
    beside = tmp_path / "genesis.json.signatures.json"
    again = beside.read_bytes()
    assert answer("sign", file, "--key-file", key)["agreed"]
    assert beside.read_bytes() == again

    tree = json.loads(again)
    tree["signatures"][0]["signature"] = tree["signatures"][1]["signature"]
    beside.write_text(json.dumps(tree))
    state = answer("sign", file)
    assert (state["agreed"], state["bad_signatures"]) == (False, 1)

    other = json.loads(file.read_bytes())
    other["name"] = "Another"
    file.write_text(json.dumps(other))
    result = run("sign", file)
    assert result.exit_code == Exit.FAILURE
    assert "belongs to another document" in result.stderr


def test_a_founder_signs_with_the_words_of_a_wallet(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("abandon " * 11 + "about\n")
    words.chmod(0o600)
    part = tmp_path / "ann.json"
    answer("account", "--key-file", words, "--wijk", "WK990001", "--out", part)
    key = public_key(seed_from_mnemonic(words.read_text().strip()))
    assert [k["key"] for k in json.loads(part.read_text())["keys"]] == [key.hex()]

    words.write_text("abandon " * 12)
    result = run("account", "--key-file", words, "--wijk", "WK990001")
    assert result.exit_code == Exit.KEY
    assert "do not belong together" in result.stderr


SQUARE = [[5.0, 52.0], [5.1, 52.0], [5.1, 52.1], [5.0, 52.1], [5.0, 52.0]]
PEOPLE = ("ann", "bob", "cas", "dee", "eef", "fay")


@pytest.fixture
def founders(tmp_path: Path) -> Path:
    """A folder in which founders of one wijk made their parts."""
    areas = {
        "type": "FeatureCollection",
        "features": [{
            "type": "Feature",
            "properties": {"wijkCode": "WK036101", "wijkNaam": "Zuid", "aantalInwoners": 14_510},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }],
    }  # fmt: skip
    (tmp_path / "zuid.geojson").write_text(json.dumps(areas))
    (tmp_path / "accounts").mkdir()
    answer(
        "regions", tmp_path / "zuid.geojson", "--out", tmp_path / "regions.json",
        "--date", "2026-01-01",
    )  # fmt: skip
    for name in (*PEOPLE, "treasury", "shop", "consensus", "node"):
        assert len(answer("key", tmp_path / f"{name}.key")["public_key"]) == 64
    for name in (*PEOPLE, "treasury", "shop"):
        kind = {"treasury": "board", "shop": "business"}.get(name, "person")
        sector = {"treasury": "WB", "shop": "BUS"}.get(name, "HH")
        answer(
            "account", "--key-file", tmp_path / f"{name}.key", "--kind", kind, "--sector", sector,
            "--wijk", "WK036101", "--out", tmp_path / "accounts" / f"{name}.json",
        )  # fmt: skip
    answer(
        "seat", "--wijk", "WK036101", "--consensus-key", tmp_path / "consensus.key",
        "--node-key", tmp_path / "node.key", "--out", tmp_path / "seat-WK036101.json",
    )  # fmt: skip
    return tmp_path


ANSWERS = {
    "Name of the chain": 'Zuid "de Stad"',
    "Its legal name": "Stichting Zuid",
    "Reference of its licence or notification": "R-1",
    "Commitment to the custodian agreement (64 hex digits)": "ab" * 32,
    "CBS code of the wijk": "WK036101",
    "WK036101: account files of the board's members (three or more)": "ann, bob, cas",
    "WK036101: account files of registrars": "dee",
    "WK036101: code of its coin": "ZUID",
    "WK036101: name of its coin": "Zuiderling",
    "WK036101: commitment to the bank account (64 hex digits)": "cd" * 32,
    "WK036101: account files of three or more attestors": "dee eef fay",
}


def test_answers_become_a_spec_and_a_spec_a_chain(founders: Path) -> None:
    spec = founders / "spec.toml"
    text = guided_spec(lambda question, default: ANSWERS.get(question, default))
    spec.write_text(
        text + '\n[[places]]\naccount = "shop"\nnumber = 1\nwijk = "WK036101"\nkind = "shop"\n'
        "\n[parameters]\ntrust_days = 30\n"
    )
    made = answer("new", "--from", spec, "--out", founders / "genesis.json")
    genesis = parse((founders / "genesis.json").read_bytes())
    assert validate(genesis) == []
    assert made["name"] == 'Zuid "de Stad"'
    assert made["wijken"][0]["threshold"] == "2/3"
    assert (made["accounts"], made["places"], made["parameters"]) == (8, 1, {"trust_days": 30})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"ann", "bob", "cas"', '"ann", "bob", "zoe"', "no account 'zoe'"),
        ('"ann", "bob", "cas"', '"ann", "bob"', "[board]"),
        ('threshold = "2/3"', 'threshold = "most"', "write it as 2/3"),
        ('prefix = "wijk"', 'prefix = "wijk"\ncolour = "red"', "unknown field `colour`"),
        ('prefix = "wijk"', "prefix = ", "spec cannot be used"),
        ('"cdcd', '"cd', "no commitment"),
        ('"regions.json"', '"seat-WK036101.json"', "seat-WK036101.json: Expected"),
        ('"regions.json"', '"elders.json"', "no such file"),
        ('regime = "emt"', 'regime = "cash"', "Invalid enum value"),
        ('prefix = "wijk"', 'prefix = "wijk"\ntime = 2026-01-01T00:00:00', "no zone"),
    ],
)
def test_a_spec_with_a_mistake_is_not_made(founders: Path, old: str, new: str, said: str) -> None:
    text = guided_spec(lambda question, default: ANSWERS.get(question, default))
    assert old in text
    (founders / "spec.toml").write_text(text.replace(old, new))
    result = run("new", "--from", founders / "spec.toml", "--out", founders / "genesis.json")
    assert result.exit_code == Exit.FAILURE
    assert said in result.stderr
    assert not (founders / "genesis.json").exists()


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    answer("key", tmp_path / "k")
    before = (tmp_path / "k").read_bytes()
    assert run("key", tmp_path / "k").exit_code == Exit.FAILURE
    assert (tmp_path / "k").read_bytes() == before
