import math
from pathlib import Path
from typing import Any

import pytest

from agents.intents import Cancel, Done, New, Replace
from agents.scenario import load_scenario
from agents.simulation import START_NS, simulate
from engine.types import Side

LABORATORY = """
[market]
hours = 0.5
intraday_pattern = false
[[instruments]]
ticker = "ACME"
price = 100.0
[[agents]]
personality = "{name}"
count = 20
capital = 10_000_000
"""


@pytest.mark.parametrize("name", ["zip", "aa", "gd"])
def test_a_market_of_them_alone_trades_near_the_value(tmp_path: Path, name: str) -> None:
    path = tmp_path / "laboratory.toml"
    path.write_text(LABORATORY.format(name=name))
    [tape] = simulate(load_scenario(str(path)), seed=1).recorder.tapes.values()
    seconds = [(at - START_NS) // 1_000_000_000 for at in tape.time]
    misses = [price - tape.value[second] for price, second in zip(tape.price, seconds, strict=True) if second > 600]
    assert len(misses) > 50
    limits_apart = 12 * 0.84  # standard deviation of what clients would pay, in ticks
    assert math.sqrt(sum(miss * miss for miss in misses) / len(misses)) < 0.7 * limits_apart


@pytest.mark.parametrize("name", ["zip", "aa", "gd"])
def test_nobody_pays_more_than_the_client_does(tiny: Any, name: str) -> None:
    agent = tiny.agent(name, spread=4.0)
    for step in range(300):
        tiny.quote(9_960 + step % 80, 9_963 + step % 80)
        for order in agent.look():
            assignment = agent.strategy.assignments[1]
            if isinstance(order, New | Replace):
                assert order.price * assignment.sign <= assignment.limit * assignment.sign


def test_a_quote_is_moved_and_not_doubled(tiny: Any) -> None:
    agent = tiny.agent("zip")
    [first] = agent.look()
    assert isinstance(first, New)
    agent.strategy.assignments[1].limit += 5
    [moved] = agent.look()
    assert isinstance(moved, Replace)
    assert moved.ref == first.ref


def test_what_a_client_takes_back_is_canceled_before_the_next_order(tiny: Any) -> None:
    agent = tiny.agent("zip", patience_s=60.0)
    [first] = agent.look()
    tiny.pass_time(60)
    canceled, following = agent.look()
    assert canceled == Cancel(1, first.ref)
    assert isinstance(following, New)


def test_a_filled_assignment_is_followed_by_another_and_a_partial_fill_is_not(tiny: Any) -> None:
    agent = tiny.agent("zip", size_mu=3.0, size_sigma=0.0)
    [first] = agent.look()
    agent.filled(first.side, 5, ref=first.ref, leaves=15)
    assert agent.strategy.assignments[1].qty == 15
    agent.filled(first.side, 15, ref=first.ref, leaves=0)
    [following] = agent.look()
    assert isinstance(following, New)
    assert following.ref != first.ref


def test_an_order_that_left_the_market_is_placed_again(tiny: Any) -> None:
    agent = tiny.agent("zip")
    [first] = agent.look()
    agent.hear(Done(1, first.ref, "price_out_of_band"))
    [again] = agent.look()
    assert isinstance(again, New)
    assert again.qty == first.qty


def test_a_full_hand_takes_only_orders_that_empty_it(tiny: Any) -> None:
    agent = tiny.agent("zip", max_position=50.0, patience_s=1.0)
    agent.filled(Side.BUY, 60)
    orders = [intent for intent in agent.look(20) if isinstance(intent, New)]
    assert len(orders) == 20
    assert {order.side for order in orders} == {Side.SELL}
