"""Shapes of the Hyperliquid wire, market data and frames: what the connector reads and the venue writes.

Prices, sizes and USD are decimal strings (see ``decimals``), times are milliseconds, sides are ``B`` (bid, buy) and
``A`` (ask, sell). Unknown fields are ignored, so that additions of the venue break nothing.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from net.hyperliquid.subscriptions import AnySubscription

WireSide: TypeAlias = Literal["B", "A"]


class Shape(msgspec.Struct, frozen=True, omit_defaults=False, kw_only=True, rename="camel"):
    """Base of the objects on the wire."""


class Level(Shape, frozen=True, kw_only=True, gc=False):
    """One price level and its number of orders."""

    px: str
    sz: str
    n: int


class Book(Shape, frozen=True, kw_only=True):
    """A whole book: bids descend, asks ascend. ``fast`` marks the five-level stream."""

    coin: str
    time: int
    levels: tuple[list[Level], list[Level]]
    spread: str | UnsetType = UNSET
    fast: bool | UnsetType = UNSET


class BestPrices(Shape, frozen=True, kw_only=True):
    """Best bid and offer; null where a side is empty."""

    coin: str
    time: int
    bbo: tuple[Level | None, Level | None]


class Print(Shape, frozen=True, kw_only=True):
    """A public trade; ``side`` is the aggressor's, ``users`` are buyer and seller. ``tid`` alone is not unique."""

    coin: str
    side: WireSide
    px: str
    sz: str
    time: int
    hash: str
    tid: int
    users: tuple[str, str] | UnsetType = UNSET


class CandleShape(msgspec.Struct, frozen=True, kw_only=True):
    """One candle: ``t`` to ``T`` ms, coin ``s``, interval ``i``, ``n`` trades of volume ``v``."""

    t: int
    T: int
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the wire's name
    v: str
    n: int


class Liquidation(Shape, frozen=True, kw_only=True):
    """Whose position a fill closed for want of margin, and at which mark."""

    liquidated_user: str
    mark_px: str
    method: str = "market"


class Fill(Shape, frozen=True, kw_only=True):
    """One fill of an own order; ``crossed`` means taker, a negative fee is a rebate."""

    coin: str
    px: str
    sz: str
    side: WireSide
    time: int
    start_position: str
    dir: str
    closed_pnl: str
    hash: str
    oid: int
    crossed: bool
    fee: str
    tid: int
    fee_token: str = "USDC"  # noqa: S105 - a currency
    twap_id: int | None = None
    cloid: str | UnsetType = UNSET
    builder_fee: str | UnsetType = UNSET
    liquidation: Liquidation | UnsetType = UNSET


def with_cloid(fill: Fill, cloid: str) -> Fill:
    """The same fill, of an order with a client order id."""
    return msgspec.structs.replace(fill, cloid=cloid)


def with_profit(fill: Fill, profit: str) -> Fill:
    """The same fill, of a trade that closed something."""
    return msgspec.structs.replace(fill, closed_pnl=profit)


class BasicOrder(Shape, frozen=True, kw_only=True):
    """An order as openOrders and orderUpdates give it; ``sz`` is what remains."""

    coin: str
    side: WireSide
    limit_px: str
    sz: str
    oid: int
    timestamp: int
    orig_sz: str
    cloid: str | UnsetType | None = UNSET
    reduce_only: bool | UnsetType = UNSET


class FrontendOrder(Shape, frozen=True, kw_only=True):
    """An order with everything a screen shows of it."""

    coin: str
    side: WireSide
    limit_px: str
    sz: str
    oid: int
    timestamp: int
    orig_sz: str
    trigger_condition: str = "N/A"
    is_trigger: bool = False
    trigger_px: str = "0.0"
    children: list[FrontendOrder] = []
    is_position_tpsl: bool = False
    reduce_only: bool = False
    order_type: str = "Limit"
    tif: str | None = "Gtc"
    cloid: str | None = None


class OrderUpdate(Shape, frozen=True, kw_only=True):
    """A change of an order's status."""

    order: BasicOrder
    status: str
    status_timestamp: int


class OrderRecord(Shape, frozen=True, kw_only=True):
    """An order and where it stands, as orderStatus and historicalOrders give it."""

    order: FrontendOrder
    status: str
    status_timestamp: int


