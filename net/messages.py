"""The wire types of the public doors (WebSocket and REST): one definition, one validation.

Everything a client may send and everything the server may answer is a struct here; past this file nobody sees a dict.
Prices and quantities are JSON numbers in the instrument's units, cash is in currency units, ``timestamp`` and
``created_at`` are integer milliseconds since the epoch. See ``docs/PROTOCOL.md`` for the generated reference.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, field

from engine.types import InstrumentStatus, Liquidity, OrderStatus, OrderType, RejectCode, Side, TimeInForce

PROTOCOL_VERSION = 1

# Bounds make every field finite: an unbounded integer may take thousands of digits.
SymbolIdField: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
OrderIdField: TypeAlias = Annotated[int, Meta(ge=1, le=2**53 - 1)]
SequenceField: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
PriceField: TypeAlias = Annotated[float, Meta(gt=0, le=1e9)]
QuantityField: TypeAlias = Annotated[float, Meta(gt=0, le=1e9)]
CashField: TypeAlias = Annotated[float, Meta(ge=0, le=1e10)]
SecondsField: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
AgentIdField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:\-]+$")]
ClientOrderIdField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
RequestIdField: TypeAlias = Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=0, le=2**53 - 1)]
NameField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
TokenField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
ChannelField: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]


class Role(Enum):
    """What a session may do."""

    TRADER = "trader"
    SPECTATOR = "spectator"
    ADMIN = "admin"


class Status(Enum):
    """Outcome of a request."""

    SUCCESS = "success"
    ERROR = "error"


# --- what a client sends ------------------------------------------------------------------------------------------


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all requests. Unknown fields are ignored."""

    request_id: RequestIdField | None = None


class AgentRegister(ClientMessage, frozen=True, kw_only=True, tag="agent_register"):
    """Open an account, or with ``agent_id`` and ``token`` resume one. One session may hold several accounts.

    The service token of the data directory resumes any account (used by the agents process).
    """

    name: NameField | None = None
    personality: Annotated[str, Meta(max_length=64)] = ""
    starting_capital: CashField | None = None
    agent_id: AgentIdField | None = None
    token: TokenField | None = None
    cancel_on_disconnect: bool = False
    cancel_after: SecondsField | None = None


class AddOrder(ClientMessage, frozen=True, kw_only=True, tag="add_order"):
    """Place an order. ``orderType`` defaults to LIMIT when there is a price, else MARKET."""

    symbol_id: SymbolIdField
    side: Side
    quantity: QuantityField
    order_type: OrderType | None = field(default=None, name="orderType")
    price: PriceField | None = None
    stop_price: PriceField | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    """Milliseconds; required by GTD."""
    post_only: bool = False
    reduce_only: bool = False
    display_quantity: QuantityField | None = None
    client_order_id: ClientOrderIdField | None = None
    agent_id: AgentIdField | None = None


class CancelOrder(ClientMessage, frozen=True, kw_only=True, tag="cancel_order"):
    """Cancel one working order, named by either id."""

    symbol_id: SymbolIdField
    order_id: OrderIdField | None = field(default=None, name="orderId")
    client_order_id: ClientOrderIdField | None = None
    agent_id: AgentIdField | None = None


class ModifyOrder(ClientMessage, frozen=True, kw_only=True, tag="modify_order"):
    """Change the price or the open quantity of a working order."""

    symbol_id: SymbolIdField
    order_id: OrderIdField | None = field(default=None, name="orderId")
    client_order_id: ClientOrderIdField | None = None
    price: PriceField | None = None
    stop_price: PriceField | None = None
    quantity: QuantityField | None = None
    agent_id: AgentIdField | None = None


class CancelAll(ClientMessage, frozen=True, kw_only=True, tag="cancel_all"):
    """Cancel all working orders, or those of one instrument or side."""

    symbol_id: SymbolIdField | None = None
    side: Side | None = None
    agent_id: AgentIdField | None = None


class QuoteLevel(msgspec.Struct, frozen=True):
    """One level of a mass quote."""

    price: PriceField
    quantity: QuantityField


class MassQuote(ClientMessage, frozen=True, kw_only=True, tag="mass_quote"):
    """Replace all of the account's quotes in one instrument by these."""

    symbol_id: SymbolIdField
    bids: Annotated[list[QuoteLevel], Meta(max_length=50)] = []
    asks: Annotated[list[QuoteLevel], Meta(max_length=50)] = []
    agent_id: AgentIdField | None = None


