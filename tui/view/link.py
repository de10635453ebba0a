"""How well the console hears the exchange."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

STALE_AFTER_S = 2.0
"""Silence after which prices are no longer to be trusted."""


class LinkState(Enum):
    """What the feed is worth at the moment."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    DOWN = "down"


@dataclass(slots=True)
class Link:
    """Connection to the gateway. Times are the monotonic clock's seconds."""

    connected: bool = False
    ever: bool = False
    engine: bool = True
    """Whether the gateway reaches the engine."""
    heard_at: float = 0.0
    priced_at: float = 0.0
    """When a price was heard last."""
    started_at: float = 0.0
    attempt: int = 0
    retry_at: float | None = None
    reason: str = ""
    gaps: int = 0
    latency_ms: float | None = None
    epoch: str = ""

    def state(self, now: float) -> LinkState:
        """State at ``now``."""
        if not self.connected:
            return LinkState.DOWN if self.ever else LinkState.CONNECTING
        if not self.engine or now - self.heard_at > STALE_AFTER_S:
            return LinkState.STALE
        return LinkState.LIVE

    def heard(self, now: float) -> None:
        """A message came."""
        self.heard_at = now

    def up(self, now: float) -> None:
        """The connection stands."""
        self.connected = self.ever = True
        self.priced_at = now
        self.heard_at, self.attempt, self.retry_at, self.reason = now, 0, None, ""

    def down(self, reason: str, attempt: int, retry_at: float | None) -> None:
        """The connection is gone; the ``attempt``-th try follows at ``retry_at``."""
        self.connected = False
        self.reason, self.attempt, self.retry_at = reason, attempt, retry_at
