"""Plain orders in one call trade as they do one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.matching import plain
from benchmarks.workload import VARIANTS, generate
from engine.batch import ADD, CANCEL, REPLACE, TAKE, PlainTrade, run
from engine.matching import Fill, MatchingEngine
from engine.order import Order
from engine.types import SelfTradePrevention

PRICES = st.integers(1, 6).flatmap(lambda price: st.sampled_from((price, -price)))
OPERATIONS = st.lists(
    st.tuples(st.sampled_from((ADD, ADD, TAKE, CANCEL, REPLACE)), PRICES, st.integers(1, 9)), max_size=60
)


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_recorded_flow_trades_as_in_the_reference_book(name: str) -> None:
    workload = generate(name, 3_000)
    engine = MatchingEngine()
    run(engine, plain(workload.warm_up))
    assert run(engine, plain(workload.ops)) == [tuple(fill) for fill in workload.fills]
    engine.check()


@given(OPERATIONS, st.randoms(use_true_random=False))
def test_a_batch_trades_as_single_orders_do(steps: list[tuple[int, int, int]], rng) -> None:
    batch = []
    for number, (verb, key, qty) in enumerate(steps):
        batch.append((verb, number if verb <= TAKE else rng.randrange(number + 1), key, qty))
    engine, single = MatchingEngine(), MatchingEngine()
    half = len(batch) // 2
    assert run(engine, batch[:half]) + run(engine, batch[half:]) == one_by_one(single, batch)
    engine.check()
    assert resting(engine) == resting(single)


def resting(engine: MatchingEngine) -> list[list[tuple[int, int, int]]]:
    """Each side's orders in the order in which they would trade."""
    sides = (engine.book.bids, engine.book.asks)
    return [[(order.order_id, order.key, order.shown) for level in side for order in level] for side in sides]


def one_by_one(engine: MatchingEngine, batch: list[tuple[int, int, int, int]]) -> list[PlainTrade]:
    trades: list[PlainTrade] = []
    for verb, order_id, key, qty in batch:
        order = engine.orders.get(order_id) if verb >= CANCEL else Order(order_id, -1, key, qty)
        if order is None:
            continue
        if verb == REPLACE and key == order.key and qty <= order.shown:
            engine.reduce(order, order.shown - qty)
            continue
        if verb >= CANCEL:
            engine.cancel(order)
        if verb == CANCEL:
            continue
        order.key, order.shown = key, qty
        fills: list[Fill] = []
        if engine.match(order, key, SelfTradePrevention.CANCEL_RESTING, fills) and verb != TAKE:
            engine.rest(order)
        trades += [(order_id, maker.order_id, price, lots) for maker, price, lots in fills]
    return trades
