"""The visible book of one instrument, in ticks, and what was last traded in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.types import InstrumentStatus
from net.messages import BookDeltaShape, InstrumentShape, OrderBookShape, TradeShape
from tui.view.scale import Scale

MID_SAMPLES = 900
"""How many one-second samples of the mid price are kept: fifteen minutes."""


@dataclass(frozen=True, slots=True)
class Depth:
    """One version of a book: visible quantity by price in ticks. Replaced, never changed."""

    sequence: int = 0
    bids: dict[int, float] = field(default_factory=dict)
    asks: dict[int, float] = field(default_factory=dict)
    best_bid: int | None = None
    best_ask: int | None = None

    @property
    def mid2(self) -> int | None:
        """Twice the mid price, in ticks (so that it is whole); a one-sided book gives its one side."""
        if self.best_bid is not None and self.best_ask is not None:
            return self.best_bid + self.best_ask
        one = self.best_bid if self.best_bid is not None else self.best_ask
        return None if one is None else 2 * one

    @property
    def spread(self) -> int | None:
        """Best ask less best bid, in ticks."""
        if self.best_bid is None or self.best_ask is None:
            return None
        return self.best_ask - self.best_bid


EMPTY_DEPTH = Depth()


@dataclass(slots=True)
class Market:
    """All that the console knows of one instrument."""

    instrument: InstrumentShape
    scale: Scale
    depth: Depth = EMPTY_DEPTH
    indicative: tuple[int, float] | None = None
    """Price in ticks and quantity that would trade if an auction ended now."""
    last: int | None = None
    last_qty: float = 0.0
    last_up: bool | None = None
    """Whether the last price change went up; None before the first."""
    last_at: int = 0
    """Server time of the last print, ms."""
    open: int | None = None
    high: int | None = None
    low: int | None = None
    volume: float = 0.0
    trades: int = 0
    mids: deque[float] = field(default_factory=lambda: deque(maxlen=MID_SAMPLES))
    """Mid price in ticks, one sample a second, oldest first."""
    traded: dict[int, float] = field(default_factory=dict)
    """Volume at price, in ticks, as far as the prints were seen."""
    version: int = 0

    @classmethod
    def of(cls, instrument: InstrumentShape) -> Market:
        """Market of a newly listed instrument."""
        scale = Scale(instrument.tick_size, instrument.lot_size)
        return cls(instrument, scale, open=scale.ticks(instrument.initial_price))

    @property
    def ticker(self) -> str:
        """The instrument's short name."""
        return self.instrument.ticker

    @property
    def in_auction(self) -> bool:
        """Whether orders are collected, to trade at one price."""
        return self.instrument.status is InstrumentStatus.AUCTION

    @property
    def mark(self) -> int | None:
        """Price to value a position at, in ticks: last print, else mid, else initial price."""
        if self.last is not None:
            return self.last
        mid2 = self.depth.mid2
        return mid2 // 2 if mid2 is not None else self.open

    @property
    def change(self) -> float | None:
        """Change since the initial price as a fraction: the one base that a restart of any process leaves as it is."""
        mark = self.mark
        return None if mark is None or not self.open else mark / self.open - 1

    def fold_snapshot(self, book: OrderBookShape) -> None:
        """Take a whole book."""
        ticks = self.scale.ticks
        bids = {ticks(level.price): level.quantity for level in book.bids}
        asks = {ticks(level.price): level.quantity for level in book.asks}
        self._indicate(book)
        self._set(book.sequence, bids, asks)

    def fold_delta(self, delta: BookDeltaShape) -> bool:
        """Take changed levels; False when they do not follow the book there is."""
        if delta.previous_sequence != self.depth.sequence:
            return delta.sequence <= self.depth.sequence
        bids = _changed(self.depth.bids, delta.bids, self.scale)
        asks = _changed(self.depth.asks, delta.asks, self.scale)
        self._indicate(delta)
        self._set(delta.sequence, bids, asks)
        return True

    def fold_trade(self, trade: TradeShape) -> None:
        """Take a print."""
        ticks = self.scale.ticks(trade.price)
        if self.last is not None and ticks != self.last:
            self.last_up = ticks > self.last
        self.last, self.last_qty, self.last_at = ticks, trade.quantity, trade.timestamp
        self.high = ticks if self.high is None else max(self.high, ticks)
        self.low = ticks if self.low is None else min(self.low, ticks)
        self.volume += trade.quantity
        self.trades += 1
        self.traded[ticks] = self.traded.get(ticks, 0.0) + trade.quantity
        self.version += 1

    def sample(self) -> None:
        """Note the mid price of this second."""
        mid2 = self.depth.mid2
        if mid2 is not None:
            self.mids.append(mid2 / 2)

    def _indicate(self, told: OrderBookShape | BookDeltaShape) -> None:
        price, quantity = told.indicative_price, told.indicative_quantity
        self.indicative = None if price is None or quantity is None else (self.scale.ticks(price), quantity)

    def _set(self, sequence: int, bids: dict[int, float], asks: dict[int, float]) -> None:
        best_bid = max(bids) if bids else None
        best_ask = min(asks) if asks else None
        self.depth = Depth(sequence, bids, asks, best_bid, best_ask)
        self.version += 1


def _changed(side: dict[int, float], levels: Iterable[tuple[float, float, int]], scale: Scale) -> dict[int, float]:
    changed = dict(side)
    for price, quantity, _orders in levels:
        ticks = scale.ticks(price)
        if quantity > 0:
            changed[ticks] = quantity
        else:
            changed.pop(ticks, None)
    return changed
