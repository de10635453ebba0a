"""Tables of text in fixed columns, with a header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.drawing.cells import Row, Span, fit, fit_right, width_of

FITTED_MAX = 10
"""Cells of a column that fits its cells, at most."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its least width, whether it is right-aligned, and its share of spare room.

    Of columns that do not fit, those with the highest ``drop`` go first; 0 stays always. One that ``fits`` is as wide
    as its longest cell, up to ``FITTED_MAX``, as long as the columns that always stay have their room.
    """

    name: str
    width: int
    right: bool = False
    grow: int = 0
    drop: int = 0
    fits: bool = False


Cells = Sequence[Span]
"""One row of a table: a span for each column of the full list."""


def layout(columns: Sequence[Column], width: int, rows: Sequence[Cells] = ()) -> list[tuple[int, int]]:
    """Index and width of each column that is shown; ``rows`` are those that columns fit."""
    widths = [column.width for column in columns]
    for i, column in enumerate(columns):
        if column.fits and rows:
            longest = max(width_of(cells[i][0]) for cells in rows)
            widths[i] = max(column.width, min(longest, FITTED_MAX))
    kept = list(range(len(columns)))

    def spare() -> int:
        return width - sum(widths[i] for i in kept) - max(0, len(kept) - 1)

    while spare() < 0:
        droppable = [i for i in kept if columns[i].drop]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda i: columns[i].drop))
    for i in kept:
        widths[i] -= max(0, min(-spare(), widths[i] - columns[i].width))
    room = max(0, spare())
    weights = sum(columns[i].grow for i in kept)
    return [(i, widths[i] + (room * columns[i].grow // weights if weights else 0)) for i in kept]


def header(columns: Sequence[Column], shown: Sequence[tuple[int, int]], width: int) -> Row:
    """Names of the columns."""
    return line(columns, shown, [(column.name, "header") for column in columns], width)


def line(columns: Sequence[Column], shown: Sequence[tuple[int, int]], cells: Cells, width: int) -> Row:
    """One row, exactly ``width`` cells."""
    spans: list[Span] = []
    left = width
    for place, (index, size) in enumerate(shown):
        if place and left:
            spans.append((" ", "text"))
            left -= 1
        size = min(size, left)
        if size <= 0:
            break
        text, style = cells[index]
        spans.append((fit_right(text, size) if columns[index].right else fit(text, size), style))
        left -= size
    if left > 0:
        spans.append((" " * left, "text"))
    return tuple(spans)
