"""One price of one side: a first-in-first-out queue of orders."""

from __future__ import annotations

from collections.abc import Iterator

from engine.invariants import ensure
from engine.order import Order


class Level:
    """Queue of the orders at one signed price. Every operation is O(1) and leaves the totals right."""

    __slots__ = ("count", "guards", "head", "key", "price", "qty", "tail")

    def __init__(self, key: int) -> None:
        self.key = key
        self.price = abs(key)
        self.qty = 0
        """Visible lots."""
        self.count = 0
        """Orders."""
        self.guards = 0
        """Guarded orders among them."""
        self.head: Order | None = None
        self.tail: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.next

    def append(self, order: Order) -> None:
        """Put an order at the back of the queue."""
        tail = self.tail
        if tail is None:
            self.head = order
        else:
            tail.next = order
            order.prev = tail
        self.tail = order
        order.level = self
        self.qty += order.shown
        self.count += 1
        if order.guarded:
            self.guards += 1

    def unlink(self, order: Order) -> None:
        """Take an order out, wherever it stands."""
        before, after = order.prev, order.next
        if before is None:
            self.head = after
        else:
            before.next = after
        if after is None:
            self.tail = before
        else:
            after.prev = before
        order.level = order.prev = order.next = None
        self.qty -= order.shown
        self.count -= 1
        if order.guarded:
            self.guards -= 1

    def advance(self, head: Order | None, qty: int, count: int) -> None:
        """Let the queue begin at ``head``: ``count`` orders before it, and ``qty`` visible lots, have traded away."""
        self.head = head
        if head is None:
            self.tail = None
        else:
            head.prev = None
        self.qty -= qty
        self.count -= count

    def check(self) -> None:
        """Raise InvariantError unless links and totals agree."""
        qty = count = guards = 0
        previous = None
        for order in self:
            ensure(order.key == self.key, "an order stands at another price")
            ensure(order.level is self, "an order points to another level")
            ensure(order.prev is previous, "the queue's links disagree")
            ensure(order.shown > 0, "a resting order shows nothing")
            ensure(order.hidden >= 0, "a negative reserve")
            ensure(order.hidden == 0 or 0 < order.shown <= order.display, "an iceberg shows more than its display")
            qty, count, guards = qty + order.shown, count + 1, guards + order.guarded
            previous = order
        ensure(self.tail is previous, "the tail is not the last order")
        ensure((qty, count, guards) == (self.qty, self.count, self.guards), "the level's totals are wrong")
