import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from live_world import LiveWorld, eventually, live_world

from agents.intents import AgentEvent, AgentIntent, News, Timer
from agents.world import World
from engine.types import Side
from net import messages as m
from net.client import Client


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LiveWorld]:
    async with live_world(tmp_path) as built:
        yield built


def trades(world: LiveWorld, symbol_id: int = 1) -> int:
    return len(world.oms.trades(symbol_id, 1_000))


def has_book(world: LiveWorld, symbol_id: int) -> bool:
    depth = world.oms.depth(symbol_id)
    return depth is not None and bool(depth.bids) and bool(depth.asks)


async def test_books_fill_at_once_and_agents_trade(world: LiveWorld) -> None:
    async with world.session() as session:
        await eventually(lambda: has_book(world, 1) and has_book(world, 2), 5.0)
        await eventually(lambda: trades(world) > 10 and trades(world, 2) > 10)
        assert not session.venue.rejected.get("price_off_tick")
        assert len(session.feed.hosts) == 9


async def test_a_faster_simulation_lets_the_scenarios_hours_pass_sooner(world: LiveWorld) -> None:
    async with world.session() as session:
        begun_s, wall_s = session.world.elapsed_s(), time.monotonic()
        await world.rest.set_speed(20.0)
        await eventually(lambda: session.world.elapsed_s() - begun_s >= 10 * session.world.speed)
        assert time.monotonic() - wall_s < 8
        assert trades(world) > 10
    async with world.session() as late:
        await eventually(lambda: late.clock.rate == 20.0)


async def test_agents_know_what_they_hold(world: LiveWorld) -> None:
    async with world.session() as session:
        await eventually(lambda: trades(world) > 20)
        for host in session.feed.hosts.values():
            host.pause()

        def agree() -> bool:
            for agent_id, host in session.feed.hosts.items():
                account = world.oms.account(agent_id)
                assert account is not None
                held = {position.symbol_id: position.qty for position in account.positions if position.qty}
                if held != {key: qty for key, qty in host.context.portfolio.positions.items() if qty}:
                    return False
            return True

        await eventually(agree)


async def test_an_agent_created_by_rest_is_spawned_with_its_personality_and_trades(world: LiveWorld) -> None:
    async with world.session() as session:
        created = await world.rest.create_agent(
            m.CreateAgent(name="Mo", personality="Momentum", starting_capital=50_000)
        )
        await eventually(lambda: created.agent_id in session.feed.hosts)
        assert session.feed.hosts[created.agent_id].context.personality == "momentum"
        maker = await world.rest.create_agent(m.CreateAgent(name="Mm", personality="market_maker"))
        await eventually(lambda: len(world.oms.orders(maker.agent_id)) >= 10)


