import time

import pytest

from agents.live.clock import LoopClock
from agents.market import NS, MarketView
from agents.scenario import parse_scenario
from agents.world import World

ACME = '[[instruments]]\nticker = "ACME"\nprice = 100.0\n'


async def test_a_wall_clock_that_is_set_back_does_not_stop_the_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = LoopClock(MarketView())
    began = clock.now_ns()
    monkeypatch.setattr(time, "time_ns", lambda: began - 3_600 * NS)
    assert 0 < clock.now_ns() - began < NS


def aged(*, live: bool) -> float:
    """Scenario seconds of a world whose machine slept an hour between two ticks."""
    world = World(parse_scenario(ACME, "acme"), 1, live=live)
    for now in (NS, 2 * NS, 3_602 * NS):
        world.market.now = now
        world.tick()
    return world.elapsed_s() / world.speed


def test_a_live_market_does_not_make_up_for_the_hours_its_machine_slept() -> None:
    assert aged(live=True) == pytest.approx(1 + 5)
    assert aged(live=False) == pytest.approx(3_601)
