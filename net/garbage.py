"""When the garbage collector may run in a process that must not pause.

A full collection looks at every live object: tens of milliseconds with a full book. But what an exchange keeps for long
has no cycles, and what it makes for a moment is freed by counting references. So the old are set aside (``gc.freeze``,
which costs nothing), only the young are collected by the way, and a full collection waits until nobody is waiting.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

YOUNG_OBJECTS = 5_000
"""Objects allocated and not freed between two collections of the young: about 0.3 ms each."""
FULL_AFTER_QUIET_S = 60.0
FULL_AFTER_S = 900.0
_NEVER = 1_000_000
_PYTHONS_OWN = gc.get_threshold()
_TICK_S = 1.0


def set_aside(thresholds: tuple[int, int, int]) -> None:
    """Leave what is there now out of collections for good; the rest is collected at these thresholds (``gc``'s)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*thresholds)


class GarbagePolicy:
    """Call ``start`` when everything long-lived is there, then ``tick`` about once a second; or ``run``, which does."""

    def __init__(self) -> None:
        self._last_full_s = 0.0

    def start(self, now_s: float) -> None:
        """Set aside what is there."""
        set_aside((YOUNG_OBJECTS, _NEVER, _NEVER))
        self._last_full_s = now_s

    def tick(self, now_s: float, *, quiet: bool) -> None:
        """Set aside what has survived; look through everything after a while, sooner when it is ``quiet``."""
        since = now_s - self._last_full_s
        if since >= FULL_AFTER_S or (quiet and since >= FULL_AFTER_QUIET_S):
            gc.unfreeze()
            gc.collect()
            self._last_full_s = now_s
        gc.freeze()

    def stop(self) -> None:
        """Go back to what Python does by itself."""
        gc.unfreeze()
        gc.set_threshold(*_PYTHONS_OWN)

    async def run(self, work_done: Callable[[], int]) -> None:
        """Tick once a second until canceled; it is quiet while ``work_done``, which counts up, stands still."""
        loop = asyncio.get_running_loop()
        seen = work_done()
        self.start(loop.time())
        try:
            while True:
                await asyncio.sleep(_TICK_S)
                self.tick(loop.time(), quiet=work_done() == seen)
                seen = work_done()
        finally:
            self.stop()
