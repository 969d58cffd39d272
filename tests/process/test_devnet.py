"""`socialcoin devnet` and `socialcoin demo`, as a newcomer types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from genesis.console import Exit
from node.ask import ask
from tests.process.net import free_ports, said, socialcoin, until


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_detached_devnet_runs_until_it_is_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    where = ("--dir", str(folder))
    size = ("--validators", "1", "--residents", "1", "--short", "--detach", "--port-base")
    done = socialcoin("devnet", "start", *where, *size, str(free_ports(2)))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ready")
    described = json.loads((folder / "devnet.json").read_text())
    [node] = described["nodes"]
    try:
        assert sorted(described) == [
            "chain_id", "genesis", "nodes", "of_boards", "reserves", "wallets",
        ]  # fmt: skip
        assert sorted(node) == ["home", "name", "pid", "url", "wijk"]
        assert ask(node["url"], "/v1/status")["chain_id"] == described["chain_id"]
        again = socialcoin("devnet", "start", *where, *size, str(free_ports(2)))
        assert again.returncode == 1
        assert "is not an empty folder" in said(again)
    finally:
        stopped = socialcoin("devnet", "stop", *where, "-o", "json")
    assert json.loads(stopped.stdout) == {"stopped": 1}
    assert not alive(node["pid"])
    assert json.loads(socialcoin("devnet", "stop", *where, "-o", "json").stdout) == {"stopped": 0}


def test_residents_of_a_devnet_with_money_can_pay(tmp_path: Path) -> None:
    where = ("--dir", "net")
    size = ("--validators", "1", "--residents", "2", "--short", "--detach", "--port-base")
    done = socialcoin(
        "devnet", "start", *where, *size, str(free_ports(2)), "--money", "50,00", "-o", "json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    try:
        described = json.loads(done.stdout)
        assert described == json.loads((tmp_path / "net" / "devnet.json").read_text())
        assert Path(described["genesis"]).is_absolute()
        wallets = {wallet["name"]: wallet for wallet in described["wallets"]}
        fenna, shop = wallets["fenna"], wallets["molen-shop"]
        mine = ("--home", fenna["home"], "--passphrase-file", fenna["passphrase_file"])
        pay = ("wallet", "pay", shop["address"], "25,00", "--wallet", "fenna", *mine)
        paid = socialcoin(*pay)
        assert paid.returncode == 0, paid.stderr
        again = socialcoin("devnet", "resume", *where, cwd=tmp_path)
        assert again.returncode == 1 and "It runs already: node1" in said(again)

        socialcoin("devnet", "stop", *where, cwd=tmp_path)
        assert socialcoin(*pay).returncode == Exit.UNREACHABLE
        resumed = socialcoin("devnet", "resume", *where, cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
        assert socialcoin(*pay).returncode == 0
    finally:
        socialcoin("devnet", "stop", *where, cwd=tmp_path)


def test_the_bank_of_a_devnet_writes_statements_that_its_office_takes_in(tmp_path: Path) -> None:
    where = ("--dir", str(tmp_path / "net"))
    size = ("--validators", "1", "--residents", "1", "--short", "--detach", "--port-base")
    done = socialcoin("devnet", "start", *where, *size, str(free_ports(2)), "-o", "json")
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    try:
        [reserve], [node] = described["reserves"], described["nodes"]
        at = (
            "--home", reserve["home"], "--passphrase-file", reserve["passphrase_file"],
            "--node", node["url"], "-o", "json",
        )  # fmt: skip
        fenna = next(w["address"] for w in described["wallets"] if w["name"] == "fenna")
        [fund] = [one["address"] for one in described["of_boards"] if one["role"] == "wijkfund"]
        office = ("node", "reserve")
        for_fenna = json.loads(socialcoin(*office, "reference", fenna, *at).stdout)["reference"]
        for_fund = json.loads(socialcoin(*office, "reference", fund, *at).stdout)["reference"]
        arrives = ("--receive", f"25,00={for_fenna}", "--receive", f"9,00={for_fund}")
        bank = ("devnet", "bank", *where, "--coin", reserve["coin"])
        booked = socialcoin(*bank, *arrives, "--receive", "1,00", "--charge", "0,10", "-o", "json")
        assert booked.returncode == 0, booked.stderr
        statement = json.loads(booked.stdout)
        assert statement["balance_cents"] == 34_90
        taken = json.loads(socialcoin(*office, "import", statement["statement"], *at).stdout)
        assert taken["kinds"]["deposit"] == {"count": 2, "cents": 34_00}
        assert len(taken["unattributed"]) == 1
        wrong = socialcoin(*bank, "--receive", "1,00=RF00X")
        assert wrong.returncode == Exit.USAGE and "check digits" in said(wrong)
    finally:
        socialcoin("devnet", "stop", *where)


def test_a_devnet_in_the_foreground_takes_its_nodes_along(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    command = [
        sys.executable, "-m", "wallet_cli.main", "devnet", "start", "--dir", str(folder),
        "--validators", "1", "--residents", "1", "--short", "--port-base", str(free_ports(2)),
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"SOCIALCOIN_LANG": "en"}, text=True,
    ) as devnet:  # fmt: skip
        assert devnet.stdout is not None and devnet.stderr is not None
        assert devnet.stdout.readline().startswith("ready")
        pid = json.loads((folder / "devnet.json").read_text())["nodes"][0]["pid"]
        assert alive(pid)
        devnet.send_signal(signal.SIGTERM)
        assert devnet.wait(20) == 0
        assert "Traceback" not in devnet.stderr.read()
    until(lambda: not alive(pid), "the node ended with it")


def test_no_devnet_to_stop_is_said(tmp_path: Path) -> None:
    done = socialcoin("devnet", "stop", "--dir", str(tmp_path))
    assert done.returncode == 1
    assert "holds no devnet" in said(done)
