"""The base of strategies that look at each instrument now and then."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import log
from typing import ClassVar, Final

from agents.intents import AgentEvent, AgentIntent, Cancel, Delisted, Explain, Listed, New, Timer, Wake
from agents.market import NS, SymbolView
from agents.strategy import Context
from engine.types import Side, SymbolId, TimeInForce

REDRAW_S: Final = 15.0
"""Longest sleep before the waiting time is drawn again, which for a Poisson process changes nothing but lets the rate
follow the market."""
INATTENTIVE_REDRAW_S: Final = 300.0
"""The same for those whose rate follows the time of day only."""
MIN_SLEEP_NS: Final = 1_000_000


class PacedStrategy:
    """Wakes for each instrument as a Poisson process whose rate follows the market's attention."""

    wants: ClassVar[frozenset[type]] = frozenset()
    stage: ClassVar[str] = "heuristic"

    def __init__(self, context: Context, rate: float, *, attentive: bool = True) -> None:
        """``rate`` is wakes a second for each instrument in a normal market."""
        self.context = context
        self.market = context.market
        self.portfolio = context.portfolio
        self.rate = rate
        self.attentive = attentive
        self.pace: random.Random = context.rng("pace")
        self.rng: random.Random = context.rng("decide")
        self._awake: dict[SymbolId, bool] = {}
        self._collected: dict[SymbolId, list[int]] = {}
        """Orders for now that an auction took: what it leaves of them is canceled."""

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """What to do in one instrument, now. For subclasses."""
        raise NotImplementedError

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Decide on own timers; hand everything else to ``react``."""
        if type(event) is Timer and type(event.key) is int:
            return self._on_timer(event.key)
        if isinstance(event, Listed):
            if event.symbol_id in self._awake or not self.context.trades(event.symbol_id):
                return ()
            symbol = self.market.symbol(event.symbol_id)
            return [*self.listed(symbol), self._sleep(symbol)]
        if isinstance(event, Delisted):
            self._awake.pop(event.symbol_id, None)
            return ()
        return self.react(event)

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """What to do when an instrument appears. For subclasses."""
        del symbol
        return ()

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """What to do about anything but an own pacing timer. For subclasses."""
        del event
        return ()

    def explain(self, symbol: SymbolView, action: str, why: str, confidence: float | None = None) -> Explain:
        """The record of a decision of this strategy."""
        return Explain(self.stage, action, why, symbol.symbol_id, confidence)

    def take(self, symbol: SymbolView, side: Side, qty: int, slippage: int = 2) -> New:
        """An order for now: limited ``slippage`` ticks through the best opposite price, the rest canceled.

        In an auction, whose book has no best price to go by, through the middle; the rest is canceled after it.
        """
        if symbol.collecting:
            middle, ref = round(symbol.mid), self.context.new_ref()
            self._collected.setdefault(symbol.symbol_id, []).append(ref)
            price = middle + slippage if side is Side.BUY else max(middle - slippage, 1)
            return New(symbol.symbol_id, side, qty, price, ref=ref)
        best = (symbol.ask if side is Side.BUY else symbol.bid) or round(symbol.mid)
        price = best + slippage if side is Side.BUY else max(best - slippage, 1)
        return New(symbol.symbol_id, side, qty, price, TimeInForce.IOC)

    def _on_timer(self, symbol_id: SymbolId) -> Sequence[AgentIntent]:
        awake = self._awake.get(symbol_id)
        symbol = self.market.get(symbol_id)
        if awake is None or symbol is None:
            return ()
        if not awake or symbol.halted:
            return (self._sleep(symbol),)
        if symbol.collecting or symbol_id not in self._collected:
            return [*self.decide(symbol), self._sleep(symbol)]
        working = self.portfolio.working
        rest = [Cancel(symbol_id, ref) for ref in self._collected.pop(symbol_id) if ref in working]
        return [*rest, *self.decide(symbol), self._sleep(symbol)]

    def _sleep(self, symbol: SymbolView) -> Wake:
        rate = self.rate * symbol.activity * self.market.season
        longest = INATTENTIVE_REDRAW_S
        if self.attentive:
            rate *= symbol.attention
            longest = REDRAW_S
        delay = -log(1.0 - self.pace.random()) / rate
        awake = self._awake[symbol.symbol_id] = delay <= longest
        sleep = int((delay if awake else longest) * NS)
        return Wake(self.market.now + (sleep if sleep > MIN_SLEEP_NS else MIN_SLEEP_NS), symbol.symbol_id)
