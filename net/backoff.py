"""Waiting longer after each failure, and never in step with others."""

from __future__ import annotations

import random


class Backoff:
    """Exponential backoff with full jitter: each delay is uniform between 0 and a ceiling that doubles.

    Full jitter spreads the clients of a restarted server evenly, which equal steps with a little noise do not.
    """

    def __init__(self, rng: random.Random, *, first_s: float = 0.1, max_s: float = 5.0) -> None:
        self._rng = rng
        self._first_s = first_s
        self._max_s = max_s
        self._ceiling_s = first_s

    def next_delay_s(self) -> float:
        """Seconds to wait before the next attempt."""
        delay = self._rng.uniform(0, self._ceiling_s)
        self._ceiling_s = min(self._ceiling_s * 2, self._max_s)
        return delay

    def reset(self) -> None:
        """Begin anew after a success."""
        self._ceiling_s = self._first_s
