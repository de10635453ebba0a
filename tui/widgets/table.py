"""The base of all lists: a header, rows, a selection, scrolling, sorting, a filter."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding

from tui import keys
from tui.drawing.cells import Row, centred, overlay, row_text
from tui.drawing.table import Cells, Column, header, layout, line
from tui.widgets.pane import Hints, Pane

R = TypeVar("R")


class TablePane(Pane, Generic[R]):
    """A list; subclasses give columns and records."""

    KEYS = keys.LIST
    BINDINGS = [Binding(key.keys, key.action, key.does, id=key.id, show=False) for key in keys.LIST]
    COLUMNS: ClassVar[Sequence[Column]] = ()
    EMPTY: ClassVar[str] = "nothing yet"
    EMPTY_WATCHING: ClassVar[str | None] = None
    """What a spectator reads instead of ``EMPTY``; None for the same."""
    EMPTY_REPLAY: ClassVar[str] = "nothing at this moment of the recording"
    SORTS: ClassVar[tuple[str, ...]] = ()
    """Names of the orders that ``s`` goes through."""
    FOLLOWS: ClassVar[bool] = False
    """Whether a selection on the newest row stays on the newest; else it stays on its record, wherever that goes."""
    EVERY = 3

    selected = 0
    """Row of the selection, as it was drawn last."""
    held: Hashable = None
    """What the selected record is told by; None while the selection is a row."""
    top = 0
    sort = 0

    # --- what a subclass says

    def records(self) -> Sequence[R]:
        """What the rows stand for, in order."""
        raise NotImplementedError

    def cells(self, record: R) -> Cells:
        """One row: a span for each of ``COLUMNS``."""
        raise NotImplementedError

    def identity(self, record: R) -> Hashable:
        """What a record is told by while its place and its figures change."""
        raise NotImplementedError

    def empty(self) -> str:
        """What stands where there are no records."""
        if self.context.replay is not None:
            return self.EMPTY_REPLAY
        watching = self.EMPTY_WATCHING if self.context.view.session.spectator else None
        return watching or self.EMPTY

    def opened(self, record: R) -> None:
        """Enter was pressed on a row."""

    def hints(self) -> Hints:
        """What the key line shows: opening and sorting only where there is something to open or to sort by."""
        idle = {"Enter"} if type(self).opened is TablePane.opened else set()
        idle |= set() if self.SORTS else {"s"}
        return tuple(hint for hint in super().hints() if hint[0] not in idle)

    def data_stamp(self) -> Hashable:
        """What the records depend on."""
        raise NotImplementedError

    # --- drawing

    def stamp(self) -> Hashable:
        if self.context.frozen:
            return ("frozen", self.selected, self.top)
        return (
            self.data_stamp(), self.selected, self.top, self.sort, self.context.filters.get(self.NAME),
            self.waiting_stamp(), self.context.view.session.spectator,
        )  # fmt: skip

    def draw(self, width: int, height: int) -> Sequence[Row]:
        unready = self.unready(width, height)
        if unready is not None:
            return unready
        records = self.matching()
        room = max(0, height - 1)
        self._follow(records)
        self._clamp(len(records), room)
        self._hold(records)
        if not records:
            wanted = self.context.filters.get(self.NAME)
            text = f"nothing matches /{wanted}" if wanted else self.empty()
            return [header(self.COLUMNS, layout(self.COLUMNS, width), width), *centred(text, width, room)]
        visible = [self.cells(record) for record in records[self.top : self.top + room]]
        shown = layout(self.COLUMNS, width, visible)
        rows = [header(self.COLUMNS, shown, width)]
        for index, cells in enumerate(visible, self.top):
            row = line(self.COLUMNS, shown, cells, width)
            if index == self.selected and self.has_focus:
                row = overlay(row, "selected")
            rows.append(row)
        return rows

    def note(self) -> Row:
        count = len(self.matching())
        wanted = self.context.filters.get(self.NAME)
        spans: Row = ((f"/{wanted}  ", "key"),) if wanted else ()
        if self.SORTS:
            spans = (*spans, (f"by {self.SORTS[self.sort % len(self.SORTS)]}  ", "dim"))
        return (*spans, (str(count), "dim"))

    def matching(self) -> Sequence[R]:
        """Records that pass the filter."""
        records = self.records()
        wanted = self.context.filters.get(self.NAME, "").lower()
        if not wanted:
            return records
        return [record for record in records if wanted in row_text(self.cells(record)).lower()]

    def current(self) -> R | None:
        """The record that is selected."""
        records = self.matching()
        place = self._place(records)
        return records[place] if place is not None and 0 <= place < len(records) else None

    def _place(self, records: Sequence[R]) -> int | None:
        """Row of the selected record; None when it is gone."""
        at = self.selected
        if self.held is None or (0 <= at < len(records) and self.identity(records[at]) == self.held):
            return at
        return next((row for row, record in enumerate(records) if self.identity(record) == self.held), None)

    def _follow(self, records: Sequence[R]) -> None:
        place = self._place(records)
        if place is not None:
            self.selected = place

    def _hold(self, records: Sequence[R]) -> None:
        follows = self.FOLLOWS and self.selected == 0
        self.held = self.identity(records[self.selected]) if records and not follows else None

    def _select(self, records: Sequence[R], row: int) -> None:
        self.selected = max(0, min(len(records) - 1, row))
        self._hold(records)
        self.tick()

    def _clamp(self, count: int, room: int) -> None:
        self.selected = max(0, min(self.selected, count - 1))
        self.top = max(0, min(self.top, self.selected, count - room))
        if self.selected >= self.top + room:
            self.top = self.selected - room + 1

    # --- keys

    def action_row(self, steps: int) -> None:
        """Move the selection."""
        records = self.matching()
        self._follow(records)
        self._select(records, self.selected + steps)

    def action_open(self) -> None:
        """Open the selected row."""
        record = self.current()
        if record is not None:
            self.opened(record)

    def action_sort(self) -> None:
        """Sort by the next column."""
        if self.SORTS:
            self.sort = (self.sort + 1) % len(self.SORTS)
            self.tick()

    # --- mouse

    def on_click(self, event: events.Click) -> None:
        """Select the row; a second click opens it."""
        index = event.y - 2 + self.top
        records = self.matching()
        if 0 <= index < len(records) and event.y >= 2:
            again = index == self.selected and event.chain == 2
            self._select(records, index)
            if again:
                self.action_open()

    def on_mouse_scroll_up(self) -> None:
        """Wheel."""
        self.action_row(-3)

    def on_mouse_scroll_down(self) -> None:
        """Wheel."""
        self.action_row(3)
