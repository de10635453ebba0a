"""The client against the real gateway and engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from real_exchange import RealExchange, real_exchange

from engine.types import RejectCode
from net import messages as m
from net.client import Client, ConnectionChanged, ConnectionState, Push
from net.errors import RequestRefused
from net.local_book import LocalBook


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[RealExchange]:
    async with real_exchange(tmp_path) as running:
        yield running


def client_of(exchange: RealExchange, *channels: str) -> Client:
    return Client(exchange.url, channels=channels, backoff_max_s=0.05, deadline_s=10.0)


async def next_execution(messages: AsyncIterator[Push]) -> m.ExecutionShape:
    async with asyncio.timeout(10):
        async for message in messages:
            if isinstance(message, m.Execution):
                return message.data
    raise AssertionError("the stream ended without an execution")


async def test_two_clients_trade_and_both_know_it(exchange: RealExchange) -> None:
    async with client_of(exchange) as seller, client_of(exchange) as buyer:
        await seller.register("seller")
        await buyer.register("buyer")
        rested = await seller.add_order(1, "sell", 5, price=100.0)
        assert (rested.status, rested.leaves_quantity) == (m.Status.SUCCESS, 5)
        assert [order.order_id for order in await seller.get_orders()] == [rested.order_id]
        taken = await buyer.add_order(1, "buy", 3)
        assert (taken.filled_quantity, taken.average_price) == (3, 100.0)
        maker, taker = await next_execution(seller.messages()), await next_execution(buyer.messages())
        assert (maker.liquidity.value, taker.liquidity.value) == ("maker", "taker")
        assert maker.trade_id == taker.trade_id
        portfolio = await buyer.get_portfolio()
        assert portfolio.positions["1"].quantity == 3
        assert [fill.trade_id for fill in await buyer.get_trades()] == [taker.trade_id]
        assert [trade.trade_id for trade in await buyer.get_tape(1)] == [taker.trade_id]
        assert sum(candle.volume for candle in await buyer.get_candles(1, "1s")) == 3


async def test_orders_are_modified_canceled_and_refused(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        await client.register("ann")
        placed = await client.add_order(1, "buy", 5, price=99.0, client_order_id="one")
        modified = await client.modify_order(1, placed.order_id, price=98.0, quantity=4)
        assert (modified.status, modified.leaves_quantity) == (m.Status.SUCCESS, 4)
        assert (await client.cancel_order(1, client_order_id="one")).status is m.Status.SUCCESS
        assert (await client.cancel_order(1, placed.order_id)).code is RejectCode.UNKNOWN_ORDER
        assert (await client.add_order(1, "buy", 1, price=99.001)).code is RejectCode.PRICE_OFF_TICK
        assert (await client.add_order(77, "buy", 1, price=99.0)).code is RejectCode.UNKNOWN_INSTRUMENT
        quoted = await client.mass_quote(1, bids=[(99.0, 1), (98.0, 2)], asks=[(101.0, 1)])
        assert len(quoted.order_ids) == 3
        assert (await client.cancel_after(60)).deadline is not None
        assert (await client.cancel_after(None)).deadline is None
        canceled = await client.cancel_all(1)
        assert sorted(canceled.order_ids) == sorted(quoted.order_ids)


async def test_the_same_order_sent_twice_is_placed_once(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        await client.register("ann")
        first, second = await asyncio.gather(
            *(client.add_order(1, "buy", 5, price=99.0, client_order_id="once") for _ in range(2))
        )
        assert first.order_id == second.order_id
        assert len(await client.get_orders()) == 1


async def test_an_account_keeps_the_self_trade_prevention_it_was_opened_with(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        await client.register("ann", self_trade_prevention="cancel_taker")
        resting = await client.add_order(1, "sell", 3, price=100.0)
        exchange.cut_clients()
        taken = await client.add_order(1, "buy", 5, price=100.0)
        assert (taken.filled_quantity, taken.leaves_quantity) == (0, 0)
        assert [order.order_id for order in await client.get_orders()] == [resting.order_id]


async def test_an_account_is_taken_back_with_its_token_only(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        opened = await client.register("ann")
    async with client_of(exchange) as client:
        with pytest.raises(RequestRefused) as caught:
            await client.register(agent_id=opened.agent_id, token=f"not {opened.token}")
        assert caught.value.code is RejectCode.BAD_TOKEN
        taken = await client.register(agent_id=opened.agent_id, token=opened.token)
        assert taken.agent_id == opened.agent_id


async def trade_through_cuts(exchange: RealExchange, orders: int, cut_every: int) -> tuple[list[m.OrderResult], int]:
    """Place many orders while the links break; return their results and the executions that were delivered."""
    executions: list[int] = []
    reconnects = 0
    async with client_of(exchange) as maker, client_of(exchange) as taker:
        await maker.register("maker", starting_capital=1e6)
        agent_id = (await taker.register("taker", starting_capital=1e6)).agent_id
        await maker.add_order(1, "sell", orders, price=100.0)

        async def listen() -> None:
            nonlocal reconnects
            async for message in taker.messages():
                if isinstance(message, ConnectionChanged):
                    reconnects += message.state is ConnectionState.RECONNECTING
                if isinstance(message, m.Execution):
                    executions.append(message.data.trade_id)
                    if len(executions) >= orders:
                        return

        listening = asyncio.create_task(listen())

        async def place(number: int) -> m.OrderResult:
            if number % cut_every == cut_every - 1:
                exchange.cut_clients()
            return await taker.add_order(1, "buy", 1, price=100.0)

        results = []
        for start in range(0, orders, 10):
            results += await asyncio.gather(*(place(number) for number in range(start, start + 10)))
        async with asyncio.timeout(20):
            await listening
        fills = await taker.get_trades(agent_id, limit=1_000)
        assert executions == sorted(fill.trade_id for fill in fills)
        assert reconnects == orders // cut_every
        return results, len(executions)


async def test_links_that_break_in_the_middle_of_orders_lose_and_double_nothing(exchange: RealExchange) -> None:
    results, delivered = await trade_through_cuts(exchange, orders=200, cut_every=17)
    assert [result.status for result in results] == [m.Status.SUCCESS] * 200
    assert len({result.order_id for result in results}) == 200
    assert delivered == 200


async def test_a_gateway_that_restarts_loses_and_doubles_nothing(exchange: RealExchange) -> None:
    async with client_of(exchange) as maker, client_of(exchange) as taker:
        await maker.register("maker", starting_capital=1e6)
        await taker.register("taker", starting_capital=1e6)
        await maker.add_order(1, "sell", 40, price=100.0)
        seen: list[int] = []

        async def listen() -> None:
            async for message in taker.messages():
                if isinstance(message, m.Execution):
                    seen.append(message.data.trade_id)
                    if len(seen) == 40:
                        return

        listening = asyncio.create_task(listen())
        orders = [asyncio.create_task(taker.add_order(1, "buy", 1, price=100.0)) for _ in range(20)]
        await exchange.stop_gateway()
        orders += [asyncio.create_task(taker.add_order(1, "buy", 1, price=100.0)) for _ in range(20)]
        await exchange.start_gateway()
        results = await asyncio.gather(*orders)
        async with asyncio.timeout(10):
            await listening
        assert len({result.order_id for result in results}) == 40
        assert seen == sorted(set(seen))


async def test_without_an_engine_orders_are_refused_and_then_go_on(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        await client.register("ann")
        messages = client.messages()
        await exchange.stop_engine()
        async with asyncio.timeout(10):
            async for message in messages:
                if isinstance(message, m.EngineStatus) and not message.data.connected:
                    break
        refused = await client.add_order(1, "buy", 1, price=99.0)
        assert (refused.status, refused.code) == (m.Status.ERROR, RejectCode.ENGINE_UNAVAILABLE)
        await exchange.start_engine()
        async with asyncio.timeout(10):
            async for message in messages:
                if isinstance(message, m.EngineStatus) and message.data.connected:
                    break
        assert (await client.add_order(1, "buy", 1, price=99.0)).status is m.Status.SUCCESS


async def test_a_local_book_follows_the_real_one_through_gaps(exchange: RealExchange) -> None:
    async with client_of(exchange, "book_delta:1") as watcher, client_of(exchange) as trader:
        await trader.register("ann", starting_capital=1e6)
        book = LocalBook(watcher.instrument("ACME"))
        messages = watcher.messages()
        deltas = 0

        async def follow(until_orders: int) -> None:
            nonlocal deltas
            async with asyncio.timeout(10):
                async for message in messages:
                    if isinstance(message, m.BookDelta):
                        deltas += 1
                        if deltas % 7 != 3:  # the others are lost
                            await book.update(message.data, watcher)
                    if book.synced and sum(level.orders for level in book.bids()) >= until_orders:
                        return

        for number in range(60):
            await trader.add_order(1, "buy", 1 + number % 5, price=99.0 - number % 20 / 100)
            if number == 30:
                exchange.cut_clients()
        following = asyncio.create_task(follow(61))
        while not following.done():  # the delta of one order alone might be a lost one
            await trader.add_order(1, "buy", 1, price=98.5)
            await asyncio.wait({following}, timeout=0.1)
        await following
        truth = await watcher.get_orderbook(1)
        while book.sequence < truth.sequence:
            delta = await anext(messages)
            if isinstance(delta, m.BookDelta):
                await book.update(delta.data, watcher)
        assert book.checksum() == truth.checksum
        assert [level.price for level in book.bids()] == [level.price for level in truth.bids]


async def test_connection_changes_are_told(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        messages = client.messages()
        states: list[ConnectionState] = []
        async with asyncio.timeout(10):
            async for message in messages:
                if isinstance(message, ConnectionChanged):
                    states.append(message.state)
                    if len(states) == 1:
                        exchange.cut_clients()
                    if len(states) == 3:
                        break
        assert states == [ConnectionState.LIVE, ConnectionState.RECONNECTING, ConnectionState.LIVE]


async def test_a_channel_that_was_refused_is_not_asked_for_again(exchange: RealExchange) -> None:
    async with client_of(exchange) as client:
        with pytest.raises(RequestRefused):
            await client.subscribe("no such channel")
        exchange.cut_clients()
        await client.ping()  # on the next link
