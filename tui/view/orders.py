"""Own orders and fills: what was asked for, what the exchange says of it, and what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from engine.types import OrderStatus, Side, TimeInForce
from net.messages import ExecutionShape, OrderResult, OrderShape, OrderUpdateShape, Status

MAX_DONE = 500
MAX_FILLS = 500
GONE = "gone after reconnect"
"""Reason of an order that the exchange lists no more, until it says what became of it."""


class Ack(Enum):
    """How far the exchange has answered for an order."""

    PENDING = "pending"
    """Sent, not answered."""
    WORKING = "working"
    AMENDING = "amending"
    CANCELING = "canceling"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"

    @property
    def open(self) -> bool:
        """Whether the order may still trade."""
        return self in (Ack.PENDING, Ack.WORKING, Ack.AMENDING, Ack.CANCELING)


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """One own order at one moment. Prices in ticks, times in server ms."""

    key: str
    """Client order id, or the order id where an order has none."""
    symbol_id: int
    side: Side
    ticks: int | None
    """None for a market order."""
    qty: float
    leaves: float
    ack: Ack
    created_at: int
    order_id: int | None = None
    filled: float = 0.0
    kind: str = "LMT"
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reason: str = ""
    """Why it was rejected or canceled."""
    ahead: float | None = None
    """Estimated quantity that trades before this order at its price."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One own fill."""

    time: int
    symbol_id: int
    order_id: int
    trade_id: int
    side: Side
    ticks: int
    qty: float
    liquidity: str
    fee: float


TicksOf = Callable[[int, float | None], int | None]
"""Symbol id and price to ticks."""


