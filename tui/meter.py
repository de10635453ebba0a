"""What the console itself costs: processor share, loop lag, bytes to the terminal, time from key to picture."""

from __future__ import annotations

import resource
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Meter:
    """Counters of this process, read once a second."""

    cpu_share: float = 0.0
    bytes_per_second: float = 0.0
    lag_ms: float = 0.0
    """Worst lateness of the frame timer in the last second."""
    key_ms: deque[float] = field(default_factory=lambda: deque(maxlen=500))
    lags_ms: deque[float] = field(default_factory=lambda: deque(maxlen=3_000))
    """Lateness of the newest frames."""
    frames: int = 0
    version: int = 0
    fixed_memory_mb: float | None = None
    """Said instead of what is measured: pictures must not depend on the machine."""
    _bytes: int = 0
    _key_at: float | None = None
    _worst_lag: float = 0.0
    _mark: float = 0.0
    _cpu: float = 0.0

    def wrote(self, size: int, now: float) -> None:
        """Bytes went to the terminal; the first after a key are its picture."""
        self._bytes += size
        if self._key_at is not None:
            self.key_ms.append((now - self._key_at) * 1_000)
            self._key_at = None

    def lag(self, seconds: float) -> None:
        """A frame was this late."""
        self._worst_lag = max(self._worst_lag, seconds)
        self.lags_ms.append(seconds * 1_000)

    def key_pressed(self, now: float) -> None:
        """A key arrived."""
        self._key_at = now

    def key_percentiles(self) -> tuple[float, float]:
        """Median and 99th percentile of the time from a key to its picture, ms."""
        if not self.key_ms:
            return 0.0, 0.0
        ordered = sorted(self.key_ms)
        return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]

    @property
    def memory_mb(self) -> float:
        """Resident memory of this process; its peak where the system does not tell the present."""
        if self.fixed_memory_mb is not None:
            return self.fixed_memory_mb
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
        return pages * resource.getpagesize() / (1 << 20)

    def second(self, now: float) -> None:
        """Read the counters."""
        cpu = time.process_time()
        elapsed = now - self._mark
        if self._mark and elapsed > 0:
            self.cpu_share = (cpu - self._cpu) / elapsed
            self.bytes_per_second = self._bytes / elapsed
            self.lag_ms = self._worst_lag * 1_000
            self.version += 1
        self._mark, self._cpu, self._bytes, self._worst_lag = now, cpu, 0, 0.0
