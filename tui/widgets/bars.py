"""Status line, ticket line, key line."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property

from engine.types import InstrumentStatus
from tui import keys
from tui.drawing.candles import clock_text
from tui.drawing.cells import Row, centred, fill_row
from tui.drawing.replay import draw_replay
from tui.drawing.status import (
    Quote,
    Status,
    VenueLine,
    draw_keys,
    draw_question,
    draw_status,
    draw_ticket,
    draw_tour,
    draw_venue,
)
from tui.view import LinkState, Market, money
from tui.widgets.command import CommandBar
from tui.widgets.ladder import Ladder
from tui.widgets.pane import OTHER_HINTS, Pane

SIMULATED = "simulated"
"""Source of the instruments that trade only here."""
WIDE = 150
"""From this width on it has room for the other instruments and the exchange's time."""
CASH_WIDTH = 120
"""From this width on the status line has room for the cash."""


REPLAY_HINTS = (
    ("Space", "pause"), ("← →", "step"), ("r", "trade"), ("l", "news"), ("J", "jump"), ("W", "what if"),
    ("f d", "speed"),
)  # fmt: skip


class Bar(Pane, can_focus=False):
    """A line without a frame."""

    FRAMED = False


class StatusBar(Bar):
    """Price, position, P&L, size, SAFE or ARMED, and how well the exchange is heard."""

    _now: Status
    """As of the newest stamp."""

    def stamp(self) -> Hashable:
        self._now = self._status()
        return self._now

    def draw(self, width: int, height: int) -> Sequence[Row]:
        return [draw_status(self._now, width, self.look.glyphs)]

    def _status(self) -> Status:
        context, view, desk = self.context, self.context.view, self.context.desk
        now = context.clock.mono()
        market = view.market
        line = view.portfolio.positions.get(view.current) if view.current is not None else None
        held = line is not None and line.qty != 0
        others = [m for m in view.ordered() if m is not market] if self.size.width >= WIDE else []
        pnl = view.portfolio.pnl
        return Status(
            quotes=tuple(_quote(m) for m in ([market] if market else []) + others),
            spread=market.depth.spread if market and not market.in_auction else None,
            position=f"{line.qty:+g}" if line is not None and held else "flat",
            average=market.scale.text(market.scale.ticks(line.average)) if line is not None and held and market else "",
            cash=money(view.portfolio.cash) if view.portfolio.known and self.size.width >= CASH_WIDTH else "",
            pnl=round(pnl, 2),
            pnl_text=money(pnl, signed=True),
            size=market.scale.exact(desk.settings.size) if market else f"{desk.settings.size:g}",
            armed_s=int(desk.armed_until - now) if desk.armed and desk.armed_until is not None else None,
            spectator=view.session.spectator,
            link=view.link.state(now),
            link_text=self._link_text(now),
            mode=context.mode,
            watching="SPECTATOR" if context.replay is None else "REPLAY",
            account=not view.session.spectator or (context.replay is not None and view.portfolio.known),
            speed=view.simulation_speed,
            paused=view.agents.paused,
            time=clock_text(view.server_ms) if view.server_ms and self.size.width >= WIDE else "",
            phase=_phase(market) if market is not None else "",
        )

    def _link_text(self, now: float) -> str:
        link = self.context.view.link
        state = link.state(now)
        if state is LinkState.DOWN:
            wait = f" in {max(0, round(link.retry_at - now))} s" if link.retry_at is not None else ""
            return f"RECONNECT {max(1, link.attempt)}{wait}"
        if state is LinkState.CONNECTING:
            return "connecting"
        if state is LinkState.STALE:
            return f"STALE {now - link.priced_at:.0f} s" if link.engine else "ENGINE AWAY"
        latency = f" {link.latency_ms:.0f}ms" if link.latency_ms is not None else ""
        gaps = f" {link.gaps} gap{'s' * (link.gaps > 1)}" if link.gaps else ""
        return f"{self.context.config.settings.rate_hz:g}Hz{latency}{gaps}"


def _phase(market: Market) -> str:
    if market.instrument.status is InstrumentStatus.OPEN:
        return ""
    return "AUCTION" if market.in_auction else "HALTED"


def _quote(market: Market) -> Quote:
    mark = market.mark
    change = market.change
    up = None if change is None or abs(change) < 5e-5 else change > 0
    return Quote(market.ticker, market.scale.text(mark) if mark is not None else "-", up, change)


