"""What every command promises: its options, its exit codes, and JSON alone on stdout."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from chain.money import CENTS_MAX
from genesis import console
from genesis.amounts import format_cents, parse_amount
from genesis.console import Exit, Settings, UserError


@console.group()
def town() -> None:
    """A group for these tests."""


@town.command()
@click.argument("name")
@console.common_options
def greet(settings: Settings, name: str) -> None:
    console.out(settings, {"name": name, "home": str(settings.home)}, f"hello {name}")


@town.command()
@click.argument("amount", type=console.AMOUNT)
@console.common_options
def give(settings: Settings, amount: int) -> None:
    console.out(settings, {"cents": amount}, console.format_cents(amount))


@town.command()
@console.common_options
def refused(_settings: Settings) -> None:
    raise UserError("no", Exit.REFUSED, "NotOnTheBoard", 301, {"account": "ab"})


@town.command()
@click.argument("what")
@console.common_options
def fail(settings: Settings, what: str) -> Exit | None:
    match what:
        case "interrupt":
            raise KeyboardInterrupt
        case "bug":
            raise RuntimeError("a bug")
        case "file":
            open("no/such/file")  # noqa: SIM115
        case "secret":
            console.secret(settings, "Passphrase")
        case "confirm":
            console.confirm(settings, "Really?")
        case "findings":
            return Exit.FINDINGS
    return None


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(town, words, env={"LANG": "en_GB.UTF-8", "LANGUAGE": None, **env})


def test_common_options_stand_behind_the_commands_own_words() -> None:
    result = run("greet", "Ann", "--home", "here", "-o", "json")
    assert json.loads(result.stdout) == {"name": "Ann", "home": "here"}
    assert result.stderr == ""


def test_each_option_also_comes_from_the_environment() -> None:
    result = run("greet", "Ann", SOCIALCOIN_HOME="there", SOCIALCOIN_OUTPUT="json")
    assert json.loads(result.stdout)["home"] == "there"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["greet", "Ann"], Exit.DONE),
        (["fail", "file"], Exit.FAILURE),
        (["greet"], Exit.USAGE),
        (["greet", "Ann", "--nonsense"], Exit.USAGE),
        (["nonsense"], Exit.USAGE),
        (["fail", "confirm"], Exit.USAGE),
        (["refused"], Exit.REFUSED),
        (["fail", "secret"], Exit.KEY),
        (["fail", "findings"], Exit.FINDINGS),
        (["fail", "interrupt"], Exit.INTERRUPTED),
    ],
)
def test_exit_codes(words: list[str], code: Exit) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("no_color", "coloured"), [("1", False), ("", True)])
def test_no_color_is_respected(no_color: str, coloured: bool) -> None:
    result = CliRunner().invoke(
        town, ["fail", "confirm"], color=True, env={"NO_COLOR": no_color, "SOCIALCOIN_LANG": "en"}
    )
    assert ("\x1b[" in result.stderr) is coloured


def test_a_refusal_is_named_in_both_outputs() -> None:
    result = run("refused", "-o", "json")
    assert json.loads(result.stdout)["error"] == {
        "message": "no",
        "exit_code": 3,
        "name": "NotOnTheBoard",
        "code": 301,
        "fields": {"account": "ab"},
    }
    assert "NotOnTheBoard (301) account=ab" in result.stderr


def test_a_usage_error_obeys_json_too() -> None:
    assert json.loads(run("greet", "-ojson").stdout)["error"]["exit_code"] == Exit.USAGE


def test_a_bug_keeps_its_traceback() -> None:
    assert isinstance(run("fail", "bug").exception, RuntimeError)


def test_the_passphrase_comes_from_a_file_then_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "words"
    file.write_text("a b c \n")
    monkeypatch.setenv("SOCIALCOIN_PASSPHRASE", "x")
    assert console.secret(Settings(passphrase_file=file), "?") == "a b c "
    assert console.secret(Settings(), "?") == "x"
    file.write_text("")
    with pytest.raises(UserError, match="empty") as caught:
        console.secret(Settings(passphrase_file=file), "?")
    assert caught.value.exit_code == Exit.KEY


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12,50", 1250), ("12.50", 1250), ("12", 1200), ("0,01", 1), ("90071992547409,91", CENTS_MAX)],
)
def test_amounts_people_write(text: str, cents: int) -> None:
    assert parse_amount(text) == cents
    assert parse_amount(format_cents(cents)) == cents


@pytest.mark.parametrize(
    "text",
    [
        "", "12,5", "1.000,00", "1,000.00", "-1", "+1", "1e3", "١٢", "12,٥٠", "０", "012", ",50",
        "12,", "12,500", "0", "0,00", "90071992547409,92", "9" * 400, "1 000", "1_000", "12,50\n",
        "€ 1", "0x10", "NaN", "inf", "½",
    ],
)  # fmt: skip
def test_amounts_that_could_be_read_in_two_ways_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_amount(text)


@pytest.mark.parametrize("text", ["-1", "12,5", "1e3"])
def test_a_wrong_amount_on_the_command_line_says_what_was_expected(text: str) -> None:
    result = run("give", text)
    assert result.exit_code == Exit.USAGE
    assert "12,50" in result.stderr
