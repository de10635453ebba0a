"""The order book of one instrument: two sides of price levels, and nothing about how orders match.

Layout. A side is ``levels``, a dict from signed price to ``Level``, and ``keys``, the sorted list of its signed prices.
A bid's key is its price, an ask's is minus its price, so the best level of either side is ``keys[-1]``, a better price
is a greater key, and two prices cross when their keys add up to zero or more: one code path serves both sides. Changes
happen near the end of the list, where inserting is cheapest. ``docs/adr/0001-price-levels.md`` has figures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from engine.invariants import ensure
from engine.level import Level
from engine.order import Order


class BookSide:
    """Price levels of one side, worst to best."""

    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def __iter__(self) -> Iterator[Level]:
        """Levels, best first."""
        for key in reversed(self.keys):
            yield self.levels[key]

    def best(self) -> Level:
        """The level that trades first; there must be one."""
        return self.levels[self.keys[-1]]

    def open(self, key: int) -> Level:
        """A new level, empty still: O(log n) plus a list insert, which is short near the best price."""
        level = self.levels[key] = Level(key)
        keys = self.keys
        if not keys or key > keys[-1]:
            keys.append(key)
        else:
            keys.insert(bisect_left(keys, key), key)
        return level

    def drop(self, key: int) -> None:
        """Forget an empty level."""
        del self.levels[key]
        keys = self.keys
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def check(self) -> None:
        """Raise InvariantError unless index and levels agree."""
        ensure(self.keys == sorted(self.levels), "the sorted keys are not those of the levels")
        for key, level in self.levels.items():
            ensure(level.key == key, "a level is filed under another price")
            level.check()


class OrderBook:
    """Bids and asks of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide()
        self.asks = BookSide()

    def side(self, key: int) -> BookSide:
        """The side on which an order of this signed price rests."""
        return self.bids if key > 0 else self.asks

    def opposite(self, key: int) -> BookSide:
        """The side against which an order of this signed price trades."""
        return self.asks if key > 0 else self.bids

    def best_bid(self) -> int | None:
        """Best bid price in ticks."""
        return self.bids.keys[-1] if self.bids.keys else None

    def best_ask(self) -> int | None:
        """Best ask price in ticks."""
        return -self.asks.keys[-1] if self.asks.keys else None

    def queue_ahead(self, order: Order) -> int:
        """Visible lots at the order's price that fill before it; O(orders ahead)."""
        lots = 0
        ahead = order.prev
        while ahead is not None:
            lots += ahead.shown
            ahead = ahead.prev
        return lots

    def check(self, *, crossing_allowed: bool = False) -> None:
        """Raise InvariantError unless the book is sound; only an auction's book may be crossed."""
        self.bids.check()
        self.asks.check()
        bid, ask = self.best_bid(), self.best_ask()
        ensure(crossing_allowed or bid is None or ask is None or bid < ask, f"the book is crossed: {bid} x {ask}")
