"""Stop orders that wait for their price, and which of them are due when it comes. ``triggering`` is what they do then.

A buy stop is triggered when a trade is at its stop price or above, a sell stop at it or below; one whose price the mark
(the last trade, before the first the initial price) has reached already, at once. Of the stops that one
command's trades trigger, buys go before sells, the one whose price is reached first before the others, and at one price
the older before the younger. Each is then checked and executed like an order that has just come in; its own trades
may trigger others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sortedcontainers import SortedList

from engine.invariants import ensure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.working_order import WorkingOrder

_Waiting: TypeAlias = tuple[int, int]
"""Stop price, negative for a sell stop, and order id: the first of its side is triggered first."""


class WaitingStops:
    """The waiting stops of one market: O(log n) in and out, O(1) to see that none is triggered."""

    __slots__ = ("_buys", "_due", "_high", "_low", "_orders", "_sells")

    def __init__(self) -> None:
        self._orders: dict[int, WorkingOrder] = {}
        self._buys: SortedList[_Waiting] = SortedList()
        self._sells: SortedList[_Waiting] = SortedList()
        self._due: dict[int, WorkingOrder] = {}
        """Triggered stops that could not be executed yet, because the market is not open; the next one first."""
        self._high = 0
        """Highest price traded since the stops were last looked at; 0 when none was."""
        self._low = 0

    def __len__(self) -> int:
        return len(self._orders) + len(self._due)

    def __iter__(self) -> Iterator[WorkingOrder]:
        """Waiting orders, oldest first."""
        waiting = self._orders | self._due
        for order_id in sorted(waiting):
            yield waiting[order_id]

    @property
    def due(self) -> list[WorkingOrder]:
        """Triggered stops that could not be executed yet, the next one first."""
        return [*self._due.values()]

    def add(self, order: WorkingOrder, stop_price: int) -> None:
        """Let a stop wait for its price."""
        self._orders[order.order_id] = order
        order.stop_price = stop_price
        if order.key > 0:
            self._buys.add((stop_price, order.order_id))
        else:
            self._sells.add((-stop_price, order.order_id))

    def remove(self, order: WorkingOrder) -> None:
        """Take a stop out."""
        if self._due.pop(order.order_id, None) is not None:
            return
        del self._orders[order.order_id]
        stop_price = order.stop_price or 0
        if order.key > 0:
            self._buys.remove((stop_price, order.order_id))
        else:
            self._sells.remove((-stop_price, order.order_id))

    def traded(self, low: int, high: int) -> None:
        """Remember prices at which trades happened."""
        if not self._high:
            self._low, self._high = low, high
        else:
            self._low, self._high = min(low, self._low), max(high, self._high)

    def look(self) -> None:
        """See which stops the remembered prices trigger, and forget the prices: later stops never hear of them."""
        if self._high:
            for side, reached in ((self._buys, self._high), (self._sells, -self._low)):
                while side and side[0][0] <= reached:
                    _, order_id = side.pop(0)
                    self._due[order_id] = self._orders.pop(order_id)
        self._low = self._high = 0

    def take_due(self) -> list[WorkingOrder]:
        """Take out the stops that were triggered, in the order in which they are executed."""
        due = self.due
        self._due.clear()
        return due

    def put_back(self, order: WorkingOrder) -> None:
        """Let a triggered stop wait until the market is open again."""
        self._due[order.order_id] = order

    def make_due(self, order: WorkingOrder) -> None:
        """Turn a stop that waits for its price into one that was triggered."""
        self.remove(order)
        self._due[order.order_id] = order

    def check(self, mark: int) -> None:
        """Raise InvariantError unless the stops stand under their prices, and none waits for one that was reached."""
        buys = sorted((o.stop_price or 0, o.order_id) for o in self._orders.values() if o.key > 0)
        sells = sorted((-(o.stop_price or 0), o.order_id) for o in self._orders.values() if o.key < 0)
        ensure((list(self._buys), list(self._sells)) == (buys, sells), "a stop does not wait for its price")
        reached = (buys and buys[0][0] <= mark) or (sells and sells[0][0] <= -mark)
        ensure(not reached and not self._low and not self._high, "a stop whose price was reached was not triggered")
