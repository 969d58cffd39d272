"""After an erasure nothing of a person is left: not in the node, not in the office, not on chain.

A real node, a real office, a real person who is registered, pays, asks for payment and for euros,
and is erased. Then every byte of the node's home (store, index, log, guard), of the office and of
an export is read for that person's name, contact and bank account.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.export import read_export
from tests.process.net import Net, running, socialcoin
from tests.scanning import people_in, traces

PERSON = {
    "name": "Zwaantje Kwikstaart-Ørbæk",
    "email": "zwaantje@kwikstaart.example",
    "phone": "0209876543",
    "address": "Lindengracht 999-Q",
    "text": "belt liever 's avonds; spaart voor een bakfiets",
}
IBAN, BSN, REMARK = "NL91ABNA0417164300", "123456782", "verjaardag van Zwaantje"
SECRETS = {
    "SOCIALCOIN_PASSPHRASE": "correct horse", "SOCIALCOIN_OFFICE_PASSPHRASE": "office",
    "SOCIALCOIN_OFFICE_FIRST": "one", "SOCIALCOIN_OFFICE_SECOND": "two",
}  # fmt: skip


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with running(tmp_path, 1) as net:
        net.fund()
        yield net


def run(net: Net, *words: str, expect: int = 0) -> Any:
    done = socialcoin(*words, "-o", "json", env={**SECRETS, "SOCIALCOIN_NODE": net.nodes[0].url})
    assert done.returncode == expect, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def wallets_of(net: Net, folder: Path) -> Path:
    """One home with the wallets of the registrar and of the funder, as a devnet makes them."""
    people = [net.city.of("registrar", net.wijk)[0], net.funder]
    listed = [
        {"name": name, "entropy": person.entropy.hex(), "node": net.nodes[0].url}
        for name, person in zip(("registrar", "funder"), people, strict=True)
    ]
    file, home = folder / "people.json", folder / "wallets"
    file.write_text(json.dumps(listed))
    genesis = str(net.devnet.folder / "genesis.json")
    run(net, "wallet", "import-many", str(file), "--genesis", genesis, "--home", str(home))
    file.unlink()
    return home


def test_nothing_of_a_person_is_left(net: Net, tmp_path: Path) -> None:
    home, office = wallets_of(net, tmp_path), tmp_path / "office"
    theirs = tmp_path / "theirs"  # the person's own device, which stays theirs
    own = ("--home", str(theirs), "--wallet", "zwaan")
    run(net, "wallet", "new", "zwaan", *own[:2])
    card = tmp_path / "card.json"
    card.write_text(json.dumps(run(net, "wallet", "registration", *own)))
    at_office = ("--office", str(office))
    registrar = (*at_office, "--home", str(home), "--wallet", "registrar")
    run(net, "office", "init", *at_office)
    data = tmp_path / "data.json"
    data.write_text(json.dumps({**PERSON, "bsn": BSN}))
    enrol = ("office", "enrol", str(card), "--wijk", net.wijk, "--file", str(data), *registrar)
    run(net, *enrol, expect=2)  # never a citizen's number
    data.write_text(json.dumps(PERSON))
    address = run(net, *enrol)["account"]
    run(net, *enrol, expect=2)  # enrolled already
    assert traces([office], PERSON) == []  # sealed from the first moment

    # Business, with remarks and a bank account.
    funder = ("--home", str(home), "--wallet", "funder")
    run(net, "wallet", "pay", address, "40", "--ref", REMARK, *funder)
    mine = run(net, "wallet", "address", *funder)["address"]
    run(net, "wallet", "pay", mine, "5", "--ref", REMARK, *own)
    run(net, "wallet", "redeem", "10", "--iban", IBAN, *own)
    run(net, "wallet", "history", *own)
    about = ("--about", address)
    run(net, "office", "retain", f"iban={IBAN}", "--ground", "books", *about, *at_office)
    run(net, "office", "change", address, "phone=0201112222", *at_office)
    run(net, "office", "export", address, "--to", str(tmp_path / "handed"), *at_office)

    done = run(net, "office", "erase", address, "-y", *registrar)
    assert [one["ground"] for one in done["retained"]] == ["books"]
    run(net, "office", "certificate", done["files"][0], *at_office)
    run(net, "office", "show", address, *at_office, expect=2)

    export = tmp_path / "chain.export"
    node = net.nodes[0]
    assert node.process is not None
    node.process.send_signal(signal.SIGTERM)
    assert net.ended(node) == 0
    run(net, "node", "export", str(export), "--home", str(node.home.root))
    everything = [node.home.root, office]
    wanted = {**PERSON, "second phone": "0201112222", "iban": IBAN, "bsn": BSN, "remark": REMARK}
    chain = tmp_path / "exported"
    chain.mkdir()
    export.rename(chain / "chain.export")
    assert traces([*everything, chain], wanted) == []
    assert traces([node.home.root, chain], {"wijk": net.wijk}), "the scan sees what is there"

    # The auditor still replays.
    run(net, "audit", "replay", str(chain / "chain.export"))

    # And on the chain nothing looks like a person at all.
    with (chain / "chain.export").open("rb") as source:
        _genesis, blocks = read_export(source)
        names = [*PERSON["name"].split(), "Zwaantje"]
        for block, _certificate in blocks:
            assert people_in(block, names) == []
