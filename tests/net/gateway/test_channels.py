"""What the subscribed hear."""

from __future__ import annotations

import msgspec
import pytest
from gateway_world import Client, Message, World

from net.gateway.channels import SLICE, Channels
from net.gateway.session import Session
from net.local_book import LocalBook
from net.messages import BookDeltaShape, InstrumentShape, OrderBookData


async def listener(world: World, *channels: str) -> Client:
    client = await world.connect()
    await client.ask("unsubscribe", "subscribed", channels=["orderbooks", "news", "agents"])
    answer = await client.ask("subscribe", "subscribed", channels=list(channels))
    assert answer["data"]["channels"] == sorted(channels)
    return client


async def test_trades_come_to_those_who_subscribed_to_the_instrument(world: World) -> None:
    everything, only_eth = await listener(world, "trades"), await listener(world, "trades:2")
    maker, taker = await world.trader(), await world.trader()
    await maker.order("sell", 3, 100.5)
    await taker.order("buy", 2, 100.5)
    trade = (await everything.wait_for("trade"))["data"]
    assert (trade["symbol_id"], trade["price"], trade["quantity"], trade["side"]) == (1, 100.5, 2.0, "buy")
    assert await only_eth.settle() == []


async def test_the_best_prices_come_when_they_change_and_only_then(world: World) -> None:
    client, maker = await listener(world, "bbo"), await world.trader()
    first = [m["data"] for m in await client.settle()]
    assert [(bbo["symbol_id"], bbo["bid"], bbo["ask"]) for bbo in first] == [(1, None, None), (2, None, None)]
    await maker.order("buy", 3, 99.0)
    await maker.order("buy", 3, 98.0)
    await maker.order("buy", 1, 99.0)
    await maker.settle()
    heard = [m["data"] for m in await client.settle() if m["type"] == "bbo"]
    assert [(bbo["bid"]["price"], bbo["bid"]["quantity"], bbo["ask"]) for bbo in heard] == [
        (99.0, 3.0, None),
        (99.0, 4.0, None),
    ]


@pytest.mark.parametrize("channel", ["orderbooks", "book_delta:1"])
async def test_what_an_auction_would_trade_comes_with_the_book(world: World, channel: str) -> None:
    client, maker, taker = await listener(world, channel), await world.trader(), await world.trader()

    def indicative(message: Message) -> float | None:
        data = message["data"]
        price: float | None = data.get("1", data).get("indicative_price")
        return price

    name = channel.partition(":")[0]
    await world.http.post("/api/instruments/1/auction", headers=world.admin)
    await maker.order("buy", 5, 101.0)
    await taker.order("sell", 3, 99.0)
    await client.wait_for(name, lambda m: indicative(m) == 101.0)
    for phase, told in (("halt", None), ("auction", 101.0), ("open", None)):
        await world.http.post(f"/api/instruments/1/{phase}", headers=world.admin)
        await client.wait_for(name, lambda m, told=told: indicative(m) == told)  # type: ignore[misc]


async def test_a_placed_order_shows_what_the_public_may_know(world: World) -> None:
    client, maker = await listener(world, "orders"), await world.trader()
    await maker.order("sell", 10, 101.0, display_quantity=2, client_order_id="secret")
    placed = (await client.wait_for("order_placed"))["data"]
    assert placed.pop("timestamp") > 0
    assert placed == {"symbol_id": 1, "side": "sell", "price": 101.0, "quantity": 2.0}


async def test_an_order_that_never_rests_is_not_shown(world: World) -> None:
    client, taker = await listener(world, "orders"), await world.trader()
    await taker.order("buy", 1, 99.0, time_in_force="IOC")
    await taker.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    assert await client.settle() == []


