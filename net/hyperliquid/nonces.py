"""Nonces: the replay protection of signed actions, on both sides of the wire."""

from __future__ import annotations

import bisect
from typing import Final

KEPT: Final = 100
"""How many of a signer's highest nonces the venue remembers."""
PAST_MS: Final = 2 * 86_400_000
FUTURE_MS: Final = 86_400_000


class NonceSet:
    """The highest nonces one signer has used; a nonce counts once and must not be too old."""

    def __init__(self, floor_ms: int = 0) -> None:
        self._floor_ms = floor_ms
        """What the signer used up to then is not known any more, so nothing of before counts."""
        self._used: list[int] = []

    def refusal(self, nonce: int, now_ms: int) -> str | None:
        """Why ``nonce`` may not be used now, or None when it may; changes nothing."""
        if not now_ms - PAST_MS < nonce < now_ms + FUTURE_MS:
            return f"Invalid nonce: {nonce} is not within 2 days before and 1 day after {now_ms}"
        position = bisect.bisect_left(self._used, nonce)
        if position < len(self._used) and self._used[position] == nonce:
            return f"Invalid nonce: duplicate nonce {nonce}"
        lowest = self._used[0] if len(self._used) == KEPT else self._floor_ms
        if nonce < lowest:
            return f"Invalid nonce: nonce too low {nonce} < {lowest}"
        return None

    def use(self, nonce: int) -> None:
        """Remember a nonce that ``refusal`` let pass."""
        bisect.insort(self._used, nonce)
        del self._used[:-KEPT]


class NonceCounter:
    """The nonces one signer sends: the clock's milliseconds, but always above the last one."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ms: int) -> int:
        """A nonce never given before."""
        self._last = max(self._last + 1, now_ms)
        return self._last
