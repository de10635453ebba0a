"""The own account: positions, cash, equity curve."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from tui.drawing.cells import Row, centred
from tui.drawing.curves import framed_curve
from tui.drawing.table import Cells, Column
from tui.messages import PickInstrument
from tui.view import PositionLine, money
from tui.widgets.agents import tone
from tui.widgets.pane import LIST_HINTS, Pane
from tui.widgets.table import TablePane


class Positions(TablePane[PositionLine]):
    """Open and closed positions with their gains."""

    NAME = "positions"
    LETTER = "p"
    EMPTY = "flat: no position yet"
    EMPTY_WATCHING = "spectators have no positions"
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("sym", 6, fits=True),
        Column("qty", 8, right=True, grow=1),
        Column("average", 9, right=True, grow=1),
        Column("mark", 9, right=True, grow=1, drop=2),
        Column("value", 11, right=True, grow=1, drop=1),
        Column("unreal.", 10, right=True, grow=1),
        Column("realized", 10, right=True, grow=1, drop=3),
    )
    HINTS = (("Enter", "trade it"), *LIST_HINTS[:1], *LIST_HINTS[2:])

    def data_stamp(self) -> Hashable:
        return self.context.view.portfolio.version

    def title(self) -> Row:
        book = self.context.view.portfolio
        return (("cash ", "dim"), (f"{money(book.cash)} ", "text")) if book.known else ()

    def records(self) -> Sequence[PositionLine]:
        return sorted(self.context.view.portfolio.positions.values(), key=lambda line: line.symbol_id)

    def identity(self, record: PositionLine) -> Hashable:
        return record.symbol_id

    def cells(self, record: PositionLine) -> Cells:
        market = self.context.view.markets.get(record.symbol_id)

        def price(value: float) -> str:
            return market.scale.text(market.scale.ticks(value)) if market is not None else f"{value:g}"

        qty = f"{record.qty:+g}" if record.qty else "0"
        return (
            (self.context.view.ticker_of(record.symbol_id), "bright"), (qty, "own"),
            (price(record.average) if record.qty else "", "text"), (price(record.mark), "text"),
            (money(record.value), "text"), (money(record.unrealized, signed=True), tone(record.unrealized)),
            (money(record.realized, signed=True), tone(record.realized)),
        )  # fmt: skip

    def opened(self, record: PositionLine) -> None:
        self.post_message(PickInstrument(record.symbol_id))


class Equity(Pane):
    """Own equity, one sample a second."""

    NAME = "equity"
    LETTER = "e"
    EVERY = 5

    def stamp(self) -> Hashable:
        return "frozen" if self.context.frozen else self.context.view.portfolio.version

    def title(self) -> Row:
        book = self.context.view.portfolio
        return ((f"{money(book.pnl, signed=True)} ", tone(book.pnl)),) if book.known else ()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        book = self.context.view.portfolio
        if len(book.equity_curve) < 2:
            return centred("equity is sampled once a second", width, height)
        style = "curve.up" if book.pnl >= 0 else "curve.down"
        return framed_curve(list(book.equity_curve), width, height, self.look.glyphs, style)
