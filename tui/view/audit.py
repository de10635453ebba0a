"""The log of the session: everything that was asked, answered and noticed, with its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 2_000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that happened. ``kind`` is one of order, fill, reject, link, news, alert, admin, info."""

    time: int
    kind: str
    text: str


class Audit:
    """Newest first; bounded."""

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=MAX_LINES)
        self.version = 0

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, time: int, kind: str, text: str) -> LogLine:
        """Write one line."""
        line = LogLine(time, kind, text)
        self._lines.appendleft(line)
        self.version += 1
        return line
