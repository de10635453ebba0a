from __future__ import annotations

import msgspec
import pytest

from engine.commands import AddInstrument, AnyCommand, NewOrder, OpenAccount
from engine.instruments import Instrument
from engine.oms import OrderManagementSystem
from engine.types import OrderType, SelfTradePrevention, Side
from net.engine_answers import answer
from net.engine_protocol import Reply


class Desk:
    """An exchange of one instrument, and what it answers."""

    def __init__(self) -> None:
        self.service = OrderManagementSystem()
        self.send(AddInstrument(instrument=Instrument(symbol_id=1, ticker="ACME", initial_price=100)))
        self.send(OpenAccount(account="alice", cash=10**15, stp=SelfTradePrevention.DECREMENT))
        self.send(OpenAccount(account="bob", cash=10**15))

    def send(self, command: AnyCommand) -> Reply:
        return answer(1, command, self.service.submit(command, 0), self.service)


def order(account: str, side: Side, qty: int, price: int | None, stop_price: int | None = None) -> NewOrder:
    return NewOrder(
        account=account,
        symbol_id=1,
        side=side,
        qty=qty,
        type=OrderType.LIMIT if stop_price is None else OrderType.STOP,
        price=price,
        stop_price=stop_price,
        client_order_id="x",
    )


@pytest.mark.parametrize(
    "command",
    [
        order("bob", Side.BUY, 5, 99),
        order("bob", Side.BUY, 8, 100),
        order("bob", Side.BUY, 5, None, stop_price=90),
        order("bob", Side.BUY, 5, None, stop_price=120),
        order("carol", Side.BUY, 5, 99),
        order("alice", Side.BUY, 3, 100),
    ],
    ids=["rests", "trades and rests", "is triggered at once", "waits", "is refused", "is ended by its own account"],
)
def test_an_order_sent_twice_is_answered_twice_the_same(command: NewOrder) -> None:
    desk = Desk()
    desk.send(msgspec.structs.replace(order("alice", Side.SELL, 5, 100), client_order_id="maker"))
    first, again = desk.send(command), desk.send(command)
    assert again.duplicate is (first.code is None)
    assert msgspec.structs.replace(again, duplicate=False) == first
