"""Horizontal bars with an eighth of a cell's precision, with a number written on them."""

from __future__ import annotations

from tui.drawing.cells import Glyphs, Row, Span


def bar_to_right(text: str, share: float, width: int, kind: str, glyphs: Glyphs) -> Row:
    """``text`` at the left end of a bar that grows to the right; ``share`` of ``width`` is filled.

    ``kind`` names the colour: ``bid`` or ``ask``.
    """
    if not glyphs.bar_fill:
        return _glyph_bar(text, share, width, kind, glyphs, grow_left=False)
    eighths = _eighths(share, width)
    cells, part = divmod(eighths, 8)
    body = text[:width].ljust(width)
    spans: list[Span] = []
    if cells:
        spans.append((body[:cells], f"{kind}.bar"))
    if cells < width:
        rest = body[cells:]
        if part and rest[0] == " ":
            spans.append((glyphs.eighths_right[part], f"{kind}.edge"))
            rest = rest[1:]
        if rest:
            spans.append((rest, kind))
    return tuple(spans)


def bar_to_left(text: str, share: float, width: int, kind: str, glyphs: Glyphs) -> Row:
    """``text`` at the right end of a bar that grows to the left."""
    if not glyphs.bar_fill:
        return _glyph_bar(text, share, width, kind, glyphs, grow_left=True)
    eighths = _eighths(share, width)
    cells, part = divmod(eighths, 8)
    body = text[:width].rjust(width)
    empty = width - cells
    spans: list[Span] = []
    if empty:
        rest = body[:empty]
        if part and rest[-1] == " ":
            if rest[:-1]:
                spans.append((rest[:-1], kind))
            # There are no right-hand eighths: the left-hand rest, with colours swapped, is the same picture.
            spans.append((glyphs.eighths_right[8 - part], f"{kind}.edge.rev"))
        else:
            spans.append((rest, kind))
    if cells:
        spans.append((body[empty:], f"{kind}.bar"))
    return tuple(spans)


def _eighths(share: float, width: int) -> int:
    return max(0, min(width * 8, round(share * width * 8)))


def _glyph_bar(text: str, share: float, width: int, kind: str, glyphs: Glyphs, grow_left: bool) -> Row:
    room = max(0, width - max(len(text), 5))
    bar = glyphs.full * max(0, min(room, round(share * room)))
    if grow_left:
        return ((bar.rjust(room), f"{kind}.edge"), (text.rjust(width - room), kind))
    return ((text.ljust(width - room), kind), (bar.ljust(room), f"{kind}.edge"))
