"""The catalogue: compiled as committed, complete for what people type here, placeholders kept."""

from __future__ import annotations

import io
import re

import pytest
from click.testing import CliRunner

from genesis.cli import group
from genesis.texts import LANGUAGES, _, choose_language, language

pytest.importorskip("babel")

from babel.messages.pofile import read_po

from genesis.locale import messages

TRANSLATED = [name for name in LANGUAGES if name != "en"]


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_compiled_catalogue_is_in_step_with_its_text(name: str) -> None:
    path = messages.po_of(name)
    assert path.with_suffix(".mo").read_bytes() == messages.as_mo(path.read_bytes(), name), (
        "compile it anew: python -m genesis.locale"
    )


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_text_of_this_folder_is_translated(name: str) -> None:
    ours = [
        str(message.id)
        for message in messages.updated(name)
        if any(str(place).startswith("genesis/") for place, _line in message.locations)
    ]
    missing = set(messages.untranslated(messages.updated(name)))
    assert [text for text in ours if text in missing] == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_fills_in_what_the_text_does(name: str) -> None:
    for message in read_po(io.BytesIO(messages.po_of(name).read_bytes()), name):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        found = message.string or ""
        strings = [found] if isinstance(found, str) else list(found)
        for text, other in zip(ids, strings, strict=True):
            if other:
                assert _fields(other) == _fields(text), text


def _fields(text: str) -> set[str]:
    return set(re.findall(r"\{[^{}]*\}", text))


def test_the_language_is_that_of_the_option_then_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    choose_language(None)
    monkeypatch.setenv("LANG", "nl_NL.UTF-8")
    assert (language(), _("Error")) == ("nl", "Fout")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert (language(), _("Error")) == ("en", "Error")
    monkeypatch.setenv("LANG", "fr_FR")
    assert language() == "en"
    monkeypatch.delenv("LANG")
    assert language() == "en"


@pytest.mark.parametrize(("words", "said"), [(["--lang", "nl"], "Toon"), ([], "Show")])
def test_help_and_errors_speak_the_language_asked_for(words: list[str], said: str) -> None:
    env = {"LANGUAGE": None, "LC_ALL": None, "LANG": "en_GB.UTF-8"}
    shown = CliRunner().invoke(group, ["show", "--help", *words], env=env)
    assert said in shown.stdout
    wrong = CliRunner().invoke(group, ["show", "none", *words], env=env)
    assert wrong.exit_code == 1
    assert ("Fout" in wrong.stderr) == bool(words)


def test_the_language_can_be_named_before_the_command_and_wins_from_the_environment() -> None:
    env = {"LANGUAGE": None, "LC_ALL": None, "LANG": "en_GB.UTF-8", "SOCIALCOIN_LANG": "en"}
    for words in (["--lang", "nl", "show", "--help"], ["--lang", "nl", "--help"]):
        shown = CliRunner().invoke(group, words, env=env)
        assert shown.exit_code == 0 and "Gebruik:" in shown.stdout, shown.output
    assert CliRunner().invoke(group, ["--lang", "xx", "show", "--help"], env=env).exit_code == 2