class CancelAfter(ClientMessage, frozen=True, kw_only=True, tag="cancel_after"):
    """Arm the dead man's switch: all orders are canceled in ``seconds`` unless it is set again; null disarms."""

    seconds: SecondsField | None = None
    agent_id: AgentIdField | None = None


class GetPortfolio(ClientMessage, frozen=True, kw_only=True, tag="get_portfolio"):
    """Ask for the account's portfolio."""

    agent_id: AgentIdField | None = None


class GetOrders(ClientMessage, frozen=True, kw_only=True, tag="get_orders"):
    """Ask for the account's working orders."""

    agent_id: AgentIdField | None = None


class GetTrades(ClientMessage, frozen=True, kw_only=True, tag="get_trades"):
    """Ask for the account's recent fills."""

    agent_id: AgentIdField | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100


class GetOrderbook(ClientMessage, frozen=True, kw_only=True, tag="get_orderbook"):
    """Ask for a snapshot of one whole book, to start or repair a book built from ``book_delta``."""

    symbol_id: SymbolIdField


class GetCandles(ClientMessage, frozen=True, kw_only=True, tag="get_candles"):
    """Ask for the candles of one instrument; ``interval`` is one of 1s 5s 15s 1m 5m 15m 1h 1d."""

    symbol_id: SymbolIdField
    interval: Annotated[str, Meta(max_length=8)] = "1m"
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 200


class GetTape(ClientMessage, frozen=True, kw_only=True, tag="get_tape"):
    """Ask for the newest public trades of one instrument."""

    symbol_id: SymbolIdField
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100


class Resume(ClientMessage, frozen=True, kw_only=True, tag="resume"):
    """Ask for the private messages after ``sequence`` of ``epoch``, for every account the session holds."""

    epoch: Annotated[str, Meta(max_length=64)]
    sequence: SequenceField
    agent_id: AgentIdField | None = None


class Subscribe(ClientMessage, frozen=True, kw_only=True, tag="subscribe"):
    """Receive channels, each for all instruments or, with ``:symbol_id`` behind its name, for one.

    They are orderbooks, book_delta, trades, bbo, news, agents, orders and performance. ``rate_hz`` sets how often
    ``orderbooks`` may come.
    """

    channels: Annotated[list[ChannelField], Meta(min_length=1, max_length=256)]
    rate_hz: Annotated[float, Meta(ge=1, le=60)] | None = None


class Unsubscribe(ClientMessage, frozen=True, kw_only=True, tag="unsubscribe"):
    """Receive these channels no more."""

    channels: Annotated[list[ChannelField], Meta(min_length=1, max_length=256)]


class ReportDecision(ClientMessage, frozen=True, kw_only=True, tag="report_decision"):
    """An agent says what it decided and why; shown to everybody who watches agents."""

    stage: Annotated[str, Meta(max_length=32)]
    """Which stage of its pipeline decided: llm, ml, heuristic."""
    action: Annotated[str, Meta(max_length=128)]
    why: Annotated[str, Meta(max_length=512)] = ""
    symbol_id: SymbolIdField | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    cost: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    fell_back_from: Annotated[str, Meta(max_length=128)] | None = None
    agent_id: AgentIdField | None = None


class Ping(ClientMessage, frozen=True, kw_only=True, tag="ping"):
    """Ask for a pong."""

    id: RequestIdField | None = None


AnyClientMessage: TypeAlias = (
    AgentRegister
    | AddOrder
    | CancelOrder
    | ModifyOrder
    | CancelAll
    | MassQuote
    | CancelAfter
    | GetPortfolio
    | GetOrders
    | GetTrades
    | GetOrderbook
    | GetCandles
    | GetTape
    | Resume
    | Subscribe
    | Unsubscribe
    | ReportDecision
    | Ping
)


# --- shapes shared by messages and REST ---------------------------------------------------------------------------


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the objects that messages carry."""


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


class LevelShape(Shape, frozen=True, kw_only=True):
    """One price level: visible quantity and number of orders."""

    price: float
    quantity: float
    orders: int


class OrderBookShape(Shape, frozen=True, kw_only=True):
    """One book, best levels first. ``sequence`` numbers its versions, in step with ``book_delta``."""

    symbol_id: int
    sequence: int
    bids: list[LevelShape]
    asks: list[LevelShape]


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
    sharpe: float | None = None


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
    buckets: list[int] = []
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


class LimitsShape(Shape, frozen=True, kw_only=True):
    """What one session may do."""

    max_message_bytes: int
    max_errors: int
    orders_per_second: int
    working_orders: int
    max_channels: int


# --- what the server sends ----------------------------------------------------------------------------------------


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of everything the server sends."""


