"""A tiny market for strategies: one instrument whose book a test sets by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agents.intents import AgentEvent, AgentIntent, Fill, Listed, Timer, Wake
from agents.market import NS, MarketView, SymbolView
from agents.personalities import find, parameters_of, strategy_of
from agents.scenario import ParameterValue
from agents.strategy import Context, Strategy
from engine.types import Liquidity, Side


class TinyMarket:
    """One instrument, number 1, around 10,000 ticks. Time and prices are what the test says."""

    def __init__(self) -> None:
        self.view = MarketView()
        self.view.now = NS
        self.symbol = SymbolView(1, "ACME", 10_000, base_volatility=0.84)
        self.view.add(self.symbol)
        self.researched: float | None = None
        self.quote(9_999, 10_001)

    def value(self, symbol_id: int) -> float | None:
        """What research says: every agent's analyst is the test."""
        return self.researched

    def quote(self, bid: int, ask: int, qty: int = 50) -> None:
        """Set the best prices."""
        self.symbol.set_best(bid, qty, ask, qty)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.view.now += int(seconds * NS)

    def agent(self, personality: str, **params: ParameterValue) -> TinyAgent:
        """An agent in this market."""
        return TinyAgent(self, personality, params)


class TinyAgent:
    """One agent, with its timers in the test's hand."""

    def __init__(self, market: TinyMarket, personality: str, params: dict[str, ParameterValue]) -> None:
        self.market = market
        self.context = Context("agent-1", market.view, seed=7, research=market)
        chosen = find(personality)
        self.strategy: Strategy = strategy_of(chosen).make(self.context, parameters_of(chosen, params))
        self.first = self.hear(Listed(1))

    def hear(self, event: AgentEvent) -> list[AgentIntent]:
        """Give it an event; intents besides timers come back."""
        if isinstance(event, Fill):
            self.context.portfolio.on_fill(event)
        intents = self.strategy.on_event(event)
        self.timers = [intent for intent in intents if isinstance(intent, Wake)]
        return [intent for intent in intents if not isinstance(intent, Wake)]

    def look(self, times: int = 1) -> list[AgentIntent]:
        """Wake it so many times, five seconds apart."""
        intents: list[AgentIntent] = []
        for _ in range(times):
            self.market.pass_time(5)
            intents.extend(self.hear(Timer(1)))
        return intents

    def filled(self, side: Side, qty: int, price: int = 10_000, ref: int = 0, leaves: int = 0) -> list[AgentIntent]:
        """Fill an order of it."""
        return self.hear(Fill(1, side, price, qty, Liquidity.TAKER, leaves, ref))


@pytest.fixture
def tiny() -> TinyMarket:
    """A fresh tiny market."""
    return TinyMarket()


def kinds(intents: Iterable[AgentIntent]) -> list[str]:
    """Class names of intents."""
    return [type(intent).__name__ for intent in intents]
