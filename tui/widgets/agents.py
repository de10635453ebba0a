"""Agents: the leaderboard, and of the selected one its equity and what it decided and why."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding

from net.messages import AgentShape
from tui import keys
from tui.drawing.candles import clock_text
from tui.drawing.cells import Row, Span, centred, fill_row
from tui.drawing.curves import framed_curve, sparkline
from tui.drawing.table import Cells, Column
from tui.messages import AdminAsked, OpenDetail, WatchOrders
from tui.view import AgentLine, money, short_number
from tui.widgets.pane import LIST_HINTS, Pane
from tui.widgets.table import TablePane

STATUS_MARK = {"running": ("●", "good"), "paused": ("◐", "warn"), "disconnected": ("○", "dim"), "closed": ("○", "dim")}


@dataclass(frozen=True, slots=True)
class Ranked:
    """One agent and its place."""

    place: int
    line: AgentLine


def tone(value: float) -> str:
    """Style of a gain or loss."""
    return "up" if value >= 0.005 else "down" if value <= -0.005 else "text"


class AgentsTable(TablePane[Ranked]):
    """Everybody who trades, best first."""

    NAME = "agents"
    LETTER = "a"
    EVERY = 5
    EMPTY = "no agents yet: N creates one"
    SORTS = ("pnl", "sharpe", "drawdown", "fills", "orders", "value")
    KEYS = keys.LIST + keys.AGENTS
    BINDINGS = [Binding(key.keys, key.action, key.does, id=key.id, show=False) for key in keys.AGENTS]
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("#", 3, right=True),
        Column("", 1),
        Column("agent", 16, grow=2),
        Column("kind", 12, drop=2),
        Column("holds", 5, right=True, drop=5),
        Column("cash", 13, right=True, drop=4),
        Column("value", 13, right=True, drop=6),
        Column("P&L", 12, right=True),
        Column("sharpe", 6, right=True, drop=3),
        Column("fills", 6, right=True, drop=3),
        Column("ord/s", 6, right=True, drop=4),
        Column("drawdn", 9, right=True, drop=4),
        Column("equity", 16, right=True, drop=1),
    )
    HINTS = (("p", "pause"), ("e", "equity"), ("o", "orders"), ("K", "remove"), ("N", "create"), *LIST_HINTS)

    def data_stamp(self) -> Hashable:
        return self.context.view.agents.version

    def title(self) -> Row:
        states = [line.shape.status for line in self.context.view.agents.lines.values()]
        paused = states.count("paused")
        return ((f"{states.count('running')} running ", "dim"), *([(f"{paused} paused ", "warn")] if paused else []))

    def records(self) -> Sequence[Ranked]:
        lines = self.context.view.agents.ranked(self.SORTS[self.sort])
        return [Ranked(place, line) for place, line in enumerate(lines, 1)]

    def identity(self, record: Ranked) -> Hashable:
        return record.line.shape.agent_id

    def cells(self, record: Ranked) -> Cells:
        shape, line = record.line.shape, record.line
        mark = STATUS_MARK.get(shape.status, ("?", "warn"))
        held = sum(1 for qty in shape.positions.values() if qty)
        sharpe = f"{shape.sharpe:.2f}" if shape.sharpe is not None else ""
        fills = f"{shape.trades:,}" if shape.trades else ""
        pace = f"{shape.orders_per_second:.1f}" if shape.orders_per_second >= 0.05 else ""
        return (
            (str(record.place), "dim"), mark, self.name_of(shape, "bright"), (shape.personality, "dim"),
            (str(held) if held else "", "dim"), (money(shape.cash), "text"), (money(shape.total_value), "text"),
            (money(shape.pnl, signed=True), tone(shape.pnl)), (sharpe, "text"), (fills, "text"), (pace, "text"),
            (f"-{shape.max_drawdown:.2%}" if shape.max_drawdown >= 5e-5 else "", "dim"),
            (sparkline(list(line.equity), 16, self.look.glyphs), "spark"),
        )  # fmt: skip

    def name_of(self, shape: AgentShape, style: str) -> Span:
        """The name; the own account, and no other of the same name, is marked."""
        if shape.agent_id != self.context.view.session.agent_id:
            return (shape.name, style)
        return (f"{self.look.glyphs.here} {shape.name}", "own")

    def opened(self, record: Ranked) -> None:
        self.post_message(OpenDetail(record.line))

    def action_pause(self) -> None:
        """Pause the agent, or let it go on."""
        record = self.current()
        if record is not None:
            verb = "resume" if record.line.shape.status == "paused" else "pause"
            self.post_message(AdminAsked(f"agent.{verb}", record.line.shape))

    def action_equity(self) -> None:
        """Give the equity chart all the room, where the screen has one; else open the agent."""
        chart = next(iter(self.screen.query(AgentEquity)), None)
        if chart is None:
            self.action_open()
            return
        self.screen.set_focus(chart)
        self.app.call_later(self.app.run_action, "zoom")

    def action_orders(self) -> None:
        """Show the agent's orders in the ladder."""
        record = self.current()
        if record is not None:
            self.post_message(WatchOrders(record.line.shape.agent_id, record.line.shape.name))

    def action_remove(self) -> None:
        """Remove the agent, after y."""
        record = self.current()
        if record is not None:
            self.post_message(AdminAsked("agent.remove", record.line.shape))

    def action_create(self) -> None:
        """Create an agent."""
        self.post_message(AdminAsked("agent.create"))


