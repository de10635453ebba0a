"""A local book against an obvious one that publishes deltas."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.types import InstrumentStatus
from net import messages as m
from net.checksum import book_checksum
from net.client.inbox import merge_deltas
from net.errors import ProtocolViolation
from net.local_book import LocalBook

TICK = 0.01
LOT = 0.1
INSTRUMENT = m.InstrumentShape(
    symbol_id=3,
    ticker="WIDG",
    description="",
    industry="",
    initial_price=1.0,
    tick_size=TICK,
    lot_size=LOT,
    status=InstrumentStatus.OPEN,
    source="simulated",
)


class Publisher:
    """The exchange's side: dicts of ticks, sorted anew for each message."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]] = ({}, {})
        self.sequence = 0

    def levels(self, side: int) -> list[tuple[int, int, int]]:
        return [(ticks, *self.sides[side][ticks]) for ticks in sorted(self.sides[side], reverse=side == 0)]

    def checksum(self) -> int:
        return book_checksum(self.levels(0), self.levels(1))

    def change(self, side: int, ticks: int, lots: int) -> m.BookDeltaShape:
        if lots:
            self.sides[side][ticks] = (lots, 1)
        else:
            self.sides[side].pop(ticks, None)
        previous, self.sequence = self.sequence, self.sequence + 1
        level = [(ticks * TICK, lots * LOT, 1 if lots else 0)]
        return m.BookDeltaShape(
            symbol_id=3,
            sequence=self.sequence,
            previous_sequence=previous,
            bids=level if side == 0 else [],
            asks=level if side == 1 else [],
            checksum=self.checksum(),
            timestamp=0,
        )

    def snapshot(self) -> m.OrderBookData:
        def shapes(side: int) -> list[m.LevelShape]:
            return [
                m.LevelShape(price=ticks * TICK, quantity=lots * LOT, orders=orders)
                for ticks, lots, orders in self.levels(side)
            ]

        return m.OrderBookData(
            symbol_id=3,
            sequence=self.sequence,
            bids=shapes(0),
            asks=shapes(1),
            checksum=self.checksum(),
            timestamp=0,
        )

    async def get_orderbook(self, symbol_id: int) -> m.OrderBookData:
        assert symbol_id == 3
        return self.snapshot()


def started() -> tuple[Publisher, LocalBook]:
    publisher, book = Publisher(), LocalBook(INSTRUMENT)
    publisher.change(0, 100, 5)
    publisher.change(1, 101, 7)
    book.load(publisher.snapshot())
    return publisher, book


def test_a_loaded_book_shows_its_best_levels_in_units() -> None:
    _, book = started()
    assert book.best_bid == m.LevelShape(price=1.0, quantity=0.5, orders=1)
    assert book.best_ask == m.LevelShape(price=1.01, quantity=0.7, orders=1)
    assert book.synced


def test_levels_are_listed_best_first() -> None:
    publisher, book = started()
    for side, ticks in ((0, 99), (0, 98), (1, 103), (1, 102)):
        assert book.apply(publisher.change(side, ticks, 1))
    assert [level.price for level in book.bids()] == [1.0, 0.99, 0.98]
    assert [level.price for level in book.asks(2)] == [1.01, 1.02]


def test_an_empty_book_has_no_best_levels() -> None:
    book = LocalBook(INSTRUMENT)
    assert book.best_bid is None
    assert book.best_ask is None


async def test_a_missed_delta_is_noticed_and_repaired() -> None:
    publisher, book = started()
    publisher.change(0, 99, 4)
    assert await book.update(publisher.change(0, 98, 2), publisher)
    assert (book.synced, book.repairs) == (True, 1)
    assert book.checksum() == publisher.checksum()


def test_a_gap_counts_even_where_nothing_seems_to_be_missing() -> None:
    publisher, book = started()
    publisher.change(0, 99, 4)
    assert not book.apply(publisher.change(0, 99, 6))


