"""XML from elsewhere, as a stream: bounded, UTF-8, without DTD, entities or external parts.

What is malformed or hostile is refused in a sentence. Elements arrive one by one, and who reads
them lets go of each as soon as it is used, so that the size of a file is not the size in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from auditor.bank.lines import BadStatement
from genesis.texts import _

BYTES_MAX = 256 * 1024 * 1024
ELEMENTS_MAX = 20_000
"""Elements that may be open or unused at once: one payment has some fifty."""

DEPTH = 6
"""Document, message, statement, entry, details, payment: deeper elements are read with these."""

_DECLARED = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_BOM = b"\xef\xbb\xbf"
_ALLOWED = (b"utf-8", b"us-ascii", b"ascii")


class Bounded:
    """A reader that hands on at most `bytes_max`, without what stands before the first `<`."""

    def __init__(self, source: BinaryIO, bytes_max: int) -> None:
        self._source = source
        self._left = bytes_max
        self._max = bytes_max
        self._head = self._begin(source.read(1024))

    def read(self, size: int = -1) -> bytes:
        if self._head:
            data, self._head = self._head, b""
        else:
            data = self._source.read(size if size >= 0 else 1 << 16)
        self._left -= len(data)
        if self._left < 0:
            raise BadStatement(
                "size",
                _("The file is larger than {n} MB; no statement is.").format(n=self._max >> 20),
            )
        return data

    def _begin(self, head: bytes) -> bytes:
        if not head:
            raise BadStatement("xml", _("The file is empty."))
        if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head[:4]:
            raise BadStatement("encoding", wrong_encoding("UTF-16"))
        head = head.removeprefix(_BOM).lstrip()
        if not head.startswith(b"<"):
            raise BadStatement(
                "xml",
                _("The file is not XML: a bank statement begins with “<?xml” or “<Document”."),
            )
        declared = _DECLARED.match(head)
        if declared and declared[1].lower() not in _ALLOWED:
            raise BadStatement("encoding", wrong_encoding(declared[1].decode("ascii")))
        return head


def wrong_encoding(name: str) -> str:
    return _(
        "The file is written in {name}; a bank statement (ISO 20022) is UTF-8. Download it again, "
        "and do not save it from an editor."
    ).format(name=name)


def elements(
    source: BinaryIO, bytes_max: int = BYTES_MAX
) -> Iterator[tuple[str, Element, list[Element]]]:
    """`start` and `end` of each element at most `DEPTH` deep, with those it stands in, itself last.

    `forget` an element when its end has been dealt with. Raises BadStatement: size, encoding,
    forbidden, xml.
    """
    path: list[Element] = []
    held = 0
    try:
        for event, element in iterparse(
            Bounded(source, bytes_max), events=("start", "end"), forbid_dtd=True
        ):
            if event == "start":
                path.append(element)
                held += 1
                if held > ELEMENTS_MAX:
                    held = sum(1 for _each in path[0].iter())
                    if held > ELEMENTS_MAX:
                        raise BadStatement(
                            "size", _("One entry of the file holds more than any payment does.")
                        )
                if len(path) <= DEPTH:
                    yield event, element, path
            else:
                if len(path) <= DEPTH:
                    yield event, element, path
                path.pop()
    except DefusedXmlException:
        raise BadStatement(
            "forbidden",
            _(
                "The file defines entities or a document type (DTD). No bank's statement does: it "
                "may be an attack. It was not read further."
            ),
        ) from None
    except ParseError as error:
        raise BadStatement("xml", _broken(error)) from None
    except (ValueError, LookupError, RecursionError) as error:
        raise BadStatement("xml", _broken(error)) from None


def _broken(error: Exception) -> str:
    return _(
        "The file is not whole XML ({reason}): it may be cut off, or not UTF-8. Download it again."
    ).format(reason=error)


def forget(element: Element, path: list[Element]) -> None:
    """Let go of an element that is used; `path` ends with it."""
    if len(path) > 1:
        path[-2].remove(element)


def local(element: Element) -> tuple[str, str]:
    """Namespace and name of an element."""
    tag: Any = element.tag
    if not isinstance(tag, str):
        return "", ""
    space, _brace, name = tag.rpartition("}")
    return space.removeprefix("{"), name
