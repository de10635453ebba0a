"""Latency histograms that cost a few additions: one count per power of two of microseconds."""

from __future__ import annotations

from collections.abc import Iterable

from net.engine_protocol import StageStats

_BUCKETS = 32


class Histogram:
    """Counts of durations. Bucket 0 holds those below 1 µs, bucket ``k`` those below ``2**k`` µs."""

    __slots__ = ("buckets", "max_ns", "stage")

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.buckets = [0] * _BUCKETS
        self.max_ns = 0

    def add(self, duration_ns: int, count: int = 1) -> None:
        """Count ``count`` durations of ``duration_ns``; a negative one (a clock set back) counts as 0."""
        if duration_ns > self.max_ns:
            self.max_ns = duration_ns
        bucket = (duration_ns // 1_000).bit_length() if duration_ns > 0 else 0
        self.buckets[bucket if bucket < _BUCKETS else _BUCKETS - 1] += count

    def add_many(self, durations_ns: Iterable[int]) -> None:
        """Count each of these durations, none of which may be negative."""
        buckets, last = self.buckets, _BUCKETS - 1
        longest = self.max_ns
        for duration_ns in durations_ns:
            if duration_ns > longest:
                longest = duration_ns
            bucket = (duration_ns // 1_000).bit_length()
            buckets[bucket if bucket < last else last] += 1
        self.max_ns = longest

    def stats(self) -> StageStats:
        """The counts so far, without the empty buckets at the end."""
        used = max((k for k, count in enumerate(self.buckets) if count), default=-1) + 1
        return StageStats(stage=self.stage, buckets=tuple(self.buckets[:used]), max_ns=self.max_ns)


def quantile_ns(stats: StageStats, q: float) -> int:
    """Upper bound, in ns, of the bucket in which quantile ``q`` (0..1) falls; 0 when nothing was counted."""
    total = sum(stats.buckets)
    seen = 0
    for k, count in enumerate(stats.buckets):
        seen += count
        if seen and seen >= q * total:
            return min(1_000 << k, stats.max_ns)
    return 0
