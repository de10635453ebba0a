from __future__ import annotations

from typing import Any

import pytest
from engine_world import World, trades

from engine.service import OrderAnswer
from engine.types import OrderStatus, OrderType, SelfTradePrevention

STOP: dict[str, Any] = {"type": OrderType.STOP}
STOP_LIMIT: dict[str, Any] = {"type": OrderType.STOP_LIMIT}


def answer(status: OrderStatus, leaves_qty: int, cum_qty: int, cum_notional: int, order_id: int = 2) -> OrderAnswer:
    return OrderAnswer(
        order_id=order_id, status=status, leaves_qty=leaves_qty, cum_qty=cum_qty, cum_notional=cum_notional
    )


@pytest.mark.parametrize(
    ("qty", "price", "fields", "expected"),
    [
        (5, 99, {}, answer(OrderStatus.WORKING, 5, 0, 0)),
        (5, 100, {}, answer(OrderStatus.FILLED, 0, 5, 500)),
        (8, 100, {}, answer(OrderStatus.WORKING, 3, 5, 500)),
        (8, None, {}, answer(OrderStatus.CANCELED, 0, 5, 500)),
        (5, None, {"stop_price": 120, **STOP}, answer(OrderStatus.PENDING_TRIGGER, 5, 0, 0)),
        (5, None, {"stop_price": 90, **STOP}, answer(OrderStatus.FILLED, 0, 5, 500)),
        (8, None, {"stop_price": 90, **STOP}, answer(OrderStatus.CANCELED, 0, 5, 500)),
        (8, 100, {"stop_price": 90, **STOP_LIMIT}, answer(OrderStatus.WORKING, 3, 5, 500)),
        (5, 99, {"stop_price": 90, **STOP_LIMIT}, answer(OrderStatus.WORKING, 5, 0, 0)),
    ],
)
def test_an_order_is_answered_how_it_stands_when_all_it_set_off_is_done(
    qty: int, price: int | None, fields: dict[str, Any], expected: OrderAnswer
) -> None:
    world = World()
    world.sell("alice", 5, 100)
    world.buy("bob", qty, price, client_order_id="x", **fields)
    assert world.oms.answered("bob", "x") == expected


def test_a_triggered_stop_that_nobody_trades_with_was_answered_as_canceled() -> None:
    world = World()
    world.buy("bob", 5, None, stop_price=90, client_order_id="x", **STOP)
    assert world.oms.answered("bob", "x") == answer(OrderStatus.CANCELED, 0, 0, 0, order_id=1)


def test_what_an_order_trades_with_a_stop_that_it_triggers_belongs_to_its_answer() -> None:
    world = World()
    world.sell("alice", 1, 105)
    world.buy("carol", 1, 105)
    world.sell("carol", 2, None, stop_price=100, **STOP)
    world.sell("alice", 3, 100)
    assert trades(world.buy("bob", 6, 100, client_order_id="x")) == [(3, 100), (2, 100)]
    assert world.oms.answered("bob", "x") == answer(OrderStatus.WORKING, 1, 5, 500, order_id=5)


@pytest.mark.parametrize(("first_lots", "cum_notional"), [(0, 0), (3, 297)])
def test_an_order_that_its_own_account_ended_was_answered_as_canceled(first_lots: int, cum_notional: int) -> None:
    world = World("bob")
    world.open("alice", stp=SelfTradePrevention.DECREMENT)
    if first_lots:
        world.sell("bob", first_lots, 99)
    world.sell("alice", 5, 100)
    world.buy("alice", 5, 100, client_order_id="x")
    found = world.oms.answered("alice", "x")
    assert found == answer(OrderStatus.CANCELED, 0, first_lots, cum_notional, order_id=3 if first_lots else 2)
