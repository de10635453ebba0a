"""A client that does not read slows nobody and costs a bounded amount of memory."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from gateway_world import Client, World, running
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.protocol import State
from websockets.uri import parse_uri

from net.gateway import SessionLimits
from net.gateway.session import Session


class Stalled:
    """A WebSocket client on a bare socket that reads nothing after its handshake, until told to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._protocol = ClientProtocol(parse_uri(world.url.replace("http", "ws") + "/ws"), max_size=None)
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._sock.setblocking(False)
        self.session: Session

    async def __aenter__(self) -> Stalled:
        before = set(self._world.gateway.channels.everybody)
        await asyncio.get_running_loop().sock_connect(self._sock, ("127.0.0.1", self._world.server.port))
        self._protocol.send_request(self._protocol.connect())
        await self._flush()
        while self._protocol.state is not State.OPEN:
            await self.read()
        (self.session,) = set(self._world.gateway.channels.everybody) - before
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sock.close()

    async def say(self, type: str, **fields: object) -> None:  # noqa: A002 - the wire's word
        self._protocol.send_text(json.dumps({"type": type, **fields}).encode())
        await self._flush()

    async def read(self) -> list[dict[str, Any]]:
        """Read once; the whole messages that came."""
        self._protocol.receive_data(await asyncio.get_running_loop().sock_recv(self._sock, 4_096))
        events = self._protocol.events_received()
        return [json.loads(bytes(event.data)) for event in events if isinstance(event, Frame) and event.data]

    async def _flush(self) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, b"".join(self._protocol.data_to_send()))


async def trade(world: World, orders: int) -> None:
    """Make a lot of news: every order moves the book, every second one trades with the one before."""
    trader = await world.connect()
    for name in ("buy", "sell"):
        await trader.register(agent_id=name, starting_capital=1e7)
    for step in range(orders):
        side = "sell" if step % 2 else "buy"
        await trader.send("add_order", symbol_id=1, side=side, price=100.0, quantity=1, agent_id=side)
    for _ in range(orders):
        await trader.wait_for("order_response")


async def read_trades(client: Client, count: int) -> None:
    for _ in range(count):
        await client.wait_for("trade")


async def test_streams_skip_a_stalled_client_and_nobody_else(world: World) -> None:
    async with Stalled(world) as stalled:
        await stalled.say("subscribe", channels=["trades", "bbo", "book_delta", "orders"])
        reader = await world.connect()
        await reader.ask("subscribe", "subscribed", channels=["trades"])
        reading = asyncio.create_task(read_trades(reader, 1_500))
        await trade(world, 3_000)
        limits = world.gateway.config.limits
        assert stalled.session._connection.unsent_bytes < limits.stream_buffer_bytes + 10_000
        assert world.gateway.channels.skipped > 1_000
        await reading


async def test_a_stalled_client_gets_the_newest_books_when_it_reads_on(world: World) -> None:
    async with Stalled(world) as stalled:
        await stalled.say("subscribe", channels=["orderbooks"], rate_hz=60)
        trader = await world.trader(starting_capital=1e7)
        steps = 0
        while len(stalled.session.missed_books) == 0 or stalled.session.idle:
            steps += 1
            side, price = ("buy", 100 - steps % 40 * 0.25) if steps % 2 else ("sell", 101 + steps % 40 * 0.25)
            await trader.order(side, 1, price)
            assert steps < 20_000, "the client never stalled"
        for _ in range(100):
            await trader.order("buy", 1, 99.0)
        assert stalled.session._connection.unsent_bytes < 20_000
        await trader.order("buy", 7, 100.5)
        books = 0
        async with asyncio.timeout(10):
            newest = None
            while newest != 100.5:
                for message in await stalled.read():
                    if message["type"] == "orderbooks":
                        books += 1
                        bids = message["data"].get("1", {}).get("bids")
                        newest = bids[0]["price"] if bids else None
        assert books < steps


async def test_a_client_that_leaves_its_own_fills_unread_is_cut_off_with_a_reason(tmp_path: Path) -> None:
    limits = SessionLimits(private_buffer_bytes=50_000, stream_buffer_bytes=20_000)
    async with running(tmp_path, limits=limits) as world:
        maker = await world.connect()
        token = (await maker.register("Bob", agent_id="bob", starting_capital=1e7))["token"]
        async with Stalled(world) as stalled:
            await stalled.say("agent_register", agent_id="bob", token=token)
            while not stalled.session.accounts:
                await maker.settle()
            orders = 0
            while stalled.session.is_open:
                orders += 1
                await maker.order("buy", 1, 99.0)
                assert orders < 5_000, "it was never cut off"
            assert world.gateway.metrics.clients_too_slow == 1
        fresh = await world.connect()
        await fresh.register(agent_id="bob", token=token)
        resumed = await fresh.ask("resume", "resumed", epoch="first", sequence=0)
        assert resumed["data"]["agent_id"] == "bob"


async def test_a_greedy_client_waits_for_its_answers_before_it_may_ask_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: list[int] = []
    begin = Session.begin

    def watched(session: Session) -> None:
        begin(session)
        under_way.append(session._in_flight)

    monkeypatch.setattr(Session, "begin", watched)
    async with running(tmp_path, limits=SessionLimits(max_in_flight=4)) as world:
        greedy, polite = await world.trader(), await world.trader()
        for _ in range(500):
            await greedy.send("add_order", symbol_id=1, side="buy", price=99.0, quantity=1)
        assert (await polite.order("buy", 1, 99.0))["status"] == "success"
        for _ in range(500):
            assert (await greedy.wait_for("order_response"))["data"]["status"] == "success"
    assert max(under_way) == 4


async def test_a_client_that_is_gone_without_a_word_is_cut_off(tmp_path: Path) -> None:
    async with running(tmp_path, heartbeat_s=0.1) as world, Stalled(world) as stalled:
        talking = await world.connect()
        async with asyncio.timeout(20):
            while stalled.session.is_open:
                await talking.settle()
        assert await talking.settle() is not None
