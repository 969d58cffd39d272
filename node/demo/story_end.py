"""The story's end: a validator dies under load and returns; everything is audited."""

from __future__ import annotations

import json
import time
from typing import Any

from chain.certificate import Certificate
from chain.codec import decode
from genesis.console import _
from governance_contracts.payments.payments import plain
from node.ask import ask
from node.demo.hand import call
from node.demo.load import PAYMENTS as LOAD_PAYMENTS
from node.demo.load import Load
from node.demo.story_bank import PAID_OUT
from node.demo.teller import Broken, Teller
from node.reserve.disclose import openings_of

BLOCKS_WITHOUT = 4
"""Blocks that the others make while one is dead; at one of them it would have been its turn."""
BACK_WITHIN_S = 20.0


def validator_dies_and_returns(teller: Teller) -> None:
    victim = teller.devnet.nodes[-1]
    with teller.step(
        _("The validator of {wijk} is killed under load, and comes back").format(wijk=victim.wijk)
    ) as told:
        people = teller.city.of("resident")[4:PAID_OUT]
        for person in people:
            teller.sync_numbers(person)
        load = Load(teller.hands, people, teller.coin, [n.url for n in teller.devnet.nodes[:-1]])
        load.start()
        load.wait_for(LOAD_PAYMENTS // 6)
        victim.kill()
        before = ask(teller.url, "/v1/status")["height"]
        told.append(_("killed with SIGKILL at block {height}").format(height=before))
        teller.devnet.wait_for(teller.devnet.nodes[0], before + BLOCKS_WITHOUT)
        victim.start()
        began = time.monotonic()
        load.join()
        height = ask(teller.url, "/v1/status")["height"]
        teller.devnet.wait_for(victim, height, BACK_WITHIN_S)
        told.append(
            _("{n} payments went on, {blocks} blocks without it; back level in {s:.1f} s").format(
                n=LOAD_PAYMENTS, blocks=height - before, s=time.monotonic() - began
            )
        )
        votes_again(teller, victim.wijk, victim.url)
        told.append(_("its precommit stands in a certificate again"))
        if load.failed:
            raise Broken(load.failed)
        lost = load.not_final()
        if lost:
            raise Broken(_("{n} acknowledged payments are not final").format(n=lost))
        same_state(teller)


def votes_again(teller: Teller, wijk: str, url: str) -> None:
    """Until a parent certificate lists this wijk's seat. Raises Broken."""
    seats = [seat["wijk"] for seat in ask(url, "/v1/seats")["seats"]]
    own = seats.index(wijk)
    deadline = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < deadline:
        payer, payee = teller.city.of("resident")[2:4]
        args = plain(payer.account, payee.account, teller.coin, 1)
        teller.sync_numbers(payer)
        teller.hands.send(url, payer, call("pay", "pay", args))
        latest = ask(url, "/v1/headers/latest")
        certificate = decode(Certificate, bytes.fromhex(latest["certificate"]))
        if own in [signature.seat for signature in certificate.signatures]:
            return
    raise Broken(_("the validator of {wijk} does not vote").format(wijk=wijk))


def same_state(teller: Teller) -> None:
    """All validators have the same state root at the same height."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < deadline:
        found = [ask(node.url, "/v1/status") for node in teller.devnet.nodes]
        if len({(s["height"], s["state_root"]) for s in found}) == 1:
            return
        time.sleep(0.1)
    raise Broken(_("the validators do not agree on the state"))


def chain_is_audited(teller: Teller) -> dict[str, Any]:
    """With the devnet's own export command and the auditor's; the nodes stop here."""
    with teller.step(_("The chain is exported and audited, with no node and no key")) as told:
        file = teller.folder / "chain.export"
        home = str(teller.devnet.nodes[0].home.root)
        teller.command("node", "export", str(file), "--home", home)
        teller.devnet.stop()
        audit = teller.command("audit", "replay", str(file), "-o", "json")
        if audit["verdict"] != "ok":
            raise Broken(json.dumps(audit["findings"]))
        teller.expect(_("the auditor's supply"), audit["supply"][teller.coin], teller.minted)
        told.append(
            _("{blocks} blocks, {n} transactions, {s} signatures: nothing found").format(
                blocks=audit["height"], n=audit["transactions"], s=audit["signatures_checked"]
            )
        )
        return audit


def bank_is_reconciled(teller: Teller) -> None:
    with teller.step(_("The bank's statements are held against the chain, line by line")) as told:
        assert teller.statement is not None, "taken in"
        day = teller.statement.composed.source.closing_date
        opened = teller.folder / "reserve.openings"
        opened.write_bytes(openings_of(teller.office.home, int(day[:4])).dump())
        found = teller.command(
            "audit", "reconcile", *(str(path) for path in teller.statements),
            "--chain", str(teller.folder / "chain.export"), "--openings", str(opened),
            "-o", "json",
        )  # fmt: skip
        if found["verdict"] != "ok":
            raise Broken(json.dumps(found["findings"]))
        teller.expect(_("mints tied to a line"), found["mints"]["count"], 3)
        teller.expect(_("redemptions tied to a line"), found["redemptions"]["count"], 1)
        teller.expect(_("lines that nothing opened"), (found["not_opened"], found["open"]), (0, []))
        told.append(
            _(
                "{statements} statements: {mints} mints and {redemptions} redemption, each tied "
                "to one line; all {opened} lines opened"
            ).format(
                statements=found["tied"],
                mints=found["mints"]["count"],
                redemptions=found["redemptions"]["count"],
                opened=found["opened"],
            )
        )
