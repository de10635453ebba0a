"""``orderbooks`` for everybody: each client gets the newest books at its own rate, none gets more than it reads.

Clients of one rate share a ticker. At each tick those whose write buffer is empty get one frame with the books that
changed; for the others the changed books are only noted, and told when they have read on. A book is encoded once a
version, a set of books once a tick, however many clients there are.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from engine.types import SymbolId
from net.gateway.channels import SLICE
from net.gateway.frames import message_frame
from net.gateway.mirror import Mirror
from net.logs import get_logger
from net.messages import ServerMessage
from net.units import millis

if TYPE_CHECKING:
    from net.gateway.session import Session

_log = get_logger("gateway")


class EncodedBooks(ServerMessage, frozen=True, kw_only=True, tag="orderbooks"):
    """``OrderBooks`` out of books that are JSON already."""

    data: dict[str, msgspec.Raw]
    sequence: int
    timestamp: int


class BookFeed:
    """Makes ``orderbooks`` frames and owns the tickers."""

    def __init__(self, mirror: Mirror, levels: int) -> None:
        self.mirror = mirror
        self.conflated = 0
        """Books that a client did not get because it got a newer version instead."""
        self._levels = levels
        self._tickers: dict[float, Ticker] = {}

    def frame(self, symbol_ids: frozenset[SymbolId] | None = None) -> bytes:
        """One frame with the newest of these books, or of all."""
        books = self.mirror.books
        chosen = sorted(symbol_id for symbol_id, _ in books.items()) if symbol_ids is None else sorted(symbol_ids)
        data = {str(symbol_id): book.encoded(self._levels) for symbol_id in chosen if (book := books.get(symbol_id))}
        message = EncodedBooks(data=data, sequence=self.mirror.sequence, timestamp=millis(time.time_ns()))
        return message_frame(message)

    def join(self, session: Session, rate_hz: float) -> None:
        """Tell ``session`` of books this often (whole hertz) from now on, those in its ``missed_books`` first."""
        rate_hz = float(round(rate_hz))
        ticker = self._tickers.get(rate_hz)
        if ticker is not None and session in ticker.sessions:
            return
        self.leave(session)
        ticker = self._tickers.get(rate_hz)
        if ticker is None:
            ticker = self._tickers[rate_hz] = Ticker(self, rate_hz)
        ticker.sessions.add(session)

    def leave(self, session: Session) -> None:
        """Tell ``session`` of books no more."""
        for rate_hz, ticker in tuple(self._tickers.items()):
            ticker.sessions.discard(session)
            if not ticker.sessions:
                ticker.stop()
                del self._tickers[rate_hz]

    def stop(self) -> None:
        """Stop all tickers."""
        for ticker in self._tickers.values():
            ticker.stop()
        self._tickers.clear()


class Ticker:
    """The clients of one rate."""

    def __init__(self, feed: BookFeed, rate_hz: float) -> None:
        self.sessions: set[Session] = set()
        self._feed = feed
        self._period_s = 1 / rate_hz
        self._reader = feed.mirror.books.read()
        self._reader.take()
        self._task = asyncio.create_task(self._run(), name=f"books at {rate_hz} Hz")

    def stop(self) -> None:
        """Serve nobody any more."""
        self._reader.close()
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self._period_s, loop.time())
            await asyncio.sleep(due - loop.time())
            try:
                await self.tick()
            except Exception as error:
                _log.error("books were not sent", exc_info=error)

    async def tick(self) -> None:
        """Write one round."""
        changed = frozenset(self._reader.take())
        frames: dict[frozenset[SymbolId], bytes] = {}
        sessions = tuple(self.sessions)
        for start in range(0, len(sessions), SLICE):
            for session in sessions[start : start + SLICE]:
                self._serve(session, changed, frames)
            await asyncio.sleep(0)

    def _serve(self, session: Session, changed: frozenset[SymbolId], frames: dict[frozenset[SymbolId], bytes]) -> None:
        wanted = changed if session.book_filter is None else changed & session.book_filter
        if session.missed_books:
            wanted |= session.missed_books
        if not wanted:
            return
        if not session.idle:
            self._feed.conflated += len(wanted & session.missed_books)
            session.missed_books = wanted
            return
        session.missed_books = frozenset()
        frame = frames.get(wanted)
        if frame is None:
            frame = frames[wanted] = self._feed.frame(wanted)
        session.send_books(frame)
