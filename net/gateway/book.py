"""One instrument's book as the gateway mirrors it: all levels, the newest encoding, the changes not yet published."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from engine.events import DepthChanged, LevelChange
from engine.service import DepthView
from net.checksum import level_text, text_checksum
from net.messages import BboShape, BookDeltaShape, LevelShape, OrderBookShape
from net.units import Units

LevelTuple = tuple[float, float, int]
Indication: TypeAlias = tuple[int, int]
"""Price in ticks and lots that would trade if an auction ended now."""


class BookSide:
    """Levels of one side, best first. A level's key is its price with the sign that sorts the best one to the front."""

    __slots__ = ("_sign", "_texts", "changed", "keys", "levels")

    def __init__(self, *, is_bid: bool) -> None:
        self._sign = -1 if is_bid else 1
        self.keys: list[int] = []
        self.levels: dict[int, LevelChange] = {}
        self._texts: dict[int, str] = {}
        """How a level enters the checksum, for those that did not change since somebody asked."""
        self.changed: set[int] = set()
        """Keys that differ from what ``book_delta`` last said."""

    def load(self, levels: Iterable[LevelChange]) -> None:
        """Start over from these levels."""
        self.levels = {self._sign * level.price: level for level in levels}
        self.keys = sorted(self.levels)
        self._texts = {}
        self.changed = set()

    def apply(self, changes: Iterable[LevelChange]) -> None:
        """Take over the new state of some levels."""
        for level in changes:
            key = self._sign * level.price
            if level.qty:
                if key not in self.levels:
                    insort(self.keys, key)
                self.levels[key] = level
            elif self.levels.pop(key, None) is not None:
                del self.keys[bisect_left(self.keys, key)]
            self._texts.pop(key, None)
            self.changed.add(key)

    def best_first(self, count: int | None = None) -> Iterator[LevelChange]:
        """The ``count`` best levels, or all."""
        levels = self.levels
        return (levels[key] for key in self.keys[:count])

    def best(self) -> LevelChange | None:
        """The best level, or None when the side is empty."""
        return self.levels[self.keys[0]] if self.keys else None

    def checksum_texts(self) -> Iterator[str]:
        """All levels as they enter the checksum, best first."""
        texts = self._texts
        for key in self.keys:
            text = texts.get(key)
            if text is None:
                level = self.levels[key]
                text = texts[key] = level_text(level.price, level.qty, level.orders)
            yield text

    def take_changes(self, units: Units) -> list[LevelTuple]:
        """Changed levels, best first, as ``book_delta`` tells them; then nothing is changed any more."""
        changes: list[LevelTuple] = []
        for key in sorted(self.changed):
            level = self.levels.get(key)
            price = units.price(self._sign * key)
            changes.append((price, 0.0, 0) if level is None else (price, units.quantity(level.qty), level.orders))
        self.changed = set()
        return changes


class MirrorBook:
    """Both sides of one instrument. ``sequence`` is the number of the last event that the book includes."""

    __slots__ = (
        "_encoded",
        "_encoded_at",
        "asks",
        "bids",
        "indication",
        "last_price",
        "published",
        "sequence",
        "symbol_id",
        "units",
    )

    def __init__(self, symbol_id: int, units: Units, sequence: int) -> None:
        self.symbol_id = symbol_id
        self.units = units
        self.sequence = sequence
        self.published = sequence
        """The sequence up to which ``book_delta`` has told everything."""
        self.last_price: int | None = None
        self.indication: Indication | None = None
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)
        self._encoded = msgspec.Raw(b"null")
        self._encoded_at = -1

    def load(self, depth: DepthView) -> None:
        """Start over from a snapshot."""
        self.bids.load(depth.bids)
        self.asks.load(depth.asks)
        self.last_price = depth.last_price
        self.indication = depth.indication
        self.sequence = self.published = depth.sequence
        self._encoded_at = -1

    def apply(self, event: DepthChanged, sequence: int) -> None:
        """Take over the changes of one event."""
        if event.bids:
            self.bids.apply(event.bids)
        if event.asks:
            self.asks.apply(event.asks)
        self.sequence = sequence

    def indicate(self, indication: Indication | None, sequence: int) -> None:
        """Take over what an auction would trade now; it is part of the book's version."""
        self.indication = indication
        self.sequence = sequence

    def skip_delta(self) -> None:
        """Nobody listens to deltas: the next one starts from here."""
        if self.published != self.sequence:
            self.published = self.sequence
            self.bids.changed.clear()
            self.asks.changed.clear()

    def take_delta(self, timestamp: int) -> BookDeltaShape | None:
        """Everything that changed since the last delta, or None."""
        if self.published == self.sequence:
            return None
        previous, self.published = self.published, self.sequence
        price, quantity = self._indicative()
        return BookDeltaShape(
            symbol_id=self.symbol_id,
            sequence=self.sequence,
            previous_sequence=previous,
            bids=self.bids.take_changes(self.units),
            asks=self.asks.take_changes(self.units),
            checksum=self.checksum(),
            timestamp=timestamp,
            indicative_price=price,
            indicative_quantity=quantity,
        )

    def checksum(self) -> int:
        """Checksum of the whole book."""
        return text_checksum(self.bids.checksum_texts(), self.asks.checksum_texts())

    def shape(self, levels: int | None = None) -> OrderBookShape:
        """The book as the public sees it, whole or its best ``levels``."""
        price, quantity = self._indicative()
        return OrderBookShape(
            symbol_id=self.symbol_id,
            sequence=self.sequence,
            bids=[self._level(level) for level in self.bids.best_first(levels)],
            asks=[self._level(level) for level in self.asks.best_first(levels)],
            indicative_price=price,
            indicative_quantity=quantity,
        )

    def encoded(self, levels: int) -> msgspec.Raw:
        """``shape(levels)`` as JSON, made once a version of the book."""
        if self._encoded_at != self.sequence:
            self._encoded = msgspec.Raw(msgspec.json.encode(self.shape(levels)))
            self._encoded_at = self.sequence
        return self._encoded

    def bbo(self, timestamp: int) -> BboShape:
        """Best bid and offer."""
        bid, ask = self.bids.best(), self.asks.best()
        return BboShape(
            symbol_id=self.symbol_id,
            sequence=self.sequence,
            bid=None if bid is None else self._level(bid),
            ask=None if ask is None else self._level(ask),
            timestamp=timestamp,
        )

    def _indicative(self) -> tuple[float | None, float | None]:
        if self.indication is None:
            return None, None
        ticks, lots = self.indication
        return self.units.price(ticks), self.units.quantity(lots)

    def _level(self, level: LevelChange) -> LevelShape:
        units = self.units
        return LevelShape(price=units.price(level.price), quantity=units.quantity(level.qty), orders=level.orders)
