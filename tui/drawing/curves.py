"""Sparklines, braille curves and the depth chart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tui.drawing.cells import Glyphs, Row, Span, fit, fit_right, joined, solid
from tui.view import Depth, Scale, short_number


def sparkline(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """All values as one row of blocks, ``width`` cells; neighbours are averaged where they do not all fit."""
    if not values or width <= 0:
        return " " * max(0, width)
    points = resample([value for value in values for _ in range(min(4, width // len(values)) or 1)], width)
    low, high = min(points), max(points)
    span = high - low
    steps = len(glyphs.eighths_up) - 2  # the full block would touch the row above
    marks = [glyphs.eighths_up[1 + round((p - low) / span * (steps - 1)) if span else steps // 2] for p in points]
    return "".join(marks).rjust(width)


def resample(values: Sequence[float], count: int) -> list[float]:
    """At most ``count`` values: each the mean of its share of the given ones."""
    size = len(values)
    if size <= count:
        return list(values)
    edges = [index * size // count for index in range(count + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


def stretch(values: Sequence[float], count: int) -> Sequence[float]:
    """Few values drawn out to a whole number of points each, joined by straight lines, so that a young curve reads."""
    times = min(8, count // max(1, len(values)))
    if times < 2:
        return values
    points: list[float] = []
    for a, b in pairwise(values):
        points += [a + (b - a) * step / times for step in range(times)]
    return [*points, values[-1]]


def curve(values: Sequence[float], width: int, height: int, glyphs: Glyphs, style: str = "curve") -> list[Row]:
    """A line through the values; in braille two by four points a cell, else one mark a column."""
    blank: Row = ((" " * width, "text"),)
    if len(values) < 2 or width < 2 or height < 1:
        return [blank] * height
    if not glyphs.braille:
        return _plain_curve(values, width, height, style)
    points = resample(stretch(values, width * 2), width * 2)
    low, high = min(points), max(points)
    steps = height * 4 - 1
    ys = [steps - round(_share(point, low, high) * steps) for point in points]
    cells = [[0] * width for _ in range(height)]
    shift = width * 2 - len(ys)
    previous = ys[0]
    for index, y in enumerate(ys):
        x = index + shift
        for dot in range(min(previous, y), max(previous, y) + 1):
            cells[dot // 4][x // 2] |= _BRAILLE[x % 2][dot % 4]
        previous = y
    return [(("".join(chr(0x2800 + bits) if bits else " " for bits in line), style),) for line in cells]


_BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def _plain_curve(values: Sequence[float], width: int, height: int, style: str) -> list[Row]:
    points = resample(values, width)
    low, high = min(points), max(points)
    lines = [[" "] * width for _ in range(height)]
    shift = width - len(points)
    for index, point in enumerate(points):
        row = height - 1 - round(_share(point, low, high) * (height - 1))
        lines[row][index + shift] = "*"
    return [(("".join(line), style),) for line in lines]


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between the lowest and the highest; what never moved lies in the middle."""
    return (value - low) / (high - low) if high > low else 0.5


def framed_curve(
    values: Sequence[float], width: int, height: int, glyphs: Glyphs, style: str, decimals: int = 2
) -> list[Row]:
    """A curve with its highest and lowest value at the right, and the newest where the curve ends."""
    if not values or height < 1:
        return curve(values, width, height, glyphs, style)
    low, high, newest = min(values), max(values), values[-1]
    label_width = max(len(f"{value:,.{decimals}f}") for value in (high, low, newest)) + 1
    rows = curve(values, width - label_width, height, glyphs, style)
    labels = {height - 1: (low, "dim"), 0: (high, "dim")} if high > low else {}
    steps = height * 4 - 1
    labels[(steps - round(_share(newest, low, high) * steps)) // 4] = (newest, "bright")
    blank: Span = (" " * label_width, "text")
    texts = {row: (fit_right(f"{value:,.{decimals}f}", label_width), tone) for row, (value, tone) in labels.items()}
    return [(*row, texts.get(index, blank)) for index, row in enumerate(rows)]


def draw_depth(depth: Depth, scale: Scale, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Cumulative quantity on both sides of the mid; the last row is the price axis."""
    if height < 2 or depth.best_bid is None or depth.best_ask is None:
        return []
    half = width // 2
    # A column a tick at most: a lonely order far away must not press the market into two columns.
    reach = min(half, max(depth.best_bid - min(depth.bids), max(depth.asks) - depth.best_ask, half // 2, 1))
    bids = _cumulative([depth.bids.get(depth.best_bid - i, 0.0) for i in range(reach + 1)], half)
    asks = _cumulative([depth.asks.get(depth.best_ask + i, 0.0) for i in range(reach + 1)], width - half)
    full = max(bids[-1], asks[-1]) or 1.0
    rows: list[Row] = []
    plot = height - 1
    for row in range(plot):
        left = [_block(v / full, row, plot, "bid.depth", glyphs) for v in reversed(bids)]
        right = [_block(v / full, row, plot, "ask.depth", glyphs) for v in asks]
        rows.append(joined([*left, *right]))
    ends = (depth.best_bid - reach, depth.best_ask + reach)
    rows.append(_depth_axis(ends, depth.best_ask - depth.best_bid, (bids[-1], asks[-1]), scale, width))
    return rows


def _cumulative(quantities: Sequence[float], width: int) -> list[float]:
    total, running = 0.0, []
    for quantity in quantities:
        total += quantity
        running.append(total)
    last = len(running) - 1
    return [running[min(last, column * len(running) // max(1, width))] for column in range(width - 1)] + [running[last]]


def _block(share: float, row: int, rows: int, style: str, glyphs: Glyphs) -> Span:
    eighths = round(share * rows * 8) - (rows - 1 - row) * 8
    return solid(style, glyphs) if eighths >= 8 else (glyphs.eighths_up[max(0, eighths)], style)


def _depth_axis(ends: tuple[int, int], spread: int, totals: tuple[float, float], scale: Scale, width: int) -> Row:
    left = f"{scale.text(max(0, ends[0]))}  {short_number(totals[0])}"
    right = f"{short_number(totals[1])}  {scale.text(ends[1])}"
    middle = f"{spread}t"
    start = fit(left, width // 2 - len(middle) // 2 - 1)
    end = fit_right(right, width - len(start) - len(middle))
    return ((start, "price.bid"), (middle, "bright"), (end, "price.ask"))
