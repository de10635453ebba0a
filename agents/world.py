"""The world agents live in: the market view, the values behind it, and the newsroom, moved on together.

One for each process or simulation. The driver lists instruments, calls ``tick`` every second, and passes on every
headline that the exchange publishes, whoever wrote it.
"""

from __future__ import annotations

import math

from agents.fundamental import FundamentalProcess
from agents.market import NS, BestReader, BookReader, MarketView, SymbolView
from agents.newsroom import Newsroom, Story, Subject, posted_move
from agents.scenario import InstrumentSection, Scenario
from engine.types import SymbolId

LIVE_NEWS_PACE = 1.6
LONGEST_TICK_S = 5.0
"""A machine that slept longer between two live ticks missed the rest: nobody wants a night's news at once."""
SEASON_FLOOR = 0.55
SEASON_CURVE = 1.35


def season(progress: float) -> float:
    """Activity at this fraction of a trading day: a U with mean 1."""
    return SEASON_FLOOR + SEASON_CURVE * (2 * progress - 1) ** 2


class World:
    """Market, values and news of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        *,
        live: bool = False,
        read_book: BookReader | None = None,
        read_best: BestReader | None = None,
    ) -> None:
        """``live`` markets never close: their activity has no time of day."""
        self.scenario = scenario
        self.market = MarketView(read_book, read_best)
        self.market.season = scenario.market.live_speed if live else 1.0
        self.fundamental = FundamentalProcess(scenario.fundamental, seed)
        self.newsroom = Newsroom(scenario.news, (), seed)
        self._live = live
        self._traits = {section.ticker: section for section in scenario.traits}
        self.speed = scenario.market.live_speed if live else 1.0
        """Seconds of the scenario in one second of the clock."""
        self._day_s = 0.0 if live or not scenario.market.intraday_pattern else scenario.market.hours * 3600
        self._elapsed_s = 0.0
        self._ticked_at = 0

    def list_instrument(
        self,
        symbol_id: SymbolId,
        ticker: str,
        initial_price: int,
        *,
        tick_size: float,
        lot_size: float = 1.0,
        industry: str = "",
        description: str = "",
        value: float | None = None,
        live: bool = False,
    ) -> SymbolView:
        """Take an instrument into the world; its value begins at ``value`` ticks, or at the initial price.

        A ``live`` one is an outside venue's: its value is its price, and the newsroom does not write about it.
        """
        traits = self._traits.get(ticker)
        if traits is None:
            usual = SymbolView(symbol_id, ticker, initial_price).base_volatility
            volatility, traits = usual, InstrumentSection(ticker="NEW", price=1.0)
        else:
            volatility = self.scenario.fundamental.volatility_ticks * traits.volatility
        symbol = SymbolView(
            symbol_id,
            ticker,
            initial_price,
            tick_size=tick_size,
            lot_size=lot_size,
            industry=industry,
            base_volatility=max(volatility, 0.05),
            activity=traits.activity,
            size=traits.size,
        )
        self.market.add(symbol)
        self.fundamental.add(symbol_id, value or float(initial_price), volatility, traits.market_beta)
        if live:
            self.market.live[symbol_id] = ticker
            return symbol
        unit = self.scenario.news.jump_ticks * symbol.base_volatility / 0.84
        name = description or ticker
        self.newsroom.subjects[symbol_id] = Subject(
            symbol_id, name, industry, unit, traits.market_beta, posted_move(initial_price, symbol.base_volatility)
        )
        return symbol

    def delist(self, symbol_id: SymbolId) -> None:
        """Forget an instrument."""
        self.market.remove(symbol_id)
        self.fundamental.remove(symbol_id)
        self.newsroom.subjects.pop(symbol_id, None)
        self.market.live.pop(symbol_id, None)

    def elapsed_s(self) -> float:
        """Seconds of the scenario from the first tick to the last one."""
        return self._elapsed_s

    def tick(self) -> None:
        """Let the values and the statistics follow the market's clock."""
        now = self.market.now
        passed, self._ticked_at = (now - (self._ticked_at or now)) / NS, now
        seconds = (min(passed, LONGEST_TICK_S) if self._live else passed) * self.speed
        self._elapsed_s += seconds
        self.fundamental.advance(seconds)
        for symbol_id in self.market.live:
            self.fundamental.begin_at(symbol_id, self.market.symbol(symbol_id).mid)
        self.market.sample(seconds)
        if self._day_s:
            self.market.season = self.fundamental.season = season(
                math.fmod(self.elapsed_s(), self._day_s) / self._day_s
            )

    def stories(self) -> list[Story]:
        """What the newsroom wants published now."""
        return self.newsroom.write(self.news_s())

    def news_s(self, *, in_s: float = 0.0) -> float:
        """What the newsroom's clock shows now, or in ``in_s`` seconds; live it runs faster, for those who watch."""
        return (self.elapsed_s() + in_s * self.speed) * (LIVE_NEWS_PACE if self._live else 1.0)

    def hear(self, headline: str, sentiment: float, symbol_id: SymbolId | None) -> dict[SymbolId, float]:
        """A headline was published: let it move the values. Returns by how many ticks when somebody else wrote it."""
        posted = not self.newsroom.wrote(headline)
        impact = self.newsroom.impact(headline, sentiment, symbol_id)
        for moved, ticks in impact.items():
            self.fundamental.jump(moved, ticks)
        return impact if posted else {}
