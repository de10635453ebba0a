"""What the server sends over the WebSocket unasked, and the union of all that it sends."""

from __future__ import annotations

from typing import TypeAlias

from engine.types import Side
from net.messages.answers import (
    AgentRegistered,
    CancelAfterResponse,
    CancelAllResponse,
    CancelResponse,
    Candles,
    Error,
    MassQuoteResponse,
    ModifyResponse,
    OrderBookData,
    OrderResponse,
    Orders,
    Pong,
    Resumed,
    Subscribed,
    Tape,
    Trades,
)
from net.messages.base import PrivateMessage, Role, ServerMessage, Shape
from net.messages.shapes import (
    AgentShape,
    DecisionShape,
    ExecutionShape,
    InstrumentShape,
    LevelShape,
    LimitsShape,
    NewsShape,
    OrderBookShape,
    OrderShape,
    PerformanceShape,
    PositionShape,
    SimulationShape,
    TradeShape,
)


class HelloData(Shape, frozen=True, kw_only=True):
    """What a client should know of the exchange before it says anything."""

    protocol: int
    epoch: str
    sequence: int
    durability: str
    heartbeat_ms: int
    limits: LimitsShape
    server_time: int
    role: Role = Role.TRADER
    simulation_speed: float = 1.0
    """Seconds of the agents' clock in one of the wall's."""


class Hello(ServerMessage, frozen=True, kw_only=True, tag="hello"):
    """First message of every connection."""

    data: HelloData


class Instruments(ServerMessage, frozen=True, kw_only=True, tag="instruments"):
    """All listed instruments."""

    data: list[InstrumentShape]


class OrderBooks(ServerMessage, frozen=True, kw_only=True, tag="orderbooks"):
    """Newest state of the books that changed, by symbol id."""

    data: dict[str, OrderBookShape]
    sequence: int
    timestamp: int


class OrderBookSnapshot(ServerMessage, frozen=True, kw_only=True, tag="orderbook"):
    """Answer to ``get_orderbook``; ``checksum`` as in ``net.checksum``."""

    data: OrderBookData


class NewsHistory(ServerMessage, frozen=True, kw_only=True, tag="news_history"):
    """Recent headlines, newest first."""

    data: list[NewsShape]


class AgentsSnapshot(ServerMessage, frozen=True, kw_only=True, tag="agents_snapshot"):
    """All agents, best P&L first."""

    data: list[AgentShape]
    timestamp: int


class PortfolioUpdate(PrivateMessage, frozen=True, kw_only=True, tag="portfolio_update"):
    """The account's cash and positions."""

    agent_id: str
    cash: float
    reserved: float
    positions: dict[str, PositionShape]
    total_value: float
    pnl: float
    timestamp: int = 0
    request_id: str | int | None = None


class Execution(PrivateMessage, frozen=True, kw_only=True, tag="execution"):
    """An own order was filled."""

    data: ExecutionShape


class OrderUpdateShape(Shape, frozen=True, kw_only=True):
    """New state of an own order, and what led to it."""

    order_id: int
    symbol_id: int
    event: str
    """accepted, replaced, triggered, canceled or filled."""
    side: Side
    price: float | None
    """Limit price of the order; null where it has none, and when it was filled: that price is in ``execution``."""
    leaves_quantity: float
    filled_quantity: float
    timestamp: int
    reason: str | None = None
    client_order_id: str | None = None
    agent_id: str | None = None
    order: OrderShape | None = None
    """The whole order where it is new or changed."""


class OrderUpdate(PrivateMessage, frozen=True, kw_only=True, tag="order_update"):
    """An own order changed state."""

    data: OrderUpdateShape


class TradePrint(ServerMessage, frozen=True, kw_only=True, tag="trade"):
    """A public trade."""

    data: TradeShape


class OrderPlacedShape(Shape, frozen=True, kw_only=True):
    """A new order as the public may see it: no owner, and of an iceberg only the visible part."""

    symbol_id: int
    side: Side
    price: float | None
    quantity: float
    timestamp: int


