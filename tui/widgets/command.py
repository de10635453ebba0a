"""The command bar: one line of the console's language, with history and completion."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from tui.completion import Vocabulary, candidates
from tui.context import Context

HISTORY_LIMIT = 200


class LineSuggester(Suggester):
    """The first line that what is typed could grow to."""

    def __init__(self, words: Vocabulary) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """Best candidate, or None."""
        found = candidates(value, self._words)
        return found[0] if found and value.strip() else None


class CommandBar(Input):
    """Hidden until it is asked for; what is typed goes out as ``Typed``."""

    BINDINGS = [
        Binding("escape", "leave", "close", id="bar.leave", show=False),
        Binding("up", "history(-1)", "older", id="bar.older", show=False),
        Binding("down", "history(1)", "newer", id="bar.newer", show=False),
        Binding("tab", "complete", "complete", id="bar.complete", show=False),
    ]

    HINTS = (("Enter", "runs"), ("Tab", "completes"), ("↑↓", "history"), ("Esc", "closes"), (";", "chains"))

    class Typed(Message):
        """A line was entered; ``purpose`` is command, filter or size."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    def __init__(self, context: Context, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, select_on_focus=False)
        self.context = context
        self.purpose = "command"
        self._history: list[str] = []
        self._place = 0

    def open(self, purpose: str, text: str = "", suggester: Suggester | None = None) -> None:
        """Show the bar and take the keys."""
        self.purpose = purpose
        self.suggester = suggester
        self.placeholder = {
            "command": 'buy 10 ACME @ bid+1 post · x all · flat · sym BETA · tf 1m · news good "…" · ? lists all',
            "filter": "filter: text to look for, empty shows all",
            "size": "size of the next orders",
            "amend": "new open size of the order",
            "place": "where to: 14:05:30 · +90s · -2m · 43% · #4711 · start · end",
        }[purpose]
        self.value = text
        self.cursor_position = len(text)
        self._place = len(self._history)
        self._shown(True)
        self.screen.set_focus(self)

    def action_leave(self) -> None:
        """Close without doing anything."""
        self._shown(False)
        self.post_message(self.Typed("", ""))

    def action_history(self, step: int) -> None:
        """An older or newer line."""
        if not self._history:
            return
        self._place = max(0, min(len(self._history), self._place + step))
        self.value = self._history[self._place] if self._place < len(self._history) else ""
        self.cursor_position = len(self.value)

    def action_complete(self) -> None:
        """Take the suggestion."""
        if self._suggestion:
            self.value = self._suggestion
            self.cursor_position = len(self.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        text = self.value.strip()
        if text and self.purpose == "command":
            self._history = [*(line for line in self._history if line != text), text][-HISTORY_LIMIT:]
        self._shown(False)
        self.post_message(self.Typed(self.purpose, text))

    def _shown(self, shown: bool) -> None:
        """Take the place of the ticket line, or give it back."""
        self.set_class(shown, "-open")
        self.screen.set_class(shown, "-typing")