class PrivateMessage(ServerMessage, frozen=True, kw_only=True):
    """A numbered message to the owner of an account: never dropped, resumable from ``sequence``."""

    sequence: int = 0


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


class OrderBookData(Shape, frozen=True, kw_only=True):
    """One whole book at ``sequence``; the next ``book_delta`` of it names that as its ``previous_sequence``."""

    symbol_id: int
    sequence: int
    bids: list[LevelShape]
    asks: list[LevelShape]
    checksum: int
    timestamp: int
    request_id: str | int | None = None


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


class AgentRegistered(ServerMessage, frozen=True, kw_only=True, tag="agent_registered"):
    """The session now holds this account; ``token`` is there when the account was opened just now."""

    agent_id: str
    token: str | None = None
    agent: AgentShape
    sequence: int = 0
    """Number of the account's last private message."""
    request_id: str | int | None = None


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


class OrderResult(Shape, frozen=True, kw_only=True):
    """Outcome of an order request."""

    status: Status
    order_id: int | None = None
    client_order_id: str | None = None
    request_id: str | int | None = None
    code: RejectCode | None = None
    message: str | None = None
    field: str | None = None
    leaves_quantity: float | None = None
    filled_quantity: float | None = None
    average_price: float | None = None


class OrderResponse(ServerMessage, frozen=True, kw_only=True, tag="order_response"):
    """Answer to ``add_order``."""

    data: OrderResult


class CancelResponse(ServerMessage, frozen=True, kw_only=True, tag="cancel_response"):
    """Answer to ``cancel_order``."""

    data: OrderResult


class ModifyResponse(ServerMessage, frozen=True, kw_only=True, tag="modify_response"):
    """Answer to ``modify_order``."""

    data: OrderResult


class MassResult(Shape, frozen=True, kw_only=True):
    """Outcome of a request about many orders."""

    status: Status
    order_ids: list[int] = []
    request_id: str | int | None = None
    code: RejectCode | None = None
    message: str | None = None
    field: str | None = None


class CancelAllResponse(ServerMessage, frozen=True, kw_only=True, tag="cancel_all_response"):
    """Answer to ``cancel_all``: the orders that were canceled."""

    data: MassResult


class MassQuoteResponse(ServerMessage, frozen=True, kw_only=True, tag="mass_quote_response"):
    """Answer to ``mass_quote``: the quotes that now work, bids then asks."""

    data: MassResult


class CancelAfterResult(Shape, frozen=True, kw_only=True):
    """Outcome of setting the dead man's switch."""

    status: Status
    deadline: int | None = None
    """Milliseconds; null when disarmed."""
    request_id: str | int | None = None
    code: RejectCode | None = None
    message: str | None = None


class CancelAfterResponse(ServerMessage, frozen=True, kw_only=True, tag="cancel_after_response"):
    """Answer to ``cancel_after``."""

    data: CancelAfterResult


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


class OrdersData(Shape, frozen=True, kw_only=True):
    """Working orders of one account."""

    agent_id: str
    orders: list[OrderShape]
    request_id: str | int | None = None


class Orders(ServerMessage, frozen=True, kw_only=True, tag="orders"):
    """Answer to ``get_orders``."""

    data: OrdersData


class TradesData(Shape, frozen=True, kw_only=True):
    """Recent fills of one account, newest first."""

    agent_id: str
    trades: list[ExecutionShape]
    request_id: str | int | None = None


class Trades(ServerMessage, frozen=True, kw_only=True, tag="trades"):
    """Answer to ``get_trades``."""

    data: TradesData


class CandlesData(Shape, frozen=True, kw_only=True):
    """Candles of one instrument, oldest first."""

    symbol_id: int
    interval: str
    candles: list[CandleShape]
    request_id: str | int | None = None


class Candles(ServerMessage, frozen=True, kw_only=True, tag="candles"):
    """Answer to ``get_candles``."""

    data: CandlesData


class TapeData(Shape, frozen=True, kw_only=True):
    """Public trades of one instrument, newest first."""

    symbol_id: int
    trades: list[TradeShape]
    request_id: str | int | None = None


class Tape(ServerMessage, frozen=True, kw_only=True, tag="tape"):
    """Answer to ``get_tape``."""

    data: TapeData


class ResumedData(Shape, frozen=True, kw_only=True):
    """Whether the missing messages follow; if not, the full private state does."""

    resumed: bool
    agent_id: str
    epoch: str
    sequence: int
    request_id: str | int | None = None


