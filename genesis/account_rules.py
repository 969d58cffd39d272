"""The rules for accounts and places in a Genesis document (the table is in rules.py).

Each account and place is entered in a scratch state, right or wrong, so that a mistake in one is
not reported again for all that refer to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from chain.account import ACCOUNTS, Account, AccountKey, AccountKind, DatedCode, DatedOwner, Status
from chain.errors import Rejected
from chain.state import Draft
from genesis.build import Nothing, new_account, owners_first, region_record
from genesis.document import FOUNDING_CHAIN, AccountPart, Genesis
from genesis.findings import Finding, proven, refusal_of, repeated
from genesis.texts import _
from governance_contracts.areas.regions import REGIONS
from governance_contracts.people.keys import BadThreshold, check_key_set
from governance_contracts.people.places import PLACES, AddPlace, PlaceKind, found_place
from governance_contracts.people.registration import (
    NewAccount,
    check_home,
    check_owner,
    check_sector,
    id_of,
)


def account_findings(genesis: Genesis) -> Iterator[Finding]:
    draft = Draft(Nothing())
    for region in genesis.regions:
        draft.put(REGIONS, region.code, region_record(region))
    for id in sorted(repeated(account.id for account in genesis.accounts)):
        yield Finding(
            "account-id", f"account {id.hex()}", _("each once"), _("It is listed twice; drop one.")
        )
    offices = frozenset(wijk.code for wijk in genesis.wijken)
    different = tuple({account.id: account for account in genesis.accounts}.values())
    for account in owners_first(different):
        new = new_account(account)
        yield from _account(draft, account, new, offices)
        draft.put(ACCOUNTS, new.id, _record(new))
    yield from _places(draft, genesis)


def _record(new: NewAccount) -> Account:
    return Account(
        new.kind,
        (DatedCode(0, new.sector),),
        (DatedCode(0, new.home),),
        (DatedOwner(0, new.owner),),
        _numbered(new),
        new.threshold,
        Status.ACTIVE,
        new.identity,
        0,
    )


def _numbered(new: NewAccount) -> tuple[AccountKey, ...]:
    return tuple(AccountKey(i, key.key, key.role, key.place) for i, key in enumerate(new.keys))


def _account(
    draft: Draft, account: AccountPart, new: NewAccount, offices: frozenset[str]
) -> Iterator[Finding]:
    where = f"account {new.id.hex()}"
    kind = AccountKind(new.kind)
    if id_of(FOUNDING_CHAIN, new) != new.id:
        yield Finding(
            "account-id",
            where,
            _("the id {id}, which follows from its keys, threshold and salt").format(
                id=id_of(FOUNDING_CHAIN, new).hex()
            ),
            _("Write this id, or correct the keys; ids in a genesis use a chain of 32 zero bytes."),
        )
    keys = refusal_of(partial(check_key_set, _numbered(new), new.threshold))
    if isinstance(keys, BadThreshold):
        yield Finding(
            "account-threshold",
            where,
            _("1 up to the number of full keys, not {found}").format(found=new.threshold),
            _("Lower the threshold or add keys."),
        )
    elif keys is not None or not new.keys:
        yield Finding(
            "account-keys",
            where,
            _("1 to 16 Ed25519 public keys, each once; till keys name a place, others none"),
            _said(keys) if keys else _("Add a key."),
        )
    if keys is None:
        for key in new.keys:
            if not proven(new.id, key.key, key.proof):
                yield Finding(
                    "possession",
                    where,
                    _("a proof by the key {key} itself").format(key=key.key.hex()),
                    _("Let the holder's wallet make the proof for this account id."),
                )
    home = refusal_of(partial(check_home, draft, new.id, new.home, account.office))
    if home is not None or account.office not in offices:
        yield Finding(
            "account-home",
            where,
            _("a home that is the office's wijk, or nobody's wijk; an office with a board"),
            _("Home is {home}, office {office}: list the region and the wijk, or change them.")
            .format(home=new.home, office=account.office),
        )  # fmt: skip
    owner = refusal_of(partial(check_owner, draft, new.id, kind, new.owner, 0))
    if owner is not None:
        yield Finding(
            "account-owner",
            where,
            _("a registered owner for a till or fund, none for a board or household, no circle"),
            _said(owner),
        )
        return
    sector = refusal_of(partial(check_sector, draft, new.id, kind, new.sector, new.owner, 0))
    if sector is not None:
        yield Finding(
            "account-sector",
            where,
            _("a sector that fits an account of kind {kind}, not {found}").format(
                kind=account.kind, found=new.sector
            ),
            _("HH or HHB for persons, BUS, GOV, NPI, WB, FIN; a till or fund has its owner's."),
        )


def _places(draft: Draft, genesis: Genesis) -> Iterator[Finding]:
    for place in genesis.places:
        where = f"place {place.number} of {place.account.hex()}"
        args = AddPlace(
            bytes(place.account),
            place.number,
            place.wijk,
            place.buurt,
            PlaceKind[place.kind.upper()],
        )
        if draft.get(PLACES, (args.account, args.number)) is not None:
            yield Finding(
                "place", where, _("each number once"), _("Give the second place another number.")
            )
            continue
        try:
            refusal = refusal_of(partial(found_place, draft, args))
        except ValueError as error:
            problem = str(error) + "."
        else:
            if refusal is None:
                continue
            problem = _said(refusal)
        yield Finding(
            "place",
            where,
            _("a numbered place of a business or organisation, in a listed wijk and buurt"),
            problem,
        )


def _said(refusal: Rejected) -> str:
    """The refusal's name and fields, which its contract documents."""
    fields = ", ".join(
        f"{name} {value.hex() if isinstance(value, bytes) else value}"
        for name, value in refusal.named().items()
    )
    return _("The registry refuses it: {name} ({fields}).").format(name=refusal.name, fields=fields)
