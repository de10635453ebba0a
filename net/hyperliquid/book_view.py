"""One book out of three streams: whole (20 levels, 5 s), fast (5 levels, 0.5 s) and best prices (per block).

Streams are ordered by the venue's time, never by arrival. A newer layer speaks for the prices it covers: from the best
down to its last level, or the whole side when it has fewer levels than its stream can show. What an older and deeper
layer says beyond that stays, unless the newer one's best price on the other side crosses it.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET

from net.hyperliquid import wire
from net.hyperliquid.decimals import from_wire

WHOLE_DEPTH: Final = 20
FAST_DEPTH: Final = 5


class Layers(msgspec.Struct, frozen=True, kw_only=True):
    """The newest frame of each stream of one market, and when it came in (ns)."""

    whole: wire.Book | None = None
    fast: wire.Book | None = None
    best: wire.BestPrices | None = None
    received_at: int = 0

    def with_book(self, book: wire.Book, received_at: int) -> Layers | None:
        """These layers with a newer book, or None when the book is older than the one that is there."""
        fast = book.fast is not UNSET and book.fast
        known = self.fast if fast else self.whole
        if known is not None and book.time < known.time:
            return None
        whole, quick = (self.whole, book) if fast else (book, self.fast)
        return Layers(whole=whole, fast=quick, best=self.best, received_at=received_at)

    def with_best(self, best: wire.BestPrices, received_at: int) -> Layers | None:
        """These layers with newer best prices, or None when they are older."""
        if self.best is not None and best.time < self.best.time:
            return None
        return Layers(whole=self.whole, fast=self.fast, best=best, received_at=received_at)


class BookLevel(msgspec.Struct, frozen=True, gc=False):
    """A price level: e8 price and size, orders, and the venue's time (ms) of the layer that says so."""

    price: int
    size: int
    orders: int
    time: int


class OrderBookView(msgspec.Struct, frozen=True, kw_only=True):
    """A merged book, best levels first. Layer times are the venue's milliseconds, None for a layer not seen yet."""

    coin: str
    time: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    whole_time: int | None = None
    fast_time: int | None = None
    best_time: int | None = None
    received_at: int = 0
    version: int = 0

    @property
    def mid(self) -> int | None:
        """Middle of the best prices in e8, rounded down."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0].price + self.asks[0].price) // 2


def merge(coin: str, layers: Layers, version: int = 0) -> OrderBookView:
    """The best knowledge of a market that its layers give together."""
    bids: list[BookLevel] = []
    asks: list[BookLevel] = []
    deepest = 0
    for time, new_bids, new_asks, depth in _by_time(layers):
        if depth >= deepest:
            bids, asks, deepest = [], [], depth
        bids = _overlay(bids, _read(new_bids, time), _read(new_asks, time), depth, better=1)
        asks = _overlay(asks, _read(new_asks, time), _read(new_bids, time), depth, better=-1)
    times = [layer.time for layer in (layers.whole, layers.fast, layers.best) if layer is not None]
    return OrderBookView(
        coin=coin,
        time=max(times, default=0),
        bids=tuple(bids),
        asks=tuple(asks),
        whole_time=layers.whole.time if layers.whole else None,
        fast_time=layers.fast.time if layers.fast else None,
        best_time=layers.best.time if layers.best else None,
        received_at=layers.received_at,
        version=version,
    )


def _by_time(layers: Layers) -> list[tuple[int, list[wire.Level], list[wire.Level], int]]:
    """The layers from oldest to newest; of two of one time the narrower counts as newer."""
    found = []
    for book, depth in ((layers.whole, WHOLE_DEPTH), (layers.fast, FAST_DEPTH)):
        if book is not None:
            found.append((book.time, book.levels[0], book.levels[1], depth))
    if layers.best is not None:
        bid, ask = layers.best.bbo
        found.append((layers.best.time, [bid] if bid else [], [ask] if ask else [], 1))
    return sorted(found, key=lambda layer: layer[0])


def _read(levels: list[wire.Level], time: int) -> list[BookLevel]:
    return [BookLevel(from_wire(level.px), from_wire(level.sz), level.n, time) for level in levels]


def _overlay(
    old: list[BookLevel], new: list[BookLevel], opposite: list[BookLevel], depth: int, *, better: int
) -> list[BookLevel]:
    """One side with a newer layer laid over it; ``better`` is 1 for bids (higher is better), -1 for asks."""
    if len(new) < depth:
        return new
    last = new[-1].price * better
    beyond = [level for level in old if level.price * better < last]
    if opposite:
        beyond = [level for level in beyond if level.price * better < opposite[0].price * better]
    return new + beyond