async def test_a_wrong_checksum_is_noticed_and_repaired() -> None:
    publisher, book = started()
    delta = publisher.change(0, 99, 4)
    wrong = msgspec.structs.replace(delta, bids=[(0.99, 0.3, 1)])
    assert not book.apply(wrong)
    assert await book.update(publisher.change(0, 98, 2), publisher)
    assert book.checksum() == publisher.checksum()


async def test_the_first_delta_fetches_the_first_snapshot() -> None:
    publisher, book = Publisher(), LocalBook(INSTRUMENT)
    assert await book.update(publisher.change(0, 100, 5), publisher)
    assert (book.synced, book.repairs) == (True, 0)


def test_a_delta_of_before_the_snapshot_changes_nothing() -> None:
    publisher, book = Publisher(), LocalBook(INSTRUMENT)
    old = publisher.change(0, 100, 5)
    publisher.change(0, 100, 6)
    book.load(publisher.snapshot())
    assert book.apply(old)
    assert book.best_bid == m.LevelShape(price=1.0, quantity=0.6, orders=1)


def test_a_delta_that_began_before_the_snapshot_is_applied() -> None:
    publisher, book = Publisher(), LocalBook(INSTRUMENT)
    first = publisher.change(0, 100, 5)
    book.load(publisher.snapshot())
    second = publisher.change(1, 101, 2)
    joined = merge_deltas(m.BookDelta(data=first), m.BookDelta(data=second)).data
    assert joined.previous_sequence == 0
    assert book.apply(joined)
    assert book.checksum() == publisher.checksum()


def test_a_book_knows_what_an_auction_would_trade_as_the_newest_version_told() -> None:
    publisher, book = Publisher(), LocalBook(INSTRUMENT)
    told = {"indicative_price": 1.0, "indicative_quantity": 0.3}
    book.load(msgspec.structs.replace(publisher.snapshot(), **told))
    assert (book.indicative_price, book.indicative_quantity) == (1.0, 0.3)
    first = msgspec.structs.replace(publisher.change(0, 100, 5), indicative_price=1.1, indicative_quantity=0.4)
    second = msgspec.structs.replace(publisher.change(1, 101, 2), indicative_price=1.2, indicative_quantity=0.5)
    assert book.apply(merge_deltas(m.BookDelta(data=first), m.BookDelta(data=second)).data)
    assert (book.indicative_price, book.indicative_quantity) == (1.2, 0.5)
    assert book.apply(publisher.change(1, 101, 3))
    assert (book.indicative_price, book.indicative_quantity) == (None, None)


def test_a_snapshot_that_contradicts_itself_is_refused() -> None:
    publisher, book = started()
    with pytest.raises(ProtocolViolation):
        book.load(msgspec.structs.replace(publisher.snapshot(), checksum=1))
    assert not book.synced


def test_a_snapshot_of_another_instrument_is_refused() -> None:
    publisher, book = started()
    with pytest.raises(ProtocolViolation):
        book.load(msgspec.structs.replace(publisher.snapshot(), symbol_id=4))


CHANGES = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 30), st.integers(0, 5), st.booleans()), max_size=60)


@given(CHANGES)
async def test_whatever_is_lost_a_synced_book_equals_the_published_one(
    changes: list[tuple[int, int, int, bool]],
) -> None:
    publisher, book = started()
    for side, ticks, lots, lost in changes:
        delta = publisher.change(side, ticks, lots)
        if lost:
            continue
        await book.update(delta, publisher)
        assert book.synced
        assert book.checksum() == publisher.checksum()


@given(CHANGES)
def test_merged_deltas_say_the_same_as_all_of_them(changes: list[tuple[int, int, int, bool]]) -> None:
    publisher, book = started()
    waiting: m.BookDelta | None = None
    for side, ticks, lots, read in changes:
        delta = m.BookDelta(data=publisher.change(side, ticks, lots))
        waiting = merge_deltas(waiting, delta) if waiting else delta
        if read:
            assert book.apply(waiting.data)
            assert book.checksum() == publisher.checksum()
            waiting = None
