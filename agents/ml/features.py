"""What a model sees of one instrument: ten numbers from the public feed, and its own position.

Order-flow imbalance follows Cont, Kukanov, Stoikov 2014, "The price impact of order book events".
"""

from __future__ import annotations

import hashlib
import math
from typing import Final

from agents.market import NS, MarketView, SymbolView

FEATURES: Final = (
    "imbalance_1",
    "imbalance_5",
    "flow_imbalance_10s",
    "microprice",
    "spread",
    "return_10s",
    "return_60s",
    "volatility",
    "trade_flow",
    "inventory",
)
SCHEMA_VERSION: Final = 1
FEATURE_HASH: Final = hashlib.sha256(f"{SCHEMA_VERSION}:{','.join(FEATURES)}".encode()).hexdigest()[:16]
LEVELS: Final = 5


class FeatureReader:
    """Reads one instrument's features; keeps the averages that need memory."""

    def __init__(self, market: MarketView, symbol: SymbolView) -> None:
        self._market = market
        self._symbol_id = symbol.symbol_id
        self._time = market.now
        self._slow = self._fast = symbol.mid
        self._imbalance = 0.0
        self._best = (symbol.bid, symbol.bid_qty, symbol.ask, symbol.ask_qty)

    def read(self, inventory: float) -> list[float]:
        """The features now; ``inventory`` is the position as a share of its limit."""
        symbol = self._market.symbol(self._symbol_id)
        elapsed = max((self._market.now - self._time) / NS, 0.0)
        self._time = self._market.now
        unit = symbol.base_volatility
        self._imbalance += self._order_flow(symbol) - (1 - math.exp(-elapsed / 10)) * self._imbalance
        fast, slow = symbol.mid - self._fast, symbol.mid - self._slow
        self._fast += (1 - math.exp(-elapsed / 10)) * fast
        self._slow += (1 - math.exp(-elapsed / 60)) * slow
        bids, asks = self._market.depth(self._symbol_id, LEVELS)
        total_bid, total_ask = sum(qty for _, qty in bids), sum(qty for _, qty in asks)
        best = symbol.bid_qty + symbol.ask_qty
        micro = (symbol.ask * symbol.bid_qty + symbol.bid * symbol.ask_qty) / best - symbol.mid if best else 0.0
        return [
            (symbol.bid_qty - symbol.ask_qty) / best if best else 0.0,
            (total_bid - total_ask) / (total_bid + total_ask) if total_bid + total_ask else 0.0,
            math.tanh(self._imbalance / (20 * symbol.size)),
            micro / unit,
            (symbol.ask - symbol.bid) / unit if symbol.bid and symbol.ask else 0.0,
            fast / (unit * 3),
            slow / (unit * 8),
            symbol.sigma / unit,
            symbol.flow,
            inventory,
        ]

    def _order_flow(self, symbol: SymbolView) -> float:
        """Lots that joined the bid or left the ask since the last look, less the opposite."""
        old_bid, old_bid_qty, old_ask, old_ask_qty = self._best
        self._best = (symbol.bid, symbol.bid_qty, symbol.ask, symbol.ask_qty)
        bought = (symbol.bid_qty if symbol.bid >= old_bid else 0) - (old_bid_qty if symbol.bid <= old_bid else 0)
        sold = (symbol.ask_qty if symbol.ask <= old_ask else 0) - (old_ask_qty if symbol.ask >= old_ask else 0)
        return float(bought - sold)
