import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest

from agents import runner
from agents.live.session import AgentsConfig
from agents.scenario import parse_scenario
from net.client import Client

ACME = '[[instruments]]\nticker = "ACME"\nprice = 100.0\n'


async def test_sessions_that_fail_at_once_come_at_growing_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[float] = []

    class Failing:
        """A session that is over as soon as it began."""

        def __init__(self, *_: Any) -> None: ...

        async def run(self, *_: Any) -> None:
            begun.append(asyncio.get_running_loop().time())

    async def connected(config: AgentsConfig, stack: AsyncExitStack) -> Sequence[Client]:
        return []

    monkeypatch.setattr(runner, "Session", Failing)
    monkeypatch.setattr(runner, "_connect", connected)
    monkeypatch.setattr(runner, "RETRY_S", 0.01)
    work = asyncio.create_task(runner.keep_populated(AgentsConfig(), parse_scenario(ACME, "acme"), [], asyncio.Event()))
    async with asyncio.timeout(10):
        while len(begun) < 8:  # noqa: ASYNC110 - nothing announces a session
            await asyncio.sleep(0.005)
    work.cancel()
    gaps = [later - earlier for earlier, later in pairwise(begun)]
    assert gaps[-1] > 5 * gaps[0]
