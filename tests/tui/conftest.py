"""A console on a tiny world, for Pilot tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot

from tests.tui.world import FakeTime, World
from tui.app import ConsoleApp
from tui.config import ConsoleConfig, ConsoleSettings


@dataclass
class Console:
    """A running console, the world it looks at, and the hand on its keys."""

    app: ConsoleApp
    world: World
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        """Press keys, far enough apart in time that none counts as held down."""
        for key in keys:
            self.world.time.pass_ms(200)
            await self.pilot.press(key)
        await self.settle()

    async def settle(self) -> None:
        """Let everything that was sent arrive and be drawn."""
        for _ in range(3):
            await self.pilot.pause()
        self.app.draw_now()
        await self.pilot.pause()

    async def step(self, count: int = 1) -> None:
        """Let the market go on."""
        self.world.step(count)
        await self.settle()

    def lines(self) -> list[str]:
        """The screen as text."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    def text(self) -> str:
        return "\n".join(self.lines())


OpenConsole = Callable[..., AbstractAsyncContextManager[Console]]


@asynccontextmanager
async def running(
    size: tuple[int, int] = (120, 40), config: ConsoleConfig | None = None, world: World | None = None, steps: int = 3
) -> AsyncIterator[Console]:
    world = world or World(FakeTime())
    app = ConsoleApp(
        lambda: world, config or ConsoleConfig(settings=ConsoleSettings()), world.time.clock(), timer=False
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        console = Console(app, world, pilot)
        await console.settle()
        await console.step(steps)
        yield console


@pytest.fixture
def console() -> OpenConsole:
    """Open a console: ``async with console(size=(80, 24)) as c``."""
    return running
