"""Our exchange client and connector against our venue, with every fault: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hl_waiting import eventually
from venue_world import ALICE, ALICE_KEY, World, running

from engine.types import Side
from net.hyperliquid.api_client import HyperliquidApiClient
from net.hyperliquid.connection import Timing
from net.hyperliquid.exchange_client import ExchangeClient
from net.hyperliquid.info_client import InfoClient, Network
from net.hyperliquid.keys import SdkSigner
from net.hyperliquid.market_data import MarketState
from net.hyperliquid.names import Universe, UnknownName
from net.hyperliquid.own_orders import ClientOrderRequest, OrderState
from net.hyperliquid.safety import BadRequest, Locked, Safety
from net.hyperliquid.venue.faults import FaultKind

pytest.importorskip("hyperliquid.utils.signing", reason="needs the extra hyperliquid-clients")

TIMING = Timing(ack=1.0, ping_every=1.0, pong=1.0, whole_book=0.6, fast_book=0.5, context=0.6, patience=2.0)


def unlocked(value_max: int = 100_000 * 10**8) -> Safety:
    safety = Safety(value_max=value_max)
    safety.unlock(safety.confirmation)
    return safety


class Desk:
    """A connector and an exchange client that hear each other's venue."""

    def __init__(self, api: HyperliquidApiClient, client: ExchangeClient) -> None:
        self.api = api
        self.client = client

    async def hear(self) -> None:
        while True:
            notice = await self.api.channel.get()
            self.api.cache.apply(notice)
            self.client.take(notice)


@asynccontextmanager
async def desk(
    world: World,
    *,
    expiry_ms: int = 1_000,
    safety: Safety | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Desk]:
    api = HyperliquidApiClient(world.url, timing=TIMING, rng=random.Random(3))
    http = httpx.AsyncClient(timeout=0.5, transport=transport)
    client = ExchangeClient(
        world.url,
        SdkSigner(ALICE_KEY, mainnet=False),
        ALICE,
        api.info,
        await api.universe(),
        http=http,
        expiry_ms=expiry_ms,
        safety=safety or unlocked(),
    )
    for stream in client.streams():
        api.handler.subscribe(stream)
    pair = Desk(api, client)
    tasks = [asyncio.create_task(work) for work in (api.handler.run(), pair.hear(), client.keep_reconciled())]
    try:
        await asyncio.wait_for(client.reconciled.wait(), 10)
        yield pair
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.close()
        await api.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running(ALICE) as world:
        await world.quotes()
        yield world


def buy(price: str, size: str = "0.5", tif: str = "Gtc") -> ClientOrderRequest:
    return ClientOrderRequest(market="ETH", side=Side.BUY, price=price, size=size, tif=tif)


def venue_orders(world: World) -> list[str]:
    """Status of every order that the venue ever took from us."""
    user = world.venue.users.get(ALICE)
    assert user is not None
    return [order.status for order in user.orders.values()]


async def test_an_order_from_request_to_fill(world: World) -> None:
    async with desk(world) as pair:
        order = await pair.client.place(buy("2001"))
        assert (order.state, order.oid) == (OrderState.FILLED, 21)
        await eventually(lambda: order.filled == order.size)
        assert order.average_price == 2001 * 10**8
        resting = await pair.client.place(buy("1900"))
        assert resting.state is OrderState.WORKING
        assert await pair.client.cancel(resting)
        assert resting.state is OrderState.CANCELED
        refused = await pair.client.place(buy("2001", tif="Alo"))
        assert refused.state is OrderState.REJECTED
        assert refused.reason.startswith("Post only order would have immediately matched")
        assert len(pair.client.orders.fills) == 1


async def test_a_lost_answer_is_looked_up_and_never_sent_again(world: World) -> None:
    async with desk(world) as pair:
        world.break_with(FaultKind.LOSE_ANSWER, "order")
        order = await pair.client.place(buy("1900"))
        assert order.state is OrderState.WORKING
        world.break_with(FaultKind.LOSE_ANSWER, "order")
        taken = await pair.client.place(buy("2001"))
        assert taken.state is OrderState.FILLED
        assert venue_orders(world) == ["open", "filled"]


async def test_an_order_that_never_arrived_is_known_not_to_be_placed(world: World) -> None:
    async with desk(world) as pair:
        world.break_with(FaultKind.DROP, "order")
        order = await pair.client.place(buy("1900"))
        assert order.state is OrderState.NOT_PLACED
        assert venue_orders(world) == []


