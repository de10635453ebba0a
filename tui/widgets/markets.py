"""All instruments on one page."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from engine.types import InstrumentStatus
from tui.drawing.curves import sparkline
from tui.drawing.table import Cells, Column, layout
from tui.messages import PickInstrument
from tui.view import Market, short_number
from tui.widgets.pane import LIST_HINTS
from tui.widgets.table import TablePane

SPARK = 12
"""Place of the sparkline among the columns."""


class Markets(TablePane[Market]):
    """Prices, change, spread, volume and the last minutes of every instrument; Enter trades it."""

    NAME = "markets"
    LETTER = "m"
    EVERY = 3
    EMPTY = "no instruments: g 7 lists one"
    SORTS = ("name", "change", "volume", "spread")
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("sym", 7, fits=True),
        Column("last", 9, right=True),
        Column("", 1),
        Column("change", 8, right=True),
        Column("bid", 9, right=True, drop=2),
        Column("ask", 9, right=True, drop=2),
        Column("sprd", 4, right=True, drop=3),
        Column("volume", 7, right=True, drop=1),
        Column("high", 9, right=True, drop=5),
        Column("low", 9, right=True, drop=5),
        Column("trades", 6, right=True, drop=6),
        Column("pos", 7, right=True, drop=4),
        Column("15 min", 12, right=True, grow=1),
        Column("", 7),
    )
    HINTS = (("Enter", "trade it"), *LIST_HINTS[:1], *LIST_HINTS[2:])

    def data_stamp(self) -> Hashable:
        view = self.context.view
        return tuple(market.version for market in view.markets.values()), view.portfolio.version, view.current

    def records(self) -> Sequence[Market]:
        markets = self.context.view.ordered()
        order = self.SORTS[self.sort]
        if order == "change":
            return sorted(markets, key=lambda market: -(market.change or 0.0))
        if order == "volume":
            return sorted(markets, key=lambda market: -market.volume * market.scale.price(market.mark or 0))
        if order == "spread":
            return sorted(markets, key=lambda market: market.depth.spread or 0)
        return markets

    def identity(self, record: Market) -> Hashable:
        return record.instrument.symbol_id

    def cells(self, record: Market) -> Cells:
        view, scale, depth, glyphs = self.context.view, record.scale, record.depth, self.look.glyphs
        change = record.change
        up = None if change is None or abs(change) < 5e-5 else change > 0
        tone = {True: "up", False: "down", None: "text"}[up]
        mark = {True: glyphs.up, False: glyphs.down, None: glyphs.flat}[up]

        def price(ticks: int | None) -> str:
            return scale.text(ticks) if ticks is not None else "-"

        qty = view.portfolio.qty(record.instrument.symbol_id)
        status = record.instrument.status
        name_style = "bright" if record.instrument.symbol_id != view.current else "own"
        samples = [*record.mids]
        width = self._spark_width
        return (
            (record.ticker, name_style), (price(record.mark), tone), (mark, tone),
            (f"{change:+.2%}" if change is not None else "", tone), (price(depth.best_bid), "price.bid"),
            (price(depth.best_ask), "price.ask"), (str(depth.spread) if depth.spread is not None else "-", "dim"),
            (short_number(record.volume), "text"), (price(record.high), "dim"), (price(record.low), "dim"),
            (str(record.trades), "dim"), (f"{qty:+g}" if qty else "", "own"),
            (sparkline(samples, width, glyphs), "spark"),
            ("" if status is InstrumentStatus.OPEN else status.value, "bad"),
        )  # fmt: skip

    @property
    def _spark_width(self) -> int:
        tickers = [((market.ticker, ""),) for market in self.context.view.markets.values()]
        return next((width for index, width in layout(self.COLUMNS, self.inside[0], tickers) if index == SPARK), 0)

    def opened(self, record: Market) -> None:
        self.post_message(PickInstrument(record.instrument.symbol_id))
