"""The guided way to a founding: questions on a terminal, answered into a spec.toml.

What is asked is what `spec.py` needs; the parts that hold other people's keys are made by them,
with `genesis account` and `genesis seat`, and named here as files. The spec is kept beside the
document, so that a mistake is corrected in it and the rest need not be answered again.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from genesis.texts import _

Ask = Callable[[str, str], str]
"""A question and the answer taken when none is typed (empty: an answer is needed)."""


def guided_spec(ask: Ask) -> str:
    """The text of a spec.toml."""
    lines = [
        _text("name", ask(_("Name of the chain"), "")),
        _text("prefix", ask(_("Prefix of its addresses"), "wijk")),
        _list("regions", ask(_("File with regions (of `genesis regions --out`)"), "regions.json")),
        _list("accounts", ask(_("Folder with the account files of founders"), "accounts")),
    ]
    issuer = ask(_("Short code of the issuer of the coins"), "issuer")
    lines += [
        "\n[[issuers]]",
        _text("code", issuer),
        _text("name", ask(_("Its legal name"), "")),
        _text("licence", ask(_("Reference of its licence or notification"), "")),
        _text("regime", ask(_("Regime: emt or limited-network"), "emt")),
        _text("custodian", ask(_("Commitment to the custodian agreement (64 hex digits)"), "")),
    ]
    for _number in range(_count(ask(_("How many wijken"), "1"))):
        lines += _wijk(ask, issuer)
    return "\n".join(lines) + "\n"


def _wijk(ask: Ask, issuer: str) -> list[str]:
    code = ask(_("CBS code of the wijk"), "").strip()

    def here(question: str, default: str) -> str:
        return ask(f"{code}: {question}", default)

    return [
        "\n[[wijken]]",
        _text("code", code),
        _list("members", here(_("account files of the board's members (three or more)"), "")),
        _text("threshold", here(_("part of the members that decides"), "2/3")),
        _text("treasury", here(_("account file of the treasury"), "treasury")),
        _list("registrars", here(_("account files of registrars"), "-")),
        _text("seat", here(_("file of its seat (of `genesis seat`)"), f"seat-{code}.json")),
        "\n[[wijken.coins]]",
        _text("code", here(_("code of its coin"), "")),
        _text("name", here(_("name of its coin"), "")),
        _text("issuer", issuer),
        _text("bank_account", here(_("commitment to the bank account (64 hex digits)"), "")),
        _list("attestors", here(_("account files of three or more attestors"), "")),
        f"k = {_count(here(_('how many of them make a statement'), '2'))}",
        _list("signers", here(_("account files of who signs at the bank"), "-")),
    ]


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are a part of TOML's."""
    return json.dumps(text.strip(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(name: str, answer: str) -> str:
    return f"{name} = {_quoted(answer)}"


def _list(name: str, answer: str) -> str:
    """Names apart by commas or spaces; "-" is none."""
    names = [entry for entry in answer.replace(",", " ").split() if entry != "-"]
    return f"{name} = [{', '.join(_quoted(entry) for entry in names)}]"


def _count(answer: str) -> int:
    return int(answer) if answer.isascii() and answer.isdigit() else 1
