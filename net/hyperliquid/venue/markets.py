"""The venue's copy of what is public: books, prints and day statistics, kept in step with the engine's events."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from engine.events import DepthChanged, LevelChange
from engine.service import CandleView, DepthView
from engine.types import Side
from net.hyperliquid import wire
from net.hyperliquid.decimals import bucket_of, to_wire
from net.hyperliquid.venue.listing import Listed

DEPTH: Final = 20
FAST_DEPTH: Final = 5
PRINTS_KEPT: Final = 500
BACKFILL: Final = 30
"""Prints that a new subscriber of trades gets, unmarked, as on the live venue."""
HOUR_NS: Final = 3_600_000_000_000
DAY_HOURS: Final = 24


class BookSide:
    """Levels of one side; keys are prices in ticks, negated for bids, so that the best is the first."""

    __slots__ = ("_keys", "_levels", "_sign")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[int] = []
        self._levels: dict[int, LevelChange] = {}

    def load(self, levels: Iterable[LevelChange]) -> None:
        """Start over."""
        self._levels = {self._sign * level.price: level for level in levels}
        self._keys = sorted(self._levels)

    def apply(self, changes: Iterable[LevelChange]) -> None:
        """Take over changed levels; no quantity means gone."""
        for change in changes:
            key = self._sign * change.price
            if change.qty:
                if key not in self._levels:
                    insort(self._keys, key)
                self._levels[key] = change
            elif self._levels.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def best(self) -> LevelChange | None:
        """The first level."""
        return self._levels[self._keys[0]] if self._keys else None

    def top(self, count: int) -> Iterator[LevelChange]:
        """The first levels, best first."""
        for key in self._keys[:count]:
            yield self._levels[key]

    def __iter__(self) -> Iterator[LevelChange]:
        return self.top(len(self._keys))


class Market:
    """One listed instrument's public state."""

    def __init__(self, listed: Listed, initial_price: int) -> None:
        self.listed = listed
        self.bids = BookSide(-1)
        self.asks = BookSide(1)
        self.last: int = initial_price
        """Mark: the last trade's price in ticks, the initial price before the first."""
        self.time = 0
        """Milliseconds of the last change."""
        self.version = 0
        self.open_lots = 0
        """Lots held long, over all accounts of the exchange: the open interest of a perpetual."""
        self.prints: deque[wire.Print] = deque(maxlen=PRINTS_KEPT)
        """Newest last."""
        self._hours: deque[tuple[int, int, int, int]] = deque(maxlen=DAY_HOURS + 1)
        """Of each hour with trades: its start in ns, opening price, lots, and ticks times lots."""

    # --- keeping up -------------------------------------------------------------------------------------------------

    def load(self, depth: DepthView, time_ms: int) -> None:
        """Start the book over."""
        self.bids.load(depth.bids)
        self.asks.load(depth.asks)
        if depth.last_price is not None:
            self.last = depth.last_price
        self._changed(time_ms)

    def load_hours(self, candles: Iterable[CandleView]) -> None:
        """Start the day's statistics from hourly candles."""
        self._hours.clear()
        for candle in candles:
            self._hours.append((candle.time, candle.open, candle.volume, candle.volume * candle.close))

    def apply(self, change: DepthChanged, time_ms: int) -> None:
        """Take over changed levels."""
        self.bids.apply(change.bids)
        self.asks.apply(change.asks)
        self._changed(time_ms)

    def trade(self, print_: wire.Print, ticks: int, lots: int, now_ns: int) -> None:
        """Take in one trade."""
        self.last = ticks
        self.prints.append(print_)
        start = now_ns - now_ns % HOUR_NS
        if not self._hours or self._hours[-1][0] != start:
            self._hours.append((start, ticks, 0, 0))
        began, opening, volume, notional = self._hours[-1]
        self._hours[-1] = (began, opening, volume + lots, notional + ticks * lots)
        self._changed(print_.time)

    def _changed(self, time_ms: int) -> None:
        self.time = max(self.time, time_ms)
        self.version += 1

    # --- what is asked ----------------------------------------------------------------------------------------------

    @property
    def mark(self) -> int:
        """Mark price in e8."""
        return self.listed.price(self.last)

    @property
    def mid(self) -> int:
        """Middle of the best prices in e8; the mark when a side is empty."""
        bid, ask = self.bids.best(), self.asks.best()
        if bid is None or ask is None:
            return self.mark
        return (bid.price + ask.price) * self.listed.tick // 2

    def day(self, now_ns: int) -> tuple[int, int, int]:
        """Price a day ago (e8), and volume since in size (e8) and in dollars (e8)."""
        since = now_ns - DAY_HOURS * HOUR_NS
        hours = [hour for hour in self._hours if hour[0] > since - HOUR_NS]
        before = self.listed.price(hours[0][1]) if hours else self.mark
        lots = sum(hour[2] for hour in hours)
        return before, self.listed.size(lots), sum(hour[3] for hour in hours) * self.listed.tick_value

    def book(self, depth: int = DEPTH, *, fast: bool = False) -> wire.Book:
        """The whole book as it is pushed."""
        levels = (self._shapes(self.bids.top(depth)), self._shapes(self.asks.top(depth)))
        if fast:
            return wire.Book(coin=self.listed.coin, time=self.time, levels=levels, fast=True)
        return wire.Book(coin=self.listed.coin, time=self.time, levels=levels)

    def aggregated(self, figures: int, mantissa: int | None) -> wire.Book:
        """The book in buckets of so many significant figures; bids are floored, asks are ceiled."""
        bids = self._buckets(self.bids, figures, mantissa or 1, up=False)
        asks = self._buckets(self.asks, figures, mantissa or 1, up=True)
        bid, ask = self.bids.best(), self.asks.best()
        spread = to_wire(self.listed.price(ask.price - bid.price)) if bid and ask else "0.0"
        return wire.Book(coin=self.listed.coin, time=self.time, levels=(bids, asks), spread=spread)

    def best(self) -> wire.BestPrices:
        """Best bid and offer."""
        bid, ask = self.bids.best(), self.asks.best()
        shapes = (self._shape(bid) if bid else None, self._shape(ask) if ask else None)
        return wire.BestPrices(coin=self.listed.coin, time=self.time, bbo=shapes)

    def _shapes(self, levels: Iterable[LevelChange]) -> list[wire.Level]:
        return [self._shape(level) for level in levels]

    def _shape(self, level: LevelChange) -> wire.Level:
        listed = self.listed
        return wire.Level(px=to_wire(level.price * listed.tick), sz=to_wire(level.qty * listed.lot), n=level.orders)

    def _buckets(self, side: BookSide, figures: int, mantissa: int, *, up: bool) -> list[wire.Level]:
        buckets: dict[int, tuple[int, int]] = {}
        for level in side:
            price = self.listed.price(level.price)
            width = bucket_of(price, figures, mantissa)
            edge = -(-price // width) * width if up else price // width * width
            if edge not in buckets and len(buckets) == DEPTH:
                break
            size, orders = buckets.get(edge, (0, 0))
            buckets[edge] = (size + self.listed.size(level.qty), orders + level.orders)
        return [wire.Level(px=to_wire(edge), sz=to_wire(size), n=n) for edge, (size, n) in buckets.items()]


def side_letter(side: Side) -> wire.WireSide:
    """A side as the wire writes it."""
    return "B" if side is Side.BUY else "A"


def event_hash(*parts: object) -> str:
    """A transaction hash for something that happened; the same thing has the same one."""
    return "0x" + sha256("/".join(map(str, parts)).encode()).hexdigest()


def print_of(
    listed: Listed, trade_id: int, ticks: int, lots: int, side: Side | None, time_ms: int, users: tuple[str, str]
) -> wire.Print:
    """A public trade as the wire writes it."""
    return wire.Print(
        coin=listed.coin,
        side=side_letter(side or Side.BUY),
        px=to_wire(listed.price(ticks)),
        sz=to_wire(listed.size(lots)),
        time=time_ms,
        hash=event_hash("trade", trade_id),
        tid=trade_id,
        users=users,
    )
