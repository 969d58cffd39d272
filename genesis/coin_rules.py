"""The rules for coins, issuers and reserves in a Genesis document (the table is in rules.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from genesis.document import CoinPart, Genesis, WijkPart
from genesis.findings import Accounts, Finding, repeated
from genesis.texts import _
from governance_contracts.bank.books import ATTESTORS_MAX


def coin_findings(genesis: Genesis, accounts: Accounts) -> Iterator[Finding]:
    issuers = {issuer.code: issuer for issuer in genesis.issuers}
    for code in sorted(repeated(issuer.code for issuer in genesis.issuers)):
        yield _once("issuer", f"issuer {code}")
    coins = [(wijk, coin) for wijk in genesis.wijken for coin in wijk.coins]
    for code in sorted(repeated(coin.code for _wijk, coin in coins)):
        yield _once("coin-code", f"coin {code}")
    for name in sorted(repeated(coin.name.casefold() for _wijk, coin in coins)):
        yield _once("coin-name", name)
    for wijk, coin in coins:
        where = f"coin {coin.code}"
        if not re.fullmatch("[A-Z]{3}", coin.currency):
            yield Finding(
                "currency",
                where,
                _("three capital letters such as EUR, not {found!r}").format(found=coin.currency),
                _("Write the ISO 4217 code of the money that covers the coin."),
            )
        issuer = issuers.get(coin.issuer)
        if issuer is None:
            yield Finding(
                "issuer",
                where,
                _("an issuer that is listed in `issuers`, not {found!r}").format(found=coin.issuer),
                _("Enter the legal person behind the coin."),
            )
        elif not issuer.custodian:
            yield Finding(
                "custodian",
                where,
                _("an issuer that names its custodian"),
                _("Enter the commitment to the custodian agreement; without it nothing is minted."),
            )
        yield from _attestors(wijk, coin, accounts)


def _once(rule: str, where: str) -> Finding:
    return Finding(
        rule, where, _("each once"), _("Change or remove the second one; it is listed twice.")
    )


def _attestors(wijk: WijkPart, coin: CoinPart, accounts: Accounts) -> Iterator[Finding]:
    attestors, signers, k = coin.reserve.attestors, coin.reserve.signers, coin.reserve.k
    problems = []
    if any(a >= b for names in (attestors, signers) for a, b in pairwise(names)):
        problems.append(_("sort attestors and signers by id, each once"))
    if not 3 <= len(attestors) <= ATTESTORS_MAX:
        problems.append(_("name at least three attestors, not {n}").format(n=len(attestors)))
    if not 2 <= k <= max(2, len(attestors)):
        problems.append(_("k is 2 to the number of attestors, not {k}").format(k=k))
    if any(id not in accounts for id in (*attestors, *signers)):
        problems.append(_("register attestors and signers as accounts of this document"))
    inside = (*signers, *wijk.board.members)
    if attestors and all(attestor in inside for attestor in attestors):
        problems.append(_("name an attestor who is neither on the board nor a payment signer"))
    if problems:
        yield Finding(
            "attestors",
            f"coin {coin.code}",
            _("3 to 15 registered attestors, 2 or more of whom agree, one independent"),
            "; ".join(problems) + ".",
        )
