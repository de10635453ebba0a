"""The seeded market that pictures are taken of: what its one account hears."""

from __future__ import annotations

from engine.types import Side
from net import messages as m
from tui.stage import Stage


async def test_the_owner_hears_of_each_fill_what_is_left() -> None:
    """As from the gateway: a message a fill, then the order's new state."""
    stage = Stage()
    stage.step(30.0)
    while not stage._queue.empty():
        stage._queue.get_nowait()
    result = await stage.add_order(1, Side.BUY, 200)
    told = []
    while not stage._queue.empty():
        told.append(stage._queue.get_nowait())
    fills = [push.data for push in told if isinstance(push, m.Execution)]
    updates = [push.data for push in told if isinstance(push, m.OrderUpdate)]
    assert result.filled_quantity == sum(fill.quantity for fill in fills) > 0
    left = 200.0
    for fill in fills:
        left -= fill.quantity
        assert fill.leaves_quantity == left
    assert [update.event for update in updates[:2]] == ["accepted", "filled"]


def test_agents_have_fills_drawdown_and_a_sharpe_ratio() -> None:
    stage = Stage()
    stage.step(60.0)
    agents = {agent.agent_id: agent for agent in (stage._agent(view) for view in stage.oms.accounts())}
    busiest = max(agents.values(), key=lambda agent: agent.trades)
    assert busiest.trades > 10
    assert busiest.sharpe is not None
    assert busiest.max_drawdown > 0


def test_the_stage_tells_how_its_exchange_does() -> None:
    stage = Stage()
    for _ in range(20):
        stage.step(1.0)
    told = []
    while not stage._queue.empty():
        told.append(stage._queue.get_nowait())
    figures = [push.data for push in told if isinstance(push, m.Performance)][-1]
    agents = [push.data for push in told if isinstance(push, m.AgentsSnapshot)][-1]
    placed = sum(agent.orders_per_second for agent in agents)
    assert figures.total_trades == sum(1 for push in told if isinstance(push, m.TradePrint))
    assert 0 < figures.trades_per_second < figures.orders_per_second <= placed * 2
    assert figures.latency[0].count > figures.total_trades
    assert 0 < figures.latency[0].p50_ms <= figures.latency[0].max_ms
