"""A whole exchange in the test's own loop: real OMS, real engine server and client, real gateway, real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from engine.commands import AddInstrument
from engine.instruments import Instrument
from engine.oms import OrderManagementSystem
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.gateway import GatewayConfig, serve
from net.gateway.app import GatewayServer

ACME = Instrument(symbol_id=0, ticker="ACME", initial_price=10_000)
ETH = Instrument(symbol_id=0, ticker="ETH", initial_price=25_000, tick_size_e8=10_000_000, lot_size_e8=10_000)

Message = dict[str, Any]

PATIENCE_S = 20
"""How long to wait for what is sure to come, on however slow a machine."""


class Client:
    """A WebSocket client that speaks plain JSON, so that tests see the wire as it is."""

    def __init__(self, link: ClientConnection) -> None:
        self.link = link
        self.seen: list[Message] = []

    async def send(self, type: str, **fields: object) -> None:  # noqa: A002 - the wire's word
        await self.link.send(json.dumps({"type": type, **fields}))

    async def send_raw(self, data: str | bytes) -> None:
        await self.link.send(data)

    async def receive(self) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            message: Message = json.loads(await self.link.recv())
        self.seen.append(message)
        return message

    async def wait_for(self, type: str, where: Callable[[Message], bool] = lambda _: True) -> Message:  # noqa: A002
        """The next message of a type that fulfils a condition; the others are skipped."""
        while True:
            message = await self.receive()
            if message["type"] == type and where(message):
                return message

    async def ask(self, type: str, answer: str, **fields: object) -> Message:  # noqa: A002
        """Send a request with a request id and wait for the answer that carries it."""
        request_id = f"r{len(self.seen)}"
        await self.send(type, request_id=request_id, **fields)
        return await self.wait_for(
            answer, lambda m: request_id in (m.get("request_id"), (m.get("data") or {}).get("request_id"))
        )

    async def register(self, name: str = "Bob", **fields: object) -> Message:
        return await self.ask("agent_register", "agent_registered", name=name, **fields)

    async def order(self, side: str, quantity: float, price: float | None = None, **fields: object) -> Message:
        """Place an order in ACME and return what it came to."""
        terms = {"symbol_id": 1, "side": side, "quantity": quantity, **({} if price is None else {"price": price})}
        answer = await self.ask("add_order", "order_response", **terms, **fields)
        data: Message = answer["data"]
        return data

    async def closed(self) -> tuple[int, str]:
        """Read until the server closes; code and reason."""
        try:
            while True:
                await self.receive()
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "cut off without a close frame")

    async def settle(self) -> list[Message]:
        """Everything that was sent before the answer to a ping."""
        start = len(self.seen)
        await self.send("ping", id="settled")
        await self.wait_for("pong", lambda m: m["data"]["id"] == "settled")
        return self.seen[start:-1]


class World:
    """The exchange, and doors to it."""

    def __init__(self, server: GatewayServer, engine: EngineServer, data_dir: Path, stack: AsyncExitStack) -> None:
        self.server = server
        self.gateway = server.gateway
        self.engine = engine
        self.oms: OrderManagementSystem
        self._data_dir = data_dir
        self._stack = stack
        self.url = f"http://127.0.0.1:{server.port}"
        self.http = httpx.AsyncClient(base_url=self.url)
        stack.push_async_callback(self.http.aclose)

    @property
    def links(self) -> int:
        """Connections of the gateway to the engine."""
        engine = self.gateway.engine
        assert isinstance(engine, EngineClient)
        return engine.links + self.engine.subscribers

    @property
    def admin_token(self) -> str:
        return (self._data_dir / "admin.token").read_text().strip()

    @property
    def service_token(self) -> str:
        return (self._data_dir / "service.token").read_text().strip()

    @property
    def admin(self) -> dict[str, str]:
        """The headers of an administrator."""
        return {"Authorization": f"Bearer {self.admin_token}"}

    async def connect(self, path: str = "/ws", *, greet: bool = True, **options: Any) -> Client:
        """A client that has read the greeting."""
        link = await self._stack.enter_async_context(
            connect(self.url.replace("http", "ws") + path, proxy=None, close_timeout=0.5, **options)
        )
        client = Client(link)
        if greet:
            await client.wait_for("agents_snapshot")
        return client

    async def trader(self, name: str = "Bob", **fields: object) -> Client:
        """A client that holds an account."""
        client = await self.connect()
        await client.register(name, **fields)
        return client


@asynccontextmanager
async def running(data_dir: Path, **changes: Any) -> AsyncIterator[World]:
    """An exchange with two instruments, ACME (1) in cents and whole shares, ETH (2) in dimes and 1/10,000."""
    oms = OrderManagementSystem()
    for instrument in (ACME, ETH):
        oms.submit(AddInstrument(instrument=instrument), time.time_ns())
    config = msgspec.structs.replace(GatewayConfig(data_dir=data_dir, port=0), **changes)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(EngineServer(oms, clock=time.time_ns, epoch="first"))
        client = await stack.enter_async_context(EngineClient("127.0.0.1", engine.port))
        server = await stack.enter_async_context(serve(config, client))
        async with asyncio.timeout(PATIENCE_S):
            await server.gateway.feed.ready.wait()
        world = World(server, engine, data_dir, stack)
        world.oms = oms
        yield world
