"""Candles in a cell grid: bodies in half blocks, wicks as thin lines, volume below, prices at the right.

Pure: bars in, rows out. Each cell has an upper and a lower half, so the chart has twice as many price steps as rows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui.drawing.cells import Glyphs, Row, Span, fit, fit_right, joined, solid
from tui.view import Bar, Scale, short_number

VOLUME_ROWS = 3


@dataclass(frozen=True, slots=True)
class ChartLook:
    """What the chart marks besides the bars."""

    last: int | None = None
    average: int | None = None
    """Average price of the position, in ticks."""
    fills: Mapping[int, str] = field(default_factory=dict)
    """Own fills by the start of their bar (ms): ``buy``, ``sell`` or ``both``."""


@dataclass(frozen=True, slots=True)
class Pane:
    """Price window of the plot."""

    low: int
    high: int
    rows: int

    def half(self, ticks: float) -> int:
        """Half-row of a price, 0 at the top."""
        span = max(1, self.high - self.low)
        steps = self.rows * 2 - 1
        return max(0, min(steps, round((self.high - ticks) / span * steps)))

    def price(self, row: int) -> int:
        """Price at the middle of a row."""
        steps = self.rows * 2 - 1
        return round(self.high - (row * 2 + 0.5) * (self.high - self.low) / max(1, steps))


def visible_count(width: int, axis: int, step: int) -> int:
    """How many bars fit."""
    return max(1, (width - axis - 1) // step)


def draw_candles(
    bars: Sequence[Bar], look: ChartLook, scale: Scale, width: int, height: int, glyphs: Glyphs
) -> list[Row]:
    """``height`` rows of ``width`` cells; needs at least one bar, 16 columns and 4 rows."""
    axis = max((len(scale.text(bar.high)) for bar in bars[-1:]), default=6) + 1
    step = 2 if width - axis < 120 else 3
    shown = list(bars[-visible_count(width, axis, step) :])
    volume_rows = VOLUME_ROWS if height >= 12 else (2 if height >= 9 else 0)
    plot_rows = height - volume_rows - 1
    pane = _pane(shown, look, plot_rows)
    plot = [[(" ", "text")] * (width - axis) for _ in range(plot_rows)]
    _grid(plot, pane, look, glyphs)
    offset = width - axis - 1 - len(shown) * step + step - 1
    for index, bar in enumerate(shown):
        _candle(plot, offset + index * step, bar, pane, step, glyphs)
        side = look.fills.get(bar.time)
        if side:
            _mark_fill(plot, offset + index * step, bar, pane, side, glyphs)
    rows = [(*joined(cells), _axis_label(pane, row, look, scale, axis)) for row, cells in enumerate(plot)]
    rows += _volume(shown, offset, step, width, axis, volume_rows, glyphs)
    rows.append(_time_axis(shown, offset, step, width, axis))
    return rows


def _pane(shown: Sequence[Bar], look: ChartLook, rows: int) -> Pane:
    low = min(bar.low for bar in shown)
    high = max(bar.high for bar in shown)
    if look.last is not None:
        low, high = min(low, look.last), max(high, look.last)
    if high - low < 4:
        low, high = low - 2, high + 2
    margin = max(1, (high - low) // 20)
    return Pane(low - margin, high + margin, rows)


def _grid(plot: list[list[Span]], pane: Pane, look: ChartLook, glyphs: Glyphs) -> None:
    dots = "·" if glyphs.braille else "."
    for row in range(len(plot)):
        if row % 4 == 2:
            for column in range(0, len(plot[row]), 4):
                plot[row][column] = (dots, "grid")
    for ticks, style, mark in ((look.average, "average", "╌"), (look.last, "last.line", "┈")):
        if ticks is not None and pane.low <= ticks <= pane.high:
            row = pane.half(ticks) // 2
            line = mark if glyphs.braille else "-"
            plot[row] = [(line, style)] * len(plot[row])


def _candle(plot: list[list[Span]], x: int, bar: Bar, pane: Pane, step: int, glyphs: Glyphs) -> None:
    if x < 0:
        return
    style = "up" if bar.close >= bar.open else "down"
    top, bottom = pane.half(max(bar.open, bar.close)), pane.half(min(bar.open, bar.close))
    high, low = pane.half(bar.high), pane.half(bar.low)
    for row in range(high // 2, low // 2 + 1):
        upper, lower = row * 2, row * 2 + 1
        body_upper, body_lower = top <= upper <= bottom, top <= lower <= bottom
        if body_upper or body_lower:
            whole = body_upper and body_lower
            block = solid(style, glyphs) if whole else (glyphs.upper if body_upper else glyphs.lower, style)
            plot[row][x] = block
            if step == 3 and x + 1 < len(plot[row]):
                plot[row][x + 1] = block
            continue
        wick_upper, wick_lower = high <= upper <= low, high <= lower <= low
        mark = glyphs.wick if wick_upper and wick_lower else (glyphs.wick_upper if wick_upper else glyphs.wick_lower)
        plot[row][x] = (mark, f"{style}.wick")


def _mark_fill(plot: list[list[Span]], x: int, bar: Bar, pane: Pane, side: str, glyphs: Glyphs) -> None:
    if x < 0:
        return
    below = pane.half(bar.low) // 2 + 1
    above = pane.half(bar.high) // 2 - 1
    if side in ("buy", "both") and below < len(plot):
        plot[below][x] = (glyphs.up, "own")
    if side in ("sell", "both") and above >= 0:
        plot[above][x] = (glyphs.down, "own")


def _axis_label(pane: Pane, row: int, look: ChartLook, scale: Scale, axis: int) -> Span:
    if look.last is not None and pane.low <= look.last <= pane.high and pane.half(look.last) // 2 == row:
        return (fit_right(scale.text(look.last), axis), "last.tag")
    if row % 4 == 2:
        return (fit_right(scale.text(pane.price(row)), axis), "dim")
    return (" " * axis, "text")


def _volume(
    shown: Sequence[Bar], offset: int, step: int, width: int, axis: int, rows: int, glyphs: Glyphs
) -> list[Row]:
    if not rows:
        return []
    full = max((bar.volume for bar in shown), default=0.0) or 1.0
    grid = [[(" ", "text")] * (width - axis) for _ in range(rows)]
    for index, bar in enumerate(shown):
        x = offset + index * step
        if x < 0:
            continue
        eighths = round(bar.volume / full * rows * 8)
        style = "up.volume" if bar.close >= bar.open else "down.volume"
        for row in range(rows):
            part = max(0, min(8, eighths - (rows - 1 - row) * 8))
            if part:
                block = solid(style, glyphs) if part == 8 else (glyphs.eighths_up[part], style)
                grid[row][x] = block
                if step == 3 and x + 1 < width - axis:
                    grid[row][x + 1] = block
    labels = [(fit_right(short_number(full), axis), "dim")] + [(" " * axis, "text")] * (rows - 1)
    return [(*joined(cells), label) for cells, label in zip(grid, labels, strict=True)]


def _time_axis(shown: Sequence[Bar], offset: int, step: int, width: int, axis: int) -> Row:
    line = [" "] * width
    with_seconds = len(shown) > 1 and shown[1].time - shown[0].time < 60_000
    size = 8 if with_seconds else 5
    next_free = 0
    for index, bar in enumerate(shown):
        x = offset + index * step
        if x < next_free or x + size > width - axis:
            continue
        label = clock_text(bar.time, with_seconds)
        line[x : x + size] = label
        next_free = x + max(size + 6, 16)
    return ((fit("".join(line), width), "dim"),)


def clock_text(ms: int, seconds: bool = True) -> str:
    """Time of day of a time in ms since the epoch, UTC."""
    return time.strftime("%H:%M:%S" if seconds else "%H:%M", time.gmtime(ms / 1000))
