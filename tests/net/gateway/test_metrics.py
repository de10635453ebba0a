from __future__ import annotations

import pytest

from engine.types import Durability
from net.engine_protocol import StatsView
from net.gateway.limits import TokenBucket
from net.gateway.metrics import Metrics, Performance
from net.gateway.track import MIN_RETURNS, EquityTrack, Pace


def stats(orders: int, trades: int, *, uptime_ns: int = 1) -> StatsView:
    return StatsView(
        epoch="e1",
        durability=Durability.NONE,
        sequence=orders,
        uptime_ns=uptime_ns,
        commands=orders,
        rejects=0,
        orders=orders,
        trades=trades,
        volume=trades * 10,
        notional=trades * 10 * 50 * 10**8,
        queue_capacity=200,
        queue_size=50,
        queue_full_count=3,
        engine="pure",
    )


def test_totals_and_averages_are_the_engines() -> None:
    performance = Performance(Metrics())
    performance.sample(stats(100, 40))
    shape = performance.shape(7, 5, engine_connected=True)
    assert (shape.total_orders, shape.total_trades, shape.total_volume) == (100, 40, 400.0)
    assert (shape.average_trade_size, shape.average_trade_price) == (10.0, 50.0)
    assert (shape.queue_usage_pct, shape.queue_full_count) == (25.0, 3)
    assert (shape.clients_connected, shape.messages_conflated) == (7, 5)


def test_rates_count_what_came_between_samples() -> None:
    performance = Performance(Metrics())
    performance.sample(stats(0, 0, uptime_ns=1))
    assert performance.shape(0, 0, engine_connected=True).orders_per_second == 0.0
    performance.sample(stats(1_000, 500, uptime_ns=2))
    shape = performance.shape(0, 0, engine_connected=True)
    assert shape.orders_per_second == pytest.approx(2 * shape.trades_per_second)
    assert shape.orders_per_second > 0


def test_an_engine_that_restarted_makes_no_negative_rate() -> None:
    performance = Performance(Metrics())
    performance.sample(stats(1_000, 500, uptime_ns=9))
    performance.sample(stats(10, 5, uptime_ns=1))
    assert performance.shape(0, 0, engine_connected=True).orders_per_second >= 0


def test_percentiles_are_over_the_window_and_not_since_the_start() -> None:
    metrics = Metrics()
    performance = Performance(metrics)
    metrics.order.add(900_000_000)
    performance.sample(None)
    for _ in range(100):
        metrics.order.add(50_000)
    performance.sample(None)
    (order,) = [stage for stage in performance.latency() if stage.stage == "order"]
    assert order.count == 100
    assert order.p50_ms <= order.p99_ms <= order.max_ms < 1


def test_a_bucket_permits_its_rate_and_no_more() -> None:
    bucket = TokenBucket(10, 0.0)
    assert [bucket.take(0.0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert bucket.take(0.1)
    assert not bucket.take(0.1)
    assert [bucket.take(100.0) for _ in range(11)].count(True) == 10


def test_drawdown_is_the_largest_fall_below_an_earlier_peak() -> None:
    track = EquityTrack()
    for equity in (100, 200, 150, 180, 120, 300, 299):
        track.sample(equity)
    assert track.max_drawdown == pytest.approx(0.4)


def test_a_sharpe_ratio_needs_enough_samples_that_differ() -> None:
    track, flat = EquityTrack(), EquityTrack()
    for step in range(MIN_RETURNS):
        track.sample(1_000 + step + step % 2)
        flat.sample(1_000)
    assert track.sharpe is None
    for step in range(MIN_RETURNS, MIN_RETURNS + 2):
        track.sample(1_000 + step + step % 2)
        flat.sample(1_000)
    assert track.sharpe is not None
    assert track.sharpe > 0
    assert flat.sharpe is None


def test_a_pace_follows_what_there_is_a_second_and_dies_away() -> None:
    pace = Pace()
    for _ in range(30):
        pace.count += 12
        pace.sample()
    assert pace.per_second == pytest.approx(12.0, rel=0.01)
    for _ in range(30):
        pace.sample()
    assert pace.per_second < 0.05
