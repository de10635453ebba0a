"""Recordings of what the console heard: one JSON line a message, with the time it came; and a feed that plays one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec

from net import messages as m
from net.client import ConnectionChanged, ConnectionState, Push
from tui.read_only import ReadOnlyFeed
from tui.view import View

MAX_BYTES = 1 << 30
"""A recording stops at this size."""
MAX_SPEED = 1_000.0


class Line(msgspec.Struct, frozen=True):
    """One line of a recording; ``at`` is ms since its start."""

    at: int
    message: m.AnyServerMessage


_decoder = msgspec.json.Decoder(Line)


class Recorder:
    """Writes messages to a file until it is closed or full."""

    def __init__(self, path: Path, view: View, now_ms: int) -> None:
        """Start with what the view knows, so that the recording can be understood from its first line.

        Raises:
            OSError: the file cannot be written.
        """
        self.path = path
        self._start = now_ms
        self._size = 0
        self._file = path.open("wb")
        for message in opening(view):
            self.write(message, now_ms)

    def write(self, message: m.ServerMessage, now_ms: int) -> None:
        """Write one message; nothing once the file is full."""
        line = b'{"at":%d,"message":%s}\n' % (max(0, now_ms - self._start), m.encode(message))
        self._size += len(line)
        if self._size <= MAX_BYTES and not self._file.closed:
            self._file.write(line)

    def close(self) -> None:
        """End the recording."""
        self._file.close()


def opening(view: View) -> Iterator[m.ServerMessage]:
    """The public state as messages."""
    yield m.Instruments(data=[market.instrument for market in view.ordered()])
    yield m.NewsHistory(data=[item.shape for item in view.news])
    shapes = [line.shape for line in view.agents.ranked()]
    yield m.AgentsSnapshot(data=shapes, timestamp=view.server_ms)


def read(path: Path) -> Iterator[Line]:
    """Lines of a recording; a torn last line is left out.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for raw in file:
            try:
                yield _decoder.decode(raw)
            except msgspec.DecodeError:
                return


class Playback(ReadOnlyFeed):
    """A feed that plays a recording: read-only, paused, stepped and sped up at will."""

    def __init__(self, lines: Callable[[], Iterator[Line]], speed: float = 1.0) -> None:
        self._lines = lines
        self.speed = min(MAX_SPEED, speed)
        self.paused = False
        self.ended = False
        self._steps = 0
        self._changed = asyncio.Event()
        self._closed = False

    # --- what may be done to it

    def pause(self) -> None:
        """Stop the time of the recording."""
        self.paused = True
        self._changed.set()

    def resume(self) -> None:
        """Let it go on."""
        self.paused = False
        self._changed.set()

    def step(self) -> None:
        """Play one more message, and stop."""
        self.paused = True
        self._steps += 1
        self._changed.set()

    def set_speed(self, speed: float) -> None:
        """Times real time."""
        self.speed = max(0.01, min(MAX_SPEED, speed))
        self._changed.set()

    # --- the feed

    async def connect(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Stop playing."""
        self._closed = True
        self._changed.set()

    async def messages(self) -> AsyncIterator[Push]:
        """Yield the recorded messages in their rhythm, then stay."""
        yield ConnectionChanged(state=ConnectionState.LIVE, reason="recording")
        yield m.Hello(data=_hello())
        at = 0
        for line in self._lines():
            await self._until(line.at - at)
            if self._closed:
                return
            at = line.at
            if not isinstance(line.message, m.Hello):
                yield line.message
        self.ended = True
        while not self._closed:
            self._changed.clear()
            await self._changed.wait()

    async def _until(self, wait_ms: int) -> None:
        left = wait_ms / 1_000
        loop = asyncio.get_running_loop()
        while (self.paused or left > 0) and not self._closed:
            if self._steps:
                self._steps -= 1
                return
            self._changed.clear()
            start = loop.time()
            timeout = None if self.paused else left / self.speed
            try:
                await asyncio.wait_for(self._changed.wait(), timeout)
            except TimeoutError:
                return
            if not self.paused:
                left -= (loop.time() - start) * self.speed


def _hello() -> m.HelloData:
    limits = m.LimitsShape(max_message_bytes=0, max_errors=0, orders_per_second=0, working_orders=0, max_channels=0)
    return m.HelloData(
        protocol=m.PROTOCOL_VERSION, epoch="recording", sequence=0, durability="none", heartbeat_ms=0, limits=limits,
        server_time=0, role=m.Role.SPECTATOR,
    )  # fmt: skip