class UserFillsData(Shape, frozen=True, kw_only=True):
    """Fills of one user; ``isSnapshot`` is absent but on the first frame."""

    user: str
    fills: list[Fill]
    is_snapshot: bool | UnsetType = UNSET


class UserEventsData(Shape, frozen=True, kw_only=True):
    """One event of a user; other kinds than fills are ignored."""

    fills: list[Fill] | UnsetType = UNSET


class Ack(Shape, frozen=True, kw_only=True):
    """What a subscriptionResponse confirms."""

    method: Literal["subscribe", "unsubscribe"]
    subscription: AnySubscription


class PostResponse(Shape, frozen=True, kw_only=True):
    """Answer to a post: type info, action or error, and its payload."""

    type: str
    payload: msgspec.Raw


class PostData(Shape, frozen=True, kw_only=True):
    """A post's id and answer."""

    id: int
    response: PostResponse


# --- frames of the server, told apart by ``channel`` -----------------------------------------------------------------


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="channel"):
    pass


class PongFrame(_Frame, frozen=True, kw_only=True, tag="pong"):
    """Answer to ping."""


class AckFrame(_Frame, frozen=True, kw_only=True, tag="subscriptionResponse"):
    """A subscription was taken or given up."""

    data: Ack


class ErrorFrame(_Frame, frozen=True, kw_only=True, tag="error"):
    """Something was not understood or not done."""

    data: str


class BookFrame(_Frame, frozen=True, kw_only=True, tag="l2Book"):
    """A whole book."""

    data: Book


class BboFrame(_Frame, frozen=True, kw_only=True, tag="bbo"):
    """Best prices changed."""

    data: BestPrices


class TradesFrame(_Frame, frozen=True, kw_only=True, tag="trades"):
    """Prints of one coin."""

    data: list[Print]


class CandleFrame(_Frame, frozen=True, kw_only=True, tag="candle"):
    """The open candle."""

    data: CandleShape


class OrderUpdatesFrame(_Frame, frozen=True, kw_only=True, tag="orderUpdates"):
    """Orders changed."""

    data: list[OrderUpdate]


class UserEventsFrame(_Frame, frozen=True, kw_only=True, tag="user"):
    """An event of the user."""

    data: UserEventsData


class UserFillsFrame(_Frame, frozen=True, kw_only=True, tag="userFills"):
    """Fills of the user."""

    data: UserFillsData


class PostFrame(_Frame, frozen=True, kw_only=True, tag="post"):
    """Answer to a post."""

    data: PostData


ServerFrame: TypeAlias = (
    PongFrame
    | AckFrame
    | ErrorFrame
    | BookFrame
    | BboFrame
    | TradesFrame
    | CandleFrame
    | OrderUpdatesFrame
    | UserEventsFrame
    | UserFillsFrame
    | PostFrame
)


# --- frames of the client, told apart by ``method`` ------------------------------------------------------------------


class _ClientFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="method"):
    pass


class Ping(_ClientFrame, frozen=True, kw_only=True, tag="ping"):
    """Keep the connection."""


class Subscribe(_ClientFrame, frozen=True, kw_only=True, tag="subscribe"):
    """Ask for a stream."""

    subscription: AnySubscription


class Unsubscribe(_ClientFrame, frozen=True, kw_only=True, tag="unsubscribe"):
    """Give a stream up."""

    subscription: AnySubscription


class PostRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of ``/info`` or ``/exchange`` by WebSocket."""

    type: Literal["info", "action"]
    payload: msgspec.Raw


class Post(_ClientFrame, frozen=True, kw_only=True, tag="post"):
    """Send a request and have the answer come back under ``id``."""

    id: int
    request: PostRequest


ClientFrame: TypeAlias = Ping | Subscribe | Unsubscribe | Post

_encoder = msgspec.json.Encoder()
_server_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)
_client_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)


def encode(value: object) -> bytes:
    """Encode anything of this module as JSON."""
    return _encoder.encode(value)


def decode_server_frame(frame: bytes | str) -> ServerFrame:
    """Decode what a venue sent.

    Raises:
        msgspec.ValidationError: a frame of a channel or shape that we do not know.
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: not JSON, not UTF-8, or nested too deep.
    """
    return _server_decoder.decode(frame)


def decode_client_frame(frame: bytes | str) -> ClientFrame:
    """Decode what a client sent; raises as ``decode_server_frame`` does."""
    return _client_decoder.decode(frame)
