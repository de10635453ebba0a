"""One listed instrument at run time: its book, its phase, its last price, its market data."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.book_check import check_book
from engine.events import DepthChanged, LevelChange
from engine.instruments import Instrument
from engine.invariants import ensure
from engine.marketdata import MarketData
from engine.matching import WORST_ASK, WORST_BID, MatchingEngine
from engine.service import DepthView
from engine.stops import WaitingStops
from engine.types import InstrumentStatus

_PPM = 1_000_000
_DERIVED: Final = (
    "band_ppm",
    "halt_high",
    "halt_low",
    "highest",
    "lowest",
    "maker_ppm",
    "taker_ppm",
    "tick_value",
    "worst_ppm",
)
"""What follows from the instrument, the mark and the reference."""


class Market:
    """Everything the exchange keeps for one instrument."""

    __slots__ = (
        "band_ppm",
        "data",
        "engine",
        "halt_high",
        "halt_low",
        "halted_until",
        "highest",
        "indication",
        "instrument",
        "lowest",
        "maker_ppm",
        "mark",
        "published",
        "reference",
        "status",
        "stops",
        "symbol_id",
        "taker_ppm",
        "tick_value",
        "touched",
        "traded",
        "worst_ppm",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.symbol_id = instrument.symbol_id
        self.status = instrument.status
        self.engine = MatchingEngine()
        self.mark = 0
        """Last trade price in ticks, or the initial price before the first."""
        self.lowest = 1
        """Lowest price in ticks at which orders may be priced now."""
        self.highest = WORST_BID
        self.traded = False
        self.band_ppm = instrument.price_band_ppm
        self.tick_value = instrument.tick_value
        self.maker_ppm = instrument.fees.maker_ppm
        self.taker_ppm = instrument.fees.taker_ppm
        self.worst_ppm = max(0, self.maker_ppm, self.taker_ppm)
        self.move_to(instrument.initial_price)
        self.reference = 0
        """Price in ticks from which volatility is measured: that of the last auction, or the initial price."""
        self.halt_low = 1
        self.halt_high = WORST_BID
        self.refer_to(instrument.initial_price)
        self.halted_until: int | None = None
        """When (ns) an auction, that of a volatility halt for one, ends by itself."""
        self.indication: tuple[int, int] | None = None
        """Price and lots that the last ``AuctionIndication`` named."""
        self.data = MarketData()
        self.stops = WaitingStops()
        self.published: dict[int, LevelChange] = {}
        """Visible state of each level, by signed price, as the last ``DepthChanged`` left it."""
        self.touched: list[int] = []
        """Signed prices whose level the running command may have changed, perhaps more than once."""

    @property
    def listing(self) -> Instrument:
        """The instrument with its present status."""
        instrument = self.instrument
        if self.status is instrument.status:
            return instrument
        return msgspec.structs.replace(instrument, status=self.status)

    def move_to(self, price: int) -> None:
        """Take a new last price, and with it the price band around it."""
        self.mark = price
        if self.band_ppm:
            width = price * self.band_ppm // _PPM
            self.lowest = max(1, price - width)
            self.highest = price + width

    def refer_to(self, price: int) -> None:
        """Measure volatility from here on."""
        self.reference = price
        ppm = self.instrument.halt_band_ppm
        if ppm:
            width = price * ppm // _PPM
            self.halt_low, self.halt_high = max(1, price - width), price + width

    def calm(self, key: int) -> int:
        """The signed price up to which an order may trade before the market is halted."""
        return min(key, self.halt_high if key > 0 else -self.halt_low)

    def protection(self, *, buying: bool) -> int:
        """Signed price beyond which a market order may not trade."""
        if not self.band_ppm:
            return WORST_BID if buying else WORST_ASK
        return self.highest if buying else -self.lowest

    def lot_hold(self, price: int) -> int:
        """Minor units that one lot can cost at most at ``price``, the worst fee included."""
        value = price * self.tick_value
        return value - (-value * self.worst_ppm // _PPM) if self.worst_ppm else value

    def publish(self) -> DepthChanged | None:
        """The levels that differ from what was published last, best first; None when none does."""
        touched = self.touched
        if len(touched) == 1:  # most commands touch one level
            key = touched.pop()
            change = self._publish_level(key)
            if change is None:
                return None
            if key > 0:
                return DepthChanged(symbol_id=self.symbol_id, bids=(change,))
            return DepthChanged(symbol_id=self.symbol_id, asks=(change,))
        bids: list[LevelChange] = []
        asks: list[LevelChange] = []
        for key in sorted(set(touched), reverse=True):
            change = self._publish_level(key)
            if change is not None:
                (bids if key > 0 else asks).append(change)
        touched.clear()
        if bids or asks:
            return DepthChanged(symbol_id=self.symbol_id, bids=tuple(bids), asks=tuple(asks))
        return None

    def _publish_level(self, key: int) -> LevelChange | None:
        book = self.engine.book
        level = book.level_at(key)
        before = self.published.get(key)
        if level is None or not book.count[level]:
            if before is None:
                return None
            del self.published[key]
            return LevelChange(abs(key), 0, 0)
        qty, orders = book.lots[level], book.count[level]
        if before is not None and before.qty == qty and before.orders == orders:
            return None
        change = self.published[key] = LevelChange(abs(key), qty, orders)
        return change

    def depth(self, sequence: int, levels: int | None) -> DepthView:
        """The published book, best first."""
        book = self.engine.book
        published = self.published
        most = None if levels is None else max(0, levels)
        bids, asks = book.keys(book.bids, most), book.keys(book.asks, most)
        return DepthView(
            symbol_id=self.symbol_id,
            sequence=sequence,
            bids=tuple([published[key] for key in bids]),
            asks=tuple([published[key] for key in asks]),
            last_price=self.mark if self.traded else None,
            indication=self.indication,
        )

    def best(self) -> tuple[int, int, int, int]:
        """Best bid and its visible lots, best ask and its; 0 for an empty side."""
        book, published = self.engine.book, self.published
        bid, ask = book.bids.best, book.asks.best
        return bid, published[bid].qty if bid else 0, -ask, published[ask].qty if ask else 0

    @property
    def open_for_orders(self) -> bool:
        """Whether new orders are taken at all."""
        return self.status is InstrumentStatus.OPEN or self.status is InstrumentStatus.AUCTION

    def check(self) -> None:
        """Raise InvariantError unless book, published depth, prices, stops and market data are sound."""
        check_book(self.engine.book, crossing_allowed=self.status is not InstrumentStatus.OPEN)
        ensure(self.halted_until is None or self.status is InstrumentStatus.AUCTION, "a halt outlived its auction")
        book = self.engine.book
        levels = [level for side in (book.bids, book.asks) for level in book.best_first(side)]
        visible = {
            int(book.key_of[level]): LevelChange(book.price(level), book.lots[level], book.count[level])
            for level in levels
        }
        ensure(self.published == visible, "published depth is not that of the book")
        ensure(not self.touched, "a changed level was not published")
        last = self.data.tape[-1][0].price if self.data.tape else self.instrument.initial_price
        ensure((self.mark, self.traded) == (last, bool(self.data.tape)), "the mark is not the last price")
        fresh = Market(self.instrument)
        fresh.move_to(self.mark)
        fresh.refer_to(self.reference)
        for name in _DERIVED:
            ensure(getattr(self, name) == getattr(fresh, name), f"{name} is out of date")
        self.stops.check(self.mark)
        self.data.check()
