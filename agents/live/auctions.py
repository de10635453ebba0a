"""When a live market holds its scenario's auctions: at its beginning, and around midnight UTC, where days end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agents.scenario import MarketSection

DAY_S: Final = 86_400
EARLY_S: Final = 1
"""So long before midnight a closing auction is over: the orders of the day must still be there."""


class Auctions:
    """The auctions of one stay, each told once. Times are seconds of the Unix epoch.

    Args:
        began: when the market began; None where it had traded before.
    """

    def __init__(self, market: MarketSection, began: float | None) -> None:
        self._opening = market.opening_auction_s
        self._closing = market.closing_auction_s
        self._began = began
        self._until = 0.0
        """End of the newest auction that was told."""

    def due(self, now: float) -> int:
        """Seconds that an auction which is to begin now shall last; 0 when there is none."""
        for begin, end in self._windows(now):
            if begin <= now < end and end > self._until:
                self._until = end
                return max(1, int(end - now))
        return 0

    def _windows(self, now: float) -> Iterator[tuple[float, float]]:
        midnight = now - now % DAY_S
        close = midnight + DAY_S - EARLY_S
        if self._began is not None:
            yield self._began, self._began + self._opening
        yield midnight, midnight + self._opening
        yield close - self._closing, close
