"""All strategies by name: how each is made, what can be set, and how far from the exchange it sits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from agents.heuristics.aa import AdaptiveAggressive, AdaptiveParameters
from agents.heuristics.chartist import Chartist, ChartistParameters
from agents.heuristics.flash import Flash, FlashParameters
from agents.heuristics.fundamentalist import Fundamentalist, FundamentalistParameters
from agents.heuristics.gd import Gd, GdParameters
from agents.heuristics.herd import Herd, HerdParameters
from agents.heuristics.maker import Maker, MakerParameters
from agents.heuristics.news_trader import NewsTrader, NewsTraderParameters
from agents.heuristics.noise import Noise, NoiseParameters
from agents.heuristics.plain_maker import PlainMaker, PlainMakerParameters
from agents.heuristics.predator import Predator, PredatorParameters
from agents.heuristics.splitter import Splitter, SplitterParameters
from agents.heuristics.spoofer import Spoofer, SpooferParameters
from agents.heuristics.zero_intelligence import ZeroIntelligence, ZeroIntelligenceParameters
from agents.heuristics.zip import Zip, ZipParameters
from agents.llm.graph import LangGraphAgent, LangGraphParameters
from agents.llm.trader import LLMTrader, LLMTraderParameters
from agents.ml.trader import MLTrader, MLTraderParameters
from agents.strategy import Parameters, Strategy


class StrategyType(msgspec.Struct, frozen=True):
    """A strategy by name: how to make one, what can be set, and how far from the exchange it usually sits."""

    name: str
    make: Callable[..., Strategy]
    parameters: type[Parameters]
    latency_ms: float
    """Median one-way latency in a simulation."""


def _register(*types: StrategyType) -> dict[str, StrategyType]:
    return {entry.name: entry for entry in types}


STRATEGIES: Final[dict[str, StrategyType]] = _register(
    StrategyType("maker", Maker, MakerParameters, 2.0),
    StrategyType("noise", Noise, NoiseParameters, 80.0),
    StrategyType("fundamentalist", Fundamentalist, FundamentalistParameters, 50.0),
    StrategyType("chartist", Chartist, ChartistParameters, 30.0),
    StrategyType("splitter", Splitter, SplitterParameters, 20.0),
    StrategyType("news", NewsTrader, NewsTraderParameters, 10.0),
    StrategyType("herd", Herd, HerdParameters, 50.0),
    StrategyType("predator", Predator, PredatorParameters, 5.0),
    StrategyType("spoofer", Spoofer, SpooferParameters, 5.0),
    StrategyType("flash", Flash, FlashParameters, 20.0),
    StrategyType("zero_intelligence", ZeroIntelligence, ZeroIntelligenceParameters, 50.0),
    StrategyType("plain_maker", PlainMaker, PlainMakerParameters, 2.0),
    StrategyType("zip", Zip, ZipParameters, 50.0),
    StrategyType("aa", AdaptiveAggressive, AdaptiveParameters, 50.0),
    StrategyType("gd", Gd, GdParameters, 50.0),
    StrategyType("ml", MLTrader, MLTraderParameters, 30.0),
    StrategyType("langgraph", LangGraphAgent, LangGraphParameters, 50.0),
    StrategyType("llm", LLMTrader, LLMTraderParameters, 50.0),
)
"""All strategies."""

__all__ = ["STRATEGIES", "StrategyType"]
