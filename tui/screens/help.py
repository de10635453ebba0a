"""Help: the keys of the pane in focus, and those that work everywhere."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from tui import keys
from tui.context import Context
from tui.drawing.cells import Row, Span, fill_row
from tui.widgets.pane import Pane


class HelpPane(Pane):
    """Keys by group, in two columns where there is room."""

    NAME = "help"
    HINTS = (("Esc", "close"),)

    def __init__(self, context: Context, name: str, table: tuple[keys.Key, ...]) -> None:
        super().__init__(context)
        self.pane_name = name
        self.table = table

    def stamp(self) -> Hashable:
        return self.pane_name

    def title(self) -> Row:
        return ((f"{self.pane_name} ", "bright"),)

    def note(self) -> Row:
        return (("Esc closes", "dim"),)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        here = self._groups(self.table)
        everywhere = self._groups(keys.APP)
        column = width // 2
        left = self._lines(here, column)
        right = self._lines(everywhere, width - column)
        count = max(len(left), len(right))
        blank: Row = ()
        left += [blank] * (count - len(left))
        right += [blank] * (count - len(right))
        return [(*fill_row(a, column), *fill_row(b, width - column)) for a, b in zip(left, right, strict=True)][:height]

    def _groups(self, table: tuple[keys.Key, ...]) -> dict[str, list[keys.Key]]:
        groups: dict[str, list[keys.Key]] = {}
        for key in table:
            groups.setdefault(key.group, []).append(key)
        return groups

    def _lines(self, groups: dict[str, list[keys.Key]], width: int) -> list[Row]:
        lines: list[Row] = []
        changed = self.context.config.keymap
        for group, entries in groups.items():
            lines.append(((f" {group}", "header"),))
            for key in entries:
                shown = changed.get(key.id, key.shown)
                spans: list[Span] = [(f"  {shown:<10}", "key"), (key.does, "text")]
                lines.append(fill_row(spans, width))
        return lines


class HelpScreen(ModalScreen[None]):
    """Any key closes it."""

    BINDINGS = [Binding("escape,question_mark,f1,q,enter,space", "dismiss", "close", show=False)]

    def __init__(self, context: Context, name: str, table: tuple[keys.Key, ...]) -> None:
        super().__init__()
        self.context = context
        self.pane = HelpPane(context, name, table)

    def compose(self) -> ComposeResult:
        """The pane alone."""
        yield self.pane

    def on_mount(self) -> None:
        """Draw at once."""
        self.pane.focus()

    def tick(self, frame: int) -> None:
        """Part of the frame timer's round."""
        self.pane.tick(frame)
