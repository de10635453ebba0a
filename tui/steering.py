"""What keys, lists and commands change of what a console shows: screen, instrument, timeframe, look, recording."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui.drawing.cells import ASCII, UNICODE
from tui.grammar import EXAMPLES
from tui.picture import png_of
from tui.recording import Playback, Recorder, read
from tui.screens.help import CommandsScreen
from tui.theme import Look
from tui.widgets.pane import Pane

if TYPE_CHECKING:
    from tui.wiring import WiredApp


class Steering:
    """Steers one console."""

    def __init__(self, app: WiredApp) -> None:
        self._app = app

    def go(self, mode: str) -> None:
        """Show a screen."""
        if mode != self._app.context.mode:
            self._app.desk.drop()
            self._app.context.mode = mode
            self._app.switch_mode(mode)

    def pick(self, symbol_id: int) -> None:
        """Trade another instrument."""
        if symbol_id == self._app.view.current or symbol_id not in self._app.view.markets:
            return
        self._app.desk.disarm("another instrument")
        self._app.desk.drop()
        self._app.view.current = symbol_id
        self._app.link.load_market(symbol_id, self._app.context.timeframe)
        self._app.draw_panes()

    def set_timeframe(self, name: str) -> None:
        """Show candles of another interval."""
        self._app.context.timeframe = name
        if self._app.view.current is not None:
            self._app.link.load_market(self._app.view.current, name)
        self._app.draw_panes()

    def set_theme(self, name: str) -> None:
        """Another theme, at once."""
        self._app.look = self._app.context.look = Look(name, ASCII if self._app.look.plain else UNICODE)
        self._app.theme = self._app.look.textual.name
        self._app.context.config.settings.theme = name
        for screen in self._app.screen_stack:
            for pane in screen.query(Pane):
                pane.forget()
        self._app.draw_panes()

    def set_rate(self, hz: float) -> None:
        """Frames a second, and as many books."""
        self._app.context.config.settings.rate_hz = hz
        self._app.restart_timer()
        self._app.link.set_rate(hz)

    def save_shot(self, kind: str, file: str | None) -> None:
        """Save the screen as a picture; PNG needs a Chromium on this machine."""
        path = Path(file or f"tradesim-{self._app.context.mode}.svg").expanduser().with_suffix(".svg")
        try:
            path.write_text(self._app.export_screenshot(), encoding="utf-8")
        except OSError as error:
            self._app.notices.tell("warning", f"{path}: {error.strerror}")
            return
        made = png_of(path) if kind == "png" else path
        if made is None:
            self._app.notices.tell("warning", f"no Chromium here to make a PNG: {path} is the SVG")
        else:
            if made != path:
                path.unlink()
            self._app.notices.tell("information", f"saved {made}")

    def show_commands(self) -> None:
        """List the command language."""
        self._app.push_screen(CommandsScreen(self._app.context, EXAMPLES))

    def tour(self) -> None:
        """Show what to try, one thing after the other."""
        if self._app.context.tour is not None:
            self._app.context.tour.start()
            self._app.draw_panes()

    def record(self, file: str) -> None:
        """Record what the console hears; ``rec off`` ends it."""
        if file == "off":
            self._app.link.record(None)
            self._app.notices.tell("information", "recording ended")
            return
        try:
            recorder = Recorder(Path(file).expanduser(), self._app.view, self._app.context.clock.wall_ms())
        except OSError as error:
            self._app.notices.tell("warning", f"{file}: {error.strerror}")
        else:
            self._app.link.record(recorder)
            self._app.notices.tell("information", f"recording to {recorder.path}; rec off ends it")

    def replay(self, file: str, speed: float) -> None:
        """Show a recording instead of the exchange; ``replay off`` comes back."""
        if file == "off":
            self._app.link.switch(None)
            return
        path = Path(file).expanduser()
        if not path.is_file():
            self._app.notices.tell("warning", f"{path}: no such file")
            return
        self._app.link.switch(Playback(partial(read, path), speed))

    def simulate(self, verb: str, argument: float | None) -> bool:
        """Control a recording that is shown; False when the exchange is live."""
        playback = self._app.link.playback
        if playback is None:
            return False
        match verb:
            case "pause":
                playback.pause()
            case "start":
                playback.resume()
            case "step":
                playback.step()
            case "speed":
                playback.set_speed(argument or 1.0)
            case _:
                return False
        return True

    def leave(self) -> None:
        """Quit; ask first when a position or an order is open."""
        view = self._app.view
        count = len(view.orders.open_orders())
        if view.portfolio.flat and not count:
            self._app.exit()
            return

        async def leave() -> None:
            self._app.exit()

        position = "no position" if view.portfolio.flat else "a position"
        self._app.desk.confirm(f"QUIT with {position} and {count} working orders", leave, "q")
