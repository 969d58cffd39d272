"""The documents say what the software does, as far as a program can compare."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import takewhile
from pathlib import Path

import click
import pytest

from chain.contract import Contract
from chain.rules import PARAMETER_LIST
from genesis.console import Exit
from governance_contracts.versions import CONTRACTS
from node import metrics
from tests.docs import contracts, make_contracts, make_refusals
from tests.docs.refusals import page, refusals
from wallet_cli.main import root

HOME = Path(__file__).parents[2]
PAGES = sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(HOME)) for page in PAGES]
TEXTS = {name: page.read_text("utf-8") for name, page in zip(NAMES, PAGES, strict=True)}
DUTCH = {
    "docs/resident.md": "docs/nl/bewoner.md",
    "docs/business.md": "docs/nl/ondernemer.md",
    "docs/office.md": "docs/nl/bestuur.md",
    "docs/treasurer.md": "docs/nl/penningmeester.md",
    "docs/auditor.md": "docs/nl/controleur.md",
}
GUIDES = (*DUTCH, "docs/operator.md", *DUTCH.values())
PLACEHOLDERS = {
    "ADRES": "ADDRESS",
    "BEDRAG": "AMOUNT",
    "BESTAND": "FILE",
    "MAP": "FOLDER",
    "METHODE": "METHOD",
    "NAAM": "NAME",
    "STUK": "RECORD",
    "TEKST": "TEXT",
    "WIE": "WHO",
}


def anchors(text: str) -> set[str]:
    """Of headings, as code forges make them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(kept.replace(" ", "-"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[name]):
        if target.startswith(("http://", "https://")):
            continue
        path, _hash, anchor = target.partition("#")
        file = (HOME / name).parent / path if path else HOME / name
        assert file.exists(), f"{name} links to {target}"
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{name} links to {target}"


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_one_machine_and_no_paths_that_are_gone(name: str) -> None:
    text = TEXTS[name]
    assert not re.search(r"(^|[\s`(])/(work|root|home|tmp)/", text), name
    named = re.findall(r"`((?:auditor|chain|consensus|docs|genesis|governance_contracts|node|tests"
                       r"|wallet_cli)/[\w./-]*)`", text)  # fmt: skip
    for path in named:
        assert (HOME / path).exists(), f"{name} names {path}"


def commands() -> list[tuple[str, str]]:
    """Every `socialcoin ...` in the documents: indented lines, and code within a sentence."""
    found = []
    for name, text in TEXTS.items():
        if name == "docs/protocol.md":
            continue
        lines = re.findall(r"^    ((?:\S+/)?socialcoin .+)$", text, re.M)
        lines += re.findall(r"`((?:\S+/)?socialcoin [^`\n]+)`", text)
        lines += re.findall(r"^ExecStart=(.+)$", text, re.M)
        for line in lines:
            found += [(name, part.strip()) for part in re.split(r"(?<!\S)\|(?!\S)", line)]
    return found


@pytest.mark.parametrize(("name", "line"), commands())
def test_commands_are_written_as_they_are_parsed(name: str, line: str) -> None:
    words = [
        word for word in shlex.split(line, comments=True) if word not in ("...", "<", ">", "2>&1")
    ]
    words = list(takewhile(lambda word: word != "&", words))
    if "<" in line.split() or ">" in line.split():
        words = shlex.split(re.split(r"\s[<>]\s", line)[0])
    assert words.pop(0).endswith("socialcoin"), line
    context = click.Context(root, info_name="socialcoin")
    command: click.Command = root
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        child = command.get_command(context, words.pop(0))
        assert child is not None, f"{name}: no such command in {line}"
        command = child
        context = click.Context(command, parent=context, info_name=command.name)
    if line.endswith("...") or isinstance(command, click.Group):
        return
    options = {name for param in command.params for name in param.opts + param.secondary_opts}
    for word in words:
        if re.match(r"--?[a-z]", word):
            assert word.split("=")[0] in options | {"--help", "-h"}, f"{name}: {word} in {line}"
    if "--help" not in words and "`" + line + "`" not in TEXTS[name]:
        values = ["12,50" if word in ("AMOUNT", "BEDRAG") else word for word in words]
        parser = command.make_parser(context)
        found, left, _order = parser.parse_args(values)
        assert not left, f"{name}: too many words in {line}"
        for argument in (p for p in command.params if isinstance(p, click.Argument)):
            given = found.get(argument.name or "")
            held = isinstance(given, str | tuple) and given
            assert held or not argument.required, f"{name}: {argument.name} is missing in {line}"


def in_english(line: str) -> str:
    """A command of a Dutch guide as the English one has it; what is quoted, free text, apart."""
    line = re.sub(r'"[^"\n]*"', "TEXT", line)
    return re.sub(r"\b[A-Z]+\b", lambda word: PLACEHOLDERS.get(word[0], word[0]), line)


@pytest.mark.parametrize(("english", "dutch"), DUTCH.items())
def test_a_dutch_guide_names_the_commands_of_the_english_one(english: str, dutch: str) -> None:
    """In the same order; code within sentences and tables in any."""
    blocks = [re.findall(r"^    (.+)$", TEXTS[name], re.M) for name in (english, dutch)]
    assert [in_english(line) for line in blocks[1]] == [in_english(line) for line in blocks[0]]
    bare = [re.sub(r"```.*?```", "", TEXTS[name], flags=re.S) for name in (english, dutch)]
    spans = [re.findall(r"`([^`]+)`", text) for text in bare]
    kinds = [{in_english(" ".join(span.split())) for span in found} for found in spans]
    assert kinds[1] ^ kinds[0] == set()


@pytest.mark.parametrize(("english", "dutch"), DUTCH.items())
def test_a_guide_has_the_same_sections_in_both_languages(english: str, dutch: str) -> None:
    levels = [re.findall(r"^(#+) ", TEXTS[name], re.M) for name in (english, dutch)]
    assert levels[1] == levels[0]
    assert f"](nl/{Path(dutch).name})" in TEXTS[english].split("\n## ")[0]
    assert f"](../{Path(english).name})" in TEXTS[dutch].split("\n## ")[0]


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 60


def test_exit_codes_are_those_of_the_command_line() -> None:
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", TEXTS["docs/operator.md"], re.M)
    assert rows == [(str(int(code)), code.name) for code in Exit]
    known = {str(int(code)) for code in Exit}
    for name in GUIDES:
        for row in re.findall(r"^\| exit ?code .*\n\|[-|]*\n((?:\|.*\n)+)", TEXTS[name], re.M):
            assert set(re.findall(r"^\| (\d+) ", row, re.M)) <= known, name
        assert set(re.findall(r"[Ee]xit ?code\s+(\d+)", TEXTS[name])) <= known, name


def test_parameters_exist() -> None:
    suffixes = {name.rsplit("_", 1)[-1] for name in PARAMETER_LIST}
    for name in (*GUIDES, "docs/privacy.md", "docs/glossary.md"):
        for found in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", TEXTS[name]):
            if found.rsplit("_", 1)[-1] in suffixes & {"ms", "max", "notice", "days"}:
                assert found in PARAMETER_LIST, f"{name} names {found}"
    (settings,) = re.findall(r"^\[parameters\].*\n((?:\w.*\n)+)", TEXTS["docs/operator.md"], re.M)
    assert set(tomllib.loads(settings)) <= set(PARAMETER_LIST)


def test_figures_for_prometheus_exist() -> None:
    known = set(re.findall(r"socialcoin_\w+", metrics.__doc__ or ""))
    for name, text in TEXTS.items():
        assert set(re.findall(r"`(socialcoin_\w+)`", text)) <= known, name


def test_the_example_configuration_is_one() -> None:
    from msgspec import convert

    from node.config import Config

    blocks = re.findall(r"```toml\n(.*?)```", TEXTS["docs/operator.md"], re.S)
    (node,) = [block for block in blocks if "[p2p]" in block]
    config = convert(tomllib.loads(node), Config)
    assert config.wijk == "WK036101"
    (spec,) = [block for block in blocks if "[[wijken]]" in block]
    from genesis.spec import _Spec

    assert convert(tomllib.loads(spec), _Spec).wijken[0].coins[0].code == "ZUID"


def test_the_page_of_contracts_is_in_step() -> None:
    """If not: `python -m tests.docs.make_contracts`."""
    assert make_contracts.FILE.read_text("utf-8") == contracts.page()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_call_says_what_it_refuses(contract: Contract) -> None:
    for name, method in contract.methods.items():
        assert "Refuses" in (method.run.__doc__ or ""), f"{contract.name}.{name}"


def test_the_page_of_refusals_is_in_step() -> None:
    """If not: `python -m tests.docs.make_refusals`."""
    text = make_refusals.FILE.read_text("utf-8")
    assert text == page()
    listed = {(int(c), n) for c, n in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.M)}
    assert listed == {(code, kind.__name__) for code, kind in refusals().items()}


