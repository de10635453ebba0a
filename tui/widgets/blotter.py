"""Lists of own orders and fills: working, fills, orders that left."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding

from engine.types import Side
from tui import keys
from tui.drawing.candles import clock_text
from tui.drawing.cells import Span
from tui.drawing.table import Cells, Column
from tui.messages import OpenDetail
from tui.view import Ack, Fill, LogLine, OwnOrder
from tui.widgets.pane import LIST_HINTS
from tui.widgets.table import TablePane


def side_span(side: Side) -> Span:
    """BUY or SELL in its colour."""
    return ("BUY", "bid") if side is Side.BUY else ("SELL", "ask")


class Working(TablePane[OwnOrder]):
    """Own orders that may still trade, newest first."""

    NAME = "working"
    LETTER = "w"
    EMPTY = "no working orders: b buys, s sells at the ladder's cursor"
    EMPTY_WATCHING = "spectators have no orders"
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("#", 7, right=True, drop=1),
        Column("sym", 5, drop=3, fits=True),
        Column("side", 4),
        Column("leaves", 7, right=True, grow=1),
        Column("price", 8, right=True, grow=1),
        Column("queue", 9, right=True, drop=2),
        Column("state", 9, grow=1, drop=4),
        Column("filled", 7, right=True, drop=5),
        Column("tif", 8, drop=6),
    )
    HINTS = (("x", "cancel order"), *LIST_HINTS)
    HINTS_WATCHING = LIST_HINTS
    KEYS = keys.LIST + keys.WORKING
    BINDINGS = [Binding(key.keys, key.action, key.does, id=key.id, show=False) for key in keys.WORKING]

    def data_stamp(self) -> Hashable:
        return self.context.view.orders.version, self.context.view.orders.trusted

    def records(self) -> Sequence[OwnOrder]:
        return self.context.view.orders.open_orders()

    def identity(self, record: OwnOrder) -> Hashable:
        return record.key

    def cells(self, record: OwnOrder) -> Cells:
        order, view = record, self.context.view
        market = view.markets.get(order.symbol_id)
        unsure = "" if view.orders.trusted else "?"
        price = "MKT" if order.ticks is None or market is None else market.scale.text(order.ticks)
        qty = market.scale.qty if market is not None else str
        ahead: Span = (f"≈{qty(order.ahead)}" if order.ahead is not None else "", "dim")
        if order.ack is not Ack.WORKING or unsure:  # where there is no room for the state, it stands here
            ahead = (order.ack.value + unsure, "warn")
        state = order.ack.value if order.kind not in ("STP", "STL") else f"{order.kind} {order.ack.value}"
        state_style = "text" if order.ack is Ack.WORKING else "warn"
        flags = order.tif.value + (" post" if order.post_only else "")
        return (
            (str(order.order_id or "…"), "dim"), (view.ticker_of(order.symbol_id), "text"), side_span(order.side),
            (qty(order.leaves), "bright"), (price, "own"), ahead, (state + unsure, state_style),
            (qty(order.filled) if order.filled else "", "text"), (flags, "dim"),
        )  # fmt: skip

    def opened(self, record: OwnOrder) -> None:
        self.post_message(OpenDetail(record))

    def action_cancel(self) -> None:
        """Cancel the selected order."""
        order = self.current()
        if order is not None:
            self.context.desk.cancel(order)


class Fills(TablePane[Fill]):
    """Own fills, newest first."""

    NAME = "fills"
    LETTER = "f"
    EMPTY = "no fills yet"
    EMPTY_WATCHING = "spectators have no fills"
    FOLLOWS = True
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("time", 8, drop=1),
        Column("sym", 5, drop=2, fits=True),
        Column("side", 4),
        Column("qty", 8, right=True),
        Column("price", 9, right=True),
        Column("", 5, drop=4),
        Column("#", 7, right=True, drop=3),
        Column("fee", 7, right=True, drop=5),
    )
    HINTS = LIST_HINTS

    def data_stamp(self) -> Hashable:
        return self.context.view.orders.version

    def opened(self, record: Fill) -> None:
        orders = self.context.view.orders
        order = orders.get(record.order_id) or next((o for o in orders.done if o.order_id == record.order_id), None)
        if order is not None:
            self.post_message(OpenDetail(order))

    def records(self) -> Sequence[Fill]:
        return list(self.context.view.orders.fills)

    def identity(self, record: Fill) -> Hashable:
        return record.trade_id, record.order_id

    def cells(self, record: Fill) -> Cells:
        market = self.context.view.markets.get(record.symbol_id)
        price = market.scale.text(record.ticks) if market is not None else ""
        qty = market.scale.qty(record.qty) if market is not None else f"{record.qty:g}"
        return (
            (clock_text(record.time), "dim"), (self.context.view.ticker_of(record.symbol_id), "text"),
            side_span(record.side), (qty, "bright"), (price, "text"), (record.liquidity, "dim"),
            (str(record.order_id), "dim"), (f"{record.fee:.2f}" if record.fee else "", "dim"),
        )  # fmt: skip


class Done(TablePane[OwnOrder]):
    """Orders of the session that left: filled, canceled, rejected, with the reason."""

    NAME = "done"
    LETTER = "o"
    EMPTY = "no order has left yet"
    FOLLOWS = True
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("time", 8, drop=3),
        Column("#", 7, right=True),
        Column("sym", 5, drop=1, fits=True),
        Column("side", 4),
        Column("qty", 7, right=True),
        Column("price", 8, right=True),
        Column("filled", 7, right=True, drop=2),
        Column("end", 9),
        Column("reason", 12, grow=1),
    )
    HINTS = LIST_HINTS

    def data_stamp(self) -> Hashable:
        return self.context.view.orders.version

    def records(self) -> Sequence[OwnOrder]:
        return list(self.context.view.orders.done)

    def identity(self, record: OwnOrder) -> Hashable:
        return record.order_id or record.key

    def cells(self, record: OwnOrder) -> Cells:
        order = record
        market = self.context.view.markets.get(order.symbol_id)
        price = "MKT" if order.ticks is None or market is None else market.scale.text(order.ticks)
        average = self.context.view.orders.average(order.order_id)
        if market is not None and average is not None and (order.ack is Ack.FILLED or order.kind == "MKT"):
            price = market.scale.average(average)
        qty = market.scale.qty if market is not None else str
        style = {Ack.REJECTED: "bad", Ack.FILLED: "good"}.get(order.ack, "text")
        return (
            (clock_text(order.created_at), "dim"), (str(order.order_id or "-"), "dim"),
            (self.context.view.ticker_of(order.symbol_id), "text"), side_span(order.side), (qty(order.qty), "bright"),
            (price, "text"), (qty(order.filled) if order.filled else "", "text"), (order.ack.value, style),
            (order.reason, "text"),
        )  # fmt: skip

    def opened(self, record: OwnOrder) -> None:
        self.post_message(OpenDetail(record))


LOG_STYLES = {"reject": "bad", "fill": "own", "alert": "last", "link": "warn", "news": "bright", "admin": "key"}


class LogPane(TablePane[LogLine]):
    """The audit log of the session."""

    NAME = "log"
    LETTER = "l"
    EMPTY = "nothing has happened yet"
    FOLLOWS = True
    COLUMNS: ClassVar[Sequence[Column]] = (Column("time", 8), Column("what", 6), Column("", 20, grow=1))
    HINTS = LIST_HINTS

    def data_stamp(self) -> Hashable:
        return self.context.view.audit.version

    def records(self) -> Sequence[LogLine]:
        return list(self.context.view.audit)

    def identity(self, record: LogLine) -> Hashable:
        return record

    def cells(self, record: LogLine) -> Cells:
        style = LOG_STYLES.get(record.kind, "text")
        return ((clock_text(record.time), "dim"), (record.kind, style), (record.text, "text"))

    def opened(self, record: LogLine) -> None:
        self.post_message(OpenDetail(record))
