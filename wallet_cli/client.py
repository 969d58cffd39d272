"""Talking to a node over HTTP, with the standard library only, so that commands start fast.

One connection is kept for the few requests of a command. Whatever goes wrong becomes a `UserError`
with an exit code: 5 when the node cannot be reached or is not ready, 4 when it refuses to show
something, 1 otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from genesis.console import Exit, UserError, _

if TYPE_CHECKING:
    import http.client

Answer = dict[str, Any]
"""A JSON object of the node's API."""

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024


class Client:
    """A node's API. `token` opens one account's records once `open_session` has set it."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self.timeout_s = timeout_s
        self.token = ""
        self._parts = self._split(url)
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, wait_s: float = 0.0) -> Answer:
        return self._request("GET", path, None, wait_s)

    def post(self, path: str, body: Answer) -> Answer:
        return self._request("POST", path, json.dumps(body).encode(), 0.0)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _split(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and parts.port != 0  # a port that is no number raises here
        except ValueError:
            good = False
        if not good:
            raise UserError(_bad_url(url), Exit.USAGE)
        return parts

    def _connect(self, wait_s: float) -> http.client.HTTPConnection:
        import http.client

        timeout = self.timeout_s + wait_s
        if self._connection is not None:
            if self._connection.sock is not None:
                self._connection.sock.settimeout(timeout)
            return self._connection
        kind = (
            http.client.HTTPSConnection
            if self._parts.scheme == "https"
            else http.client.HTTPConnection
        )
        assert self._parts.hostname is not None
        self._connection = kind(self._parts.hostname, self._parts.port, timeout=timeout)
        return self._connection

    def _request(self, method: str, path: str, body: bytes | None, wait_s: float) -> Answer:
        import http.client

        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        for last in (False, True):
            kept = self._connection is not None
            connection = self._connect(wait_s)
            try:
                connection.request(method, self._parts.path.rstrip("/") + path, body, headers)
                response = connection.getresponse()
                data = response.read(ANSWER_BYTES_MAX)
                break
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # A kept connection may have been closed meanwhile; asking again is harmless:
                # a transaction sent twice is one transaction.
                if last or not kept:
                    raise self._unreachable(error) from None
        return self._answer(response.status, data)

    def _answer(self, status: int, data: bytes) -> Answer:
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise UserError(
                _(
                    "{url} does not answer as a node of this chain does (HTTP {status}). Check "
                    "the address with --node."
                ).format(url=self.url, status=status),
                Exit.UNREACHABLE,
            )
        if status < 400:
            return answer
        error = answer.get("error")
        if not isinstance(error, dict):
            error = {"message": answer.get("reason", "")}
        raise api_error(status, error)

    def _unreachable(self, error: Exception) -> UserError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return UserError(
            _(
                "The node at {url} does not answer ({reason}). Is it running, and is this its "
                "address? Name another with --node URL or SOCIALCOIN_NODE."
            ).format(url=self.url, reason=reason),
            Exit.UNREACHABLE,
        )


class ApiError(UserError):
    """The node answered with an error; `status` is the HTTP status."""

    status = 0


def api_error(status: int, error: Answer) -> ApiError:
    match status:
        case 401 | 403:
            exit_code = Exit.KEY
        case 502 | 503 | 504:
            exit_code = Exit.UNREACHABLE
        case _:
            exit_code = Exit.FAILURE
    message = str(error.get("message") or f"HTTP {status}")
    name, code, fields = error.get("name"), error.get("code"), error.get("fields")
    found = ApiError(
        _("The node says: {message}").format(message=message),
        exit_code,
        name if isinstance(name, str) else None,
        code if isinstance(code, int) else None,
        fields if isinstance(fields, dict) else None,
    )
    found.status = status
    return found


def _bad_url(url: str) -> str:
    return _("{url!r} is not the address of a node; write it as http://host:port.").format(url=url)
