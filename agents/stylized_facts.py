"""Eighteen stylized facts of markets: what real prices, trades and books have in common, and whether these have it too.

Each fact is one number, a threshold, and where both come from. The thresholds are loose: they tell a market from a
random walk with a spread, not one exchange from another. Returns are changes of the mid in ticks over ``bin_s``
seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean

import msgspec

from agents.measures import (
    NAN,
    autocorrelation,
    correlation,
    differences,
    excess_kurtosis,
    hill_index,
    power_exponent,
    quantile_means,
    smoothed,
    variance_ratio,
)
from agents.series import MarketSeries

LAGS_CLUSTER = range(1, 11)
LAGS_LONG = range(30, 101)
SIGN_LAGS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
LONG_SIGN_LAGS = range(15, 40)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: what it is, what counts as showing it, and who found it."""

    name: str
    low: float = -math.inf
    high: float = math.inf
    source: str
    measure: Callable[[MarketSeries], float]

    @property
    def threshold(self) -> str:
        """What the number has to be, in words."""
        if math.isinf(self.low):
            return f"< {self.high:g}"
        return f"> {self.low:g}" if math.isinf(self.high) else f"{self.low:g} to {self.high:g}"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as found in one market. ``passed`` is None when there was too little data."""

    name: str
    value: float
    threshold: str
    passed: bool | None
    source: str


class FactSheet(msgspec.Struct, frozen=True):
    """All facts of one market."""

    ticker: str
    bin_s: int
    findings: list[Finding]
    sane: bool
    """The price stayed within bounds and the book had two sides."""

    @property
    def passed(self) -> int:
        """How many facts it shows."""
        return sum(finding.passed is True for finding in self.findings)


def _volatility_clustering(series: MarketSeries) -> float:
    return fmean(autocorrelation([abs(move) for move in series.returns], LAGS_CLUSTER))


def _slow_decay(series: MarketSeries) -> float:
    return fmean(autocorrelation([abs(move) for move in series.returns], LAGS_LONG))


def _kurtosis_falls(series: MarketSeries) -> float:
    """Kurtosis of returns 30 times as long, as a share of that of single ones."""
    single = excess_kurtosis(series.returns)
    return excess_kurtosis(differences(series.binned_mids, 30)) / single if single > 0 else NAN


def _uncorrelated(series: MarketSeries) -> float:
    """Mean absolute autocorrelation less what so many independent returns would show."""
    chance = math.sqrt(2 / (math.pi * max(len(series.returns), 1)))
    return fmean([abs(value) for value in autocorrelation(series.returns, range(2, 21))]) - chance


def _conditional_tails(series: MarketSeries) -> float:
    expected = smoothed([abs(move) for move in series.returns], 0.06)
    return excess_kurtosis([move / level for move, level in zip(series.returns, expected, strict=True) if level > 0])


def _spread_volatility(series: MarketSeries) -> float:
    return correlation(*series.spread_and_volatility(60))


def _volume_volatility(series: MarketSeries) -> float:
    return correlation(series.volumes, [abs(move) for move in series.returns])


def _trade_clustering(series: MarketSeries) -> float:
    return fmean(autocorrelation([float(count) for count in series.trade_counts], range(1, 6)))


def _waiting_times(series: MarketSeries) -> float:
    waits = differences(series.trade_times)
    if len(waits) < 30:
        return NAN
    mean = fmean(waits)
    return math.sqrt(fmean([(wait - mean) ** 2 for wait in waits])) / mean if mean > 0 else NAN


def _bounce(series: MarketSeries) -> float:
    return autocorrelation(differences(series.trade_prices), (1,))[0]


def _sign_memory(series: MarketSeries) -> float:
    return fmean(autocorrelation(series.signs, LONG_SIGN_LAGS)) if len(series.signs) > 200 else NAN


def _sign_exponent(series: MarketSeries) -> float:
    if len(series.signs) < 500:
        return NAN
    return -power_exponent(SIGN_LAGS, autocorrelation(series.signs, SIGN_LAGS))


def _trade_impact(series: MarketSeries) -> float:
    sizes, moves = series.impacts()
    return power_exponent(*quantile_means(sizes, moves, 8)) if len(sizes) > 200 else NAN


def _flow_impact(series: MarketSeries) -> float:
    flows = [flow for flow in series.flows if flow]
    moves = [move if flow > 0 else -move for flow, move in zip(series.flows, series.returns, strict=True) if flow]
    return power_exponent(*quantile_means([abs(flow) for flow in flows], moves, 8)) if len(flows) > 100 else NAN


def _u_shape(series: MarketSeries) -> float:
    """Mean absolute return in the first and last sixth of the session over that in its middle."""
    sizes = [abs(move) for move in series.returns]
    sixth = len(sizes) // 6
    if sixth < 20 or series.session_share < 0.6:
        return NAN
    edges, middle = fmean(sizes[:sixth] + sizes[-sixth:]), fmean(sizes[2 * sixth : 4 * sixth])
    return edges / middle if middle > 0 else NAN


CONT = "Cont 2001, Empirical properties of asset returns"
TQP = "Bouchaud, Bonart, Donier, Gould 2018, Trades, Quotes and Prices"

FACTS: tuple[Fact, ...] = (
    Fact(name="heavy tails: excess kurtosis", low=1.0, source=CONT, measure=lambda s: excess_kurtosis(s.returns)),
    Fact(name="tail index (Hill)", low=2.0, high=5.0, source=CONT, measure=lambda s: hill_index(s.returns)),
    Fact(name="aggregational Gaussianity: kurtosis at 30 bins over 1", high=0.7, source=CONT, measure=_kurtosis_falls),
    Fact(name="no linear autocorrelation, lags 2-20", high=0.03, source=CONT, measure=_uncorrelated),
    Fact(
        name="variance ratio VR(20)",
        low=0.6,
        high=1.5,
        source="Lo, MacKinlay 1988, Stock market prices do not follow random walks",
        measure=lambda s: variance_ratio(s.returns, 20),
    ),
    Fact(name="volatility clustering: ACF of |r|, lags 1-10", low=0.05, source=CONT, measure=_volatility_clustering),
    Fact(name="slow decay: ACF of |r|, lags 30-100", low=0.02, source=CONT, measure=_slow_decay),
    Fact(name="conditional heavy tails: excess kurtosis", low=0.3, source=CONT, measure=_conditional_tails),
    Fact(name="spread grows with volatility: correlation", low=0.1, source=TQP, measure=_spread_volatility),
    Fact(name="volume grows with volatility: correlation", low=0.1, source=CONT, measure=_volume_volatility),
    Fact(name="trades cluster: ACF of counts, lags 1-5", low=0.05, source=TQP, measure=_trade_clustering),
    Fact(
        name="waiting times over-dispersed: variation",
        low=1.05,
        source="Engle, Russell 1998, Autoregressive conditional duration",
        measure=_waiting_times,
    ),
    Fact(
        name="bid-ask bounce: ACF of price changes, lag 1",
        high=-0.05,
        source="Roll 1984, A simple implicit measure of the effective bid-ask spread",
        measure=_bounce,
    ),
    Fact(
        name="memory of order signs: ACF, lags 15-39",
        low=0.02,
        source="Lillo, Farmer 2004, The long memory of the efficient market",
        measure=_sign_memory,
    ),
    Fact(
        name="its exponent",
        low=0.2,
        high=1.0,
        source="Lillo, Farmer 2004, The long memory of the efficient market",
        measure=_sign_exponent,
    ),
    Fact(
        name="concave impact of single trades: exponent",
        low=0.02,
        high=0.9,
        source="Lillo, Farmer, Mantegna 2003, Master curve for price-impact function",
        measure=_trade_impact,
    ),
    Fact(
        name="concave impact of aggregate flow: exponent",
        low=0.1,
        high=0.9,
        source="Toth et al. 2011, Anomalous price impact and the critical nature of liquidity",
        measure=_flow_impact,
    ),
    Fact(name="U-shape over the day: edges over middle", low=1.1, source=TQP, measure=_u_shape),
)


def fact_sheet(series: MarketSeries) -> FactSheet:
    """Measure every fact in one market."""
    findings = []
    for fact in FACTS:
        value = fact.measure(series)
        passed = None if math.isnan(value) else fact.low <= value <= fact.high
        findings.append(
            Finding(name=fact.name, value=value, threshold=fact.threshold, passed=passed, source=fact.source)
        )
    return FactSheet(series.ticker, series.bin_s, findings, series.is_sane())


def sheets(markets: Sequence[MarketSeries]) -> list[FactSheet]:
    """The facts of several markets."""
    return [fact_sheet(series) for series in markets]
