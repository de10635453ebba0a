"""Between the three sizes that have pictures: every row of every pane has the width of its pane."""

from __future__ import annotations

import pytest

from tests.tui.conftest import OpenConsole
from tests.tui.world import FakeTime, World
from tui import keys
from tui.config import ConsoleConfig
from tui.drawing.cells import row_width
from tui.widgets.ladder import Ladder
from tui.widgets.pane import Pane


@pytest.mark.parametrize("size", [(60, 16), (61, 17), (97, 31), (100, 24), (140, 30), (159, 49), (213, 71)])
async def test_every_row_has_the_width_of_its_pane(size: tuple[int, int], console: OpenConsole) -> None:
    world = World(FakeTime())
    async with console(size=size, config=ConsoleConfig(admin=lambda: world.admin), world=world, steps=12) as c:
        c.world.news(0)
        c.world.decide()
        await c.press("left_square_bracket", "b", "enter", "B", "y")
        for digit in range(1, len(keys.MODES) + 1):
            await c.press("g", str(digit))
            assert {len(line) for line in c.lines()} == {size[0]}
            for pane in c.app.screen.query(Pane):
                if pane.region:
                    assert {row_width(row) for row in pane._rows} == {pane.region.width}, (pane, size)
                    assert len(pane._rows) == pane.region.height


async def test_a_resized_terminal_is_drawn_anew(console: OpenConsole) -> None:
    """What was hidden comes, what was shown goes, and nothing is left of the old picture."""
    async with console(size=(200, 60)) as c:
        for size in ((80, 24), (59, 15), (120, 40)):
            await c.pilot.resize_terminal(*size)
            await c.settle()
            assert {len(line) for line in c.lines()} == {size[0]}
            assert len(c.lines()) == size[1]
        assert "LADDER" in c.text()
        assert "LEADERBOARD" not in c.text()


async def test_the_ladder_has_the_focus_again_after_a_terminal_that_was_too_small(console: OpenConsole) -> None:
    async with console() as c:
        for size in ((59, 15), (50, 10), (120, 40)):
            await c.pilot.resize_terminal(*size)
            await c.settle()
        assert isinstance(c.app.focused, Ladder)
        await c.press("left_square_bracket", "b", "enter")
        assert "add" in [verb for verb, _ in c.world.requests]


@pytest.mark.parametrize("width", [100, 120, 140, 159, 160, 175, 184, 185, 200, 240])
async def test_the_chart_has_room_at_every_width(width: int, console: OpenConsole) -> None:
    async with console(size=(width, 40)) as c:
        assert c.app.screen.query_one("#chart").size.width >= 20
        assert c.app.screen.query_one("#chart").size.width >= width // 5
