"""Asking a running node over HTTP, for the commands of a board and of a devnet."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from genesis.console import Exit, UserError, _

TIMEOUT_S = 35.0


def ask(
    url: str, path: str, body: Any = None, timeout_s: float = TIMEOUT_S, token: str = ""
) -> Any:
    """GET, or POST with a JSON body; the JSON answer. `token`: of a session, for one's own account.

    Raises UserError: exit code 2 for what is no address, 5 when no node answers, 1 with the node's
    own sentence otherwise.
    """
    data = None if body is None else json.dumps(body).encode()
    if not url.startswith(("http://", "https://")):
        raise UserError(
            _("{url} is not the address of a node: http://HOST:PORT is expected").format(url=url),
            Exit.USAGE,
        )
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url.rstrip("/") + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        try:
            message = json.loads(error.read())["error"]["message"]
        except (ValueError, KeyError, TypeError):
            message = str(error)
        raise UserError(message) from None
    except (OSError, ValueError, http.client.HTTPException):
        raise UserError(
            _(
                "no node answers at {url}: is it running? Start it with `socialcoin node start`"
            ).format(url=url),
            Exit.UNREACHABLE,
        ) from None
