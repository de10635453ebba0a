"""News traders: read a headline with some delay and some error, trade on it, and leave when it is old.

Source: Tetlock 2007, "Giving content to investor sentiment: the role of media in the stock market".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from agents.intents import AgentEvent, AgentIntent, News, Timer, Wake
from agents.market import NS, SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters, side_of
from engine.types import SymbolId
from net.sentiment import score

MAX_PENDING = 64


class NewsTraderParameters(Parameters, frozen=True, kw_only=True):
    """A news trader."""

    rate: float = 1 / 20
    """Looks a second at each position it holds."""
    lag_median_s: float = 1.5
    lag_sigma: float = 0.8
    """Reading takes a lognormal time."""
    misread: float = 0.06
    """Chance of taking good news for bad."""
    noise: float = 0.15
    """Standard deviation of its reading error about a sentiment."""
    min_sentiment: float = 0.25
    """Weaker news are not worth a trade."""
    size: float = 25.0
    """Lots it trades on a sentiment of 1, in an instrument of normal size."""
    half_life_s: float = 120.0
    """News of this age count half; a position is closed when less than a third of its reason is left."""
    short_only: bool = False


class NewsTrader(PacedStrategy):
    """Trades on what it reads."""

    wants: ClassVar[frozenset[type]] = frozenset({News})

    def __init__(self, context: Context, parameters: NewsTraderParameters) -> None:
        super().__init__(context, parameters.rate, attentive=False)
        self.parameters = parameters
        self._reading: dict[str, tuple[News, float]] = {}
        self._mood: dict[SymbolId, tuple[float, int]] = {}

    def mood(self, symbol: SymbolView) -> float:
        """What is left of the sentiment it read about an instrument."""
        level, since = self._mood.get(symbol.symbol_id, (0.0, 0))
        return level * math.exp2(-(self.market.now - since) / NS / self.parameters.half_life_s)

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Begin to read a headline; trade when it is read."""
        if isinstance(event, News) and len(self._reading) < MAX_PENDING:
            lag = self.parameters.lag_median_s * math.exp(self.rng.gauss(0.0, self.parameters.lag_sigma))
            key = f"read {event.news_id}"
            self._reading[key] = (event, self._perceive(event))
            return (Wake(self.market.now + int(lag * NS), key),)
        if isinstance(event, Timer) and isinstance(event.key, str) and event.key in self._reading:
            news, sentiment = self._reading.pop(event.key)
            return self._act(news, sentiment)
        return ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Close a position whose reason is old."""
        position = self.portfolio.position(symbol.symbol_id)
        if position == 0 or abs(self.mood(symbol)) > self.parameters.min_sentiment / 3:
            return ()
        intents: list[AgentIntent] = [self.take(symbol, side_of(-position), abs(position))]
        if self.context.narrate:
            intents.append(self.explain(symbol, f"close {symbol.ticker}", "the news are old"))
        return intents

    def _perceive(self, news: News) -> float:
        sentiment = score(f"{news.headline}. {news.content}") + self.rng.gauss(0.0, self.parameters.noise)
        return -sentiment if self.rng.random() < self.parameters.misread else sentiment

    def _act(self, news: News, sentiment: float) -> Sequence[AgentIntent]:
        if abs(sentiment) < self.parameters.min_sentiment or (self.parameters.short_only and sentiment > 0):
            return ()
        intents: list[AgentIntent] = []
        about = [news.symbol_id] if news.symbol_id is not None else [symbol.symbol_id for symbol in self.market]
        for symbol_id in about:
            if symbol_id not in self.market or not self.context.trades(symbol_id):
                continue
            symbol = self.market.symbol(symbol_id)
            self._mood[symbol_id] = (sentiment, self.market.now)
            share = 1.0 if news.symbol_id is not None else 0.4
            qty = max(1, round(self.parameters.size * share * min(abs(sentiment), 1.0) * symbol.size))
            slippage = max(2, round(4 * symbol.base_volatility))
            intents.append(self.take(symbol, side_of(sentiment), qty, slippage))
            if self.context.narrate:
                action = f"{side_of(sentiment).value} {symbol.qty_text(qty)} {symbol.ticker}"
                why = f"read {news.headline[:80]!r} as {sentiment:+.2f}"
                intents.append(self.explain(symbol, action, why, min(1.0, abs(sentiment))))
        return intents
