"""The wire as it was promised: the lines and fields of the design's tables, said literally at all three doors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from gateway_world import Client, World, running

Line = dict[str, Any]


class EngineDoor:
    """One TCP connection to the engine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, **request: object) -> Line:
        """Send a request and wait for the reply with its id; events in between are skipped."""
        self.writer.write(json.dumps(request).encode() + b"\n")
        while True:
            line: Line = json.loads(await asyncio.wait_for(self.reader.readline(), 5))
            if line.get("id") == request["id"]:
                return line

    async def event(self, name: str) -> Line:
        """The next event of a type."""
        while True:
            line = json.loads(await asyncio.wait_for(self.reader.readline(), 5))
            for event in line.get("events", ()):
                if event["type"] == name:
                    return dict(event)


@pytest.fixture
async def door(world: World) -> AsyncIterator[EngineDoor]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.engine.port)
    yield EngineDoor(reader, writer)
    writer.close()


ADD = {"account": "alice", "symbol_id": 1, "price": 9_900, "qty": 5, "side": "buy", "type": "LIMIT", "tif": "GTC"}


async def test_the_engines_door_takes_the_designs_actions(door: EngineDoor) -> None:
    assert "code" not in await door.ask(action="open_account", id=1, command={"account": "alice", "cash": 10**15})
    seen = (await door.ask(action="snapshot", id=2))["data"]["sequence"]
    assert "code" not in await door.ask(action="subscribe", id=3, from_sequence=seen + 1)
    placed = await door.ask(action="add", id=7, order={**ADD, "client_order_id": "c1"})
    assert (placed["id"], placed["leaves_qty"]) == (7, 5)
    accepted = await door.event("order_accepted")
    assert (accepted["account"], accepted["client_order_id"]) == ("alice", "c1")
    mine = {"account": "alice", "symbol_id": 1, "order_id": placed["order_id"]}
    assert (await door.ask(action="modify", id=8, order={**mine, "qty": 3}))["leaves_qty"] == 3
    assert (await door.ask(action="cancel", id=9, order=mine))["leaves_qty"] == 0
    await door.ask(action="add", id=10, order=ADD)
    assert len((await door.ask(action="cancel_all", id=11, command={"account": "alice"}))["order_ids"]) == 1
    orders = await door.ask(action="query", id=12, what="orders", account="alice")
    assert orders["data"] == []
    snapshot = (await door.ask(action="snapshot", id=13))["data"]
    assert [instrument["ticker"] for instrument in snapshot["instruments"]] == ["ACME", "ETH"]


async def test_the_engine_lists_and_delists(door: EngineDoor) -> None:
    new = {"symbol_id": 0, "ticker": "NEW", "initial_price": 500}
    listed = await door.ask(action="add_instrument", id=1, command={"instrument": new})
    assert listed["symbol_id"] == 3
    assert "code" not in await door.ask(action="remove_instrument", id=2, command={"symbol_id": 3})


async def test_pipelined_requests_are_each_answered_in_order(door: EngineDoor) -> None:
    lines = [{"action": "query", "id": number, "what": "instruments"} for number in range(50)]
    door.writer.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    replies = [json.loads(await asyncio.wait_for(door.reader.readline(), 5)) for _ in lines]
    assert [reply["id"] for reply in replies] == list(range(50))


async def both(world: World) -> tuple[Client, Client]:
    maker, taker = await world.connect(), await world.connect()
    for name, client in (("maker", maker), ("taker", taker)):
        registered = await client.ask("agent_register", "agent_registered", name=name, starting_capital=1e6)
        assert {"agent_id", "token", "agent"} <= set(registered)
        await client.wait_for("portfolio_update")
    return maker, taker


async def test_on_connect_the_server_greets_as_designed(world: World) -> None:
    client = await world.connect()
    assert [m["type"] for m in client.seen] == ["hello", "instruments", "orderbooks", "news_history", "agents_snapshot"]
    hello, instruments, books, _, agents = client.seen
    assert {"protocol", "epoch", "sequence", "durability", "heartbeat_ms", "limits"} <= set(hello["data"])
    assert {
        "symbol_id", "ticker", "description", "industry", "initial_price", "tick_size", "lot_size", "status", "source",
    } <= set(instruments["data"][0])  # fmt: skip
    assert {"symbol_id", "sequence", "bids", "asks"} == set(books["data"]["1"])
    assert {"sequence", "timestamp"} <= set(books)
    assert isinstance(agents["data"], list)


