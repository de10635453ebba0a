"""Command lines at work in a running console."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events

from net import messages as m
from tests.tui.conftest import Console, OpenConsole
from tests.tui.world import FakeTime, World
from tui.config import ConsoleConfig


async def enter(c: Console, line: str) -> None:
    await c.press("colon")
    c.app.post_message(events.Paste(line))
    await c.press("enter")


async def test_a_typed_order_is_sent_by_its_enter(console: OpenConsole) -> None:
    async with console() as c:
        best = max(c.world.markets[2].bids)
        await enter(c, "buy 7 BETA @ bid")
        assert c.world.requests[-1] == ("add", (2, "buy", 7.0, round(best * 0.01, 2), "GTC", False))


async def test_a_typed_order_that_trades_at_once_still_asks(console: OpenConsole) -> None:
    async with console() as c:
        await enter(c, "sell 5 mkt")
        assert "add" not in [verb for verb, _ in c.world.requests]
        await c.press("y")
        assert c.app.view.portfolio.qty(1) == -5.0


async def test_a_line_off_the_tick_is_refused(console: OpenConsole) -> None:
    async with console() as c:
        await enter(c, "buy 7 @ 100.51")
        assert "add" not in [verb for verb, _ in c.world.requests]
        assert "not on the tick" in c.text()


async def test_screens_instruments_and_looks_are_commands_too(console: OpenConsole) -> None:
    async with console() as c:
        await enter(c, "sym delt; tf 1m; theme light; go agents")
        assert c.app.view.market is not None
        assert c.app.view.market.ticker == "DELT"
        assert (c.app.context.timeframe, c.app.look.name, c.app.context.mode) == ("1m", "light", "agents")


async def test_the_simulations_speed_is_a_command_and_every_console_shows_it(console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        await enter(c, "sim speed 4")
        assert world.admin.calls == [("set_speed", 4.0)]
        world.push(m.Simulation(data=m.SimulationShape(speed=4.0)))
        await c.settle()
        assert "×4" in c.lines()[0]
        world.push(m.Simulation(data=m.SimulationShape(speed=1.0)))
        await c.settle()
        assert "×" not in c.lines()[0]


async def test_all_agents_are_paused_with_one_word_about_it(console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        await enter(c, "sim pause")
        assert {verb for verb, _ in world.admin.calls} == {"pause"}
        assert len(world.admin.calls) == 10
        assert [line.text for line in c.app.view.audit if line.kind == "admin"] == ["pause 10 agents"]


async def test_a_step_lets_all_agents_go_on_for_a_second_of_theirs(console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        world.push(m.Simulation(data=m.SimulationShape(speed=20.0)))
        await c.settle()
        c.app.runner.run("sim step")
        await c.app.workers.wait_for_complete([worker for worker in c.app.workers if worker.group == "orders"])
        assert [verb for verb, _ in world.admin.calls] == ["resume"] * 10 + ["pause"] * 10
        assert "10 agents went on for 1 s" in [line.text for line in c.app.view.audit if line.kind == "admin"]


async def test_a_live_market_is_not_reset(console: OpenConsole) -> None:
    async with console() as c:
        await enter(c, "sim reset 7")
        assert "this market is no recording" in c.text()


@pytest.mark.parametrize("speed", ["0.05", "x50"])
async def test_a_speed_out_of_bounds_is_told_with_the_bounds(speed: str, console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        await enter(c, f"sim speed {speed}")
        assert f"speed: {speed.removeprefix('x')} is outside of 0.1 to 20" in c.text()
        assert world.admin.calls == []


async def test_who_may_not_administer_is_told_so_when_setting_the_speed(console: OpenConsole) -> None:
    async with console() as c:
        await enter(c, "sim speed 4")
        assert "no admin token" in c.text()


async def test_an_alert_tells_once(console: OpenConsole) -> None:
    async with console() as c:
        await enter(c, "alert px>1")
        c.app.second()
        c.app.second()
        assert [line.text for line in c.app.view.audit if line.kind == "alert"] == ["ACME px > 1"]


async def test_a_recording_shows_the_same_market_and_takes_no_orders(console: OpenConsole, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    async with console() as c:
        await enter(c, f"rec {file}")
        await c.step(5)
        await enter(c, "rec off")
        depth = c.app.view.depth
        await enter(c, f"replay {file} x1000")
        async with asyncio.timeout(10):
            while (playback := c.app.link.playback) is None or not playback.ended:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await c.settle()
        assert c.app.view.depth.bids == depth.bids
        await c.press("left_square_bracket", "b")
        assert next(iter(c.app.view.audit)).text.endswith("spectators do not trade")
        assert not c.app.view.orders.open_orders()
