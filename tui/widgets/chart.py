"""The chart pane: candles with volume, average price and own fills; and the depth chart."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from engine.types import Side
from tui.drawing.candles import ChartLook, draw_candles
from tui.drawing.cells import Row, centred
from tui.drawing.curves import draw_depth
from tui.view import Bars, Market
from tui.widgets.pane import Pane


class Chart(Pane):
    """Candles of the current instrument in the current timeframe."""

    NAME = "chart"
    LETTER = "c"
    EVERY = 3

    def stamp(self) -> Hashable:
        context = self.context
        if context.frozen:
            return "frozen"
        bars, market = self._bars(), context.view.market
        return (
            context.view.current, context.timeframe, bars.version if bars else -1, market.last if market else None,
            len(context.view.orders.fills), self._average(market), self.waiting_stamp(),
        )  # fmt: skip

    def title(self) -> Row:
        return ((f"{self.context.timeframe} ", "key"),)

    def note(self) -> Row:
        market = self.context.view.market
        if market is None or market.high is None or market.low is None:
            return ()
        return ((f"H {market.scale.text(market.high)}  L {market.scale.text(market.low)}", "dim"),)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        unready = self.unready(width, height)
        bars, market = self._bars(), self.context.view.market
        if unready is not None or market is None:
            return unready or centred("no instrument", width, height)
        if bars is None or not bars.bars:
            return centred("no trades yet: candles start with the first", width, height)
        if width < 16 or height < 5:
            return centred("too small for candles", width, height)
        look = ChartLook(market.last, self._average(market), self._fills(bars))
        return draw_candles(list(bars.bars), look, market.scale, width, height, self.look.glyphs)

    def _bars(self) -> Bars | None:
        view = self.context.view
        return None if view.current is None else view.bars_of(view.current, self.context.timeframe)

    def _average(self, market: Market | None) -> int | None:
        if market is None:
            return None
        line = self.context.view.portfolio.positions.get(market.instrument.symbol_id)
        return market.scale.ticks(line.average) if line is not None and line.qty else None

    def _fills(self, bars: Bars) -> dict[int, str]:
        marks: dict[int, str] = {}
        for fill in self.context.view.orders.fills:
            if fill.symbol_id != self.context.view.current:
                continue
            start = fill.time - fill.time % bars.span_ms
            side = "buy" if fill.side is Side.BUY else "sell"
            marks[start] = side if marks.get(start, side) == side else "both"
        return marks


class DepthPane(Pane):
    """Cumulative quantity on both sides."""

    NAME = "depth"
    LETTER = "d"
    EVERY = 5

    def stamp(self) -> Hashable:
        return "frozen" if self.context.frozen else (self.context.view.depth, self.waiting_stamp())

    def draw(self, width: int, height: int) -> Sequence[Row]:
        unready = self.unready(width, height)
        market = self.context.view.market
        if unready is not None or market is None:
            return unready or []
        rows = draw_depth(market.depth, market.scale, width, height, self.look.glyphs)
        return rows or centred("one side is empty", width, height)
