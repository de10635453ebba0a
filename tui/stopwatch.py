"""How the exchange inside a picture does: the real order-management system, timed by this machine's clock."""

from __future__ import annotations

import time
from collections import deque

from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.oms import OrderManagementSystem
from net import messages as m
from net.engine_stats import EngineCounts
from net.gateway.metrics import latency_shape
from net.histogram import Histogram
from net.units import cash_to_wire

RATE_S = 5.0
"""Rates look back about this long."""


class TimedOms(OrderManagementSystem):
    """Times each command, and counts what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.match = Histogram("match")
        self.counts = EngineCounts(self)

    def submit(self, command: AnyCommand, now: int) -> list[AnyEvent]:
        """Apply one command."""
        start = time.perf_counter_ns()
        happened = super().submit(command, now)
        self.match.add(time.perf_counter_ns() - start)
        if happened:
            self.counts.add(happened)
        return happened


class Figures:
    """The figures of a timed exchange: rates are a second of its market, latencies are this machine's."""

    def __init__(self, oms: TimedOms) -> None:
        self._oms = oms
        self._past: deque[tuple[float, int, int]] = deque()
        """When (market seconds), and orders and trades until then."""

    def at(self, seconds: float) -> m.PerformanceShape:
        """How the exchange does, ``seconds`` after its market began."""
        counts, past = self._oms.counts, self._past
        past.append((seconds, counts.orders, counts.trades))
        while len(past) > 2 and past[1][0] <= seconds - RATE_S:
            past.popleft()
        then, orders, trades = past[0]
        span = seconds - then or 1.0
        return m.PerformanceShape(
            orders_per_second=(counts.orders - orders) / span,
            trades_per_second=(counts.trades - trades) / span,
            total_orders=counts.orders,
            total_trades=counts.trades,
            total_volume=float(counts.volume),
            queue_capacity=0,
            queue_usage_pct=0.0,
            queue_full_count=0,
            uptime_seconds=seconds,
            average_order_size=0.0,
            average_trade_size=counts.volume / counts.trades if counts.trades else 0.0,
            average_trade_price=cash_to_wire(counts.notional) / counts.volume if counts.volume else 0.0,
            clients_connected=1,
            messages_sent=0,
            messages_conflated=0,
            clients_too_slow=0,
            engine_connected=True,
            latency=[latency_shape(self._oms.match.stats())],
        )
