"""What a Genesis document must keep, and `validate`, which reports everything at once.

| rule | what is expected |
|---|---|
| format | the number 1 |
| name | 1 to 80 printable characters, no space at the ends |
| prefix | a bech32 prefix: a small letter, then up to 15 small letters and digits |
| epoch | 0; only a recovery genesis has a higher one |
| time | a time of this century, in milliseconds |
| protocol | a version of the protocol that this release carries |
| contracts | every contract of this release once, in a version that it carries, and no other |
| parameters | known names, each once, in order, within their bounds |
| region-code | each once; code, country, name, date and adults fit the level |
| region-parent | the area around is listed before, is wider, and its code contains this one |
| boundary | rings of three or more points on the earth, none twice in a row, not too many |
| wijken | 1 to 200, in order of their codes, each once, each a region of level wijk |
| board | 3 to 15 members, registered persons who live in the wijk, in order, each once; \
successors likewise, none a member |
| threshold | a fraction above 0 and at most 1 |
| mandate | a founding board's term ends after the genesis, and within 180 days |
| treasury | an account of kind board whose home is the wijk, of no other wijk |
| seat | the consensus key is an Ed25519 public key |
| node-keys | 1 to 4 Ed25519 public keys |
| possession | every key, of accounts and validators, has signed for its holder |
| keys-differ | a key of a validator stands in one place only |
| registrar | registered accounts, each once |
| issuer | each once; every coin's issuer is listed |
| custodian | the issuer of a coin names its custodian |
| coin-code | each code once on the chain |
| coin-name | a name of its own: each once |
| currency | three capital letters (ISO 4217) |
| attestors | 3 to 15 registered accounts, in order, each once; 2 <= k <= their number; \
at least one neither member of the board nor payment signer |
| account-id | the id of its keys, threshold and salt (chain: 32 zero bytes), each once |
| account-keys | 1 to 16 Ed25519 public keys, each once, roles and places that fit |
| account-threshold | 1 up to the number of full keys |
| account-home | its office's wijk, or an area that is nobody's wijk; the office has a board |
| account-owner | a registered account, without a circle: a till or fund has one, a board or \
household none |
| account-sector | one that fits the kind (accounts.md 4.1), or the owner's |
| place | of a business or organisation; number 1 to 1,000, each once; in a listed wijk and buurt |
| founding | what only the contracts themselves can refuse; tried when all else is in order |

Unknown fields and wrong types are refused before, by `document.parse`; so is money: there is no
field for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from chain.rules import PARAMETER_LIST, PROTOCOL
from genesis.account_rules import account_findings
from genesis.build import first_state
from genesis.coin_rules import coin_findings
from genesis.document import FORMAT, Genesis
from genesis.findings import Accounts, Finding
from genesis.region_rules import region_findings
from genesis.texts import _
from genesis.wijk_rules import wijk_findings
from governance_contracts.versions import CONTRACT_VERSIONS, RELEASE

__all__ = ["Finding", "validate"]

PREFIX = re.compile(r"[a-z][a-z0-9]{0,15}", re.ASCII)
YEAR_2000_MS, YEAR_2100_MS = 946_684_800_000, 4_102_444_800_000


def validate(genesis: Genesis) -> list[Finding]:
    """All that is wrong with a document, in the order of the table; empty: it can found a chain.

    One finding per rule and place. 100,000 accounts take some fifteen seconds: a signature of
    each key is checked.
    """
    accounts: Accounts = {account.id: account for account in genesis.accounts}
    findings = [
        *_head(genesis),
        *_versions(genesis),
        *_parameters(genesis),
        *region_findings(genesis.regions),
        *wijk_findings(genesis, accounts),
        *coin_findings(genesis, accounts),
        *account_findings(genesis),
    ]
    if not findings:
        try:
            first_state(genesis)
        except ValueError as error:
            findings.append(
                Finding("founding", "", str(error), _("Change the document so that this holds."))
            )
    return findings


def _head(genesis: Genesis) -> Iterator[Finding]:
    if genesis.format != FORMAT:
        yield Finding(
            "format",
            "format",
            _("format {expected}, not {found}").format(expected=FORMAT, found=genesis.format),
            _("Use a release that knows this format, or make the document anew."),
        )
    name = genesis.name
    if not (1 <= len(name) <= 80 and name.isprintable() and name == name.strip()):
        yield Finding(
            "name",
            "name",
            _("1 to 80 printable characters, without a space at the ends"),
            _("Give the chain a name that people will read."),
        )
    if not PREFIX.fullmatch(genesis.prefix):
        yield Finding(
            "prefix",
            "prefix",
            _("a small letter, then up to 15 small letters and digits, not {found!r}").format(
                found=genesis.prefix
            ),
            _("Choose a short prefix such as 'wijk'; a testnet uses another than its chain."),
        )
    if genesis.epoch != 0:
        yield Finding(
            "epoch",
            "epoch",
            _("0, not {found}").format(found=genesis.epoch),
            _("A new chain begins in epoch 0; only a recovery raises it."),
        )
    if not YEAR_2000_MS <= genesis.time_ms < YEAR_2100_MS:
        yield Finding(
            "time",
            "time_ms",
            _("milliseconds since 1970 of a time in this century, not {found}").format(
                found=genesis.time_ms
            ),
            _("Write the founding time in milliseconds, not in seconds."),
        )


def _versions(genesis: Genesis) -> Iterator[Finding]:
    if RELEASE.lacks(PROTOCOL, genesis.protocol):
        yield Finding(
            "protocol",
            "protocol",
            _("a version that this release carries: {known}").format(
                known=", ".join(str(n) for n in sorted(RELEASE.protocols))
            ),
            _("Use one of these, or install the release that carries it."),
        )
    named = [contract.name for contract in genesis.contracts]
    expected = [name for name, _version in CONTRACT_VERSIONS if name != PROTOCOL]
    for position, contract in enumerate(genesis.contracts):
        if contract.name in expected and RELEASE.lacks(contract.name, contract.version):
            yield Finding(
                "contracts",
                f"contracts[{position}]",
                _("a version of {name} that this release carries, not {version}").format(
                    name=contract.name, version=contract.version
                ),
                _("Use version 1, or install the release that carries it."),
            )
    if sorted(named) != sorted(expected):
        yield Finding(
            "contracts",
            "contracts",
            _("each of these once and no other: {names}").format(names=", ".join(expected)),
            _("Missing: {missing}. Too much: {more}.").format(
                missing=", ".join(n for n in expected if n not in named) or "-",
                more=", ".join(sorted(Counter(named) - Counter(expected))) or "-",
            ),
        )


def _parameters(genesis: Genesis) -> Iterator[Finding]:
    names = [setting.name for setting in genesis.parameters]
    if any(a >= b for a, b in pairwise(names)):
        yield Finding(
            "parameters",
            "parameters",
            _("names in alphabetical order, each once"),
            _("Sort the list and drop what stands there twice."),
        )
    for position, setting in enumerate(genesis.parameters):
        where = f"parameters[{position}] {setting.name}"
        parameter = PARAMETER_LIST.get(setting.name)
        if parameter is None:
            yield Finding(
                "parameters",
                where,
                _("the name of a parameter of this release"),
                _("Look the name up with `socialcoin genesis show --parameters`."),
            )
        elif not parameter.low <= setting.value <= parameter.high:
            yield Finding(
                "parameters",
                where,
                _("{low} to {high}, not {value}").format(
                    low=parameter.low, high=parameter.high, value=setting.value
                ),
                _("Choose a value within the bounds: {meaning}.").format(meaning=parameter.meaning),
            )
