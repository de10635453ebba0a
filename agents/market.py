"""The public market as agents see it: best prices, prints, and the statistics every strategy shares.

One view serves all agents of a process, so each print and each book is digested once. The driver writes it:
``on_trade`` for each print, ``mark_book`` for each change of a book, ``sample`` once a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from engine.service import OrderBookService
from engine.types import InstrumentStatus, Side, SymbolId

NS: Final = 1_000_000_000
SAMPLE_NS: Final = NS
"""How often drivers call ``MarketView.sample``."""

ATTENTION_HORIZONS_S: Final[tuple[float, ...]] = (10.0, 100.0, 1000.0)
ATTENTION_FLOOR: Final = 0.48
ATTENTION_GAIN: Final = 0.56
ATTENTION_POWER: Final = 1.35
ATTENTION_CAP: Final = 6.0
FLOW_WEIGHT: Final = 0.04
"""Weight of the newest print's sign in ``flow``."""
DAILY_MOVE: Final = 0.013
"""Volatility of an instrument nobody described: this fraction of its price a day."""
DAY_S: Final = 23_400.0

Levels: TypeAlias = tuple[tuple[int, int], ...]
BookReader: TypeAlias = Callable[[SymbolId, int], tuple[Levels, Levels]]
"""Reads the best levels of a book: ``(price, qty)`` pairs of bids and of asks, best first."""


BestReader: TypeAlias = Callable[[SymbolId], tuple[int, int, int, int]]
"""Reads best bid, its lots, best ask and its lots, 0 for an empty side."""


def read_levels(service: OrderBookService, symbol_id: SymbolId, levels: int) -> tuple[Levels, Levels]:
    """The best levels of a book in this process."""
    depth = service.depth(symbol_id, levels)
    if depth is None:
        return (), ()
    bids = tuple([(level.price, level.qty) for level in depth.bids])
    return bids, tuple([(level.price, level.qty) for level in depth.asks])


def usual_volatility(price_ticks: int) -> float:
    """Ticks per square root of a second to expect of an instrument at this price."""
    return max(price_ticks * DAILY_MOVE / math.sqrt(DAY_S), 0.05)


class SymbolView:
    """One instrument: its book's best levels and the statistics of its prints. Prices in ticks, sizes in lots."""

    __slots__ = (
        "_abs_returns",
        "_last_sample",
        "activity",
        "ask",
        "ask_qty",
        "attention",
        "base_volatility",
        "bid",
        "bid_qty",
        "collecting",
        "flow",
        "halted",
        "industry",
        "initial_price",
        "last",
        "last_trade_ns",
        "lot_size",
        "mid",
        "sigma",
        "size",
        "stale",
        "symbol_id",
        "tick_size",
        "ticker",
        "trades",
        "volume",
    )

    def __init__(
        self,
        symbol_id: SymbolId,
        ticker: str,
        initial_price: int,
        *,
        tick_size: float = 0.01,
        lot_size: float = 1.0,
        industry: str = "",
        base_volatility: float | None = None,
        activity: float = 1.0,
        size: float = 1.0,
    ) -> None:
        """``base_volatility`` is what counts as a normal market here, in ticks per square root of a second."""
        self.symbol_id = symbol_id
        self.ticker = ticker
        self.initial_price = initial_price
        self.tick_size = tick_size
        self.lot_size = lot_size
        self.industry = industry
        self.base_volatility = base_volatility or usual_volatility(initial_price)
        self.activity = activity
        self.size = size
        self.bid = 0
        self.ask = 0
        self.bid_qty = 0
        self.ask_qty = 0
        self.mid = float(initial_price)
        self.last = initial_price
        self.last_trade_ns = 0
        self.trades = 0
        self.volume = 0
        self.flow = 0.0
        self.sigma = self.base_volatility
        self.attention = 1.0
        self.halted = False
        self.collecting = False
        """Whether an auction collects orders, to trade them at one price."""
        self.stale = True
        self._last_sample: float | None = None
        self._abs_returns = [1.0] * len(ATTENTION_HORIZONS_S)

    def set_best(self, bid: int, bid_qty: int, ask: int, ask_qty: int) -> None:
        """Take the best prices; 0 stands for an empty side, and the mid then stays where the last print was."""
        self.bid, self.bid_qty, self.ask, self.ask_qty = bid, bid_qty, ask, ask_qty
        self.mid = (bid + ask) / 2 if bid and ask else float(self.last)
        self.stale = False

    def enter(self, status: InstrumentStatus) -> None:
        """Take note of a trading phase."""
        self.halted = status not in (InstrumentStatus.OPEN, InstrumentStatus.AUCTION)
        self.collecting = status is InstrumentStatus.AUCTION

    def sample(self, seconds: float = 1.0) -> None:
        """Digest the mid's move over the last ``seconds`` into volatility and attention."""
        previous, self._last_sample = self._last_sample, self.mid
        if previous is None:
            return
        move = abs(self.mid - previous) / (self.base_volatility * math.sqrt(seconds))
        total = 0.0
        for index, horizon in enumerate(ATTENTION_HORIZONS_S):
            old = self._abs_returns[index]
            new = old + min(seconds / horizon, 1.0) * (min(move, 25.0) - old)
            self._abs_returns[index] = new
            total += new
        mean = total / len(ATTENTION_HORIZONS_S)
        self.attention = min(ATTENTION_FLOOR + ATTENTION_GAIN * mean**ATTENTION_POWER, ATTENTION_CAP)
        self.sigma = self.base_volatility * (0.25 + 0.5 * self._abs_returns[0] + 0.5 * self._abs_returns[1])

    def price_text(self, ticks: float) -> str:
        """A price in ticks as people write it, in the instrument's currency."""
        decimals = max(0, math.ceil(-math.log10(self.tick_size) - 1e-9))
        return f"{ticks * self.tick_size:.{decimals}f}"

    def qty_text(self, lots: int) -> str:
        """A quantity in lots as people write it."""
        return f"{lots * self.lot_size:g}"


