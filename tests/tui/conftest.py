"""A console on a tiny world, for Pilot tests."""

from __future__ import annotations

import asyncio
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

    async def arrive(self) -> None:
        """Let everything that was sent be answered and folded."""
        link = self.app.view.link
        for _ in range(1_000):
            await asyncio.sleep(0)
            waiting = link.connected and link.latency_ms is None
            heard = self.world.queue.empty() or self.app.link.playback is not None
            if heard and not self.app.link.busy and not self._asking and not waiting:
                return
        raise AssertionError("the console does not come to rest")

    @property
    def _asking(self) -> bool:
        return any(worker.name != "feed" and not worker.is_finished for worker in self.app.workers)

    async def settle(self) -> None:
        """Let everything that was sent arrive and be drawn."""
        for _ in range(2):
            await self.pilot.pause(0)
            if self.app.is_running:
                await self.arrive()
        self.app.draw_now()
        await self.pilot.pause(0)

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
