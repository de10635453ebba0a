"""The matching engine: where orders match.

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

What the caller guarantees: prices are positive, quantities too, ``owner`` is an account's number, and a slot is one
that ``rest`` gave and whose order has not gone since. What it gets: the book is never crossed when a method
returns, unless matching is paused or the caller collects orders for an auction with ``rest``. Nothing is called back
and no clock is read: what happened is appended to ``fills``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from engine.book import OrderBook
from engine.packed import i64
from engine.types import SelfTradePrevention

Fill: TypeAlias = tuple[int, int, int]
"""Id of the resting order, a price in ticks, and lots: positive for a trade; negative for lots taken off both orders,
and 0 for the resting order's cancel, where an account met itself."""

WORST_BID: Final = 2**62
"""Key of a buy order that takes any price; -1 is that of a sell order."""
WORST_ASK: Final = -1

_CANCEL_RESTING = SelfTradePrevention.CANCEL_RESTING
_DECREMENT = SelfTradePrevention.DECREMENT


class MatchingEngine:
    """Matches the orders of one instrument."""

    __slots__ = ("book", "cleared", "paused", "self_trade")

    def __init__(self) -> None:
        self.book = OrderBook()
        self.paused: i64 = 0
        """Slot of the guarded order in front of which the last ``match`` stopped; 0 when it did not."""
        self.cleared: i64 = 0
        """Slot of the guarded order that the next ``match`` may trade with, because the caller has cut it to size."""
        self.self_trade = False
        """Whether the last ``match`` ended because the taker met its own account."""

    def match(self, owner: i64, limit_key: i64, lots: i64, stp: SelfTradePrevention, fills: list[Fill]) -> i64:
        """Trade an incoming order's lots up to a signed price; the lots that are left."""
        book = self.book
        side = book.asks if limit_key > 0 else book.bids
        ids, owners, shown, after = book.ids, book.owners, book.shown, book.after
        hidden, guarded = book.hidden, book.guarded
        watched = bool(hidden or guarded)
        self.paused = 0
        self.self_trade = False
        while lots:
            best = side.best
            if not best or limit_key + best < 0:
                break
            level = side.level
            price: int = best if best > 0 else -best
            slot = book.head[level]
            last: i64 = 0
            count: i64 = 0
            traded: i64 = 0
            while slot:  # orders that trade whole
                size = shown[slot]
                if lots < size or owners[slot] == owner or (watched and (slot in hidden or slot in guarded)):
                    break
                fills.append((ids[slot], price, size))
                lots -= size
                traded += size
                count += 1
                ids[slot] = 0
                last = slot
                slot = after[slot]
            if count:
                book.drop_front(level, last, count, traded)
            if slot and lots:
                lots = self._meet(owner, slot, lots, stp, fills)
                if self.paused or self.self_trade:
                    break
        self.cleared = 0
        return lots

    def _meet(self, owner: i64, slot: i64, lots: i64, stp: SelfTradePrevention, fills: list[Fill]) -> i64:
        """Meet an order that does not just trade whole; the taker's lots that are left."""
        book = self.book
        if book.owners[slot] == owner:
            return self._meet_self(slot, lots, stp, fills)
        if book.guarded and slot in book.guarded and slot != self.cleared:
            self.paused = slot
            return lots
        less = min(lots, book.shown[slot])
        fills.append((book.ids[slot], book.price(book.level_of[slot]), less))
        self._take_from(slot, less)
        return lots - less

    def _meet_self(self, slot: i64, lots: i64, stp: SelfTradePrevention, fills: list[Fill]) -> i64:
        """Prevent a trade of an account with itself; the taker's lots that are left."""
        book = self.book
        price = book.price(book.level_of[slot])
        if stp is _CANCEL_RESTING:
            fills.append((book.ids[slot], price, 0))
            book.remove(slot)
            return lots
        if stp is _DECREMENT:
            less = min(lots, book.shown[slot])
            fills.append((book.ids[slot], price, -less))
            self._take_from(slot, less)
            self.self_trade = lots == less
            return lots - less
        self.self_trade = True
        return lots

    def _take_from(self, slot: i64, lots: i64) -> None:
        """Take ``lots`` of those it shows off a resting order, the first at its level."""
        book = self.book
        if lots < book.shown[slot]:
            book.reduce(slot, lots)
        elif slot in book.hidden:
            book.replenish(book.level_of[slot])
        else:
            book.remove(slot)

    def uncross(self, price: int, curtailed: Mapping[int, int]) -> list[tuple[int, int, int]]:
        """Trade at one price whatever crosses it; ids of buyer and seller, and lots, of each trade in order.

        Stops, with its slot in ``paused``, in front of an order that must be cut to size first: one of ``curtailed``.
        """
        pairs: list[tuple[int, int, int]] = []
        book = self.book
        bids, asks = book.bids, book.asks
        while True:
            bid = book.head[bids.level] if bids.best >= price else 0
            ask = book.head[asks.level] if asks.best and asks.best + price >= 0 else 0
            self.paused = bid if bid in curtailed else ask if ask in curtailed else 0
            if self.paused or not bid or not ask:
                return pairs
            lots = min(book.shown[bid], book.shown[ask])
            pairs.append((book.ids[bid], book.ids[ask], lots))
            self._take_from(bid, lots)
            self._take_from(ask, lots)

    def rest(self, order_id: int, owner: int, key: int, lots: int, display: int = 0, *, guarded: bool = False) -> int:
        """Put what is left of an order into the book; its slot. The caller has matched it, or collects for an auction.

        Args:
            display: lots an iceberg shows at a time; 0 shows all.
            guarded: whether a fill must be allowed lot by lot, because the order may only reduce a position.
        """
        book = self.book
        iceberg = 0 < display < lots
        slot = book.add(order_id, owner, key, display if iceberg else lots)
        if iceberg:
            book.display[slot] = display
            book.hidden[slot] = lots - display
        if guarded:
            book.guarded.add(slot)
        return slot

    def reduce(self, slot: int, lots: int) -> None:
        """Take ``lots``, fewer than are open, off a resting order, hidden ones first; it keeps its place."""
        book = self.book
        hidden = min(book.hidden.get(slot, 0), lots)
        if hidden:
            book.reduce_hidden(slot, hidden)
        if hidden < lots:
            book.reduce(slot, lots - hidden)

    def can_fill(self, owner: int, limit_key: int, qty: int, stp: SelfTradePrevention) -> bool:
        """Whether an order could trade all its lots at once.

        Guarded orders do not count: they may turn out smaller. An iceberg counts whole, but only with what it shows
        where an order of ``owner`` that does not give way stands at its price: its next tranche comes behind that.
        """
        book = self.book
        for level in book.best_first(book.opposite(limit_key)):
            if limit_key + book.key_of[level] < 0:
                return False
            first_round = qty
            for slot in book.queue(level):
                if book.owners[slot] == owner:
                    if stp is not _CANCEL_RESTING:
                        return False
                elif slot not in book.guarded:
                    first_round -= book.shown[slot]
                    if first_round <= 0:
                        return True
                    qty -= book.open_lots(slot)
            if qty <= 0:
                return True
        return False
