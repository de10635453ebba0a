"""The order book of one instrument: two sides of price levels, and nothing about how orders match.

Layout. A side is ``levels``, a dict from signed price to ``Level``, and ``keys``, the sorted list of its signed prices.
A bid's key is its price, an ask's is minus its price, so the best level of either side is ``keys[-1]``, a better price
is a greater key, and two prices cross when their keys add up to zero or more: one code path serves both sides. Changes
happen near the end of the list, where inserting is cheapest. ``docs/adr/0001-price-levels.md`` has figures.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from engine.invariants import ensure
from engine.level import Level
from engine.order import Order

EMPTY_LEVELS_KEPT: Final = 1_000
"""Empty levels a side keeps, besides as many as it has occupied ones."""


COMPILED: Final = not __file__.endswith(".py")


def _position(keys: list[int], key: int) -> int:
    """``bisect_left``, for the compiled build: there it needs no call into Python for each comparison."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


class BookSide:
    """Price levels of one side.

    A level that empties leaves ``keys`` at once but stays in ``levels`` for a while: prices near the touch come and go
    all the time, and finding an empty level again is cheaper than making one.
    """

    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        self.keys: list[int] = []
        """Signed prices at which orders rest, worst to best."""
        self.levels: dict[int, Level] = {}

    def __iter__(self) -> Iterator[Level]:
        """Levels at which orders rest, best first."""
        for key in reversed(self.keys):
            yield self.levels[key]

    def best(self) -> Level:
        """The level that trades first; there must be one."""
        return self.levels[self.keys[-1]]

    def open(self, key: int) -> Level:
        """The empty level of a price at which an order is about to rest: O(log n) plus a list insert.

        The insert is short where it is frequent, which is near the best price.
        """
        keys = self.keys
        level = self.levels.get(key)
        if level is None:
            if len(self.levels) > 2 * len(keys) + EMPTY_LEVELS_KEPT:
                self.levels = {kept: self.levels[kept] for kept in keys}
            level = self.levels[key] = Level(key)
        if not keys or key > keys[-1]:
            keys.append(key)
        else:
            keys.insert(_position(keys, key) if COMPILED else bisect_left(keys, key), key)
        return level

    def close(self, key: int) -> None:
        """Take the price of a level that has emptied out of the index: O(log n) plus a list delete."""
        keys = self.keys
        if keys[-1] == key:
            keys.pop()
        else:
            keys.pop(_position(keys, key) if COMPILED else bisect_left(keys, key))

    def check(self) -> None:
        """Raise InvariantError unless index and levels agree."""
        occupied = sorted(key for key, level in self.levels.items() if level.head is not None)
        ensure(self.keys == occupied, "the sorted keys are not those of the levels")
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
