"""The engine's TCP wire: newline-delimited JSON, pipelined, between gateway and engine.

A request is ``{"action": ..., "id": ..., ...}``; its payload is under ``order`` for the three order verbs and under
``command`` for the other commands. Every request is answered by exactly one ``reply`` line with its ``id``; a
connection that sent ``subscribe`` also receives ``events`` lines. All numbers are integers: ticks, lots, minor units,
nanoseconds.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from engine import commands
from engine.events import AnyEvent
from engine.instruments import Instrument
from engine.service import AccountView, CandleView, DepthView, FillView, NewsView, OrderView, TradeView
from engine.types import AccountId, OrderId, OrderStatus, RejectCode, SymbolId
from engine.types import Durability as Durability

RequestId: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]

MAX_LINE_BYTES = 1 << 20
"""A longer request line ends the connection; replies and event lines may be longer."""


NO_REQUEST = -1


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="action"):
    """Base of all requests."""

    id: RequestId


class Add(Request, frozen=True, kw_only=True, tag="add"):
    """Place an order."""

    order: commands.NewOrder


class Cancel(Request, frozen=True, kw_only=True, tag="cancel"):
    """Cancel an order."""

    order: commands.CancelOrder


class Modify(Request, frozen=True, kw_only=True, tag="modify"):
    """Replace an order."""

    order: commands.ReplaceOrder


class CancelAll(Request, frozen=True, kw_only=True, tag="cancel_all"):
    """Cancel many orders."""

    command: commands.CancelAll


class MassQuote(Request, frozen=True, kw_only=True, tag="mass_quote"):
    """Replace all quotes of an account in one instrument."""

    command: commands.MassQuote


class OpenAccount(Request, frozen=True, kw_only=True, tag="open_account"):
    """Open an account."""

    command: commands.OpenAccount


class CloseAccount(Request, frozen=True, kw_only=True, tag="close_account"):
    """Close an account."""

    command: commands.CloseAccount


class TransferCash(Request, frozen=True, kw_only=True, tag="transfer"):
    """Move cash between accounts."""

    command: commands.TransferCash


class AddInstrument(Request, frozen=True, kw_only=True, tag="add_instrument"):
    """List an instrument."""

    command: commands.AddInstrument


class RemoveInstrument(Request, frozen=True, kw_only=True, tag="remove_instrument"):
    """Delist an instrument."""

    command: commands.RemoveInstrument


class SetInstrumentStatus(Request, frozen=True, kw_only=True, tag="set_status"):
    """Halt, open or auction an instrument."""

    command: commands.SetInstrumentStatus


class PublishNews(Request, frozen=True, kw_only=True, tag="publish_news"):
    """Publish a headline."""

    command: commands.PublishNews


class SetCancelAfter(Request, frozen=True, kw_only=True, tag="cancel_after"):
    """Arm or disarm a dead man's switch. ``seconds`` from the engine's now; None disarms."""

    account: AccountId
    seconds: Annotated[float, Meta(ge=0, le=31_622_400)] | None = None


class EndDay(Request, frozen=True, kw_only=True, tag="end_day"):
    """End the trading day."""


class What(Enum):
    """What a query may ask for."""

    INSTRUMENTS = "instruments"
    DEPTH = "depth"
    """One book; needs ``symbol_id``."""
    ACCOUNTS = "accounts"
    """All accounts, or those in ``accounts``."""
    ORDERS = "orders"
    """Working orders of ``account``."""
    FILLS = "fills"
    """Newest fills of ``account``."""
    TRADES = "trades"
    """Newest prints of ``symbol_id``."""
    CANDLES = "candles"
    """Newest candles of ``symbol_id`` at ``interval_ns``."""
    NEWS = "news"
    STATS = "stats"
    HASH = "hash"


class Query(Request, frozen=True, kw_only=True, tag="query"):
    """Read state; answered in order with the commands sent before it on the same connection."""

    what: What
    symbol_id: SymbolId | None = None
    account: AccountId | None = None
    accounts: tuple[AccountId, ...] | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    interval_ns: Annotated[int, Meta(ge=1, le=2**62)] = 60_000_000_000


class Snapshot(Request, frozen=True, kw_only=True, tag="snapshot"):
    """Everything public at one sequence, to start a gateway's caches from."""


