"""Plain orders through one book in one call: recorded order flow, benchmarks, comparisons with other engines.

The rules are those of ``matching``, without what plain orders do not have: owners, hidden lots, guards. So a level is
taken whole where it can be, and nobody asks about each fill.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from engine.book import BookSide
from engine.invariants import InvariantError
from engine.matching import MatchingEngine
from engine.order import Order

ADD: Final = 0
"""``(ADD, order_id, key, qty)``: a limit order that rests what it cannot trade."""
TAKE: Final = 1
"""``(TAKE, order_id, key, qty)``: the same without resting."""
CANCEL: Final = 2
"""``(CANCEL, order_id, 0, 0)``; an unknown id is no error."""
REPLACE: Final = 3
"""``(REPLACE, order_id, key, qty)``; an unknown id is no error."""

PlainTrade: TypeAlias = tuple[int, int, int, int]
"""Ids of taker and maker, price in ticks, lots."""


def run(engine: MatchingEngine, batch: Iterable[tuple[int, int, int, int]]) -> list[PlainTrade]:
    """Apply operations in turn to a book into which nothing else has put orders; their trades, in order.

    The steps are written out here, and orders that have gone are used again: in pure Python a call costs a tenth of an
    operation, a new object a third.
    """
    trades: list[PlainTrade] = []
    spare: list[Order] = []
    orders = engine.orders
    bids, asks = engine.book.bids, engine.book.asks
    bid_keys, ask_keys = bids.keys, asks.keys
    for verb, order_id, key, qty in batch:
        if verb >= CANCEL:
            gone = orders.pop(order_id, None)
            if gone is None:
                continue
            level = gone.level
            if level is None:
                raise InvariantError("a resting order is in no book")
            if verb == REPLACE and key == gone.key and qty <= gone.shown:
                level.qty -= gone.shown - qty
                gone.shown = qty
                orders[order_id] = gone
                continue
            before, after = gone.prev, gone.next
            level.qty -= gone.shown
            level.count -= 1
            if before is not None:
                before.next = after
            else:
                level.head = after
            if after is not None:
                after.prev = before
            else:
                level.tail = before
                if before is None:
                    (bids if gone.key > 0 else asks).close(level.key)
            spare.append(gone)
            if verb == CANCEL:
                continue
        opposite = ask_keys if key > 0 else bid_keys
        if opposite and key + opposite[-1] >= 0:
            qty = _take(asks if key > 0 else bids, orders, order_id, key, qty, trades, spare)
        if qty and verb != TAKE:
            if spare:
                order = spare.pop()
                order.order_id, order.key, order.shown = order_id, key, qty
            else:
                order = Order(order_id, -1, key, qty)
            side = bids if key > 0 else asks
            level = side.levels.get(key)
            if level is None or level.tail is None:
                level = side.open(key)
                level.head = order
                order.prev = None
            else:
                order.prev = level.tail
                level.tail.next = order
            order.next = None
            order.level = level
            level.tail = orders[order_id] = order
            level.qty += qty
            level.count += 1
    return trades


def _take(
    opposite: BookSide,
    orders: dict[int, Order],
    order_id: int,
    key: int,
    qty: int,
    trades: list[PlainTrade],
    spare: list[Order],
) -> int:
    """Trade lots up to a signed price; those that are left. Makers that are done go to ``spare``."""
    keys, levels = opposite.keys, opposite.levels
    while qty and keys and key + keys[-1] >= 0:
        level = levels[keys[-1]]
        price = level.price
        maker = level.head
        if qty >= level.qty:
            keys.pop()
            qty -= level.qty
            level.head = level.tail = None
            level.qty = level.count = 0
            while maker is not None:
                maker_id = maker.order_id
                trades.append((order_id, maker_id, price, maker.shown))
                del orders[maker_id]
                spare.append(maker)
                maker = maker.next
            continue
        level.qty -= qty
        while maker is not None and qty >= maker.shown:
            maker_id, shown = maker.order_id, maker.shown
            trades.append((order_id, maker_id, price, shown))
            del orders[maker_id]
            spare.append(maker)
            level.count -= 1
            qty -= shown
            maker = maker.next
        if maker is None:
            raise InvariantError("a level has fewer lots than it says")
        if qty:
            trades.append((order_id, maker.order_id, price, qty))
            maker.shown -= qty
        level.head = maker
        maker.prev = None
        return 0
    return qty
