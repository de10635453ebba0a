"""Own orders at a venue, folded from answers, orderUpdates, fills and reconciliation, in whatever order these come.

An order is known by its client order id, for a modify changes the oid. A fill counts once, by (tid, oid), however often
and by whichever way it is told; a status that ends an order is never undone.
"""

from __future__ import annotations

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


class OwnOrder:
    """One order of ours; prices and sizes are e8."""

    def __init__(self, cloid: str, asset: Asset, request: ClientOrderRequest) -> None:
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
    def average_price(self) -> int | None:
        """Average price of the fills, None before the first."""
        return self.notional * SCALE // self.filled if self.filled else None

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it but late fills."""
        return self.state in ENDED

    def end(self, state: OrderState, reason: str = "") -> None:
        """Note an end; the first one holds."""
        if not self.ended:
            self.state = state
            self.reason = reason


class OwnOrders:
    """All own orders of one account, by client order id."""

    def __init__(self) -> None:
        self.by_cloid: dict[str, OwnOrder] = {}
        self.fills: list[wire.Fill] = []
        """Each once, in the order in which they became known."""
        self._seen: set[tuple[int, int]] = set()
        self._by_oid: dict[int, OwnOrder] = {}

    def add(self, order: OwnOrder) -> None:
        """Remember an order before it is sent."""
        self.by_cloid[order.cloid] = order

    def placed(self, order: OwnOrder, oid: int) -> None:
        """The venue has given it an oid (a new one after a modify)."""
        order.oid = oid
        self._by_oid[oid] = order
        if not order.ended:
            order.state = OrderState.FILLED if order.filled >= order.size else OrderState.WORKING

    def find(self, oid: int, cloid: str | None) -> OwnOrder | None:
        """The order of ours that the venue means."""
        return (self.by_cloid.get(cloid) if cloid else None) or self._by_oid.get(oid)

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
            order.end(OrderState.FILLED)
        elif status.endswith(("ejected",)):
            order.end(OrderState.REJECTED, status)
        else:
            order.end(OrderState.CANCELED, status)

    def filled(self, fill: wire.Fill) -> bool:
        """Take in one fill; False when it was told before."""
        key = (fill.tid, fill.oid)
        if key in self._seen:
            return False
        self._seen.add(key)
        self.fills.append(fill)
        order = self.find(fill.oid, fill.cloid if isinstance(fill.cloid, str) else None)
        if order is not None:
            size = from_wire(fill.sz)
            order.filled += size
            order.notional += from_wire(fill.px) * size // SCALE
            if order.filled >= order.size:
                order.end(OrderState.FILLED)
        return True

    def working(self) -> list[OwnOrder]:
        """Orders that may still trade, or of which that is not known."""
        return [order for order in self.by_cloid.values() if not order.ended]
