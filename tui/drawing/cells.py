"""Rows of styled text: what every drawing function returns.

A row is a tuple of spans, a span is text and the name of a style (or several names, blank between them, the later ones
on top); ``tui.theme`` says what the names look like. Rows are plain values: two equal rows look the same, so a pane
repaints only the rows that changed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from rich.cells import cell_len, set_cell_size

Span: TypeAlias = tuple[str, str]
Row: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters that a terminal may or may not have."""

    eighths_right: str
    """Left-to-right partial blocks, from empty to full."""
    eighths_up: str
    """Bottom-up partial blocks, from empty to full."""
    upper: str
    lower: str
    full: str
    wick: str
    wick_upper: str
    wick_lower: str
    up: str
    down: str
    flat: str
    cursor_left: str
    cursor_right: str
    here: str
    box: str
    """Corners and sides: top left, top, top right, side, bottom left, bottom right."""
    dot_on: str
    dot_half: str
    dot_off: str
    braille: bool
    ellipsis: str
    bar_fill: bool
    """Whether bars may be drawn by background colour."""


UNICODE: Final = Glyphs(
    eighths_right=" ▏▎▍▌▋▊▉█", eighths_up=" ▁▂▃▄▅▆▇█", upper="▀", lower="▄", full="█", wick="│", wick_upper="╵",
    wick_lower="╷", up="▲", down="▼", flat="•", cursor_left="▸", cursor_right="◂", here="▶", box="╭─╮│╰╯", dot_on="●",
    dot_half="◐", dot_off="○", braille=True, ellipsis="…", bar_fill=True,
)  # fmt: skip

ASCII: Final = Glyphs(
    eighths_right="    ====#", eighths_up="  ..::##@", upper="'", lower=".", full="#", wick="|", wick_upper="'",
    wick_lower=".", up="^", down="v", flat="-", cursor_left=">", cursor_right="<", here=">", box="+-+|++", dot_on="*",
    dot_half="~", dot_off="o", braille=False, ellipsis="~", bar_fill=False,
)  # fmt: skip


_PLAIN = str.maketrans("…×≈↑↓→←·•µ▲▼▸◂▶●◐○╌┈│─━╭╮╰╯█▌▀▄", "~x~^v><..u^v><>*~o--|-=++++#|'.")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The text in ASCII, every character for one; what has no likeness becomes a question mark."""
    if text.isascii():
        return text
    text = text.translate(_PLAIN)
    return "".join(char if char.isascii() else "?" * width_of(char) for char in text)


def printable(text: str) -> str:
    """The text without control and format characters, in as many cells as ``width_of`` counts.

    Names, headlines and reasons are written by strangers; an escape sequence in one would reach the terminal.
    """
    if text.isprintable():
        return text
    mark = "·" if text.isascii() else ""
    return "".join(char if char.isprintable() else mark for char in text)


def width_of(text: str) -> int:
    """Cells that ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


@lru_cache(maxsize=4096)
def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Text in exactly ``width`` cells, left-aligned; what does not fit is cut and marked."""
    if width <= 0:
        return ""
    size = width_of(text)
    if size <= width:
        return text + " " * (width - size)
    return set_cell_size(text, width - 1) + ellipsis


@lru_cache(maxsize=4096)
def fit_right(text: str, width: int, ellipsis: str = "…") -> str:
    """Text in exactly ``width`` cells, right-aligned."""
    size = width_of(text)
    return " " * (width - size) + text if size <= width else fit(text, width, ellipsis)


def row_width(row: Iterable[Span]) -> int:
    """Cells that a row takes."""
    return sum(width_of(text) for text, _style in row)


def row_text(row: Iterable[Span]) -> str:
    """The row without its styles."""
    return "".join(text for text, _style in row)


def fill_row(spans: Iterable[Span], width: int, style: str = "text") -> Row:
    """Spans cut or padded with blanks to exactly ``width`` cells."""
    row: list[Span] = []
    left = width
    for text, name in spans:
        size = width_of(text)
        if size > left:
            if left > 0:
                row.append((fit(text, left), name))
            left = 0
            break
        if size:
            row.append((text, name))
            left -= size
    if left:
        row.append((" " * left, style))
    return tuple(row)


def spread_row(left: Iterable[Span], right: Iterable[Span], width: int, style: str = "text") -> Row:
    """Spans at both ends of a row; the right ones give way where there is no room."""
    left, right = tuple(left), tuple(right)
    gap = width - row_width(left) - row_width(right)
    if gap < 1:
        return fill_row(left, width, style)
    return (*left, (" " * gap, style), *right)


def overlay(row: Row, style: str) -> Row:
    """The same row with one more style on top, such as a cursor's background."""
    return tuple((text, f"{name} {style}") for text, name in row)


def joined(cells: Iterable[Span]) -> Row:
    """Neighbours of the same style made one span."""
    row: list[Span] = []
    for text, style in cells:
        if row and row[-1][1] == style:
            row[-1] = (row[-1][0] + text, style)
        else:
            row.append((text, style))
    return tuple(row)


def solid(style: str, glyphs: Glyphs) -> Span:
    """A full cell: by its background where that may be, so that cells above each other leave no seam."""
    return (" ", f"{style}.fill") if glyphs.bar_fill else (glyphs.full, style)


def centred(text: str, width: int, height: int, style: str = "dim") -> list[Row]:
    """A block of rows with lines of text in the middle."""
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, max(1, width - 2)) or [""]]
    top = max(0, (height - len(lines)) // 2)
    blank: Row = ((" " * width, "text"),)
    rows = [blank] * top
    for line in lines[: height - top]:
        size = min(width_of(line), width)
        pad = (width - size) // 2
        rows.append(fill_row(((" " * pad, "text"), (line, style)), width))
    return rows + [blank] * (height - len(rows))