async def test_an_answer_that_is_too_late_is_no_second_order(world: World) -> None:
    async with desk(world) as pair:
        world.break_with(FaultKind.DELAY, "order", seconds=1.0)
        order = await pair.client.place(buy("1900"))
        assert order.state is OrderState.WORKING
        assert venue_orders(world) == ["open"]


class Mangling(httpx.AsyncHTTPTransport):
    """Lets every request through and answers with something else."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        await response.aread()
        return httpx.Response(response.status_code, content=self._answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>try later</html>",
        b"[]",
        b'{"status":"ok"}',
        b'{"status":"ok","response":{"type":"default"}}',
        b'{"status":"ok","response":{"type":"order","data":{"statuses":[]}}}',
        b'{"status":"ok","response":{"type":"order","data":{"statuses":["waitingForFill"]}}}',
        b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":"new form"}}]}}}',
    ],
)
async def test_an_answer_that_cannot_be_read_is_looked_up(world: World, answer: bytes) -> None:
    async with desk(world, transport=Mangling(answer)) as pair:
        resting, taken = [await asyncio.wait_for(pair.client.place(buy(price)), 5) for price in ("1900", "2001")]
        assert (resting.state, taken.state) == (OrderState.WORKING, OrderState.FILLED)
        await asyncio.wait_for(pair.client.cancel(resting), 5)
        assert resting.state is OrderState.CANCELED
        assert venue_orders(world) == ["canceled", "filled"]


async def test_a_refusal_is_told(world: World) -> None:
    async with desk(world) as pair:
        world.break_with(FaultKind.REFUSE, "order", text="Only post-only orders allowed")
        order = await pair.client.place(buy("1900"))
        assert (order.state, order.reason) == (OrderState.REJECTED, "Only post-only orders allowed")


async def test_a_lost_answer_to_a_cancel_is_looked_up(world: World) -> None:
    async with desk(world) as pair:
        order = await pair.client.place(buy("1900"))
        world.break_with(FaultKind.LOSE_ANSWER, "cancelByCloid")
        assert await pair.client.cancel(order)
        assert order.state is OrderState.CANCELED


async def test_fills_told_while_the_socket_was_down_are_neither_lost_nor_doubled(world: World) -> None:
    async with desk(world) as pair:
        resting = await pair.client.place(buy("1999.5", size="3"))
        await world.take("ETH", Side.SELL, 1999.5, 1)
        await eventually(lambda: resting.filled == 10**8)
        world.break_with(FaultKind.DROP, "ws")
        await eventually(lambda: not pair.client.reconciled.is_set())
        await world.take("ETH", Side.SELL, 1999.5, 2)
        await eventually(lambda: resting.filled == 3 * 10**8)
        assert resting.state is OrderState.FILLED
        assert len(pair.client.orders.fills) == 2


async def test_frames_that_come_twice_count_once(world: World) -> None:
    async with desk(world) as pair:
        world.break_with(FaultKind.DUPLICATE, "userFills", count=5)
        world.break_with(FaultKind.DUPLICATE, "orderUpdates", count=5)
        order = await pair.client.place(buy("2001"))
        await eventually(lambda: order.filled == order.size)
        again = await pair.client.place(buy("2001", size="0.1"))
        await eventually(lambda: again.filled == again.size)
        assert len(pair.client.orders.fills) == 2


async def test_frozen_streams_are_seen_as_stale_and_the_market_comes_back(world: World) -> None:
    async with desk(world) as pair:
        stream = pair.api.stream_order_book("ETH")
        assert (await anext(stream)).bids[0].price == 1999 * 10**8
        states: list[MarketState] = []
        world.break_with(FaultKind.FREEZE, "ws", seconds=1.0)

        def saw_stale_then_live() -> bool:
            state = pair.api.state("ETH")
            if not states or states[-1] is not state:
                states.append(state)
            return MarketState.STALE in states and states[-1] is MarketState.LIVE

        await eventually(saw_stale_then_live)
        await world.quote("ETH", Side.BUY, 1999.5, 1)
        while (await asyncio.wait_for(anext(stream), 5)).bids[0].price != 19995 * 10**7:
            pass
        await stream.aclose()


async def test_the_kill_switch_is_the_venues(world: World) -> None:
    async with desk(world) as pair:
        assert "at least 5 seconds" in await pair.client.cancel_after(1)
        assert await pair.client.cancel_after(60) == ""
        assert world.venue.store.state.schedules.keys() == {ALICE}
        assert await pair.client.cancel_after(None) == ""
        assert world.venue.store.state.schedules == {}


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (buy("2000.123"), "off the tick"),
        (buy("2000", size="0.00001"), "off the lot"),
        (buy("2000", size="51"), "more than the cap"),
        (buy("abc"), "not a decimal number"),
        (buy("2000", tif="Fok"), "no time in force"),
    ],
)
async def test_a_bad_request_is_never_sent(world: World, request_: ClientOrderRequest, why: str) -> None:
    async with desk(world) as pair:
        with pytest.raises(BadRequest, match=why):
            await pair.client.place(request_)
        assert pair.client.orders.orders == {}


def real(safety: Safety) -> ExchangeClient:
    """A client of the real testnet that no request ever leaves."""
    url = Network.TESTNET.value
    refuse = httpx.MockTransport(lambda request: pytest.fail(f"sent to {request.url}"))
    http = httpx.AsyncClient(transport=refuse)
    return ExchangeClient(
        url, SdkSigner(ALICE_KEY, mainnet=False), ALICE, InfoClient(url, http), Universe([]), safety=safety, http=http
    )


async def test_a_real_network_must_be_named_and_unlocked_by_typing_what_will_happen() -> None:
    with pytest.raises(Locked, match="name that network"):
        real(Safety())
    with pytest.raises(Locked, match="name that network"):
        real(Safety(network=Network.MAINNET))
    safety = Safety(network=Network.TESTNET, value_max=50 * 10**8)
    client = real(safety)
    assert safety.banner == ""
    with pytest.raises(Locked, match=r"trade up to \$50 per order on testnet"):
        await client.place(buy("2000"))
    with pytest.raises(Locked):
        safety.unlock("yes")
    safety.unlock("trade up to $50 per order on testnet")
    assert safety.banner == "REAL ORDERS · TESTNET · up to $50 per order"
    with pytest.raises(UnknownName):
        await client.place(buy("2000"))
    await client.close()


async def test_the_kill_cancels_what_other_programs_placed_too_and_takes_the_venues_switch_back(world: World) -> None:
    async with desk(world) as other, desk(world) as pair:
        await pair.client.place(buy("1900"))
        await other.client.place(buy("1901"))
        assert await pair.client.kill() == ""
        assert venue_orders(world) == ["canceled", "canceled"]
        assert world.venue.store.state.schedules == {}


async def test_a_kill_that_cannot_reach_the_venue_leaves_its_switch_set(world: World) -> None:
    async with desk(world) as pair:
        order = await pair.client.place(buy("1900"))
        world.break_with(FaultKind.DROP, "cancelByCloid", count=9)
        assert await pair.client.kill() == "1 orders are still open at the venue, 0 have no answer yet; " + (
            "its switch cancels in 6 s"
        )
        assert world.venue.store.state.schedules.keys() == {ALICE}
        assert order.state is OrderState.WORKING


class SlowOnce(httpx.AsyncHTTPTransport):
    """Keeps the first switch on its way until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if b"scheduleCancel" in request.content and not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()
        return await super().handle_async_request(request)


async def test_a_switch_that_is_slow_on_its_way_does_not_undo_a_later_one(world: World) -> None:
    slow = SlowOnce()
    async with desk(world, transport=slow) as pair:
        renewing = asyncio.create_task(pair.client.cancel_after(120))
        await asyncio.wait_for(slow.reached.wait(), 10)
        killing = asyncio.create_task(pair.client.cancel_after(10))
        await asyncio.wait({killing}, timeout=0.5)  # time enough to overtake
        slow.go_on.set()
        assert await asyncio.gather(renewing, killing) == ["", ""]
        assert world.venue.store.state.schedules[ALICE] - world.venue.now_ms() < 60_000


async def test_orders_of_an_earlier_session_are_taken_over_with_their_fills(world: World) -> None:
    async with desk(world) as first:
        await first.client.place(buy("1999.5", size="3"))
        await world.take("ETH", Side.SELL, 1999.5, 1)
    async with desk(world) as second:
        [order] = second.client.orders.working()
        assert (order.size, order.filled, order.remaining) == (3 * 10**8, 10**8, 2 * 10**8)
        await world.take("ETH", Side.SELL, 1999.5, 2)
        await eventually(lambda: order.state is OrderState.FILLED)
        assert order.filled == 3 * 10**8
