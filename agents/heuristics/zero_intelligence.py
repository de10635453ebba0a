"""Zero intelligence: a random order near the mid, the older ones canceled first.

The textbook's baseline, and the work that simulators are compared by. Source: Gode, Sunder 1993, "Allocative
efficiency of markets with zero-intelligence traders".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.intents import AgentIntent, CancelAll, New
from agents.market import SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import Side


class ZeroIntelligenceParameters(Parameters, frozen=True, kw_only=True):
    """A zero-intelligence trader."""

    rate: float = 1 / 60
    market_share: float = 0.15
    """Share of orders priced at the opposite best."""
    max_offset: int = 20
    """Furthest tick from the mid, on the passive side."""
    max_size: int = 10


class ZeroIntelligence(PacedStrategy):
    """Cancels what it has and places one random limit order."""

    def __init__(self, context: Context, parameters: ZeroIntelligenceParameters) -> None:
        super().__init__(context, parameters.rate, attentive=False)
        self.parameters = parameters

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """One order."""
        rng, parameters = self.rng, self.parameters
        bid = symbol.bid or symbol.initial_price - 1
        ask = symbol.ask or symbol.initial_price + 1
        buy = rng.random() < 0.5
        qty = int(rng.random() * parameters.max_size) + 1
        if rng.random() < parameters.market_share:
            price = ask if buy else bid
        else:
            offset = int(rng.random() * (parameters.max_offset + 1))
            mid = (bid + ask) / 2
            price = math.floor(mid) - offset if buy else math.ceil(mid) + offset
        order = New(symbol.symbol_id, Side.BUY if buy else Side.SELL, qty, max(price, 1))
        return (CancelAll(symbol.symbol_id), order)
