"""The palette (Ctrl+P): every key, screen, theme, instrument and command of the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui import keys
from tui.drawing.cells import printable
from tui.grammar import EXAMPLES
from tui.messages import AskLine
from tui.theme import THEMES
from tui.view import INTERVALS
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from tui.wiring import WiredApp

Entry = tuple[str, str, Callable[[], object]]
"""What is shown, a word about it, and what it does."""


class ConsoleCommands(Provider):
    """All that can be done, by name."""

    def entries(self) -> Iterator[Entry]:
        """Everything, the nearest first."""
        app, pane = cast("WiredApp", self.app), self.focused
        if isinstance(pane, Pane):
            for key in pane.KEYS:
                yield f"{key.does}", f"key {key.shown}", partial(app.run_action, key.action, pane)
        for number, (mode, title) in enumerate(keys.MODES, 1):
            yield f"go to {title}", f"g {number}", partial(app.steering.go, mode)
        for key in keys.APP:
            if key.id not in ("app.palette", "pane.next", "pane.previous"):
                yield key.does, f"key {key.shown}", partial(app.run_action, key.action, app)
        for market in app.view.ordered():
            symbol_id = market.instrument.symbol_id
            yield f"trade {market.ticker}", market.instrument.description, partial(app.steering.pick, symbol_id)
        for name in INTERVALS:
            yield f"timeframe {name}", "candles", partial(app.steering.set_timeframe, name)
        for name in THEMES:
            yield f"theme {name}", "look", partial(app.steering.set_theme, name)
        for example, does in EXAMPLES:
            yield f": {example}", does, partial(app.post_message, AskLine("command", example))

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for text, help_text, call in self.entries():
            yield DiscoveryHit(line(text, help_text), call, text=text)

    async def search(self, query: str) -> Hits:
        """What matches the letters typed."""
        matcher = self.matcher(query)
        for text, help_text, call in self.entries():
            score = max(matcher.match(text), matcher.match(help_text) * 0.8)
            if score > 0:
                yield Hit(score, line(text, help_text), call, text=text)


def line(text: str, note: str) -> Content:
    """One line of the list: what it does, and by which key."""
    return Content(f"{printable(text):<48}") + Content.styled(printable(note), "not bold $dim")
