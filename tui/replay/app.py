"""The console on a recorded session: the same screens, with keys that wind instead of keys that trade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui import keys
from tui.app import ConsoleApp
from tui.config import ConsoleConfig
from tui.drawing.replay import Progress
from tui.messages import AskLine
from tui.replay.feed import ReplayFeed
from tui.replay.places import PlaceError, place, stamp
from tui.replay.story import told
from tui.screens.help import HelpScreen
from tui.steering import Steering
from tui.view import Clock
from tui.widgets.command import CommandBar
from tui.widgets.pane import Pane

REFUSAL = "this is a replay: W goes on live from here"


class ReplayApp(ConsoleApp):
    """Ends with ``live`` set when its user wants to go on from where the recording stands."""

    CSS_PATH = "../console.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.does, id=key.id, show=False)
        for key in keys.REPLAY
        if key.id.startswith("replay.")
    ]

    def __init__(
        self,
        feed: ReplayFeed,
        config: ConsoleConfig | None = None,
        clock: Clock | None = None,
        *,
        notes: Sequence[str] = (),
        timer: bool = True,
    ) -> None:
        config = config or ConsoleConfig()
        config.spectator = True
        super().__init__(lambda: feed, config, clock, timer=timer)
        self.feed = feed
        self.notes = notes
        """What is told at the start."""
        self.live = False
        feed.tell = lambda text: self._tell("information", text)
        self.view.session.refusal = REFUSAL
        self.context.replay = self.progress

    def on_mount(self) -> None:
        """Tell the notes; the console mounts itself."""
        for note in self.notes:
            self.notify(note, title="replay", severity="warning", timeout=10, markup=False)

    def progress(self) -> Progress:
        """What the line at the bottom says."""
        status = self.feed.status()
        millis = "" if status.playing else f".{status.time // 1_000_000 % 1_000:03d}"
        behind = " (as fast as it goes)" if status.behind else ""
        return Progress(
            playing=status.playing,
            winding=status.winding,
            speed=f"×{status.speed:g}",
            share=status.share,
            time=stamp(status.time) + millis + behind,
            number=status.number,
            last=status.last,
            happened=told(status.moment, self.feed.playhead.service) if status.moment and not status.playing else "",
            warning=status.problem,
        )

    # --- keys

    def action_freeze(self) -> None:
        """Pause, or go on."""
        self.feed.toggle()

    def action_step(self, commands: int) -> None:
        """One command on or back."""
        self.feed.step(commands)

    def action_find(self, what: str, direction: int) -> None:
        """To the next or previous trade or headline."""
        if what == "trade":
            self.feed.find_trade(self.view.current, direction > 0)
        else:
            self.feed.find_news(direction > 0)

    def action_speed(self, steps: int) -> None:
        """Faster or slower."""
        self.feed.faster(steps)

    def action_jump(self) -> None:
        """Type a time to go to."""
        self.open_line(AskLine("place"))

    def on_command_bar_typed(self, message: CommandBar.Typed) -> None:
        """A place was typed; all other lines are the console's."""
        if message.purpose == "place" and message.text:
            head = self.feed.playhead
            try:
                self.feed.seek(place(message.text, head.recording, head.time))
            except PlaceError as error:
                self._tell("warning", str(error))

    def action_what_if(self) -> None:
        """Ask whether to go on live from here."""

        async def leave() -> None:
            self.live = True
            self.exit()

        text = f"GO ON LIVE from {stamp(self.feed.playhead.time)}, in a copy"
        self.desk.confirm(text, leave, "W")

    def action_help(self) -> None:
        """Keys of the replay, and those of the pane in focus that do not trade."""
        pane = self.focused
        table = pane.KEYS if isinstance(pane, Pane) else ()
        here = tuple(key for key in table if key.group in ("Cursor", "List"))
        self.push_screen(HelpScreen(self.context, "replay", keys.REPLAY + here))

    def steer(self) -> Steering:
        """The same, but for the recording."""
        return ReplaySteering(self)


class ReplaySteering(Steering):
    """Winds the recording."""

    def __init__(self, app: ReplayApp) -> None:
        super().__init__(app)
        self._replay = app

    def simulate(self, verb: str, argument: float | None) -> bool:
        """``sim pause``, ``sim start``, ``sim step``, ``sim speed X``; ``sim reset N``: to the beginning."""
        match verb:
            case "pause" | "start":
                if self._replay.feed.status().playing == (verb == "pause"):
                    self._replay.feed.toggle()
            case "step":
                self._replay.feed.step(1)
            case "speed":
                self._replay.feed.set_speed(argument or 1.0)
            case _:
                self._replay.feed.seek(0)
        return True

    def leave(self) -> None:
        """Quit; nothing can be lost."""
        self._replay.exit()