async def test_orders_are_answered_with_the_designs_fields(world: World) -> None:
    maker, taker = await both(world)
    order = {"symbol_id": 1, "side": "sell", "orderType": "LIMIT", "price": 100.5, "quantity": 4}
    order |= {"time_in_force": "GTC", "post_only": True, "client_order_id": "s1"}
    placed = (await maker.ask("add_order", "order_response", **order))["data"]
    assert (placed["status"], placed["client_order_id"], placed["leaves_quantity"]) == ("success", "s1", 4.0)
    bought = (await taker.ask("add_order", "order_response", symbol_id=1, side="buy", quantity=1))["data"]
    assert (bought["filled_quantity"], bought["average_price"]) == (1.0, 100.5)
    fill = (await maker.wait_for("execution"))["data"]
    assert {"order_id", "trade_id", "price", "quantity", "liquidity", "fee", "leaves_quantity"} <= set(fill)
    assert (fill["liquidity"], fill["leaves_quantity"]) == ("maker", 3.0)
    modified = await maker.ask("modify_order", "modify_response", symbol_id=1, orderId=placed["order_id"], quantity=2)
    assert modified["data"]["status"] == "success"
    gone = await maker.ask("cancel_order", "cancel_response", symbol_id=1, orderId=placed["order_id"])
    assert gone["data"]["status"] == "success"
    stop = {"symbol_id": 1, "side": "buy", "orderType": "STOP", "stop_price": 120.0, "quantity": 1}
    assert (await taker.ask("add_order", "order_response", **stop))["data"]["status"] == "success"
    assert (await taker.ask("cancel_all", "cancel_all_response", symbol_id=1, side="buy"))["data"]["order_ids"]
    portfolio = await taker.ask("get_portfolio", "portfolio_update")
    assert {"agent_id", "cash", "reserved", "positions", "total_value", "pnl"} <= set(portfolio)
    assert set(portfolio["positions"]["1"]) == {
        "instrument_id", "quantity", "avg_price", "current_price", "market_value", "unrealized_pnl", "realized_pnl",
    }  # fmt: skip
    assert (await taker.ask("get_orders", "orders"))["data"]["orders"] == []
    assert len((await taker.ask("get_trades", "trades"))["data"]["trades"]) == 1


@pytest.mark.parametrize("channel", ["orderbooks", "book_delta", "trades", "bbo", "news", "agents", "orders"])
async def test_every_channel_of_the_design_can_be_heard(world: World, channel: str) -> None:
    client = await world.connect()
    wanted = [channel] if channel == "agents" else [channel, f"{channel}:1"]
    answer = await client.ask("subscribe", "subscribed", channels=wanted)
    assert set(wanted) <= set(answer["data"]["channels"])
    answer = await client.ask("unsubscribe", "subscribed", channels=[channel])
    assert not set(wanted) & set(answer["data"]["channels"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"), ("GET", "/api/instruments"), ("GET", "/api/agents"), ("GET", "/api/agents/bob"),
        ("GET", "/api/agents/bob/portfolio"), ("GET", "/api/agents/bob/trades"), ("GET", "/api/agents/bob/orders"),
        ("GET", "/api/leaderboard"), ("GET", "/api/news"), ("GET", "/api/performance"), ("GET", "/api/orderbooks/1"),
        ("GET", "/api/candles/1?interval=1m"), ("GET", "/api/trades/1"), ("GET", "/metrics"), ("GET", "/docs"),
        ("GET", "/openapi.json"), ("DELETE", "/api/instruments/2"), ("DELETE", "/api/agents/bob"),
    ],
)  # fmt: skip
async def test_every_path_of_the_design_is_there(world: World, method: str, path: str) -> None:
    await (await world.connect()).register("Bob", agent_id="bob")
    answer = await world.http.request(method, path, headers=world.admin)
    assert answer.status_code == 200


async def test_what_rest_creates_is_answered_as_designed(world: World) -> None:
    new = {"ticker": "NEW", "initial_price": 10.0, "description": "d", "industry": "i"}
    created = await world.http.post("/api/instruments", json=new, headers=world.admin)
    assert (created.status_code, created.json()["ticker"]) == (201, "NEW")
    again = await world.http.post("/api/instruments", json=new, headers=world.admin)
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_ticker")
    agent = await world.http.post("/api/agents", json={"name": "x", "personality": "neutral"}, headers=world.admin)
    assert (agent.status_code, agent.json()["name"]) == (201, "x")
    news = await world.http.post("/api/news", json={"content": "Profits soar", "instrument_id": 1}, headers=world.admin)
    assert news.status_code == 201
    assert {"id", "headline", "content", "sentiment", "source", "instrument_id", "created_at"} <= set(news.json())
    mine = {"Authorization": f"Bearer {agent.json()['token']}"}
    order = {"agent_id": agent.json()["agent_id"], "symbol_id": 1, "side": "buy", "quantity": 1, "price": 99.0}
    placed = await world.http.post("/api/orders", json=order, headers=mine)
    assert (placed.status_code, placed.json()["status"]) == (201, "success")
    named = {"agent_id": order["agent_id"], "symbol_id": 1, "order_id": placed.json()["order_id"]}
    assert (await world.http.delete("/api/orders", params=named, headers=mine)).json()["status"] == "success"
    assert (await world.http.post("/api/news", json={"content": "x"})).status_code == 401
    wrong = await world.http.post("/api/instruments", json={"ticker": "no"}, headers=world.admin)
    assert wrong.status_code in (400, 422)
    assert {"code", "message", "field"} <= set(wrong.json())


async def test_a_personality_that_nobody_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    async with running(tmp_path, personalities=("market_maker", "neutral")) as world:
        refused = await world.http.post("/api/agents", json={"name": "x", "personality": "mad"}, headers=world.admin)
        assert (refused.status_code, refused.json()["field"]) == (422, "personality")
        assert "market_maker, neutral" in refused.json()["message"]
        allowed = {"name": "x", "personality": "Market-Maker"}
        assert (await world.http.post("/api/agents", json=allowed, headers=world.admin)).status_code == 201
