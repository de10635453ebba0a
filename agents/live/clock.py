"""The market's time as live agents see it: the event loop's, at a rate that somebody may change."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from agents.market import NS, MarketView

Callback: TypeAlias = Callable[..., None]

RINGS_AT_ONCE: Final = 64
"""Callbacks in one turn of the loop: sockets are read between them even when more is due than the machine can do."""


class LoopClock:
    """The event loop as a ``Clock``; it keeps the market view's time right for whoever it calls.

    What is due waits in a heap behind one timer of the loop, so that a change of ``rate`` moves all of it.
    """

    def __init__(self, market: MarketView) -> None:
        self._market = market
        self._loop = asyncio.get_running_loop()
        self.rate = 1.0
        """Seconds of this clock in one of the wall's; ``set_rate`` changes it."""
        self._since_s = self._loop.time()
        self._since_ns = time.time_ns()
        self._due: list[tuple[int, int, Callback, tuple[object, ...]]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._ringing = False

    def now_ns(self) -> int:
        """Nanoseconds since the epoch as long as nobody changed the rate, steady when somebody sets the wall clock.

        Also written into the market view.
        """
        self._market.now = now = self._since_ns + int((self._loop.time() - self._since_s) * self.rate * NS)
        return now

    def set_rate(self, rate: float) -> None:
        """Go on from the present time at another rate, above 0."""
        self._since_ns, self._since_s = self.now_ns(), self._loop.time()
        self.rate = rate
        self._wind()

    def call_at(self, when_ns: int, callback: Callback, *args: object) -> None:
        """Call back from the loop at ``when_ns``; what is due at one time rings in the order it was set."""
        self._number = number = self._number + 1
        heapq.heappush(self._due, (when_ns, number, callback, args))
        if self._due[0][1] == number and not self._ringing:
            self._wind()

    async def sleep(self, ns: int) -> None:
        """Wait for so many nanoseconds of this clock."""
        over: asyncio.Future[None] = self._loop.create_future()
        self.call_at(self.now_ns() + ns, _end, over)
        await over

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            when_s = self._since_s + (self._due[0][0] - self._since_ns) / NS / self.rate
            self._timer = self._loop.call_at(when_s, self._ring)

    def _ring(self) -> None:
        now, due = self.now_ns(), self._due
        self._ringing = True
        try:
            for _ in range(RINGS_AT_ONCE):
                if not due or due[0][0] > now:
                    break
                _, _, callback, args = heapq.heappop(due)
                callback(*args)
        finally:
            self._ringing = False
            self._wind()


def _end(sleep: asyncio.Future[None]) -> None:
    if not sleep.done():
        sleep.set_result(None)
