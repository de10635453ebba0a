"""The engine goes and comes back; nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from gateway_world import ACME, World, running

from engine.commands import AddInstrument, CancelAll
from engine.oms import OrderManagementSystem
from engine.service import AccountView
from net.engine_connection import EngineConnection
from net.engine_protocol import EventBatch, RemoteCommand, Reply
from net.engine_server import EngineServer
from net.errors import EngineUnavailable
from net.gateway.mirror import Mirror


async def away(world: World) -> None:
    """Stop the engine and wait until the gateway noticed."""
    await world.engine.close()
    watcher = await world.connect()
    await watcher.wait_for("engine_status", lambda m: not m["data"]["connected"])


@pytest.fixture
async def revived() -> AsyncIterator[list[EngineServer]]:
    """Engines started during the test; closed after it."""
    servers: list[EngineServer] = []
    yield servers
    for server in servers:
        await server.close()


async def back(world: World, servers: list[EngineServer], service: OrderManagementSystem, epoch: str = "first") -> None:
    server = EngineServer(service, port=world.engine.port, clock=time.time_ns, epoch=epoch)
    await server.start()
    servers.append(server)


async def test_requests_are_answered_while_the_engine_is_away(world: World) -> None:
    client = await world.trader()
    await away(world)
    assert (await client.order("buy", 1, 99.0))["code"] == "engine_unavailable"
    cancel = await client.ask("cancel_order", "cancel_response", symbol_id=1, orderId=1)
    quotes = await client.ask("mass_quote", "mass_quote_response", symbol_id=1)
    switch = await client.ask("cancel_after", "cancel_after_response", seconds=1)
    portfolio = await client.ask("get_portfolio", "error")
    register = await client.ask("agent_register", "error", name="New")
    codes = {answer["data"]["code"] for answer in (cancel, quotes, switch, portfolio, register)}
    assert codes == {"engine_unavailable"}
    placed = await world.http.post("/api/agents", json={"name": "x"}, headers=world.admin)
    assert (placed.status_code, placed.json()["code"]) == (503, "engine_unavailable")
    assert (await world.http.get("/api/orderbooks/1")).status_code == 200


async def test_clients_are_told_when_the_engine_goes_and_comes_back(world: World, revived: list[EngineServer]) -> None:
    client = await world.connect()
    await away(world)
    assert (await client.wait_for("engine_status"))["data"]["connected"] is False
    await back(world, revived, world.oms)
    status = (await client.wait_for("engine_status"))["data"]
    assert (status["connected"], status["epoch"]) == (True, "first")


async def test_a_session_goes_on_with_the_engine_it_knew(world: World, revived: list[EngineServer]) -> None:
    client = await world.trader()
    await client.order("buy", 1, 99.0)
    await away(world)
    await back(world, revived, world.oms)
    await client.wait_for("engine_status", lambda m: m["data"]["connected"])
    assert (await client.order("buy", 2, 98.0))["status"] == "success"
    update = await client.wait_for("order_update", lambda m: m["data"]["price"] == 98.0)
    assert update["data"]["leaves_quantity"] == 2.0


async def test_a_new_epoch_starts_everybody_over(world: World, revived: list[EngineServer]) -> None:
    watcher, trader = await world.connect(), await world.trader()
    await away(world)
    fresh = OrderManagementSystem()
    fresh.submit(AddInstrument(instrument=ACME), time.time_ns())
    await back(world, revived, fresh, epoch="second")
    status = await watcher.wait_for("engine_status", lambda m: m["data"].get("epoch") == "second")
    assert status["data"]["connected"] is True
    assert [instrument["ticker"] for instrument in (await watcher.wait_for("instruments"))["data"]] == ["ACME"]
    assert (await trader.closed())[0] == 1012
    again = await world.connect()
    assert again.seen[0]["data"]["epoch"] == "second"
    assert [agent["name"] for agent in again.seen[4]["data"]] == []


async def test_an_order_with_a_name_is_settled_after_its_answer_was_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.trader()
    lost = lose_answers(world, monkeypatch)
    asked = asyncio.create_task(client.order("buy", 3, 99.0, client_order_id="named"))
    await asyncio.wait_for(lost.wait(), 20)
    monkeypatch.undo()
    cut_links(world)
    answer = await asyncio.wait_for(asked, 20)
    assert (answer["status"], answer["leaves_quantity"]) == ("success", 3.0)
    orders = (await client.ask("get_orders", "orders"))["data"]["orders"]
    assert [order["client_order_id"] for order in orders] == ["named"]
    updates = [m["data"]["event"] for m in client.seen if m["type"] == "order_update"]
    assert updates == ["accepted"]


async def test_an_order_without_a_name_has_an_unknown_outcome(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await world.trader()
    lost = lose_answers(world, monkeypatch)
    asked = asyncio.create_task(client.order("buy", 3, 99.0))
    await asyncio.wait_for(lost.wait(), 20)
    monkeypatch.undo()
    cut_links(world)
    assert (await asyncio.wait_for(asked, 20))["code"] == "unknown_outcome"


async def test_no_event_is_lost_or_doubled_when_links_die(world: World) -> None:
    client = await world.trader(starting_capital=1e7)
    for step in range(200):
        await client.send("add_order", symbol_id=1, side="buy", price=99.0, quantity=1, client_order_id=f"o{step}")
        if step % 50 == 25:
            await client.wait_for("order_update")
            cut_links(world)
    while sum(message["type"] == "order_response" for message in client.seen) < 200:
        await client.receive()
    orders = (await client.ask("get_orders", "orders"))["data"]["orders"]
    await client.ask("resume", "resumed", epoch="first", sequence=0)
    told = [m["data"]["order_id"] for m in client.seen if m["type"] == "order_update"]
    assert told == [order["order_id"] for order in orders]
    book = world.gateway.mirror.books.get(1)
    assert book is not None
    assert book.shape().bids[0].orders == len(orders)


def cut_links(world: World) -> None:
    """Break every connection between gateway and engine."""
    for connection in tuple(world.engine._connections):
        connection.abort()


def lose_answers(world: World, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let the engine do what it is told and lose its answers; the event is set when it lost one."""
    lost = asyncio.Event()
    send = EngineConnection.send

    def swallow(self: EngineConnection, lines: bytes | bytearray, answered: int) -> None:
        if b'"type":"reply"' in lines and b'"order_id"' in lines:
            lost.set()
        else:
            send(self, lines, answered)

    monkeypatch.setattr(EngineConnection, "send", swallow)
    return lost


