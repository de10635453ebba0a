"""An order as the order-management system knows it: the matching engine's order with its entry and its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.order import Order
from engine.service import OrderView
from engine.types import OrderStatus, OrderType

if TYPE_CHECKING:
    from engine.commands import NewOrder
    from engine.ledger import Position


class WorkingOrder(Order):
    """One working order: in a book, or a stop that waits for its trigger."""

    __slots__ = ("created_at", "cum", "entry", "hold", "plain", "position", "qty", "quote", "stop_price", "waiting")

    def __init__(self, order_id: int, position: Position, entry: NewOrder, key: int, hold: int, now: int) -> None:
        qty = entry.qty
        Order.__init__(self, order_id, position.account.number, key, qty)
        self.guarded = entry.reduce_only
        self.position = position
        self.entry = entry
        """The command that placed it; ``price``, ``stop_price`` and ``qty`` may have been replaced since."""
        self.qty = qty
        """Total quantity, filled and open."""
        self.cum = 0
        """Filled quantity."""
        self.hold = hold
        """Minor units to hold back for each open lot, worst fee included."""
        self.created_at = now
        self.stop_price = entry.stop_price
        self.waiting = False
        """Whether it is a stop that was not triggered yet."""
        self.plain = False
        """Whether it is known to be plain (``risk.is_plain``), so that its entry need not be looked into."""
        self.quote = False
        """Whether a mass quote placed it."""

    def reserve(self, lots: int) -> None:
        """Count ``lots`` more (or, negative, fewer) of it as open, and hold back what they may need."""
        position = self.position
        value = lots * self.hold
        position.account.at_stake += value
        if self.guarded:
            position.reducing += lots
        elif self.key > 0:
            position.buy_qty += lots
            position.buy_hold += value
        else:
            position.sell_qty += lots
            position.sell_hold += value
        position.update()

    @property
    def price(self) -> int | None:
        """Limit price in ticks; None for a market order."""
        return None if self.entry.type in (OrderType.MARKET, OrderType.STOP) else abs(self.key)

    def view(self, queue_ahead: int | None) -> OrderView:
        """What its owner may see."""
        entry = self.entry
        return OrderView(
            order_id=self.order_id,
            account=entry.account,
            symbol_id=entry.symbol_id,
            side=entry.side,
            order_type=entry.type,
            price=self.price,
            stop_price=self.stop_price,
            qty=self.qty,
            leaves_qty=self.qty - self.cum,
            cum_qty=self.cum,
            status=OrderStatus.PENDING_TRIGGER if self.waiting else OrderStatus.WORKING,
            tif=entry.tif,
            created_at=self.created_at,
            post_only=entry.post_only,
            reduce_only=entry.reduce_only,
            display_qty=entry.display_qty,
            client_order_id=entry.client_order_id,
            queue_ahead=queue_ahead,
        )