class OwnOrders:
    """All own orders of the session, by the key they were sent under."""

    def __init__(self, ticks_of: TicksOf) -> None:
        self._ticks_of = ticks_of
        self._open: dict[str, OwnOrder] = {}
        self._key_of_id: dict[int, str] = {}
        self._done: dict[int | str, OwnOrder] = {}
        """Orders that left, oldest first, by id, or by key where they never had one. An order leaves once."""
        self.fills: deque[Fill] = deque(maxlen=MAX_FILLS)
        """Newest first."""
        self._seen_trades: dict[tuple[int, int], None] = {}
        """Trade and order id of the newest fills, oldest first."""
        self._paid: dict[int, tuple[float, float]] = {}
        """Quantity filled, and quantity times ticks, by order id."""
        self.trusted = False
        """Whether the open orders here are known to be those of the exchange."""
        self.version = 0

    # --- reading

    def open_orders(self, symbol_id: int | None = None) -> list[OwnOrder]:
        """Open orders, newest first."""
        orders = [o for o in self._open.values() if symbol_id is None or o.symbol_id == symbol_id]
        return sorted(orders, key=lambda o: (o.created_at, o.order_id or 2**53), reverse=True)

    def get(self, order_id: int) -> OwnOrder | None:
        """The open order of that id."""
        key = self._key_of_id.get(order_id)
        return None if key is None else self._open.get(key)

    def at(self, symbol_id: int, ticks: int) -> list[OwnOrder]:
        """Open orders at one price, newest first."""
        return [order for order in self.open_orders(symbol_id) if order.ticks == ticks]

    @property
    def done(self) -> list[OwnOrder]:
        """Orders that left, newest first."""
        return list(reversed(self._done.values()))

    def average(self, order_id: int | None) -> float | None:
        """Average price of an order's fills in ticks; None when none is known."""
        qty, paid = self._paid.get(order_id or 0, (0.0, 0.0))
        return paid / qty if qty else None

    # --- what the console did

    def sent(self, order: OwnOrder) -> None:
        """Note an order that was just sent."""
        self._put(order)

    def amending(self, key: str) -> None:
        """Note that a change was asked for."""
        self._set(key, ack=Ack.AMENDING)

    def canceling(self, key: str) -> None:
        """Note that a cancel was asked for."""
        self._set(key, ack=Ack.CANCELING)

    # --- what the exchange answered

    def answered(self, key: str, result: OrderResult, now: int) -> None:
        """Take the answer to a new order; its fate itself comes by private messages."""
        order = self._open.get(key)
        if order is None:
            return
        if result.status is Status.ERROR:
            reason = result.message or (result.code.value if result.code else "refused")
            self._finish(replace(order, ack=Ack.REJECTED, reason=reason, created_at=now))
        elif result.order_id is not None and order.order_id is None:
            self._put(replace(order, order_id=result.order_id, ack=Ack.WORKING))

    def settled(self, key: str) -> None:
        """A change or cancel was answered with a refusal: the order works as before."""
        order = self._open.get(key)
        if order is not None and order.ack in (Ack.AMENDING, Ack.CANCELING):
            self._put(replace(order, ack=Ack.WORKING))

    def replace_all(self, orders: Iterable[OrderShape], now: int) -> None:
        """Take the exchange's list of open orders as the truth; one that left since it was made stays gone."""
        listed = [self._of(shape) for shape in orders if not self._left(shape.order_id)]
        keys = {order.key for order in listed}
        for order in [o for o in self._open.values() if o.key not in keys]:
            filled, _paid = self._paid.get(order.order_id or 0, (0.0, 0.0))
            if filled >= order.qty:
                self._finish(replace(order, ack=Ack.FILLED, leaves=0.0, filled=filled, created_at=now))
            else:
                self._finish(replace(order, ack=Ack.CANCELED, reason=GONE, created_at=now))
        for order in listed:
            self._put(order)
        self.trusted = True

    def load_fills(self, newest_first: Iterable[ExecutionShape]) -> None:
        """Take a history of fills."""
        for execution in sorted(newest_first, key=lambda e: (e.timestamp, e.trade_id)):
            self.fold_execution(execution, history=True)

    def fold_update(self, update: OrderUpdateShape) -> OwnOrder | None:
        """Take a change of state; the order as it is now, or None when there is nothing new in it."""
        if self._left(update.order_id):
            return None
        key = update.client_order_id or self._key_of_id.get(update.order_id) or str(update.order_id)
        order = self._open.get(key)
        if update.order is not None:
            fresh = self._of(update.order)
            kept = order.ahead if order is not None else None
            order = replace(fresh, key=key, ahead=fresh.ahead if fresh.ahead is not None else kept)
        if order is None:
            order = self._done.get(update.order_id)
        if order is None:
            return None
        # The price of a fill is told there too; the order's own is another.
        priced = update.price is not None and update.event != "filled"
        order = replace(
            order,
            order_id=update.order_id,
            ticks=self._ticks_of(update.symbol_id, update.price) if priced else order.ticks,
            leaves=update.leaves_quantity,
            filled=update.filled_quantity,
        )
        if update.event == "canceled":
            return self._finish(
                replace(order, ack=Ack.CANCELED, reason=update.reason or "", created_at=update.timestamp)
            )
        if update.leaves_quantity <= 0:
            return self._finish(replace(order, ack=Ack.FILLED, reason="", created_at=update.timestamp))
        order = replace(order, ack=Ack.WORKING, reason="")
        self._put(order)
        return order

    def fold_execution(self, execution: ExecutionShape, history: bool = False) -> Fill | None:
        """Take an own fill; None when it was known."""
        seen = (execution.trade_id, execution.order_id)
        ticks = self._ticks_of(execution.symbol_id, execution.price)
        if seen in self._seen_trades or ticks is None:
            return None
        self._seen_trades[seen] = None
        if len(self._seen_trades) > 4 * MAX_FILLS:
            del self._seen_trades[next(iter(self._seen_trades))]
        fill = Fill(
            execution.timestamp, execution.symbol_id, execution.order_id, execution.trade_id, execution.side,
            ticks, execution.quantity, execution.liquidity.value, execution.fee,
        )  # fmt: skip
        self.fills.appendleft(fill)
        qty, paid = self._paid.get(fill.order_id, (0.0, 0.0))
        self._paid[fill.order_id] = (qty + fill.qty, paid + fill.qty * ticks)
        self.version += 1
        key = execution.client_order_id or self._key_of_id.get(execution.order_id)
        order = self._open.get(key) if key is not None else None
        if order is not None and not history:
            filled = order.filled + execution.quantity
            order = replace(order, leaves=execution.leaves_quantity, filled=filled, order_id=execution.order_id)
            if execution.leaves_quantity <= 0:
                self._finish(replace(order, ack=Ack.FILLED, created_at=execution.timestamp))
            else:
                self._put(replace(order, ack=Ack.WORKING if order.ack is Ack.PENDING else order.ack))
        return fill

    # --- the queue

    def printed(self, symbol_id: int, ticks: int, qty: float) -> None:
        """Volume traded at a price: whoever waits there moved up by it."""
        for order in list(self._open.values()):
            if order.symbol_id == symbol_id and order.ticks == ticks and order.ahead:
                self._put(replace(order, ahead=max(0.0, order.ahead - qty)))

    def level(self, symbol_id: int, side_of: Callable[[Side], dict[int, float]]) -> None:
        """A book changed: nobody has more ahead than what others show at the price.

        An order of which no place is known is taken to stand last.
        """
        for order in list(self._open.values()):
            if order.symbol_id != symbol_id or order.ticks is None or order.ack is Ack.PENDING:
                continue
            others = max(0.0, side_of(order.side).get(order.ticks, 0.0) - order.leaves)
            ahead = others if order.ahead is None else min(order.ahead, others)
            if ahead != order.ahead:
                self._put(replace(order, ahead=ahead))

    # --- inside

    def _of(self, shape: OrderShape) -> OwnOrder:
        key = shape.client_order_id or self._key_of_id.get(shape.order_id) or str(shape.order_id)
        known = self._open.get(key)
        stop = shape.status is OrderStatus.PENDING_TRIGGER
        price = shape.stop_price if stop else shape.price
        return OwnOrder(
            key=key,
            symbol_id=shape.symbol_id,
            side=shape.side,
            ticks=self._ticks_of(shape.symbol_id, price),
            qty=shape.quantity,
            leaves=shape.leaves_quantity,
            ack=Ack.WORKING,
            created_at=known.created_at if known is not None else shape.created_at,
            order_id=shape.order_id,
            filled=shape.filled_quantity,
            kind={"LIMIT": "LMT", "MARKET": "MKT", "STOP": "STP", "STOP_LIMIT": "STL"}[shape.order_type.value],
            tif=shape.time_in_force,
            post_only=shape.post_only,
            ahead=shape.queue_ahead,
        )

    def _set(self, key: str, ack: Ack) -> None:
        order = self._open.get(key)
        if order is not None:
            self._put(replace(order, ack=ack))

    def _put(self, order: OwnOrder) -> None:
        self._open[order.key] = order
        self._done.pop(order.key, None)  # it was taken for lost when no answer came
        if order.order_id is not None:
            self._key_of_id[order.order_id] = order.key
            self._done.pop(order.order_id, None)
        self.version += 1

    def _left(self, order_id: int) -> bool:
        """Whether the exchange said that the order left: it never comes back."""
        order = self._done.get(order_id)
        return order is not None and order.reason != GONE

    def _finish(self, order: OwnOrder) -> OwnOrder:
        self._open.pop(order.key, None)
        self._done[order.order_id or order.key] = order
        if len(self._done) > MAX_DONE:
            oldest = self._done.pop(next(iter(self._done)))
            self._key_of_id.pop(oldest.order_id or 0, None)
            self._paid.pop(oldest.order_id or 0, None)
        self.version += 1
        return order
