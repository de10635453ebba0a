"""Waiting in tests, for states that announce themselves by no event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return once ``condition`` holds; fail after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is another's plain state
            await asyncio.sleep(0.002)
