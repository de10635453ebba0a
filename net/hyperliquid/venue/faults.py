"""Faults on purpose, so that a bot can be tested for surviving them.

Each fault waits for requests or frames of its kind, strikes ``count`` times after letting ``after`` pass, and is gone.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta


class FaultKind(Enum):
    """What goes wrong."""

    DROP = "drop"
    """Nothing is done and the connection is cut."""
    DELAY = "delay"
    """The answer, or the frame, comes ``seconds`` late."""
    REFUSE = "refuse"
    """Nothing is done and ``text`` is the refusal; for frames the socket's subscription is refused."""
    LOSE_ANSWER = "lose_answer"
    """All is done, and the connection is cut before the answer."""
    DUPLICATE = "duplicate"
    """A frame is sent twice."""
    FREEZE = "freeze"
    """Streams stand still for ``seconds`` while the connections stay."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. ``where`` is an action or info type (``order``, ``l2Book``), a channel, ``ws`` or ``*``."""

    kind: FaultKind
    where: str = "*"
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    after: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    seconds: Annotated[float, Meta(ge=0, le=3_600)] = 0.0
    text: str = "Injected fault"


FAULTS_MAX = 1_000


class _Armed:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.passes = fault.after
        self.strikes = fault.count


class Faults:
    """The faults that are armed."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Arm one more; the oldest goes when there are too many."""
        self._armed = [*self._armed, _Armed(fault)][-FAULTS_MAX:]

    def clear(self) -> None:
        """Disarm all."""
        self._armed = []

    def strike(self, where: str, *kinds: FaultKind) -> Fault | None:
        """The fault that strikes something of this name now, if one does; of these kinds only."""
        for armed in self._armed:
            if armed.fault.kind not in kinds or armed.fault.where not in (where, "*"):
                continue
            if armed.passes:
                armed.passes -= 1
                continue
            armed.strikes -= 1
            if not armed.strikes:
                self._armed.remove(armed)
            return armed.fault
        return None

    def armed(self) -> list[Fault]:
        """What is still to come."""
        return [armed.fault for armed in self._armed]
