"""Herding traders: each follows either the value or the trend, and changes camp with its neighbours' success.

Every trader keeps the score that both rules would have earned lately. It recruits itself into the better camp with a
probability that grows with the difference, and now and then changes for no reason, as the ants of the first source do.

Sources: Kirman 1993, "Ants, rationality, and recruitment"; Lux, Marchesi 1999, "Scaling and criticality in a stochastic
multi-agent model of a financial market".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.heuristics.chartist import Chartist, ChartistParameters
from agents.heuristics.fundamentalist import Fundamentalist, FundamentalistParameters
from agents.intents import AgentEvent, AgentIntent
from agents.market import SymbolView
from agents.pacing import PacedStrategy
from agents.strategy import Context, Parameters
from engine.types import SymbolId


class HerdParameters(Parameters, frozen=True, kw_only=True):
    """A herding trader."""

    rate: float = 1 / 20
    recruitment: float = 1.0
    """How strongly success of the other camp attracts."""
    whim: float = 0.01
    """Chance to change camp for no reason, at each look."""
    memory: float = 0.05
    """Weight of the newest move in the scores."""
    size_mu: float = 1.5
    size_sigma: float = 0.7


class _Camp:
    """Where a trader stands in one instrument, and what both rules would have earned."""

    __slots__ = ("chart_view", "chartist", "last_mid", "scores", "value_view")

    def __init__(self, chartist: bool, mid: float) -> None:
        self.chartist = chartist
        self.last_mid = mid
        self.scores = [0.0, 0.0]
        self.value_view = 0.0
        self.chart_view = 0.0


class Herd(PacedStrategy):
    """Switches between a fundamentalist and a chartist of its own."""

    def __init__(self, context: Context, parameters: HerdParameters) -> None:
        super().__init__(context, parameters.rate)
        self.parameters = parameters
        mu, sigma = parameters.size_mu, parameters.size_sigma
        self._value = Fundamentalist(context, FundamentalistParameters(size_mu=mu, size_sigma=sigma))
        self._chart = Chartist(context, ChartistParameters(size_mu=mu, size_sigma=sigma))
        self._camps: dict[SymbolId, _Camp] = {}

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Join a camp by chance."""
        self._camps[symbol.symbol_id] = _Camp(self.rng.random() < 0.5, symbol.mid)
        return self._chart.listed(symbol)

    def react(self, event: AgentEvent) -> Sequence[AgentIntent]:
        """Nothing but timers matters."""
        del event
        return ()

    def decide(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Score both rules, perhaps change camp, then act as the camp does."""
        camp = self._camps[symbol.symbol_id]
        self._score(symbol, camp)
        self._recruit(camp)
        return (self._chart if camp.chartist else self._value).decide(symbol)

    def _score(self, symbol: SymbolView, camp: _Camp) -> None:
        move = (symbol.mid - camp.last_mid) / symbol.base_volatility
        for index, view in enumerate((camp.value_view, camp.chart_view)):
            camp.scores[index] += self.parameters.memory * (view * move - camp.scores[index])
        camp.last_mid = symbol.mid
        gap = self._value.gap(symbol) or 0.0
        camp.value_view = math.tanh(gap / (4 * symbol.base_volatility))
        camp.chart_view = math.tanh(self._chart.signal(symbol))

    def _recruit(self, camp: _Camp) -> None:
        advantage = camp.scores[1] - camp.scores[0]
        pull = advantage if not camp.chartist else -advantage
        chance = self.parameters.whim + (1 - math.exp(-max(self.parameters.recruitment * pull, 0.0)))
        if self.rng.random() < min(chance, 0.5):
            camp.chartist = not camp.chartist
