"""The real engine and the real gateway in this process, on free ports, with what goes wrong between them on demand."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from engine.commands import AddInstrument
from engine.instruments import Instrument
from engine.oms import OrderManagementSystem
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.gateway.app import GatewayServer, serve
from net.gateway.config import GatewayConfig

ACME = Instrument(symbol_id=1, ticker="ACME", initial_price=10_000)
WIDG = Instrument(symbol_id=2, ticker="WIDG", initial_price=2_500)


class RealExchange:
    """Engine and gateway; either may be stopped and started again."""

    def __init__(self, data_dir: Path) -> None:
        self.service = OrderManagementSystem()
        for instrument in (ACME, WIDG):
            self.service.submit(AddInstrument(instrument=instrument), time.time_ns())
        self._data_dir = data_dir
        self._engine_port = 0
        self._port = 0
        self._engine = AsyncExitStack()
        self._gateway = AsyncExitStack()
        self.server: GatewayServer | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/ws"

    @property
    def admin_token(self) -> str:
        return (self._data_dir / "admin.token").read_text().strip()

    async def start_engine(self) -> None:
        server = EngineServer(self.service, port=self._engine_port, epoch="epoch-1")
        await self._engine.enter_async_context(server)
        self._engine_port = server.port

    async def stop_engine(self) -> None:
        await self._engine.aclose()

    async def start_gateway(self) -> None:
        config = GatewayConfig(data_dir=self._data_dir, port=self._port, engine_port=self._engine_port)
        engine = await self._gateway.enter_async_context(EngineClient("127.0.0.1", self._engine_port))
        self.server = await self._gateway.enter_async_context(serve(config, engine))
        await self.server.gateway.feed.ready.wait()
        self._port = self.server.port

    async def stop_gateway(self) -> None:
        await self._gateway.aclose()

    def cut_clients(self) -> None:
        """Break every client's link without a close frame."""
        assert self.server is not None
        for session in tuple(self.server.gateway.channels.everybody):
            transport = session._connection._transport
            assert transport is not None
            transport.abort()


@asynccontextmanager
async def real_exchange(data_dir: Path) -> AsyncIterator[RealExchange]:
    exchange = RealExchange(data_dir)
    await exchange.start_engine()
    try:
        await exchange.start_gateway()
        yield exchange
    finally:
        await exchange.stop_gateway()
        await exchange.stop_engine()
