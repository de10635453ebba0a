"""Everybody who trades: the leaderboard, equity over time, and what each one decided and why."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from net.messages import AgentShape, DecisionShape

MAX_SAMPLES = 600
MAX_DECISIONS = 50


@dataclass(slots=True)
class AgentLine:
    """One agent and its history since the console looked."""

    shape: AgentShape
    equity: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))
    """Total value at each snapshot (at most one a second), oldest first."""
    decisions: deque[DecisionShape] = field(default_factory=lambda: deque(maxlen=MAX_DECISIONS))
    """Newest first."""


class Agents:
    """All agents by id."""

    def __init__(self) -> None:
        self.lines: dict[str, AgentLine] = {}
        self.loaded = False
        self.version = 0

    def fold_snapshot(self, shapes: Iterable[AgentShape]) -> None:
        """Take the list of all agents."""
        known = self.lines
        self.lines = {}
        for shape in shapes:
            line = known.get(shape.agent_id) or AgentLine(shape)
            line.shape = shape
            line.equity.append(shape.total_value)
            self.lines[shape.agent_id] = line
        self.loaded = True
        self.version += 1

    def add(self, shape: AgentShape) -> None:
        """Take a new agent."""
        line = self.lines.setdefault(shape.agent_id, AgentLine(shape))
        line.shape = shape
        self.version += 1

    def remove(self, agent_id: str) -> None:
        """Forget an agent that left."""
        if self.lines.pop(agent_id, None) is not None:
            self.version += 1

    def decided(self, decision: DecisionShape) -> None:
        """Note what an agent decided."""
        line = self.lines.get(decision.agent_id)
        if line is not None:
            line.decisions.appendleft(decision)
            self.version += 1

    @property
    def paused(self) -> bool:
        """Whether there are agents beside people, and all are paused."""
        states = [line.shape.status for line in self.lines.values() if line.shape.personality != "human"]
        return bool(states) and all(state == "paused" for state in states)

    def ranked(self, key: str = "pnl", descending: bool = True) -> list[AgentLine]:
        """All agents, by P&L unless told otherwise."""
        return sorted(self.lines.values(), key=lambda line: _sort_value(line, key), reverse=descending)


def _sort_value(line: AgentLine, key: str) -> tuple[float, str]:
    shape = line.shape
    values = {
        "pnl": shape.pnl,
        "cash": shape.cash,
        "value": shape.total_value,
        "fills": float(shape.trades),
        "orders": shape.orders_per_second,
        "drawdown": shape.max_drawdown,
        "sharpe": shape.sharpe if shape.sharpe is not None else float("-inf"),
    }
    return values.get(key, shape.pnl), shape.name
