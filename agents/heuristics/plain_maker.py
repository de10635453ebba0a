"""A maker without opinions: fixed levels around the mid, requoted at a fixed interval.

The counterpart of zero-intelligence traders in the work that simulators are compared by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from agents.intents import AgentEvent, AgentIntent, Listed, Quotes, Timer, Wake
from agents.market import NS
from agents.strategy import Context, Parameters


class PlainMakerParameters(Parameters, frozen=True, kw_only=True):
    """A plain maker."""

    interval_s: float = 1.0
    levels: int = 5
    size: int = 10


class PlainMaker:
    """Quotes ``levels`` ticks a side around the mid."""

    wants: ClassVar[frozenset[type]] = frozenset()

    def __init__(self, context: Context, parameters: PlainMakerParameters) -> None:
        self.context = context
        self.parameters = parameters

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Requote on each timer."""
        if isinstance(event, Listed) and self.context.trades(event.symbol_id):
            return self._quote(event.symbol_id)
        if isinstance(event, Timer) and isinstance(event.key, int) and event.key in self.context.market:
            return self._quote(event.key)
        return ()

    def _quote(self, symbol_id: int) -> Sequence[AgentIntent]:
        market, parameters = self.context.market, self.parameters
        symbol = market.symbol(symbol_id)
        mid = ((symbol.bid or symbol.last - 1) + (symbol.ask or symbol.last + 1)) / 2
        low, high, size = math.floor(mid), math.ceil(mid), parameters.size
        bids = tuple((low - n, size) for n in range(1, parameters.levels + 1) if low > n)
        asks = tuple((high + n, size) for n in range(1, parameters.levels + 1))
        return (Quotes(symbol_id, bids, asks), Wake(market.now + int(parameters.interval_s * NS), symbol_id))
