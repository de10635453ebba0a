"""A predator: senses that somebody is forced to trade, trades ahead in the same direction, then sells to them.

A teaching agent, off by default. Source: Brunnermeier, Pedersen 2005, "Predatory trading".
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.intents import AgentIntent
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from engine.types import SymbolId


class PredatorParameters(Parameters, frozen=True, kw_only=True):
    """A predator."""

    rate: float = 0.5
    trigger: float = 0.45
    """Imbalance of recent order signs, 0 to 1, that betrays a large trader."""
    fade: float = 0.1
    """Imbalance at which the prey is thought to be done."""
    size: float = 8.0
    max_position: float = 60.0
    max_hold_s: float = 300.0


class Predator(PacedStrategy):
    """Runs ahead of persistent flow and unwinds into it."""

    def __init__(self, context: Context, parameters: PredatorParameters) -> None:
        super().__init__(context, parameters.rate)
        self.parameters = parameters
        self._since: dict[SymbolId, int] = {}

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Build a position while the flow is one-sided, close it when it fades or takes too long."""
        parameters = self.parameters
        position = self.portfolio.position(symbol.symbol_id)
        if position:
            held_s = (self.market.now - self._since.get(symbol.symbol_id, self.market.now)) / NS
            with_flow = symbol.flow * (1 if position > 0 else -1)
            if with_flow < parameters.fade or held_s > parameters.max_hold_s:
                return self._act(symbol, side_of(-position).value, -position, "the large trader seems done")
        if abs(symbol.flow) < parameters.trigger or abs(position) >= parameters.max_position * symbol.size:
            return ()
        if not position:
            self._since[symbol.symbol_id] = self.market.now
        qty = max(1, round(parameters.size * symbol.size))
        signed = qty if symbol.flow > 0 else -qty
        return self._act(symbol, side_of(signed).value, signed, f"flow is one-sided ({symbol.flow:+.2f}): ahead of it")

    def _act(self, symbol: SymbolView, word: str, signed: int, why: str) -> Sequence[AgentIntent]:
        intents: list[AgentIntent] = [self.take(symbol, side_of(signed), abs(signed), slippage=3)]
        if self.context.narrate:
            intents.append(self.explain(symbol, f"{word} {symbol.qty_text(abs(signed))} {symbol.ticker}", why))
        return intents
