from __future__ import annotations

from gateway_world import World


async def test_a_client_is_greeted_with_everything_for_a_first_screen(world: World) -> None:
    client = await world.connect()
    assert [message["type"] for message in client.seen] == [
        "hello",
        "instruments",
        "orderbooks",
        "news_history",
        "agents_snapshot",
    ]
    hello = client.seen[0]["data"]
    assert (hello["protocol"], hello["epoch"], hello["role"]) == (1, "first", "trader")
    assert [instrument["ticker"] for instrument in client.seen[1]["data"]] == ["ACME", "ETH"]


async def test_two_registered_clients_trade(world: World) -> None:
    alice, bob = await world.trader("Alice"), await world.trader("Bob")
    resting = await alice.order("sell", 10, 100.5)
    assert (resting["status"], resting["leaves_quantity"]) == ("success", 10.0)
    taken = await bob.order("buy", 4, 101.0)
    assert (taken["filled_quantity"], taken["average_price"]) == (4.0, 100.5)
    fill = (await alice.wait_for("execution"))["data"]
    assert (fill["side"], fill["quantity"], fill["price"], fill["liquidity"]) == ("sell", 4.0, 100.5, "maker")
    portfolio = await alice.wait_for("portfolio_update", lambda m: bool(m["positions"]))
    assert portfolio["positions"]["1"]["quantity"] == -4.0
    assert portfolio["cash"] == 100_402.0


async def test_a_price_between_two_ticks_is_refused_and_never_rounded(world: World) -> None:
    client = await world.trader()
    refused = await client.order("buy", 1, 99.505)
    assert (refused["status"], refused["code"], refused["field"]) == ("error", "price_off_tick", "price")


async def test_an_order_needs_an_account(world: World) -> None:
    client = await world.connect()
    refused = await client.order("buy", 1, 99.5)
    assert (refused["status"], refused["code"]) == ("error", "not_registered")


async def test_a_message_that_cannot_be_understood_is_answered_and_the_connection_kept(world: World) -> None:
    client = await world.connect()
    await client.send_raw("{")
    assert (await client.wait_for("error"))["data"]["code"] == "invalid_json"
    await client.send("zzz")
    error = (await client.wait_for("error"))["data"]
    assert (error["code"], error["field"]) == ("invalid_message", "type")
    assert await client.settle() == []


async def test_a_book_comes_again_when_it_changed(world: World) -> None:
    watcher, trader = await world.connect(), await world.trader()
    await trader.order("buy", 3, 99.5)
    books = await watcher.wait_for("orderbooks", lambda m: bool(m["data"].get("1", {}).get("bids")))
    assert books["data"]["1"]["bids"] == [{"price": 99.5, "quantity": 3.0, "orders": 1}]
