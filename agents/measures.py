"""Statistics of time series, in plain Python: what the stylized facts are computed from.

All functions take sequences of floats. What cannot be computed from them (too short, no variance) is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

NAN = math.nan


def differences(values: Sequence[float], step: int = 1) -> list[float]:
    """Changes over ``step`` places, not overlapping."""
    thinned = values[::step]
    return [later - earlier for earlier, later in pairwise(thinned)]


def variance(values: Sequence[float]) -> float:
    """Population variance."""
    if len(values) < 2:
        return NAN
    mean = fmean(values)
    return fmean([(value - mean) ** 2 for value in values])


def excess_kurtosis(values: Sequence[float]) -> float:
    """Fourth standardised moment less 3; 0 for a normal distribution."""
    spread = variance(values)
    if not spread > 0:
        return NAN
    mean = fmean(values)
    return fmean([(value - mean) ** 4 for value in values]) / spread**2 - 3.0


def autocorrelation(values: Sequence[float], lags: Sequence[int]) -> list[float]:
    """Autocorrelation at each lag; NaN where the series is too short or constant."""
    count = len(values)
    if count < 3:
        return [NAN] * len(lags)
    mean = fmean(values)
    centred = [value - mean for value in values]
    total = math.fsum([value * value for value in centred])
    if total <= 0:
        return [NAN] * len(lags)
    return [
        math.fsum([a * b for a, b in zip(centred, centred[lag:], strict=False)]) / total if lag < count else NAN
        for lag in lags
    ]


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson correlation of two equally long series."""
    if len(first) < 3:
        return NAN
    mean_first, mean_second = fmean(first), fmean(second)
    a = [value - mean_first for value in first]
    b = [value - mean_second for value in second]
    scale = math.sqrt(math.fsum([x * x for x in a]) * math.fsum([y * y for y in b]))
    return math.fsum([x * y for x, y in zip(a, b, strict=True)]) / scale if scale > 0 else NAN


def hill_index(values: Sequence[float], share: float = 0.05) -> float:
    """Tail exponent of the largest ``share`` of absolute values (Hill 1975)."""
    ordered = sorted((abs(value) for value in values if value), reverse=True)
    count = max(10, int(len(values) * share))
    if len(ordered) <= count:
        return NAN
    threshold = ordered[count]
    total = math.fsum([math.log(value / threshold) for value in ordered[:count]])
    return count / total if total > 0 else NAN


def variance_ratio(values: Sequence[float], horizon: int) -> float:
    """Variance of ``horizon``-step sums over ``horizon`` times the variance of single steps; overlapping sums."""
    if len(values) < 3 * horizon:
        return NAN
    single = variance(values)
    total = math.fsum(values[:horizon])
    sums = [total]
    for gone, come in zip(values, values[horizon:], strict=False):
        total += come - gone
        sums.append(total)
    return variance(sums) / (horizon * single) if single > 0 else NAN


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Slope of the least-squares line."""
    if len(x) < 2:
        return NAN
    mean_x, mean_y = fmean(x), fmean(y)
    spread = math.fsum([(value - mean_x) ** 2 for value in x])
    if spread <= 0:
        return NAN
    return math.fsum([(a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)]) / spread


def power_exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Exponent b of y = a x^b by least squares on logarithms, over the points where both are positive."""
    points = [(math.log(a), math.log(b)) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    return slope([a for a, _ in points], [b for _, b in points]) if len(points) >= 3 else NAN


def quantile_means(x: Sequence[float], y: Sequence[float], groups: int) -> tuple[list[float], list[float]]:
    """Means of x and y in groups of equal size by x; equal values of x stay together."""
    order = sorted(range(len(x)), key=lambda index: x[index])
    mean_x: list[float] = []
    mean_y: list[float] = []
    start = 0
    for group in range(1, groups + 1):
        end = max(start, len(order) * group // groups)
        while start < end < len(order) and x[order[end]] == x[order[end - 1]]:
            end += 1
        if end > start:
            mean_x.append(fmean([x[index] for index in order[start:end]]))
            mean_y.append(fmean([y[index] for index in order[start:end]]))
        start = end
    return mean_x, mean_y


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Exponential average before each value: what could be known of it beforehand."""
    if not values:
        return []
    level = fmean(values[: max(1, int(1 / weight))])
    levels = []
    for value in values:
        levels.append(level)
        level += weight * (value - level)
    return levels
