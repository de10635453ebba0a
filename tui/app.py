"""The console app: its keys, and what panes and lists ask of it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from tui import keys
from tui.completion import Vocabulary
from tui.config import ConsoleConfig
from tui.feed import Source
from tui.grammar import GrammarError, parse_qty
from tui.messages import AdminAsked, AskLine, OpenDetail, PickInstrument, WatchOrders
from tui.screens.base import ModeScreen
from tui.screens.detail import DetailScreen
from tui.screens.help import HelpScreen
from tui.view import INTERVALS, Clock
from tui.watching import Watching
from tui.widgets.command import CommandBar, LineSuggester
from tui.widgets.pane import Pane
from tui.wiring import WiredApp


class ConsoleApp(WiredApp):
    """The trading console on one exchange. ``source`` makes a connection to it.

    Without ``timer`` nothing is drawn but by ``draw_now``.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.does, id=key.id, show=False)
        for key in keys.APP
        if key.id not in ("app.palette", "pane.next", "pane.previous")
    ]
    _prefix = ""
    _before: object = None
    """What had the focus before a line was opened."""
    _amended = 0
    """Order whose new size is typed."""

    def __init__(
        self, source: Source, config: ConsoleConfig | None = None, clock: Clock | None = None, *, timer: bool = True
    ) -> None:
        super().__init__(source, config, clock, timer=timer)
        self._held: list[events.Key] = []
        """Keys for a line that is about to open."""

    # --- keys that Textual's bindings cannot say

    async def on_event(self, event: events.Event) -> None:
        """Keys for panes are obeyed at once and in their order, before the next one is looked at.

        Textual would hand each to the widget in focus and take it back when it was not wanted; of keys that come in one
        burst (over SSH, or while the console is busy) all would go to the pane that had the focus at the first: the
        letters of a command to the ladder, where they trade.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.meter.key_pressed(time.perf_counter())
            self.desk.touch()
            self.notices.key_pressed()
            if self.context.tour is not None and not isinstance(self.focused, CommandBar):
                self.context.tour.pressed(event.key)
            if self.context.line_asked:
                self._held.append(event)
                return
            if self.focused is None or isinstance(self.focused, Pane):
                self.app_focus = True
                if not self._intercept(event.key) and not await self._check_bindings(event.key, priority=True):
                    await self._check_bindings(event.key)
                return
        await super().on_event(event)

    def on_app_blur(self) -> None:
        """Nobody looks: one key must not trade."""
        self.desk.disarm("the terminal lost the focus")

    def on_key(self, event: events.Key) -> None:
        """What a line or a form had no use for may still be an answer, or the second key of a sequence."""
        if self._intercept(event.key):
            event.stop()
            event.prevent_default()

    def _intercept(self, key: str) -> bool:
        if self._prefix:
            prefix, self._prefix = self._prefix, ""
            self.context.hint, self.context.jumping = "", False
            self.draw_panes()
            return self._second_key(prefix, key)
        if isinstance(self.focused, CommandBar):
            return False
        return self.desk.answer(key)

    def _second_key(self, prefix: str, key: str) -> bool:
        if prefix == "go" and key.isdigit() and 1 <= int(key) <= len(keys.MODES):
            self.steering.go(keys.MODES[int(key) - 1][0])
        elif prefix == "jump":
            for pane in self.screen.query(Pane):
                if key == pane.LETTER and pane.display and pane.region.height:
                    self.screen.set_focus(pane)
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
        self.draw_panes()

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
        self.draw_panes()

    def action_instrument(self, step: int) -> None:
        """Next or previous instrument."""
        ids = sorted(self.view.markets)
        if ids:
            at = ids.index(self.view.current) if self.view.current in ids else 0
            self.steering.pick(ids[(at + step) % len(ids)])

    def on_open_detail(self, message: OpenDetail) -> None:
        """Show everything about a record."""
        self.push_screen(DetailScreen(self.context, message.record))

    def on_watch_orders(self, message: WatchOrders) -> None:
        """Show an agent's orders in the ladder, or those of the one that is shown no more."""
        before, self.context.watching = self.context.watching, None
        if before is None or before.agent_id != message.agent_id:
            if message.agent_id != self.view.session.agent_id:
                self.context.watching = self.control.watch(message.agent_id, message.name)
                if self.context.watching is None:
                    return
                self.run_worker(self._begin_watching(self.context.watching), group="watching")
            self.steering.go("trade")
        self.draw_panes()

    async def _begin_watching(self, watching: Watching) -> None:
        """Read the orders, and go to an instrument that has some."""
        await self.control.refresh(watching)
        symbols = [order.symbol_id for order in watching.orders]
        if symbols and self.view.current not in symbols and self.context.watching is watching:
            self.steering.pick(symbols[0])
        self.draw_panes()

    def on_admin_asked(self, message: AdminAsked) -> None:
        """A pane asked for an admin action."""
        self.control.ask(message.verb, message.subject)

    def on_pick_instrument(self, message: PickInstrument) -> None:
        """A list picked an instrument."""
        self.steering.pick(message.symbol_id)
        self.steering.go("trade")

    def action_timeframe(self) -> None:
        """Next timeframe of the chart."""
        names = list(INTERVALS)
        self.steering.set_timeframe(names[(names.index(self.context.timeframe) + 1) % len(names)])

    def action_command(self) -> None:
        """Open the command bar."""
        self.open_line(AskLine("command"))

    def action_filter(self) -> None:
        """Filter the list in focus."""
        name = getattr(self.focused, "NAME", "")
        self.open_line(AskLine("filter", self.context.filters.get(name, "")))

    async def on_ask_line(self, message: AskLine) -> None:
        """A pane asked for a line; the keys that came meanwhile are for it."""
        self.open_line(message)
        self.context.line_asked = False
        held, self._held = self._held, []
        for event in held:
            await self.on_event(event)

    def open_line(self, message: AskLine) -> None:
        """Open the bar for a command, a filter or a size."""
        if not isinstance(self.screen, ModeScreen):
            return
        self._before, self._amended = self.focused, message.order_id
        words = Vocabulary(
            [market.ticker for market in self.view.ordered()],
            [line.shape.name for line in self.view.agents.ranked()],
            [order.order_id for order in self.view.orders.open_orders() if order.order_id is not None],
        )
        suggester = LineSuggester(words) if message.purpose == "command" else None
        self.screen.query_one(CommandBar).open(message.purpose, message.text, suggester)

    def on_command_bar_typed(self, message: CommandBar.Typed) -> None:
        """A line was entered in the bar."""
        before = self._before
        if isinstance(before, Pane):
            before.screen.set_focus(before)
        if message.purpose == "filter" and isinstance(before, Pane):
            self.context.filters[before.NAME] = message.text
            before.tick()
        elif message.purpose == "size" and message.text:
            self._type_size(message.text)
        elif message.purpose == "amend" and message.text:
            self.runner.run(f"mv #{self._amended} * {message.text}")
        elif message.purpose == "command" and message.text:
            self.runner.run(message.text)
        self.draw_panes()

    def _type_size(self, text: str) -> None:
        try:
            units = parse_qty(text).units
        except GrammarError as error:
            self.notices.tell("warning", str(error))
        else:
            if units is not None:
                self.desk.set_size(units)

    def action_help(self) -> None:
        """Keys of the pane in focus."""
        pane = self.focused
        name = pane.NAME if isinstance(pane, Pane) else ""
        table = pane.KEYS if isinstance(pane, Pane) else ()
        self.push_screen(HelpScreen(self.context, name, table))

    def action_escape(self) -> None:
        """Drop what waits, watch nobody, leave the zoom."""
        self.desk.drop()
        self.context.watching = None
        if isinstance(self.screen, ModeScreen) and self.screen.has_class("-zoomed"):
            self.screen.zoom()
        self.draw_panes()

    def action_quit_asked(self) -> None:
        """Quit; ask first when a position or an order is open."""
        self.steering.leave()
