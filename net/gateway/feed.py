"""Keeps the mirror in step with the engine: a snapshot, then every event, over and over for as long as it takes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from net.engine_protocol import EventBatch, SnapshotView
from net.errors import EventsLost, TradesimError
from net.gateway.accounts import Accounts
from net.gateway.engine import Engine
from net.gateway.mirror import Mirror
from net.gateway.publisher import Publisher
from net.logs import get_logger

_log = get_logger("gateway")

LOOKBACK_EVENTS = 20_000
"""How many events of before the snapshot are read at the start, so that clients of an earlier gateway may resume."""

_PAUSE_S = (0.05, 1.0)


class Feed:
    """Follows the engine's events.

    Args:
        on_loaded: called after each (re)load from a snapshot.
    """

    def __init__(
        self,
        engine: Engine,
        mirror: Mirror,
        accounts: Accounts,
        publisher: Publisher,
        on_loaded: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._mirror = mirror
        self._accounts = accounts
        self._publisher = publisher
        self._on_loaded = on_loaded
        self.ready = asyncio.Event()
        """Set once the mirror holds something."""

    async def run(self) -> None:
        """Load and follow; load again when the engine no longer keeps what comes next or began a new epoch."""
        pause_s, longest_s = _PAUSE_S
        while True:
            try:
                await self._load_and_follow()
                pause_s = _PAUSE_S[0]
            except EventsLost as lost:
                _log.warning("events lost: loading again", reason=str(lost))
            except TradesimError as error:
                _log.info("the engine is away", reason=str(error))
            except Exception as error:
                _log.error("the feed failed: loading again", exc_info=error)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, longest_s)

    async def _load_and_follow(self) -> None:
        snapshot = await self._engine.snapshot()
        first = max(snapshot.oldest_event or snapshot.sequence + 1, snapshot.sequence + 1 - LOOKBACK_EVENTS)
        past = await self._past(first, snapshot)
        views = await self._engine.accounts()
        # All in one turn: whoever came in between would be told a part of what he missed as the whole of it.
        self._mirror.load(snapshot)
        self._accounts.load(views, snapshot.sequence if past is None else first - 1)
        for batch in past or ():
            self._publisher.remember(batch, snapshot.sequence)
        self.ready.set()
        self._on_loaded()
        async for batch in self._engine.events(snapshot.sequence + 1, snapshot.epoch):
            self._mirror.apply(batch)
            self._publisher.publish(batch)

    async def _past(self, first: int, snapshot: SnapshotView) -> list[EventBatch] | None:
        """The events from number ``first`` up to the snapshot; None when they are not all there."""
        past: list[EventBatch] = []
        if first > snapshot.sequence:
            return past
        try:
            async for batch in self._engine.events(first, snapshot.epoch):
                past.append(batch)
                if batch.first_sequence + len(batch.events) > snapshot.sequence:
                    return past
        except EventsLost:
            pass
        return None
