"""Plain orders in one call trade as they do one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.matching import plain
from benchmarks.workload import VARIANTS, generate
from engine.batch import ADD, CANCEL, REPLACE, TAKE, Operation, OrderFlow, PlainTrade
from engine.book import OrderBook
from engine.book_check import check_book
from engine.matching import Fill, MatchingEngine
from engine.types import SelfTradePrevention

PRICES = st.integers(1, 6).flatmap(lambda price: st.sampled_from((price, -price)))
OPERATIONS = st.lists(
    st.tuples(st.sampled_from((ADD, ADD, TAKE, CANCEL, REPLACE)), PRICES, st.integers(1, 9)), max_size=60
)


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_recorded_flow_trades_as_in_the_reference_book(name: str) -> None:
    workload = generate(name, 3_000)
    flow = OrderFlow()
    flow.run(plain(workload.warm_up))
    assert flow.run(plain(workload.ops)) == [tuple(fill) for fill in workload.fills]
    check_book(flow.book)


@given(OPERATIONS, st.randoms(use_true_random=False))
def test_a_batch_trades_as_single_orders_do(steps: list[tuple[int, int, int]], rng) -> None:
    batch = []
    for number, (verb, key, qty) in enumerate(steps, 1):
        batch.append((verb, number if verb <= TAKE else rng.randint(1, number), key, qty))
    flow, single = OrderFlow(), MatchingEngine()
    half = len(batch) // 2
    assert flow.run(batch[:half]) + flow.run(batch[half:]) == one_by_one(single, batch)
    check_book(flow.book)
    check_book(single.book)
    assert resting(flow.book) == resting(single.book)


def test_fewer_lots_keep_the_place_in_the_queue_and_more_lose_it() -> None:
    flow = OrderFlow()
    flow.run([(ADD, 1, 5, 10), (ADD, 2, 5, 10), (REPLACE, 1, 5, 4)])
    assert resting(flow.book)[0] == [(1, 5, 4), (2, 5, 10)]
    flow.run([(REPLACE, 1, 5, 6)])
    assert resting(flow.book)[0] == [(2, 5, 10), (1, 5, 6)]


def resting(book: OrderBook) -> list[list[tuple[int, int, int]]]:
    """Each side's orders in the order in which they would trade."""
    return [
        [
            (book.ids[slot], book.key_of[level], book.shown[slot])
            for level in book.best_first(side)
            for slot in book.queue(level)
        ]
        for side in (book.bids, book.asks)
    ]


def one_by_one(engine: MatchingEngine, batch: list[Operation]) -> list[PlainTrade]:
    trades: list[PlainTrade] = []
    slots: dict[int, int] = {}
    book = engine.book
    for verb, order_id, key, qty in batch:
        if verb >= CANCEL:
            slot = slots.get(order_id, 0)
            if not slot or book.ids[slot] != order_id:
                continue
            if verb == REPLACE and key == book.key_of[book.level_of[slot]] and qty <= book.shown[slot]:
                engine.reduce(slot, book.shown[slot] - qty)
                continue
            book.remove(slot)
        if verb == CANCEL:
            continue
        owner = order_id  # everybody places one order, so nobody meets himself
        fills: list[Fill] = []
        left = engine.match(owner, key, qty, SelfTradePrevention.CANCEL_RESTING, fills)
        trades += [(order_id, *fill) for fill in fills]
        if left and verb != TAKE:
            slots[order_id] = engine.rest(order_id, owner, key, left)
    return trades
