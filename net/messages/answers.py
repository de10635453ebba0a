"""What the server answers to requests over the WebSocket."""

from __future__ import annotations

import msgspec

from engine.types import RejectCode
from net.messages.base import ServerMessage, Shape, Status
from net.messages.shapes import AgentShape, CandleShape, ExecutionShape, LevelShape, OrderShape, TradeShape


class OrderBookData(Shape, frozen=True, kw_only=True):
    """One whole book at ``sequence``; the next ``book_delta`` of it names that as its ``previous_sequence``."""

    symbol_id: int
    sequence: int
    bids: list[LevelShape]
    asks: list[LevelShape]
    checksum: int
    timestamp: int
    request_id: str | int | None = None
    indicative_price: float | None = None
    """As in ``orderbooks``."""
    indicative_quantity: float | None = None


class AgentRegistered(ServerMessage, frozen=True, kw_only=True, tag="agent_registered"):
    """The session now holds this account; ``token`` is there when the account was opened just now."""

    agent_id: str
    token: str | None = None
    agent: AgentShape
    sequence: int = 0
    """Number of the account's last private message."""
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
    order_ids: list[int] = msgspec.field(default_factory=list)
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


class ErrorData(Shape, frozen=True, kw_only=True):
    """What could not be understood or done."""

    code: RejectCode
    message: str
    field: str | None = None
    request_id: str | int | None = None


class Error(ServerMessage, frozen=True, kw_only=True, tag="error"):
    """A message that could not be understood; the connection stays, up to a limit of such errors."""

    data: ErrorData
