"""The OpenAPI 3.1 document, made from the table of routes and the shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from node.api.endpoint import Query, Route
from node.api.shapes import MistakeAnswer, Shape

REF = "#/components/schemas/{name}"
WORDS = {
    400: "The request is not what this route takes.",
    401: "No good token.",
    403: "The token is of another account.",
    404: "Nothing of this name here.",
    413: "The request is too large.",
    503: "Not now; the message says why.",
}
PATH_WORDS = {
    "height": "a height, or `latest` where a header is asked for",
    "id": "a transaction id, 64 hexadecimal digits",
    "code": "the code of a coin",
    "address": "an address, in bech32m",
    "resident": "the address of the account asked about, in bech32m",
    "number": "the number of a mandate",
    "sequence": "the number of a statement",
}


def document(routes: Sequence[Route], title: str, version: str) -> dict[str, Any]:
    """The whole document, as JSON values."""
    kinds: list[type[Shape]] = [MistakeAnswer]
    for route in routes:
        kinds += [kind for kind in (route.answer, route.body) if kind and kind not in kinds]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    refs = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Social Coin node, {title}",
            "version": version,
            "summary": "Amounts in cents, times in milliseconds since 1970 UTC, bytes in small "
            "hexadecimal digits.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token from POST /v1/sessions; it reads one account.",
                }
            },
        },
    }


def _operation(route: Route, refs: dict[type[Shape], dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}",
        "summary": route.summary,
        "parameters": [
            *(_path_parameter(name) for name in re.findall(r"{(\w+)}", route.path)),
            *(_query_parameter(query) for query in route.query),
        ],
        "responses": {str(route.status): _answer(route, refs)},
    }
    if route.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[route.body]}},
        }
    if route.reader:
        found["security"] = [{"session": []}]
    for status in sorted(mistakes_of(route)):
        shape = MistakeAnswer if route.path != "/healthz" else route.answer
        assert shape is not None
        content = {"application/json": {"schema": refs[shape]}}
        found["responses"][str(status)] = {"description": WORDS[status], "content": content}
    return found


def mistakes_of(route: Route) -> set[int]:
    """The statuses other than success with which a route answers for a reason of its own."""
    found = set(route.mistakes)
    if route.body is not None:
        found |= {400, 413}
    if route.query or "{" in route.path:
        found.add(400)
    if route.reader:
        found |= {401, 403}
    return found


def _answer(route: Route, refs: dict[type[Shape], dict[str, Any]]) -> dict[str, Any]:
    if route.content == "text/plain":
        schema: dict[str, Any] = {"type": "string"}
    elif route.answer is None:
        schema = {"type": "object"}
    elif route.content == "text/event-stream":
        named = refs[route.answer]["$ref"].rpartition("/")[2]
        schema = {"type": "string", "description": f"The data of each event is a {named}."}
    else:
        schema = refs[route.answer]
    return {"description": route.summary, "content": {route.content: {"schema": schema}}}


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": PATH_WORDS[name],
        "schema": schema,
    }


def _query_parameter(query: Query) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if query.high >= 0:
        schema = {"type": "integer", "minimum": query.low, "maximum": query.high}
        if query.default is not None:
            schema["default"] = query.default
    return {
        "name": query.name,
        "in": "query",
        "required": False,
        "description": query.meaning,
        "schema": schema,
    }
