"""What the console tells its user: toasts, flashes, the bell; aggregated, so that a burst of fills is one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from engine.types import Side
from net.messages import NewsShape
from tui.context import Context
from tui.drawing.cells import printable
from tui.view import Fill, OwnOrder

FLASH_S = 0.6
HINT_S = 3.0
REJECT_S = 60.0
"""A refusal stays until a key, but not for ever."""

Severity = Literal["information", "warning", "error"]


class Notify(Protocol):
    """Textual's ``App.notify``."""

    def __call__(
        self, message: str, *, title: str = "", severity: Severity = "information", timeout: float | None = None,
        markup: bool = True,
    ) -> None:  # fmt: skip
        """Show a toast."""


class Notices:
    """Listens to the view and tells."""

    def __init__(
        self, context: Context, notify: Notify, bell: Callable[[], None], clear: Callable[[], None] = lambda: None
    ) -> None:
        self._context = context
        self._notify = notify
        self._bell = bell
        self._clear = clear
        self._sticky = False
        self._shown = False
        self._hint_until: float | None = None
        self._fills: list[Fill] = []
        view = context.view
        view.on_fill.append(self._filled)
        view.on_order.append(self._order)
        view.on_news.append(self._news)
        view.on_gap.append(self._gap)

    def tell(self, severity: str, text: str) -> None:
        """Show a toast until the next key: a hint for 3 s at most, a refusal until then."""
        text = printable(text)
        self._shown, self._hint_until = True, None
        if severity == "error":
            self._sticky = True
            self._notify(text, severity="error", timeout=REJECT_S, markup=False)
        elif severity == "warning":
            self._notify(text, severity="warning", timeout=6, markup=False)
        else:
            self._hint_until = self._context.clock.mono() + HINT_S
            self._notify(text, timeout=HINT_S, markup=False)

    def key_pressed(self) -> None:
        """A key takes hints and refusals away."""
        if self._shown:
            self._shown = self._sticky = False
            self._hint_until = None
            self._clear()

    def second(self) -> None:
        """Once a second: the fills since the last one, alerts, old flashes."""
        context = self._context
        now = context.clock.mono()
        context.fill_flash = {key: until for key, until in context.fill_flash.items() if until > now}
        if self._hint_until is not None and now >= self._hint_until and not self._sticky:
            self._hint_until = None
            self._clear()
        if self._fills:
            self._tell_fills(self._fills)
            self._fills = []
        for alert in context.view.alerts.fire(context.view.ordered()):
            context.view.audit.add(context.clock.wall_ms(), "alert", alert.text)
            self.tell("warning", f"alert: {alert.text}")
            self._ring()

    def _ring(self) -> None:
        if self._context.config.settings.bell:
            self._bell()

    def _filled(self, fill: Fill) -> None:
        context = self._context
        self._fills.append(fill)
        context.fill_flash[fill.symbol_id, fill.ticks] = context.clock.mono() + FLASH_S
        context.view.audit.add(fill.time, "fill", f"#{fill.order_id} {self._words([fill])} {fill.liquidity}")

    def _tell_fills(self, fills: list[Fill]) -> None:
        groups: dict[tuple[int, Side], list[Fill]] = {}
        for fill in fills:
            groups.setdefault((fill.symbol_id, fill.side), []).append(fill)
        self._shown, self._hint_until = True, None
        lines = [printable(self._words(group)) for group in groups.values()]
        self._notify("\n".join(lines), timeout=4, markup=False)
        self._ring()

    def _words(self, fills: list[Fill]) -> str:
        first = fills[0]
        market = self._context.view.markets.get(first.symbol_id)
        qty = sum(fill.qty for fill in fills)
        verb = "BOUGHT" if first.side is Side.BUY else "SOLD"
        if market is None:
            return f"{verb} {qty:g}"
        average = sum(fill.qty * fill.ticks for fill in fills) / qty
        times = f" in {len(fills)}" if len(fills) > 1 else ""
        return f"{verb} {market.scale.qty(qty)} {market.ticker} @ {market.scale.text(round(average))}{times}"

    def _order(self, order: OwnOrder, event: str) -> None:
        if event == "canceled" and order.reason not in ("", "requested", "mass_cancel", "ioc_remainder"):
            self.tell("warning", f"#{order.order_id} canceled: {order.reason}")

    def _news(self, news: NewsShape) -> None:
        context = self._context
        ticker = context.view.ticker_of(news.instrument_id) or "all"
        context.view.audit.add(news.created_at, "news", f"{ticker}: {news.headline}")

    def _gap(self, symbol_id: int) -> None:
        text = f"{self._context.view.ticker_of(symbol_id)}: book lost an update, taking a snapshot"
        self._context.view.audit.add(self._context.clock.wall_ms(), "link", text)
        self.tell("warning", text)
