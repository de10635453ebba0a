"""Grades a bot: runs it in simulated markets, and the same markets without it.

A bot is a strategy in a Python file: a class named ``Bot`` that takes a ``Context`` and has ``wants`` and ``on_event``
(``agents.strategy.Strategy``). Each scenario and seed is run twice, with the bot and without; what differs is the bot's
own doing, and over many seeds a confidence interval says how sure that is.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev

import msgspec

from agents.grading import BOT_NAME, Ledger, Watched
from agents.scenario import load_scenario
from agents.series import MarketSeries
from agents.simulation import START_NS, Guest, Simulation, StrategyFactory
from agents.strategy import Context, Strategy

SECONDS_PER_HOUR = 3600.0
T_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom."""


class BotError(ValueError):
    """The file has no usable bot; the text is one line."""


class Mean(msgspec.Struct, frozen=True):
    """A mean over seeds with the half-width of its 95 % confidence interval (NaN for a single seed)."""

    value: float
    plus_minus: float


class RunGrade(msgspec.Struct, frozen=True, kw_only=True):
    """The bot in one scenario with one seed. Amounts in currency units."""

    scenario: str
    seed: int
    pnl: float
    spread_pnl: float
    """Earned against the mid at the moment of each fill."""
    adverse_selection: float
    """What the mid did to its fills within ten seconds; negative when it moved against the bot."""
    inventory_pnl: float
    """The rest: what holding positions brought."""
    fees: float
    orders: int
    fills: int
    fill_ratio: float
    """Lots filled of lots ordered."""
    slippage_ticks: float
    """Mean distance of taking fills from the mid, per lot."""
    queue_ahead: float
    """Mean lots ahead of its resting orders when they were placed."""
    maker_share: float
    """Share of its lots that rested before they traded."""
    max_drawdown: float
    error: str
    """What the bot raised, and where, which ended its part; empty when it ran to the end."""
    volatility_impact: float
    """Volatility with the bot over volatility without it, less 1."""
    spread_impact: float
    """Mean spread with the bot over the one without it, less 1."""
    price_impact_ticks: float
    """Mean absolute distance between the two runs' mids."""


class GradeReport(msgspec.Struct, frozen=True):
    """All runs of a bot."""

    bot: str
    runs: list[RunGrade]

    def mean(self, measure: Callable[[RunGrade], float], scenario: str | None = None) -> Mean:
        """One measure over the seeds of a scenario, or of all."""
        return mean_of([measure(run) for run in self.runs if scenario in (None, run.scenario)])


def mean_of(values: Sequence[float]) -> Mean:
    """Mean and 95 % interval by Student's t."""
    values = [value for value in values if not math.isnan(value)]
    if not values:
        return Mean(math.nan, math.nan)
    if len(values) == 1:
        return Mean(values[0], math.nan)
    quantile = T_95[len(values) - 2] if len(values) - 2 < len(T_95) else 1.96
    return Mean(fmean(values), quantile * stdev(values) / math.sqrt(len(values)))


def load_bot(path: Path) -> StrategyFactory:
    """The ``Bot`` of a Python file, as something that makes one; ``BotError`` when there is none."""
    if not path.is_file():
        raise BotError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"bot_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BotError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever somebody's file may raise
        raise BotError(f"{path}: {type(error).__name__}: {error}") from error
    bot = getattr(module, "Bot", None)
    if not callable(bot) or not hasattr(bot, "on_event"):
        raise BotError(f"{path} has no class Bot with on_event")

    def make(context: Context) -> Strategy:
        try:
            strategy: Strategy = bot(context)
        except Exception as error:  # whatever somebody's class may raise
            raise BotError(f"{path}: Bot cannot be made: {type(error).__name__}: {error}") from error
        if not hasattr(strategy, "wants"):
            raise BotError(f"{path}: Bot has no wants: a set of Book, Trade and News, empty for none")
        return strategy

    return make