class SubscribeEvents(Request, frozen=True, kw_only=True, tag="subscribe"):
    """Receive all events from number ``from_sequence`` on.

    Refused with ``unknown_outcome`` when the engine no longer keeps that far back, has not come that far, or has
    another epoch than the one named: take a ``snapshot`` then.
    """

    from_sequence: int
    epoch: str | None = None


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """Ask for a reply: the health check of an idle link."""


AnyRequest: TypeAlias = (
    Add
    | Cancel
    | Modify
    | CancelAll
    | MassQuote
    | OpenAccount
    | CloseAccount
    | TransferCash
    | AddInstrument
    | RemoveInstrument
    | SetInstrumentStatus
    | PublishNews
    | SetCancelAfter
    | EndDay
    | Query
    | Snapshot
    | SubscribeEvents
    | Ping
)

RemoteCommand: TypeAlias = (
    commands.NewOrder
    | commands.CancelOrder
    | commands.ReplaceOrder
    | commands.CancelAll
    | commands.MassQuote
    | commands.OpenAccount
    | commands.CloseAccount
    | commands.TransferCash
    | commands.AddInstrument
    | commands.RemoveInstrument
    | commands.SetInstrumentStatus
    | commands.PublishNews
    | commands.EndDay
)
"""Commands that may be sent as they are. ``AdvanceTime`` is the engine's own; a dead man's switch is asked for in
seconds, because its deadline is on the engine's clock."""


class StageStats(msgspec.Struct, frozen=True, kw_only=True):
    """Latency of one stage (queue, match, journal), as counts per power of two of microseconds since the start."""

    stage: str
    buckets: tuple[int, ...]
    max_ns: int


class StatsView(msgspec.Struct, frozen=True, kw_only=True):
    """How the engine process is doing."""

    epoch: str
    durability: Durability
    sequence: int
    uptime_ns: int
    commands: int
    rejects: int
    orders: int
    trades: int
    volume: int
    notional: int
    queue_capacity: int
    queue_size: int
    queue_full_count: int
    engine: str
    """``pure`` or ``compiled``."""
    stages: tuple[StageStats, ...] = ()


class SnapshotView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything public at ``sequence``."""

    epoch: str
    durability: Durability
    sequence: int
    time: int
    instruments: tuple[Instrument, ...]
    books: tuple[DepthView, ...]
    trades: tuple[TradeView, ...]
    news: tuple[NewsView, ...]
    oldest_event: int = 0
    """Number of the oldest event that a subscription may still begin with; 0 when that is not told."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of what the engine sends."""


class Reply(Line, frozen=True, kw_only=True, gc=False, tag="reply"):
    """Answer to one request: refused when ``code`` is set, else done.

    ``leaves_qty`` are the lots still open: 0 once the order is filled or canceled.
    """

    id: int
    """Of the request; ``NO_REQUEST`` when the line was so malformed that it has none."""
    sequence: int = 0
    """Number of the last event when the request was done."""
    code: RejectCode | None = None
    message: str | None = None
    field: str | None = None
    order_id: OrderId | None = None
    order_status: OrderStatus | None = None
    leaves_qty: int | None = None
    cum_qty: int | None = None
    cum_notional: int | None = None
    """Sum of price times quantity (ticks times lots) over the fills of this request."""
    order_ids: tuple[OrderId, ...] = ()
    symbol_id: SymbolId | None = None
    news_id: int | None = None
    deadline: int | None = None
    epoch: str | None = None
    """Answer to ``subscribe``."""
    duplicate: bool = False
    """The answer of an earlier order with the same ``client_order_id``, given again."""
    data: msgspec.Raw = msgspec.Raw(b"")
    """Result of a query or snapshot, to be decoded as its view type."""


class EventBatch(Line, frozen=True, kw_only=True, gc=False, tag="events"):
    """All events of one command: the first has number ``first_sequence``, the next one more, and so on."""

    epoch: str
    first_sequence: int
    time: int
    events: tuple[AnyEvent, ...]


AnyLine: TypeAlias = Reply | EventBatch

QueryResult: TypeAlias = (
    list[Instrument]
    | DepthView
    | list[AccountView]
    | list[OrderView]
    | list[FillView]
    | list[TradeView]
    | list[CandleView]
    | list[NewsView]
    | StatsView
    | str
)
