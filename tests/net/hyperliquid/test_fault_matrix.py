"""Every fault of the venue against our connector and exchange client: no fill, order or print lost, and none twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from hl_waiting import eventually
from test_exchange_client import Desk, buy, desk
from venue_world import ALICE, World, running

from engine.types import Side
from net.hyperliquid import wire
from net.hyperliquid.book_view import OrderBookView
from net.hyperliquid.decimals import from_wire
from net.hyperliquid.info_client import VenueUnavailable
from net.hyperliquid.own_orders import OrderState, OwnOrder
from net.hyperliquid.venue.faults import Fault, FaultKind

STRIKES = 2
ENDS = {"filled": OrderState.FILLED, "canceled": OrderState.CANCELED}
MATRIX = [
    *[
        (FaultKind.DROP, where)
        for where in ("order", "cancelByCloid", "orderStatus", "userFills", "orderUpdates", "ws")
    ],
    *[(FaultKind.LOSE_ANSWER, where) for where in ("order", "cancelByCloid")],
    *[(FaultKind.DELAY, where) for where in ("order", "cancelByCloid", "userFills", "orderUpdates", "trades")],
    *[(FaultKind.REFUSE, where) for where in ("order", "cancelByCloid", "orderStatus", "frontendOpenOrders")],
    *[(FaultKind.DUPLICATE, where) for where in ("userFills", "orderUpdates", "trades", "l2Book")],
    (FaultKind.FREEZE, "ws"),
]

NEEDS = {
    "orderStatus": [
        (FaultKind.LOSE_ANSWER, "order"),
        (FaultKind.DELAY, "orderUpdates"),
        (FaultKind.DELAY, "userFills"),
    ],
    "frontendOpenOrders": [(FaultKind.DROP, "ws")],
}
"""What else must go wrong for a question to be asked at all."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running(ALICE) as world:
        await world.quotes()
        yield world


async def cancel(pair: Desk, order: OwnOrder) -> None:
    """Cancel until the order has ended, as a person would."""
    for _ in range(STRIKES + 2):
        with contextlib.suppress(VenueUnavailable):
            if await pair.client.cancel(order):
                return
    raise AssertionError("the order did not end")


async def trade(world: World, pair: Desk) -> list[OwnOrder]:
    """Two orders that trade at once, and between them one that rests, trades in part, and is canceled."""
    first = await pair.client.place(buy("2001"))
    resting = await pair.client.place(buy("1999.5", size="3"))
    if not resting.ended:
        await world.take("ETH", Side.SELL, 1999.5, 1)
    await cancel(pair, resting)
    return [first, resting, await pair.client.place(buy("2001", size="0.2"))]


@pytest.mark.parametrize(("kind", "where"), MATRIX, ids=lambda part: str(getattr(part, "value", part)))
async def test_no_fault_loses_or_doubles_anything(world: World, kind: FaultKind, where: str) -> None:
    async with desk(world, expiry_ms=400) as pair:
        prints: list[wire.Print] = []
        books: list[OrderBookView] = []

        async def read_prints() -> None:
            async for fresh in pair.api.stream_prints("ETH"):
                prints.extend(fresh)

        async def read_books() -> None:
            async for book in pair.api.stream_order_book("ETH"):
                books.append(book)  # noqa: PERF401 - one by one, as they come

        reading = [asyncio.create_task(read_prints()), asyncio.create_task(read_books())]
        await eventually(lambda: world.venue.streams.subscribed >= 6 and bool(books))
        for _ in range(STRIKES):
            world.break_with(kind, where, seconds=0.6)
        for other, place in NEEDS.get(where, []):
            world.break_with(other, place, seconds=0.6)
        orders = await trade(world, pair)
        user = world.venue.users.get(ALICE)
        market = world.venue.mirror.market("ETH")
        assert user is not None
        assert market is not None

        mine = Fault(kind=kind, where=where, seconds=0.6)
        await eventually(lambda: world.venue.streams.faults.armed().count(mine) < STRIKES)
        await eventually(lambda: len(pair.client.orders.fills) >= len(user.fills) and pair.client.reconciled.is_set())
        told = Counter((fill.tid, fill.oid) for fill in pair.client.orders.fills)
        assert told == Counter((fill.tid, fill.oid) for fill in user.fills)

        for order in orders:
            known = user.find(order.cloid or "")
            if known is None:  # refused or never arrived, and so it was told
                assert order.state in (OrderState.REJECTED, OrderState.NOT_PLACED)
            else:
                assert (order.state, order.filled) == (ENDS[known.status], known.filled)
        assert len(user.orders) == sum(user.find(order.cloid or "") is not None for order in orders)
        assert user.perp.holding(2).lots * 10**4 == sum(from_wire(fill.sz) for fill in pair.client.orders.fills)

        await eventually(lambda: len(prints) >= len(market.prints))
        assert Counter(each.tid for each in prints) == Counter(each.tid for each in market.prints)
        best = [(from_wire(level.px), from_wire(level.sz)) for level in market.best().bbo if level is not None]
        await eventually(lambda: [(side[0].price, side[0].size) for side in (books[-1].bids, books[-1].asks)] == best)
        assert all(later.version > earlier.version for earlier, later in itertools.pairwise(books))
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
