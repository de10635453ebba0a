"""The console app without its keys: wires feed, view, desk and screens together; one timer draws."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar

from textual.app import App
from textual.command import Provider
from textual.driver import Driver
from textual.timer import Timer

from net.garbage import set_aside
from tui.commands import Runner
from tui.config import ConsoleConfig, key_problems
from tui.context import Context
from tui.control import Control
from tui.desk import Desk
from tui.feed import Source
from tui.meter import Meter
from tui.notices import Notices
from tui.paint import Painter, thrifty
from tui.palette import ConsoleCommands
from tui.plans import DeskSettings
from tui.screens.base import ModeScreen
from tui.screens.detail import DetailScreen
from tui.screens.forms import FORMS, FormScreen
from tui.screens.help import HelpScreen
from tui.screens.modes import (
    AdminScreen,
    AgentsScreen,
    BlotterScreen,
    MarketsScreen,
    NewsScreen,
    PerformanceScreen,
)
from tui.screens.trade import TradeScreen
from tui.session import ExchangeLink
from tui.steering import Steering
from tui.theme import THEMES, Look, look_for
from tui.tour import Tour
from tui.view import Clock, View

SCREENS: tuple[type[ModeScreen], ...] = (
    TradeScreen, MarketsScreen, AgentsScreen, BlotterScreen, PerformanceScreen, NewsScreen, AdminScreen,
)  # fmt: skip
SETTLED_S = 2.0
"""After so long the screens are there that stay."""
GC_THRESHOLDS = (5_000, 10, 10)
"""Of Python's collector from then on: a look through all that Textual keeps takes longer than a frame."""


class WiredApp(App[None]):
    """All parts of a console, which know each other; ``ConsoleApp`` is the hand at it."""

    CSS_PATH = "console.tcss"
    TITLE = "tradesim"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ConsoleCommands}

    def __init__(
        self, source: Source, config: ConsoleConfig | None = None, clock: Clock | None = None, *, timer: bool = True
    ) -> None:
        config = config or ConsoleConfig()
        settings = config.settings
        self.look = look_for(settings.theme, os.environ.get("TERM", ""), "NO_COLOR" in os.environ, settings.ascii)
        self.meter = Meter()
        self.painter = Painter(self.meter)
        super().__init__()
        for name in THEMES:
            self.register_theme(Look(name).textual)
        self.theme = self.look.textual.name
        self.clock = clock or Clock()
        self.view = View()
        desk_settings = DeskSettings(list(settings.sizes), settings.size, settings.sweep, settings.band)
        self.desk = Desk(self.view, self.clock, desk_settings, self._tell, self._spawn)
        self.context = Context(
            self.view, self.desk, self.look, self.clock, config, self.meter, self.painter, settings.timeframe
        )
        self.context.tour = Tour(config.keymap)
        self.link = ExchangeLink(source, self.view, self.desk, self.clock, config, self._tick_lines)
        self.control = Control(self.context, self._tell, self._spawn, self.open_form)
        self.steering = self.steer()
        self.runner = Runner(self.context, self.steering, self.control, self._tell)
        self.notices = Notices(self.context, self.notify, self.bell, self.clear_notifications)
        self.desk.on_change = self._tick_lines
        self._timer_on = timer
        self._timer: Timer | None = None
        self._frame_number = 0
        self._expected = 0.0

    def steer(self) -> Steering:
        """What the command language finds in place of a screen."""
        return Steering(self)

    def open_form(self, name: str) -> None:
        """Open a form by its name."""
        tickers = {market.ticker.upper(): symbol_id for symbol_id, market in self.view.markets.items()}
        self.push_screen(FormScreen(FORMS[name], tickers), self.control.send)

    # --- life

    def on_mount(self) -> None:
        """Keys, screens, the feed, the timer."""
        self.set_keymap(self.context.config.keymap)
        for screen in SCREENS:
            self.add_mode(screen.MODE, partial(screen, self.context))
        self.switch_mode("trade")
        for problem in key_problems(self.context.config.keymap):
            self.notify(problem, title="keys", severity="warning", timeout=15, markup=False)
        self.view.prefers = self.context.config.prefers
        if self.context.config.real is not None:
            self.context.config.real.on_note = partial(self._tell, "warning")
        if self.context.config.tour:
            self.steering.tour()
        self.run_worker(self.link.run(), name="feed", exclusive=True)
        if self._timer_on:
            self.restart_timer()
            self.set_interval(1, self.second)
            self.set_timer(SETTLED_S, partial(set_aside, GC_THRESHOLDS))

    def restart_timer(self) -> None:
        """Draw at the rate of the settings from now on."""
        if self._timer is not None:
            self._timer.stop()
        self._expected = 0.0
        self._timer = self.set_interval(1 / self.context.config.settings.rate_hz, self._frame)

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver for this terminal, made thrifty."""
        return thrifty(super().get_driver_class(), self.painter)

    # --- time

    def _frame(self) -> None:
        now = time.perf_counter()
        period = 1 / self.context.config.settings.rate_hz
        if self._expected:
            self.meter.lag(max(0.0, now - self._expected))
        self._expected = now + period
        self.desk.tick()
        self.draw_panes()
        self._frame_number += 1
        self.meter.frames += 1

    def draw_now(self) -> None:
        """Draw all panes as a frame of the timer would: for tests and pictures, which run without one."""
        self.desk.tick()
        self._frame_number = 0
        self.draw_panes()

    def draw_panes(self) -> None:
        """Bring all visible panes up to date."""
        for screen in self.screen_stack:  # what lies below a dialog goes on too
            if isinstance(screen, ModeScreen | HelpScreen | DetailScreen):
                screen.tick(self._frame_number)

    def _tick_lines(self) -> None:
        if self._running and self._screen_stack:
            for screen in self.screen_stack:
                if isinstance(screen, ModeScreen):
                    screen.tick_lines()

    def second(self) -> None:
        """What is done once a second: samples, counters, notices."""
        self.view.second()
        self.meter.second(time.perf_counter())
        self.notices.second()
        if self.context.watching is not None and self.context.mode == "trade":
            self.run_worker(self.control.refresh(self.context.watching), group="watching")

    # --- telling

    def _tell(self, severity: str, text: str) -> None:
        self.notices.tell(severity, text)

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        self.run_worker(work, group="orders", exit_on_error=True)
