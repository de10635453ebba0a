"""Chartists: follow a trend while it is strong, leave when it fades; with a negative sign they are contrarians.

Sources: Chiarella, Iori 2002, "A simulation analysis of the microstructure of double auction markets"; Lux, Marchesi
1999, "Scaling and criticality in a stochastic multi-agent model of a financial market".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.intents import AgentIntent
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from engine.types import Side, SymbolId


class ChartistParameters(Parameters, frozen=True, kw_only=True):
    """A chartist."""

    rate: float = 1 / 8
    """Looks a second at each instrument, in a normal market."""
    horizon_min_s: float = 20.0
    horizon_max_s: float = 640.0
    """Each instrument gets its own averaging time between these, drawn on a logarithmic scale."""
    entry: float = 0.9
    """Distance from the average, in standard deviations, at which it enters."""
    exit: float = 0.3
    sign: float = 1.0
    """1 follows the trend, -1 bets against it."""
    size_mu: float = 1.6
    size_sigma: float = 0.7
    long_only: bool = False
    short_only: bool = False


class _Trend:
    """An exponential average that was last updated at ``time`` ns."""

    __slots__ = ("average", "horizon_s", "time")

    def __init__(self, average: float, horizon_s: float, time: int) -> None:
        self.average = average
        self.horizon_s = horizon_s
        self.time = time

    def update(self, price: float, now: int) -> None:
        """Let the average move towards ``price``."""
        self.average += (1.0 - math.exp(-(now - self.time) / NS / self.horizon_s)) * (price - self.average)
        self.time = now


class Chartist(PacedStrategy):
    """Compares the price with its own moving average."""

    def __init__(self, context: Context, parameters: ChartistParameters) -> None:
        super().__init__(context, parameters.rate)
        self.parameters = parameters
        self._trends: dict[SymbolId, _Trend] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Start averaging."""
        low, high = math.log(self.parameters.horizon_min_s), math.log(self.parameters.horizon_max_s)
        horizon = math.exp(self.context.rng(f"horizon {symbol.symbol_id}").uniform(low, high))
        self._trends[symbol.symbol_id] = _Trend(symbol.mid, horizon, self.market.now)
        return ()

    def signal(self, symbol: SymbolView) -> float:
        """How far the price is from its average, in standard deviations, signed as this chartist would trade it."""
        trend = self._trends[symbol.symbol_id]
        trend.update(symbol.mid, self.market.now)
        spread = symbol.base_volatility * math.sqrt(trend.horizon_s / 2)
        return self.parameters.sign * (symbol.mid - trend.average) / spread

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Enter on a strong signal, leave on a weak or turned one."""
        parameters = self.parameters
        signal = self.signal(symbol)
        position = self.portfolio.position(symbol.symbol_id)
        if position == 0 and abs(signal) > parameters.entry and self._allowed(signal):
            side = side_of(signal)
            qty = max(1, round(self.rng.lognormvariate(parameters.size_mu, parameters.size_sigma) * symbol.size))
            why = f"price is {signal:+.1f} standard deviations from its average"
        elif position and signal * position < parameters.exit * abs(position):
            side, qty = side_of(-position), abs(position)
            why = f"the trend faded to {signal:+.1f} standard deviations"
        else:
            return ()
        intents: list[AgentIntent] = [self.take(symbol, side, qty)]
        if self.context.narrate:
            action = f"{side.value} {symbol.qty_text(qty)} {symbol.ticker}"
            intents.append(self.explain(symbol, action, why, min(1.0, abs(signal) / 3)))
        return intents

    def _allowed(self, signal: float) -> bool:
        side = side_of(signal)
        if side is Side.BUY:
            return not self.parameters.short_only
        return not self.parameters.long_only
