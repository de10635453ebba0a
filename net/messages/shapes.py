"""The objects that messages and REST answers carry."""

from __future__ import annotations

import msgspec

from engine.types import InstrumentStatus, Liquidity, OrderStatus, OrderType, Side, TimeInForce
from net.messages.base import Shape, SpeedField


class InstrumentShape(Shape, frozen=True, kw_only=True):
    """An instrument as the public sees it."""

    symbol_id: int
    ticker: str
    description: str
    industry: str
    initial_price: float
    tick_size: float
    lot_size: float
    status: InstrumentStatus
    source: str
    """``simulated``, or the venue whose live book it shows."""
    status_reason: str = ""
    """Why it is in this phase, where that was told."""


class LevelShape(Shape, frozen=True, kw_only=True):
    """One price level: visible quantity and number of orders."""

    price: float
    quantity: float
    orders: int


class OrderBookShape(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """One book, best levels first. ``sequence`` numbers its versions, in step with ``book_delta``."""

    symbol_id: int
    sequence: int
    bids: list[LevelShape]
    asks: list[LevelShape]
    indicative_price: float | None = None
    """Where what crosses would trade if an auction ended now; absent outside one, and where nothing would trade."""
    indicative_quantity: float | None = None
    """How much would trade there."""


class AgentShape(Shape, frozen=True, kw_only=True):
    """An agent (any account) as the public sees it."""

    agent_id: str
    name: str
    personality: str
    cash: float
    positions: dict[str, float]
    """Quantity by symbol id."""
    total_value: float
    pnl: float
    status: str
    """running, paused, disconnected or closed."""
    trades: int = 0
    max_drawdown: float = 0.0
    """Largest fall of the total value below an earlier peak, as a share of that peak."""
    sharpe: float | None = None
    orders_per_second: float = 0.0
    """Orders placed or changed, over the last seconds."""


class PositionShape(Shape, frozen=True, kw_only=True):
    """One position of a portfolio."""

    instrument_id: int
    quantity: float
    avg_price: float
    current_price: float
    market_value: float
    unrealized_pnl: float
    realized_pnl: float


class OrderShape(Shape, frozen=True, kw_only=True):
    """A working order as its owner sees it."""

    order_id: int
    symbol_id: int
    side: Side
    order_type: OrderType
    price: float | None
    stop_price: float | None
    quantity: float
    leaves_quantity: float
    filled_quantity: float
    status: OrderStatus
    time_in_force: TimeInForce
    created_at: int
    post_only: bool = False
    reduce_only: bool = False
    display_quantity: float | None = None
    client_order_id: str | None = None
    queue_ahead: float | None = None
    agent_id: str | None = None


class ExecutionShape(Shape, frozen=True, kw_only=True):
    """One fill of an own order."""

    order_id: int
    trade_id: int
    symbol_id: int
    side: Side
    price: float
    quantity: float
    liquidity: Liquidity
    fee: float
    leaves_quantity: float
    timestamp: int
    client_order_id: str | None = None
    agent_id: str | None = None


class TradeShape(Shape, frozen=True, kw_only=True):
    """A public print; ``side`` is the aggressor's."""

    trade_id: int
    symbol_id: int
    price: float
    quantity: float
    side: Side | None
    timestamp: int


class CandleShape(Shape, frozen=True, kw_only=True):
    """Open, high, low, close and volume of the interval that starts at ``time`` (ms)."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int


class NewsShape(Shape, frozen=True, kw_only=True):
    """A headline; ``sentiment`` from -1 to 1."""

    id: int
    headline: str
    content: str
    sentiment: float
    source: str
    created_at: int
    instrument_id: int | None = None
    impact_type: str | None = None


class DecisionShape(Shape, frozen=True, kw_only=True):
    """What an agent decided, and why."""

    agent_id: str
    stage: str
    action: str
    why: str
    timestamp: int
    symbol_id: int | None = None
    confidence: float | None = None
    latency_ms: float | None = None
    cost: float | None = None
    fell_back_from: str | None = None


class LatencyShape(Shape, frozen=True, kw_only=True):
    """Percentiles of one stage, in milliseconds, over the last minute."""

    stage: str
    count: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    buckets: list[int] = msgspec.field(default_factory=list)
    """Counts per bucket; bucket i holds latencies below 2**i microseconds."""


class PerformanceShape(Shape, frozen=True, kw_only=True):
    """How the exchange is doing."""

    orders_per_second: float
    trades_per_second: float
    total_orders: int
    total_trades: int
    total_volume: float
    queue_capacity: int
    queue_usage_pct: float
    queue_full_count: int
    uptime_seconds: float
    average_order_size: float
    average_trade_size: float
    average_trade_price: float
    clients_connected: int
    messages_sent: int
    messages_conflated: int
    clients_too_slow: int
    engine_connected: bool
    latency: list[LatencyShape]


class SimulationShape(Shape, frozen=True, kw_only=True):
    """How the simulated part of the market goes: ``speed`` is seconds of the agents' clock in one of the wall's."""

    speed: SpeedField


class LimitsShape(Shape, frozen=True, kw_only=True):
    """What one session may do."""

    max_message_bytes: int
    max_errors: int
    orders_per_second: int
    working_orders: int
    max_channels: int
