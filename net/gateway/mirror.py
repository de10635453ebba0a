"""The gateway's copy of what is public: instruments, books, tape and news, kept in step with the engine's events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from engine.events import (
    AuctionIndication,
    DepthChanged,
    InstrumentAdded,
    InstrumentRemoved,
    InstrumentStatusChanged,
    NewsPublished,
    Trade,
)
from engine.instruments import Instrument
from engine.service import NewsView, TradeView
from engine.types import InstrumentStatus, SymbolId
from net.cache import LatestValueCache
from net.engine_protocol import Durability, EventBatch, SnapshotView
from net.gateway.book import Indication, MirrorBook
from net.units import Units


class Mirror:
    """Everything public at ``sequence``. ``books`` notifies whoever follows it of each book that changed."""

    def __init__(self, tape_length: int, news_history: int) -> None:
        self.epoch = ""
        self.durability = Durability.NONE
        self.sequence = 0
        self.time = 0
        self.loaded = False
        self.instruments: dict[SymbolId, Instrument] = {}
        self.reasons: dict[SymbolId, str] = {}
        """Why each instrument is in its phase, as far as that was told since the snapshot."""
        self.units: dict[SymbolId, Units] = {}
        """Of delisted instruments too: their owners are still told of the orders that they had there."""
        self.books: LatestValueCache[SymbolId, MirrorBook] = LatestValueCache()
        self.tapes: dict[SymbolId, deque[TradeView]] = {}
        self.news: deque[NewsView] = deque(maxlen=news_history)
        self.delisted: Instrument | None = None
        """The instrument that was delisted last."""
        self._tape_length = tape_length

    def load(self, snapshot: SnapshotView) -> None:
        """Start over from a snapshot."""
        for symbol_id in set(self.instruments) - {instrument.symbol_id for instrument in snapshot.instruments}:
            self._remove(symbol_id)
        self.epoch, self.durability = snapshot.epoch, snapshot.durability
        self.sequence, self.time = snapshot.sequence, snapshot.time
        self.tapes.clear()
        for instrument in snapshot.instruments:
            self._add(instrument)
        for depth in snapshot.books:
            book = self.books.get(depth.symbol_id)
            if book is not None:
                book.load(depth)
                self.books.put(depth.symbol_id, book)
        for trade in sorted(snapshot.trades, key=lambda trade: trade.trade_id):
            self._tape(trade.symbol_id).appendleft(trade)
        self.news.clear()
        self.news.extend(sorted(snapshot.news, key=lambda view: view.news.news_id, reverse=True))
        self.loaded = True

    def apply(self, batch: EventBatch) -> None:
        """Take over the events of one command."""
        self.time = batch.time
        sequence = batch.first_sequence
        for event in batch.events:
            take_over = _TAKE_OVER.get(type(event))
            if take_over is not None:
                take_over(self, event, sequence)
            sequence += 1
        self.sequence = sequence - 1

    def listed(self, symbol_id: SymbolId) -> Units | None:
        """Units of an instrument that is listed now; None for any other."""
        return self.units[symbol_id] if symbol_id in self.instruments else None

    def mark(self, symbol_id: SymbolId) -> int | None:
        """Last price in ticks, the initial one before the first trade; None for an unknown instrument."""
        book = self.books.get(symbol_id)
        if book is not None and book.last_price is not None:
            return book.last_price
        instrument = self.instruments.get(symbol_id)
        return None if instrument is None else instrument.initial_price

    def _depth(self, event: DepthChanged, sequence: int) -> None:
        book = self.books.get(event.symbol_id)
        if book is not None:
            book.apply(event, sequence)
            self.books.put(event.symbol_id, book)

    def _indicated(self, event: AuctionIndication, sequence: int) -> None:
        self._indicate(event.symbol_id, None if event.price is None else (event.price, event.qty), sequence)

    def _indicate(self, symbol_id: SymbolId, indication: Indication | None, sequence: int) -> None:
        book = self.books.get(symbol_id)
        if book is not None and book.indication != indication:
            book.indicate(indication, sequence)
            self.books.put(symbol_id, book)

    def _headline(self, event: NewsPublished, _: int) -> None:
        self.news.appendleft(NewsView(news=event, time=self.time))

    def _listed(self, event: InstrumentAdded, sequence: int) -> None:
        self._add(event.instrument, sequence)

    def _delisted(self, event: InstrumentRemoved, _: int) -> None:
        self._remove(event.symbol_id)

    def _status(self, event: InstrumentStatusChanged, sequence: int) -> None:
        self._indicate(event.symbol_id, None, sequence)  # an auction that begins tells its own
        instrument = self.instruments.get(event.symbol_id)
        if instrument is not None:
            self.reasons[event.symbol_id] = event.reason
            self.instruments[event.symbol_id] = msgspec.structs.replace(instrument, status=event.status)

    def _print(self, event: Trade, _: int) -> None:
        view = TradeView(
            trade_id=event.trade_id,
            symbol_id=event.symbol_id,
            price=event.price,
            qty=event.qty,
            side=event.side,
            time=self.time,
        )
        self._tape(event.symbol_id).appendleft(view)
        book = self.books.get(event.symbol_id)
        if book is not None:
            book.last_price = event.price

    def _add(self, instrument: Instrument, sequence: int | None = None) -> None:
        if instrument.status is InstrumentStatus.REMOVED:
            return
        symbol_id = instrument.symbol_id
        units = Units.of(instrument)
        self.instruments[symbol_id] = instrument
        self.units[symbol_id] = units
        self.books.put(symbol_id, MirrorBook(symbol_id, units, self.sequence if sequence is None else sequence))

    def _remove(self, symbol_id: SymbolId) -> None:
        instrument = self.instruments.pop(symbol_id, None)
        if instrument is not None:
            self.delisted = msgspec.structs.replace(instrument, status=InstrumentStatus.REMOVED)
        self.reasons.pop(symbol_id, None)
        self.tapes.pop(symbol_id, None)
        self.books.discard(symbol_id)

    def _tape(self, symbol_id: SymbolId) -> deque[TradeView]:
        tape = self.tapes.get(symbol_id)
        if tape is None:
            tape = self.tapes[symbol_id] = deque(maxlen=self._tape_length)
        return tape


_TAKE_OVER: Final[dict[type, Callable[[Mirror, Any, int], None]]] = {
    DepthChanged: Mirror._depth,
    AuctionIndication: Mirror._indicated,
    Trade: Mirror._print,
    NewsPublished: Mirror._headline,
    InstrumentAdded: Mirror._listed,
    InstrumentRemoved: Mirror._delisted,
    InstrumentStatusChanged: Mirror._status,
}
"""What the public sees of an event; all others are private."""
