"""The pipeline of a decision, language model, then learned model, then rule: who has nothing to say passes on.

A stage holds the next one in a ``Fallback``. What that decides tells whom it replaces, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from agents.intents import AgentIntent, Explain
from agents.market import SymbolView
from agents.pacing import PacedStrategy

REASON_MAX: Final = 128
"""Characters of a reason, as on the wire."""


class Fallback:
    """The next stage of a pipeline; it is asked, and never woken by itself."""

    def __init__(self, stage: PacedStrategy) -> None:
        self.stage = stage

    def listed(self, symbol: SymbolView) -> Sequence[AgentIntent]:
        """Tell the stage of an instrument."""
        return self.stage.listed(symbol)

    def decide(self, symbol: SymbolView, reason: str) -> list[AgentIntent]:
        """What the stage, or one behind it, does now; ``reason`` says why the one before it does nothing."""
        return [
            msgspec.structs.replace(intent, fell_back_from=_joined(reason, intent.fell_back_from))
            if isinstance(intent, Explain)
            else intent
            for intent in self.stage.decide(symbol)
        ]


def _joined(reason: str, later: str | None) -> str:
    return (f"{reason}; {later}" if later else reason)[:REASON_MAX]
