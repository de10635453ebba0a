"""Frames of panes: a box with a title, or where room is short a single rule above."""

from __future__ import annotations

from tui.drawing.cells import Glyphs, Row, Span, fill_row, row_width


def title_rule(left: Row, right: Row, width: int, style: str, glyphs: Glyphs, corners: bool) -> Row:
    """Top line of a frame, with the title in it and a note at its right end."""
    top_left, line, top_right = glyphs.box[0], glyphs.box[1], glyphs.box[2]
    room = width - 2 if corners else width
    gap = room - row_width(left) - row_width(right) - 2
    if gap < 0:
        right, gap = (), room - row_width(left) - 2
    if gap < 0:
        left, gap = fill_row(left, max(0, room - 2)), 0
    spans: list[Span] = []
    spans.append(((top_left if corners else "") + line, style))
    spans += left
    spans.append((line * gap, style))
    spans += right
    spans.append((line + (top_right if corners else ""), style))
    return tuple(spans)


def bottom_rule(width: int, style: str, glyphs: Glyphs, note: Row = ()) -> Row:
    """Bottom line of a box."""
    bottom_left, line, bottom_right = glyphs.box[4], glyphs.box[1], glyphs.box[5]
    gap = width - 3 - row_width(note)
    if gap < 0:
        note, gap = (), width - 3
    return ((bottom_left + line * gap, style), *note, (line + bottom_right, style))
