"""The gateway's and the engine's numbers in the Prometheus text format, read when they are scraped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from net.engine_protocol import StageStats

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

_S_PER_US = 1e-6


class GatewayCollector(Collector):
    """Makes metric families out of the counters that the gateway keeps anyway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterable[Metric]:
        """All metrics as they are now."""
        gateway = self._gateway
        metrics = gateway.metrics
        yield _gauge("clients_connected", "WebSocket clients.", gateway.clients)
        yield _gauge("accounts", "Accounts known.", len(gateway.accounts))
        yield _gauge("engine_connected", "1 while the engine answers.", float(gateway.engine_connected))
        yield _gauge("uptime_seconds", "Time since the gateway started.", metrics.uptime_s)
        yield _counter("messages_received", "Messages from clients.", metrics.messages_received)
        yield _counter("messages_sent", "Messages to clients.", metrics.messages_sent)
        yield _counter("books_conflated", "Books that a newer version replaced unsent.", gateway.books.conflated)
        yield _counter("messages_skipped", "Stream messages that slow clients missed.", gateway.channels.skipped)
        yield _counter("clients_too_slow", "Clients cut off because they did not read.", metrics.clients_too_slow)
        yield _counter("client_errors", "Messages that could not be understood.", metrics.errors)
        yield _counter("internal_errors", "Requests that the gateway failed.", metrics.internal_errors)
        engine = gateway.performance.engine
        stages = list(metrics.stages())
        if engine is not None:
            yield _counter("orders", "Orders accepted by the engine.", engine.orders)
            yield _counter("trades", "Trades.", engine.trades)
            yield _counter("commands", "Commands applied by the engine.", engine.commands)
            yield _counter("rejects", "Commands refused by the engine.", engine.rejects)
            yield _counter("queue_full", "Commands refused because the queue was full.", engine.queue_full_count)
            yield _gauge("queue_size", "Commands that wait in the engine.", engine.queue_size)
            yield _gauge("queue_capacity", "Commands that may wait in the engine.", engine.queue_capacity)
            stages.extend(engine.stages)
        yield _latencies(stages)


def metrics_text(registry: CollectorRegistry) -> bytes:
    """Everything in the registry as text."""
    return generate_latest(registry)


def registry_of(gateway: Gateway) -> CollectorRegistry:
    """A registry that holds the gateway's metrics only."""
    registry = CollectorRegistry()
    registry.register(GatewayCollector(gateway))
    return registry


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tradesim_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"tradesim_{name}", text, value=value)


def _latencies(stages: Iterable[StageStats]) -> Metric:
    family = HistogramMetricFamily("tradesim_stage_seconds", "Time spent in each stage of an order.", labels=["stage"])
    for stage in stages:
        seen = 0
        buckets: list[tuple[str, float]] = []
        for k, count in enumerate(stage.buckets):
            seen += count
            buckets.append((str(2**k * _S_PER_US), seen))
        buckets.append(("+Inf", seen))
        family.add_metric([stage.stage], buckets, sum_value=None)
    return family
