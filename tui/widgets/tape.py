"""The tape pane: prints of the current instrument, newest on top."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import islice
from typing import NamedTuple

from engine.types import Side
from tui.drawing.candles import clock_text
from tui.drawing.cells import Row, centred, fill_row, fit_right
from tui.widgets.pane import Pane

WITH_MILLIS = 12 + 10 + 9 + 2 + 4
"""From this width on there is room for the thousandths of a second."""


class Columns(NamedTuple):
    """Cells for each part of a line; with the two of the direction's mark they fill the width."""

    time: int
    price: int
    qty: int
    prints: int


def columns(width: int, price_text: int, qty_text: int) -> Columns:
    """Share ``width``: where it is short the hours go first, then the prints of a run, the time, the quantity."""
    if width >= WITH_MILLIS:
        return Columns(12, 10, 9 if qty_text < 9 else width - 12 - 10 - 2 - 4, 4)
    price = price_text + 1
    for shape in (Columns(8, 9, 0, 4), Columns(5, price, 0, 4), Columns(5, price, 0, 0), Columns(0, price_text, 0, 0)):
        qty = width - 2 - shape.time - shape.price - shape.prints
        if qty > qty_text:
            return shape._replace(qty=qty)
    return Columns(0, max(width - 2, 0), 0, 0)


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
        runs = list(islice(tape, height))
        texts = [(market.scale.text(run.ticks), market.scale.qty(run.qty)) for run in runs]
        cols = columns(width, max(len(price) for price, _ in texts), max(len(qty) for _, qty in texts))
        rows: list[Row] = []
        for run, (price, qty) in zip(runs, texts, strict=True):
            kind = "up" if run.side is Side.BUY else "down" if run.side is Side.SELL else "text"
            mark = {"up": glyphs.up, "down": glyphs.down, "text": glyphs.flat}[kind]
            count = f"×{run.prints}" if run.prints > 1 else ""
            at = f"{clock_text(run.time)}.{run.time % 1000:03d}"
            strong = " best" if run.qty >= big else ""
            rows.append(
                fill_row(
                    (
                        ((at if cols.time >= 8 else at[3:])[: cols.time], "dim"),
                        (fit_right(price, cols.price), f"{kind}{strong}"),
                        (fit_right(qty, cols.qty), f"bright{strong}" if strong else "text"),
                        (f" {mark}", kind),
                        (fit_right(count, cols.prints), "dim"),
                    ),
                    width,
                )
            )
        return rows
