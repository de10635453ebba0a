"""The tape pane: prints of the current instrument, newest on top."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from engine.types import Side
from tui.drawing.candles import clock_text
from tui.drawing.cells import Row, centred, fill_row, fit_right
from tui.widgets.pane import Pane

WITH_MILLIS = 12 + 10 + 9 + 2 + 4
"""From this width on there is room for the thousandths of a second."""


class TapePane(Pane):
    """Time, price, quantity and the aggressor's direction; runs at one price are one line."""

    NAME = "tape"
    LETTER = "t"
    EVERY = 3

    def stamp(self) -> Hashable:
        view = self.context.view
        if self.context.frozen:
            return "frozen"
        tape = view.tape_of(view.current) if view.current is not None else None
        return (view.current, tape.version if tape is not None else -1, self.waiting_stamp())

    def draw(self, width: int, height: int) -> Sequence[Row]:
        unready = self.unready(width, height)
        if unready is not None:
            return unready
        view = self.context.view
        market = view.market
        tape = view.tape_of(view.current) if view.current is not None else None
        if tape is None or market is None or not len(tape):
            return centred("no trades yet", width, height)
        glyphs = self.look.glyphs
        big = 5 * (market.volume / market.trades) if market.trades else float("inf")
        exact = width >= WITH_MILLIS
        rows: list[Row] = []
        for run in tape:
            if len(rows) >= height:
                break
            kind = "up" if run.side is Side.BUY else "down" if run.side is Side.SELL else "text"
            mark = {"up": glyphs.up, "down": glyphs.down, "text": glyphs.flat}[kind]
            count = f"×{run.prints}" if run.prints > 1 else ""
            price = fit_right(market.scale.text(run.ticks), 10 if exact else 9)
            qty = fit_right(market.scale.qty(run.qty), 9 if exact else width - 8 - 9 - 2 - 4)
            at = clock_text(run.time) + (f".{run.time % 1000:03d}" if exact else "")
            strong = " best" if run.qty >= big else ""
            rows.append(
                fill_row(
                    (
                        (at, "dim"),
                        (price, f"{kind}{strong}"),
                        (qty, f"bright{strong}" if strong else "text"),
                        (f" {mark}", kind),
                        (fit_right(count, 4), "dim"),
                    ),
                    width,
                )
            )
        return rows
