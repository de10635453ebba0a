"""Candles of one instrument and interval: a history, then the live prints."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from net.messages import CandleShape, TradeShape
from tui.view.scale import Scale

INTERVALS: dict[str, int] = {
    "1s": 1_000, "5s": 5_000, "15s": 15_000, "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000,
}  # fmt: skip
"""Timeframes the chart can show, in milliseconds."""

MAX_BARS = 500


class Bar(msgspec.Struct, frozen=True):
    """Open, high, low, close in ticks; ``time`` is the start of the interval, ms."""

    time: int
    open: int
    high: int
    low: int
    close: int
    volume: float


class Bars:
    """Bars, oldest first; bounded. Intervals without a trade have no bar here: the chart shows them as gaps of time."""

    def __init__(self, scale: Scale, interval: str) -> None:
        self.scale = scale
        self.interval = interval
        self.span_ms = INTERVALS[interval]
        self.bars: deque[Bar] = deque(maxlen=MAX_BARS)
        self.loaded = False
        self.version = 0

    def load(self, candles: Iterable[CandleShape]) -> None:
        """Take a history; what was folded live and is newer stays."""
        ticks = self.scale.ticks
        history = [Bar(c.time, ticks(c.open), ticks(c.high), ticks(c.low), ticks(c.close), c.volume) for c in candles]
        newest = history[-1].time if history else -1
        live = [bar for bar in self.bars if bar.time > newest]
        self.bars = deque([*history, *live], maxlen=MAX_BARS)
        self.loaded = True
        self.version += 1

    def add(self, trade: TradeShape) -> None:
        """Take one print."""
        start = trade.timestamp - trade.timestamp % self.span_ms
        ticks = self.scale.ticks(trade.price)
        last = self.bars[-1] if self.bars else None
        if last is not None and start < last.time:
            return
        if last is not None and last.time == start:
            self.bars[-1] = Bar(
                start, last.open, max(last.high, ticks), min(last.low, ticks), ticks, last.volume + trade.quantity
            )
        else:
            self.bars.append(Bar(start, ticks, ticks, ticks, ticks, trade.quantity))
        self.version += 1
