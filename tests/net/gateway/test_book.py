from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.events import DepthChanged, LevelChange
from engine.service import DepthView
from net.checksum import book_checksum
from net.gateway.book import MirrorBook
from net.units import Units

CENTS = Units(tick_e8=1_000_000, lot_e8=100_000_000)
SIDE = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 9)), max_size=6)


def changes(pairs: list[tuple[int, int]]) -> tuple[LevelChange, ...]:
    return tuple(LevelChange(price, qty, min(qty, 3)) for price, qty in pairs)


@given(st.lists(st.tuples(SIDE, SIDE), max_size=20))
def test_a_book_made_of_changes_is_what_they_say_last(
    steps: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]],
) -> None:
    book = MirrorBook(1, CENTS, 0)
    bids: dict[int, LevelChange] = {}
    asks: dict[int, LevelChange] = {}
    for sequence, (bid_pairs, ask_pairs) in enumerate(steps, 1):
        book.apply(DepthChanged(symbol_id=1, bids=changes(bid_pairs), asks=changes(ask_pairs)), sequence)
        for side, pairs in ((bids, bid_pairs), (asks, ask_pairs)):
            for level in changes(pairs):
                side[level.price] = level
    wanted_bids = [bids[price] for price in sorted(bids, reverse=True) if bids[price].qty]
    wanted_asks = [asks[price] for price in sorted(asks) if asks[price].qty]
    assert list(book.bids.best_first()) == wanted_bids
    assert list(book.asks.best_first()) == wanted_asks
    assert book.checksum() == book_checksum(
        [(level.price, level.qty, level.orders) for level in wanted_bids],
        [(level.price, level.qty, level.orders) for level in wanted_asks],
    )
    assert book.checksum() == book.checksum()


def test_a_delta_tells_each_changed_level_once_as_it_is_now() -> None:
    book = MirrorBook(1, CENTS, 0)
    book.load(DepthView(symbol_id=1, sequence=5, bids=changes([(100, 3)]), asks=()))
    book.apply(DepthChanged(symbol_id=1, bids=changes([(100, 0), (99, 2)])), 6)
    book.apply(DepthChanged(symbol_id=1, bids=changes([(99, 4)])), 8)
    delta = book.take_delta(1_000)
    assert delta is not None
    assert (delta.previous_sequence, delta.sequence, delta.checksum) == (5, 8, book.checksum())
    assert delta.bids == [(1.0, 0.0, 0), (0.99, 4.0, 3)]
    assert book.take_delta(1_000) is None


def test_deltas_that_nobody_wanted_are_not_told_later() -> None:
    book = MirrorBook(1, CENTS, 0)
    book.apply(DepthChanged(symbol_id=1, bids=changes([(100, 3)])), 1)
    book.skip_delta()
    book.apply(DepthChanged(symbol_id=1, asks=changes([(101, 1)])), 2)
    delta = book.take_delta(0)
    assert delta is not None
    assert (delta.previous_sequence, delta.bids, delta.asks) == (1, [], [(1.01, 1.0, 1)])


def test_what_an_auction_would_trade_is_told_with_the_book_and_its_deltas() -> None:
    book = MirrorBook(1, CENTS, 0)
    book.load(DepthView(symbol_id=1, sequence=5, bids=changes([(101, 3)]), asks=(), indication=(101, 3)))
    assert (book.shape().indicative_price, book.shape().indicative_quantity) == (1.01, 3.0)
    book.indicate((100, 2), 7)
    delta = book.take_delta(0)
    assert delta is not None
    assert (delta.previous_sequence, delta.sequence, delta.bids, delta.asks) == (5, 7, [], [])
    assert (delta.indicative_price, delta.indicative_quantity) == (1.0, 2.0)
    assert b"indicative" in bytes(book.encoded(5))
    book.indicate(None, 8)
    assert b"indicative" not in bytes(book.encoded(5))


def test_the_encoding_is_kept_until_the_book_changes() -> None:
    book = MirrorBook(1, CENTS, 0)
    first = book.encoded(5)
    assert book.encoded(5) is first
    book.apply(DepthChanged(symbol_id=1, bids=changes([(100, 3)])), 1)
    assert bytes(book.encoded(5)) != bytes(first)


def test_the_best_of_an_empty_side_is_nothing() -> None:
    bbo = MirrorBook(1, CENTS, 0).bbo(7)
    assert (bbo.bid, bbo.ask, bbo.timestamp) == (None, None, 7)
