"""The base of all screens: status on top, panes, the ticket line and the key line below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from tui import keys
from tui.context import Context
from tui.widgets.bars import KeyBar, StatusBar, TicketBar, TooSmall, VenueBar
from tui.widgets.command import CommandBar
from tui.widgets.pane import Pane

MIN_WIDTH, MIN_HEIGHT = 60, 16
"""Below this nothing is shown but a word about it."""


SLIM_WIDTH = 76
"""Below this the ladder gives some of its room to the tape."""
TIGHT_WIDTH = 112
"""Below this the ladder gives some of its room to the chart."""
ROOMY_WIDTH = 185
"""From here on columns that would take the chart's room are as wide as they like."""


class Box(Container):
    """Panes side by side or above each other; nothing of it is ever seen, so it is drawn the cheap way."""

    BLANK = True


class ModeScreen(Screen[None]):
    """One of the seven screens. Subclasses give the panes."""

    BINDINGS = [
        Binding(key.keys, f"app.{key.action}", key.does, id=key.id, show=False)
        for key in keys.APP
        if key.id in ("pane.next", "pane.previous")
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall"), (50, "-very-tall")]
    MODE: ClassVar[str] = ""
    LAYOUTS: ClassVar[int] = 1
    """How many layouts ``|`` goes through."""
    AUTO_FOCUS = None
    BLANK = True

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.layout_number = 0
        self._panes: list[Pane] = []
        self._focused_before: Widget | None = None
        """What had the focus when the terminal became too small."""

    def panes(self) -> Iterable[Widget]:
        """Widgets between the bars, by the names that the style sheet lays out."""
        raise NotImplementedError

    def first_focus(self) -> str:
        """Selector of the pane that has the focus at first."""
        return "Pane"

    def compose(self) -> ComposeResult:
        """Lines and panes."""
        yield StatusBar(self.context, id="status")
        yield VenueBar(self.context, id="venue")
        with Box(id="body", classes=f"mode-{self.MODE}"):
            yield from self.panes()
        yield TicketBar(self.context, id="ticket")
        yield CommandBar(self.context, id="command")
        yield KeyBar(self.context, id="keys")
        yield TooSmall(self.context, id="too-small")

    def on_mount(self) -> None:
        """Start in the first pane."""
        self._panes = list(self.query(Pane))
        self.query(self.first_focus()).first(Pane).focus()
        self._check_size()

    def on_resize(self) -> None:
        """Where there is too little room, show and do nothing."""
        self._check_size()

    def _check_size(self) -> None:
        size = self.app.size
        small = size.width < MIN_WIDTH or size.height < MIN_HEIGHT
        if small and not self.has_class("-too-small"):
            self._focused_before = self.focused
        elif not small and self.has_class("-too-small") and self._focused_before is not None:
            self.call_after_refresh(self._focused_before.focus)  # hidden, it lost the focus
        self.set_class(small, "-too-small")
        self.set_class(size.width < SLIM_WIDTH, "-slim")
        self.set_class(size.width < TIGHT_WIDTH, "-tight")
        self.set_class(size.width >= ROOMY_WIDTH, "-roomy")
        self.context.desk.too_small = small

    def tick(self, frame: int) -> None:
        """Bring every visible pane up to date."""
        for pane in self._panes:
            pane.tick(frame)

    def tick_lines(self) -> None:
        """Bring the three lines up to date at once."""
        for pane in self.query("StatusBar, VenueBar, TicketBar, KeyBar").results(Pane):
            pane.tick()

    def focus_order(self) -> list[Pane]:
        """Panes that Tab goes through."""
        return [pane for pane in self.query(Pane) if pane.can_focus and pane.display and pane.region.height]

    def step_focus(self, step: int) -> None:
        """Focus to the next pane, or with -1 to the previous one."""
        order = self.focus_order()
        if not order:
            return
        at = order.index(self.focused) if isinstance(self.focused, Pane) and self.focused in order else -step
        self.set_focus(order[(at + step) % len(order)])

    def zoom(self) -> None:
        """Give the pane in focus all the room, or all panes theirs again."""
        if self.has_class("-zoomed"):
            self.remove_class("-zoomed")
            for pane in self.query(".-zoom"):
                pane.remove_class("-zoom")
        elif isinstance(self.focused, Pane):
            self.focused.add_class("-zoom")
            for ancestor in self.focused.ancestors:
                if isinstance(ancestor, Container):
                    ancestor.add_class("-zoom")
            self.add_class("-zoomed")

    def cycle_layout(self) -> None:
        """Next layout of the screen."""
        body = self.query_one("#body")
        body.remove_class(f"-layout-{self.layout_number}")
        self.layout_number = (self.layout_number + 1) % self.LAYOUTS
        body.add_class(f"-layout-{self.layout_number}")
        if isinstance(self.focused, Pane) and not self.focused.region.height:
            self.step_focus(1)
