"""How an account went: drawdown and Sharpe ratio from samples of its equity, and the pace of its orders."""

from __future__ import annotations

import math
from typing import Final

PACE_S: Final = 5.0
"""About how long a pace looks back."""
MIN_RETURNS: Final = 30
"""Samples before a Sharpe ratio says anything."""


class Pace:
    """How many of something there are a second, smoothed over some seconds, in constant memory."""

    __slots__ = ("_counted", "count", "per_second")

    def __init__(self) -> None:
        self.count = 0
        """How many there were; whoever counts adds to it."""
        self.per_second = 0.0
        self._counted = 0

    def sample(self, seconds: float = 1.0) -> None:
        """Digest what was counted in the last ``seconds``."""
        new, self._counted = self.count - self._counted, self.count
        self.per_second += (new / seconds - self.per_second) * (1 - math.exp(-seconds / PACE_S))


class EquityTrack:
    """Takes equity samples (minor units of cash) at equal intervals."""

    __slots__ = ("_deviations", "_mean", "_peak", "_previous", "_returns", "max_drawdown")

    def __init__(self) -> None:
        self.max_drawdown = 0.0
        """Largest fall below an earlier peak, as a share of the peak."""
        self._peak = 0
        self._previous = 0
        self._returns = 0
        self._mean = 0.0
        self._deviations = 0.0

    def sample(self, equity: int) -> None:
        """Take one sample (the variance of the changes is Welford's running one)."""
        if equity > self._peak:
            self._peak = equity
        elif self._peak > 0:
            self.max_drawdown = max(self.max_drawdown, (self._peak - equity) / self._peak)
        if self._previous > 0:
            change = (equity - self._previous) / self._previous
            self._returns += 1
            delta = change - self._mean
            self._mean += delta / self._returns
            self._deviations += delta * (change - self._mean)
        self._previous = equity

    @property
    def sharpe(self) -> float | None:
        """Mean over deviation of the changes from one sample to the next, not annualised; None while too few."""
        if self._returns < MIN_RETURNS or self._deviations <= 0:
            return None
        return self._mean / math.sqrt(self._deviations / (self._returns - 1))
