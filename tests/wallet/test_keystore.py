"""Wallet files: what they keep, and how they refuse: exit code 4, and a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genesis import files
from genesis.console import Exit, UserError
from tests.wallet import village
from tests.wallet.conftest import PASSPHRASE, Wallet, answer
from wallet_cli import keystore, profile
from wallet_cli.making import make_profile


@pytest.fixture
def ada(home: Path) -> Path:
    made = make_profile("ada", village.entropy("ada"), None, in_genesis=True)
    keystore.create(home, made, village.entropy("ada"), PASSPHRASE)
    return home / "ada.wallet"


def refusal(home: Path, passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(UserError) as caught:
        keystore.open_wallet(home, "ada", passphrase)
    assert caught.value.exit_code == Exit.KEY
    return caught.value.message


def test_what_was_sealed_comes_back(home: Path, ada: Path) -> None:
    opened = keystore.open_wallet(home, "ada", PASSPHRASE)
    assert opened.entropy == village.entropy("ada")
    assert opened.seed == village.seed("ada")
    assert opened.profile.account == village.founding_id("ada")


def test_nobody_else_may_read_the_file(home: Path, ada: Path) -> None:
    assert ada.stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert sorted(file.name for file in home.iterdir()) == ["ada.wallet"]


def test_the_words_are_not_in_the_file(ada: Path) -> None:
    assert village.entropy("ada").hex() not in ada.read_text()
    assert village.seed("ada").hex() not in ada.read_text()


def test_a_wrong_passphrase(home: Path, ada: Path) -> None:
    assert "passphrase of wallet ada is wrong" in refusal(home, "wrong")


def test_a_missing_file(home: Path) -> None:
    assert "There is no wallet ada" in refusal(home)


def test_an_unreadable_file(home: Path, ada: Path) -> None:
    ada.unlink()
    ada.mkdir()
    assert "cannot be read" in refusal(home)


@pytest.mark.parametrize(
    "content", ["", "hello", "[]", "{}", '{"format": "something else"}', "[" * 9999]
)
def test_what_is_no_wallet_file(home: Path, ada: Path, content: str) -> None:
    ada.write_text(content)
    assert "not a wallet file" in refusal(home)


def test_a_format_of_the_future(home: Path, ada: Path) -> None:
    ada.write_text(ada.read_text().replace('"version": 1', '"version": 2'))
    assert "newer release" in refusal(home)


@pytest.mark.parametrize("name", ["key", "account", "salt", "prefix", "node", "keys", "epoch"])
def test_any_damage_to_the_open_part(home: Path, ada: Path, name: str) -> None:
    document = json.loads(ada.read_text())
    document["public"][name] = 7 if isinstance(document["public"][name], int) else "00"
    ada.write_text(json.dumps(document))
    assert "damaged" in refusal(home)


def test_a_truncated_file(home: Path, ada: Path) -> None:
    ada.write_bytes(ada.read_bytes()[:-40])
    assert "damaged" in refusal(home)


def test_a_demand_for_all_the_memory_of_the_computer(home: Path, ada: Path) -> None:
    wallet = profile.read(home, "ada")
    greedy = profile.WalletFile(
        wallet.profile, profile.Kdf(1, 1 << 40, wallet.kdf.salt), wallet.sealed
    )
    ada.write_bytes(profile.dump(greedy))
    assert "damaged" in refusal(home)


def test_an_open_part_exchanged_for_another_wallets(home: Path, ada: Path) -> None:
    """Whoever can write the file can name another key; opening it finds out."""
    thief = make_profile("ada", village.entropy("thief"), None, in_genesis=True)
    wallet = profile.read(home, "ada")
    ada.write_bytes(profile.dump(wallet.with_profile(thief)))
    assert "was changed" in refusal(home)


def test_nothing_is_written_over_a_wallet(home: Path, ada: Path) -> None:
    before = ada.read_bytes()
    made = make_profile("ada", village.entropy("bob"), None, in_genesis=True)
    with pytest.raises(UserError, match="exists"):
        keystore.create(home, made, village.entropy("bob"), PASSPHRASE)
    assert ada.read_bytes() == before
    assert [file.name for file in home.iterdir()] == ["ada.wallet"]


def test_a_failed_write_leaves_the_old_file(
    home: Path, ada: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = keystore.open_wallet(home, "ada", PASSPHRASE)
    before = ada.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(UserError, match="disk is full"):
        keystore.change_passphrase(home, opened, "new")
    assert ada.read_bytes() == before
    assert [file.name for file in home.iterdir()] == ["ada.wallet"]


def test_words_are_shown_once_on_stderr_and_restore_the_wallet(
    wallet: Wallet, tmp_path: Path
) -> None:
    result = wallet("new", "eva", "--words", "12", "--in-genesis", "-o", "json")
    assert result.exit_code == 0, result.output
    made = answer(result)
    words = [w for w in result.stderr.split() if w.isalpha() and w.islower()][-12:]
    for word in words:
        assert word not in result.stdout.split()
    file = tmp_path / "words"
    file.write_text(" ".join(words))
    again = wallet("restore", "eva2", "--mnemonic-file", str(file), "--in-genesis", "-o", "json")
    assert again.exit_code == 0, again.output
    assert answer(again) == made | {"name": "eva2"}
    shown = wallet("export", "-y", as_="eva")
    assert shown.stdout.split() == words


def test_wrong_words_are_no_wallet(wallet: Wallet, home: Path) -> None:
    result = wallet("restore", "x", "--mnemonic-file", "-", input="abandon " * 12)
    assert result.exit_code == 4
    assert not home.exists()


def test_the_passphrase_can_be_changed(
    wallet: Wallet, home: Path, ada: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new"
    file.write_text("better\n")
    result = wallet("passphrase", "--new-passphrase-file", str(file))
    assert result.exit_code == 0, result.output
    assert "wrong" in refusal(home)
    assert keystore.open_wallet(home, "ada", "better").seed == village.seed("ada")


def test_without_a_terminal_nobody_is_asked(
    wallet: Wallet, ada: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOCIALCOIN_PASSPHRASE")
    result = wallet("export", "-y")
    assert result.exit_code == 4
    assert "--passphrase-file" in result.stderr


@pytest.mark.parametrize("name", ["", "../ada", "a b", ".hidden", "-x", "a/b", "é", "a" * 65])
def test_a_name_that_cannot_be_a_files(wallet: Wallet, name: str) -> None:
    assert wallet("new", "--", name).exit_code == 2


def test_several_wallets_need_a_choice(wallet: Wallet, home: Path, ada: Path) -> None:
    assert wallet("show").exit_code == 0
    made = make_profile("bob", village.entropy("bob"), None, in_genesis=True)
    keystore.create(home, made, village.entropy("bob"), PASSPHRASE)
    result = wallet("show")
    assert result.exit_code == 2
    assert "ada, bob" in result.stderr
    assert wallet("show", as_="bob").exit_code == 0


def test_a_damaged_wallet_does_not_hide_the_others(wallet: Wallet, home: Path, ada: Path) -> None:
    (home / "bob.wallet").write_text("{}")
    result = wallet("list", "-o", "json")
    assert result.exit_code == 4
    assert "bob.wallet is not a wallet file" in result.stderr
    assert [entry["name"] for entry in json.loads(result.stdout)] == ["ada"]


def test_many_wallets_are_not_all_named(wallet: Wallet, home: Path, ada: Path) -> None:
    for number in range(20):
        (home / f"many{number:02d}.wallet").write_text("{}")
    result = wallet("show")
    assert result.exit_code == 2
    assert "many06, …" in result.stderr
    assert "many07" not in result.stderr


def test_an_empty_home_lists_as_an_empty_list(wallet: Wallet) -> None:
    assert answer(wallet("list", "-o", "json")) == []
    assert wallet("address").exit_code == 4
