"""Latency histograms: counts per power of two of microseconds."""

from __future__ import annotations

from collections.abc import Sequence

from tui.drawing.bars import bar_to_right
from tui.drawing.cells import Glyphs, Row, Span, fill_row, fit_right
from tui.view import short_number

MAX_THICK = 3


def bucket_name(index: int) -> str:
    """Upper bound of bucket ``index`` in a short form: 512µs, 4ms, 1s."""
    micros = 2**index
    if micros < 1_000:
        return f"{micros}µs"
    if micros < 1_000_000:
        return f"{micros / 1_000:.0f}ms"
    return f"{micros / 1_000_000:.0f}s"


def draw_histogram(buckets: Sequence[int], width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """One bar a bucket, from the first to the last that holds something.

    Neighbours merge where rows are few, and bars are as many rows high as there is room for, three at most.
    """
    held = [index for index, count in enumerate(buckets) if count]
    if not held:
        return []
    first, last = held[0], held[-1]
    merge = max(1, -(-(last - first + 1) // max(1, height)))
    groups = [(min(i + merge - 1, last), sum(buckets[i : i + merge])) for i in range(first, last + 1, merge)]
    full = max(count for _index, count in groups)
    thick = max(1, min(MAX_THICK, height // len(groups)))
    rows: list[Row] = []
    for index, count in groups[:height]:
        label: Span = (fit_right(f"<{bucket_name(index)}", 8) + " ", "dim")
        bar = bar_to_right(f" {short_number(count)}" if count else "", count / full, max(6, width - 9), "hist", glyphs)
        rows.append(fill_row((label, *bar), width))
        below = bar_to_right("", count / full, max(6, width - 9), "hist", glyphs)
        rows += [fill_row(((" " * 9, "text"), *below), width)] * (thick - 1)
    return rows
