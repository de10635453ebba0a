"""The value behind each instrument: a random walk with changing volatility, a common factor, and jumps.

Nobody trades on it directly: fundamentalists see it through their own bias and noise. Volatility follows an
Ornstein-Uhlenbeck process in its logarithm, jumps arrive as a Poisson process with Student-t sizes, and the value is
drawn slowly back to where it began, so that a market that runs for weeks stays near its prices.
"""

from __future__ import annotations

import math
import random
from typing import Final

from agents.rng import stream
from agents.scenario import FundamentalSection
from engine.types import SymbolId

JUMP_DEGREES: Final = 4
MAX_STEP_S: Final = 60.0
FLOOR: Final = 0.2
"""A value never falls below this fraction of where it began."""


def student_t(rng: random.Random, degrees: int) -> float:
    """A Student-t variate scaled to unit variance; ``degrees`` above 2."""
    normal = rng.gauss(0.0, 1.0)
    chi_square = rng.gammavariate(degrees / 2, 2.0)
    return normal / math.sqrt(chi_square / degrees) * math.sqrt((degrees - 2) / degrees)


class _Value:
    """One instrument's value and its own randomness."""

    __slots__ = ("jump_ticks", "loading", "log_volatility", "price", "residual", "rng", "start", "volatility")

    def __init__(
        self, price: float, volatility: float, beta: float, section: FundamentalSection, rng: random.Random
    ) -> None:
        self.price = price
        self.start = price
        self.volatility = volatility
        self.loading = min(max(math.sqrt(section.correlation) * beta, -0.99), 0.99)
        """Share of the common factor in its moves."""
        self.residual = math.sqrt(1 - self.loading * self.loading)
        usual = section.volatility_ticks
        self.jump_ticks = section.jump_ticks * (volatility / usual if usual else 1)
        self.rng = rng
        self.log_volatility = 0.0


class FundamentalProcess:
    """The values of all instruments, in ticks, moved on by ``advance``."""

    def __init__(self, section: FundamentalSection, seed: int) -> None:
        self.section = section
        self.volatility_factor = 1.0
        """Set by scenario events."""
        self.season = 1.0
        """Factor on the volatility's square that follows the time of day."""
        self._seed = seed
        self._common = stream(seed, "fundamental", "common")
        self._values: dict[SymbolId, _Value] = {}

    def add(self, symbol_id: SymbolId, price: float, volatility: float, beta: float = 1.0) -> None:
        """Begin at ``price`` ticks with ``volatility`` ticks per square root of a second."""
        rng = stream(self._seed, "fundamental", str(symbol_id))
        self._values[symbol_id] = _Value(price, volatility, beta, self.section, rng)

    def remove(self, symbol_id: SymbolId) -> None:
        """Forget an instrument."""
        self._values.pop(symbol_id, None)

    def value(self, symbol_id: SymbolId) -> float | None:
        """The value in ticks; None for an unknown instrument."""
        value = self._values.get(symbol_id)
        return value.price if value is not None else None

    def begin_at(self, symbol_id: SymbolId, price: float) -> None:
        """Take up a value where its market is already; it still reverts to where it was added."""
        value = self._values.get(symbol_id)
        if value is not None:
            value.price = max(price, 1.0)

    def jump(self, symbol_id: SymbolId, ticks: float) -> None:
        """Move a value at once."""
        value = self._values.get(symbol_id)
        if value is not None:
            value.price = max(value.price + ticks, FLOOR * value.start, 1.0)

    def advance(self, seconds: float) -> None:
        """Let time pass; long stretches go in steps of a minute."""
        while seconds > 0:
            step = min(seconds, MAX_STEP_S)
            self._step(step)
            seconds -= step

    def _step(self, seconds: float) -> None:
        section = self.section
        common = self._common.gauss(0.0, 1.0)
        fade = math.exp(-seconds / section.log_volatility_relaxation_s)
        kick = section.log_volatility_sigma * math.sqrt(1 - fade * fade)
        root = math.sqrt(seconds)
        seasonal = math.sqrt(self.season)
        for value in self._values.values():
            rng = value.rng
            value.log_volatility = value.log_volatility * fade + kick * rng.gauss(0.0, 1.0)
            sigma = value.volatility * self.volatility_factor * seasonal
            sigma *= math.exp(value.log_volatility - section.log_volatility_sigma**2)
            shock = value.loading * common + value.residual * rng.gauss(0.0, 1.0)
            move = sigma * root * shock + section.drift_ticks_per_hour * seconds / 3600
            if section.reversion_hours:
                move -= (value.price - value.start) * min(seconds / (section.reversion_hours * 3600), 1.0)
            if rng.random() < section.jumps_per_hour * seconds / 3600:
                move += student_t(rng, JUMP_DEGREES) * value.jump_ticks
            value.price = max(value.price + move, FLOOR * value.start, 1.0)
