"""Institutions: large parent orders worked in small pieces, which gives order signs their long memory.

Sources: Lillo, Mike, Farmer 2005, "Theory for long memory in supply and demand" (power-law parent sizes); Almgren,
Chriss 2000, "Optimal execution of portfolio transactions" (why and how to split).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agents.intents import AgentEvent, AgentIntent, Fill
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import Side, SymbolId


class SplitterParameters(Parameters, frozen=True, kw_only=True):
    """An institution."""

    rate: float = 0.12
    """Child orders a second in each instrument, in a normal market."""
    schedule: Literal["vwap", "twap", "pov"] = "vwap"
    """``vwap`` follows the market's activity, ``twap`` keeps its pace, ``pov`` takes a share of the volume."""
    participation: float = 0.1
    """Share of the volume that ``pov`` takes."""
    tail: float = 1.48
    """Tail exponent of parent sizes."""
    parent_min: float = 12.0
    parent_max: float = 3000.0
    """Smallest and largest parent, in lots of an instrument of normal size."""
    child_mu: float = 1.1
    child_sigma: float = 0.7
    passive_share: float = 0.0
    rest_s: float = 60.0
    """Mean pause between two parents."""
    max_position: float = 3000.0


class _Parent:
    """One large order in progress."""

    __slots__ = ("left", "rest_until", "seen_volume", "side", "total")

    def __init__(self, rest_until: int) -> None:
        self.side = Side.BUY
        self.total = 0
        self.left = 0
        self.rest_until = rest_until
        self.seen_volume = 0


class Splitter(PacedStrategy):
    """Works one parent order at a time in each instrument."""

    def __init__(self, context: Context, parameters: SplitterParameters) -> None:
        super().__init__(context, parameters.rate, attentive=parameters.schedule != "twap")
        self.parameters = parameters
        self._parents: dict[SymbolId, _Parent] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Start at a random point of the pause."""
        self._parents[symbol.symbol_id] = _Parent(self.market.now + self._pause())
        return ()

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Count what was done."""
        if isinstance(event, Fill):
            parent = self._parents.get(event.symbol_id)
            if parent is not None and event.side is parent.side:
                parent.left = max(parent.left - event.qty, 0)
                if parent.left == 0:
                    parent.rest_until = self.market.now + self._pause()
        return ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Send the next child, or start the next parent."""
        parent = self._parents[symbol.symbol_id]
        if parent.left == 0:
            if self.market.now < parent.rest_until:
                return ()
            self._begin(symbol, parent)
        qty = self._child(symbol, parent)
        if qty == 0:
            return ()
        intents: list[AgentIntent] = [self.take(symbol, parent.side, qty, slippage=1)]
        if self.context.narrate:
            done = parent.total - parent.left
            why = (
                f"{symbol.qty_text(done)} of {symbol.qty_text(parent.total)} done, {self.parameters.schedule} schedule"
            )
            action = f"{parent.side.value} {symbol.qty_text(qty)} {symbol.ticker}"
            intents.append(self.explain(symbol, action, why, 1.0))
        return intents

    def _pause(self) -> int:
        return int(self.rng.expovariate(1.0 / self.parameters.rest_s) * NS)

    def _begin(self, symbol: SymbolView, parent: _Parent) -> None:
        parameters = self.parameters
        size = min(parameters.parent_min * self.rng.paretovariate(parameters.tail), parameters.parent_max)
        position = self.portfolio.position(symbol.symbol_id)
        parent.side = Side.BUY if self.rng.random() < 0.5 else Side.SELL
        if abs(position) > parameters.max_position * symbol.size:
            parent.side = Side.SELL if position > 0 else Side.BUY
        parent.total = parent.left = max(1, round(size * symbol.size))
        parent.seen_volume = symbol.volume

    def _child(self, symbol: SymbolView, parent: _Parent) -> int:
        parameters = self.parameters
        if parameters.schedule == "pov":
            traded, parent.seen_volume = symbol.volume - parent.seen_volume, symbol.volume
            qty = round(traded * parameters.participation)
        else:
            qty = max(1, round(self.rng.lognormvariate(parameters.child_mu, parameters.child_sigma) * symbol.size))
        return min(qty, parent.left)
