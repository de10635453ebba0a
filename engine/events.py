"""Events: everything that can happen on the exchange, in the past tense. Immutable, integers only.

``type`` is the tag on the engine's event stream. Private events name the ``account`` they belong to; ``Trade``,
``DepthChanged`` and the instrument and news events are public and name nobody.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from engine.instruments import Instrument
from engine.types import (
    AccountId,
    CancelReason,
    InstrumentStatus,
    Liquidity,
    OrderId,
    OrderType,
    RejectCode,
    Side,
    SymbolId,
    TimeInForce,
    TradeId,
)


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """Base of all events."""


class OrderAccepted(Event, frozen=True, kw_only=True, tag="order_accepted"):
    """The order passed every check and has an id; fills, if any, follow as events of their own."""

    order_id: OrderId
    account: AccountId
    symbol_id: SymbolId
    side: Side
    order_type: OrderType
    qty: int
    price: int | None = None
    stop_price: int | None = None
    tif: TimeInForce = TimeInForce.GTC
    expires_at: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    display_qty: int | None = None
    client_order_id: str | None = None


class Rejected(Event, frozen=True, kw_only=True, tag="rejected"):
    """A command was refused and changed nothing. ``field`` names the offending field where there is one."""

    code: RejectCode
    message: str
    field: str | None = None
    account: AccountId | None = None
    symbol_id: SymbolId | None = None
    order_id: OrderId | None = None
    client_order_id: str | None = None


class OrderFilled(Event, frozen=True, kw_only=True, tag="order_filled"):
    """One side of one trade. ``fee`` is in minor units, negative for a rebate."""

    order_id: OrderId
    account: AccountId
    symbol_id: SymbolId
    side: Side
    trade_id: TradeId
    price: int
    qty: int
    liquidity: Liquidity
    leaves_qty: int
    cum_qty: int
    fee: int = 0
    client_order_id: str | None = None


class OrderCanceled(Event, frozen=True, kw_only=True, tag="order_canceled"):
    """The order left the market with ``leaves_qty`` lots unfilled."""

    order_id: OrderId
    account: AccountId
    symbol_id: SymbolId
    side: Side
    leaves_qty: int
    cum_qty: int
    reason: CancelReason
    price: int | None = None
    client_order_id: str | None = None


class OrderReplaced(Event, frozen=True, kw_only=True, tag="order_replaced"):
    """Price or quantity changed; the order id stays. ``priority_kept`` says whether its place in the queue did too."""

    order_id: OrderId
    account: AccountId
    symbol_id: SymbolId
    side: Side
    price: int | None
    leaves_qty: int
    cum_qty: int
    priority_kept: bool
    stop_price: int | None = None
    client_order_id: str | None = None


class OrderTriggered(Event, frozen=True, kw_only=True, tag="order_triggered"):
    """A stop's trigger price was touched; it is now a market or limit order."""

    order_id: OrderId
    account: AccountId
    symbol_id: SymbolId
    side: Side
    leaves_qty: int
    price: int | None = None
    client_order_id: str | None = None


class Trade(Event, frozen=True, kw_only=True, tag="trade"):
    """Public print: price in ticks, quantity in lots, ``side`` is the aggressor's (None in an auction)."""

    trade_id: TradeId
    symbol_id: SymbolId
    price: int
    qty: int
    side: Side | None = None


class LevelChange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """New state of one price level: visible lots and order count, both 0 when the level is gone."""

    price: int
    qty: int
    orders: int


class DepthChanged(Event, frozen=True, kw_only=True, tag="depth_changed"):
    """Levels of one book that a command left different, as absolute values. Last public event of its command."""

    symbol_id: SymbolId
    bids: tuple[LevelChange, ...] = ()
    asks: tuple[LevelChange, ...] = ()


class AuctionIndication(Event, frozen=True, kw_only=True, tag="auction_indication"):
    """Where an auction would uncross now; None while nothing crosses."""

    symbol_id: SymbolId
    price: int | None
    qty: int


class AccountOpened(Event, frozen=True, kw_only=True, tag="account_opened"):
    """An account exists from now on."""

    account: AccountId
    name: str
    personality: str
    cash: int
    positions: dict[SymbolId, int] = {}
    credential: str = ""


class AccountClosed(Event, frozen=True, kw_only=True, tag="account_closed"):
    """An account trades no more."""

    account: AccountId


class CashTransferred(Event, frozen=True, kw_only=True, tag="cash_transferred"):
    """Cash moved from ``account`` to ``to``, in minor units."""

    account: AccountId
    to: AccountId
    amount: int


class InstrumentAdded(Event, frozen=True, kw_only=True, tag="instrument_added"):
    """An instrument is listed."""

    instrument: Instrument


class InstrumentRemoved(Event, frozen=True, kw_only=True, tag="instrument_removed"):
    """An instrument is delisted."""

    symbol_id: SymbolId


class InstrumentStatusChanged(Event, frozen=True, kw_only=True, tag="instrument_status"):
    """An instrument entered another trading phase."""

    symbol_id: SymbolId
    status: InstrumentStatus
    reason: str = ""


class NewsPublished(Event, frozen=True, kw_only=True, tag="news_published"):
    """A headline. ``sentiment`` is in thousandths, -1000..1000."""

    news_id: int
    headline: str
    content: str
    sentiment: int
    source: str
    symbol_id: SymbolId | None = None
    impact_type: str = ""


class CancelAfterSet(Event, frozen=True, kw_only=True, tag="cancel_after_set"):
    """The dead man's switch of an account was armed, or with None disarmed."""

    account: AccountId
    deadline: int | None = None


class DayEnded(Event, frozen=True, kw_only=True, tag="day_ended"):
    """The trading day ended; DAY orders were canceled by the events before this one."""


class TimeAdvanced(Event, frozen=True, kw_only=True, tag="time_advanced"):
    """Time passed and all that was due has happened by the events before this one."""


AnyEvent: TypeAlias = (
    OrderAccepted
    | Rejected
    | OrderFilled
    | OrderCanceled
    | OrderReplaced
    | OrderTriggered
    | Trade
    | DepthChanged
    | AuctionIndication
    | AccountOpened
    | AccountClosed
    | CashTransferred
    | InstrumentAdded
    | InstrumentRemoved
    | InstrumentStatusChanged
    | NewsPublished
    | CancelAfterSet
    | DayEnded
    | TimeAdvanced
)