async def test_a_book_built_from_deltas_is_proved_right_by_its_checksum(world: World) -> None:
    client, maker, taker = await listener(world, "book_delta:1"), await world.trader(), await world.trader()
    instrument = msgspec.convert(client.seen[1]["data"][0], InstrumentShape)
    snapshot = (await client.ask("get_orderbook", "orderbook", symbol_id=1))["data"]
    book = LocalBook(instrument)
    book.load(msgspec.convert(snapshot, OrderBookData))
    for step in range(30):
        await maker.order(
            "buy" if step % 2 else "sell", step % 7 + 1, 100 + (0.5 if step % 2 == 0 else -0.5) * (step % 5 + 1)
        )
        if step % 6 == 0:
            await taker.order("buy", 2)
    deltas = 0
    while True:
        message = await client.receive()
        if message["type"] == "book_delta":
            deltas += 1
            assert book.apply(msgspec.convert(message["data"], BookDeltaShape)), (
                "a delta did not follow, or does not sum"
            )
        final = world.gateway.mirror.books.get(1)
        assert final is not None
        if book.sequence == final.sequence:
            break
    assert deltas > 1
    assert book.checksum() == final.checksum()


async def test_the_delta_after_a_snapshot_goes_on_from_its_sequence(world: World) -> None:
    client, maker = await listener(world, "book_delta:1"), await world.trader()
    await maker.order("buy", 1, 99.0)
    await maker.order("buy", 1, 98.0)
    snapshot = (await client.ask("get_orderbook", "orderbook", symbol_id=1))["data"]
    await maker.order("buy", 1, 97.0)
    delta = (await client.wait_for("book_delta", lambda m: m["data"]["sequence"] > snapshot["sequence"]))["data"]
    assert delta["previous_sequence"] == snapshot["sequence"]
    assert delta["bids"] == [[97.0, 1.0, 1]]


async def test_a_level_that_is_gone_comes_with_quantity_nothing(world: World) -> None:
    client, maker = await listener(world, "book_delta"), await world.trader()
    order_id = (await maker.order("buy", 1, 99.0))["order_id"]
    await client.wait_for("book_delta")
    await maker.ask("cancel_order", "cancel_response", symbol_id=1, orderId=order_id)
    delta = (await client.wait_for("book_delta"))["data"]
    assert delta["bids"] == [[99.0, 0.0, 0]]


async def test_many_changes_in_a_short_time_come_in_few_deltas_and_none_is_lost(world: World) -> None:
    client, maker = await listener(world, "book_delta"), await world.trader()
    for _ in range(200):
        await maker.send("add_order", symbol_id=1, side="buy", quantity=1, price=99.0)
    total, deltas = 0.0, 0
    while total < 200:
        delta = (await client.wait_for("book_delta"))["data"]
        total, deltas = delta["bids"][0][1], deltas + 1
    assert deltas < 100


async def test_news_come_to_everybody_by_default_and_stay_as_history(world: World) -> None:
    client = await world.connect()
    body = {"headline": "Strike", "content": "ACME's factory is on strike.", "sentiment": -0.5, "instrument_id": 1}
    created = await world.http.post("/api/news", json=body, headers=world.admin)
    assert created.status_code == 201
    news = (await client.wait_for("news"))["data"]
    assert (news["id"], news["headline"], news["sentiment"], news["instrument_id"]) == (1, "Strike", -0.5, 1)
    later = await world.connect()
    assert [item["headline"] for item in later.seen[3]["data"]] == ["Strike"]


async def test_everybody_hears_of_instruments_that_come_halt_and_go(world: World) -> None:
    client = await listener(world, "trades")
    listed = await world.http.post(
        "/api/instruments", json={"ticker": "NEW", "initial_price": 5.0}, headers=world.admin
    )
    symbol_id = listed.json()["symbol_id"]
    await world.http.post(f"/api/instruments/{symbol_id}/halt", headers=world.admin)
    await world.http.delete(f"/api/instruments/{symbol_id}", headers=world.admin)
    statuses = [(await client.wait_for("instrument_status"))["data"]["status"] for _ in range(3)]
    assert statuses == ["open", "halted", "removed"]


