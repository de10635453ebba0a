"""Public channels: who hears what. One frame is made a message and written to everybody who subscribed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from engine.types import SymbolId
from net.logs import get_logger

if TYPE_CHECKING:
    from net.gateway.session import Session

_log = get_logger("gateway")

ORDERBOOKS: Final = "orderbooks"
BOOK_DELTA: Final = "book_delta"
TRADES: Final = "trades"
BBO: Final = "bbo"
NEWS: Final = "news"
AGENTS: Final = "agents"
ORDERS: Final = "orders"
PERFORMANCE: Final = "performance"
DECISIONS: Final = "decisions"
CHANNELS: Final = frozenset({ORDERBOOKS, BOOK_DELTA, TRADES, BBO, NEWS, AGENTS, ORDERS, PERFORMANCE, DECISIONS})
PER_SYMBOL: Final = frozenset({ORDERBOOKS, BOOK_DELTA, TRADES, BBO, NEWS, ORDERS, DECISIONS})
DEFAULT_CHANNELS: Final = (ORDERBOOKS, NEWS, AGENTS)

SLICE: Final = 25
"""Clients written to before anything else may run: a thousand at a time would delay answers by 15 ms."""

MAX_BACKLOG: Final = 10_000
"""Messages that may wait to be written to many; past it, streams are skipped."""


class Channel:
    """A channel, of one instrument or of all."""

    __slots__ = ("name", "sessions", "symbol_id")

    def __init__(self, name: str, symbol_id: SymbolId | None) -> None:
        self.name = name
        self.symbol_id = symbol_id
        self.sessions: set[Session] = set()

    def __str__(self) -> str:
        return self.name if self.symbol_id is None else f"{self.name}:{self.symbol_id}"


def parse_channel(text: str) -> tuple[str, SymbolId | None] | None:
    """``name`` or ``name:symbol_id``; None when there is no such channel."""
    name, colon, symbol = text.partition(":")
    if name not in CHANNELS:
        return None
    if not colon:
        return name, None
    if name not in PER_SYMBOL or not (symbol.isascii() and symbol.isdigit() and 0 < len(symbol) <= 10):
        return None
    return name, int(symbol)


class Channels:
    """All channels that somebody subscribed to."""

    def __init__(self) -> None:
        self.everybody: set[Session] = set()
        self.skipped = 0
        """Messages not sent to clients that read too slowly."""
        self._by_key: dict[tuple[str, SymbolId | None], set[Session]] = {}
        self.heard: set[str] = set()
        """Names of the channels that anybody hears: most are asked about with every event, and wanted by nobody."""
        self._backlog: deque[tuple[tuple[Session, ...], bytes, bool]] = deque()
        self._woken = asyncio.Event()

    def add(self, session: Session, name: str, symbol_id: SymbolId | None) -> None:
        """Subscribe a session."""
        sessions = self._by_key.get((name, symbol_id))
        if sessions is None:
            sessions = self._by_key[name, symbol_id] = set()
            self.heard.add(name)
        sessions.add(session)

    def remove(self, session: Session, name: str, symbol_id: SymbolId | None) -> None:
        """Unsubscribe a session."""
        sessions = self._by_key.get((name, symbol_id))
        if sessions is not None:
            sessions.discard(session)
            if not sessions:
                del self._by_key[name, symbol_id]
                if all(other != name for other, _ in self._by_key):
                    self.heard.discard(name)

    def wanted(self, name: str, symbol_id: SymbolId | None = None) -> bool:
        """Whether anybody hears this channel."""
        return (name, None) in self._by_key or (symbol_id is not None and (name, symbol_id) in self._by_key)

    def listeners(self, name: str, symbol_id: SymbolId | None = None) -> tuple[Session, ...]:
        """Everybody who hears this channel."""
        of_all = self._by_key.get((name, None), set())
        of_one = self._by_key.get((name, symbol_id), set()) if symbol_id is not None else set()
        return tuple(of_all | of_one if of_all and of_one else of_all or of_one)

    def publish(self, name: str, symbol_id: SymbolId | None, frame: bytes, *, stream: bool = True) -> None:
        """Send a frame to everybody who hears this channel; a ``stream`` skips clients that read too slowly."""
        self.send(self.listeners(name, symbol_id), frame, stream=stream)

    def tell_everybody(self, frame: bytes) -> None:
        """Send a frame to every client, whatever it subscribed to."""
        self.send(tuple(self.everybody), frame, stream=False)

    def send(self, sessions: tuple[Session, ...], frame: bytes, *, stream: bool) -> None:
        """Send a frame to these, in order with everything else that is public."""
        if not sessions:
            return
        if not self._backlog and len(sessions) <= SLICE:
            self._write(sessions, frame, stream=stream)
        elif stream and len(self._backlog) >= MAX_BACKLOG:
            self.skipped += len(sessions)
        else:
            self._backlog.append((sessions, frame, stream))
            self._woken.set()

    async def run(self) -> None:
        """Write what waits, a slice at a time."""
        while True:
            while self._backlog:
                sessions, frame, stream = self._backlog[0]
                try:
                    for start in range(0, len(sessions), SLICE):
                        self._write(sessions[start : start + SLICE], frame, stream=stream)
                        await asyncio.sleep(0)
                except Exception as error:  # nobody else writes what waits behind it
                    _log.error("a message was not written to all", exc_info=error)
                self._backlog.popleft()
            self._woken.clear()
            await self._woken.wait()

    def _write(self, sessions: Iterable[Session], frame: bytes, *, stream: bool) -> None:
        for session in sessions:
            if not stream:
                session.send(frame)
            elif not session.send_stream(frame):
                self.skipped += 1
