"""The console app: wires feed, view, desk and screens together; one timer draws."""

from __future__ import annotations

import os
import time
from collections.abc import Coroutine
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver

from tui import keys
from tui.config import ConsoleConfig, key_problems
from tui.context import Context
from tui.control import Control
from tui.desk import Asked, Desk, DeskSettings
from tui.feed import Source
from tui.messages import AdminAsked, AskLine, OpenDetail, PickInstrument
from tui.meter import Meter
from tui.notices import Notices
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
from tui.theme import THEMES, Look, look_for
from tui.view import INTERVALS, Clock, View
from tui.widgets.command import CommandBar
from tui.widgets.ladder import Ladder
from tui.widgets.pane import Pane

SCREENS: tuple[type[ModeScreen], ...] = (
    TradeScreen, MarketsScreen, AgentsScreen, BlotterScreen, PerformanceScreen, NewsScreen, AdminScreen,
)  # fmt: skip


class ConsoleApp(App[None]):
    """The trading console on one exchange. ``source`` makes a connection to it.

    Without ``timer`` nothing is drawn but by ``draw_now``.
    """

    CSS_PATH = "console.tcss"
    TITLE = "tradesim"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.does, id=key.id, show=False)
        for key in keys.APP
        if key.id not in ("app.palette", "pane.next", "pane.previous")
    ]

    def __init__(
        self, source: Source, config: ConsoleConfig | None = None, clock: Clock | None = None, *, timer: bool = True
    ) -> None:
        config = config or ConsoleConfig()
        settings = config.settings
        self.look = look_for(settings.theme, os.environ.get("TERM", ""), "NO_COLOR" in os.environ, settings.ascii)
        self.meter = Meter()
        super().__init__()
        for name in THEMES:
            self.register_theme(Look(name).textual)
        self.theme = self.look.textual.name
        self.clock = clock or Clock()
        self.view = View()
        desk_settings = DeskSettings(list(settings.sizes), settings.size, settings.sweep, settings.band)
        self.desk = Desk(self.view, self.clock, desk_settings, self._tell, self._spawn)
        self.context = Context(self.view, self.desk, self.look, self.clock, config, self.meter, settings.timeframe)
        self.link = ExchangeLink(source, self.view, self.desk, self.clock, config, self._tick_lines)
        self.control = Control(self.context, self._tell, self._spawn, self._open_form)
        self.notices = Notices(self.context, self.notify, self.bell, self.clear_notifications)
        self.desk.on_change = self._tick_lines
        self._timer_on = timer
        self._prefix = ""
        self._before: object = None
        self._frame_number = 0
        self._expected = 0.0

    # --- life

    def on_mount(self) -> None:
        """Keys, screens, the feed, the timer."""
        self.set_keymap(self.context.config.keymap)
        for screen in SCREENS:
            self.add_mode(screen.MODE, partial(screen, self.context))
        self.switch_mode("trade")
        for problem in key_problems(self.context.config.keymap):
            self.notify(problem, title="keys", severity="warning", timeout=15, markup=False)
        self.run_worker(self.link.run(), name="feed", exclusive=True)
        if self._timer_on:
            self.set_interval(1 / self.context.config.settings.rate_hz, self._frame)
            self.set_interval(1, self._second)

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver for this terminal, with its bytes counted."""
        return metered(super().get_driver_class(), self.meter)

    # --- time

    def _frame(self) -> None:
        now = time.perf_counter()
        period = 1 / self.context.config.settings.rate_hz
        if self._expected:
            self.meter.lag(max(0.0, now - self._expected))
        self._expected = now + period
        self.desk.tick()
        self._tick()
        self._frame_number += 1
        self.meter.frames += 1

    def draw_now(self) -> None:
        """Draw all panes as a frame of the timer would: for tests and pictures, which run without one."""
        self.desk.tick()
        self._frame_number = 0
        self._tick()

    def _tick(self) -> None:
        screen = self.screen
        if isinstance(screen, ModeScreen | HelpScreen | DetailScreen):
            screen.tick(self._frame_number)

    def _tick_lines(self) -> None:
        if isinstance(self.screen_or_none, ModeScreen):
            self.screen_or_none.tick_lines()

    @property
    def screen_or_none(self) -> object:
        """The screen on top, or None before there is one."""
        return self.screen if self._running and self._screen_stack else None

    def _second(self) -> None:
        self.view.second()
        self.meter.second(time.perf_counter())
        self.notices.second()

    # --- keys that Textual's bindings cannot say

    async def on_event(self, event: events.Event) -> None:
        """Every key counts as a sign of life, whoever it is for."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.meter.key_pressed(time.perf_counter())
            self.desk.touch()
            self.notices.key_pressed()
        await super().on_event(event)

    def on_app_blur(self) -> None:
        """Nobody looks: one key must not trade."""
        self.desk.disarm("the terminal lost the focus")

    def on_key(self, event: events.Key) -> None:
        """Answers to questions and second keys of sequences come before all bindings.

        Keys arrive here in their order, after the widget in focus saw them, so that a fast ``b`` Enter is not torn.
        """
        if self._intercept(event.key):
            event.stop()
            event.prevent_default()

    def _intercept(self, key: str) -> bool:
        if self._prefix:
            prefix, self._prefix = self._prefix, ""
            self.context.hint, self.context.jumping = "", False
            self._tick()
            return self._second_key(prefix, key)
        if isinstance(self.focused, CommandBar):
            return False
        return self.desk.answer(key)

    def _second_key(self, prefix: str, key: str) -> bool:
        if prefix == "go" and key.isdigit() and 1 <= int(key) <= len(keys.MODES):
            self.go(keys.MODES[int(key) - 1][0])
        elif prefix == "jump":
            for pane in self.screen.query(Pane):
                if key == pane.LETTER and pane.display and pane.region.height:
                    pane.focus()
                    break
        return True

    # --- actions

    def action_prefix(self, prefix: str) -> None:
        """First key of a sequence."""
        self._prefix = prefix
        if prefix == "go":
            self.context.hint = "go  " + "  ".join(f"{n} {title}" for n, (_m, title) in enumerate(keys.MODES, 1))
        else:
            self.context.hint, self.context.jumping = "jump to the pane of the marked letter", True
        self._tick()

    def go(self, mode: str) -> None:
        """Show a screen."""
        if mode != self.context.mode and mode in {screen.MODE for screen in SCREENS}:
            self.desk.drop()
            self.context.mode = mode
            self.switch_mode(mode)

    def action_pane(self, step: int) -> None:
        """Focus the next pane."""
        if isinstance(self.screen, ModeScreen):
            self.screen.step_focus(step)

    def action_zoom(self) -> None:
        """Zoom the pane in focus."""
        if isinstance(self.screen, ModeScreen):
            self.screen.zoom()

    def action_layout(self) -> None:
        """Next layout."""
        if isinstance(self.screen, ModeScreen):
            self.screen.cycle_layout()

    def action_freeze(self) -> None:
        """Freeze the picture, or let it go on."""
        self.context.frozen = not self.context.frozen
        self._tick()

    def action_instrument(self, step: int) -> None:
        """Next or previous instrument."""
        ids = sorted(self.view.markets)
        if ids:
            at = ids.index(self.view.current) if self.view.current in ids else 0
            self.pick(ids[(at + step) % len(ids)])

    def pick(self, symbol_id: int) -> None:
        """Trade another instrument."""
        if symbol_id == self.view.current or symbol_id not in self.view.markets:
            return
        self.desk.disarm("another instrument")
        self.desk.drop()
        self.view.current = symbol_id
        for ladder in self.query(Ladder):
            ladder.reset()
        self.link.load_market(symbol_id, self.context.timeframe)
        self._tick()

    def on_open_detail(self, message: OpenDetail) -> None:
        """Show everything about a record."""
        self.push_screen(DetailScreen(self.context, message.record))

    def on_admin_asked(self, message: AdminAsked) -> None:
        """A pane asked for an admin action."""
        self.control.ask(message.verb, message.subject)

    def _open_form(self, name: str) -> None:
        tickers = {market.ticker.upper(): symbol_id for symbol_id, market in self.view.markets.items()}
        self.push_screen(FormScreen(FORMS[name], tickers), self.control.send)

    def on_pick_instrument(self, message: PickInstrument) -> None:
        """A list picked an instrument."""
        self.pick(message.symbol_id)
        self.go("trade")

    def action_timeframe(self) -> None:
        """Next timeframe of the chart."""
        names = list(INTERVALS)
        self.set_timeframe(names[(names.index(self.context.timeframe) + 1) % len(names)])

    def set_timeframe(self, name: str) -> None:
        """Show candles of another interval."""
        self.context.timeframe = name
        if self.view.current is not None:
            self.link.load_market(self.view.current, name)
        self._tick()

    def action_command(self) -> None:
        """Open the command bar."""
        self.on_ask_line(AskLine("command"))

    def action_filter(self) -> None:
        """Filter the list in focus."""
        name = getattr(self.focused, "NAME", "")
        self.on_ask_line(AskLine("filter", self.context.filters.get(name, "")))

    def on_ask_line(self, message: AskLine) -> None:
        """Open the bar for a command, a filter or a size."""
        self._before = self.focused
        self.screen.query_one(CommandBar).open(message.purpose, message.text)

    def on_command_bar_typed(self, message: CommandBar.Typed) -> None:
        """A line was entered in the bar."""
        before = self._before
        if isinstance(before, Pane):
            before.focus()
        if message.purpose == "filter" and isinstance(before, Pane):
            self.context.filters[before.NAME] = message.text
            before.tick()
        elif message.purpose == "size" and message.text:
            self._type_size(message.text)

    def _type_size(self, text: str) -> None:
        try:
            size = float(text.removesuffix("k")) * (1_000 if text.endswith("k") else 1)
        except ValueError:
            size = 0.0
        if 0 < size < 1e9:
            self.desk.set_size(size)
        else:
            self._tell("warning", f"not a size: {text}")

    def action_help(self) -> None:
        """Keys of the pane in focus."""
        pane = self.focused
        name = pane.NAME if isinstance(pane, Pane) else ""
        table = keys.LADDER if isinstance(pane, Ladder) else keys.LIST
        self.push_screen(HelpScreen(self.context, name, table))

    def action_escape(self) -> None:
        """Drop what waits, leave the zoom."""
        self.desk.drop()
        if isinstance(self.screen, ModeScreen) and self.screen.has_class("-zoomed"):
            self.screen.zoom()
        self._tick()

    def action_quit_asked(self) -> None:
        """Quit; ask first when a position or an order is open."""
        if self.view.portfolio.flat and not self.view.orders.open_orders():
            self.exit()
            return

        async def leave() -> None:
            self.exit()

        count = len(self.view.orders.open_orders())
        text = f"QUIT with {'a position' if not self.view.portfolio.flat else 'no position'} and {count} working orders"
        self.desk.ask(Asked(text, "y", "q", self.clock.mono() + 3, leave, "warn"))

    # --- telling

    def _tell(self, severity: str, text: str) -> None:
        self.notices.tell(severity, text)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(work, group="orders", exit_on_error=True)


def metered(base: type[Driver], meter: Meter) -> type[Driver]:
    """A driver that counts what it writes."""

    class Metered(base):  # type: ignore[misc, valid-type]
        def write(self, data: str) -> None:
            meter.wrote(len(data.encode("utf-8", "replace")), time.perf_counter())
            super().write(data)

    return Metered
