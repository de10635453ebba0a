"""The order-management system: the door to the exchange.

One command goes in with its time, everything that happened comes out as events, in order. The system is a deterministic
state machine: same commands and times, same events, same ``state_hash``. It reads no clock and does no I/O; the caller
journals the commands it accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Final, TypeAlias

from engine.answering import order_answer
from engine.commands import (
    AddInstrument,
    AdvanceTime,
    AnyCommand,
    CancelAll,
    CancelOrder,
    CloseAccount,
    EndDay,
    MassQuote,
    NewOrder,
    OpenAccount,
    PublishNews,
    RemoveInstrument,
    ReplaceOrder,
    SetCancelAfter,
    SetInstrumentStatus,
    TransferCash,
)
from engine.events import AnyEvent, Rejected
from engine.exchange import Exchange
from engine.housekeeping import (
    add_instrument,
    advance_time,
    cancel_all,
    close_account,
    end_day,
    open_account,
    publish_news,
    remove_instrument,
    set_cancel_after,
    set_status,
    transfer_cash,
)
from engine.instruments import Instrument
from engine.ledger import Account
from engine.market import Market
from engine.placing import place
from engine.publishing import publish
from engine.quoting import quote
from engine.reducing import tidy
from engine.replacing import replace
from engine.service import (
    AccountView,
    CandleView,
    DepthView,
    FillView,
    NewsView,
    OrderAnswer,
    OrderView,
    PositionView,
    TradeView,
    state_digest,
)
from engine.state import capture, restore
from engine.triggering import trigger
from engine.types import AccountId, CancelReason, OrderId, RejectCode, SymbolId
from engine.working_order import WorkingOrder

Handler: TypeAlias = Callable[[Any], Rejected | None]

_REQUESTED: Final = CancelReason.REQUESTED


class OrderManagementSystem:
    """Implements ``engine.service.OrderBookService``."""

    def __init__(self) -> None:
        self._exchange = Exchange()
        self._sequence = 0
        self._handlers: dict[type, Handler] = {
            NewOrder: self._new_order,
            CancelOrder: self._cancel_order,
            ReplaceOrder: self._replace_order,
            CancelAll: self._cancel_all,
            MassQuote: self._mass_quote,
            OpenAccount: lambda command: open_account(self._exchange, command),
            CloseAccount: lambda command: close_account(self._exchange, command),
            TransferCash: lambda command: transfer_cash(self._exchange, command),
            AddInstrument: lambda command: add_instrument(self._exchange, command),
            RemoveInstrument: lambda command: remove_instrument(self._exchange, command),
            SetInstrumentStatus: lambda command: set_status(self._exchange, command),
            PublishNews: lambda command: publish_news(self._exchange, command),
            SetCancelAfter: lambda command: set_cancel_after(self._exchange, command),
            EndDay: lambda _: end_day(self._exchange),
            AdvanceTime: lambda _: advance_time(self._exchange),
        }

    @property
    def sequence(self) -> int:
        """Number of the last event, 0 before the first."""
        return self._sequence

    def submit(self, command: AnyCommand, now: int) -> list[AnyEvent]:
        """Apply one command at time ``now`` (ns) and say everything that happened, in order."""
        x = self._exchange
        before = x.now
        if now < before:
            raise ValueError(f"time went back from {before} to {now}")
        x.now = now
        events: list[AnyEvent] = []
        x.events = events
        rejected = self._handlers[type(command)](command)
        if rejected is not None or not events:
            x.now = before
            return events if rejected is None else [rejected]
        if x.changed:
            tidy(x)
        if x.pending:
            trigger(x)
            if type(command) is NewOrder:
                self._answer_anew(command, events)
        if x.touched:
            publish(x)
        self._sequence += len(events)
        return events

    def answered(self, account: AccountId, client_order_id: str) -> OrderAnswer | None:
        """The first answer to an order of this name; None when there was none, or too many later ones."""
        owner = self._exchange.ledger.accounts.get(account)
        return None if owner is None else owner.answers.get(client_order_id)

    def snapshot_state(self) -> bytes:
        """The whole state between two commands, for ``restore``."""
        return capture(self._exchange, self._sequence)

    def restore(self, data: bytes) -> None:
        """Become what ``snapshot_state`` saved; ``engine.state.StateError`` when the bytes are no snapshot."""
        self._exchange, self._sequence = restore(data)

    def state_hash(self) -> str:
        """Hex digest over the whole state; equal after equal commands on any machine."""
        return state_digest(self.snapshot_state())

    # --- orders -------------------------------------------------------------------------------------------------

    def _new_order(self, command: NewOrder) -> Rejected | None:
        x = self._exchange
        account = x.ledger.accounts.get(command.account)
        market = x.markets.get(command.symbol_id)
        if account is None or market is None or account.closed:
            return self._refuse_door(command, account, market)
        client_order_id = command.client_order_id
        if client_order_id is not None:
            first = account.answers.get(client_order_id) or account.by_client_id.get(client_order_id)
            if first is not None:
                message = "the account has used this client_order_id"
                return _rejected(command, (RejectCode.DUPLICATE_ORDER, message, "client_order_id"), first.order_id)
        refusal = place(x, account, market, command)
        return None if refusal is None else _rejected(command, refusal)

    def _cancel_order(self, command: CancelOrder) -> Rejected | None:
        order = self._find(command)
        if isinstance(order, Rejected):
            return order
        self._exchange.cancel(order, _REQUESTED)
        return None

    def _replace_order(self, command: ReplaceOrder) -> Rejected | None:
        order = self._find(command)
        if isinstance(order, Rejected):
            return order
        refusal = replace(self._exchange, order, command)
        return None if refusal is None else _rejected(command, refusal, order.order_id)

    def _cancel_all(self, command: CancelAll) -> Rejected | None:
        account = self._exchange.ledger.accounts.get(command.account)
        if account is None:
            return _rejected(command, (RejectCode.UNKNOWN_ACCOUNT, "there is no such account", "account"))
        cancel_all(self._exchange, account, command.symbol_id, command.side, command.reason)
        return None

    def _mass_quote(self, command: MassQuote) -> Rejected | None:
        x = self._exchange
        account = x.ledger.accounts.get(command.account)
        market = x.markets.get(command.symbol_id)
        if account is None or market is None or account.closed:
            return self._refuse_door(command, account, market)
        refusal = quote(x, account, market, command)
        return None if refusal is None else _rejected(command, refusal)

    def _answer_anew(self, command: NewOrder, events: list[AnyEvent]) -> None:
        """Keep another first answer to an order that may be a stop triggered at once, or have traded with one."""
        account = self._exchange.ledger.accounts[command.account]
        if command.client_order_id in account.answers:
            account.answers[command.client_order_id] = order_answer(events)

    def _refuse_door(self, command: NewOrder | MassQuote, account: Account | None, market: Market | None) -> Rejected:
        if account is None:
            return _rejected(command, (RejectCode.UNKNOWN_ACCOUNT, "there is no such account", "account"))
        if market is None:
            return _rejected(command, (RejectCode.UNKNOWN_INSTRUMENT, "there is no such instrument", "symbol_id"))
        return _rejected(command, (RejectCode.NOT_ALLOWED, "the account may not trade", "account"))

    def _find(self, command: CancelOrder | ReplaceOrder) -> WorkingOrder | Rejected:
        """The working order that a command names, if it is the account's own."""
        x = self._exchange
        account = x.ledger.accounts.get(command.account)
        if account is None:
            return _rejected(command, (RejectCode.UNKNOWN_ACCOUNT, "there is no such account", "account"))
        order: WorkingOrder | None
        if command.order_id is not None:
            order = account.orders.get(command.order_id)
            if order is None and command.order_id in x.orders:
                return _rejected(command, (RejectCode.NOT_OWNER, "the order is another account's", "order_id"))
        elif command.client_order_id is not None:
            order = account.by_client_id.get(command.client_order_id)
        else:
            return _rejected(command, (RejectCode.INVALID_MESSAGE, "order_id or client_order_id is needed", None))
        if order is None or order.entry.symbol_id != command.symbol_id:
            return _rejected(command, (RejectCode.UNKNOWN_ORDER, "no such order is working", "order_id"))
        return order

    # --- what servers may ask -----------------------------------------------------------------------------------

    def next_deadline(self) -> int | None:
        """When (ns) an ``AdvanceTime`` is next due, or None when nothing waits for time."""
        return self._exchange.timers.next

    def instruments(self) -> list[Instrument]:
        """All listed instruments, by ``symbol_id``."""
        markets = self._exchange.markets
        return [markets[symbol_id].listing for symbol_id in sorted(markets)]

    def depth(self, symbol_id: SymbolId, levels: int | None = None) -> DepthView | None:
        """The book, or None for an unknown instrument."""
        market = self._exchange.markets.get(symbol_id)
        return None if market is None else market.depth(self._sequence, levels)

    def best(self, symbol_id: SymbolId) -> tuple[int, int, int, int]:
        """Best bid and its visible lots, best ask and its; 0 for an empty side, and for an unknown instrument."""
        market = self._exchange.markets.get(symbol_id)
        return (0, 0, 0, 0) if market is None else market.best()

    def accounts(self) -> list[AccountView]:
        """All accounts, in the order they were opened; the exchange's own is the first."""
        return [_account_view(account) for account in self._exchange.ledger.numbered]

    def account(self, account: AccountId) -> AccountView | None:
        """One account, or None."""
        found = self._exchange.ledger.accounts.get(account)
        return None if found is None else _account_view(found)

    def orders(self, account: AccountId) -> list[OrderView]:
        """Working orders of one account, oldest first."""
        found = self._exchange.ledger.accounts.get(account)
        return [] if found is None else [_order_view(order) for order in found.orders.values()]

    def order(self, order_id: OrderId) -> OrderView | None:
        """One working order, with its place in the queue, or None."""
        order = self._exchange.orders.get(order_id)
        return None if order is None else _order_view(order)

    def fills(self, account: AccountId, limit: int = 100) -> list[FillView]:
        """The newest fills of one account, newest first."""
        found = self._exchange.ledger.accounts.get(account)
        if found is None:
            return []
        return [
            FillView(
                trade_id=fill.trade_id,
                order_id=fill.order_id,
                symbol_id=fill.symbol_id,
                side=fill.side,
                price=fill.price,
                qty=fill.qty,
                liquidity=fill.liquidity.value,
                fee=fill.fee,
                time=time,
                client_order_id=fill.client_order_id,
            )
            for fill, time in islice(reversed(found.fills), max(0, limit))
        ]

    def trades(self, symbol_id: SymbolId, limit: int = 100) -> list[TradeView]:
        """The newest prints of one instrument, newest first."""
        market = self._exchange.markets.get(symbol_id)
        return [] if market is None else market.data.trades(limit)

    def candles(self, symbol_id: SymbolId, interval_ns: int, limit: int = 200) -> list[CandleView]:
        """The newest candles of one instrument, oldest first, the open one included."""
        market = self._exchange.markets.get(symbol_id)
        return [] if market is None else market.data.candles.newest(interval_ns, limit)

    def news(self, limit: int = 100) -> list[NewsView]:
        """The newest headlines, newest first."""
        return list(islice(reversed(self._exchange.news), max(0, limit)))

    def check(self) -> None:
        """Raise InvariantError unless every invariant of books, ledger and indexes holds."""
        self._exchange.check()


