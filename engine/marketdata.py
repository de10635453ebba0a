"""What an instrument's trades leave behind: the tape, and candles from one second to one day. All of it bounded."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from engine.events import Trade
from engine.invariants import ensure
from engine.service import CandleView, TradeView

SECOND: Final = 1_000_000_000
CANDLE_INTERVALS: Final = tuple(SECOND * s for s in (1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400))
"""Each is a multiple of the one before, so that a closed candle can be folded into the next longer one."""
CANDLES_KEPT: Final = 1_000
TRADES_KEPT: Final = 1_000


class Candle:
    """The open candle of one interval."""

    __slots__ = ("close", "high", "low", "open", "time", "trades", "volume")

    def __init__(self, time: int, price: int, volume: int) -> None:
        self.time = time
        self.open = self.high = self.low = self.close = price
        self.volume = volume
        self.trades = 1

    def view(self, interval: int) -> CandleView:
        """An immutable copy that starts where ``interval`` does."""
        return CandleView(
            time=self.time - self.time % interval,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            volume=self.volume,
            trades=self.trades,
        )


def merged(earlier: CandleView, later: CandleView) -> CandleView:
    """The candle of two stretches of one interval."""
    return CandleView(
        time=earlier.time,
        open=earlier.open,
        high=max(earlier.high, later.high),
        low=min(earlier.low, later.low),
        close=later.close,
        volume=earlier.volume + later.volume,
        trades=earlier.trades + later.trades,
    )


class Candles:
    """Candles of all intervals; a trade costs one update of the shortest, which is folded upwards when it closes.

    Intervals without a trade have no candle.
    """

    __slots__ = ("closed", "current", "open")

    def __init__(self) -> None:
        self.current: Candle | None = None
        """The open one-second candle."""
        self.closed: list[deque[CandleView]] = [deque(maxlen=CANDLES_KEPT) for _ in CANDLE_INTERVALS]
        self.open: list[CandleView | None] = [None] * len(CANDLE_INTERVALS)
        """Of the longer intervals, what has been folded into them so far; the first entry is unused."""

    def add(self, now: int, price: int, qty: int) -> None:
        """Take in one trade."""
        candle = self.current
        if candle is None or now >= candle.time + SECOND:
            if candle is not None:
                closed = candle.view(SECOND)
                self.closed[0].append(closed)
                self._fold(1, closed)
            self.current = Candle(now - now % SECOND, price, qty)
            return
        if price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.volume += qty
        candle.trades += 1

    def _fold(self, index: int, closed: CandleView) -> None:
        for i in range(index, len(CANDLE_INTERVALS)):
            interval = CANDLE_INTERVALS[i]
            start = closed.time - closed.time % interval
            longer = self.open[i]
            fresh = _starting(closed, start)
            if longer is None or longer.time == start:
                self.open[i] = fresh if longer is None else merged(longer, fresh)
                return
            self.closed[i].append(longer)
            self.open[i] = fresh
            closed = longer

    def newest(self, interval: int, limit: int) -> list[CandleView]:
        """Up to ``limit`` candles of ``interval`` ns, oldest first, the open one included.

        An interval that is not kept is put together from the longest kept one that divides it; none if there is none.
        Its first candle is left out where a part of it may no longer be kept.
        """
        divisors = [i for i, kept in enumerate(CANDLE_INTERVALS) if interval > 0 and interval % kept == 0]
        if not divisors or limit <= 0:
            return []
        base = divisors[-1]
        wanted = min(CANDLES_KEPT, limit * (interval // CANDLE_INTERVALS[base]))
        kept = self.closed[base]
        parts = list(islice(kept, max(0, len(kept) - wanted), None))
        for i in range(base, 0, -1):
            part = self.open[i]
            if part is not None:
                parts.append(part)
        if self.current is not None:
            parts.append(self.current.view(SECOND))
        candles: list[CandleView] = []
        for part in parts:
            part = _starting(part, part.time - part.time % interval)
            if candles and candles[-1].time == part.time:
                candles[-1] = merged(candles[-1], part)
            else:
                candles.append(part)
        if len(kept) == CANDLES_KEPT and parts[0].time % interval:
            del candles[0]
        return candles[-limit:]


def _starting(candle: CandleView, start: int) -> CandleView:
    if candle.time == start:
        return candle
    return CandleView(
        time=start,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        trades=candle.trades,
    )


class MarketData:
    """Tape and candles of one instrument."""

    __slots__ = ("candles", "tape")

    def __init__(self) -> None:
        self.candles = Candles()
        self.tape: deque[tuple[Trade, int]] = deque(maxlen=TRADES_KEPT)
        """Newest last, with their times."""

    def add(self, trade: Trade, now: int) -> None:
        """Take in one trade."""
        self.tape.append((trade, now))
        self.candles.add(now, trade.price, trade.qty)

    def trades(self, limit: int) -> list[TradeView]:
        """The newest prints, newest first."""
        return [
            TradeView(
                trade_id=trade.trade_id,
                symbol_id=trade.symbol_id,
                price=trade.price,
                qty=trade.qty,
                side=trade.side,
                time=time,
            )
            for trade, time in islice(reversed(self.tape), max(0, limit))
        ]

    def check(self) -> None:
        """Raise InvariantError unless the candles are those of the tape, as far back as it goes."""
        again = Candles()
        for trade, time in self.tape:
            again.add(time, trade.price, trade.qty)
        kept = self.candles
        if len(self.tape) < TRADES_KEPT:
            ensure((kept.closed, kept.open) == (again.closed, again.open), "candles are not those of the tape")
        elif again.current is None or self.tape[0][1] >= again.current.time:
            return  # the open candle has trades that the tape no longer has
        views = [candle and candle.view(SECOND) for candle in (kept.current, again.current)]
        ensure(views[0] == views[1], "the open candle is not that of the tape")
