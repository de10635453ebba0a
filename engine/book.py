"""The order book of one instrument: who stands in which queue at which price, and nothing about how orders match.

Layout. There is no object for an order or a price. An order is a **slot**, a number under which the rows of this book
say all about it; a price **level** is a number in the same way. The orders of a level are a linked queue of slots, and
a slot that has become free is used again. So nothing is allocated while orders come and go, and the compiled build
works on packed machine words.

Prices are signed: a bid's **key** is its price, an ask's is minus its price. The better of two prices of one side is
the greater key, and two prices cross when their keys add up to zero or more: one code path serves both sides. Keys lie
on **pages** of 32 neighbours. A page's word has a bit for each level that is listed; its highest bit is the best. Pages
exist where orders are, or were lately, so memory follows the orders and not the range of prices. A level that empties
stays listed until it would be the best one: prices come and go all the time, and to find a level again is cheaper than
to list it anew. ``docs/adr/0001-price-levels.md`` has the figures.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from itertools import islice
from typing import Final

from engine.packed import extend, i64, vec

NOBODY: Final = -1
"""Owner of an order that no account owns."""

EMPTY_PAGES_KEPT: Final = 64
"""Pages without orders that a book keeps, besides as many as it has with orders."""

PAGE_BITS: Final = 5
PAGE_MASK: Final = 31
_PAGE: Final = 32
"""Neighbouring prices on a page: 2 ** PAGE_BITS."""


class BookSide:
    """Where one side's levels are."""

    __slots__ = ("best", "level", "pages")

    def __init__(self) -> None:
        self.best: i64 = 0
        """Best signed price at which an order rests; 0 when there is none."""
        self.level: i64 = 0
        """The level of the best price."""
        self.pages: list[int] = []
        """Numbers of the pages with listed levels, worst to best."""


