"""What every pane may read: the view, the desk, the look, the clocks; plain state of the screen that no pane owns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tui.config import ConsoleConfig
from tui.desk import Desk
from tui.drawing.replay import Progress
from tui.meter import Meter
from tui.paint import Painter
from tui.theme import Look
from tui.tour import Tour
from tui.view import Clock, View
from tui.watching import Watching


@dataclass(slots=True)
class Context:
    """Shared by the panes of one console."""

    view: View
    desk: Desk
    look: Look
    clock: Clock
    config: ConsoleConfig
    meter: Meter
    painter: Painter
    timeframe: str = "5s"
    group: int = 1
    frozen: bool = False
    """The picture stands still; the feed goes on."""
    jumping: bool = False
    """Panes show their letters."""
    mode: str = "trade"
    replay: Callable[[], Progress] | None = None
    """Where the recording that is shown stands; None on an exchange."""
    tour: Tour | None = None
    watching: Watching | None = None
    """The agent whose orders the ladder shows beside the own ones."""
    line_asked: bool = False
    """A pane asked for a line to type into: keys wait until it is open."""
    hint: str = ""
    """What a started key sequence waits for."""
    filters: dict[str, str] = field(default_factory=dict)
    """Filter of each list, by the pane's name."""
    fill_flash: dict[tuple[int, int], float] = field(default_factory=dict)
    """Own fills that still flash: symbol id and price in ticks, until when (monotonic seconds)."""
