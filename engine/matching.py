"""The matching engine: where orders match. (``batch`` knows the same rules for plain orders, many in one call.)

Rules (``docs/MATCHING.md`` gives the reasons):

* **Price, then time.** The best opposite price trades first; at one price, the order that has stood there longest.
* **The resting order's price.** A trade happens at the maker's price; what a taker would have paid more is its gain.
* **Icebergs** trade what they show; then the next ``display`` lots come from the reserve to the back of the queue.
* **Nobody trades with himself.** Where an order meets one of the same ``owner``: CANCEL_RESTING takes the resting order
  out and goes on, CANCEL_TAKER stops, DECREMENT takes the smaller quantity off both without a trade.
* **Keeping one's place.** Giving lots back keeps it; another price or more lots go to the back of the queue.
* **An auction** (``uncross``) trades at one price everything that can trade there, by the same priority, and knows no
  self-trade prevention: nobody there chooses whom to trade with.
* **Guarded orders** (reduce-only) may not trade before the caller has said how much: matching pauses in front of them.

What the caller guarantees: prices are positive, quantities too, ``owner`` is -1 or an account's number, and an order
that comes in is in no book. What it gets: the book is never crossed when a method returns, unless matching is paused or
the caller collects orders for an auction with ``rest``. Nothing is called back and no clock is read: what happened is
appended to ``fills``.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from engine.book import OrderBook
from engine.invariants import InvariantError, ensure
from engine.level import Level
from engine.order import Order
from engine.types import SelfTradePrevention

Fill: TypeAlias = tuple[Order, int, int]
"""A resting order, a price in ticks, and lots: positive for a trade; negative for lots taken off both orders, and 0 for
the resting order's cancel, where an account met itself."""

WORST_BID: Final = 2**62
"""Key of a buy order that takes any price; -1 is that of a sell order."""
WORST_ASK: Final = -1

_CANCEL_RESTING = SelfTradePrevention.CANCEL_RESTING
_DECREMENT = SelfTradePrevention.DECREMENT