class OrderBook:
    """Bids and asks of one instrument. Quantities are lots; slot 0 is no order.

    Lots at one price must add up to less than 2**63: nine million orders of the greatest quantity (``risk.QTY_MAX``).
    """

    __slots__ = (
        "after",
        "asks",
        "before",
        "bids",
        "count",
        "display",
        "free",
        "guarded",
        "head",
        "hidden",
        "ids",
        "key_of",
        "level_of",
        "lots",
        "most_pages",
        "owners",
        "pages",
        "shown",
        "spare_pages",
        "tail",
        "words",
    )

    def __init__(self) -> None:
        self.bids = BookSide()
        self.asks = BookSide()
        # One entry for each slot.
        self.ids: vec[i64] = vec[i64]([0])
        """Order ids; 0 where a slot is free."""
        self.owners: vec[i64] = vec[i64]([NOBODY])
        """Numbers of the accounts, for self-trade prevention."""
        self.shown: vec[i64] = vec[i64]([0])
        """Visible lots."""
        self.level_of: vec[i64] = vec[i64]([0])
        """Levels at which the orders stand."""
        self.before: vec[i64] = vec[i64]([0])
        """The slot in front in the queue; 0 at its head."""
        self.after: vec[i64] = vec[i64]([0])
        """The next slot of the queue, 0 at its end; of a free slot, the next free one."""
        self.free: i64 = 0
        """The slot to use next; 0 when none is free."""
        # What few orders have, by slot.
        self.hidden: dict[int, int] = {}
        """Lots in the reserve of an iceberg that has one left."""
        self.display: dict[int, int] = {}
        """Lots that such an iceberg shows at a time."""
        self.guarded: set[int] = set()
        """Orders whose fills must be allowed lot by lot, because they may only reduce a position."""
        # One entry for each level.
        self.key_of: vec[i64] = vec[i64]([])
        """Signed price."""
        self.head: vec[i64] = vec[i64]([])
        self.tail: vec[i64] = vec[i64]([])
        """First and last slot of the queue; 0 where it is empty."""
        self.lots: vec[i64] = vec[i64]([])
        """Visible lots."""
        self.count: vec[i64] = vec[i64]([])
        """Orders."""
        # One entry for each page, whose levels are the 32 from 32 times its place on.
        self.words: vec[i64] = vec[i64]([])
        """A bit for each listed level: those with orders, and of the others those that were not looked at since."""
        self.pages: dict[int, int] = {}
        """First levels of pages by their numbers (key // 32); some pages may have no orders."""
        self.spare_pages: list[int] = []
        """First levels of pages that may become any."""
        self.most_pages = EMPTY_PAGES_KEPT
        """When there are so many, those without orders are given up."""

    def add(self, order_id: i64, owner: i64, key: i64, lots: i64) -> i64:
        """Put an order at the back of the queue at its price; its slot."""
        slot = self.free
        if not slot:
            slot = self._more_slots()
        self.free = self.after[slot]
        page = self.pages.get(key >> PAGE_BITS)
        level: i64 = (self._new_page(key >> PAGE_BITS) if page is None else page) + (key & PAGE_MASK)
        last = self.tail[level]
        if last:
            self.after[last] = slot
        else:
            self.head[level] = slot
            self.open_level(level, key)
        self.tail[level] = slot
        self.lots[level] += lots
        self.count[level] += 1
        self.ids[slot] = order_id
        self.owners[slot] = owner
        self.shown[slot] = lots
        self.level_of[slot] = level
        self.before[slot] = last
        self.after[slot] = 0
        return slot

    def remove(self, slot: i64) -> None:
        """Take an order out, wherever it stands; its slot is free then."""
        level = self.level_of[slot]
        before, after = self.before[slot], self.after[slot]
        self.lots[level] -= self.shown[slot]
        self.count[level] -= 1
        if before:
            self.after[before] = after
        else:
            self.head[level] = after
        if after:
            self.before[after] = before
        else:
            self.tail[level] = before
            if not before:
                self.close_level(level)
        if self.hidden and self.hidden.pop(slot, 0):
            del self.display[slot]
        if self.guarded:
            self.guarded.discard(slot)
        self.ids[slot] = 0
        self.after[slot] = self.free
        self.free = slot

    def drop_front(self, level: i64, last: i64, count: i64, lots: i64) -> None:
        """Take the first ``count`` orders of a level out, ``last`` the last of them; together they showed ``lots``."""
        first, rest = self.head[level], self.after[last]
        self.head[level] = rest
        self.lots[level] -= lots
        self.count[level] -= count
        if rest:
            self.before[rest] = 0
        else:
            self.tail[level] = 0
            self.close_level(level)
        self.after[last] = self.free
        self.free = first

    def reduce(self, slot: i64, lots: i64) -> None:
        """Take visible lots, fewer than there are, off an order; it keeps its place."""
        self.shown[slot] -= lots
        self.lots[self.level_of[slot]] -= lots

    def reduce_hidden(self, slot: i64, lots: int) -> None:
        """Take lots, as many as there are at most, off an iceberg's reserve."""
        left = self.hidden[slot] - lots
        if left:
            self.hidden[slot] = left
        else:
            del self.hidden[slot], self.display[slot]

    def replenish(self, level: i64) -> None:
        """Bring the next lots of an iceberg, first at its level, to the back of the queue: all it showed have gone."""
        slot, last = self.head[level], self.tail[level]
        lots = min(self.display[slot], self.hidden[slot])
        self.reduce_hidden(slot, lots)
        self.lots[level] += lots - self.shown[slot]
        self.shown[slot] = lots
        if slot == last:
            return
        first = self.after[slot]
        self.head[level] = first
        self.before[first] = 0
        self.after[last] = slot
        self.before[slot] = last
        self.after[slot] = 0
        self.tail[level] = slot

    def _more_slots(self) -> i64:
        """Make as many free slots again as there are; the first of them."""
        first: i64 = len(self.ids)
        zeros = vec[i64]([0] * first)
        self.ids = extend(self.ids, zeros)
        self.owners = extend(self.owners, vec[i64]([NOBODY] * first))
        self.shown = extend(self.shown, zeros)
        self.level_of = extend(self.level_of, zeros)
        self.before = extend(self.before, zeros)
        self.after = extend(self.after, zeros)
        for slot in range(first, 2 * first - 1):
            self.after[slot] = slot + 1
        return first

    def _new_page(self, number: int) -> int:
        """Make the levels of 32 neighbouring prices; the first of them."""
        if len(self.pages) >= self.most_pages:
            self._give_up_pages()
        if self.spare_pages:
            first = self.spare_pages.pop()
        else:
            first = len(self.head)
            zeros = vec[i64]([0] * _PAGE)
            self.head = extend(self.head, zeros)
            self.tail = extend(self.tail, zeros)
            self.lots = extend(self.lots, zeros)
            self.count = extend(self.count, zeros)
            self.key_of = extend(self.key_of, zeros)
            self.words = extend(self.words, vec[i64]([0]))
        for offset in range(_PAGE):
            self.key_of[first + offset] = number * _PAGE + offset
        self.pages[number] = first
        return first

    def _give_up_pages(self) -> None:
        """Let other prices have the pages without orders."""
        for side in (self.bids, self.asks):
            for number in side.pages:
                self._forget_empty_levels(self.pages[number])
            side.pages = [number for number in side.pages if self.words[self.pages[number] >> PAGE_BITS]]
        self.spare_pages += [first for first in self.pages.values() if not self.words[first >> PAGE_BITS]]
        self.pages = {number: first for number, first in self.pages.items() if self.words[first >> PAGE_BITS]}
        self.most_pages = 2 * len(self.pages) + EMPTY_PAGES_KEPT

    def _forget_empty_levels(self, first: int) -> None:
        word = 0
        for offset in range(_PAGE):
            if self.head[first + offset]:
                word |= 1 << offset
        self.words[first >> PAGE_BITS] = word

    def open_level(self, level: i64, key: i64) -> None:
        """Note that the first order has come to a level."""
        side = self.bids if key > 0 else self.asks
        best = side.best
        if key > best or not best:
            side.best = key
            side.level = level
        page = level >> PAGE_BITS
        offset: int = level & PAGE_MASK  # not i64: mypyc 2.4 shifts the constant as a 32-bit one then
        bit = 1 << offset
        word: int = self.words[page]
        if word & bit:
            return
        self.words[page] = word | bit
        if not word:
            number: int = key >> PAGE_BITS
            pages = side.pages
            if not pages or number > pages[-1]:
                pages.append(number)
            else:
                insort(pages, number)

    def close_level(self, level: i64) -> None:
        """Note that a level has emptied."""
        side = self.bids if self.key_of[level] > 0 else self.asks
        if level == side.level:
            self.close_best(side)

    def close_best(self, side: BookSide) -> None:
        """Note that the best level has emptied, and find the next one."""
        head, words = self.head, self.words
        level = side.level
        page = level >> PAGE_BITS
        word: int = words[page]
        offset: int
        while True:
            offset = level & PAGE_MASK
            word ^= 1 << offset
            if not word:
                words[page] = 0
                pages = side.pages
                pages.pop()
                if not pages:
                    side.best = side.level = 0
                    return
                page = self.pages[pages[-1]] >> PAGE_BITS
                word = words[page]
            level = page * _PAGE + word.bit_length() - 1
            if head[level]:
                break
        words[page] = word
        side.level = level
        side.best = self.key_of[level]

    def price(self, level: i64) -> int:
        """Price of a level in ticks."""
        key = self.key_of[level]
        return key if key > 0 else -key

    def queue(self, level: i64) -> Iterator[int]:
        """Slots at a level, first in time first."""
        slot = self.head[level]
        while slot:
            yield slot
            slot = self.after[slot]

    def best_first(self, side: BookSide) -> Iterator[int]:
        """Levels at which orders rest, best first."""
        for number in reversed(side.pages):
            first = self.pages[number]
            word: int = self.words[first >> PAGE_BITS]
            while word:
                offset = word.bit_length() - 1
                word ^= 1 << offset
                if self.head[first + offset]:
                    yield first + offset

    def keys(self, side: BookSide, most: int | None = None) -> list[int]:
        """Signed prices at which orders rest, best first; all of them, or ``most``."""
        return [self.key_of[level] for level in islice(self.best_first(side), most)]

    def level_at(self, key: i64) -> int | None:
        """The level of a signed price; None when no order has been near it lately. It may be empty."""
        first = self.pages.get(key >> PAGE_BITS)
        return None if first is None else first + (key & PAGE_MASK)

    def side(self, key: i64) -> BookSide:
        """The side on which an order of this signed price rests."""
        return self.bids if key > 0 else self.asks

    def opposite(self, key: i64) -> BookSide:
        """The side against which an order of this signed price trades."""
        return self.asks if key > 0 else self.bids

    def crosses(self, key: i64) -> bool:
        """Whether an order of this signed price would meet a resting one."""
        best = self.asks.best if key > 0 else self.bids.best
        return best != 0 and key + best >= 0

    def open_lots(self, slot: i64) -> int:
        """Open quantity of an order, hidden lots included."""
        return self.shown[slot] + self.hidden.get(slot, 0)

    def queue_ahead(self, slot: i64) -> int:
        """Visible lots at the order's price that fill before it; O(orders ahead)."""
        lots = 0
        ahead = self.before[slot]
        while ahead:
            lots += self.shown[ahead]
            ahead = self.before[ahead]
        return lots
