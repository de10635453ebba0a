"""A coverage-guided fuzzer of sessions: a sequence of messages that reaches new lines of ours is kept and varied on."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

Messages = list[bytes]

OURS = tuple(str(Path(__file__).parents[3] / package) for package in ("net", "engine"))
LONGEST = 12
"""Messages of one sequence."""


class Coverage:
    """Which lines of ``net`` and ``engine`` this thread has executed, while it is entered.

    ``sys.monitoring`` tells of each line once and costs next to nothing; before Python 3.12 there is only ``settrace``.
    """

    def __init__(self) -> None:
        self.lines: set[tuple[CodeType, int]] = set()
        self._counted = 0

    def grew(self) -> bool:
        """Whether there are lines that there were not when this was asked last."""
        before, self._counted = self._counted, len(self.lines)
        return self._counted > before

    def __enter__(self) -> Coverage:
        if sys.version_info >= (3, 12):
            monitoring = sys.monitoring
            monitoring.use_tool_id(monitoring.COVERAGE_ID, "fuzzing")
            monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, self._line)
            monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
        else:
            sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        if sys.version_info >= (3, 12):
            sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
            sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)
        else:
            sys.settrace(None)

    def _line(self, code: CodeType, line: int) -> Any:
        if code.co_filename.startswith(OURS):
            self.lines.add((code, line))
        return getattr(sys, "monitoring").DISABLE  # noqa: B009 - not known to the type checker's older Python

    def _call(self, frame: FrameType, _event: str, _arg: object) -> Callable[..., Any] | None:
        return self._trace if frame.f_code.co_filename.startswith(OURS) else None

    def _trace(self, frame: FrameType, _event: str, _arg: object) -> Callable[..., Any]:
        self.lines.add((frame.f_code, frame.f_lineno))
        return self._trace


class Fuzzer:
    """Makes sequences of messages out of those that were worth keeping."""

    def __init__(self, rng: random.Random, seeds: Sequence[bytes], nasty: Sequence[bytes]) -> None:
        self.kept: list[Messages] = [[seed] for seed in seeds]
        self._rng = rng
        self._seeds = seeds
        self._nasty = nasty

    def next(self) -> Messages:
        """A sequence like one that was kept, with something changed in it."""
        rng = self._rng
        messages = list(rng.choice(self.kept))
        for _ in range(rng.choice((1, 1, 2, 4))):
            match rng.randrange(4):
                case 0:
                    messages.insert(rng.randrange(len(messages) + 1), rng.choice(self._seeds))
                case 1:
                    start = rng.randrange(len(messages))
                    messages[start:start] = rng.choice(self.kept)
                case _:
                    at = rng.randrange(len(messages))
                    messages[at] = self._changed(messages[at])
        return messages[-LONGEST:]

    def keep(self, messages: Messages) -> None:
        """Vary on this sequence from now on."""
        self.kept.append(messages)

    def _changed(self, message: bytes) -> bytes:
        rng = self._rng
        data = bytearray(message)
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                data[at:at] = rng.choice(self._nasty)
            case 1:
                del data[at : at + rng.randrange(1, 12)]
            case 2 if at < len(data):
                data[at] = rng.randrange(256)
            case 3:
                start, end = sorted((rng.randrange(len(data) + 1), at))
                data[start:end] = rng.choice(self._seeds)[start:end]
            case _:
                digits = [index for index, byte in enumerate(data) if 48 <= byte <= 57]
                if digits:
                    data[rng.choice(digits)] = rng.randrange(48, 58)
        return bytes(data)