def grade(
    bot: Path | StrategyFactory,
    scenarios: Sequence[str],
    seeds: Sequence[int],
    *,
    hours: float | None = None,
    capital: float = 1_000_000.0,
    latency_ms: float = 10.0,
    progress: Callable[[RunGrade], None] | None = None,
) -> GradeReport:
    """Run a bot in every scenario with every seed, beside the same runs without it; Ctrl-C keeps what is done.

    Raises:
        BotError: the file has no usable bot.
        ScenarioError: a scenario cannot be used.
    """
    name = bot.stem if isinstance(bot, Path) else getattr(bot, "__name__", "bot")
    make = load_bot(bot) if isinstance(bot, Path) else bot
    runs: list[RunGrade] = []
    try:
        for scenario in scenarios:
            for seed in seeds:
                run = _grade_run(scenario, seed, make, hours, capital, latency_ms)
                runs.append(run)
                if progress is not None:
                    progress(run)
    except KeyboardInterrupt:
        pass
    return GradeReport(name, runs)


def _grade_run(
    name: str, seed: int, make: StrategyFactory, hours: float | None, capital: float, latency_ms: float
) -> RunGrade:
    scenario = load_scenario(name)
    seconds = (scenario.market.hours if hours is None else hours) * SECONDS_PER_HOUR
    without = Simulation(scenario, seed, seconds=seconds)
    without.run_until(seconds)
    ledger = Ledger()

    def watched(context: Context) -> Strategy:
        return Watched(make(context), context, ledger)

    guest = Guest(BOT_NAME, watched, capital, latency_ms, lambda _, error: ledger.note_error(error))
    beside = Simulation(scenario, seed, guests=(guest,), seconds=seconds)
    ledger.attach(beside)
    beside.run_until(seconds)
    outcome = next(agent for agent in beside.result().agents if agent.name == BOT_NAME)
    figures = ledger.figures(beside)
    pairs = [
        (MarketSeries.of_tape(tape, START_NS), MarketSeries.of_tape(without.recorder.tapes[symbol_id], START_NS))
        for symbol_id, tape in beside.recorder.tapes.items()
    ]
    return RunGrade(
        scenario=name,
        seed=seed,
        pnl=outcome.pnl,
        spread_pnl=figures.spread_pnl,
        adverse_selection=figures.adverse_selection,
        inventory_pnl=outcome.pnl + outcome.fees - figures.spread_pnl - figures.adverse_selection,
        fees=outcome.fees,
        orders=ledger.orders,
        fills=outcome.fills,
        fill_ratio=figures.fill_ratio,
        slippage_ticks=figures.slippage_ticks,
        queue_ahead=figures.queue_ahead,
        maker_share=figures.maker_share,
        max_drawdown=max_drawdown(outcome.curve),
        error=ledger.error,
        volatility_impact=fmean([_ratio(_volatility(a), _volatility(b)) for a, b in pairs]),
        spread_impact=fmean([_ratio(_spread(a), _spread(b)) for a, b in pairs]),
        price_impact_ticks=fmean([fmean([abs(x - y) for x, y in zip(a.mids, b.mids, strict=False)]) for a, b in pairs]),
    )


def max_drawdown(curve: Sequence[float]) -> float:
    """Largest fall of an equity curve from an earlier height."""
    high, worst = -math.inf, 0.0
    for value in curve:
        high = max(high, value)
        worst = max(worst, high - value)
    return worst


def _volatility(series: MarketSeries) -> float:
    return fmean([abs(move) for move in series.returns]) if series.returns else 0.0


def _spread(series: MarketSeries) -> float:
    spreads = [ask - bid for bid, ask in zip(series.bids, series.asks, strict=True) if bid and ask]
    return fmean(spreads) if spreads else 0.0


def _ratio(with_bot: float, without: float) -> float:
    return with_bot / without - 1 if without > 0 else 0.0
