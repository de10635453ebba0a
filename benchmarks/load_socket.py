"""A WebSocket client that costs next to nothing, so that a benchmark measures the server.

It speaks just what a load generator needs: text frames out (masked with a key of zeros, which leaves the payload as it
is), whole messages in, pings answered. No extensions, no continuation of fragments.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast

_PONG = 0x8A
_HEADER_END = b"\r\n\r\n"


def text_frame(payload: bytes) -> bytes:
    """One masked text frame."""
    size = len(payload)
    if size < 126:
        header = struct.pack("!BB", 0x81, 0x80 | size)
    elif size < 65_536:
        header = struct.pack("!BBH", 0x81, 0x80 | 126, size)
    else:
        header = struct.pack("!BBQ", 0x81, 0x80 | 127, size)
    return header + b"\0\0\0\0" + payload


class LoadSocket(asyncio.Protocol):
    """One connection; ``on_message`` gets each text message's payload."""

    def __init__(self, host: str, port: int, path: str, on_message: Callable[[bytes], None]) -> None:
        self.on_message = on_message
        self.only = b""
        """How a message begins that is heard; the others are passed over, which costs less than to look at them."""
        self.transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._shaking = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"closed during the handshake: {exc}"))

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if self._shaking:
            head, found, data = data.partition(_HEADER_END)
            if not found:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(head.split(b"\r\n", 1)[0].decode("latin-1")))
                return
            self._shaking = False
            self.opened.set_result(None)
        self._frames(data)

    def _frames(self, data: bytes) -> None:
        position, end, only = 0, len(data), self.only
        while end - position >= 2:
            first, size = data[position], data[position + 1]
            start = position + 2
            if size == 126:
                if end - position < 4:
                    break
                size = (data[position + 2] << 8) | data[position + 3]
                start = position + 4
            elif size == 127:
                if end - position < 10:
                    break
                size = int.from_bytes(data[position + 2 : position + 10], "big")
                start = position + 10
            if end - start < size:
                break
            position = start + size
            if first == 0x81:
                if data.startswith(only, start):
                    self.on_message(data[start:position])
            elif first == 0x89 and self.transport is not None:
                self.transport.write(bytes((_PONG, 0x80 | size, 0, 0, 0, 0)) + data[start:position])
        if position < end:
            self._buffer = data[position:]

    def send(self, frame: bytes) -> None:
        """Write a frame made by ``text_frame``."""
        assert self.transport is not None
        self.transport.write(frame)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


async def open_socket(url_host: str, port: int, on_message: Callable[[bytes], None], path: str = "/ws") -> LoadSocket:
    """Connect and wait for the end of the handshake."""
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: LoadSocket(url_host, port, path, on_message), url_host, port)
    await socket.opened
    return socket