class VenueBar(Bar):
    """Where a live instrument trades: on paper, and by which model, or for real, in red; and how live its book is.

    Nothing where there is nothing to say: everything is simulated.
    """

    def stamp(self) -> Hashable:
        return self._line()

    def tick(self, frame: int = 0) -> None:
        self.screen.set_class(self._line() is not None, "-venue")
        super().tick(frame)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        line = self._line()
        return [] if line is None else [draw_venue(line, width, self.look.glyphs)]

    def _line(self) -> VenueLine | None:
        real, market = self.context.config.real, self.context.view.market
        book = None
        if market is not None and market.instrument.source != SIMULATED:
            open_ = market.instrument.status is InstrumentStatus.OPEN
            book = "live" if open_ else market.instrument.status_reason or "not live"
        if real is not None:
            return VenueLine(real.banner, book, orders_live=real.live)
        return VenueLine(market.instrument.description, book) if market is not None and book is not None else None


class TicketBar(Bar):
    """What waits for a key; at rest the size and the price at the cursor."""

    def stamp(self) -> Hashable:
        context, desk = self.context, self.context.desk
        asked = desk.asked
        left = max(0, round(asked.until - context.clock.mono())) if asked is not None else 0
        ladder = self._ladder
        return (
            desk.version, left, ladder.cursor if ladder else None, context.hint, context.view.current, desk.armed,
            context.view.session.spectator, context.replay() if context.replay is not None else None,
            context.tour.line() if context.tour is not None else None,
        )  # fmt: skip

    def draw(self, width: int, height: int) -> Sequence[Row]:
        context, desk = self.context, self.context.desk
        glyphs = self.look.glyphs
        if context.hint:
            return [fill_row(((f" {context.hint}", "bright"),), width)]
        if desk.asked is not None:
            asked = desk.asked
            left = max(0.0, asked.until - context.clock.mono())
            note = "" if context.replay is not None else "ARMED" if desk.armed else "SAFE: 2 keys"
            return [draw_question(asked.text, asked.key, left, asked.style, note, width, glyphs)]
        if context.replay is not None:
            return [draw_replay(context.replay(), width)]
        if desk.grab is None and context.tour is not None and (told := context.tour.line()) is not None:
            return [draw_tour(*told, width)]
        market = context.view.market
        if desk.grab is not None and market is not None:
            order = desk.grab.order
            text = f"MOVE #{order.order_id} {order.side.value.upper()} {market.scale.exact(order.leaves)}"
            was = market.scale.text(order.ticks) if order.ticks is not None else "market"
            text = f"{text} {was} → {market.scale.text(desk.grab.ticks)}"
            return [draw_question(text, "↑↓ moves · Enter puts down", None, "text", "", width, glyphs)]
        ladder = self._ladder
        if market is None or ladder is None or context.view.session.spectator:
            return [((" " * width, "text"),)]
        cursor = market.scale.text(ladder.cursor) if ladder.cursor is not None else ""
        sizes = [market.scale.exact(size) for size in desk.settings.presets]
        return [draw_ticket(market.scale.exact(desk.settings.size), sizes, cursor, desk.settings.sweep, width)]

    @cached_property
    def _ladder(self) -> Ladder | None:
        return next(iter(self.screen.query(Ladder)), None)


class KeyBar(Bar):
    """The keys that matter in the pane in focus."""

    def stamp(self) -> Hashable:
        focused = self.screen.focused
        return (type(focused).__name__, self.context.mode, self.context.view.session.spectator)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        focused = self.screen.focused
        if isinstance(focused, Pane):
            hints = focused.hints()
        else:
            hints = focused.HINTS if isinstance(focused, CommandBar) else OTHER_HINTS
        if self.context.replay is not None:
            hints = (*REPLAY_HINTS, *(hint for hint in hints if hint[0] != "Space"))
        number = [name for name, _title in keys.MODES].index(self.context.mode) + 1
        title = dict(keys.MODES)[self.context.mode]
        tail = f"g{number} {title}   : command   ? help   q quit " if width >= 100 else "? : q "
        return [draw_keys(hints, width, tail)]


class TooSmall(Bar):
    """Stands for everything where the terminal is too small."""

    def stamp(self) -> Hashable:
        return self.size

    def draw(self, width: int, height: int) -> Sequence[Row]:
        app = self.app.size
        text = f"needs 60×16, has {app.width}×{app.height}"
        return centred(text, width, height, "warn")
