"""How long messages travel in virtual time: draws of a one-way latency, as multiples of its median.

A draw is one of 1,024 quantiles, which costs a fifth of a draw from the distribution itself.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist, median
from typing import Final, Literal, TypeAlias

LatencyModel: TypeAlias = Literal["lognormal", "constant", "cubic"]
"""``cubic`` has the long tail of the model of the same name in ABIDES (Byrd, Hybinette, Balch 2020)."""

QUANTILES: Final = 1_024
LOGNORMAL_SIGMA: Final = 0.35
CUBIC_JITTER: Final = 0.05
CUBIC_CLIP: Final = 0.1
"""The tail ends where its variable, uniform below 1, reaches this."""


@cache
def delays(model: LatencyModel, median_ns: float) -> tuple[int, ...]:
    """Equally likely latencies, in ns."""
    return tuple([int(median_ns * multiple) for multiple in multiples(model)])


@cache
def multiples(model: LatencyModel) -> tuple[float, ...]:
    """Equally likely multiples of the median."""
    shares = [(place + 0.5) / QUANTILES for place in range(QUANTILES)]
    if model == "constant":
        return (1.0,)
    if model == "cubic":
        drawn = [1.0 + CUBIC_JITTER / (CUBIC_CLIP + (1.0 - CUBIC_CLIP) * share) ** 3 for share in shares]
        middle = median(drawn)
        return tuple([factor / middle for factor in drawn])
    normal = NormalDist()
    return tuple([math.exp(LOGNORMAL_SIGMA * normal.inv_cdf(share)) for share in shares])