class MarketView:
    """All instruments, and what time it is. Agents read it, the driver writes it."""

    def __init__(self, read_book: BookReader | None = None, read_best: BestReader | None = None) -> None:
        """``read_best`` is asked for the best prices of a book that changed when somebody looks, else ``read_book``."""
        self.now = 0
        self.season = 1.0
        """Factor on everybody's activity: the time of day, or how busy a live market is."""
        self.live: dict[SymbolId, str] = {}
        """Tickers of the markets that an outside venue makes."""
        self._symbols: dict[SymbolId, SymbolView] = {}
        self._read_book = read_book
        self._read_best = read_best if read_best is not None or read_book is None else self._read_first_level

    def __iter__(self) -> Iterator[SymbolView]:
        return iter(self._symbols.values())

    def __contains__(self, symbol_id: object) -> bool:
        return symbol_id in self._symbols

    def add(self, symbol: SymbolView) -> None:
        """List an instrument."""
        self._symbols[symbol.symbol_id] = symbol

    def remove(self, symbol_id: SymbolId) -> None:
        """Forget an instrument."""
        self._symbols.pop(symbol_id, None)

    def symbol(self, symbol_id: SymbolId) -> SymbolView:
        """One instrument with its newest best prices; ``KeyError`` when it is not listed."""
        symbol = self._symbols[symbol_id]
        if symbol.stale and self._read_best is not None:
            symbol.set_best(*self._read_best(symbol_id))
        return symbol

    def get(self, symbol_id: SymbolId) -> SymbolView | None:
        """The same, or None when it is not listed."""
        symbol = self._symbols.get(symbol_id)
        if symbol is not None and symbol.stale and self._read_best is not None:
            symbol.set_best(*self._read_best(symbol_id))
        return symbol

    def _read_first_level(self, symbol_id: SymbolId) -> tuple[int, int, int, int]:
        bids, asks = self.depth(symbol_id, 1)
        return *(bids[0] if bids else (0, 0)), *(asks[0] if asks else (0, 0))

    def depth(self, symbol_id: SymbolId, levels: int) -> tuple[Levels, Levels]:
        """The best ``levels`` of both sides, ``(price, qty)``, best first."""
        if self._read_book is None:
            symbol = self._symbols[symbol_id]
            bids = ((symbol.bid, symbol.bid_qty),) if symbol.bid else ()
            asks = ((symbol.ask, symbol.ask_qty),) if symbol.ask else ()
            return bids, asks
        return self._read_book(symbol_id, levels)

    def mark_book(self, symbol_id: SymbolId) -> None:
        """A book changed: read it again when somebody looks."""
        symbol = self._symbols.get(symbol_id)
        if symbol is not None:
            symbol.stale = True

    def on_trade(self, symbol_id: SymbolId, price: int, qty: int, side: Side | None) -> None:
        """Digest one print."""
        symbol = self._symbols.get(symbol_id)
        if symbol is None:
            return
        symbol.last = price
        symbol.last_trade_ns = self.now
        symbol.trades += 1
        symbol.volume += qty
        if side is not None:
            symbol.flow += FLOW_WEIGHT * ((1.0 if side is Side.BUY else -1.0) - symbol.flow)

    def sample(self, seconds: float) -> None:
        """Digest what happened in the last ``seconds``; drivers call it about every ``SAMPLE_NS``."""
        for symbol_id in self._symbols:
            self.symbol(symbol_id).sample(max(seconds, 1e-3))
