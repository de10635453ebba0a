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
    BINDINGS = [
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "ten up", show=False),
        Binding("pagedown", "scroll(10)", "ten down", show=False),
    ]
    top = 0

    def __init__(self, context: Context, name: str, table: tuple[keys.Key, ...]) -> None:
        super().__init__(context)
        self.pane_name = name
        self.table = table

    def stamp(self) -> Hashable:
        return self.pane_name

    def title(self) -> Row:
        return ((f"{self.pane_name} ", "bright"),)

    def note(self) -> Row:
        return (("↑↓ scrolls · Esc closes", "dim"),)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        here = self._groups(self.table)
        here_too = {key.id for key in self.table}
        everywhere = self._groups(tuple(key for key in keys.APP if key.id not in here_too))
        if width < 90:
            rows = [fill_row(row, width) for row in (*self._lines(here, width), *self._lines(everywhere, width))]
            self.top = max(0, min(self.top, len(rows) - height))
            return rows[self.top : self.top + height]
        column = width * 11 // 20
        left = self._lines(here, column)
        right = self._lines(everywhere, width - column)
        count = max(len(left), len(right))
        blank: Row = ()
        left += [blank] * (count - len(left))
        right += [blank] * (count - len(right))
        return [(*fill_row(a, column), *fill_row(b, width - column)) for a, b in zip(left, right, strict=True)][:height]

    def action_scroll(self, rows: int) -> None:
        """Move through a list that is longer than the screen."""
        self.top = max(0, self.top + rows)
        self.forget()
        self.tick()

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
                if key.id.startswith("size.") and key.id[-1] in "2345" and not changed:
                    continue
                presets = key.id == "size.1" and not changed
                shown, does = ("1-5", "size presets") if presets else (changed.get(key.id, key.shown), key.does)
                spans: list[Span] = [(f"  {shown:<10}", "key"), (does, "text")]
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


class CommandsPane(HelpPane):
    """The command language by examples."""

    NAME = "commands"

    def __init__(self, context: Context, examples: Sequence[tuple[str, str]]) -> None:
        super().__init__(context, "", ())
        self.examples = examples

    def draw(self, width: int, height: int) -> Sequence[Row]:
        rows = [fill_row(((f" {text:<42}", "key"), (does, "text")), width) for text, does in self.examples]
        rows.append(fill_row(((" ; chains commands · Tab completes · ↑ older lines", "dim"),), width))
        self.top = max(0, min(self.top, len(rows) - height))
        return rows[self.top : self.top + height]


class CommandsScreen(HelpScreen):
    """The command language; any of the closing keys closes it."""

    def __init__(self, context: Context, examples: Sequence[tuple[str, str]]) -> None:
        super().__init__(context, "", ())
        self.pane = CommandsPane(context, examples)
