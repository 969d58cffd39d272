"""One structured line per thing worth knowing, as JSON on stderr. Never keys or personal data.

Libraries log too (aiohttp, asyncio), in words of their own that may quote a request: of those, one
line says which library, what kind of thing and where, never the words of the exception.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

_STANDARD = set(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD and k != "taskName"}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class LibraryLines(JsonLines):
    """`said` is the first line of the message without what fills it in."""

    def format(self, record: logging.LogRecord) -> str:
        said = str(record.msg).partition("\n")[0]
        line = logging.makeLogRecord(
            {"created": record.created, "levelname": record.levelname, "msg": "library"}
        )
        line.__dict__ |= {"library": record.name, "said": said}
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, where = record.exc_info
            line.__dict__ |= {
                "exception": kind.__name__,
                "where": "".join(traceback.format_tb(where)),
            }
        return super().format(line)


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Bytes that are no HTTP are answered with 400; anybody can send any number of them."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, HttpProcessingError | RequestPayloadError)


def set_up(level: str) -> logging.Logger:
    """The node's logger, writing to stderr, with the libraries' warnings beside it."""
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(LibraryLines())
    libraries.setLevel(logging.WARNING)
    libraries.addFilter(is_worth_a_line)
    logging.getLogger().handlers[:] = [libraries]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("socialcoin")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
    return logger
