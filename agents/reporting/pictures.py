"""Which pictures a market's session is shown by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from agents.measures import autocorrelation, quantile_means, variance
from agents.reporting.plots import Bars, Line, plot
from agents.series import MarketSeries

HISTOGRAM_BINS = 41
HISTOGRAM_SIGMAS = 5.0
MEMORY_LAGS = tuple(sorted({round(1.25**power) for power in range(24)}))


def market_pictures(
    series: MarketSeries,
    tick_size: float,
    value: Sequence[float] = (),
    depth: tuple[Sequence[float], Sequence[float]] = ((), ()),
) -> list[str]:
    """All pictures of one market. ``value`` is the fundamental in ticks each second, ``depth`` mean lots by level."""
    return [
        _price(series, tick_size, value),
        _histogram(series),
        _memory_of_volatility(series),
        _memory_of_signs(series),
        _impact(series),
        _spread(series),
        _depth(depth),
    ]


def equity_picture(curves: Sequence[tuple[str, Sequence[float]]], step_minutes: float) -> str:
    """Profit of some agents over time; each curve is their equity every ``step_minutes``."""
    lines = [
        Line(name, [step_minutes * place for place in range(len(curve))], [value - curve[0] for value in curve])
        for name, curve in curves
        if curve
    ]
    return plot("Profit of agents", lines, x_label="minutes", y_label="currency")


def _price(series: MarketSeries, tick_size: float, value: Sequence[float]) -> str:
    minutes = [second / 60 for second in range(len(series.mids))]
    lines = [Line("mid", minutes, [mid * tick_size for mid in series.mids])]
    if len(value) >= len(minutes):
        lines.append(Line("value", minutes, [ticks * tick_size for ticks in value[: len(minutes)]]))
    return plot("Price", lines, x_label="minutes", y_label="price")


def _histogram(series: MarketSeries) -> str:
    spread = math.sqrt(variance(series.returns)) if len(series.returns) > 2 else 0.0
    if not spread > 0:
        return plot("Returns", [])
    width = 2 * HISTOGRAM_SIGMAS / HISTOGRAM_BINS
    counts = [0] * HISTOGRAM_BINS
    for move in series.returns:
        place = int((move / spread + HISTOGRAM_SIGMAS) / width)
        if 0 <= place < HISTOGRAM_BINS:
            counts[place] += 1
    centres = [-HISTOGRAM_SIGMAS + width * (place + 0.5) for place in range(HISTOGRAM_BINS)]
    density = [count / len(series.returns) / width for count in counts]
    normal = [math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in centres]
    return plot(
        f"Returns over {series.bin_s} s, against a normal",
        [Bars("returns", centres, density, width), Line("normal", centres, normal)],
        x_label="standard deviations",
        y_label="density, log",
        log_y=True,
    )


def _memory_of_volatility(series: MarketSeries) -> str:
    lags = list(range(1, 101))
    returns = autocorrelation(series.returns, lags)
    sizes = autocorrelation([abs(move) for move in series.returns], lags)
    x = [float(lag * series.bin_s) for lag in lags]
    return plot(
        "Autocorrelation of returns and of their size",
        [Line("|r|", x, sizes), Line("r", x, returns)],
        x_label="lag, seconds",
        y_label="correlation",
    )


def _memory_of_signs(series: MarketSeries) -> str:
    memory = autocorrelation(series.signs, MEMORY_LAGS)
    line = Line("signs", [float(lag) for lag in MEMORY_LAGS], memory, marks=True)
    return plot("Memory of order signs", [line], x_label="lag, trades", y_label="correlation", log_x=True, log_y=True)


def _impact(series: MarketSeries) -> str:
    sizes, moves = quantile_means(*series.impacts(), 12)
    return plot(
        "Impact of single orders",
        [Line("impact", sizes, moves, marks=True)],
        x_label="lots",
        y_label="ticks",
        log_x=True,
        log_y=True,
    )


def _spread(series: MarketSeries) -> str:
    spreads, moves = series.spread_and_volatility(300)
    minutes = [5.0 * index for index in range(len(spreads))]
    return plot(
        "Spread and volatility over the day",
        [Line("spread", minutes, spreads), Line("volatility x 5", minutes, [5 * move for move in moves])],
        x_label="minutes",
        y_label="ticks",
    )


def _depth(depth: tuple[Sequence[float], Sequence[float]]) -> str:
    bids, asks = depth
    if not bids or not fmean(bids):
        return plot("Depth by level", [])
    levels = [float(level + 1) for level in range(len(bids))]
    shapes = [Bars("bids", [-level for level in levels], bids, 0.9), Bars("asks", levels, asks, 0.9)]
    return plot("Mean depth by level", shapes, x_label="level", y_label="lots")
