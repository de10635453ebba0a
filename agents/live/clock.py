"""Real time as agents see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from agents.market import MarketView


class LoopClock:
    """The event loop as a ``Clock``; it keeps the market view's time right for whoever it calls."""

    def __init__(self, market: MarketView) -> None:
        self._market = market
        self._loop = asyncio.get_running_loop()
        self._begun_ns = time.time_ns() - int(self._loop.time() * 1e9)

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, steady when somebody sets the wall clock; also written into the market view."""
        self._market.now = now = self._begun_ns + int(self._loop.time() * 1e9)
        return now

    def call_at(self, when_ns: int, callback: Callable[..., None], *args: object) -> None:
        """Call back from the loop at ``when_ns``."""
        self._loop.call_later(max(when_ns - self.now_ns(), 0) / 1e9, self._ring, callback, args)

    def _ring(self, callback: Callable[..., None], args: tuple[object, ...]) -> None:
        self.now_ns()
        callback(*args)
