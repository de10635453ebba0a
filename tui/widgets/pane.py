"""The base of all live panes: rows of spans drawn straight to the screen, and only what changed is repainted.

A pane is asked to ``tick``; it compares its ``stamp`` (what the picture depends on) with that of the last one, draws
rows where it differs, compares rows, and gives the cells that changed to the painter. It draws its own frame, so its
lines go to the terminal without passing a style cascade.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.drawing.cells import Row, Span, centred, fill_row, plain, printable
from tui.drawing.changes import changed_runs
from tui.drawing.frame import bottom_rule, title_rule
from tui.keys import Key
from tui.paint import Patch
from tui.theme import Look
from tui.view import LinkState

if TYPE_CHECKING:
    from tui.context import Context

Hints: TypeAlias = tuple[tuple[str, str], ...]
LIST_HINTS: Hints = (("↑↓", "select"), ("Enter", "open"), ("s", "sort"), ("/", "filter"), ("z", "zoom"))
OTHER_HINTS: Hints = (("Tab", "next pane"), ("z", "zoom"), ("t", "timeframe"), ("{ }", "instrument"))


class Pane(Widget, can_focus=True):
    """A framed pane. Subclasses say what they show by ``stamp`` and ``draw``."""

    NAME: ClassVar[str] = ""
    """Title of the frame."""
    LETTER: ClassVar[str] = ""
    """Letter of the pane in jump mode."""
    EVERY: ClassVar[int] = 1
    """Drawn every so many frames."""
    FRAMED: ClassVar[bool] = True
    KEYS: ClassVar[tuple[Key, ...]] = ()
    """Own keys, for help and palette."""
    HINTS: ClassVar[Hints] = OTHER_HINTS
    """Keys that the key line shows while the pane has the focus."""
    HINTS_WATCHING: ClassVar[Hints | None] = None
    """What it shows to a spectator; None for the same."""

    def __init__(self, context: Context, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.context = context
        self._stamp: Hashable = None
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        """Rows as the compositor wants them, as far as it asked for them."""
        self._drawn_size = (0, 0)

    # --- what a subclass says

    def stamp(self) -> Hashable:
        """Everything the picture depends on, cheap to compare."""
        raise NotImplementedError

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Rows of the inside."""
        raise NotImplementedError

    def title(self) -> Row:
        """What stands in the frame beside the name."""
        return ()

    def hints(self) -> Hints:
        """What the key line shows now."""
        watching = self.HINTS_WATCHING if self.context.view.session.spectator else None
        return self.HINTS if watching is None else watching

    def note(self) -> Row:
        """What stands at the right end of the frame's top."""
        return ()

    # --- ticking

    @property
    def look(self) -> Look:
        """The theme at work."""
        return self.context.look

    @property
    def boxed(self) -> bool:
        """Whether the frame is a box; else it is one rule on top."""
        return self.app.size.width >= 100

    @property
    def inside(self) -> tuple[int, int]:
        """Cells inside the frame."""
        width, height = self.size
        if not self.FRAMED:
            return width, height
        if self.boxed:
            return max(0, width - 2), max(0, height - 2)
        return max(0, width - self._gutter), max(0, height - 1)

    @property
    def _gutter(self) -> int:
        """Cells of the line at the left that parts a pane from its neighbour, where there is no box."""
        return 1 if self.region.x > 0 else 0

    def tick(self, frame: int = 0) -> None:
        """Bring the picture up to date, if it is seen, every ``EVERY`` frames; frame 0 is always one of them."""
        if frame % self.EVERY or not self.is_attached:
            return
        size = self.region.size
        if not size.area:
            return
        stamp = (size, self.look.name, self.has_focus, self.boxed, self.stamp())
        if stamp != self._stamp or size != self._drawn_size:
            self._stamp = stamp
            self._repaint(self._framed(), size)

    def forget(self) -> None:
        """Draw anew at the next tick, whatever the stamp says."""
        self._stamp = None
        self._rows = []

    def _framed(self) -> list[Row]:
        width, height = self.inside
        rows = list(self.draw(width, height))[:height] if width > 0 and height > 0 else []
        blank: Row = ((" " * width, "text"),)
        rows += [blank] * (height - len(rows))
        if not self.FRAMED:
            return rows
        glyphs, style = self.look.glyphs, "line.focus" if self.has_focus else "line"
        top = title_rule(self._title(), self._note(), self.size.width, style, glyphs, self.boxed)
        if not self.boxed:
            side: Row = ((glyphs.box[3], "line"),) if self._gutter else ()
            return [top, *(side + row for row in rows)]
        edge: Span = (glyphs.box[3], style)
        return [top, *((edge, *row, edge) for row in rows), bottom_rule(self.size.width, style, glyphs)]

    def _title(self) -> Row:
        name = self.NAME.upper()
        style = "title" if self.has_focus else "title.off"
        at = name.lower().find(self.LETTER) if self.context.jumping and self.LETTER else -1
        spans: Row = ((f" {name} ", style),)
        if at >= 0:
            spans = ((f" {name[:at]}", "dim"), (name[at], "own.moved"), (f"{name[at + 1 :]} ", "dim"))
        return (*spans, *self.title())

    def _note(self) -> Row:
        note = self.note()
        return ((" ", "text"), *note, (" ", "text")) if note else ()

    def _repaint(self, rows: list[Row], size: tuple[int, int]) -> None:
        if size != self._drawn_size or len(rows) != len(self._rows):
            self._drawn_size = size
            self._rows = rows
            self._strips = {}
            self.refresh()
            return
        patches: list[Patch] = []
        for y, (old, new) in enumerate(zip(self._rows, rows, strict=True)):
            if old != new:
                self._strips.pop(y, None)
                patches += [Patch(x, y, self._written(run)) for x, run in changed_runs(old, new)]
        self._rows = rows
        if patches:
            self.context.painter.paint(self, self.look, patches)

    def _written(self, row: Row) -> Row:
        """The row as the terminal can show it."""
        if self.look.plain:
            return tuple((plain(printable(text)), name) for text, name in row)
        return tuple((printable(text), name) for text, name in row)

    # --- Textual's side

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines for the compositor: what the last tick drew."""
        if self.region.size != self._drawn_size:
            self.tick()
        width = self._drawn_size[0]
        lines = [self._strip(y, width) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.width >= width:
            return lines
        return [line.crop(crop.x, crop.right) for line in lines]

    def _strip(self, y: int, width: int) -> Strip:
        """A line for the compositor, made when it asks; a row has the width of its pane, so it is not measured."""
        strip = self._strips.get(y)
        if strip is None:
            style = self.look.style
            if y >= len(self._rows):
                return Strip.blank(width, style("text"))
            row = self._written(self._rows[y])
            strip = self._strips[y] = Strip([Segment(text, style(name)) for text, name in row if text], width)
        return strip

    def on_focus(self) -> None:
        """The frame shows the focus at once."""
        self.tick()

    def on_blur(self) -> None:
        """The frame shows it no more."""
        self.tick()

    # --- states that all panes share

    def unready(self, width: int, height: int) -> list[Row] | None:
        """A word in the middle while there is no data yet; None when there is."""
        view = self.context.view
        now = self.context.clock.mono()
        if view.markets:
            return None
        state = view.link.state(now)
        waited = max(0.0, now - view.link.started_at)
        if state is LinkState.DOWN:
            return centred("not connected", width, height)
        return centred(f"waiting for snapshot… {waited:.1f} s", width, height)

    def waiting_stamp(self) -> Hashable:
        """What ``unready`` depends on."""
        view = self.context.view
        if view.markets:
            return None
        now = self.context.clock.mono()
        return view.link.state(now), int((now - view.link.started_at) * 5)


def pad(row: Sequence[Span], width: int) -> Row:
    """A row of the pane's width."""
    return fill_row(row, width)
