"""Fundamentalists: buy below their idea of the value, sell above it.

Each has its own noisy and biased research, so they disagree; together they keep the price from running away.

Source: Chiarella, Iori 2002, "A simulation analysis of the microstructure of double auction markets".
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.intents import AgentIntent, Cancel, New
from agents.market import SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from engine.types import Side, SymbolId


class FundamentalistParameters(Parameters, frozen=True, kw_only=True):
    """A fundamentalist. Distances are in sigmas: the normal one-second move of the instrument."""

    rate: float = 0.12
    """Looks a second at each instrument, in a normal market."""
    threshold: float = 3.0
    """Gap between value and price that makes it act; each look draws from 0 to twice this."""
    bias: float = 2.4
    """Standard deviation of its lasting error about a value."""
    size_mu: float = 1.2
    size_sigma: float = 0.8
    """Sizes are lognormal, in lots of an instrument of normal size."""
    passive_share: float = 0.25
    """Share of its orders that wait at the best price instead of taking."""
    max_position: float = 400.0
    """Lots, in an instrument of normal size."""
    attentive: bool = True


class Fundamentalist(PacedStrategy):
    """Trades the gap between what its research says and what the market asks."""

    def __init__(self, context: Context, parameters: FundamentalistParameters) -> None:
        super().__init__(context, parameters.rate, attentive=parameters.attentive)
        self.parameters = parameters
        self._bias: dict[SymbolId, float] = {}
        self._resting: dict[SymbolId, int] = {}

    def gap(self, symbol: SymbolView) -> float | None:
        """Own value minus mid, in ticks; None without research."""
        value = self.context.research.value(symbol.symbol_id) if self.context.research else None
        if value is None:
            return None
        if symbol.symbol_id not in self._bias:
            rng = self.context.rng(f"bias {symbol.symbol_id}")
            self._bias[symbol.symbol_id] = rng.gauss(0.0, self.parameters.bias) * symbol.base_volatility
        return value + self._bias[symbol.symbol_id] - symbol.mid

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Act when the gap is beyond a threshold drawn anew each time."""
        parameters = self.parameters
        gap = self.gap(symbol)
        threshold = self.rng.random() * 2 * parameters.threshold * symbol.base_volatility
        if gap is None or abs(gap) < threshold:
            return ()
        side = side_of(gap)
        qty = max(1, round(self.rng.lognormvariate(parameters.size_mu, parameters.size_sigma) * symbol.size))
        position = self.portfolio.position(symbol.symbol_id)
        if abs(position + (qty if side is Side.BUY else -qty)) > parameters.max_position * symbol.size:
            return ()
        intents: list[AgentIntent] = self._withdraw(symbol)
        passive = self.rng.random() < parameters.passive_share
        intents.append(self._rest(symbol, side, qty) if passive else self.take(symbol, side, qty))
        if self.context.narrate:
            action = f"{side.value} {symbol.qty_text(qty)} {symbol.ticker}{' passively' if passive else ''}"
            cheap = "below" if gap > 0 else "above"
            why = f"price is {symbol.price_text(abs(gap))} {cheap} my value {symbol.price_text(symbol.mid + gap)}"
            intents.append(self.explain(symbol, action, why, min(1.0, abs(gap) / (8 * symbol.base_volatility))))
        return intents

    def _withdraw(self, symbol: SymbolView) -> list[AgentIntent]:
        ref = self._resting.pop(symbol.symbol_id, 0)
        return [Cancel(symbol.symbol_id, ref)] if ref in self.portfolio.working else []

    def _rest(self, symbol: SymbolView, side: Side, qty: int) -> New:
        ref = self.context.new_ref()
        self._resting[symbol.symbol_id] = ref
        best = (symbol.bid if side is Side.BUY else symbol.ask) or round(symbol.mid)
        return New(symbol.symbol_id, side, qty, best, ref=ref)
