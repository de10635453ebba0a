"""How fast a session may send orders."""

from __future__ import annotations


class TokenBucket:
    """Permits ``rate_per_s`` on average, and as many at once as come in one second."""

    __slots__ = ("_at_s", "_left", "_rate_per_s")

    def __init__(self, rate_per_s: float, now_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._left = rate_per_s
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Whether one more is permitted now; if so it counts."""
        rate = self._rate_per_s
        left = self._left + (now_s - self._at_s) * rate
        if left > rate:
            left = rate
        self._at_s = now_s
        permitted = left >= 1
        self._left = left - 1 if permitted else left
        return permitted
