"""Noise traders: orders that carry no information, placed as real order flow is placed.

Sources: Farmer, Patelli, Zovko 2005, "The predictive power of zero intelligence in financial markets" (order flow as
independent Poisson processes); Mike, Farmer 2008, "An empirical behavioral model of liquidity and volatility" (limit
prices fall off from the best price as a power law).
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.intents import AgentIntent, Cancel, New
from agents.market import SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import Side

MAX_OFFSET_SIGMAS = 120.0


class NoiseParameters(Parameters, frozen=True, kw_only=True):
    """A noise trader."""

    rate: float = 1 / 16
    """Orders a second in each instrument, in a normal market."""
    market_share: float = 0.12
    """Share of orders that take the best price at once."""
    offset_exponent: float = 0.96
    """Tail exponent of the distance from the best price; smaller reaches deeper into the book."""
    size_mu: float = 1.55
    size_sigma: float = 0.9
    """Sizes are lognormal, in lots of an instrument of normal size."""
    max_orders: int = 3
    """Open orders in each instrument; the oldest is canceled for a new one."""
    attentive: bool = True


class Noise(PacedStrategy):
    """Places limit orders at random depths and, now and then, takes what is there."""

    def __init__(self, context: Context, parameters: NoiseParameters) -> None:
        super().__init__(context, parameters.rate, attentive=parameters.attentive)
        self.parameters = parameters

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """One order on a random side, making room for it first."""
        rng, parameters = self.rng, self.parameters
        side = Side.BUY if rng.random() < 0.5 else Side.SELL
        qty = max(1, round(rng.lognormvariate(parameters.size_mu, parameters.size_sigma) * symbol.size))
        intents: list[AgentIntent] = []
        if rng.random() < parameters.market_share:
            intents.append(self.take(symbol, side, qty))
            action = f"{side.value} {symbol.qty_text(qty)} {symbol.ticker} at market"
        else:
            intents.extend(self._make_room(symbol))
            price = self._price(symbol, side)
            intents.append(New(symbol.symbol_id, side, qty, price, ref=self.context.new_ref()))
            action = f"{side.value} {symbol.qty_text(qty)} {symbol.ticker} @ {symbol.price_text(price)}"
        if self.context.narrate:
            intents.append(self.explain(symbol, action, "no opinion: a coin decided the side"))
        return intents

    def _price(self, symbol: SymbolView, side: Side) -> int:
        reach = self.rng.paretovariate(self.parameters.offset_exponent) - 1.0
        offset = int(min(reach, MAX_OFFSET_SIGMAS * symbol.base_volatility))
        if side is Side.BUY:
            best = symbol.bid or round(symbol.mid) - 1
            limit = (symbol.ask or best + 2) - 1
            return max(1, min(best + 1, limit) - offset)
        best = symbol.ask or round(symbol.mid) + 1
        return max(best - 1, symbol.bid + 1) + offset

    def _make_room(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        mine = [ref for ref, symbol_id in self.portfolio.working.items() if symbol_id == symbol.symbol_id]
        excess = len(mine) - self.parameters.max_orders + 1
        return [Cancel(symbol.symbol_id, ref) for ref in mine[: max(excess, 0)]]