class MatchingEngine:
    """Matches the orders of one instrument."""

    __slots__ = ("book", "cleared", "orders", "paused", "self_trade")

    def __init__(self, orders: dict[int, Order] | None = None) -> None:
        self.book = OrderBook()
        self.orders: dict[int, Order] = {} if orders is None else orders
        """Resting orders by id; may be shared with other books."""
        self.paused: Order | None = None
        """The guarded order in front of which the last ``match`` stopped."""
        self.cleared: Order | None = None
        """The guarded order that the next ``match`` may trade with, because the caller has cut it to size."""
        self.self_trade = False
        """Whether the last ``match`` ended because the taker met its own account."""

    def match(self, order: Order, limit_key: int, stp: SelfTradePrevention, fills: list[Fill]) -> int:
        """Trade an incoming order's lots up to a price; the lots that are left, also in ``order.shown``."""
        side = self.book.asks if limit_key > 0 else self.book.bids
        keys = side.keys
        self.paused = None
        self.self_trade = False
        while order.shown and keys and limit_key + keys[-1] >= 0:
            level = side.levels[keys[-1]]
            if not self._match_level(level, order, stp, fills):
                break
            if level.head is None and keys and keys[-1] == level.key:
                keys.pop()
        self.cleared = None
        return order.shown

    def _match_level(self, level: Level, taker: Order, stp: SelfTradePrevention, fills: list[Fill]) -> bool:
        """Trade with one level, in turn; False when matching must stop although lots are left on both sides."""
        left = taker.shown
        owner = taker.owner
        guards = level.guards
        orders = self.orders
        price = level.price
        maker = level.head
        taken = gone = 0
        go_on = True
        while left and maker is not None:
            if (maker.owner == owner and owner >= 0) or (guards and maker.guarded and maker is not self.cleared):
                level.advance(maker, taken, gone)
                taken = gone = 0
                taker.shown = left
                go_on = self._meet_special(level, maker, taker, stp, fills)
                left = taker.shown
                maker = level.head
                if not go_on:
                    break
                continue
            shown = maker.shown
            if left < shown:
                maker.shown = shown - left
                taken += left
                fills.append((maker, price, left))
                left = 0
                break
            left -= shown
            taken += shown
            fills.append((maker, price, shown))
            after = maker.next
            if maker.hidden:
                level.advance(maker, taken - shown, gone)
                taken = gone = 0
                _replenish(level, maker)
                maker = level.head
                continue
            gone += 1
            if maker.guarded:
                level.guards -= 1
            del orders[maker.order_id]
            maker.shown = 0
            maker.level = maker.next = None
            maker = after
        level.advance(maker, taken, gone)
        taker.shown = left
        return go_on

    def _meet_special(
        self, level: Level, maker: Order, taker: Order, stp: SelfTradePrevention, fills: list[Fill]
    ) -> bool:
        """Meet an order of the same account, or a guarded one; False when matching must stop in front of it."""
        if maker.owner == taker.owner:
            return self._meet_self(level, maker, taker, stp, fills)
        self.paused = maker
        return False

    def _meet_self(self, level: Level, maker: Order, taker: Order, stp: SelfTradePrevention, fills: list[Fill]) -> bool:
        """Prevent a trade of an account with itself; False when the taker may not go on."""
        if stp is _CANCEL_RESTING:
            fills.append((maker, level.price, 0))
            self.cancel(maker)
            return True
        if stp is _DECREMENT:
            lots = min(taker.shown, maker.shown)
            fills.append((maker, level.price, -lots))
            taker.shown -= lots
            self._take_from(maker, lots)
            self.self_trade = not taker.shown
            return True
        self.self_trade = True
        return False

    def _take_from(self, order: Order, lots: int) -> None:
        """Take ``lots`` of those it shows off a resting order."""
        level = order.level
        if level is None:
            raise InvariantError("the order is in no book")
        if lots < order.shown:
            order.shown -= lots
            level.qty -= lots
        elif order.hidden:
            _replenish(level, order)
        else:
            self.cancel(order)
            order.shown = 0

    def uncross(self, price: int) -> list[tuple[Order, Order, int]]:
        """Trade at one price whatever crosses it; buyer, seller and lots of each trade, in order."""
        pairs: list[tuple[Order, Order, int]] = []
        bids, asks = self.book.bids, self.book.asks
        while bids.keys and asks.keys and bids.keys[-1] >= price >= -asks.keys[-1]:
            bid, ask = bids.best().head, asks.best().head
            if bid is None or ask is None:
                raise InvariantError("an empty level stayed in the book")
            lots = min(bid.shown, ask.shown)
            pairs.append((bid, ask, lots))
            self._take_from(bid, lots)
            self._take_from(ask, lots)
        return pairs

    def rest(self, order: Order) -> None:
        """Put what is left of an order into the book; the caller has matched it, or collects for an auction."""
        display = order.display
        if display and display < order.shown:
            order.hidden = order.shown - display
            order.shown = display
        key = order.key
        side = self.book.bids if key > 0 else self.book.asks
        level = side.levels.get(key)
        if level is None or level.head is None:
            level = side.open(key)
        level.append(order)
        self.orders[order.order_id] = order

    def cancel(self, order: Order) -> None:
        """Take a resting order out of the book."""
        level = order.level
        if level is None:
            raise InvariantError("the order is in no book")
        level.unlink(order)
        if level.head is None:
            (self.book.bids if order.key > 0 else self.book.asks).close(level.key)
        del self.orders[order.order_id]

    def reduce(self, order: Order, lots: int) -> None:
        """Take ``lots``, fewer than are open, off a resting order, hidden ones first; it keeps its place."""
        hidden = min(order.hidden, lots)
        order.hidden -= hidden
        order.shown -= lots - hidden
        if order.level is not None:
            order.level.qty -= lots - hidden

    def would_cross(self, key: int) -> bool:
        """Whether an order of this signed price would meet a resting one."""
        keys = self.book.asks.keys if key > 0 else self.book.bids.keys
        return bool(keys) and key + keys[-1] >= 0

    def can_fill(self, owner: int, limit_key: int, qty: int, stp: SelfTradePrevention) -> bool:
        """Whether an order could trade all its lots at once. Guarded orders do not count: they may turn out smaller."""
        for level in self.book.opposite(limit_key):
            if limit_key + level.key < 0:
                return False
            for maker in level:
                if maker.owner == owner and owner >= 0:
                    if stp is not _CANCEL_RESTING:
                        return False
                elif not maker.guarded:
                    qty -= maker.shown + maker.hidden
                    if qty <= 0:
                        return True
        return False

    def check(self, *, crossing_allowed: bool = False) -> None:
        """Raise InvariantError unless book and index are sound."""
        self.book.check(crossing_allowed=crossing_allowed)
        for side in (self.book.bids, self.book.asks):
            for level in side:
                for order in level:
                    ensure(self.orders.get(order.order_id) is order, "a resting order is not in the index")


def _replenish(level: Level, order: Order) -> None:
    """Bring the next lots of an iceberg to the back of the queue, after all it showed have gone."""
    level.unlink(order)
    order.shown = min(order.display, order.hidden)
    order.hidden -= order.shown
    level.append(order)
