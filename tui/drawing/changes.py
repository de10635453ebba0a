"""What to write so that one row becomes another."""

from __future__ import annotations

from collections.abc import Iterable

from tui.drawing.cells import Row, Span, width_of


def changed_runs(old: Row, new: Row) -> list[tuple[int, Row]]:
    """Runs of spans, each with its first cell, that make ``new`` of ``old``; both rows have the same width."""
    front, cell, limit = 0, 0, min(len(old), len(new))
    while front < limit and old[front] == new[front]:
        cell += width_of(new[front][0])
        front += 1
    back = 0
    while back < limit - front and old[-1 - back] == new[-1 - back]:
        back += 1
    there = _by_cell(old[front : len(old) - back], cell)
    runs: list[tuple[int, Row]] = []
    run: list[Span] = []
    start = end = cell
    for span in new[front : len(new) - back]:
        before = there.get(cell)
        if before != span:
            skipped, text = _changed_part(before, span)
            if run and cell + skipped != end:
                runs.append((start, tuple(run)))
                run = []
            if not run:
                start = cell + skipped
            run.append((text, span[1]))
            end = cell + skipped + width_of(text)
        cell += width_of(span[0])
    if run:
        runs.append((start, tuple(run)))
    return runs


def _by_cell(spans: Iterable[Span], cell: int) -> dict[int, Span]:
    there: dict[int, Span] = {}
    for span in spans:
        there[cell] = span
        cell += width_of(span[0])
    return there


def _changed_part(before: Span | None, span: Span) -> tuple[int, str]:
    """Cells that stay at the beginning of a span, and the text from there to the last that does not stay."""
    text = span[0]
    if before is None or before[1] != span[1] or not (text.isascii() and before[0].isascii()):
        return 0, text
    was, end, same = before[0], len(text), 0
    while same < end and was[same : same + 1] == text[same]:
        same += 1
    if len(was) == end:
        while end > same and was[end - 1] == text[end - 1]:
            end -= 1
    return same, text[same:end]