def test_refusals_that_guides_name_exist() -> None:
    known = {kind.__name__ for kind in refusals().values()}
    others = {"None", "FILE", "NAME"}
    for name in GUIDES:
        for found in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", TEXTS[name]):
            assert found in known | others, f"{name} names {found}"


@pytest.mark.parametrize(
    ("name", "title"), [("docs/auditor.md", "check"), ("docs/nl/controleur.md", "toets")]
)
def test_findings_are_those_of_the_auditor(name: str, title: str) -> None:
    from auditor import findings

    known = re.findall(r"^    (\w+)  +\S", findings.__doc__ or "", re.M)
    rows = re.findall(r"^\| ([a-z]+) \| .+ \| .+ \|$", TEXTS[name], re.M)
    assert [row for row in rows if row != title] == known


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    text = TEXTS["docs/dependencies.md"]
    runtime, development = text.split("## For development")
    for listed, part in (
        (project["dependencies"], runtime),
        (project["optional-dependencies"]["dev"], development),
    ):
        for requirement in listed:
            name = re.match(r"[\w-]+", requirement)
            assert name and re.search(rf"^\|.*\b{name[0]}\b.*\|", part, re.M), requirement


def test_decision_records_are_numbered_and_listed() -> None:
    records = sorted(p.name for p in (HOME / "docs/adr").glob("0*.md"))
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
    index = TEXTS["docs/adr/README.md"]
    for name in records:
        title = (HOME / "docs/adr" / name).read_text().splitlines()[0].removeprefix("# ")
        number, _dot, words = title.partition(". ")
        assert f"{int(number)}. [{words}]({name})" in index


def test_make_targets_exist() -> None:
    makefile = (HOME / "Makefile").read_text()
    for name, text in TEXTS.items():
        for target in re.findall(r"`make ([a-z]+)", text) + re.findall(
            r"^    make (\w+)", text, re.M
        ):
            assert re.search(rf"^{target}:", makefile, re.M), f"{name} names make {target}"


def test_the_glossary_gives_each_word_one_meaning() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]* \| [^|]+ \|$", TEXTS["docs/glossary.md"], re.M)
    words = [re.sub(r"[^a-z ]", "", row.lower()) for row in rows if row not in ("word", "---")]
    assert len(words) > 100
    assert words == sorted(set(words))
