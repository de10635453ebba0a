"""Commands: what the exchange may be asked to do. Immutable, integers only, one class a verb.

``action`` is the tag on the engine's TCP wire and in the journal. Commands carry no time: whoever owns the clock passes
``now`` beside them.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from engine.instruments import Instrument
from engine.types import (
    AccountId,
    CancelReason,
    InstrumentStatus,
    OrderId,
    OrderType,
    SelfTradePrevention,
    Side,
    SymbolId,
    TimeInForce,
)

LEVERAGE_MAX: Final = 100
ORDERS_PER_SECOND_MAX: Final = 100_000


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="action"):
    """Base of all commands."""


class NewOrder(Command, frozen=True, kw_only=True, tag="add"):
    """Place an order. ``price`` and ``stop_price`` are ticks, ``qty`` and ``display_qty`` lots."""

    account: AccountId
    symbol_id: SymbolId
    side: Side
    qty: int
    type: OrderType = OrderType.LIMIT
    price: int | None = None
    stop_price: int | None = None
    tif: TimeInForce = TimeInForce.GTC
    expires_at: int | None = None
    """Nanoseconds; required by GTD."""
    post_only: bool = False
    reduce_only: bool = False
    display_qty: int | None = None
    """Visible part of an iceberg; None shows everything."""
    client_order_id: str | None = None


class CancelOrder(Command, frozen=True, kw_only=True, tag="cancel"):
    """Cancel one working order of ``account``, named by either id."""

    account: AccountId
    symbol_id: SymbolId
    order_id: OrderId | None = None
    client_order_id: str | None = None


class ReplaceOrder(Command, frozen=True, kw_only=True, tag="modify"):
    """Change price or total open quantity of a working order; ``qty`` is the new ``leaves_qty``.

    The place in the queue is kept when only the quantity falls, lost otherwise.
    """

    account: AccountId
    symbol_id: SymbolId
    order_id: OrderId | None = None
    client_order_id: str | None = None
    price: int | None = None
    stop_price: int | None = None
    qty: int | None = None


class CancelAll(Command, frozen=True, kw_only=True, tag="cancel_all"):
    """Cancel all working orders of ``account``, or those of one instrument or side."""

    account: AccountId
    symbol_id: SymbolId | None = None
    side: Side | None = None
    reason: CancelReason = CancelReason.MASS_CANCEL


class Quote(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One level of a mass quote: price in ticks, quantity in lots."""

    price: int
    qty: int


class MassQuote(Command, frozen=True, kw_only=True, tag="mass_quote"):
    """Replace all quotes of ``account`` in one instrument by these, in one command.

    Quotes are post-only limit orders that an earlier mass quote of the account placed; its other orders are untouched.
    Levels that do not change keep their place in the queue.
    """

    account: AccountId
    symbol_id: SymbolId
    bids: tuple[Quote, ...] = ()
    asks: tuple[Quote, ...] = ()


class AccountLimits(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What one account may do. None means no limit."""

    max_order_qty: int | None = None
    max_order_notional: int | None = None
    max_position: int | None = None
    """Absolute position, in lots, per instrument, counting working orders on the side that would grow it."""
    max_working_orders: int | None = 1_000
    max_orders_per_second: int | None = None
    short_selling: bool = True
    leverage: int = 1
    """Gross exposure the account may reach, as a multiple of its equity."""


class OpenAccount(Command, frozen=True, kw_only=True, tag="open_account"):
    """Open an account with cash (minor units) and, optionally, positions (lots) issued to it."""

    account: AccountId
    name: str = ""
    personality: str = ""
    cash: int = 0
    positions: dict[SymbolId, int] = {}
    limits: AccountLimits = AccountLimits()
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_RESTING
    credential: str = ""
    """Opaque to the engine (a hashed token), kept with the account so that gateways need no store of their own."""


class CloseAccount(Command, frozen=True, kw_only=True, tag="close_account"):
    """Cancel the account's orders and refuse it from now on; its cash and positions stay on the books."""

    account: AccountId


class TransferCash(Command, frozen=True, kw_only=True, tag="transfer"):
    """Move cash (minor units) from ``account`` to ``to``: what is neither held back nor carries a position."""

    account: AccountId
    to: AccountId
    amount: int


class AddInstrument(Command, frozen=True, kw_only=True, tag="add_instrument"):
    """List an instrument; a ``symbol_id`` of 0 asks the engine for the next free one."""

    instrument: Instrument


class RemoveInstrument(Command, frozen=True, kw_only=True, tag="remove_instrument"):
    """Delist an instrument: its orders are canceled, its positions stay at their last mark."""

    symbol_id: SymbolId


class SetInstrumentStatus(Command, frozen=True, kw_only=True, tag="set_status"):
    """Halt, open, or start an auction; opening from an auction uncrosses it."""

    symbol_id: SymbolId
    status: InstrumentStatus
    reason: str = ""
    duration_ns: int | None = None
    """After which an auction opens the instrument by itself; None leaves that to a later command."""


class PublishNews(Command, frozen=True, kw_only=True, tag="publish_news"):
    """Publish a headline to everybody. ``sentiment`` is in thousandths, -1000..1000."""

    headline: str
    content: str = ""
    sentiment: int = 0
    source: str = "newsroom"
    symbol_id: SymbolId | None = None
    impact_type: str = ""


class SetCancelAfter(Command, frozen=True, kw_only=True, tag="cancel_after"):
    """Arm (or, with None, disarm) the dead man's switch: cancel all of the account's orders at ``deadline`` ns."""

    account: AccountId
    deadline: int | None = None


class EndDay(Command, frozen=True, kw_only=True, tag="end_day"):
    """End the trading day: DAY orders expire."""


class AdvanceTime(Command, frozen=True, kw_only=True, tag="advance_time"):
    """Let time pass up to ``now``: expire GTD orders, fire dead man's switches, end auctions."""


AnyCommand: TypeAlias = (
    NewOrder
    | CancelOrder
    | ReplaceOrder
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
    | AdvanceTime
)