class Resumed(ServerMessage, frozen=True, kw_only=True, tag="resumed"):
    """Answer to ``resume``."""

    data: ResumedData


class SubscribedData(Shape, frozen=True, kw_only=True):
    """The session's channels now."""

    channels: list[str]
    rate_hz: float
    request_id: str | int | None = None


class Subscribed(ServerMessage, frozen=True, kw_only=True, tag="subscribed"):
    """Answer to ``subscribe`` and ``unsubscribe``."""

    data: SubscribedData


class PongData(Shape, frozen=True, kw_only=True):
    """The ping's id, and the server's time in milliseconds."""

    server_time: int
    id: str | int | None = None


class Pong(ServerMessage, frozen=True, kw_only=True, tag="pong"):
    """Answer to ``ping``."""

    data: PongData


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


class BookDeltaShape(Shape, frozen=True, kw_only=True):
    """Changed levels of one book: ``[price, quantity, orders]``, quantity 0 removes the level.

    ``checksum`` is over the whole published depth after the change (``net.checksum``).
    """

    symbol_id: int
    sequence: int
    previous_sequence: int
    bids: list[tuple[float, float, int]]
    asks: list[tuple[float, float, int]]
    checksum: int
    timestamp: int


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


class EngineStatusData(Shape, frozen=True, kw_only=True):
    """Whether the engine answers."""

    connected: bool
    epoch: str = ""


class EngineStatus(ServerMessage, frozen=True, kw_only=True, tag="engine_status"):
    """The gateway lost or found the engine."""

    data: EngineStatusData


class ErrorData(Shape, frozen=True, kw_only=True):
    """What could not be understood or done."""

    code: RejectCode
    message: str
    field: str | None = None
    request_id: str | int | None = None


class Error(ServerMessage, frozen=True, kw_only=True, tag="error"):
    """A message that could not be understood; the connection stays, up to a limit of such errors."""

    data: ErrorData


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
    | EngineStatus
    | Error
)


# --- REST bodies --------------------------------------------------------------------------------------------------


class CreateInstrument(Shape, frozen=True, kw_only=True):
    """Body of ``POST /api/instruments``."""

    ticker: Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^[A-Z0-9./@\-]+$")]
    initial_price: PriceField
    description: Annotated[str, Meta(max_length=256)] = ""
    industry: Annotated[str, Meta(max_length=64)] = ""
    tick_size: Annotated[float, Meta(gt=0, le=1e6)] = 0.01
    lot_size: Annotated[float, Meta(gt=0, le=1e6)] = 1.0


class CreateAgent(Shape, frozen=True, kw_only=True):
    """Body of ``POST /api/agents``."""

    name: NameField
    personality: Annotated[str, Meta(min_length=1, max_length=64)] = "neutral"
    starting_capital: CashField = 100_000.0


class CreateNews(Shape, frozen=True, kw_only=True):
    """Body of ``POST /api/news``; ``sentiment`` is scored from the text when it is not given."""

    content: Annotated[str, Meta(min_length=1, max_length=4_096)]
    headline: Annotated[str, Meta(max_length=256)] | None = None
    sentiment: Annotated[float, Meta(ge=-1, le=1)] | None = None
    instrument_id: SymbolIdField | None = None
    impact_type: Annotated[str, Meta(max_length=64)] | None = None
    source: Annotated[str, Meta(max_length=64)] | None = None


class ErrorBody(Shape, frozen=True, kw_only=True):
    """Body of every REST refusal."""

    code: str
    message: str
    field: str | None = None


_client_decoder: msgspec.json.Decoder[AnyClientMessage] = msgspec.json.Decoder(AnyClientMessage)
_server_decoder: msgspec.json.Decoder[AnyServerMessage] = msgspec.json.Decoder(AnyServerMessage)
_encoder = msgspec.json.Encoder()


def encode(message: ServerMessage | ClientMessage | Shape) -> bytes:
    """Encode one message or shape as UTF-8 JSON."""
    return _encoder.encode(message)


def decode_client_message(frame: bytes | str) -> AnyClientMessage:
    """Decode and validate what a client sent.

    Raises:
        msgspec.ValidationError: JSON that is not a valid message.
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: not JSON, not UTF-8, or nested too deep.
    """
    return _client_decoder.decode(frame)


def decode_server_message(frame: bytes | str) -> AnyServerMessage:
    """Decode what a server sent; raises as ``decode_client_message`` does."""
    return _server_decoder.decode(frame)
