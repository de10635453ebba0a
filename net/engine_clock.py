"""The engine's time: from a clock that may jump, one that only goes forward, and a timer on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

DAY_NS = 86_400 * 10**9
_MAX_WAIT_S = 60.0
"""A longer wait is cut up, so that a clock that was set forward is noticed."""


def day_end(time: int) -> int:
    """The first midnight UTC after ``time`` (ns): when a trading day ends."""
    return time - time % DAY_NS + DAY_NS


class EngineClock:
    """``read`` gives nanoseconds since the epoch; the time of commands begins at ``last_time`` and never goes back."""

    def __init__(self, read: Callable[[], int], last_time: int) -> None:
        self.read = read
        self.time = last_time
        """Time of the last tick."""
        self._started = read()

    def tick(self) -> int:
        """The time for the next command."""
        now = self.read()
        if now > self.time:
            self.time = now
        return self.time

    @property
    def uptime(self) -> int:
        """Nanoseconds since this clock was made."""
        return self.read() - self._started


class DeadlineTimer:
    """Calls back when a deadline on an engine's clock has come."""

    def __init__(self, clock: EngineClock, on_due: Callable[[], None]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._loop = asyncio.get_running_loop()
        self._deadline: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, deadline: int | None) -> None:
        """Wait for this deadline (ns) instead of the one before; None waits for none."""
        if deadline == self._deadline:
            return
        self.cancel()
        self._deadline = deadline
        if deadline is not None:
            wait_s = min(max(deadline - self._clock.read(), 0) / 1e9, _MAX_WAIT_S)
            self._timer = self._loop.call_later(wait_s, self._due)

    def cancel(self) -> None:
        """Wait for nothing."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._deadline = None

    def _due(self) -> None:
        self._timer = self._deadline = None
        self._on_due()
