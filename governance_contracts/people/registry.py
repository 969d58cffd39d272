"""The registry: who takes part, as what, from where, and who answers for the entry.

An account is opened, changed, frozen and closed by the office of a wijk: its board, or a
registrar to whom the board delegates. Keys are the holder's own affair. Nothing about a person
is on the chain: an id, a keyed commitment, coarse codes (law.md 3.3).

    registration.py   opening an account
    registrars.py     the office and its registrars
    keys.py           keys, threshold, proof of possession
    places.py         where a shop is
    lifecycle.py      moves, freezes, closing
    allowance.py      what a stopped account may still pay
    closing.py        what stands in the way of closing
    attestations.py   checked unique, voter
    minors.py         what minors may pay and earn
    minority.py       entering minors, coming of age
    acting.py         who may act for whom
"""

from __future__ import annotations

from chain.contract import Contract, Method
from governance_contracts.people import (
    attestations,
    keys,
    lifecycle,
    minority,
    places,
    registrars,
    registration,
)
from governance_contracts.people.acting import (
    ClosedAccount,
    FrozenAccount,
    NotRegistered,
    TillKeyOnly,
    acting_account,
    is_frozen,
    require_account,
    require_actor,
    require_unfrozen,
    shares_household_or_owner,
)
from governance_contracts.people.places import (
    PLACES,
    Place,
    PlaceKind,
    find_place,
    found_place,
    place_key,
)
from governance_contracts.people.registration import (
    REGISTRATIONS,
    NewAccount,
    Register,
    Registration,
    found_account,
    office_of,
)

__all__ = [
    "CONTRACT", "PLACES", "REGISTRATIONS", "ClosedAccount", "FrozenAccount", "NewAccount",
    "NotRegistered", "Place", "PlaceKind", "Register", "Registration", "TillKeyOnly",
    "acting_account", "find_place", "found_account", "found_place", "is_frozen", "office_of",
    "place_key", "require_account", "require_actor", "require_unfrozen",
    "shares_household_or_owner",
]  # fmt: skip


def _register_cost(args: registration.Register) -> int:
    """A proof of possession costs a signature verification."""
    return 50 + sum(80 + 80 * len(new.keys) for new in args.accounts)


def _keys_cost(args: keys.ChangeKeys) -> int:
    return 150 + 80 * len(args.added)


CONTRACT = Contract(
    "registry",
    1,
    {
        "register": Method(registration.Register, registration.register, cost=_register_cost),
        "change_keys": Method(keys.ChangeKeys, keys.change_keys, cost=_keys_cost),
        "add_place": Method(places.AddPlace, places.add_place),
        "close_place": Method(places.ClosePlace, places.close_place),
        "delegate_registrar": Method(registrars.DelegateRegistrar, registrars.delegate_registrar),
        "end_registrar": Method(registrars.EndRegistrar, registrars.end_registrar),
        "change_entry": Method(lifecycle.ChangeEntry, lifecycle.change_entry),
        "freeze": Method(lifecycle.FreezeAccount, lifecycle.freeze),
        "renew_freeze": Method(lifecycle.RenewFreeze, lifecycle.renew_freeze),
        "unfreeze": Method(lifecycle.Unfreeze, lifecycle.unfreeze),
        "close": Method(lifecycle.Close, lifecycle.close),
        "attest_unique": Method(
            attestations.AttestUnique, attestations.attest_unique, carried=False
        ),
        "confirm_unique": Method(
            attestations.ConfirmUnique, attestations.confirm_unique, carried=False
        ),
        "withdraw_unique": Method(attestations.WithdrawUnique, attestations.withdraw_unique),
        "attest_voter": Method(attestations.AttestVoter, attestations.attest_voter),
        "withdraw_voter": Method(attestations.WithdrawVoter, attestations.withdraw_voter),
        "attest_minor": Method(minority.AttestMinor, minority.attest_minor, cost=1_000),
        "lift_minority": Method(minority.LiftMinority, minority.lift_minority, cost=1_000),
        "set_chores": Method(minority.SetChores, minority.set_chores),
    },
    due={"thaw": lifecycle.thaw},
)