async def test_a_gateway_without_an_engine_waits_for_one(tmp_path: Path, world: World) -> None:
    """Requests before the first snapshot are refused, not misunderstood."""
    world.gateway.mirror.loaded = False
    client = await world.connect(greet=False)
    refused = await client.ask("agent_register", "error", name="x")
    assert refused["data"]["code"] == "engine_unavailable"
    assert [message["type"] for message in client.seen] == ["error"]
    world.gateway.mirror.loaded = True


async def test_a_stopping_gateway_answers_what_is_under_way_and_says_goodbye(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        client = await world.trader()
        for _ in range(50):
            await client.send("add_order", symbol_id=1, side="buy", price=99.0, quantity=1)
        await client.wait_for("order_response")
        stopping = asyncio.create_task(world.gateway.stop())
        code, reason = await client.closed()
        await stopping
    assert (code, reason) == (1001, "the gateway stops")
    accepted = [m for m in client.seen if m["type"] == "order_response" and m["data"]["status"] == "success"]
    assert len(accepted) >= 16


async def test_a_feed_that_failed_loads_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, trader = await world.connect(), await world.trader()
    apply = Mirror.apply
    failures: list[EventBatch] = []

    def fail_once(mirror: Mirror, batch: EventBatch) -> None:
        if not failures:
            failures.append(batch)
            raise ZeroDivisionError
        apply(mirror, batch)

    monkeypatch.setattr(Mirror, "apply", fail_once)
    await trader.send("add_order", symbol_id=1, side="buy", price=99.0, quantity=3)
    assert (await trader.closed())[0] == 1012
    books = await watcher.wait_for("orderbooks", lambda m: bool(m["data"].get("1", {}).get("bids")))
    assert books["data"]["1"]["bids"][0]["quantity"] == 3.0


async def test_orders_of_a_session_that_went_while_the_engine_was_away_are_canceled_later(
    world: World, revived: list[EngineServer]
) -> None:
    client, watcher = await world.connect(), await world.connect()
    token = (await client.register("Bob", agent_id="bob", cancel_on_disconnect=True))["token"]
    await watcher.register(agent_id="bob", token=token)
    await client.order("buy", 5, 99.0)
    await away(world)
    await client.link.close()
    await back(world, revived, world.oms)
    update = await watcher.wait_for("order_update", lambda m: m["data"]["event"] == "canceled")
    assert update["data"]["reason"] == "disconnected"
    assert world.gateway._to_cancel == {}


async def test_who_came_back_keeps_new_orders_though_others_are_still_to_be_canceled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, bob = world.gateway, await world.connect()
    token = (await bob.register("Bob", agent_id="bob"))["token"]
    submit, reached_ann, go_on = gateway.engine.submit, asyncio.Event(), asyncio.Event()

    async def slow_for_ann(command: RemoteCommand) -> Reply:
        if isinstance(command, CancelAll) and command.account == "ann":
            reached_ann.set()
            await go_on.wait()
        return await submit(command)

    monkeypatch.setattr(gateway.engine, "submit", slow_for_ann)
    gateway._to_cancel.update(dict.fromkeys(["ann", "bob"]))
    canceling = asyncio.create_task(gateway.cancel_disconnected())
    await asyncio.wait_for(reached_ann.wait(), 20)
    await bob.register(agent_id="bob", token=token)
    await bob.order("buy", 5, 99.0)
    go_on.set()
    assert await asyncio.wait_for(canceling, 20)
    assert len((await bob.ask("get_orders", "orders"))["data"]["orders"]) == 1


async def test_who_comes_back_while_his_former_session_ends_keeps_new_orders(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, former, bob = world.gateway, await world.connect(), await world.connect()
    token = (await former.register("Bob", agent_id="bob", cancel_on_disconnect=True))["token"]
    accounts, submit = gateway.engine.accounts, gateway.engine.submit
    asked, go_on, not_canceled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(names: Sequence[str] | None = None) -> list[AccountView]:
        asked.set()
        await go_on.wait()
        return await accounts(names)

    async def cancels_nothing(command: RemoteCommand) -> Reply:
        if isinstance(command, CancelAll):
            not_canceled.set()
            raise EngineUnavailable("away")
        return await submit(command)

    monkeypatch.setattr(gateway.engine, "accounts", slow)
    monkeypatch.setattr(gateway.engine, "submit", cancels_nothing)
    taking_back = asyncio.create_task(bob.register(agent_id="bob", token=token))
    await asyncio.wait_for(asked.wait(), 20)
    await former.link.close()
    await asyncio.wait_for(not_canceled.wait(), 20)
    monkeypatch.setattr(gateway.engine, "submit", submit)
    go_on.set()
    await taking_back
    await bob.order("buy", 5, 99.0)
    assert await gateway.cancel_disconnected()
    assert len((await bob.ask("get_orders", "orders"))["data"]["orders"]) == 1
