"""Virtual time: a heap of what happens next. A quiet hour costs nothing."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TypeAlias

from agents.market import MarketView

Callback: TypeAlias = Callable[..., None]


class VirtualClock:
    """A ``Clock`` that jumps from one event to the next; events of one time happen in the order they were set."""

    __slots__ = ("_heap", "_market", "_number")

    def __init__(self, market: MarketView, start_ns: int) -> None:
        """The market view's ``now`` is this clock's time."""
        self._market = market
        self._heap: list[tuple[int, int, Callback, tuple[object, ...]]] = []
        self._number = 0
        market.now = start_ns

    def now_ns(self) -> int:
        """The time now."""
        return self._market.now

    def call_at(self, when_ns: int, callback: Callback, *args: object) -> None:
        """Call back at ``when_ns``; at the present time, after what is already due, when that is past."""
        self._number = number = self._number + 1
        now = self._market.now
        heapq.heappush(self._heap, (when_ns if when_ns > now else now, number, callback, args))

    def run_until(self, end_ns: int) -> None:
        """Let everything happen up to and including ``end_ns``."""
        heap, market, pop = self._heap, self._market, heapq.heappop
        while heap and heap[0][0] <= end_ns:
            market.now, _, callback, args = pop(heap)
            callback(*args)
        market.now = max(market.now, end_ns)