async def test_agents_are_announced_controlled_and_removed(world: World) -> None:
    client = await world.connect()
    created = await world.http.post("/api/agents", json={"name": "Mo", "personality": "momentum"}, headers=world.admin)
    agent_id = created.json()["agent_id"]
    announced = await client.wait_for("agent_created")
    assert (announced["data"]["agent_id"], announced["data"]["personality"], announced["spawn"]) == (
        agent_id,
        "momentum",
        True,
    )
    await world.http.post(f"/api/agents/{agent_id}/pause", headers=world.admin)
    assert (await client.wait_for("agent_control"))["data"] == {"agent_id": agent_id, "action": "pause"}
    await world.http.delete(f"/api/agents/{agent_id}", headers=world.admin)
    assert (await client.wait_for("agent_removed"))["data"] == {"agent_id": agent_id}


async def test_an_account_that_a_client_opened_is_not_to_be_spawned(world: World) -> None:
    watcher = await world.connect()
    await world.trader("Bob")
    assert not (await watcher.wait_for("agent_created")).get("spawn")


async def test_the_agents_table_comes_when_it_changed_best_first(world: World) -> None:
    watcher, maker, taker = await world.connect(), await world.trader("Maker"), await world.trader("Taker")
    await maker.order("sell", 10, 100.0)
    await taker.order("buy", 10, 100.0)
    await maker.order("sell", 10, 101.0)
    await taker.order("buy", 1, 101.0)
    table = await watcher.wait_for("agents_snapshot", lambda m: any(agent["pnl"] for agent in m["data"]))
    assert [(agent["name"], agent["pnl"], agent["trades"]) for agent in table["data"]] == [
        ("Taker", 10.0, 2),
        ("Maker", -10.0, 2),
    ]


async def test_performance_comes_once_a_second_to_those_who_subscribed(world: World) -> None:
    client = await listener(world, "performance")
    trader = await world.trader()
    await trader.order("buy", 1, 99.0)
    performance = (await client.wait_for("performance", lambda m: m["data"]["total_orders"] == 1))["data"]
    assert (performance["clients_connected"], performance["engine_connected"]) == (2, True)
    stages = {stage["stage"]: stage["count"] for stage in performance["latency"]}
    assert {"gateway", "out", "order", "queue", "match"} <= set(stages)
    assert stages["order"] == 1


async def test_who_unsubscribes_hears_nothing_more(world: World) -> None:
    client, maker = await listener(world, "orders", "bbo:1", "trades"), await world.trader()
    left = await client.ask("unsubscribe", "subscribed", channels=["orders", "bbo"])
    assert left["data"]["channels"] == ["trades"]
    await maker.order("buy", 1, 99.0)
    await maker.wait_for("order_update")
    assert await client.settle() == []


async def test_who_subscribes_to_the_best_prices_is_told_them_at_once(world: World) -> None:
    maker = await world.trader()
    await maker.order("buy", 3, 99.0)
    await maker.settle()
    for _ in range(2):  # the second one though they did not change since they were told last
        client = await listener(world, "bbo:1")
        assert (await client.wait_for("bbo"))["data"]["bid"]["price"] == 99.0


async def test_a_message_that_cannot_be_written_does_not_hold_up_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [await listener(world, "trades") for _ in range(SLICE + 1)]
    write, failed = Channels._write, []

    def fail_once(channels: Channels, sessions: tuple[Session, ...], frame: bytes, *, stream: bool) -> None:
        if len(sessions) == SLICE and not failed:
            failed.append(True)
            raise ZeroDivisionError
        write(channels, sessions, frame, stream=stream)

    monkeypatch.setattr(Channels, "_write", fail_once)
    maker, taker = await world.trader(), await world.trader()
    for _ in range(2):
        await maker.order("sell", 1, 100.0)
        await taker.order("buy", 1, 100.0)
    for client in clients:
        await client.wait_for("trade")
    assert failed
