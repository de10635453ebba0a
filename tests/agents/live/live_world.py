"""A whole exchange with its agents in the test's own loop: real OMS, engine server, gateway, sockets and session."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from agents.live.session import PUBLIC_CHANNELS, AgentsConfig, Session
from agents.llm.model import LanguageModel
from agents.population import members
from agents.scenario import Scenario, parse_scenario
from engine.commands import AddInstrument
from engine.oms import OrderManagementSystem
from net.client import Client
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.gateway import GatewayConfig, serve
from net.rest_client import RestClient

SCENARIO = """
seed = 3
[market]
live_speed = 40.0
[[instruments]]
ticker = "ACME"
price = 100.0
[[instruments]]
ticker = "ZETA"
price = 64250.0
tick_size = 5.0
lot_size = 0.001
[news]
rumour_share = 0.0
company_per_hour = 0.0
sector_per_hour = 0.0
macro_per_hour = 0.0
[[agents]]
personality = "market_maker"
capital = 20_000_000
[[agents]]
personality = "noise"
count = 3
[[agents]]
personality = "neutral"
count = 4
[[agents]]
personality = "news_trader"
params = { misread = 0.0, noise = 0.0, lag_median_s = 0.01 }
"""


class LiveWorld:
    """The exchange, and one stay of the agents process at it."""

    def __init__(
        self, url: str, data_dir: Path, oms: OrderManagementSystem, rest: RestClient, scenario: Scenario
    ) -> None:
        self.url = url
        self.data_dir = data_dir
        self.oms = oms
        self.rest = rest
        self.scenario = scenario

    @asynccontextmanager
    async def session(self, model: LanguageModel | None = None) -> AsyncIterator[Session]:
        """A populated session; ``model`` is the one that agents may ask."""
        config = AgentsConfig(url=self.url, data_dir=self.data_dir)
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(Client(self.url, channels=PUBLIC_CHANNELS)) for _ in range(2)]
            session = Session(config, self.scenario, clients, model)
            populated = asyncio.Event()
            run = asyncio.create_task(session.run(members(self.scenario), populated))
            try:
                async with asyncio.timeout(10):
                    await populated.wait()
                yield session
            finally:
                run.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await run


@asynccontextmanager
async def live_world(data_dir: Path, text: str = SCENARIO) -> AsyncIterator[LiveWorld]:
    """An exchange with the scenario's instruments and nobody on it."""
    scenario = parse_scenario(text, "test")
    oms = OrderManagementSystem()
    for instrument in scenario.instruments:
        oms.submit(AddInstrument(instrument=instrument), time.time_ns())
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(EngineServer(oms, None, time.time_ns, epoch="first"))
        client = await stack.enter_async_context(EngineClient("127.0.0.1", engine.port))
        server = await stack.enter_async_context(serve(GatewayConfig(data_dir=data_dir, port=0), client))
        async with asyncio.timeout(20):
            await server.gateway.feed.ready.wait()
        token = (data_dir / "admin.token").read_text().strip()
        url = f"ws://127.0.0.1:{server.port}/ws"
        rest = await stack.enter_async_context(RestClient(url, token=token))
        yield LiveWorld(url, data_dir, oms, rest, scenario)


async def eventually(condition: Callable[[], object], within_s: float = 20.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - polls state that no event announces
            await asyncio.sleep(0.01)
