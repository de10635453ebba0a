"""A book of one's own, built from one snapshot and the ``book_delta`` messages after it.

A delta says from which version of the book it leads to which (``previous_sequence`` to ``sequence``) and what the whole
book sums to afterwards. A book that misses a delta, or sums to something else, knows that it is wrong, asks for a
snapshot and is right again::

    book = LocalBook(client.instrument("ACME"))
    await client.subscribe(f"book_delta:{book.symbol_id}")
    async for message in client.messages():
        if isinstance(message, BookDelta) and message.data.symbol_id == book.symbol_id:
            await book.update(message.data, client)
            print(book.best_bid, book.best_ask)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

from sortedcontainers import SortedDict

from net.checksum import LevelTuple, book_checksum
from net.errors import ProtocolViolation
from net.messages import BookDeltaShape, InstrumentShape, LevelShape, OrderBookData


class SnapshotSource(Protocol):
    """Whoever can be asked for a snapshot: a ``Client``."""

    async def get_orderbook(self, symbol_id: int) -> OrderBookData:
        """Return one whole book."""


class BookSide:
    """Levels of one side by price in ticks, best first."""

    def __init__(self, *, is_bid: bool) -> None:
        self._sign = -1 if is_bid else 1
        self._levels: SortedDict[int, tuple[int, int]] = SortedDict()
        """Lots and orders by signed price: the best one has the smallest key on both sides."""

    def __len__(self) -> int:
        return len(self._levels)

    def __iter__(self) -> Iterator[LevelTuple]:
        sign = self._sign
        return ((sign * key, *level) for key, level in self._levels.items())

    def clear(self) -> None:
        """Forget all levels."""
        self._levels.clear()

    def put(self, ticks: int, lots: int, orders: int) -> None:
        """Set one level; no lots remove it."""
        if lots:
            self._levels[self._sign * ticks] = (lots, orders)
        else:
            self._levels.pop(self._sign * ticks, None)


class LocalBook:
    """One book as a client keeps it; prices and quantities of its levels are in the instrument's units."""

    def __init__(self, instrument: InstrumentShape) -> None:
        self.symbol_id = instrument.symbol_id
        self._tick_size = instrument.tick_size
        self._lot_size = instrument.lot_size
        self._bids = BookSide(is_bid=True)
        self._asks = BookSide(is_bid=False)
        self.sequence = 0
        self.indicative_price: float | None = None
        """Where what crosses would trade if an auction ended now; None outside one, and where nothing crosses."""
        self.indicative_quantity: float | None = None
        self.synced = False
        """Whether the book is known to be right; before the first snapshot and after a gap it is not."""
        self.repairs = 0
        """How often a gap or a wrong checksum was repaired by a snapshot."""

    def load(self, snapshot: OrderBookData) -> None:
        """Start over from a snapshot.

        Raises:
            ProtocolViolation: the snapshot does not sum to its own checksum, or is of another instrument.
        """
        if snapshot.symbol_id != self.symbol_id:
            raise ProtocolViolation(f"a snapshot of {snapshot.symbol_id} for the book of {self.symbol_id}")
        self._bids.clear()
        self._asks.clear()
        self._put(self._bids, ((level.price, level.quantity, level.orders) for level in snapshot.bids))
        self._put(self._asks, ((level.price, level.quantity, level.orders) for level in snapshot.asks))
        self._version(snapshot)
        self.synced = self.checksum() == snapshot.checksum
        if not self.synced:
            raise ProtocolViolation(f"the snapshot of {self.symbol_id} at {self.sequence} does not match its checksum")

    def apply(self, delta: BookDeltaShape) -> bool:
        """Apply one delta; False when the book is not, or no longer, known to be right and needs a snapshot.

        A delta of before the snapshot changes nothing, and one that began before it is applied whole: its levels are
        absolute.
        """
        if not self.synced or delta.previous_sequence > self.sequence:
            self.synced = False
        elif delta.sequence > self.sequence:
            self._put(self._bids, delta.bids)
            self._put(self._asks, delta.asks)
            self._version(delta)
            self.synced = self.checksum() == delta.checksum
        return self.synced

    async def update(self, delta: BookDeltaShape, source: SnapshotSource) -> bool:
        """Apply one delta, and repair the book by a snapshot where that fails; True when it had to.

        Deltas that arrive meanwhile wait (and are merged) in the client's inbox, so none is lost.
        """
        fresh = self.sequence == 0 and not self.synced
        if self.apply(delta):
            return False
        self.load(await source.get_orderbook(self.symbol_id))
        self.repairs += not fresh
        return True

    def checksum(self) -> int:
        """Sum the whole book, as ``net.checksum`` says."""
        return book_checksum(self._bids, self._asks)

    @property
    def best_bid(self) -> LevelShape | None:
        """Highest bid, or None."""
        return next(self.bids(1), None)

    @property
    def best_ask(self) -> LevelShape | None:
        """Lowest ask, or None."""
        return next(self.asks(1), None)

    def bids(self, count: int | None = None) -> Iterator[LevelShape]:
        """The ``count`` best bids, or all, best first."""
        return map(self._shape, islice(self._bids, count))

    def asks(self, count: int | None = None) -> Iterator[LevelShape]:
        """The ``count`` best asks, or all, best first."""
        return map(self._shape, islice(self._asks, count))

    def _version(self, told: OrderBookData | BookDeltaShape) -> None:
        self.sequence = told.sequence
        self.indicative_price, self.indicative_quantity = told.indicative_price, told.indicative_quantity

    def _put(self, side: BookSide, levels: Iterable[tuple[float, float, int]]) -> None:
        for price, quantity, orders in levels:
            side.put(round(price / self._tick_size), round(quantity / self._lot_size), orders)

    def _shape(self, level: LevelTuple) -> LevelShape:
        ticks, lots, orders = level
        # Rounded to the eight decimals that sizes may have, so that 3 * 0.1 is 0.3 again.
        return LevelShape(
            price=round(ticks * self._tick_size, 8), quantity=round(lots * self._lot_size, 8), orders=orders
        )
