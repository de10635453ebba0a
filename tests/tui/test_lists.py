"""Lists: the selection is a record, not a row, so that no key does something to what slid under the bar."""

from __future__ import annotations

import msgspec

from net import messages as m
from tests.tui.conftest import OpenConsole
from tests.tui.world import FakeTime, World
from tui.config import ConsoleConfig
from tui.widgets.agents import AgentsTable
from tui.widgets.blotter import LogPane, Working


async def test_an_agent_stays_selected_while_the_ranking_changes(console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(config=ConsoleConfig(admin=lambda: world.admin), world=world) as c:
        await c.press("g", "3", "down", "down")
        table = c.app.screen.query_one(AgentsTable)
        chosen = table.current()
        assert chosen is not None
        shapes = [line.shape for line in c.app.view.agents.lines.values()]
        upside_down = [msgspec.structs.replace(shape, pnl=-shape.pnl) for shape in shapes]
        c.world.push(m.AgentsSnapshot(data=upside_down, timestamp=c.world.time.ms))
        await c.arrive()
        await c.press("p")
        assert world.admin.calls[-1] == ("pause", chosen.line.shape.agent_id)
        assert table.selected == len(shapes) - 3


async def test_x_cancels_the_order_that_was_selected_although_a_newer_one_came(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "down", "down", "b", "enter", "g", "4")
        chosen = c.app.screen.query_one(Working).current()
        assert chosen is not None
        c.world.time.pass_ms(500)
        await c.world.add_order(1, chosen.side, 5, price=chosen.ticks * 0.05 - 1 if chosen.ticks else None)
        await c.arrive()
        assert len(c.app.view.orders.open_orders()) == 2
        await c.press("x")
        assert c.world.requests[-1] == ("cancel", chosen.order_id)


async def test_the_log_shows_its_newest_line_until_one_is_chosen(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("g", "4", "tab", "tab", "tab")
        log = c.app.screen.query_one(LogPane)
        log.focus()
        await c.settle()
        c.app.view.audit.add(1, "info", "one")
        await c.settle()
        assert log.selected == 0
        await c.press("down")
        chosen = log.current()
        c.app.view.audit.add(2, "info", "two")
        await c.settle()
        assert log.current() == chosen
        assert log.selected == 2
