"""Stop orders that wait for their price, and what happens when it comes.

A buy stop is triggered when a trade is at its stop price or above, a sell stop at it or below. Of the stops that one
command's trades trigger, buys go before sells, the one whose price is reached first before the others, and at one price
the older before the younger. Each is then checked and executed like an order that has just come in; its own trades
may trigger others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sortedcontainers import SortedList

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.working_order import WorkingOrder

_Waiting: TypeAlias = tuple[int, int]
"""Stop price, negative for a sell stop, and order id: the first of its side is triggered first."""


class Triggers:
    """The waiting stops of one market: O(log n) in and out, O(1) to see that none is triggered."""

    __slots__ = ("_buys", "_orders", "_sells", "high", "low")

    def __init__(self) -> None:
        self._orders: dict[int, WorkingOrder] = {}
        self._buys: SortedList[_Waiting] = SortedList()
        self._sells: SortedList[_Waiting] = SortedList()
        self.high = 0
        """Highest price traded since the stops were last looked at; 0 when none was."""
        self.low = 0

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[WorkingOrder]:
        """Waiting orders, oldest first."""
        for order_id in sorted(self._orders):
            yield self._orders[order_id]

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
        del self._orders[order.order_id]
        stop_price = order.stop_price or 0
        if order.key > 0:
            self._buys.remove((stop_price, order.order_id))
        else:
            self._sells.remove((-stop_price, order.order_id))

    def traded(self, low: int, high: int) -> None:
        """Remember prices at which trades happened."""
        if not self.high:
            self.low, self.high = low, high
        else:
            self.low, self.high = min(low, self.low), max(high, self.high)

    def take_triggered(self) -> list[WorkingOrder]:
        """Take out the stops that the remembered prices trigger, in the order in which they are executed."""
        triggered: list[WorkingOrder] = []
        if self.high:
            for side, reached in ((self._buys, self.high), (self._sells, -self.low)):
                while side and side[0][0] <= reached:
                    _, order_id = side.pop(0)
                    triggered.append(self._orders.pop(order_id))
        self.low = self.high = 0
        return triggered
