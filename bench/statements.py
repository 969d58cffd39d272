"""Bank statements for the bench: written by our own generator (auditor/bank/writer.py), seeded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from auditor.bank.writer import Account, Movement, charge, interest
from bench.measured import Cost, cost_of
from bench.report import say
from node.demo.command import free_ports
from node.demo.devnet import Devnet, running
from node.reserve.home import make_home

PASSPHRASE = "bench"
DEPOSITORS = 500
PAYER_IBANS = 200
NAMES = ("A. de Vries", "Bakkerij Jansen & Zn.", "C. El Amrani", "Stichting De Hoek", "E. Smit")


def payer_ibans() -> list[str]:
    """Of a bank that does not exist, with check digits that fit."""
    ibans = []
    for number in range(PAYER_IBANS):
        body = f"DEMO{number:010d}"
        digits = "".join(str(int(letter, 36)) for letter in f"{body}NL00")
        ibans.append(f"NL{98 - int(digits) % 97:02d}{body}")
    return ibans


def deposits(random: Random, references: Sequence[str], count: int) -> list[Movement]:
    """Transfers of 1 to 100 euros that name a depositor's reference, one in ten in its text."""
    ibans = payer_ibans()
    return [
        Movement(
            random.randint(1_00, 100_00),
            credit=True,
            reference=random.choice(references),
            structured=random.random() > 0.1,
            name=random.choice(NAMES),
            iban=random.choice(ibans),
            end_to_end=f"E2E-{random.getrandbits(40):010x}",
        )
        for _ in range(count)
    ]


def mixed(random: Random, references: Sequence[str], count: int) -> list[Movement]:
    """Of a hundred lines 95 deposits, three transfers that name nobody, interest and a charge."""
    lines = deposits(random, references, count)
    for place in range(0, count - 99, 100):
        for offset in (7, 31, 73):
            lines[place + offset] = Movement(25_00, credit=True, text="geen kenmerk", name="X")
        lines[place + 50] = interest(1_00)
        lines[place + 51] = charge(1_00)
    return lines


def measure_import(folder: Path, entries: int) -> Cost:
    """`node reserve import` of one statement, against a node, in a process of its own."""
    say(f"a bank statement of {entries} entries")
    devnet = Devnet.make(folder / "devnet", 1, free_ports(2), residents=1)
    part = devnet.city.genesis.wijken[0].coins[0]
    bank = devnet.city.bank(devnet.nodes[0].wijk)
    account = bytes(part.reserve.account)
    home = make_home(folder / "reserve", part.code, bank.iban, PASSPHRASE, account)
    random = Random(entries)
    references = [home.reference(random.randbytes(20)) for _ in range(DEPOSITORS)]
    home.save(PASSPHRASE)
    file = folder / "statement.xml"
    with file.open("wb") as out:
        Account(bank.iban).write(out, mixed(random, references, entries), "2026-01-05")
    with running(devnet):
        return cost_of(
            "node", "reserve", "import", str(file),
            "--home", str(home.root), "--node", devnet.nodes[0].url,
            env={"SOCIALCOIN_PASSPHRASE": PASSPHRASE},
        )  # fmt: skip
