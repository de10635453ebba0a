"""The venue behind the gateway's port, and on its own, as ``serve`` runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from hl_waiting import eventually
from venue_world import INSTRUMENTS
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from engine.commands import AddInstrument
from engine.oms import OrderManagementSystem
from net.engine_client import EngineClient
from net.engine_server import EngineServer
from net.errors import StartupError
from net.gateway import GatewayConfig, serve
from net.gateway.app import GatewayServer
from net.hyperliquid.venue.config import VenueConfig

ADDRESS = "0x" + "1" * 40


@asynccontextmanager
async def gateway(data_dir: Path, config: VenueConfig, oms: OrderManagementSystem) -> AsyncIterator[GatewayServer]:
    async with EngineServer(oms, epoch="first") as server, EngineClient("127.0.0.1", server.port) as engine:
        if not oms.instruments():
            for instrument in INSTRUMENTS:
                await engine.submit(AddInstrument(instrument=instrument))
        settings = GatewayConfig(data_dir=data_dir, port=0, hyperliquid=config)
        async with serve(settings, engine) as running:
            await running.gateway.feed.ready.wait()
            yield running


async def ask(url: str, **question: object) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.post(f"{url}/info", json=question)


async def test_it_answers_below_its_prefix_and_the_rest_of_the_gateway_goes_on(tmp_path: Path) -> None:
    async with gateway(tmp_path, VenueConfig(), OrderManagementSystem()) as running:
        base = f"http://127.0.0.1:{running.port}"
        names = [each["name"] for each in (await ask(f"{base}/hl", type="meta")).json()["universe"]]
        assert names == ["BTC", "ETH", "kPEPE"]
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{base}/health")).status_code == 200
            assert (await http.get(f"{base}/hl/nothing")).status_code == 404
            foreign = {"Origin": "http://evil.example"}
            assert (await http.post(f"{base}/hl/info", json={"type": "meta"}, headers=foreign)).status_code == 403


async def test_a_socket_that_comes_first_waits_for_the_venue_to_be_loaded(tmp_path: Path) -> None:
    async with gateway(tmp_path, VenueConfig(), OrderManagementSystem()) as running:
        async with connect(f"ws://127.0.0.1:{running.port}/hl/ws", compression=None) as socket:
            await socket.send('{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}')
            assert '"subscriptionResponse"' in str(await socket.recv())
        with pytest.raises(InvalidStatus):
            await connect(f"ws://127.0.0.1:{running.port}/hl/other")


async def test_accounts_of_the_configuration_are_opened_and_stay_over_a_restart(tmp_path: Path) -> None:
    config = VenueConfig(accounts=(f"{ADDRESS}=5000,spot=7,HYPE=3",), port=0)
    oms = OrderManagementSystem()
    for _ in range(2):
        async with gateway(tmp_path, config, oms) as running:
            await eventually(lambda: ADDRESS + ":spot" in {view.account for view in oms.accounts()})
            base = f"http://127.0.0.1:{running.port}/hl"
            while (await ask(base, type="userRole", user=ADDRESS)).json() == {"role": "missing"}:
                pass
            state = (await ask(base, type="clearinghouseState", user=ADDRESS)).json()
            assert state["withdrawable"] == "5000.0"
            spot = (await ask(base, type="spotClearinghouseState", user=ADDRESS)).json()
            assert [(each["coin"], each["total"]) for each in spot["balances"]] == [("USDC", "7.0"), ("HYPE", "3.0")]


async def test_without_a_client_it_does_not_even_follow_the_engine(tmp_path: Path) -> None:
    async with gateway(tmp_path, VenueConfig(), OrderManagementSystem()):
        assert not (tmp_path / "hyperliquid.json").exists()


@pytest.mark.parametrize("account", ["", "0x12=5", ADDRESS, f"{ADDRESS}=abc", f"{ADDRESS}=-5", f"{ADDRESS}=5,spot=x"])
async def test_an_account_that_is_none_stops_the_start_with_one_line(tmp_path: Path, account: str) -> None:
    with pytest.raises(StartupError, match="is no account: say 0xADDRESS=USDC"):
        async with gateway(tmp_path, VenueConfig(accounts=(account,)), OrderManagementSystem()):
            pass
