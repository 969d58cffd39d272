"""Registration: opening an account, under the office of a wijk.

The entry holds no personal data: an id, coarse codes, and a commitment under the registrar's key
(law.md 3.3). Part of the registry contract; `register` takes up to 100 accounts in one call.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.account import (
    ACCOUNTS,
    Account,
    AccountKey,
    AccountKind,
    DatedCode,
    DatedOwner,
    Status,
    account_id,
    in_force,
    owner_at,
)
from chain.codec import U8, AccountId, Code, Hash, Millis, Record, Salt
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, View, raw
from governance_contracts.areas.regions import REGIONS, Level, require_region
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.people.acting import (
    OWNERS_MAX,
    require_account,
)
from governance_contracts.people.keys import NewKeys, check_key_set, require_possession
from governance_contracts.people.registrars import require_office

REGISTER_MAX = 100

SECTORS = {
    AccountKind.PERSON: ("HH", "HHB"),
    AccountKind.HOUSEHOLD: ("HH",),
    AccountKind.BUSINESS: ("BUS",),
    AccountKind.INSTITUTION: ("GOV", "NPI"),
    AccountKind.ASSOCIATION: ("NPI",),
    AccountKind.FUND: (),
    AccountKind.BOARD: ("WB",),
    AccountKind.TILL: (),
    AccountKind.OPERATOR: ("FIN",),
}
"""Sectors by kind (accounts.md 4.1). None listed: the owner's."""


class Registration(Record, tag=1):
    """`office`: the wijk that answers for an account whose home has no board of its own.

    `registrar`: who entered it; empty when the board itself, or genesis, did. `time_ms`: when; 0
    at the founding.
    """

    office: Code
    registrar: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    time_ms: Millis


REGISTRATIONS: Table[bytes, Registration] = Table(31, "registration", Registration, raw)


class AlreadyRegistered(Rejected):
    code = 204
    fields = ("account",)


class WrongAccountId(Rejected):
    """The id is not that of these keys, threshold and salt on this chain."""

    code = 205
    fields = ("account",)


class BadAccount(Rejected):
    """`field`: kind, home, owner, sector or from_height does not fit."""

    code = 206
    fields = ("account", "field")


class NewAccount(Record, tag=1):
    """One account to be.

    `id` = chain.account.account_id(chain, public keys in order, threshold, salt): keys get the
    numbers 0, 1, 2 ... in that order. `home`: the office's wijk, or an area that has no board
    (EXT, a gemeente for city bodies, a foreign area). `owner`: of a till, fund or business; the
    household of a person. `identity`: HMAC under the registrar's key, never a plain hash.
    """

    id: AccountId
    kind: U8
    sector: Code
    home: Code
    owner: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    keys: NewKeys
    threshold: U8
    salt: Salt
    identity: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Register(Record, tag=1):
    """Up to 100 accounts by one office (`wijk`): all or none."""

    wijk: Code
    accounts: Annotated[tuple[NewAccount, ...], Meta(min_length=1, max_length=REGISTER_MAX)]


@event
class Registered(Record, tag=200):
    account: AccountId
    kind: U8
    wijk: Code


def office_of(view: View, id: bytes, account: Account, height: int) -> str:
    """The wijk whose office answers for an account: its home if that has a board."""
    home = in_force(account.home, height)
    if view.get(BOARDS, home) is not None:
        return home
    registration = view.get(REGISTRATIONS, id)
    return home if registration is None else registration.office


def require_own_office(draft: Draft, context: Context, id: bytes) -> tuple[Account, str, bytes]:
    """The account, the wijk whose office answers for it and now acts, and the registrar who does
    (empty: the board).

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, in that order.
    """
    account = require_account(draft, id)
    wijk = office_of(draft, id, account, context.height)
    return account, wijk, require_office(draft, context, wijk)


def register(draft: Draft, context: Context, args: Register) -> None:
    """Open accounts, in order, under the office of a wijk.

    Refuses NotAuthorised, TillKeyOnly; then for each account as `enter` does.
    """
    registrar = require_office(draft, context, args.wijk)
    for new in args.accounts:
        enter(draft, context, new, args.wijk, (registrar,) if registrar else ())


