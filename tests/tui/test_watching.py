"""Another account's orders in the ladder."""

from __future__ import annotations

from tests.tui.conftest import OpenConsole
from tests.tui.world import FakeTime, World
from tui.config import ConsoleConfig


async def test_an_agents_orders_stand_in_the_ladder_until_escape(console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        await c.press("g", "3", "home", "o")
        assert c.app.context.mode == "trade"
        assert "LADDER BETA · " in c.text()
        asked = len(world.admin.calls)
        c.app.second()
        await c.settle()
        assert len(world.admin.calls) == asked + 1
        await c.press("escape")
        assert "LADDER BETA ─" in c.text()
        assert "·77" not in c.text()


async def test_the_same_key_again_watches_no_more(console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        await c.press("g", "3", "home", "o", "g", "3", "o")
        assert c.app.context.watching is None


async def test_without_the_admin_token_nobody_elses_orders_are_shown(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("g", "3", "home", "o")
        assert c.app.context.watching is None
        assert "an agent's orders are private" in c.text()
