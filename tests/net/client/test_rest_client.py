"""REST requests to the real gateway and engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from real_exchange import RealExchange, real_exchange

from engine.types import InstrumentStatus, RejectCode
from net import messages as m
from net.errors import NotConnected, RequestRefused
from net.rest_client import RestClient, rest_url


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[RealExchange]:
    async with real_exchange(tmp_path) as running:
        yield running


def test_the_rest_address_follows_from_the_websocket_one() -> None:
    assert rest_url("ws://127.0.0.1:8000/ws") == "http://127.0.0.1:8000"
    assert rest_url("wss://example.org/ws") == "https://example.org"
    assert rest_url("http://127.0.0.1:8000") == "http://127.0.0.1:8000"


async def test_an_admin_lists_halts_opens_and_delists_an_instrument(exchange: RealExchange) -> None:
    async with RestClient(exchange.url, token=exchange.admin_token) as rest:
        listed = await rest.create_instrument(m.CreateInstrument(ticker="NEW", initial_price=12.5))
        assert (await rest.set_phase(listed.symbol_id, "halt")).status is InstrumentStatus.HALTED
        assert (await rest.set_phase(listed.symbol_id, "open")).status is InstrumentStatus.OPEN
        assert "NEW" in {instrument.ticker for instrument in await rest.instruments()}
        await rest.remove_instrument(listed.symbol_id)


async def test_an_admin_creates_controls_and_removes_an_agent(exchange: RealExchange) -> None:
    async with RestClient(exchange.url, token=exchange.admin_token) as rest:
        created = await rest.create_agent(m.CreateAgent(name="bob", personality="momentum"))
        assert created.token
        assert (await rest.control_agent(created.agent_id, "pause")).status == "paused"
        assert [agent.name for agent in await rest.agents()] == ["bob"]
        assert [agent.name for agent in await rest.leaderboard()] == ["bob"]
        assert (await rest.remove_agent(created.agent_id)).status == "closed"


async def test_news_are_published_and_listed(exchange: RealExchange) -> None:
    async with RestClient(exchange.url, token=exchange.admin_token) as rest:
        published = await rest.publish_news(m.CreateNews(content="ACME wins", headline="ACME", sentiment=0.5))
        assert published.sentiment == 0.5
        assert [news.headline for news in await rest.news()] == ["ACME"]


async def test_health_and_performance_are_for_everybody(exchange: RealExchange) -> None:
    async with RestClient(exchange.url) as rest:
        assert (await rest.health()).engine_connected
        assert (await rest.performance()).queue_capacity > 0


async def test_without_the_admin_token_nothing_is_changed(exchange: RealExchange) -> None:
    async with RestClient(exchange.url, token="not " + exchange.admin_token) as rest:
        with pytest.raises(RequestRefused) as caught:
            await rest.publish_news(m.CreateNews(content="nonsense"))
        assert caught.value.code is RejectCode.BAD_TOKEN
        assert await rest.news() == []


async def test_nobody_there_is_told() -> None:
    async with RestClient("http://127.0.0.1:1") as rest:
        with pytest.raises(NotConnected):
            await rest.health()
