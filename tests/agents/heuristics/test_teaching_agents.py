"""The agents that are off by default: spoofer, predator, flash."""

from typing import Any

from agents.intents import Cancel, New, Timer
from engine.types import Side


def test_a_spoofer_shows_large_orders_on_one_side_and_means_a_small_one_on_the_other(tiny: Any) -> None:
    agent = tiny.agent("spoofer", rate=1.0)
    *false, true = [intent for intent in agent.look() if isinstance(intent, New)]
    assert len(false) == 3
    assert {order.side for order in false}.isdisjoint({true.side})
    assert min(order.qty for order in false) > 5 * true.qty
    agent.context.portfolio.working = {order.ref: 1 for order in false}
    assert agent.hear(Timer("spoof 1")) == [Cancel(1, order.ref) for order in false]


def test_a_predator_runs_ahead_of_one_sided_flow_and_sells_into_it_when_it_fades(tiny: Any) -> None:
    agent = tiny.agent("predator", rate=1.0)
    assert agent.look(5) == []
    tiny.symbol.flow = 0.7
    (entry,) = agent.look()
    assert entry.side is Side.BUY
    agent.filled(Side.BUY, entry.qty)
    tiny.symbol.flow = 0.0
    (out,) = agent.look()
    assert (out.side, out.qty) == (Side.SELL, entry.qty)


def test_a_careless_seller_sells_a_share_of_the_volume_until_it_is_done(tiny: Any) -> None:
    agent = tiny.agent("flash", start_s=0.0, size=100.0, participation=0.5, min_child=10.0)
    agent.look()
    tiny.symbol.volume += 120
    (child,) = agent.look()
    assert (child.side, child.qty) == (Side.SELL, 60)
    agent.filled(Side.SELL, 60)
    tiny.symbol.volume += 1_000
    (last,) = agent.look()
    assert last.qty == 40
    agent.filled(Side.SELL, 40)
    assert agent.look(5) == []