class OrderPlaced(ServerMessage, frozen=True, kw_only=True, tag="order_placed"):
    """Somebody's order entered the book."""

    data: OrderPlacedShape


class BookDeltaShape(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """Changed levels of one book: ``[price, quantity, orders]``, quantity 0 removes the level.

    ``checksum`` is over the whole published depth after the change (``net.checksum``). What an auction would trade is
    told with every delta, changed or not; there may be no changed level then.
    """

    symbol_id: int
    sequence: int
    previous_sequence: int
    bids: list[tuple[float, float, int]]
    asks: list[tuple[float, float, int]]
    checksum: int
    timestamp: int
    indicative_price: float | None = None
    """As in ``orderbooks``."""
    indicative_quantity: float | None = None


class BookDelta(ServerMessage, frozen=True, kw_only=True, tag="book_delta"):
    """A book changed."""

    data: BookDeltaShape


class BboShape(Shape, frozen=True, kw_only=True):
    """Best bid and offer; null where a side is empty."""

    symbol_id: int
    sequence: int
    bid: LevelShape | None
    ask: LevelShape | None
    timestamp: int


class Bbo(ServerMessage, frozen=True, kw_only=True, tag="bbo"):
    """The best bid or offer of a book changed."""

    data: BboShape


class News(ServerMessage, frozen=True, kw_only=True, tag="news"):
    """A headline."""

    data: NewsShape


class AgentCreated(ServerMessage, frozen=True, kw_only=True, tag="agent_created"):
    """An account was opened; ``spawn`` asks the agents process to run it."""

    data: AgentShape
    spawn: bool = False


class AgentRemovedData(Shape, frozen=True, kw_only=True):
    """Which agent left."""

    agent_id: str


class AgentRemoved(ServerMessage, frozen=True, kw_only=True, tag="agent_removed"):
    """An account was closed."""

    data: AgentRemovedData


class AgentControlData(Shape, frozen=True, kw_only=True):
    """``action`` is pause, resume or restart."""

    agent_id: str
    action: str


class AgentControl(ServerMessage, frozen=True, kw_only=True, tag="agent_control"):
    """Somebody with the admin token asked an agent to pause, resume or restart."""

    data: AgentControlData


class Decision(ServerMessage, frozen=True, kw_only=True, tag="decision"):
    """An agent decided something."""

    data: DecisionShape


class InstrumentStatusChange(ServerMessage, frozen=True, kw_only=True, tag="instrument_status"):
    """An instrument entered another trading phase; ``removed`` delists it."""

    data: InstrumentShape
    reason: str = ""


class Performance(ServerMessage, frozen=True, kw_only=True, tag="performance"):
    """How the exchange is doing, once a second."""

    data: PerformanceShape


class Simulation(ServerMessage, frozen=True, kw_only=True, tag="simulation"):
    """Somebody with the admin token changed the simulation's speed; sent to everybody."""

    data: SimulationShape


class EngineStatusData(Shape, frozen=True, kw_only=True):
    """Whether the engine answers."""

    connected: bool
    epoch: str = ""


class EngineStatus(ServerMessage, frozen=True, kw_only=True, tag="engine_status"):
    """The gateway lost or found the engine."""

    data: EngineStatusData


AnyServerMessage: TypeAlias = (
    Hello
    | Instruments
    | OrderBooks
    | OrderBookSnapshot
    | NewsHistory
    | AgentsSnapshot
    | AgentRegistered
    | PortfolioUpdate
    | OrderResponse
    | CancelResponse
    | ModifyResponse
    | CancelAllResponse
    | MassQuoteResponse
    | CancelAfterResponse
    | Execution
    | OrderUpdate
    | Orders
    | Trades
    | Candles
    | Tape
    | Resumed
    | Subscribed
    | Pong
    | TradePrint
    | OrderPlaced
    | BookDelta
    | Bbo
    | News
    | AgentCreated
    | AgentRemoved
    | AgentControl
    | Decision
    | InstrumentStatusChange
    | Performance
    | Simulation
    | EngineStatus
    | Error
)
