import itertools
import math
import random

import pytest

from agents import measures
from agents.series import MarketSeries
from agents.stylized_facts import FACTS, fact_sheet

RNG = random.Random(7)
NORMAL = [RNG.gauss(0, 1) for _ in range(20_000)]


def test_kurtosis_of_known_distributions() -> None:
    assert measures.excess_kurtosis(NORMAL) == pytest.approx(0, abs=0.1)
    assert measures.excess_kurtosis([-1.0, 1.0] * 50) == pytest.approx(-2)
    laplace = [RNG.expovariate(1) * RNG.choice((-1, 1)) for _ in range(50_000)]
    assert measures.excess_kurtosis(laplace) == pytest.approx(3, abs=0.5)


def test_hill_index_of_a_pareto_tail() -> None:
    assert measures.hill_index([RNG.paretovariate(3) for _ in range(50_000)]) == pytest.approx(3, abs=0.25)


def test_autocorrelation_of_an_ar1() -> None:
    values = [0.0]
    for shock in NORMAL:
        values.append(0.7 * values[-1] + shock)
    first, second = measures.autocorrelation(values, (1, 2))
    assert first == pytest.approx(0.7, abs=0.02)
    assert second == pytest.approx(0.49, abs=0.03)


def test_variance_ratio_tells_trend_and_reversal_from_a_random_walk() -> None:
    assert measures.variance_ratio(NORMAL, 20) == pytest.approx(1, abs=0.1)
    trending = [a + b for a, b in itertools.pairwise(NORMAL)]
    reverting = [a - b for a, b in itertools.pairwise(NORMAL)]
    assert measures.variance_ratio(trending, 20) > 1.8
    assert measures.variance_ratio(reverting, 20) < 0.2


def test_power_exponent_and_quantile_means() -> None:
    x = [float(n) for n in range(1, 200)]
    assert measures.power_exponent(x, [3 * value**0.5 for value in x]) == pytest.approx(0.5)
    means_x, means_y = measures.quantile_means([1, 1, 1, 2, 2, 9], [1, 1, 1, 4, 6, 8], 3)
    assert (means_x, means_y) == ([1, 2, 9], [1, 5, 8])


def test_too_little_data_is_nan_not_an_error() -> None:
    assert math.isnan(measures.excess_kurtosis([1.0, 1.0]))
    assert math.isnan(measures.hill_index([1.0]))
    assert math.isnan(measures.variance_ratio([1.0], 20))
    assert math.isnan(measures.autocorrelation([], (1,))[0])
    assert math.isnan(measures.correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))
    assert math.isnan(measures.power_exponent([0.0], [1.0]))


def series(steps: list[float], signs: list[float]) -> MarketSeries:
    """A market with a spread of two ticks, one print a second, and these changes of the mid."""
    mid, bids, asks, prices, mids = 10_000.0, [], [], [], []
    for step, sign in zip(steps, signs, strict=True):
        mids.append(mid)
        prices.append(mid + sign)
        bids.append(round(mid) - 1)
        asks.append(round(mid) + 1)
        mid += step
    return MarketSeries(
        "X",
        bids=bids,
        asks=asks,
        trade_times=[float(second) for second in range(len(steps))],
        trade_prices=prices,
        trade_sizes=[float(1 + second % 7) for second in range(len(steps))],
        signs=signs,
        mids_before=mids,
        initial_price=10_000.0,
    )


def test_a_random_walk_with_a_spread_shows_few_of_the_facts() -> None:
    rng = random.Random(1)
    count = 20_000
    walk = series([rng.gauss(0, 1) for _ in range(count)], [rng.choice((-1.0, 1.0)) for _ in range(count)])
    sheet = fact_sheet(walk)
    shown = {finding.name for finding in sheet.findings if finding.passed}
    assert sheet.sane
    assert "no linear autocorrelation, lags 2-20" in shown
    assert "variance ratio VR(20)" in shown
    assert "bid-ask bounce: ACF of price changes, lag 1" in shown
    assert sheet.passed <= 6


def test_there_are_eighteen_facts_each_with_threshold_and_source() -> None:
    assert len(FACTS) == len({fact.name for fact in FACTS}) == 18
    assert all(fact.source and ("to" in fact.threshold or fact.threshold[0] in "<>") for fact in FACTS)


def test_a_runaway_price_or_a_dead_book_is_not_sane() -> None:
    signs = [1.0] * 4_000
    assert not fact_sheet(series([1.0] * 4_000, signs)).sane
    dead = series([0.0] * 4_000, signs)
    dead.asks = [0] * 4_000
    assert not dead.is_sane()


def test_a_short_session_leaves_facts_open_instead_of_failing_them() -> None:
    sheet = fact_sheet(series([0.0] * 30, [1.0] * 30))
    assert any(finding.passed is None for finding in sheet.findings)
