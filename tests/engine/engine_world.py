"""A tiny exchange to trade on in tests: ACME with ticks of 0.01, and accounts with round sums of cash."""

from __future__ import annotations

from typing import Any, TypeVar

from engine.answering import order_answer
from engine.commands import (
    AddInstrument,
    AnyCommand,
    CancelOrder,
    NewOrder,
    OpenAccount,
    ReplaceOrder,
)
from engine.events import AnyEvent, Event, OrderAccepted, Rejected, Trade
from engine.instruments import Instrument
from engine.oms import OrderManagementSystem
from engine.service import AccountView, PositionView
from engine.types import CASH_SCALE, OrderType, RejectCode, Side, TimeInForce

ACME = 1
TICK = CASH_SCALE // 100
"""Minor units that one lot is worth per tick."""
MILLION = 1_000_000 * CASH_SCALE
SECOND = 1_000_000_000

E = TypeVar("E", bound=Event)


class World:
    """An exchange with one instrument at 100 ticks, checked after every command; what it answers too."""

    def __init__(
        self, accounts: str = "alice bob carol", *, cash: int = MILLION, shares: int = 0, **rules: Any
    ) -> None:
        self.oms = OrderManagementSystem()
        self.now = 0
        fields = {"symbol_id": ACME, "ticker": "ACME", "initial_price": 100, "price_band_ppm": 0, **rules}
        self.do(AddInstrument(instrument=Instrument(**fields)))
        for name in accounts.split():
            self.open(name, cash=cash, positions={ACME: shares} if shares else {})

    def do(self, command: AnyCommand) -> list[AnyEvent]:
        """Submit a command and check every invariant; a refusal must leave no trace."""
        before = self.oms.state_hash()
        events = self.oms.submit(command, self.now)
        self.oms.check()
        if any(isinstance(event, Rejected) for event in events):
            assert len(events) == 1
            assert self.oms.state_hash() == before
        elif isinstance(command, NewOrder) and command.client_order_id is not None:
            assert self.oms.answered(command.account, command.client_order_id) == order_answer(events)
        return events

    def open(self, account: str, **fields: Any) -> list[AnyEvent]:
        return self.do(OpenAccount(account=account, **{"cash": MILLION, **fields}))

    def order(self, account: str, side: Side, qty: int, price: int | None = None, **fields: Any) -> list[AnyEvent]:
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        fields = {"symbol_id": ACME, "type": kind, **fields}
        return self.do(NewOrder(account=account, side=side, qty=qty, price=price, **fields))

    def buy(self, account: str, qty: int, price: int | None = None, **fields: Any) -> list[AnyEvent]:
        return self.order(account, Side.BUY, qty, price, **fields)

    def sell(self, account: str, qty: int, price: int | None = None, **fields: Any) -> list[AnyEvent]:
        return self.order(account, Side.SELL, qty, price, **fields)

    def cancel(self, account: str, order_id: int) -> list[AnyEvent]:
        return self.do(CancelOrder(account=account, symbol_id=ACME, order_id=order_id))

    def replace(self, account: str, order_id: int, **fields: Any) -> list[AnyEvent]:
        return self.do(ReplaceOrder(account=account, symbol_id=ACME, order_id=order_id, **fields))

    def account(self, account: str) -> AccountView:
        view = self.oms.account(account)
        assert view is not None
        return view

    def cash(self, account: str) -> int:
        """Cash gained or lost since the account was opened, in ticks times lots."""
        view = self.account(account)
        change = view.cash - MILLION
        assert change % TICK == 0
        return change // TICK

    def position(self, account: str) -> int:
        return next((p.qty for p in self.account(account).positions if p.symbol_id == ACME), 0)

    def position_view(self, account: str) -> PositionView:
        return next(p for p in self.account(account).positions if p.symbol_id == ACME)

    def book(self) -> str:
        """The book on one line, best prices in the middle: ``5@98 10@99 | 3@101``."""
        depth = self.oms.depth(ACME)
        assert depth is not None
        bids = " ".join(f"{level.qty}@{level.price}" for level in reversed(depth.bids))
        asks = " ".join(f"{level.qty}@{level.price}" for level in depth.asks)
        return f"{bids} | {asks}".strip()


def restarted(before: OrderManagementSystem) -> OrderManagementSystem:
    """The same exchange, from its snapshot."""
    again = OrderManagementSystem()
    again.restore(before.snapshot_state())
    assert again.snapshot_state() == before.snapshot_state()
    return again


def only(kind: type[E], events: list[AnyEvent]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def order_id(events: list[AnyEvent]) -> int:
    """The id of the order that a command placed."""
    (accepted,) = only(OrderAccepted, events)
    return accepted.order_id


def refusal(events: list[AnyEvent]) -> RejectCode:
    """Why a command was refused."""
    (rejected,) = events
    assert isinstance(rejected, Rejected), rejected
    return rejected.code


def trades(events: list[AnyEvent]) -> list[tuple[int, int]]:
    """Lots and prices of the trades, in order."""
    return [(trade.qty, trade.price) for trade in only(Trade, events)]


IOC = TimeInForce.IOC
FOK = TimeInForce.FOK
GTD = TimeInForce.GTD
DAY = TimeInForce.DAY
