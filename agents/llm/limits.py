"""What keeps a model from running away with time or money: token bucket, budget, circuit breaker."""

from __future__ import annotations

from collections.abc import Callable

from agents.llm.config import LLMConfig


class Limits:
    """Says before each call whether it may be made, and hears after it what it used. ``clock`` gives seconds."""

    def __init__(self, config: LLMConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._tokens = self._burst = max(config.calls_per_minute / 6, 1.0)
        self._filled_at = clock()
        self._failures = 0
        self._open_until = -1.0
        self.calls = 0
        self.tokens_used = 0
        self.cost = 0.0

    def refusal(self) -> str:
        """Why no call may be made now; empty when one may."""
        now = self._clock()
        if now < self._open_until:
            return f"circuit open for {self._open_until - now:.0f} s more"
        if self.calls >= self._config.max_calls:
            return "budget of calls used up"
        if self.tokens_used >= self._config.max_total_tokens:
            return "budget of tokens used up"
        if self._config.max_cost and self.cost >= self._config.max_cost:
            return "budget of money used up"
        rate = self._config.calls_per_minute / 60
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._tokens < 1:
            return "too many calls a minute"
        return ""

    def begin(self) -> None:
        """A call is made."""
        self._tokens -= 1
        self.calls += 1

    def used(self, tokens_in: int, tokens_out: int) -> float:
        """Note what a call used; its cost in currency units."""
        self.tokens_used += tokens_in + tokens_out
        cost = (tokens_in * self._config.price_in + tokens_out * self._config.price_out) / 1e6
        self.cost += cost
        return cost

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = 0

    def failed(self) -> None:
        """A call failed; too many in a row open the circuit."""
        self._failures += 1
        if self._failures >= self._config.breaker_failures:
            self._open_until = self._clock() + self._config.breaker_s
            self._failures = 0
