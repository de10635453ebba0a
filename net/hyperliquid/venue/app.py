"""The venue's HTTP side: an ASGI application of ``POST /info`` and ``POST /exchange``, and of faults to order.

It may be mounted below a prefix (``/hl``) or served alone. Errors of the transport are texts, as the live venue's are.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from net.errors import TradesimError
from net.hyperliquid import refusals
from net.hyperliquid.venue import doing, exchange, questions
from net.hyperliquid.venue.answers import Undecodable
from net.hyperliquid.venue.faults import Fault
from net.hyperliquid.venue.limits import IpLimits, request_weight, rows_weight, weight_of

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Allows: TypeAlias = Callable[[str | None, str | None], bool]

BODY_MAX: Final = 1 << 20
_JSON: Final = b"application/json"
_TEXT: Final = b"text/plain; charset=utf-8"


class _HttpError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class VenueApp:
    """ASGI application.

    Args:
        allows: whether a request with this Host and Origin may be answered.
        prefix: path that it is mounted below.
    """

    def __init__(self, venue: Venue, *, allows: Allows | None = None, prefix: str = "") -> None:
        self._venue = venue
        self._allows = allows
        self._prefix = prefix
        self._limits = IpLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            content = await self._answer(scope, receive)
            await _respond(send, 200, _JSON, content)
        except doing.Lost:
            # A promised body that never comes makes the server cut the connection.
            headers = [(b"content-type", _JSON), (b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        except _HttpError as error:
            await _respond(send, error.status, _TEXT, error.text.encode())

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        path = str(scope["path"]).removeprefix(self._prefix).strip("/")
        headers = {name.lower(): value for name, value in scope["headers"]}
        if self._allows is not None and not self._allows(_header(headers, b"host"), _header(headers, b"origin")):
            raise _HttpError(403, "this origin is not allowed here")
        if path not in ("info", "exchange") and not (path == "faults" and self._venue.settings.faults_by_http):
            raise _HttpError(404, "Not Found")
        if scope["method"] != "POST":
            raise _HttpError(405, "Method Not Allowed")
        if not headers.get(b"content-type", b"").startswith(_JSON):
            raise _HttpError(415, "Expected request with `Content-Type: application/json`")
        body = await _body(receive)
        self._charge(path, body, scope)
        if not self._venue.ready.is_set():
            raise _HttpError(503, refusals.UNAVAILABLE)
        try:
            answer = await self._do(path, body)
            if self._venue.settings.rate_limits and isinstance(answer, list):
                self._limits.allows(_client(scope), rows_weight(_kind(body), len(answer)), time.monotonic())
            return msgspec.json.encode(answer)
        except Undecodable as error:
            if _is_json(body):
                raise _HttpError(422, refusals.UNDECODABLE) from error
            raise _HttpError(400, f"Failed to parse the request body as JSON: {error}") from error
        except doing.Broken as error:
            raise _HttpError(500, str(error)) from error
        except questions.BadAggregation as error:
            raise _HttpError(500, "null") from error
        except TradesimError as error:
            raise _HttpError(503, refusals.UNAVAILABLE) from error

    async def _do(self, path: str, body: bytes) -> object:
        if path == "exchange":
            return await doing.act(self._venue, body)
        if path == "faults":
            return self._set_faults(body)
        return await doing.ask(self._venue, questions.read(body))

    def _set_faults(self, body: bytes) -> object:
        """Arm the faults of a list; an empty list disarms all. Answers with what is armed."""
        try:
            wanted = msgspec.json.decode(body, type=list[Fault])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _HttpError(422, str(error)) from error
        faults = self._venue.streams.faults
        if not wanted:
            faults.clear()
        for fault in wanted:
            faults.add(fault)
        return faults.armed()

    def _charge(self, path: str, body: bytes, scope: Scope) -> None:
        if not self._venue.settings.rate_limits:
            return
        weight = request_weight(path, "", _items(body)) if path == "exchange" else request_weight(path, _kind(body))
        if not self._limits.allows(_client(scope), weight, time.monotonic()):
            raise _HttpError(429, refusals.TOO_MANY_REQUESTS)


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise doing.Lost
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise _HttpError(413, "the request body is too large")
        if not message.get("more_body"):
            return bytes(body)


async def _respond(send: Send, status: int, content_type: bytes, content: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _header(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _client(scope: Scope) -> str:
    """The IP address of a request."""
    return str((scope.get("client") or ("", 0))[0])


def _items(body: bytes) -> int:
    try:
        return weight_of(exchange.read(body).action)
    except Undecodable:
        return 1


def _kind(body: bytes) -> str:
    try:
        return questions.read(body).type
    except Undecodable:
        return ""
