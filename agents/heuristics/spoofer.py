"""A spoofer: shows large orders it does not mean, to move the price for a small one it does mean.

A teaching agent, off by default, for testing what surveillance and other agents make of it; what it does is forbidden
on real markets. Source of the pattern: Lee, Eom, Park 2013, "Microstructure-based manipulation: strategic behavior and
performance of spoofing traders".
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.intents import AgentEvent, AgentIntent, Cancel, New, Timer, Wake
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import Side


class SpooferParameters(Parameters, frozen=True, kw_only=True):
    """A spoofer."""

    rate: float = 1 / 60
    layers: int = 3
    distance: int = 2
    """Ticks from the best price to the first false order."""
    false_size: float = 60.0
    true_size: float = 5.0
    hold_s: float = 4.0


class Spoofer(PacedStrategy):
    """Layers one side, trades the other, cancels."""

    def __init__(self, context: Context, parameters: SpooferParameters) -> None:
        super().__init__(context, parameters.rate)
        self.parameters = parameters
        self._false: dict[str, list[Cancel]] = {}

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Show false orders on one side and rest a small true one on the other."""
        if not symbol.bid or not symbol.ask:
            return ()
        parameters = self.parameters
        position = self.portfolio.position(symbol.symbol_id)
        true_side = Side.SELL if position > 0 else Side.BUY if position < 0 else self.rng.choice((Side.BUY, Side.SELL))
        false_side = Side.SELL if true_side is Side.BUY else Side.BUY
        best = symbol.bid if false_side is Side.BUY else symbol.ask
        away = -1 if false_side is Side.BUY else 1
        intents: list[AgentIntent] = []
        cancels: list[Cancel] = []
        for layer in range(parameters.layers):
            price = best + away * (parameters.distance + layer)
            cancels.append(self._place(intents, symbol, false_side, round(parameters.false_size * symbol.size), price))
        own_best = symbol.bid if true_side is Side.BUY else symbol.ask
        cancels.append(self._place(intents, symbol, true_side, round(parameters.true_size * symbol.size), own_best))
        key = f"spoof {symbol.symbol_id}"
        self._false.setdefault(key, []).extend(cancels)
        intents.append(Wake(self.market.now + int(parameters.hold_s * NS), key))
        if self.context.narrate:
            why = f"false {false_side.value} orders should push the price to my {true_side.value} order"
            intents.append(self.explain(symbol, f"spoof {symbol.ticker}", why))
        return intents

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Cancel everything when the time is up."""
        if isinstance(event, Timer) and isinstance(event.key, str):
            cancels = self._false.pop(event.key, [])
            return [cancel for cancel in cancels if cancel.ref in self.portfolio.working]
        return ()

    def _place(self, intents: list[AgentIntent], symbol: SymbolView, side: Side, qty: int, price: int) -> Cancel:
        ref = self.context.new_ref()
        intents.append(New(symbol.symbol_id, side, max(qty, 1), max(price, 1), post_only=True, ref=ref))
        return Cancel(symbol.symbol_id, ref)