async def test_an_agent_that_is_removed_while_it_is_taken_over_does_not_begin(
    world: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.session() as session:
        read, asked, go_on = Client.get_portfolio, asyncio.Event(), asyncio.Event()

        async def slow(client: Client, agent_id: str | None = None) -> m.PortfolioUpdate:
            portfolio = await read(client, agent_id)
            asked.set()
            await go_on.wait()
            return portfolio

        monkeypatch.setattr(Client, "get_portfolio", slow)
        created = await world.rest.create_agent(m.CreateAgent(name="Mo", personality="momentum"))
        await asyncio.wait_for(asked.wait(), 20)
        (spawning,) = [task for task in session._tasks if task.get_name() == f"spawn {created.agent_id}"]
        await world.rest.remove_agent(created.agent_id)
        await eventually(lambda: created.agent_id not in {kept.agent_id for kept in session.register})
        go_on.set()
        await asyncio.wait_for(spawning, 20)
        assert created.agent_id not in session.feed.hosts


async def test_an_unknown_personality_is_reported_with_the_nearest_one(world: LiveWorld) -> None:
    async with world.session() as session, Client(world.url, channels=["decisions"]) as watcher:
        created = await world.rest.create_agent(m.CreateAgent(name="Typo", personality="momentun"))
        async with asyncio.timeout(20):
            async for message in watcher.messages():
                if isinstance(message, m.Decision) and message.data.stage == "runner":
                    break
        assert message.data.agent_id == created.agent_id
        assert message.data.why == "unknown personality 'momentun': trades as neutral, did you mean 'momentum'?"
        assert session.feed.hosts[created.agent_id].context.personality == "neutral"


async def test_a_restarted_process_quotes_and_values_from_the_last_price(world: LiveWorld) -> None:
    async with world.session():
        await eventually(lambda: has_book(world, 1))
    await eventually(lambda: not any(world.oms.orders(account.account) for account in world.oms.accounts()))
    async with Client(world.url) as trader:
        seller, buyer = [await trader.register(name, starting_capital=10_000_000) for name in ("seller", "buyer")]
        await trader.add_order(1, Side.SELL, 1.0, price=94.0, agent_id=seller.agent_id)
        await trader.add_order(1, Side.BUY, 1.0, price=94.0, agent_id=buyer.agent_id)
    last = world.oms.trades(1, 1)[0].price
    assert last == 9_400
    async with world.session() as session:
        value = session.world.fundamental.value(1)
        assert value is not None
        assert abs(value - last) < 60
        await eventually(lambda: has_book(world, 1))
        depth = world.oms.depth(1)
        assert depth is not None
        assert abs((depth.bids[0].price + depth.asks[0].price) / 2 - last) < 60


async def test_a_removed_agent_stops(world: LiveWorld) -> None:
    async with world.session() as session:
        agent_id = next(iter(session.feed.hosts))
        host = session.feed.hosts[agent_id]
        await world.rest.remove_agent(agent_id)
        await eventually(lambda: agent_id not in session.feed.hosts)
        assert not host.alive
        assert all(kept.agent_id != agent_id for kept in session.register)


async def test_pause_withdraws_the_orders_and_resume_brings_them_back(world: LiveWorld) -> None:
    async with world.session() as session:
        maker = next(key for key, host in session.feed.hosts.items() if host.context.personality == "market_maker")
        await eventually(lambda: world.oms.orders(maker))
        await world.rest.control_agent(maker, "pause")
        await eventually(lambda: not world.oms.orders(maker))
        assert session.feed.hosts[maker].paused
        await world.rest.control_agent(maker, "resume")
        await eventually(lambda: world.oms.orders(maker))


class Bomb:
    """Raises on its first timer."""

    wants: ClassVar[frozenset[type]] = frozenset()

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        if isinstance(event, Timer):
            raise ZeroDivisionError("boom")
        return ()


async def test_an_agent_that_raises_is_isolated_reported_and_started_again(world: LiveWorld) -> None:
    async with world.session() as session, Client(world.url, channels=["decisions"]) as watcher:
        agent_id, host = next(iter(session.feed.hosts.items()))
        host.strategy = Bomb()
        host.deliver(Timer("x"))
        async with asyncio.timeout(20):
            async for message in watcher.messages():
                if isinstance(message, m.Decision) and message.data.stage == "runner":
                    break
        assert message.data.agent_id == agent_id
        assert "ZeroDivisionError: boom" in message.data.why
        before = trades(world)
        await eventually(lambda: trades(world) > before)
        await eventually(lambda: session.feed.hosts[agent_id] is not host)
        assert session.feed.hosts[agent_id].alive


async def test_a_restarted_process_takes_its_accounts_back_with_their_positions(world: LiveWorld) -> None:
    async with world.session() as session:
        created = await world.rest.create_agent(m.CreateAgent(name="Late", personality="noise"))
        await eventually(lambda: created.agent_id in session.feed.hosts and trades(world) > 20)
        first = set(session.feed.hosts)
    async with world.session() as session:
        assert set(session.feed.hosts) == first
        held = {agent_id: host.context.portfolio.position(1) for agent_id, host in session.feed.hosts.items()}
        assert any(held.values())
    accounts = world.oms.accounts()
    assert len([account for account in accounts if account.name == "market-maker-1"]) == 1


async def test_posted_news_move_values_and_are_traded_on(world: LiveWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.live.session.FIRST_STORIES_S", ())
    async with world.session() as session:
        reader = next(key for key, host in session.feed.hosts.items() if host.context.personality == "news_trader")
        await eventually(lambda: has_book(world, 1))
        value = session.world.fundamental.value(1) or 0.0
        headline = "Acme plunges as fraud investigation widens, losses mount"
        await world.rest.publish_news(
            m.CreateNews(headline=headline, content=headline, sentiment=-0.9, instrument_id=1)
        )
        await eventually(lambda: world.oms.fills(reader))
        assert {fill.side for fill in world.oms.fills(reader)} == {Side.SELL}
        assert (session.world.fundamental.value(1) or 0.0) < value


async def test_a_strong_posted_headline_moves_the_price_about_a_percent(world: LiveWorld) -> None:
    async with world.session() as session:
        await eventually(lambda: trades(world) > 20)
        before = session.world.market.symbol(1).mid
        await world.rest.publish_news(m.CreateNews(headline="Good", content="Good", sentiment=0.9, instrument_id=1))
        await eventually(lambda: session.world.market.symbol(1).mid > before * 1.008)
        assert session.world.market.symbol(1).mid < before * 1.03


async def test_the_newsroom_publishes_through_rest(world: LiveWorld) -> None:
    async with world.session() as session:
        heard: list[News] = []
        host = next(host for host in session.feed.hosts.values() if host.context.personality == "news_trader")
        original = host.strategy.on_event
        host.strategy.on_event = lambda event: (
            heard.append(event) if isinstance(event, News) else None,
            original(event),
        )[1]  # type: ignore[method-assign]
        session.world.newsroom.promise(0.0)
        await eventually(lambda: heard)
        assert heard[0].symbol_id in (1, 2)
        assert heard[0].source == "newsroom"


async def test_a_restarted_newsroom_goes_on_from_the_news_there_are(world: LiveWorld) -> None:
    await world.rest.publish_news(m.CreateNews(headline="Old hat", content="Old hat", sentiment=0.0))
    async with world.session() as session:
        fresh = World(world.scenario, session.seed, live=True)
        for symbol_id, subject in session.world.newsroom.subjects.items():
            fresh.newsroom.subjects[symbol_id] = subject
        fresh.newsroom.promise(0.0)
        (begun,) = fresh.newsroom.write(1.0)
        session.world.newsroom.promise(0.0)
        (going_on,) = session.world.newsroom.write(1.0)
        assert begun.headline != going_on.headline


async def test_an_instrument_listed_later_gets_a_market(world: LiveWorld) -> None:
    async with world.session():
        listed = await world.rest.create_instrument(m.CreateInstrument(ticker="NEWCO", initial_price=20.0))
        await eventually(lambda: has_book(world, listed.symbol_id))
        await eventually(lambda: trades(world, listed.symbol_id) > 0)


async def test_agents_explain_their_decisions(world: LiveWorld) -> None:
    async with world.session(), Client(world.url, channels=["decisions"]) as watcher:
        stages = set()
        async with asyncio.timeout(10):
            async for message in watcher.messages():
                if isinstance(message, m.Decision):
                    assert message.data.why
                    stages.add(message.data.stage)
                    break
        assert stages == {"heuristic"}


async def test_an_agent_that_lacks_what_it_needs_is_stood_in_for_and_ends_nobody(world: LiveWorld) -> None:
    async with world.session() as session, Client(world.url, channels=["decisions"]) as watcher:
        created = await world.rest.create_agent(m.CreateAgent(name="Grace", personality="langgraph"))
        await eventually(lambda: created.agent_id in session.feed.hosts)
        place = session._places[created.agent_id]
        place.member = msgspec.structs.replace(place.member, params={"graph": "no.such:graph"})
        await world.rest.control_agent(created.agent_id, "restart")
        async with asyncio.timeout(20):
            async for message in watcher.messages():
                if isinstance(message, m.Decision) and message.data.stage == "runner":
                    break
        assert message.data.action == "trades as neutral"
        assert message.data.why.startswith("Grace cannot trade as langgraph: ")
        assert not session.over.is_set()
