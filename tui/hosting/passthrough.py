"""Hands requests on to the gateway as they came, so that the web host's address is the only one to let others reach."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import aiohttp
import msgspec
from aiohttp import ClientWSTimeout, WSMsgType, web
from multidict import CIMultiDict, CIMultiDictProxy

from net.process import client_address
from net.trust import trusted

PREFIXES: Final = ("/ws", "/api", "/hl", "/docs", "/openapi.json", "/health", "/metrics")
"""What is the gateway's."""
MAX_SOCKETS: Final = 1_000
MAX_MESSAGE_BYTES: Final = 1 << 20
"""Of a client; the gateway's own limit is lower, and answered by it."""
CONNECT_S: Final = 5.0
CLOSE_S: Final = 2.0

_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
     "upgrade"}
)  # fmt: skip
_NOT_PASSED_ON: Final = _HOP_BY_HOP | {"host", "origin", "cookie"}
"""The host has checked Host and Origin by the gateway's own rule; its cookie is nobody else's."""
_HANDSHAKE: Final = frozenset(
    {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
)


class Passthrough:
    """The way to one gateway. Use as an async context manager."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._sockets = 0
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Passthrough:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
        connector = aiohttp.TCPConnector(limit=0, ssl=trusted(self._base_url) or True)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._session.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with what the gateway answers."""
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._socket(request)
            return await self._request(request)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status, text=error.message)
        except aiohttp.ClientConnectionError:
            body = {"code": "engine_unavailable", "message": "the gateway cannot be reached", "field": None}
            return web.Response(status=503, body=msgspec.json.encode(body), content_type="application/json")

    async def _request(self, request: web.Request) -> web.StreamResponse:
        body = request.content if request.body_exists else None
        async with self._session.request(
            request.method, self._url(request), headers=_passed_on(request, _NOT_PASSED_ON), data=body,
            allow_redirects=False,
        ) as answer:  # fmt: skip
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            response.headers.extend(_without(answer.headers, _HOP_BY_HOP))
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self._sockets >= MAX_SOCKETS:
            return web.Response(status=503, text="too many connections\n")
        self._sockets += 1
        offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name]
        headers = _passed_on(request, _NOT_PASSED_ON | _HANDSHAKE)
        try:
            async with self._session.ws_connect(
                self._url(request), headers=headers, protocols=offered, max_msg_size=0, autoping=False, autoclose=False,
                timeout=ClientWSTimeout(ws_close=CLOSE_S),
            ) as gateway:  # fmt: skip
                chosen = [gateway.protocol] if gateway.protocol else []
                client = web.WebSocketResponse(
                    protocols=chosen, max_msg_size=MAX_MESSAGE_BYTES, autoping=False, autoclose=False, timeout=CLOSE_S
                )
                await client.prepare(request)
                await _join(client, gateway)
                return client
        finally:
            self._sockets -= 1

    def _url(self, request: web.Request) -> str:
        return self._base_url + request.raw_path


async def _join(client: web.WebSocketResponse, gateway: aiohttp.ClientWebSocketResponse) -> None:
    """Carry frames both ways until one side closes; the other is closed with the same words."""
    ways = {
        asyncio.create_task(_carry(client, gateway), name="to the gateway"),
        asyncio.create_task(_carry(gateway, client), name="from the gateway"),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await gateway.close()
        await client.close()


async def _carry(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            frame = await source.receive()
            match frame.type:
                case WSMsgType.TEXT:
                    await target.send_str(frame.data)
                case WSMsgType.BINARY:
                    await target.send_bytes(frame.data)
                case WSMsgType.PING:
                    await target.ping(frame.data)
                case WSMsgType.PONG:
                    await target.pong(frame.data)
                case WSMsgType.CLOSE:
                    await target.close(code=frame.data or 1000, message=(frame.extra or "").encode())
                    return
                case _:
                    return


def visitor_address(request: web.Request) -> str:
    """Who makes a request; a proxy may say so in a header of its own, behind those that its client wrote."""
    return client_address(request.remote or "", ",".join(request.headers.getall("X-Forwarded-For", ())))


def _passed_on(request: web.Request, left_out: frozenset[str]) -> CIMultiDict[str]:
    """Headers of a request, and for whom it is made: the gateway counts what strangers open by their address."""
    headers = _without(request.headers, left_out)
    headers["X-Forwarded-For"] = visitor_address(request)
    return headers


def _without(headers: CIMultiDictProxy[str], names: frozenset[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in names)
