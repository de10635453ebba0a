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

    def now_ns(self) -> int:
        """Nanoseconds since the epoch; also written into the market view."""
        self._market.now = now = max(time.time_ns(), self._market.now)
        return now

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> None:
        """Call back from the loop at ``when_ns``."""
        self._loop.call_later(max(when_ns - self.now_ns(), 0) / 1e9, self._ring, callback)

    def _ring(self, callback: Callable[[], None]) -> None:
        self.now_ns()
        callback()