class Leaderboard(AgentsTable):
    """The same list, narrow, beside the market."""

    NAME = "leaderboard"
    LETTER = "b"
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("#", 2, right=True),
        Column("agent", 12, grow=1),
        Column("P&L", 11, right=True),
    )

    def title(self) -> Row:
        return ()

    def cells(self, record: Ranked) -> Cells:
        shape = record.line.shape
        pnl = (
            money(shape.pnl, signed=True)
            if abs(shape.pnl) < 1e6
            else f"{'+' * (shape.pnl > 0)}{short_number(shape.pnl)}"
        )
        return ((str(record.place), "dim"), self.name_of(shape, "text"), (pnl, tone(shape.pnl)))


class _OfSelected(Pane):
    """A pane about the agent that the list has selected."""

    EVERY = 5

    def selected(self) -> AgentLine | None:
        found = self.screen.query(AgentsTable)
        record = found.first().current() if found else None
        return record.line if record is not None else None

    def stamp(self) -> Hashable:
        line = self.selected()
        agent_id = line.shape.agent_id if line is not None else None
        return agent_id, self.context.view.agents.version

    def title(self) -> Row:
        line = self.selected()
        return ((f"{line.shape.name} ", "bright"),) if line is not None else ()


class AgentEquity(_OfSelected):
    """Equity over time."""

    NAME = "equity"
    LETTER = "e"

    def draw(self, width: int, height: int) -> Sequence[Row]:
        line = self.selected()
        if line is None:
            return centred("no agent selected", width, height)
        if len(line.equity) < 2:
            return centred("equity is sampled once a second", width, height)
        style = "curve.up" if line.shape.pnl >= 0 else "curve.down"
        return framed_curve(list(line.equity), width, height, self.look.glyphs, style)


class AgentWhy(_OfSelected):
    """Last decisions and their reasons."""

    NAME = "why"
    LETTER = "w"

    def draw(self, width: int, height: int) -> Sequence[Row]:
        line = self.selected()
        if line is None:
            return centred("no agent selected", width, height)
        if not line.decisions:
            return centred("it has not said why yet", width, height)
        rows: list[Row] = []
        for decision in line.decisions:
            facts = [decision.stage]
            if decision.confidence is not None:
                facts.append(f"{decision.confidence:.0%} sure")
            if decision.latency_ms is not None:
                facts.append(f"{decision.latency_ms:.1f} ms")
            if decision.fell_back_from:
                facts.append(f"after {decision.fell_back_from} failed")
            head = ((clock_text(decision.timestamp), "dim"), (f" {decision.action}", "bright"))
            while facts and sum(len(text) for text, _ in head) + 2 + len(" · ".join(facts)) > width:
                facts.pop()  # rather none than half a word
            rows.append(fill_row((*head, (f"  {' · '.join(facts)}", "dim")), width))
            rows += [
                fill_row((("  ", "text"), (text, "text")), width) for text in textwrap.wrap(decision.why, width - 2)
            ]
            if len(rows) >= height:
                break
        return rows
