"""The log: one JSON object per line, whoever speaks, and nobody's data in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from aiohttp.http_exceptions import LineTooLong

from node import logs

SECRET = "demo1v628a86qggjtm0mm0kfh83q06k7u6a5e8mvp65"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, given back as it was."""
    root, own = logging.getLogger(), logging.getLogger("socialcoin")
    before = root.handlers[:], own.handlers[:], own.level, own.propagate
    yield root
    root.handlers[:], own.handlers[:], level, own.propagate = before
    own.setLevel(level)


def test_our_own_lines_are_json(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info").info("committed", extra={"height": 7})
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["height"], line["level"]) == ("committed", 7, "info")


def test_a_library_is_one_json_line_without_its_words(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("info")
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        logging.getLogger("asyncio").exception("Task failed for %s\nfuture: %s", SECRET, SECRET)
    (text,) = capsys.readouterr().err.splitlines()
    line = json.loads(text)
    assert (line["event"], line["library"], line["said"]) == (
        "library", "asyncio", "Task failed for %s",
    )  # fmt: skip
    assert line["exception"] == "RuntimeError" and "test_logs.py" in line["where"]
    assert SECRET not in text


def test_what_is_no_http_gets_no_line(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("info")
    try:
        raise LineTooLong(SECRET.encode(), 1)
    except LineTooLong:
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", "::1")
    assert capsys.readouterr().err == ""
