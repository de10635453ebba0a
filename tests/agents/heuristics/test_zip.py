from typing import Any

import pytest

from agents.intents import Trade
from engine.types import Side


def buyer(tiny: Any) -> Any:
    agent = tiny.agent("zip", size_mu=3.0)
    while not (assignment := agent.strategy.assignments.get(1)) or assignment.side is not Side.BUY:
        tiny.pass_time(200)
        agent.look()
    return agent


def margin(agent: Any) -> float:
    return agent.strategy.margin(agent.market.symbol, 1)


def test_a_buyer_that_would_have_paid_more_than_a_trade_keeps_more(tiny: Any) -> None:
    agent = buyer(tiny)
    before = margin(agent)
    agent.hear(Trade(1, agent.strategy.assignments[1].limit - 30, 5, Side.SELL))
    assert margin(agent) > before


def test_a_buyer_whom_another_buyer_outbids_keeps_less(tiny: Any) -> None:
    agent = buyer(tiny)
    before = margin(agent)
    agent.hear(Trade(1, agent.strategy.assignments[1].limit + 3, 5, Side.BUY))
    assert margin(agent) < before


def test_a_trade_beyond_its_price_that_a_seller_made_tells_a_buyer_nothing(tiny: Any) -> None:
    agent = buyer(tiny)
    before = margin(agent)
    agent.hear(Trade(1, agent.strategy.assignments[1].limit + 3, 5, Side.SELL))
    assert margin(agent) == before


def test_a_better_bid_than_its_own_lowers_its_margin(tiny: Any) -> None:
    agent = buyer(tiny)
    limit = agent.strategy.assignments[1].limit
    tiny.quote(limit - 20, limit + 20)
    agent.look()
    before = margin(agent)
    tiny.quote(limit - 1, limit + 20)
    agent.look()
    assert margin(agent) < before


def test_the_margin_never_becomes_a_loss(tiny: Any) -> None:
    agent = buyer(tiny)
    for _ in range(100):
        agent.hear(Trade(1, agent.strategy.assignments[1].limit + 50, 5, Side.BUY))
    assert margin(agent) == 0.0


def test_each_draws_its_own_learning_rates_within_the_published_ranges(tiny: Any) -> None:
    agent = tiny.agent("zip")
    assert 0.1 <= agent.strategy.learning <= 0.5
    assert 0.0 <= agent.strategy.momentum <= 0.1
    assert margin(agent) == pytest.approx(0.2 * 12 * 0.84, abs=0.15 * 12 * 0.84)
