"""What a server may ask of an order-management system.

The server owns the clock, the sockets and the queue; the service owns the truth. Servers depend on this protocol only,
so that a test can run one on a fake, and a simulation can use the very same OMS without a socket.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

import msgspec

from engine.commands import AccountLimits, AnyCommand
from engine.events import AnyEvent, LevelChange, NewsPublished
from engine.instruments import Instrument
from engine.types import (
    AccountId,
    OrderId,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    SymbolId,
    TimeInForce,
    TradeId,
)


class PositionView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One position: ``qty`` in lots, negative when short; ``cost``, the open cost basis in minor units, signed alike.

    Average price is ``cost / qty``; market value is ``mark * qty * tick_value``.
    """

    symbol_id: SymbolId
    qty: int
    cost: int
    realized_pnl: int
    mark: int
    """Mark price in ticks: last trade, or the initial price before the first."""


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as its owner may see it; cash amounts in minor units."""

    account: AccountId
    name: str
    personality: str
    cash: int
    reserved: int
    """Cash held back for working orders; part of ``cash``."""
    initial_equity: int
    """Cash plus issued positions at their mark when the account was opened."""
    equity: int
    """Cash plus all positions at their mark."""
    realized_pnl: int
    fees_paid: int
    positions: tuple[PositionView, ...]
    working_orders: int
    closed: bool = False
    credential: str = ""
    fills: int = 0
    """How many fills it had in all."""
    limits: AccountLimits = AccountLimits()
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_RESTING


class OrderView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A working order as its owner may see it."""

    order_id: OrderId
    account: AccountId
    symbol_id: SymbolId
    side: Side
    order_type: OrderType
    price: int | None
    stop_price: int | None
    qty: int
    leaves_qty: int
    cum_qty: int
    status: OrderStatus
    tif: TimeInForce
    created_at: int
    post_only: bool = False
    reduce_only: bool = False
    display_qty: int | None = None
    client_order_id: str | None = None
    queue_ahead: int | None = None
    """Lots that would fill before this order at its price; None when it is not in the book."""


class FillView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of an account's recent fills."""

    trade_id: TradeId
    order_id: OrderId
    symbol_id: SymbolId
    side: Side
    price: int
    qty: int
    liquidity: str
    fee: int
    time: int
    client_order_id: str | None = None


class TradeView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A print of the tape."""

    trade_id: TradeId
    symbol_id: SymbolId
    price: int
    qty: int
    side: Side | None
    time: int


class CandleView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Open, high, low, close in ticks and volume in lots of the interval that starts at ``time`` ns."""

    time: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int


class DepthView(msgspec.Struct, frozen=True, kw_only=True):
    """Price levels of one book, best first. ``sequence`` is the number of the last event it includes."""

    symbol_id: SymbolId
    sequence: int
    bids: tuple[LevelChange, ...]
    asks: tuple[LevelChange, ...]
    last_price: int | None = None
    indication: tuple[int, int] | None = None
    """Price in ticks and lots that would trade if an auction ended now; None outside one, or where nothing crosses."""


class NewsView(msgspec.Struct, frozen=True, kw_only=True):
    """A headline of the history."""

    news: NewsPublished
    time: int


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What an accepted ``NewOrder`` was answered at once: where it stood when its command was done."""

    order_id: OrderId
    status: OrderStatus
    leaves_qty: int
    cum_qty: int
    cum_notional: int
    """Sum of price times quantity, ticks times lots."""


class OrderBookService(Protocol):
    """The order-management system as servers, simulations and tools see it.

    A command that changes nothing gives no events, and leaves no trace either.

    ``submit`` never raises for what a user did: a refusal is a single ``Rejected`` event and changes no state, not even
    ``sequence``: it is an answer to one asker and no part of the event stream or of the journal. All other events are
    numbered: ``sequence`` is the number of the last one. The caller passes times that never go back, and submits an
    ``AdvanceTime`` whenever ``next_deadline`` has come, before any later command.

    A ``NewOrder`` whose ``client_order_id`` its account used before is refused with ``DUPLICATE_ORDER`` and the
    ``order_id`` of the first; ``answered`` is the answer that the first was given.
    """

    @property
    def sequence(self) -> int:
        """Number of the last event, 0 before the first."""

    def submit(self, command: AnyCommand, now: int) -> list[AnyEvent]:
        """Apply one command at time ``now`` (ns) and say everything that happened, in order."""

    def answered(self, account: AccountId, client_order_id: str) -> OrderAnswer | None:
        """The first answer to an order of this name; None when there was none, or too many later ones."""

    def next_deadline(self) -> int | None:
        """When (ns) an ``AdvanceTime`` is next due, or None when nothing waits for time."""

    def state_hash(self) -> str:
        """Hex digest over the whole state; equal after equal commands on any machine."""

    def instruments(self) -> list[Instrument]:
        """All listed instruments, by ``symbol_id``."""

    def depth(self, symbol_id: SymbolId, levels: int | None = None) -> DepthView | None:
        """The book, or None for an unknown instrument."""

    def accounts(self) -> list[AccountView]:
        """All accounts, in the order they were opened."""

    def account(self, account: AccountId) -> AccountView | None:
        """One account, or None."""

    def orders(self, account: AccountId) -> list[OrderView]:
        """Working orders of one account, oldest first."""

    def order(self, order_id: OrderId) -> OrderView | None:
        """One working order, with its place in the queue, or None."""

    def fills(self, account: AccountId, limit: int = 100) -> list[FillView]:
        """The newest fills of one account, newest first."""

    def trades(self, symbol_id: SymbolId, limit: int = 100) -> list[TradeView]:
        """The newest prints of one instrument, newest first."""

    def candles(self, symbol_id: SymbolId, interval_ns: int, limit: int = 200) -> list[CandleView]:
        """The newest candles of one instrument, oldest first, the open one included."""

    def news(self, limit: int = 100) -> list[NewsView]:
        """The newest headlines, newest first."""


class RecoverableService(OrderBookService, Protocol):
    """A service whose whole state can be kept and given back. Its ``state_hash`` is ``state_digest`` of that state."""

    def snapshot_state(self) -> bytes:
        """The whole state."""

    def restore(self, data: bytes) -> None:
        """Become what ``snapshot_state`` was taken of; only on a new service.

        Raises:
            ValueError: it is no state of this version.
        """


def state_digest(state: bytes) -> str:
    """Hex digest of a state."""
    return blake2b(state, digest_size=16).hexdigest()
