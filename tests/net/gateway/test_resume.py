"""Private messages are numbered, kept, and told again to who comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from gateway_world import Client, World, running
from websockets.asyncio.client import connect

from net.engine_client import EngineClient
from net.engine_protocol import EventBatch
from net.gateway import GatewayConfig, serve

PRIVATE = ("execution", "order_update")


def private(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] in PRIVATE]


async def registered(world: World) -> tuple[Client, str, int]:
    client = await world.connect()
    answer = await client.register("Bob", agent_id="bob")
    return client, answer["token"], answer["sequence"]


async def test_private_messages_are_numbered_upwards(world: World) -> None:
    client, _, start = await registered(world)
    maker = await world.trader()
    await maker.order("sell", 2, 100.0)
    await client.order("buy", 2, 100.0)
    await client.wait_for("order_update", lambda m: m["data"]["event"] == "filled")
    numbers = [message["sequence"] for message in private(client.seen)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > start
    assert [message["type"] for message in private(client.seen)] == ["order_update", "execution", "order_update"]


async def test_who_comes_back_is_told_exactly_what_it_missed(world: World) -> None:
    client, token, _ = await registered(world)
    helper = await world.connect()
    await helper.register(agent_id="bob", token=token)
    await client.order("buy", 1, 99.0)
    seen = (await client.wait_for("order_update"))["sequence"]
    await client.link.close()
    for price in (98.0, 97.0):
        await helper.order("buy", 1, price)
    await helper.wait_for("order_update", lambda m: m["data"]["price"] == 97.0)
    back = await world.connect()
    await back.register(agent_id="bob", token=token)
    resumed = (await back.ask("resume", "resumed", epoch="first", sequence=seen))["data"]
    missed = private(await back.settle())
    assert (resumed["resumed"], resumed["agent_id"]) == (True, "bob")
    assert [message["data"]["price"] for message in missed] == [98.0, 97.0]
    assert missed[-1]["sequence"] == resumed["sequence"]
    assert missed == private(helper.seen)[1:]


async def test_who_missed_nothing_is_told_nothing(world: World) -> None:
    client, _, _ = await registered(world)
    await client.order("buy", 1, 99.0)
    seen = (await client.wait_for("order_update"))["sequence"]
    resumed = await client.ask("resume", "resumed", epoch="first", sequence=seen)
    assert resumed["data"]["resumed"] is True
    assert private(await client.settle()) == []


async def test_half_of_an_event_can_be_missed(world: World) -> None:
    client, _, _ = await registered(world)
    maker = await world.trader()
    await maker.order("sell", 1, 100.0)
    await client.order("buy", 1, 100.0)
    fill = (await client.wait_for("execution"))["sequence"]
    await client.wait_for("order_update", lambda m: m["data"]["event"] == "filled")
    await client.ask("resume", "resumed", epoch="first", sequence=fill)
    again = private(await client.settle())
    assert [(message["type"], message["sequence"]) for message in again] == [("order_update", fill + 1)]


async def test_another_epoch_starts_over_with_the_whole_private_state(world: World) -> None:
    client, _, _ = await registered(world)
    await client.order("buy", 1, 99.0)
    resumed = await client.ask("resume", "resumed", epoch="before", sequence=0)
    assert resumed["data"]["resumed"] is False
    portfolio = await client.wait_for("portfolio_update")
    orders = await client.wait_for("orders")
    trades = await client.wait_for("trades")
    assert (portfolio["reserved"], len(orders["data"]["orders"]), trades["data"]["trades"]) == (99.0, 1, [])


async def test_more_than_is_kept_starts_over(tmp_path: Path) -> None:
    async with running(tmp_path, private_history=5) as world:
        client, _, start = await registered(world)
        for _ in range(10):
            await client.order("buy", 1, 99.0)
        await client.settle()
        old = await client.ask("resume", "resumed", epoch="first", sequence=start)
        assert old["data"]["resumed"] is False
        last = [message["sequence"] for message in private(client.seen)][-3]
        new = await client.ask("resume", "resumed", epoch="first", sequence=last)
        assert new["data"]["resumed"] is True


async def test_all_accounts_together_keep_no_more_than_the_limit(tmp_path: Path) -> None:
    async with running(tmp_path, private_history_total=20) as world:
        first, second = await world.trader("One"), await world.trader("Two")
        for client in (first, second):
            for _ in range(30):
                await client.order("buy", 1, 99.0)
        await second.settle()
        kept = [len(account.history) for account in world.gateway.accounts]
        assert sum(kept) <= 20


async def test_a_session_with_several_accounts_resumes_them_all(world: World) -> None:
    client = await world.connect()
    await client.register("One", agent_id="one")
    await client.register("Two", agent_id="two")
    await client.send("resume", epoch="first", sequence=0)
    names = {(await client.wait_for("resumed"))["data"]["agent_id"] for _ in range(2)}
    assert names == {"one", "two"}


async def test_who_resumes_many_accounts_holds_nobody_up(world: World) -> None:
    client = await world.connect()
    for number in range(20):
        await client.register(agent_id=f"bot-{number}")
        await client.order("buy", 1, 99.0, agent_id=f"bot-{number}")
    start = len(client.seen)
    await client.send("resume", epoch="first", sequence=0)
    await client.send("ping", id="meanwhile")
    await client.wait_for("resumed", lambda m: m["data"]["agent_id"] == "bot-19")
    told = [m["type"] for m in client.seen[start:] if m["type"] in ("resumed", "pong")]
    assert told.count("resumed") == 20
    assert told[-1] != "pong", "the ping waited for all accounts"
    assert "pong" in told


class Halting(EngineClient):
    """An engine's client that gives the first events it is asked for, and no more until it is told to go on."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self.halted, self.go_on = asyncio.Event(), asyncio.Event()

    async def events(self, from_sequence: int, epoch: str | None = None) -> AsyncIterator[EventBatch]:
        async for batch in super().events(from_sequence, epoch):
            yield batch
            self.halted.set()
            await self.go_on.wait()


async def test_who_comes_while_a_gateway_still_reads_the_past_misses_nothing(world: World, tmp_path: Path) -> None:
    bob, token, start = await registered(world)
    for price in (99.0, 98.0, 97.0):
        await bob.order("buy", 1, price)
    engine = Halting(world.engine.port)
    async with engine, serve(GatewayConfig(data_dir=tmp_path, port=0), engine) as server:
        await asyncio.wait_for(engine.halted.wait(), 10)
        async with connect(f"ws://127.0.0.1:{server.port}/ws", proxy=None) as link:
            back = Client(link)
            refused = await back.ask("agent_register", "error", agent_id="bob", token=token)
            assert refused["data"]["code"] == "engine_unavailable"
            engine.go_on.set()
            await back.wait_for("agents_snapshot")
            await back.register(agent_id="bob", token=token)
            await back.ask("resume", "resumed", epoch="first", sequence=start)
            missed = private(await back.settle())
    assert [message["data"]["price"] for message in missed] == [99.0, 98.0, 97.0]
    assert [message["type"] for message in back.seen].count("hello") == 1
