"""The invariants of an order book as code: what tests ask after every step, and ``verify`` of a whole exchange."""

from __future__ import annotations

from engine.book import PAGE_BITS, BookSide, OrderBook
from engine.invariants import ensure

_PAGE = 1 << PAGE_BITS


def check_book(book: OrderBook, *, crossing_allowed: bool = False) -> None:
    """Raise InvariantError unless the book is sound; only an auction's book may be crossed."""
    slots = _check_side(book, book.bids) | _check_side(book, book.asks)
    free, count = book.free, len(slots) + 1
    while free:
        ensure(free not in slots and not book.ids[free], "a slot is free and in a queue")
        free, count = book.after[free], count + 1
    ensure(count == len(book.ids), "slots got lost")
    ensure(book.hidden.keys() == book.display.keys() <= slots, "a reserve without an iceberg")
    ensure(book.guarded <= slots, "a guarded order is in no queue")
    places = sorted([*book.pages.values(), *book.spare_pages])
    ensure(places == list(range(0, len(book.head), _PAGE)), "pages got lost")
    bid, ask = book.bids.best, -book.asks.best
    ensure(crossing_allowed or not bid or not ask or bid < ask, f"the book is crossed: {bid} x {ask}")


def _check_side(book: OrderBook, side: BookSide) -> set[int]:
    """The slots of one side, if its pages, levels and queues agree."""
    found: set[int] = set()
    best = next(book.best_first(side), None)
    ensure(side.best == (0 if best is None else book.key_of[best]), "the best price is wrong")
    ensure(best is None or best == side.level, "the best level is wrong")
    mine = [number for number in book.pages if book.side(number * _PAGE + 1) is side]
    with_levels = [number for number in mine if book.words[book.pages[number] >> PAGE_BITS]]
    ensure(side.pages == sorted(with_levels), "a page is not listed")
    for number in mine:
        first = book.pages[number]
        word = book.words[first >> PAGE_BITS]
        for offset in range(_PAGE):
            level = first + offset
            listed = bool(word >> offset & 1)
            ensure(book.key_of[level] == number * _PAGE + offset, "a level is filed under another price")
            ensure(listed or not book.head[level], "a level with orders is not listed")
            found |= _check_level(book, level)
    return found


def _check_level(book: OrderBook, level: int) -> set[int]:
    """The slots of one level, if links and totals agree."""
    slots = list(book.queue(level))
    ensure([book.before[slot] for slot in slots] == [0, *slots][: len(slots)], "the queue's links disagree")
    ensure(book.tail[level] == ([0, *slots])[-1], "the tail is not the last order")
    ensure(book.count[level] == len(slots), "the orders are miscounted")
    ensure(book.lots[level] == sum(book.shown[slot] for slot in slots), "the lots are miscounted")
    for slot in slots:
        ensure(book.level_of[slot] == level, "an order points to another level")
        ensure(book.shown[slot] > 0, "a resting order shows nothing")
        reserve = book.hidden.get(slot, 0)
        ensure(reserve >= 0, "a negative reserve")
        ensure(not reserve or book.shown[slot] <= book.display[slot], "an iceberg shows more than its display")
    return set(slots)
