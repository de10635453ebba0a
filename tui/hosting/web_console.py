"""A console in a browser: the terminal at the end of a WebSocket, and the seat that outlives a reload."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

import msgspec
from aiohttp import WSMsgType, web

from tui.hosting.admission import Refused, Visitor
from tui.hosting.lobby import Lobby
from tui.hosting.seat import Seat
from tui.hosting.terminal import Size
from tui.hosting.viewer import RemoteViewer

FULL_BYTES: Final = 1 << 17
"""Unsent bytes past which a browser has fallen behind: a few whole pictures."""
TERM: Final = "xterm-256color"


class BrowserViewer(RemoteViewer):
    """The page's terminal. It speaks textual-serve's protocol: screen in binary frames, keys and sizes as JSON."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        super().__init__()
        self._socket = socket
        self._unsent: deque[bytes | None] = deque()
        self._bytes = 0
        self._news = asyncio.Event()

    def send(self, data: bytes) -> None:
        """Send to the terminal, in order."""
        self._unsent.append(data)
        self._bytes += len(data)
        self._news.set()
        if self._bytes > FULL_BYTES:
            self.full()

    def finish(self) -> None:
        """Close the socket after what is unsent."""
        self._unsent.append(None)
        self._news.set()

    async def write(self) -> None:
        """Send what is to be sent, until the end or the loss of the line."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self._news.wait()
                self._news.clear()
                while self._unsent:
                    data = self._unsent.popleft()
                    if data is None:
                        await self._socket.close(message=self.why.encode()[:120])
                        return
                    await self._socket.send_bytes(data)
                    self._bytes -= len(data)
                if not self.ready:
                    self.drained()

    async def read(self) -> None:
        """Take keys and sizes until the socket closes; what is not understood is left alone."""
        async for frame in self._socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                kind, value = msgspec.json.decode(frame.data, type=tuple[str, Any])
            except msgspec.DecodeError:
                continue
            match kind, value:
                case "stdin", str():
                    self.typed(value.encode("utf-8", "replace"))
                case "resize", {"width": int(width), "height": int(height)}:
                    self.resized(Size.asked(width, height))
                case "ping", str():
                    await self._socket.send_str(msgspec.json.encode(["pong", value[:64]]).decode())


class Desk:
    """Seats of browsers by their secret: who comes back within the grace finds theirs, the same process and all."""

    def __init__(self, lobby: Lobby, grace_s: float) -> None:
        self._lobby = lobby
        self._grace_s = grace_s
        self._seats: dict[str, Seat] = {}
        self._viewers: dict[str, BrowserViewer] = {}
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        self._entering = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def sit(self, key: str, visitor: Visitor, viewer: BrowserViewer, size: Size) -> None:
        """Give a browser its seat; raises ``Refused``. A page opened anew takes over from the old one."""
        if not visitor.trades:
            viewer.sit(await self._lobby.admit(visitor, size, TERM, truecolor=True), size, from_start=True)
            return
        async with self._entering:
            seat = self._seats.get(key)
            if old := self._viewers.pop(key, None):
                if seat is not None:
                    seat.unwatch(old)
                old.ended("the console went on in another page")
            if expiry := self._expiries.pop(key, None):
                expiry.cancel()
            known = seat is not None and seat in self._lobby.seats
            if seat is None or not known:
                seat = await self._lobby.admit(visitor, size, TERM, truecolor=True)
            self._seats[key], self._viewers[key] = seat, viewer
            viewer.sit(seat, size, from_start=not known)

    def lost(self, key: str, viewer: BrowserViewer) -> None:
        """A browser's line is gone: a trader's seat waits a while."""
        seat = viewer.seat
        if seat is None:
            return
        seat.unwatch(viewer)
        if not seat.visitor.trades:
            self._leave(seat, viewer.why)
        elif self._viewers.get(key) is viewer:
            del self._viewers[key]
            loop = asyncio.get_running_loop()
            self._expiries[key] = loop.call_later(self._grace_s, self._expire, key, seat)

    async def close(self) -> None:
        """Wait for what is leaving."""
        for expiry in self._expiries.values():
            expiry.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _expire(self, key: str, seat: Seat) -> None:
        del self._expiries[key]
        del self._seats[key]
        self._leave(seat, "the browser did not come back")

    def _leave(self, seat: Seat, why: str) -> None:
        task = asyncio.create_task(seat.leave(why))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


async def serve_console(desk: Desk, key: str, visitor: Visitor, socket: web.WebSocketResponse, size: Size) -> None:
    """Show a console on a socket until either ends."""
    viewer = BrowserViewer(socket)
    writing = asyncio.create_task(viewer.write(), name=f"web visitor {visitor.name}")
    try:
        try:
            await desk.sit(key, visitor, viewer, size)
        except Refused as refusal:
            viewer.ended(str(refusal))
        await viewer.read()
    finally:
        desk.lost(key, viewer)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
