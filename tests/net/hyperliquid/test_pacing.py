from __future__ import annotations

import random

from net.hyperliquid.pacing import Backoff, TokenBucket


def test_a_bucket_allows_a_burst_then_the_rate() -> None:
    bucket = TokenBucket(3, per_second=2.0)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait(10.0) == 0.5
    assert not bucket.take(10.4)
    assert bucket.take(10.5)
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


def test_the_bound_of_the_backoff_doubles_to_its_limit_and_starts_anew_after_a_stable_minute() -> None:
    backoff = Backoff(random.Random(7))
    bounds = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    delays = [backoff.delay(lasted=1.0) for _ in bounds]
    assert all(0.0 <= delay <= bound for delay, bound in zip(delays, bounds, strict=True))
    assert max(delays) > 4.0
    assert backoff.delay(lasted=60.0) <= 0.25


def test_delays_are_spread_over_the_whole_of_the_bound() -> None:
    rng = random.Random(1)
    first = sorted(Backoff(rng).delay(0.0) for _ in range(200))
    assert first[0] < 0.02
    assert first[-1] > 0.23
