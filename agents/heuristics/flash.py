"""A careless seller: one very large parent order, sold as a share of the volume whatever the price.

A teaching agent, off by default: its own selling makes the volume it follows, the spiral of the flash crash. Source:
Kirilenko, Kyle, Samadi, Tuzun 2017, "The flash crash: high-frequency trading in an electronic market".
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.intents import AgentEvent, AgentIntent, Fill
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from engine.types import SymbolId


class FlashParameters(Parameters, frozen=True, kw_only=True):
    """A careless seller."""

    rate: float = 1.0
    start_s: float = 1800.0
    """When it begins, after it first sees the instrument."""
    size: float = 4000.0
    """Lots to trade, in an instrument of normal size."""
    participation: float = 0.5
    min_child: float = 10.0
    sign: float = -1.0
    slippage: int = 40
    """Ticks through the best price that it accepts."""


class Flash(PacedStrategy):
    """Sells a share of the volume until it is done."""

    def __init__(self, context: Context, parameters: FlashParameters) -> None:
        super().__init__(context, parameters.rate, attentive=False)
        self.parameters = parameters
        self._begin: dict[SymbolId, int] = {}
        self._left: dict[SymbolId, int] = {}
        self._seen: dict[SymbolId, int] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Note when to begin."""
        self._begin[symbol.symbol_id] = self.market.now + int(self.parameters.start_s * NS)
        self._left[symbol.symbol_id] = round(self.parameters.size * symbol.size)
        return ()

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Count what was done."""
        if isinstance(event, Fill):
            self._left[event.symbol_id] = max(self._left[event.symbol_id] - event.qty, 0)
        return ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Trade a share of what traded since the last look."""
        traded = symbol.volume - self._seen.get(symbol.symbol_id, symbol.volume)
        self._seen[symbol.symbol_id] = symbol.volume
        left = self._left[symbol.symbol_id]
        if left == 0 or self.market.now < self._begin[symbol.symbol_id]:
            return ()
        child = max(round(traded * self.parameters.participation), round(self.parameters.min_child * symbol.size), 1)
        side = side_of(self.parameters.sign)
        intents: list[AgentIntent] = [self.take(symbol, side, min(child, left), self.parameters.slippage)]
        if self.context.narrate:
            why = f"{symbol.qty_text(left)} left of my program, price does not matter"
            intents.append(
                self.explain(symbol, f"{side.value} {symbol.qty_text(min(child, left))} {symbol.ticker}", why)
            )
        return intents
