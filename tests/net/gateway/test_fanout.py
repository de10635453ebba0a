"""``orderbooks``: each client the newest books at its own rate."""

from __future__ import annotations

import asyncio

from gateway_world import Client, World


async def books_until(client: Client, bid: float) -> int:
    """Read until ACME's best bid is ``bid``; how many messages came."""
    count = 0
    while True:
        message = await client.wait_for("orderbooks")
        count += 1
        bids = message["data"].get("1", {}).get("bids")
        if bids and bids[0]["price"] == bid:
            return count


async def climb(world: World, steps: int) -> float:
    """Let ACME's best bid rise tick by tick; the last one."""
    trader = await world.trader()
    price = 0.0
    for step in range(steps):
        price = round(95 + step * 0.01, 2)
        await trader.order("buy", 1, price)
    return price


async def test_a_client_gets_the_newest_book_not_every_book(world: World) -> None:
    client, loop = await world.connect(), asyncio.get_running_loop()
    begun_s = loop.time()
    reading = asyncio.create_task(books_until(client, 95.99))
    last = await climb(world, 100)
    assert last == 95.99
    books = await asyncio.wait_for(reading, 20)
    assert books <= 2 + (loop.time() - begun_s) * world.gateway.config.rate_hz
    assert books < 100


async def test_each_client_has_the_rate_it_asked_for(world: World) -> None:
    slow, fast = await world.connect(), await world.connect()
    await slow.ask("subscribe", "subscribed", channels=["orderbooks"], rate_hz=1)
    answer = await fast.ask("subscribe", "subscribed", channels=["orderbooks"], rate_hz=50)
    assert answer["data"]["rate_hz"] == 50
    counting = [asyncio.create_task(books_until(client, 96.99)) for client in (slow, fast)]
    await climb(world, 200)
    few, many = await asyncio.wait_for(asyncio.gather(*counting), 10)
    assert few < many


async def test_a_message_carries_only_the_books_that_changed(world: World) -> None:
    client, trader = await world.connect(), await world.trader()
    await trader.order("buy", 1, 99.0)
    books = await client.wait_for("orderbooks")
    assert list(books["data"]) == ["1"]
    assert books["data"]["1"]["sequence"] == books["sequence"]


async def test_a_client_of_one_instrument_hears_of_no_other(world: World) -> None:
    client, trader = await world.connect(), await world.trader()
    await client.ask("unsubscribe", "subscribed", channels=["orderbooks"])
    await client.ask("subscribe", "subscribed", channels=["orderbooks:2"])
    first = await client.wait_for("orderbooks")
    assert list(first["data"]) == ["2"]
    await trader.order("buy", 1, 99.0)
    await trader.ask("add_order", "order_response", symbol_id=2, side="buy", price=2500.0, quantity=1)
    second = await client.wait_for("orderbooks")
    assert list(second["data"]) == ["2"]


async def test_subscribing_shows_the_books_at_once_even_if_they_do_not_change(world: World) -> None:
    trader, client = await world.trader(), await world.connect()
    await trader.order("buy", 1, 99.0)
    await client.wait_for("orderbooks", lambda m: bool(m["data"].get("1", {}).get("bids")))
    await client.ask("subscribe", "subscribed", channels=["orderbooks"], rate_hz=20)
    again = await client.wait_for("orderbooks")
    assert again["data"]["1"]["bids"][0]["price"] == 99.0


async def test_a_book_is_encoded_once_a_version_for_all_clients(world: World) -> None:
    clients = [await world.connect() for _ in range(5)]
    book = world.gateway.mirror.books.get(1)
    assert book is not None
    await climb(world, 1)
    await asyncio.gather(*(books_until(client, 95.0) for client in clients))
    assert book.encoded(25) is book.encoded(25)
    frames = {str(client.seen[-1]) for client in clients}
    assert len(frames) == 1


async def test_only_the_best_levels_are_shown(world: World) -> None:
    client = await world.connect()
    last = await climb(world, 40)
    books = await client.wait_for("orderbooks", lambda m: m["data"]["1"]["bids"][0]["price"] == last)
    assert len(books["data"]["1"]["bids"]) == world.gateway.config.book_levels
    whole = await client.ask("get_orderbook", "orderbook", symbol_id=1)
    assert len(whole["data"]["bids"]) == 40
