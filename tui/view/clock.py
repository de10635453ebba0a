"""The console's clocks, as an argument: a test sets them, the console reads the machine's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time in ms since the epoch, and a monotonic time in seconds."""

    wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    mono: Callable[[], float] = time.monotonic
