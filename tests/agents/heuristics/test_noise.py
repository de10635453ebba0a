from typing import Any

from agents.intents import Cancel, New
from engine.types import Side, TimeInForce


def test_passive_orders_never_cross_the_book(tiny: Any) -> None:
    orders = [order for order in tiny.agent("noise", market_share=0.0).look(300) if isinstance(order, New)]
    assert len(orders) > 100
    assert all(order.price < 10_001 for order in orders if order.side is Side.BUY)
    assert all(order.price > 9_999 for order in orders if order.side is Side.SELL)
    assert {order.side for order in orders} == {Side.BUY, Side.SELL}


def test_distances_from_the_best_price_have_a_long_tail(tiny: Any) -> None:
    orders = [order for order in tiny.agent("noise", market_share=0.0).look(600) if isinstance(order, New)]
    distances = sorted(abs(order.price - 10_000) for order in orders)
    assert distances[len(distances) // 2] <= 3
    assert distances[-1] > 50


def test_takes_with_an_order_that_leaves_nothing_behind(tiny: Any) -> None:
    orders = tiny.agent("noise", market_share=1.0).look(20)
    assert orders
    assert all(order.tif is TimeInForce.IOC for order in orders)


def test_cancels_its_oldest_order_to_make_room(tiny: Any) -> None:
    agent = tiny.agent("noise", market_share=0.0, max_orders=2, rate=1.0)
    agent.context.portfolio.working = {101: 1, 102: 1, 103: 2}
    intents = agent.look(3)
    assert intents[0] == Cancel(1, 101)
    assert isinstance(intents[1], New)


def test_same_seed_same_orders(tiny: Any) -> None:
    assert tiny.agent("noise").look(50) == type(tiny)().agent("noise").look(50)
