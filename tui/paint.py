"""Puts the changed cells of panes on the terminal, past Textual's compositor.

For every change the compositor gathers, cuts and joins the lines of all widgets, waits for its own timer, and writes
each line from the left edge of its pane on. A pane that nothing covers needs none of that: its changed cells go
straight to the terminal, those of one turn of the event loop in one write. Where something lies on a pane (a toast), or
another screen is in front, the pane is refreshed Textual's way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import COLOR_SYSTEMS
from textual.driver import Driver
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.drawing.cells import Row, row_width
from tui.meter import Meter
from tui.squeeze import Pen, Squeezer, pen_after
from tui.theme import Look

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
"""Around what a terminal is to show at once, where it says that it can."""


class Patch(NamedTuple):
    """Cells of a widget that changed: the first, and all up to the last."""

    x: int
    y: int
    row: Row


class Painter:
    """The way of everything that is written to one terminal; ``meter`` counts its bytes."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._squeezer = Squeezer()
        self._write: Callable[[str], None] | None = None
        self._syncs = False
        self._changed: dict[Widget, tuple[Size, Look, list[Patch]]] = {}
        self._shown: object = None
        """The compositor's map of what is shown that ``_places`` was made from: another layout is another map."""
        self._places: dict[Widget, Region] = {}
        self._pens: dict[str, Pen] = {}
        self._look: Look | None = None

    # --- the terminal

    def open(self, write: Callable[[str], None]) -> None:
        """There is a terminal to write to."""
        self._write = write

    def close(self) -> None:
        """There is none any more."""
        self._write = None

    def squeeze(self, data: str) -> str:
        """What Textual writes, in fewer bytes."""
        self._syncs = self._syncs or data == SYNC_START
        data = self._squeezer.squeeze(data)
        self._count(data)
        return data

    def _count(self, data: str) -> None:
        self._meter.wrote(len(data.encode("utf-8", "replace")), time.perf_counter())

    # --- painting

    def paint(self, widget: Widget, look: Look, patches: Sequence[Patch]) -> None:
        """Bring cells of a widget to the terminal before the event loop waits again."""
        if self._write is None:
            _refresh(widget, patches)
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._flush)
        size = widget.outer_size
        waiting = self._changed.get(widget)
        kept = waiting[2] if waiting is not None and waiting[0] == size else []
        self._changed[widget] = (size, look, [*kept, *patches])

    def _flush(self) -> None:
        changed, self._changed = self._changed, {}
        out: list[str] = []
        for widget, (size, look, patches) in changed.items():
            if not widget.is_attached:
                continue
            place = self._place(widget)
            if place is None or place.size != size or self._write is None:
                _refresh(widget, patches)
            else:
                self._draw(place, look, patches, widget.app.console.color_system, out)
        if out and self._write is not None:
            data = "".join(out)
            if self._syncs:
                data = f"{SYNC_START}{data}{SYNC_END}"
            self._count(data)
            self._write(data)

    def _draw(self, place: Region, look: Look, patches: list[Patch], colours: str | None, out: list[str]) -> None:
        if look is not self._look:
            self._look = look
            self._pens.clear()
        pens, draw = self._pens, self._squeezer.draw
        for x, y, row in patches:
            out.append(f"\x1b[{place.y + y + 1};{place.x + x + 1}H")
            for text, name in row:
                pen = pens.get(name)
                if pen is None:
                    codes = Strip.render_ansi(look.style(name), COLOR_SYSTEMS[colours or "truecolor"])
                    pen = pens[name] = pen_after(codes)
                out.append(draw(pen, text))

    def _place(self, widget: Widget) -> Region | None:
        """Where a widget is on the terminal; None when it is not, or not all of it can be seen."""
        screen = widget.screen
        if widget.app.screen is not screen:
            return None
        shown = screen._compositor.visible_widgets
        if shown is not self._shown:
            self._shown, self._places = shown, _uncovered(screen)
        return self._places.get(widget)


def _uncovered(screen: Screen[object]) -> dict[Widget, Region]:
    """Widgets of which every cell is seen."""
    places: dict[Widget, Region] = {}
    front: list[Region] = []
    for widget, (region, clip) in screen._compositor.visible_widgets.items():  # from front to back
        seen = region.intersection(clip)
        if seen == region and screen.region.contains_region(region) and not any(map(region.overlaps, front)):
            places[widget] = region
        front.append(seen)
    return places


def _refresh(widget: Widget, patches: Sequence[Patch]) -> None:
    widget.refresh(*(Region(patch.x, patch.y, row_width(patch.row), 1) for patch in patches))


def thrifty(base: type[Driver], painter: Painter) -> type[Driver]:
    """A driver that writes the same in fewer bytes, and lets panes be painted while it has the terminal."""

    class Thrifty(base):  # type: ignore[misc, valid-type]
        def write(self, data: str) -> None:
            super().write(painter.squeeze(data))

        def start_application_mode(self) -> None:
            super().start_application_mode()
            painter.open(super().write)

        def stop_application_mode(self) -> None:
            painter.close()
            super().stop_application_mode()

    return Thrifty
