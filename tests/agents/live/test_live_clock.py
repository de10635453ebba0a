import asyncio
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


async def test_a_faster_market_brings_forward_what_agents_wait_for() -> None:
    clock = LoopClock(MarketView())
    clock.set_rate(0.1)
    asked, begun = clock.now_ns(), time.monotonic()
    waiting = asyncio.create_task(clock.sleep(NS))
    await asyncio.sleep(0)
    clock.set_rate(20.0)
    async with asyncio.timeout(20):
        await waiting
    passed = clock.now_ns() - asked
    assert passed >= NS
    assert passed <= (time.monotonic() - begun) * 20 * NS


async def test_a_change_of_speed_makes_no_jump_in_the_agents_time() -> None:
    clock = LoopClock(MarketView())
    seen = []
    for rate in (0.1, 20.0, 0.5, 1.0):
        before = clock.now_ns()
        clock.set_rate(rate)
        seen.append(clock.now_ns() - before)
    assert all(0 <= step < NS / 2 for step in seen)


async def test_what_is_due_at_one_time_rings_in_the_order_it_was_set_however_much_it_is() -> None:
    clock = LoopClock(MarketView())
    rung: list[int] = []
    now = clock.now_ns()
    for number in range(1_000):
        clock.call_at(now, rung.append, number)
    clock.call_at(now - NS, rung.append, -1)
    await clock.sleep(1)
    assert rung == [-1, *range(1_000)]


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
