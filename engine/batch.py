"""Plain orders through one book, many in one call: recorded order flow, benchmarks, comparisons with other engines.

The rules are those of ``matching``, without what plain orders do not have: owners, reserves, guards.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from engine.book import NOBODY, PAGE_BITS, PAGE_MASK, OrderBook
from engine.packed import extend, i64, vec

ADD: Final = 0
"""``(ADD, order_id, key, qty)``: a limit order that rests what it cannot trade."""
TAKE: Final = 1
"""``(TAKE, order_id, key, qty)``: the same without resting."""
CANCEL: Final = 2
"""``(CANCEL, order_id, 0, 0)``; an unknown id is no error."""
REPLACE: Final = 3
"""``(REPLACE, order_id, key, qty)``; an unknown id is no error."""

Operation: TypeAlias = tuple[int, int, int, int]

PlainTrade: TypeAlias = tuple[int, int, int, int]
"""Ids of taker and maker, price in ticks, lots."""


class OrderFlow:
    """Order flow through a book of its own.

    Who makes the flow numbers its orders from 1 on: a table as long as the greatest number finds them.
    """

    __slots__ = ("_slots", "book")

    def __init__(self) -> None:
        self.book = OrderBook()
        self._slots: vec[i64] = vec[i64]([0])
        """Where each order rested last; the slot may be another's by now."""

    def run(self, batch: list[Operation]) -> list[PlainTrade]:
        """Apply operations in turn; their trades, in order.

        The book's steps for one order are written out here: in pure Python a call costs a tenth of an operation. A row
        that has grown may have moved, so the rows are looked up again whenever the book has made room.
        """
        trades: list[PlainTrade] = []
        book = self.book
        bids, asks = book.bids, book.asks
        verb: i64
        order_id: i64
        key: i64
        qty: i64
        slots, pages = self._slots, book.pages
        length: i64 = len(slots)
        ids, shown, level_of, before, after = book.ids, book.shown, book.level_of, book.before, book.after
        head, tail, lots, count = book.head, book.tail, book.lots, book.count
        for verb, order_id, key, qty in batch:
            if order_id >= length:
                slots = self._slots = extend(slots, vec[i64]([0] * order_id))
                length = len(slots)
            if verb >= CANCEL:
                slot = slots[order_id]
                if ids[slot] != order_id:
                    continue
                level = level_of[slot]
                if verb == REPLACE and key == book.key_of[level] and qty <= shown[slot]:
                    book.reduce(slot, shown[slot] - qty)
                    continue
                previous, following = before[slot], after[slot]
                lots[level] -= shown[slot]
                count[level] -= 1
                if previous:
                    after[previous] = following
                else:
                    head[level] = following
                if following:
                    before[following] = previous
                else:
                    tail[level] = previous
                    if not previous:
                        book.close_level(level)
                ids[slot] = 0
                after[slot] = book.free
                book.free = slot
                if verb == CANCEL:
                    continue
            best = asks.best if key > 0 else bids.best
            if best and key + best >= 0:
                qty = self._take(order_id, key, qty, trades)
            if qty and verb != TAKE:
                page = pages.get(key >> PAGE_BITS)
                if page is None or not book.free:
                    slots[order_id] = book.add(order_id, NOBODY, key, qty)
                    ids, shown, level_of, before, after = book.ids, book.shown, book.level_of, book.before, book.after
                    head, tail, lots, count = book.head, book.tail, book.lots, book.count
                    pages = book.pages
                    continue
                slot = book.free
                book.free = after[slot]
                level = page + (key & PAGE_MASK)
                previous = tail[level]
                if previous:
                    after[previous] = slot
                else:
                    head[level] = slot
                    book.open_level(level, key)
                tail[level] = slot
                lots[level] += qty
                count[level] += 1
                ids[slot] = order_id
                shown[slot] = qty
                level_of[slot] = level
                before[slot] = previous
                after[slot] = 0
                slots[order_id] = slot
        return trades

    def _take(self, order_id: int, key: i64, qty: i64, trades: list[PlainTrade]) -> i64:
        """Trade lots up to a signed price; those that are left."""
        book = self.book
        side = book.asks if key > 0 else book.bids
        ids, shown, after, head, tail = book.ids, book.shown, book.after, book.head, book.tail
        lots, count = book.lots, book.count
        best = side.best
        while best and key + best >= 0:
            level = side.level
            price: int = best if best > 0 else -best
            slot = head[level]
            if qty < lots[level]:
                self._take_part(order_id, level, price, qty, trades)
                return 0
            qty -= lots[level]
            after[tail[level]] = book.free
            book.free = slot
            head[level] = tail[level] = lots[level] = 0
            for _ in range(count[level]):
                trades.append((order_id, ids[slot], price, shown[slot]))
                ids[slot] = 0
                slot = after[slot]
            count[level] = 0
            book.close_best(side)
            best = side.best
            if not qty:
                break
        return qty

    def _take_part(self, order_id: int, level: i64, price: int, qty: i64, trades: list[PlainTrade]) -> None:
        """Trade ``qty`` lots, fewer than there are, at one level."""
        book = self.book
        ids, shown, after = book.ids, book.shown, book.after
        slot = book.head[level]
        traded, gone = qty, 0
        last: i64 = 0
        while qty >= shown[slot]:
            trades.append((order_id, ids[slot], price, shown[slot]))
            ids[slot] = 0
            qty -= shown[slot]
            gone += 1
            last = slot
            slot = after[slot]
        if gone:
            book.drop_front(level, last, gone, traded - qty)
        if qty:
            trades.append((order_id, ids[slot], price, qty))
            book.reduce(slot, qty)
