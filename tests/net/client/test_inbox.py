from __future__ import annotations

import asyncio

import pytest

from net import messages as m
from net.client.inbox import Inbox


def book(symbol_id: int, sequence: int) -> m.OrderBooks:
    shape = m.OrderBookShape(symbol_id=symbol_id, sequence=sequence, bids=[], asks=[])
    return m.OrderBooks(data={str(symbol_id): shape}, sequence=sequence, timestamp=0)


def bbo(symbol_id: int, sequence: int) -> m.Bbo:
    return m.Bbo(data=m.BboShape(symbol_id=symbol_id, sequence=sequence, bid=None, ask=None, timestamp=0))


def delta(previous: int, sequence: int, price: float, quantity: float) -> m.BookDelta:
    return m.BookDelta(
        data=m.BookDeltaShape(
            symbol_id=1,
            sequence=sequence,
            previous_sequence=previous,
            bids=[(price, quantity, 1)],
            asks=[],
            checksum=sequence,
            timestamp=0,
        )
    )


def trade(trade_id: int) -> m.TradePrint:
    return m.TradePrint(
        data=m.TradeShape(trade_id=trade_id, symbol_id=1, price=1.0, quantity=1.0, side=None, timestamp=0)
    )


def private(sequence: int) -> m.PortfolioUpdate:
    return m.PortfolioUpdate(
        sequence=sequence, agent_id="a", cash=0.0, reserved=0.0, positions={}, total_value=0.0, pnl=0.0
    )


async def drain(inbox: Inbox) -> list[object]:
    inbox.close()
    found: list[object] = []
    while (message := await inbox.get()) is not None:
        found.append(message)
    return found


async def test_books_of_several_instruments_wait_as_one_message_with_the_newest_of_each() -> None:
    inbox = Inbox()
    for message in (book(1, 1), book(2, 2), book(1, 3)):
        inbox.put(message)
    (merged,) = await drain(inbox)
    assert isinstance(merged, m.OrderBooks)
    assert {key: shape.sequence for key, shape in merged.data.items()} == {"1": 3, "2": 2}
    assert (merged.sequence, inbox.conflated) == (3, 2)


async def test_only_the_newest_quote_of_each_instrument_waits() -> None:
    inbox = Inbox()
    for message in (bbo(1, 1), bbo(2, 2), bbo(1, 3)):
        inbox.put(message)
    assert await drain(inbox) == [bbo(1, 3), bbo(2, 2)]


async def test_consecutive_deltas_become_one_that_leads_from_the_first_to_the_last() -> None:
    inbox = Inbox()
    for message in (delta(0, 1, 9.0, 5.0), delta(1, 2, 8.0, 3.0), delta(2, 3, 9.0, 0.0)):
        inbox.put(message)
    (merged,) = await drain(inbox)
    assert isinstance(merged, m.BookDelta)
    assert (merged.data.previous_sequence, merged.data.sequence, merged.data.checksum) == (0, 3, 3)
    assert merged.data.bids == [(9.0, 0.0, 1), (8.0, 3.0, 1)]


async def test_a_gap_between_deltas_is_left_to_be_seen() -> None:
    inbox = Inbox()
    for message in (delta(0, 1, 9.0, 5.0), delta(4, 5, 8.0, 3.0)):
        inbox.put(message)
    assert await drain(inbox) == [delta(4, 5, 8.0, 3.0)]


async def test_the_tape_drops_its_oldest_and_counts_them() -> None:
    inbox = Inbox(tape_limit=3)
    for number in range(5):
        inbox.put(trade(number))
    assert await drain(inbox) == [trade(2), trade(3), trade(4)]
    assert inbox.dropped == 2


async def test_lanes_are_read_in_the_order_of_arrival() -> None:
    inbox = Inbox()
    sent = [trade(1), private(1), bbo(1, 1), private(2), trade(2), bbo(2, 1)]
    for message in sent:
        inbox.put(message)
    assert await drain(inbox) == sent


async def test_a_read_inbox_is_full_at_its_limit_and_has_room_again_at_half() -> None:
    inbox = Inbox(kept_limit=4)
    inbox.consumed = True
    for number in range(4):
        inbox.put(private(number))
    assert inbox.full
    waiting = asyncio.create_task(inbox.room())
    await inbox.get()
    await asyncio.sleep(0)
    assert not waiting.done()
    await inbox.get()
    await waiting
    assert not inbox.full


async def test_an_unread_inbox_is_never_full_and_keeps_the_newest() -> None:
    inbox = Inbox(kept_limit=2)
    for number in range(5):
        inbox.put(private(number))
    assert not inbox.full
    assert await drain(inbox) == [private(3), private(4)]


async def test_an_inbox_whose_reader_went_away_has_room() -> None:
    inbox = Inbox(kept_limit=4)
    inbox.consumed = True
    for sequence in range(1, 5):
        inbox.put(private(sequence))
    room = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    assert not room.done()
    inbox.consumed = False
    async with asyncio.timeout(20):
        await room


async def test_a_reader_waits_until_something_comes() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    assert not reader.done()
    inbox.put(trade(1))
    assert await reader == trade(1)


@pytest.mark.parametrize("count", [10_000])
async def test_a_stalled_reader_costs_bounded_memory(count: int) -> None:
    inbox = Inbox(tape_limit=100)
    for number in range(count):
        inbox.put(book(1 + number % 3, number))
        inbox.put(bbo(1 + number % 3, number))
        inbox.put(trade(number))
        inbox.put(delta(number, number + 1, 9.0, 1.0))
    assert len(inbox) == 1 + 3 + 100 + 1