def _rejected(
    command: NewOrder | CancelOrder | ReplaceOrder | CancelAll | MassQuote,
    refusal: tuple[RejectCode, str, str | None],
    order_id: OrderId | None = None,
) -> Rejected:
    code, message, field = refusal
    return Rejected(
        code=code,
        message=message,
        field=field,
        account=command.account,
        symbol_id=command.symbol_id,
        order_id=order_id if order_id is not None else getattr(command, "order_id", None),
        client_order_id=getattr(command, "client_order_id", None),
    )


def _order_view(order: WorkingOrder) -> OrderView:
    ahead = order.position.market.engine.book.queue_ahead(order.slot) if order.slot else None
    return order.view(ahead)


def _account_view(account: Account) -> AccountView:
    positions = tuple(
        PositionView(
            symbol_id=symbol_id,
            qty=position.qty,
            cost=position.cost,
            realized_pnl=position.realized_pnl,
            mark=position.market.mark,
        )
        for symbol_id, position in sorted(account.positions.items())
        if position.qty or position.realized_pnl or position.issued
    )
    return AccountView(
        account=account.id,
        name=account.name,
        personality=account.personality,
        cash=account.cash,
        reserved=account.reserved,
        initial_equity=account.initial_equity,
        equity=account.equity,
        realized_pnl=sum(position.realized_pnl for position in account.positions.values()),
        fees_paid=account.fees_paid,
        positions=positions,
        working_orders=len(account.orders),
        closed=account.closed,
        credential=account.credential,
        fills=account.fill_count,
        limits=account.limits,
        stp=account.stp,
    )
