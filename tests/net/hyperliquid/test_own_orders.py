from __future__ import annotations

import itertools

import msgspec
import pytest

from engine.types import Side
from net.hyperliquid import wire
from net.hyperliquid.names import Asset
from net.hyperliquid.own_orders import ClientOrderRequest, OrderState, OwnOrder, OwnOrders

ETH = Asset(coin="ETH", asset_id=1, size_decimals=4, display="ETH")
CLOID = "0x" + "1" * 32


def sent() -> tuple[OwnOrders, OwnOrder]:
    orders = OwnOrders()
    order = OwnOrder(CLOID, ETH, ClientOrderRequest(market="ETH", side=Side.BUY, price="2000", size="2"))
    orders.add(order)
    return orders, order


def update(status: str, oid: int = 7) -> wire.OrderUpdate:
    shown = wire.BasicOrder(
        coin="ETH", side="B", limit_px="2000.0", sz="0.0", oid=oid, timestamp=1, orig_sz="2.0", cloid=CLOID
    )
    return wire.OrderUpdate(order=shown, status=status, status_timestamp=2)


def fill(tid: int, size: str, oid: int = 7, cloid: str | None = CLOID) -> wire.Fill:
    made = wire.Fill(
        coin="ETH", px="2000.0", sz=size, side="B", time=tid, start_position="0.0", dir="Open Long",
        closed_pnl="0.0", hash="0x", oid=oid, crossed=True, fee="0.0", tid=tid,
    )  # fmt: skip
    return made if cloid is None else msgspec.structs.replace(made, cloid=cloid)


def test_whatever_comes_first_the_order_ends_filled_and_each_fill_counts_once() -> None:
    for arrivals in itertools.permutations(["open", "filled", "fill 1", "fill 2", "fill 1 again", "answer"]):
        orders, order = sent()
        for arrival in arrivals:
            match arrival.split():
                case ["fill", number, *_]:
                    orders.filled(fill(int(number), "1.0"))
                case ["answer"]:
                    orders.placed(order, 7)
                case [status]:
                    orders.updated(update(status))
        assert (order.state, order.filled, order.average_price) == (OrderState.FILLED, 2 * 10**8, 2000 * 10**8)
        assert len(orders.fills) == 2


@pytest.mark.parametrize("flip", [False, True])
def test_a_modify_shows_the_old_oid_canceled_and_the_new_one_open_in_either_order(flip: bool) -> None:
    orders, order = sent()
    orders.placed(order, 7)
    news = [update("open", oid=8), update("canceled", oid=7)]
    if flip:
        orders.placed(order, 8)  # the answer to the modify came first
        news.reverse()
    for each in news:
        orders.updated(each)
    assert (order.state, order.oid) == (OrderState.WORKING, 8)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("canceled", OrderState.CANCELED),
        ("scheduledCancel", OrderState.CANCELED),
        ("selfTradeCanceled", OrderState.CANCELED),
        ("perpMarginRejected", OrderState.REJECTED),
        ("iocCancelRejected", OrderState.REJECTED),
        ("rejected", OrderState.REJECTED),
    ],
)
def test_statuses_are_read_by_their_ends(status: str, state: OrderState) -> None:
    orders, order = sent()
    orders.updated(update(status))
    assert order.state is state


def test_an_end_holds() -> None:
    orders, order = sent()
    orders.updated(update("canceled"))
    orders.updated(update("open"))
    orders.placed(order, 7)
    assert order.state is OrderState.CANCELED


def test_a_fill_without_a_client_id_is_found_by_its_oid_and_strangers_are_kept_apart() -> None:
    orders, order = sent()
    orders.placed(order, 7)
    orders.filled(fill(1, "1.0", cloid=None))
    orders.filled(fill(2, "1.0", oid=99, cloid=None))
    assert order.filled == 10**8
    assert len(orders.fills) == 2
