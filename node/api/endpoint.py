"""What every route of the HTTP API is made of: its row in the table, and how it is asked.

A handler takes the `Api` and the request and gives back a Shape, which becomes JSON, or a
response of its own. Whatever is wrong with a request is raised as an `ApiMistake`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from aiohttp import web

from chain.address import decode_address
from chain.errors import Malformed
from node.api.feed import Feed
from node.api.index import Index
from node.api.outcomes import Memory
from node.api.sessions import Clock, Sessions
from node.api.shapes import Fields, Mistake, MistakeAnswer, Shape
from node.liabilities import Liabilities
from node.metrics import Metrics
from node.replica import Replica
from node.reserve.boxes import Boxes
from node.seam import NodeSeam

S = TypeVar("S", bound=Shape)
T = TypeVar("T")

BODY_BYTES_MAX = 1 << 20
READ_S = 10.0
"""How long an answer waits for the replica's thread."""
HEIGHT_MAX = 2**53 - 1

_ENCODER = msgspec.json.Encoder()


class ApiMistake(Exception):
    """An answer other than the one asked for: HTTP status, a stable name, and a sentence."""

    def __init__(
        self,
        status: int,
        name: str,
        message: str,
        fields: Fields | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.fields = fields or {}
        self.headers = headers or {}

    def response(self) -> web.Response:
        mistake = Mistake(name=self.name, code=None, message=self.message, fields=self.fields)
        return json_response(MistakeAnswer(error=mistake), self.status, self.headers)


@dataclass(frozen=True, slots=True)
class Api:
    """All that handlers share."""

    node: NodeSeam
    index: Index
    feed: Feed
    sessions: Sessions
    metrics: Metrics
    memory: Memory
    clock: Clock
    trying: asyncio.Semaphore
    """One dry run at a time: they use the replica's thread."""
    boxes: Boxes | None = None
    """Sealed destinations for reserves' desks; None: this node keeps no files."""
    liabilities: Liabilities = field(default_factory=lambda: Liabilities(time.monotonic))

    @property
    def prefix(self) -> str:
        return self.node.genesis.prefix

    async def read(self, question: Callable[[Replica], T]) -> T:
        """Ask the replica. Raises ApiMistake 503 if it does not answer in time."""
        try:
            async with asyncio.timeout(READ_S):
                return await self.node.read(question)
        except TimeoutError:
            raise ApiMistake(
                503,
                "NodeBusy",
                "The node is too busy to answer. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            ) from None


Handler = Callable[[Api, web.Request], Awaitable[Shape | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter: a whole number within bounds, or a word if there are none."""

    name: str
    meaning: str
    low: int = 0
    high: int = -1
    default: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. `reader`: needs the bearer token of the account in the path."""

    method: str
    path: str
    handler: Handler
    summary: str
    answer: type[Shape] | None = None
    body: type[Shape] | None = None
    query: tuple[Query, ...] = ()
    reader: bool = False
    status: int = 200
    content: str = "application/json"
    mistakes: tuple[int, ...] = field(default=())


def json_response(
    shape: Shape, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=_ENCODER.encode(shape),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def json_bytes(shape: Shape) -> bytes:
    return _ENCODER.encode(shape)


async def read_body(request: web.Request, decoder: msgspec.json.Decoder[S]) -> S:
    """The request's JSON object. Raises ApiMistake: 413 too long, 400 not what the route takes."""
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiMistake(
            413,
            "BodyTooLarge",
            f"The request has more than {BODY_BYTES_MAX} bytes. Send it in several parts.",
            {"bytes_max": BODY_BYTES_MAX},
        ) from None
    except web.RequestPayloadError:
        raise ApiMistake(
            400,
            "BadBody",
            "The request's body cannot be read: it is not in the encoding that its headers name. "
            "Send plain JSON.",
        ) from None
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise ApiMistake(
            400,
            "BadRequest",
            f"The request does not have the form that this route takes: {error}. "
            "See /openapi.json.",
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiMistake(
            400, "BadJson", "The request's body is not JSON. Send one JSON object in UTF-8."
        ) from None


def check_query(request: web.Request, known: tuple[Query, ...]) -> None:
    """Raises ApiMistake 400 for a parameter that the route does not have, or one given twice."""
    names = [query.name for query in known]
    for name in request.query:
        if name not in names:
            expected = ", ".join(names) or "none"
            raise ApiMistake(
                400, "UnknownParameter", f"There is no parameter {name!r} here; known: {expected}."
            )
        if len(request.query.getall(name)) > 1:
            raise ApiMistake(400, "BadParameter", f"The parameter {name!r} is given twice.")


def whole_number(request: web.Request, query: Query) -> int | None:
    """The number a parameter gives, or its default. Raises ApiMistake 400."""
    given = request.query.get(query.name)
    if given is None:
        return query.default
    number = read_number(given, query.low, query.high)
    if number is None:
        raise ApiMistake(
            400,
            "BadParameter",
            f"{query.name} must be a whole number from {query.low} to {query.high}.",
            {"parameter": query.name},
        )
    return number


def read_number(text: str, low: int, high: int) -> int | None:
    """Plain digits only: no sign, no space, no digits of other scripts."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        return None
    number = int(text)
    return number if low <= number <= high else None


def read_hex(text: str, size: int | None = None) -> bytes | None:
    """Bytes written in small hexadecimal digits; None if it is anything else."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    if data.hex() != text or (size is not None and len(data) != size):
        return None
    return data


def path_id(request: web.Request) -> bytes:
    """The transaction id in the path. Raises ApiMistake 400."""
    data = read_hex(request.match_info["id"], 32)
    if data is None:
        raise ApiMistake(
            400, "BadId", "A transaction id is 64 hexadecimal digits in small letters."
        )
    return data


def path_address(api: Api, request: web.Request, name: str = "address") -> bytes:
    """The account of the address in the path, under this name there. Raises ApiMistake 400."""
    try:
        return decode_address(api.prefix, request.match_info[name])
    except Malformed as error:
        raise ApiMistake(
            400, "BadAddress", f"This is not an address: {error}. Check it with its owner."
        ) from None
