"""What a client sends over the WebSocket."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, field

from engine.types import OrderType, SelfTradePrevention, Side, TimeInForce
from net.messages.base import (
    LINE,
    PROSE,
    AgentIdField,
    CashField,
    ChannelField,
    ClientMessage,
    ClientOrderIdField,
    NameField,
    OrderIdField,
    PriceField,
    QuantityField,
    RequestIdField,
    SecondsField,
    SequenceField,
    SymbolIdField,
    TokenField,
)


class AgentRegister(ClientMessage, frozen=True, kw_only=True, tag="agent_register"):
    """Open an account, or with ``agent_id`` and ``token`` resume one. One session may hold several accounts.

    The service token of the data directory resumes any account, and opens one with any capital (used by the agents
    process). Without it 10,000,000 is the most to start with and, but on the exchange's own machine, 30 new accounts a
    minute are what one address may open.

    ``self_trade_prevention`` (``cancel_resting`` when left out) says what is canceled instead of trading with oneself:
    the resting order, what is left of the arriving one, or, to ``decrement``, as many lots of both. Like name,
    personality and capital it counts when the account is opened; one that is resumed keeps its own.
    """

    name: NameField | None = None
    personality: Annotated[str, Meta(max_length=64, pattern=LINE)] = ""
    starting_capital: CashField | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_RESTING
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
    bids: Annotated[list[QuoteLevel], Meta(max_length=50)] = msgspec.field(default_factory=list)
    asks: Annotated[list[QuoteLevel], Meta(max_length=50)] = msgspec.field(default_factory=list)
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

    They are orderbooks, book_delta, trades, bbo, news, agents, orders, performance and decisions; a session begins with
    orderbooks, news and agents. ``rate_hz`` sets how often ``orderbooks`` may come.
    """

    channels: Annotated[list[ChannelField], Meta(min_length=1, max_length=256)]
    rate_hz: Annotated[float, Meta(ge=1, le=60)] | None = None


class Unsubscribe(ClientMessage, frozen=True, kw_only=True, tag="unsubscribe"):
    """Receive these channels no more."""

    channels: Annotated[list[ChannelField], Meta(min_length=1, max_length=256)]


class ReportDecision(ClientMessage, frozen=True, kw_only=True, tag="report_decision"):
    """An agent says what it decided and why; shown to everybody who subscribed to ``decisions``."""

    stage: Annotated[str, Meta(max_length=32, pattern=LINE)]
    """Which stage of its pipeline decided: llm, ml, heuristic."""
    action: Annotated[str, Meta(max_length=128, pattern=LINE)]
    why: Annotated[str, Meta(max_length=512, pattern=PROSE)] = ""
    symbol_id: SymbolIdField | None = None
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    cost: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    fell_back_from: Annotated[str, Meta(max_length=128, pattern=LINE)] | None = None
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
