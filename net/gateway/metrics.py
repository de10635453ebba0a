"""What the gateway counts and times. Counting is an addition; percentiles and texts are made when somebody asks."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

import msgspec

from net.engine_protocol import StageStats, StatsView
from net.histogram import Histogram, quantile_ns
from net.messages import LatencyShape, PerformanceShape
from net.units import cash_to_wire

WINDOW_S: Final = 60
"""Percentiles are over this long, sampled once a second."""

_NS_PER_MS: Final = 1e6
_PER_SECOND_WINDOW: Final = 5
"""Rates are over this many samples."""


class Metrics:
    """Counters since the start, and a histogram a stage."""

    def __init__(self) -> None:
        self.started_ns = time.monotonic_ns()
        self.messages_received = 0
        self.messages_sent = 0
        self.clients_too_slow = 0
        self.errors = 0
        self.internal_errors = 0
        self.accepted = 0
        """Orders that the engine accepted."""
        self.accepted_lots = 0
        self.gateway = Histogram("gateway")
        """From a request's arrival until it was handed to the engine's link."""
        self.out = Histogram("out")
        """From the engine's answer until the client's was written."""
        self.order = Histogram("order")
        """From a request's arrival until its answer was written."""

    @property
    def uptime_s(self) -> float:
        """Seconds since the start."""
        return (time.monotonic_ns() - self.started_ns) / 1e9

    def stages(self) -> tuple[StageStats, ...]:
        """The gateway's own stages so far."""
        return self.gateway.stats(), self.out.stats(), self.order.stats()


class Sample(msgspec.Struct, frozen=True):
    """Cumulative numbers at one moment."""

    at_ns: int
    orders: int
    trades: int
    stages: dict[str, StageStats]


class Performance:
    """Rates and percentiles over the last minute, out of samples taken once a second."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._samples: deque[Sample] = deque(maxlen=WINDOW_S + 1)
        self.engine: StatsView | None = None

    def sample(self, stats: StatsView | None) -> None:
        """Take one sample; ``stats`` is what the engine said, None when it is away."""
        if stats is not None:
            if self.engine is not None and stats.epoch == self.engine.epoch and stats.uptime_ns < self.engine.uptime_ns:
                self._samples.clear()  # the engine restarted: its counts began anew
            self.engine = stats
        engine = self.engine
        stages = (*self._metrics.stages(), *(() if engine is None else engine.stages))
        sample = Sample(
            at_ns=time.monotonic_ns(),
            orders=0 if engine is None else engine.orders,
            trades=0 if engine is None else engine.trades,
            stages={stage.stage: stage for stage in stages},
        )
        self._samples.append(sample)

    def shape(self, clients: int, conflated: int, *, engine_connected: bool) -> PerformanceShape:
        """How the exchange is doing."""
        engine, metrics = self.engine, self._metrics
        orders = trades = queue_capacity = queue_full = 0
        size = volume = notional = 0
        if engine is not None:
            orders, trades, volume, notional = engine.orders, engine.trades, engine.volume, engine.notional
            queue_capacity, size, queue_full = engine.queue_capacity, engine.queue_size, engine.queue_full_count
        return PerformanceShape(
            orders_per_second=self._rate("orders"),
            trades_per_second=self._rate("trades"),
            total_orders=orders,
            total_trades=trades,
            total_volume=float(volume),
            queue_capacity=queue_capacity,
            queue_usage_pct=100 * size / queue_capacity if queue_capacity else 0.0,
            queue_full_count=queue_full,
            uptime_seconds=metrics.uptime_s,
            average_order_size=metrics.accepted_lots / metrics.accepted if metrics.accepted else 0.0,
            average_trade_size=volume / trades if trades else 0.0,
            average_trade_price=cash_to_wire(notional) / volume if volume else 0.0,
            clients_connected=clients,
            messages_sent=metrics.messages_sent,
            messages_conflated=conflated,
            clients_too_slow=metrics.clients_too_slow,
            engine_connected=engine_connected,
            latency=self.latency(),
        )

    def latency(self) -> list[LatencyShape]:
        """Percentiles of each stage over the window."""
        if not self._samples:
            return []
        first, last = self._samples[0], self._samples[-1]
        return [latency_shape(stage, first.stages.get(name)) for name, stage in last.stages.items()]

    def _rate(self, name: str) -> float:
        recent = list(self._samples)[-_PER_SECOND_WINDOW - 1 :]
        if len(recent) < 2:
            return 0.0
        first, last = recent[0], recent[-1]
        seconds = (last.at_ns - first.at_ns) / 1e9
        return max(0.0, (getattr(last, name) - getattr(first, name)) / seconds) if seconds > 0 else 0.0


def latency_shape(now: StageStats, before: StageStats | None = None) -> LatencyShape:
    """Percentiles of a stage since ``before``."""
    earlier = before.buckets if before is not None else ()
    counts = [count - (earlier[k] if k < len(earlier) else 0) for k, count in enumerate(now.buckets)]
    window = StageStats(stage=now.stage, buckets=tuple(counts), max_ns=now.max_ns)
    return LatencyShape(
        stage=now.stage,
        count=sum(counts),
        p50_ms=quantile_ns(window, 0.5) / _NS_PER_MS,
        p99_ms=quantile_ns(window, 0.99) / _NS_PER_MS,
        p999_ms=quantile_ns(window, 0.999) / _NS_PER_MS,
        max_ms=quantile_ns(window, 1.0) / _NS_PER_MS,
        buckets=counts,
    )
