"""The book's rows against a dictionary of lists."""

from hypothesis import given
from hypothesis import strategies as st

from engine.book import EMPTY_PAGES_KEPT, NOBODY, OrderBook
from engine.book_check import check_book

NEAR = st.integers(96, 160)
FAR = st.integers(0, 40).map(lambda step: 1 + 1_000 * step)
EXTREME = st.sampled_from((1, 31, 32, 33, 10**15))
KEYS = st.one_of(NEAR, FAR, EXTREME).flatmap(lambda price: st.sampled_from((price, -price)))
STEPS = st.lists(st.tuples(KEYS, st.integers(1, 9), st.floats(0, 1), st.booleans()), max_size=80)

Queues = dict[int, list[tuple[int, int]]]
"""Ids and lots in order of arrival, by signed price."""


def queues_of(book: OrderBook) -> Queues:
    return {
        int(book.key_of[level]): [(int(book.ids[slot]), int(book.shown[slot])) for slot in book.queue(level)]
        for side in (book.bids, book.asks)
        for level in book.best_first(side)
    }


@given(STEPS)
def test_orders_stand_where_they_were_put_until_they_are_taken_out(steps: list[tuple[int, int, float, bool]]) -> None:
    book, queues, slots = OrderBook(), Queues(), dict[int, int]()
    for order_id, (key, lots, pick, cancel) in enumerate(steps, 1):
        if cancel and slots:
            gone = sorted(slots)[int(pick * (len(slots) - 1))]
            slot = slots.pop(gone)
            at = int(book.key_of[book.level_of[slot]])
            book.remove(slot)
            queues[at] = [order for order in queues[at] if order[0] != gone]
        else:
            slots[order_id] = book.add(order_id, NOBODY, key, lots)
            queues.setdefault(key, []).append((order_id, lots))
        queues = {at: queue for at, queue in queues.items() if queue}
        assert queues_of(book) == queues
        assert book.bids.best == max([at for at in queues if at > 0], default=0)
        assert book.asks.best == max([at for at in queues if at < 0], default=0)
        check_book(book, crossing_allowed=True)


@given(st.lists(st.tuples(st.integers(1, 3_000), st.booleans()), max_size=150))
def test_far_prices_that_come_and_go_leave_the_rest_alone(steps: list[tuple[int, bool]]) -> None:
    book = OrderBook()
    kept: dict[int, int] = {}
    for order_id, (page, stays) in enumerate(steps, 1):
        slot = book.add(order_id, NOBODY, page * 32, order_id)
        if stays:
            kept[order_id] = page * 32
        else:
            book.remove(slot)
    assert sorted(kept.items()) == sorted((o, key) for key, queue in queues_of(book).items() for o, _ in queue)
    check_book(book)


def test_memory_follows_the_orders_and_not_the_prices_they_visited() -> None:
    book = OrderBook()
    book.add(1, NOBODY, 400_000, 5)  # bids below the best are not looked at when they go; asks are
    for key in range(1, 320_000, 32):
        book.remove(book.add(2, NOBODY, key, 5))
        book.remove(book.add(3, NOBODY, -key - 400_000, 5))
    assert len(book.words) <= EMPTY_PAGES_KEPT + 2
    assert len(book.ids) <= 4
    check_book(book)


def test_a_level_is_told_apart_from_its_neighbours_on_the_same_page_and_on_the_next() -> None:
    book = OrderBook()
    for number, key in enumerate((31, 32, 63, 64, -31, -32, -63, -64), 1):
        book.add(number, NOBODY, key, number)
    assert book.keys(book.bids) == [64, 63, 32, 31]
    assert book.keys(book.asks) == [-31, -32, -63, -64]
    assert book.keys(book.bids, 2) == [64, 63]
    check_book(book, crossing_allowed=True)


def test_who_stands_behind_counts_the_visible_lots_ahead() -> None:
    book = OrderBook()
    first, second, third = (book.add(number, NOBODY, 100, 10 * number) for number in (1, 2, 3))
    assert [book.queue_ahead(slot) for slot in (first, second, third)] == [0, 10, 30]
    book.remove(second)
    assert book.queue_ahead(third) == 10
