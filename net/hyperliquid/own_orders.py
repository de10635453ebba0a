"""Own orders at a venue, folded from answers, orderUpdates, fills and reconciliation, in whatever order these come.

An order is known by its client order id, for a modify changes the oid; one that another program placed without such an
id is known by its oid. A fill counts once, by (tid, oid), however often and by whichever way it is told; a status that
ends an order is never undone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec

from engine.types import Side
from net.hyperliquid import wire
from net.hyperliquid.decimals import SCALE, from_wire
from net.hyperliquid.names import Asset


class OrderState(Enum):
    """Where an own order stands."""

    SENDING = "sending"
    """Under way; its outcome is not known yet."""
    WORKING = "working"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    NOT_PLACED = "not placed"
    """It never reached the venue, and cannot any more."""


ENDED: Final = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.NOT_PLACED})


class ClientOrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to place: price and size are decimal texts, as exact as they are written."""

    market: str
    side: Side
    price: str
    size: str
    tif: str = "Gtc"
    """Gtc, Ioc or Alo."""
    reduce_only: bool = False
    tag: str = ""
    """What the caller calls the order; the venue never hears of it."""


FILLS_KEPT: Final = 2_000
ORDERS_KEPT: Final = 5_000
"""Ended orders go, the oldest first, when there are more."""


class OwnOrder:
    """One order of ours; prices and sizes are e8."""

    def __init__(self, cloid: str | None, asset: Asset, request: ClientOrderRequest) -> None:
        self.cloid = cloid
        self.asset = asset
        self.request = request
        self.oid: int | None = None
        self.state = OrderState.SENDING
        self.reason = ""
        """Why it was refused or ended, in the venue's words."""
        self.size = from_wire(request.size)
        self.filled = 0
        self.notional = 0
        """Price times size over all fills."""

    @property
    def remaining(self) -> int:
        """Size that has not traded, as far as fills are known."""
        return max(0, self.size - self.filled)

    @property
    def average_price(self) -> int | None:
        """Average price of the fills, None before the first."""
        return self.notional * SCALE // self.filled if self.filled else None

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it but late fills."""
        return self.state in ENDED

    def take(self, fill: wire.Fill) -> None:
        """Count a fill of it."""
        size = from_wire(fill.sz)
        self.filled += size
        self.notional += from_wire(fill.px) * size // SCALE


class OwnOrders:
    """All own orders of one account. ``on_order`` hears each that changed, ``on_fill`` each fill, once."""

    def __init__(self) -> None:
        self.orders: dict[str, OwnOrder] = {}
        """By client order id, or by ``oid N`` where an order has none; oldest first."""
        self.fills: deque[wire.Fill] = deque(maxlen=FILLS_KEPT)
        """Each once, in the order in which they became known."""
        self.on_order: Callable[[OwnOrder], None] = lambda _order: None
        self.on_fill: Callable[[wire.Fill, OwnOrder | None], None] = lambda _fill, _order: None
        self._seen: set[tuple[int, int]] = set()
        self._by_oid: dict[int, OwnOrder] = {}

    def add(self, order: OwnOrder) -> None:
        """Remember an order before it is sent."""
        self.orders[order.cloid or f"oid {order.oid}"] = order
        if len(self.orders) > ORDERS_KEPT:
            self._forget_one()

    def adopt(self, shown: wire.FrontendOrder, asset: Asset) -> OwnOrder:
        """Take in a working order that an earlier session or another program placed."""
        request = ClientOrderRequest(
            market=asset.display,
            side=Side.BUY if shown.side == "B" else Side.SELL,
            price=shown.trigger_px if shown.is_trigger else shown.limit_px,
            size=shown.orig_sz,
            tif=shown.tif or "Gtc",
            reduce_only=shown.reduce_only,
        )
        order = OwnOrder(shown.cloid, asset, request)
        order.oid = shown.oid
        for fill in self.fills:
            if fill.oid == shown.oid:
                order.take(fill)
        self.add(order)
        order.state = OrderState.WORKING
        self._by_oid[shown.oid] = order
        self.on_order(order)
        return order

    def placed(self, order: OwnOrder, oid: int) -> None:
        """The venue has given it an oid (a new one after a modify)."""
        before = (order.oid, order.state)
        order.oid = oid
        self._by_oid[oid] = order
        if not order.ended:
            order.state = OrderState.FILLED if order.filled >= order.size else OrderState.WORKING
        if before != (order.oid, order.state):
            self.on_order(order)

    def end(self, order: OwnOrder, state: OrderState, reason: str = "") -> None:
        """Note an end; the first one holds."""
        if not order.ended:
            order.state, order.reason = state, reason
            self.on_order(order)

    def find(self, oid: int, cloid: str | None) -> OwnOrder | None:
        """The order of ours that the venue means."""
        return (self.orders.get(cloid) if cloid else None) or self._by_oid.get(oid)

    def updated(self, update: wire.OrderUpdate) -> None:
        """One entry of orderUpdates, or of a reconciliation."""
        shown = update.order
        order = self.find(shown.oid, shown.cloid if isinstance(shown.cloid, str) else None)
        if order is not None:
            self.stands(order, shown.oid, update.status)

    def stands(self, order: OwnOrder, oid: int, status: str) -> None:
        """The venue says how an order stands. What it says of an older oid than the newest is about a replaced one."""
        if order.oid is not None and oid < order.oid:
            return
        if status in ("open", "triggered"):
            self.placed(order, oid)
            return
        order.oid = oid
        self._by_oid[oid] = order
        if status == "filled":
            self.end(order, OrderState.FILLED)
        elif status.endswith(("ejected",)):
            self.end(order, OrderState.REJECTED, status)
        else:
            self.end(order, OrderState.CANCELED, status)

    def filled(self, fill: wire.Fill) -> bool:
        """Take in one fill; False when it was told before."""
        key = (fill.tid, fill.oid)
        if key in self._seen:
            return False
        self._seen.add(key)
        self.fills.append(fill)
        order = self.find(fill.oid, fill.cloid if isinstance(fill.cloid, str) else None)
        if order is not None:
            order.take(fill)
        self.on_fill(fill, order)
        if order is not None and order.filled >= order.size:
            self.end(order, OrderState.FILLED)
        return True

    def working(self) -> list[OwnOrder]:
        """Orders that may still trade, or of which that is not known."""
        return [order for order in self.orders.values() if not order.ended]

    def _forget_one(self) -> None:
        for key, order in self.orders.items():
            if order.ended:
                del self.orders[key]
                self._by_oid.pop(order.oid or 0, None)
                return
