"""Conditions that somebody wants to be told of: a price, a big print, a wide spread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tui.view.book import Market


class Watch(Enum):
    """What an alert looks at."""

    PRICE = "px"
    PRINT = "print"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class Alert:
    """Fires once, when ``watch`` is above (or below) ``level``: ticks for a price or spread, units for a print."""

    symbol_id: int
    watch: Watch
    above: bool
    level: float
    text: str

    def met(self, market: Market) -> bool:
        """Whether the condition holds now."""
        value = _value(self.watch, market)
        if value is None:
            return False
        return value > self.level if self.above else value < self.level


def _value(watch: Watch, market: Market) -> float | None:
    match watch:
        case Watch.PRICE:
            return market.mark
        case Watch.PRINT:
            return market.last_qty if market.last is not None else None
        case Watch.SPREAD:
            return market.depth.spread


class Alerts:
    """Alerts that wait; bounded by ``limit``, the oldest goes first."""

    def __init__(self, limit: int = 50) -> None:
        self._limit = limit
        self.waiting: list[Alert] = []

    def add(self, alert: Alert) -> None:
        """Wait for one more condition."""
        self.waiting = [*self.waiting, alert][-self._limit :]

    def clear(self) -> None:
        """Wait for nothing."""
        self.waiting = []

    def fire(self, markets: Iterable[Market]) -> list[Alert]:
        """Alerts whose condition holds now; each fires once."""
        by_id = {market.instrument.symbol_id: market for market in markets}
        fired = [a for a in self.waiting if a.symbol_id in by_id and a.met(by_id[a.symbol_id])]
        if fired:
            self.waiting = [alert for alert in self.waiting if alert not in fired]
        return fired
