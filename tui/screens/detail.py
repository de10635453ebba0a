"""Everything about one order, agent, headline or line of the log."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from tui.context import Context
from tui.drawing.candles import clock_text
from tui.drawing.cells import Row, fill_row
from tui.view import AgentLine, Headline, LogLine, OwnOrder, money
from tui.widgets.pane import Pane


class DetailPane(Pane):
    """Names and values."""

    NAME = "detail"
    HINTS = (("Esc", "close"),)

    def __init__(self, context: Context, record: object) -> None:
        super().__init__(context)
        self.record = record

    def stamp(self) -> Hashable:
        return self.context.view.orders.version, self.context.view.agents.version

    def note(self) -> Row:
        return (("Esc closes", "dim"),)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        if isinstance(self.record, OwnOrder):
            return self._order(self.record, width)[:height]
        if isinstance(self.record, AgentLine):
            return self._agent(self.record, width)[:height]
        if isinstance(self.record, Headline):
            return self._headline(self.record, width)[:height]
        if isinstance(self.record, LogLine):
            return self._line(self.record, width)[:height]
        return []

    def _order(self, record: OwnOrder, width: int) -> list[Row]:
        view = self.context.view
        order = (view.orders.get(record.order_id) if record.order_id is not None else None) or record
        market = view.markets.get(order.symbol_id)
        price = "market" if order.ticks is None or market is None else market.scale.text(order.ticks)
        fills = [fill for fill in view.orders.fills if fill.order_id == order.order_id]
        lines = [
            ("order", str(order.order_id or "not known yet")),
            ("client id", order.key),
            ("instrument", view.ticker_of(order.symbol_id)),
            ("side", order.side.value.upper()),
            ("type", f"{order.kind} {order.tif.value}{' post-only' if order.post_only else ''}"),
            ("price", price),
            ("quantity", f"{order.qty:g}"),
            ("leaves", f"{order.leaves:g}"),
            ("filled", f"{order.filled:g}"),
            ("queue ahead", "-" if order.ahead is None else f"≈ {order.ahead:g}"),
            ("state", order.ack.value),
            ("reason", order.reason or "-"),
            ("since", clock_text(order.created_at)),
        ]
        rows = _facts(lines, width)
        rows.append(fill_row(((" fills", "header"),), width))
        for fill in fills:
            text = f" {clock_text(fill.time)}  {fill.qty:g} @ {market.scale.text(fill.ticks) if market else fill.ticks}"
            rows.append(fill_row(((text, "text"), (f"  {fill.liquidity}  fee {money(fill.fee)}", "dim")), width))
        return rows

    def _agent(self, record: AgentLine, width: int) -> list[Row]:
        view = self.context.view
        line = view.agents.lines.get(record.shape.agent_id) or record
        shape = line.shape
        start = shape.total_value - shape.pnl
        held = [f"{qty:+g} {view.ticker_of(int(symbol_id))}" for symbol_id, qty in shape.positions.items() if qty]
        lines = [
            ("agent", shape.name),
            ("id", shape.agent_id),
            ("kind", shape.personality or "-"),
            ("state", shape.status),
            ("value", money(shape.total_value)),
            ("P&L", f"{money(shape.pnl, signed=True)}{f'  {shape.pnl / start:+.2%}' if start > 0 else ''}"),
            ("cash", money(shape.cash)),
            ("sharpe", "-" if shape.sharpe is None else f"{shape.sharpe:.2f}"),
            ("drawdown", f"{shape.max_drawdown:.2%}"),
            ("fills", f"{shape.trades or 0:,}"),
            ("holds", "nothing" if not held else held[0]),
            *(("", text) for text in held[1:]),
        ]
        rows = _facts(lines, width)
        rows.append(fill_row(((" last decisions", "header"),), width))
        for decision in line.decisions:
            rows.append(
                fill_row(((f" {clock_text(decision.timestamp)}", "dim"), (f" {decision.action}", "bright")), width)
            )
            rows += [fill_row(((f"   {text}", "text"),), width) for text in textwrap.wrap(decision.why, width - 4)]
        if not line.decisions:
            rows.append(fill_row(((" it has not said why yet", "dim"),), width))
        return rows

    def _line(self, line: LogLine, width: int) -> list[Row]:
        rows = [fill_row(((f" {clock_text(line.time)}  {line.kind}", "dim"),), width)]
        return rows + [fill_row(((f" {text}", "bright"),), width) for text in textwrap.wrap(line.text, width - 2)]

    def _headline(self, item: Headline, width: int) -> list[Row]:
        shape = item.shape
        rows = [fill_row(((f" {text}", "bright"),), width) for text in textwrap.wrap(shape.headline, width - 2)]
        rows.append(fill_row(((f" {clock_text(shape.created_at)}  {shape.source}", "dim"),), width))
        rows += [fill_row(((f" {text}", "text"),), width) for text in textwrap.wrap(shape.content, width - 2)]
        return rows


def _facts(lines: Sequence[tuple[str, str]], width: int) -> list[Row]:
    return [fill_row(((f" {name:<13}", "dim"), (value, "bright")), width) for name, value in lines]


class DetailScreen(ModalScreen[None]):
    """Any of the closing keys closes it."""

    BINDINGS = [Binding("escape,q,enter,space", "dismiss", "close", show=False)]

    def __init__(self, context: Context, record: object) -> None:
        super().__init__()
        self.pane = DetailPane(context, record)

    def compose(self) -> ComposeResult:
        """The pane alone."""
        yield self.pane

    def on_mount(self) -> None:
        """Draw at once."""
        self.pane.focus()

    def tick(self, frame: int) -> None:
        """Part of the frame timer's round."""
        self.pane.tick(frame)