def enter(
    draft: Draft, context: Context, new: NewAccount, office: str, registrar: tuple[bytes, ...]
) -> None:
    """Check and open one account; the caller has checked who asks.

    Refuses AlreadyRegistered, WrongAccountId, BadKey, NoPossession, KeyTwice, BadRole,
    BadThreshold, BadAccount (kind), UnknownRegion, BadAccount (home), NotRegistered and
    ClosedAccount (the owner), BadAccount (owner, sector), in that order.
    """
    if draft.find(ACCOUNTS, new.id) is not None:
        raise AlreadyRegistered(new.id)
    if new.id != id_of(context.chain, new):
        raise WrongAccountId(new.id)
    for key in new.keys:
        require_possession(context, new.id, key.key, key.proof)
    _write(draft, new, office, registrar, context.height, context.time_ms)
    context.emit(Registered(new.id, new.kind, office), new.id)


def id_of(chain: bytes, new: NewAccount) -> bytes:
    return account_id(chain, tuple(key.key for key in new.keys), new.threshold, new.salt)


def found_account(draft: Draft, chain: bytes, office: str, new: NewAccount) -> None:
    """Open an account at genesis, owners first.

    The chain's hash is not known when the founding document is signed, so the proofs in `new`
    are not read here (64 zero bytes will do): the boards sign the document instead.

    Raises ValueError with a sentence for people.
    """
    name = new.id.hex()
    if new.id != id_of(chain, new):
        raise ValueError(f"account {name} is not the id of its keys, threshold and salt")
    if draft.find(ACCOUNTS, new.id) is not None:
        raise ValueError(f"account {name} is listed twice")
    wijk = draft.get(REGIONS, office)
    if wijk is None or wijk.level != Level.WIJK:
        raise ValueError(f"account {name}: its office {office!r} is not a wijk of this chain")
    try:
        _write(draft, new, office, (), 0, 0)
    except Rejected as refusal:
        raise ValueError(f"account {name}: {refusal.name} {refusal.named()}") from None


def _write(
    draft: Draft,
    new: NewAccount,
    office: str,
    registrar: tuple[bytes, ...],
    height: int,
    time_ms: int,
) -> None:
    numbered = tuple(AccountKey(i, key.key, key.role, key.place) for i, key in enumerate(new.keys))
    check_key_set(numbered, new.threshold)
    _check(draft, new, office, height)
    account = Account(
        new.kind,
        (DatedCode(0, new.sector),),
        (DatedCode(0, new.home),),
        (DatedOwner(0, new.owner),),
        numbered,
        new.threshold,
        Status.ACTIVE,
        new.identity,
        height,
    )
    draft.put(ACCOUNTS, new.id, account)
    draft.put(REGISTRATIONS, new.id, Registration(office, registrar, time_ms))


def _check(view: View, new: NewAccount, office: str, height: int) -> None:
    if not AccountKind.PERSON <= new.kind <= AccountKind.OPERATOR:
        raise BadAccount(new.id, "kind")
    kind = AccountKind(new.kind)
    check_home(view, new.id, new.home, office)
    check_owner(view, new.id, kind, new.owner, height)
    check_sector(view, new.id, kind, new.sector, new.owner, height)


def check_home(view: View, id: bytes, home: str, office: str) -> None:
    """An office enters its own residents, and those whose home is nobody's wijk."""
    region = require_region(view, home)
    own = home == office and region.level == Level.WIJK
    nobodys = region.level in (Level.GEMEENTE, Level.PSEUDO, Level.FOREIGN)
    if not own and not nobodys:
        raise BadAccount(id, "home")


def check_owner(
    view: View, id: bytes, kind: AccountKind, owner: tuple[bytes, ...], height: int
) -> None:
    """Tills and funds have an owner, boards and households none; chains of owners are short."""
    if not owner:
        if kind in (AccountKind.TILL, AccountKind.FUND):
            raise BadAccount(id, "owner")
        return
    if kind in (AccountKind.BOARD, AccountKind.HOUSEHOLD):
        raise BadAccount(id, "owner")
    above: bytes | None = owner[0]
    for _ in range(OWNERS_MAX):
        if above is None:
            return
        if above == id:
            break
        above = owner_at(require_account(view, above), height)
    if above is not None:
        raise BadAccount(id, "owner")


def check_sector(
    view: View, id: bytes, kind: AccountKind, sector: str, owner: tuple[bytes, ...], height: int
) -> None:
    allowed: tuple[str, ...] = SECTORS[kind]
    if not allowed and owner:
        allowed = (in_force(require_account(view, owner[0]).sector, height),)
    if sector not in allowed:
        raise BadAccount(id, "sector")
