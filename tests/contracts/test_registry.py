"""The registry: opening, keys, places, freezing, moving, closing; each refusal in its order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chain.account import (
    PURSES,
    AccountKind,
    Holding,
    KeyRole,
    Purse,
    Status,
    Window,
    find_key,
    in_force,
    owner_at,
    purse_of,
)
from chain.authority import Authority, Board, Federation, NotAuthorised
from chain.codec import Record
from chain.crypto import public_key
from chain.errors import Rejected
from chain.money import cents
from chain.rules import DAY_MS
from governance_contracts.areas.regions import UnknownRegion
from governance_contracts.people.acting import (
    ClosedAccount,
    NotRegistered,
    TillKeyOnly,
    acting_account,
    require_actor,
    shares_household_or_owner,
)
from governance_contracts.people.closing import HoldsCoin
from governance_contracts.people.keys import (
    BadKey,
    BadRole,
    BadThreshold,
    ChangeKeys,
    KeyTwice,
    NewKey,
    NoPossession,
    NoSuchKey,
    TooManyKeys,
    prove_possession,
)
from governance_contracts.people.lifecycle import (
    AlreadyFrozen,
    ChangeEntry,
    Close,
    FreezeAccount,
    NotFrozen,
    RenewFreeze,
    TreasuryStays,
    Unfreeze,
)
from governance_contracts.people.places import (
    AddPlace,
    BadPlace,
    BuurtTooSmall,
    ClosePlace,
    NoPlaces,
    OnlinePlaceExists,
    PlaceClosed,
    PlaceExists,
    PlaceKind,
    UnknownPlace,
    find_place,
    places_of,
)
from governance_contracts.people.registrars import (
    AlreadyRegistrar,
    DelegateRegistrar,
    EndRegistrar,
    NotARegistrar,
)
from governance_contracts.people.registration import (
    AlreadyRegistered,
    BadAccount,
    NewAccount,
    Register,
    Registered,
    WrongAccountId,
    found_account,
    id_of,
    office_of,
)
from tests.contracts.town import (
    B1,
    B2,
    CHAIN,
    EPOCH,
    G1,
    SMALL,
    W1,
    W2,
    Town,
    new_account,
    refused,
    seed,
)

OFFICE = (Board(W1),)
IDENTITY = b"\x01" + bytes(31)
"""The identity point: under it, some verifiers accept any signature."""


def resident(name: str = "new", **changes: object) -> NewAccount:
    return replace(new_account(name, AccountKind.PERSON, "HH", W1), **changes)


def renamed(new: NewAccount) -> NewAccount:
    """With the id that fits the keys; the proofs are then for another id."""
    return replace(new, id=id_of(CHAIN, new))


def new_key(
    name: str, holder: bytes, role: int = KeyRole.FULL, place: tuple[int, ...] = ()
) -> NewKey:
    proof = prove_possession(seed(name), CHAIN, EPOCH, holder)
    return NewKey(public_key(seed(name)), role, place, proof)


def first_refusal(town: Town, args: Record, under: tuple[Authority, ...] = OFFICE) -> Rejected:
    before = town.snapshot()
    with pytest.raises(Rejected) as caught:
        town.play(args, by="ada1", under=under)
    assert town.snapshot() == before, "a refused call leaves no trace"
    return caught.value


# Registration.


def test_registration_is_refused_in_this_order() -> None:
    """Each attempt repairs the first fault of the one before it."""
    town = Town()
    town.play(Close(town.id("eef1")), under=OFFICE)
    broken = resident(kind=99, sector="XX", home="WK000000", owner=(bytes(20),), threshold=9)
    identity = replace(broken.keys[0], key=IDENTITY, role=9)
    unproven = replace(broken.keys[0], proof=bytes(64), role=9)
    id = id_of(CHAIN, broken)
    bad_role = new_key("new", id, role=9)
    broken = replace(broken, id=id, keys=(bad_role,))
    attempts: list[tuple[NewAccount, type[Rejected]]] = [
        (replace(broken, id=town.id("dee1"), keys=(identity,)), AlreadyRegistered),
        (replace(broken, id=bytes(20), keys=(identity,)), WrongAccountId),
        (renamed(replace(broken, keys=(identity,))), BadKey),
        (replace(broken, keys=(unproven,)), NoPossession),
        (broken, BadRole),
        (replace(broken, keys=(new_key("new", id),)), BadThreshold),
    ]
    for attempt, expected in attempts:
        assert type(first_refusal(town, Register(W1, (attempt,)))) is expected
    with refused(NotAuthorised, f"board:{W1}"):
        town.play(Register(W1, (broken,)), by="ada1", under=(Board(W2),))

    broken = resident(kind=99, sector="XX", home="WK000000", owner=(bytes(20),))
    steps: list[tuple[dict[str, object], type[Rejected], str]] = [
        ({}, BadAccount, "kind"),
        ({"kind": AccountKind.PERSON}, UnknownRegion, ""),
        ({"home": W2}, BadAccount, "home"),
        ({"home": W1}, NotRegistered, ""),
        ({"owner": (town.id("eef1"),)}, ClosedAccount, ""),
        ({"owner": ()}, BadAccount, "sector"),
    ]
    for change, kind, field in steps:
        broken = replace(broken, **change)
        refusal = first_refusal(town, Register(W1, (broken,)))
        assert type(refusal) is kind
        assert not field or refusal.values[1] == field
    town.play(Register(W1, (replace(broken, sector="HHB"),)), under=OFFICE)


def test_one_key_twice_is_refused() -> None:
    town = Town()
    new = new_account("new", AccountKind.PERSON, "HH", W1, key_names=("k", "k"))
    with refused(KeyTwice, public_key(seed("k"))):
        town.play(Register(W1, (new,)), under=OFFICE)


def test_a_proof_is_for_one_account_on_one_chain() -> None:
    town = Town()
    new = resident()
    for proof in (
        prove_possession(seed("new"), bytes(32), EPOCH, new.id),
        prove_possession(seed("new"), CHAIN, EPOCH + 1, new.id),
        prove_possession(seed("new"), CHAIN, EPOCH, town.id("ada1")),
    ):
        stolen = replace(new, keys=(replace(new.keys[0], proof=proof),))
        with refused(NoPossession):
            town.play(Register(W1, (stolen,)), under=OFFICE)


def test_a_hundred_are_registered_in_one_call_or_none() -> None:
    town = Town()
    many = tuple(resident(f"new{i}") for i in range(100))
    with refused(AlreadyRegistered, many[0].id):
        town.play(Register(W1, (*many[:99], many[0])), under=OFFICE)
    assert town.state.get(PURSES, many[0].id) is None
    town.play(Register(W1, many), under=OFFICE)
    assert len(town.reported(Registered)) == 100
    town.names["new7"] = many[7].id
    account = town.account("new7")
    assert (account.status, account.threshold) == (Status.ACTIVE, 1)
    assert [key.number for key in account.keys] == [0]
    assert office_of(town.state, many[7].id, account, 1) == W1


@pytest.mark.parametrize(
    ("kind", "sector", "home", "owner", "fits"),
    [
        (AccountKind.PERSON, "HH", "EXT", "", True),
        (AccountKind.PERSON, "HHB", W1, "house", True),
        (AccountKind.PERSON, "BUS", W1, "", False),
        (AccountKind.HOUSEHOLD, "HH", W1, "", True),
        (AccountKind.HOUSEHOLD, "HH", W1, "dee1", False),
        (AccountKind.BUSINESS, "BUS", W1, "dee1", True),
        (AccountKind.INSTITUTION, "GOV", G1, "", True),
        (AccountKind.INSTITUTION, "NPI", W1, "", True),
        (AccountKind.INSTITUTION, "HH", W1, "", False),
        (AccountKind.ASSOCIATION, "NPI", W1, "", True),
        (AccountKind.FUND, "GOV", W1, "town", True),
        (AccountKind.FUND, "NPI", W1, "town", False),
        (AccountKind.FUND, "GOV", W1, "", False),
        (AccountKind.TILL, "BUS", W1, "shop1", True),
        (AccountKind.TILL, "BUS", W1, "", False),
        (AccountKind.BOARD, "WB", W1, "dee1", False),
        (AccountKind.OPERATOR, "FIN", "EXT", "", True),
        (AccountKind.PERSON, "HH", "NL", "", False),
        (AccountKind.PERSON, "HH", B1, "", False),
    ],
)
def test_kind_sector_home_and_owner_fit_together(
    kind: AccountKind, sector: str, home: str, owner: str, fits: bool
) -> None:
    town = Town()
    town.found(new_account("house", AccountKind.HOUSEHOLD, "HH", W1), "house")
    owners = (town.id(owner),) if owner else ()
    new = new_account("new", kind, sector, home, owners)
    if fits:
        town.play(Register(W1, (new,)), under=OFFICE)
    else:
        with refused(BadAccount):
            town.play(Register(W1, (new,)), under=OFFICE)


def test_genesis_says_what_is_wrong_in_words() -> None:
    town = Town()
    with pytest.raises(ValueError, match="listed twice"):
        found_account(town.state, CHAIN, W1, new_account("dee1", AccountKind.PERSON, "HH", W1))
    with pytest.raises(ValueError, match="not the id of its keys"):
        found_account(town.state, bytes(32), W1, resident())
    with pytest.raises(ValueError, match="not a wijk of this chain"):
        found_account(town.state, CHAIN, "EXT", resident(home="EXT"))
    with pytest.raises(ValueError, match="BadAccount"):
        found_account(town.state, CHAIN, W1, resident(sector="GOV"))


# Registrars.


def test_a_registrar_works_at_the_desk_until_the_board_ends_it() -> None:
    town = Town()
    with refused(NotAuthorised):
        town.play(Register(W1, (resident(),)), by="dee1")
    with refused(NotAuthorised):
        town.play(DelegateRegistrar(W1, town.id("dee1")), by="ada1")
    with refused(NotRegistered):
        town.play(DelegateRegistrar(W1, bytes(20)), under=OFFICE)
    town.play(DelegateRegistrar(W1, town.id("dee1")), under=OFFICE)
    with refused(AlreadyRegistrar):
        town.play(DelegateRegistrar(W1, town.id("dee1")), under=OFFICE)
    town.play(Register(W1, (resident(),)), by="dee1")
    with refused(NotAuthorised, f"board:{W2}"):
        town.play(Register(W2, (resident("n2", home=W2),)), by="dee1")
    town.play(EndRegistrar(W1, town.id("dee1")), under=OFFICE)
    with refused(NotARegistrar):
        town.play(EndRegistrar(W1, town.id("dee1")), under=OFFICE)
    with refused(NotAuthorised):
        town.play(Register(W1, (resident("n3"),)), by="dee1")


# Keys.


def test_changing_keys_is_refused_in_this_order() -> None:
    town = Town()
    dee = town.id("dee1")
    identity = NewKey(IDENTITY, 9, (), bytes(64))
    stolen = replace(new_key("k1", town.id("ada1")), role=9)
    bad_role = new_key("k1", dee, role=9)
    many = tuple(new_key(f"k{i}", dee) for i in range(16))
    town.play(Close(town.id("eef1")), under=OFFICE)
    attempts: list[tuple[ChangeKeys, type[Rejected]]] = [
        (ChangeKeys(bytes(20), (identity,), (7,), 9), NotRegistered),
        (ChangeKeys(town.id("eef1"), (identity,), (7,), 9), ClosedAccount),
        (ChangeKeys(town.id("ada1"), (identity,), (7,), 9), NotAuthorised),
        (ChangeKeys(dee, (identity,), (7,), 9), NoSuchKey),
        (ChangeKeys(dee, (stolen, identity), (), 9), NoPossession),
        (ChangeKeys(dee, (identity, stolen), (), 9), BadKey),
        (ChangeKeys(dee, many, (), 17), TooManyKeys),
        (ChangeKeys(dee, (bad_role, bad_role), (), 9), KeyTwice),
        (ChangeKeys(dee, (bad_role,), (), 9), BadRole),
        (ChangeKeys(dee, (new_key("k1", dee),), (), 9), BadThreshold),
        (ChangeKeys(dee, (new_key("k1", dee),), (), 0), BadThreshold),
        (ChangeKeys(dee, (), (0,), 1), BadThreshold),
    ]
    for args, expected in attempts:
        with pytest.raises(Rejected) as caught:
            town.play(args, by="dee1")
        assert type(caught.value) is expected, args
    with refused(NotAuthorised):
        town.play(ChangeKeys(dee, (new_key("k1", dee),), (0,), 1), under=OFFICE)


def test_key_numbers_never_come_back_and_windows_go_with_their_key() -> None:
    town = Town()
    dee = town.id("dee1")
    windows = (Window(0, 5, 1), Window(1, 3, 1))
    town.state.put(PURSES, dee, Purse(windows, (Holding("ZUID", cents(5)),), ()))
    town.play(ChangeKeys(dee, (new_key("k1", dee),), (), 2), by="dee1")
    assert [key.number for key in town.account("dee1").keys] == [0, 1]
    assert town.account("dee1").threshold == 2
    town.play(ChangeKeys(dee, (), (1,), 1), by="dee1")
    town.play(ChangeKeys(dee, (new_key("k2", dee),), (0,), 1), by="dee1")
    assert [key.number for key in town.account("dee1").keys] == [2]
    assert find_key(town.account("dee1"), 1) is None
    purse = purse_of(town.state, dee)
    assert purse.windows == ()
    assert purse.free == (Holding("ZUID", cents(5)),)


def test_a_till_key_has_one_place_and_signs_alone() -> None:
    town = Town()
    shop = town.id("shop1")
    till = new_key("till", shop, KeyRole.TILL, (1,))
    with refused(BadRole):
        town.play(ChangeKeys(shop, (replace(till, place=()),), (), 1), by="shop1")
    with refused(BadRole):
        town.play(ChangeKeys(shop, (new_key("k", shop, KeyRole.FULL, (1,)),), (), 1), by="shop1")
    with refused(BadRole):
        town.play(ChangeKeys(shop, (till, new_key("k", shop)), (), 2), by="shop1")
    town.play(ChangeKeys(shop, (till,), (), 1), by="shop1")
    assert town.account("shop1").keys[1].place == (1,)
    with refused(TillKeyOnly, shop, 1):
        town.play(ChangeKeys(shop, (), (0,), 1), by="shop1", key=1)
    with refused(NotAuthorised):
        town.play(ChangeKeys(shop, (), (1,), 1), by="stranger", also=("shop1",))


# Places.


def test_adding_a_place_is_refused_in_this_order() -> None:
    town = Town()
    town.play(Close(town.id("eef1")), under=OFFICE)
    shop = town.id("shop1")
    attempts: list[tuple[AddPlace, type[Rejected], str]] = [
        (AddPlace(bytes(20), 1, W2, (SMALL,), 9), NotRegistered, ""),
        (AddPlace(town.id("eef1"), 1, W2, (SMALL,), 9), ClosedAccount, ""),
        (AddPlace(town.id("dee1"), 1, W2, (SMALL,), 9), NotAuthorised, ""),
        (AddPlace(town.id("dee1"), 0, W1, (SMALL,), 9), NoPlaces, ""),
        (AddPlace(shop, 1, W1, (SMALL,), 9), PlaceExists, ""),
        (AddPlace(shop, 0, W1, (SMALL,), 9), BadPlace, "number"),
        (AddPlace(shop, 3, W1, (SMALL,), 9), BadPlace, "kind"),
        (AddPlace(shop, 3, W1, ("BU00000000",), PlaceKind.SHOP), UnknownRegion, ""),
        (AddPlace(shop, 3, W1, (W2,), PlaceKind.SHOP), BadPlace, "buurt"),
        (AddPlace(shop, 3, W1, (SMALL,), PlaceKind.ONLINE), BuurtTooSmall, ""),
        (AddPlace(shop, 3, W1, (B2,), PlaceKind.ONLINE), OnlinePlaceExists, ""),
    ]
    for args, expected, field in attempts:
        refusal = first_refusal(town, args)
        assert type(refusal) is expected, args
        assert not field or refusal.values[1] == field
    town.play(AddPlace(shop, 3, W1, (B2,), PlaceKind.SHOP), under=OFFICE)
    assert [number for number, _ in places_of(town.state, shop)] == [1, 2, 3]


def test_a_shop_may_have_a_place_in_another_wijk_by_that_office() -> None:
    town = Town()
    town.play(AddPlace(town.id("shop1"), 3, W2, (), PlaceKind.SHOP), under=(Board(W2),))
    place = find_place(town.state, town.id("shop1"), 3)
    assert place is not None
    assert place.wijk == W2


def test_a_closed_place_stays_known() -> None:
    town = Town()
    shop = town.id("shop1")
    with refused(UnknownPlace):
        town.play(ClosePlace(shop, 9), under=(Board(W2),))
    with refused(NotAuthorised):
        town.play(ClosePlace(shop, 2), under=(Board(W2),))
    town.play(ClosePlace(shop, 2), under=OFFICE)
    with refused(PlaceClosed):
        town.play(ClosePlace(shop, 2), under=OFFICE)
    place = find_place(town.state, shop, 2)
    assert place is not None
    assert place.closed
    town.play(AddPlace(shop, 3, W1, (), PlaceKind.ONLINE), under=OFFICE)


# Freezing, moving, closing.


def test_a_freeze_lapses_after_14_days_unless_the_board_renews_it() -> None:
    town = Town()
    dee = town.id("dee1")
    town.play(DelegateRegistrar(W1, town.id("eef1")), under=OFFICE)
    with refused(NotAuthorised):
        town.play(FreezeAccount(dee, "lost_phone"), under=(Board(W2),))
    with refused(NotFrozen):
        town.play(Unfreeze(dee), by="eef1")
    town.play(FreezeAccount(dee, "lost_phone"), by="eef1")
    assert town.account("dee1").status == Status.FROZEN
    with refused(AlreadyFrozen):
        town.play(FreezeAccount(dee, "lost_phone"), by="eef1")
    town.wait(10 * DAY_MS)
    with refused(NotAuthorised):
        town.play(RenewFreeze(dee), by="eef1")
    town.play(RenewFreeze(dee), under=OFFICE)
    town.wait(14 * DAY_MS - 1)
    assert town.account("dee1").status == Status.FROZEN
    town.wait(1)
    assert town.account("dee1").status == Status.ACTIVE
    with refused(NotFrozen):
        town.play(RenewFreeze(dee), under=OFFICE)
    town.play(FreezeAccount(dee, "fraud"), by="eef1")
    town.play(Unfreeze(dee), by="eef1")
    assert town.account("dee1").status == Status.ACTIVE
    town.wait(15 * DAY_MS)
    assert town.account("dee1").status == Status.ACTIVE


def test_changing_an_entry_is_refused_in_this_order() -> None:
    town = Town()
    town.play(Close(town.id("eef1")), under=OFFICE)
    dee = town.id("dee1")
    wrong = ChangeEntry(bytes(20), 1, ("WK000000",), ("XX",), ((bytes(20),),))
    steps: list[tuple[dict[str, object], type[Rejected], str]] = [
        ({}, NotRegistered, ""),
        ({"account": town.id("eef1")}, ClosedAccount, ""),
        ({"account": town.id("dee2")}, NotAuthorised, ""),
        ({"account": town.id("treasury1")}, TreasuryStays, ""),
        ({"account": dee}, BadAccount, "from_height"),
        ({"from_height": 50}, UnknownRegion, ""),
        ({"home": (B1,)}, BadAccount, "home"),
        ({"home": (W2,)}, NotRegistered, ""),
        ({"owner": ((dee,),)}, BadAccount, "owner"),
        ({"owner": ((),)}, BadAccount, "sector"),
    ]
    for change, expected, field in steps:
        wrong = replace(wrong, **change)
        refusal = first_refusal(town, wrong)
        assert type(refusal) is expected, change
        assert not field or refusal.values[1] == field
    town.play(replace(wrong, sector=("HHB",)), under=OFFICE)
    account = town.account("dee1")
    assert in_force(account.home, 49) == W1
    assert in_force(account.home, 50) == W2
    assert in_force(account.sector, 50) == "HHB"
    assert office_of(town.state, dee, account, 49) == W1
    assert office_of(town.state, dee, account, 50) == W2


def test_a_second_change_replaces_the_one_to_come() -> None:
    town = Town()
    dee = town.id("dee1")
    town.play(ChangeEntry(dee, 50, (W2,), (), ()), under=OFFICE)
    town.play(ChangeEntry(dee, 60, ("EXT",), (), ()), under=OFFICE)
    home = town.account("dee1").home
    assert [in_force(home, h) for h in (1, 55, 60)] == [W1, W1, "EXT"]
    assert office_of(town.state, dee, town.account("dee1"), 60) == W1


def test_who_moves_away_leaves_the_board() -> None:
    town = Town()
    assert town.id("ada1") in town.board(W1).members
    town.play(ChangeEntry(town.id("ada1"), 50, (W2,), (), ()), under=OFFICE)
    assert town.id("ada1") not in town.board(W1).members
    assert town.board(W1).caretaker_since_ms == (town.time_ms,)


def test_closing_waits_for_the_balance_and_ends_a_seat() -> None:
    town = Town()
    ada = town.id("ada1")
    town.state.put(PURSES, ada, Purse((), (Holding("ZUID", cents(5)),), ()))
    with refused(NotAuthorised):
        town.play(Close(ada), by="ada1")
    with refused(TreasuryStays):
        town.play(Close(town.id("treasury1")), under=OFFICE)
    with refused(HoldsCoin, ada, "ZUID"):
        town.play(Close(ada), under=OFFICE)
    town.state.put(PURSES, ada, Purse((), (), ()))
    town.play(FreezeAccount(ada, "court"), under=OFFICE)
    town.play(Close(ada), under=OFFICE)
    assert town.account("ada1").status == Status.CLOSED
    assert ada not in town.board(W1).members
    with refused(ClosedAccount):
        town.play(Close(ada), under=OFFICE)
    town.wait(20 * DAY_MS)
    assert town.account("ada1").status == Status.CLOSED


# Acting.


def test_only_the_board_acts_for_a_treasury_and_its_funds() -> None:
    town = Town()
    for name in ("treasury1", "fund1"):
        with refused(NotAuthorised, f"board:{W1}"):
            require_actor(town.state, town.context(name, ()), town.id(name))
        with refused(NotAuthorised, f"board:{W1}"):
            require_actor(town.state, town.context(None, (Board(W2),)), town.id(name))
        require_actor(town.state, town.context("ada1", OFFICE), town.id(name))
    assert acting_account(town.state, town.context("ada1", OFFICE)) == town.id("treasury1")
    assert acting_account(town.state, town.context("ada1", ())) == town.id("ada1")
    with refused(NotAuthorised):
        acting_account(town.state, town.context("treasury1", ()))
    with refused(NotAuthorised):
        acting_account(town.state, town.context("ada1", (Federation(),)))


def test_a_decision_does_not_act_as_the_member_who_completed_it() -> None:
    """The last approver's signature is on the transaction, not behind the calls it carries."""
    town = Town()
    context = town.context("ada1", OFFICE)
    context.authorities = OFFICE
    with refused(NotAuthorised):
        require_actor(town.state, context, town.id("ada1"))


def test_household_and_owner_reach_through_chains_of_owners() -> None:
    town = Town()
    house = town.found(new_account("house", AccountKind.HOUSEHOLD, "HH", W1), "house")
    for name in ("kid", "mum"):
        town.found(new_account(name, AccountKind.PERSON, "HH", W1, (house,)), name)
    bakery = new_account("bakery", AccountKind.BUSINESS, "BUS", W1, (town.id("mum"),))
    town.found(bakery, "bakery")
    town.found(new_account("till", AccountKind.TILL, "BUS", W1, (bakery.id,)), "till")

    def together(a: str, b: str) -> bool:
        return shares_household_or_owner(town.state, town.id(a), town.id(b), 1)

    assert together("kid", "till")
    assert together("mum", "bakery")
    assert together("dee1", "dee1")
    assert not together("kid", "dee1")
    assert not together("shop1", "till")
    assert owner_at(town.account("till"), 1) == bakery.id
