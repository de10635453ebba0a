"""The screens beside Trade."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from tui.screens.base import Box, ModeScreen
from tui.widgets.admin import AdminKeys, Listing
from tui.widgets.agents import AgentEquity, AgentsTable, AgentWhy
from tui.widgets.blotter import Done, Fills, LogPane, Working
from tui.widgets.chart import Chart, DepthPane
from tui.widgets.markets import Markets
from tui.widgets.news import NewsList, NewsReader
from tui.widgets.performance import Histogram, Latency, OrderRate, OwnCost, Throughput, TradeRate
from tui.widgets.portfolio import Equity, Positions
from tui.widgets.tape import TapePane


class MarketsScreen(ModeScreen):
    """All instruments; below, the one that is traded."""

    MODE = "markets"

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield Markets(context, id="markets")
        yield Box(
            Chart(context, id="markets-chart"), DepthPane(context, id="markets-depth"),
            TapePane(context, id="markets-tape"), id="markets-below",
        )  # fmt: skip


class AgentsScreen(ModeScreen):
    """The leaderboard; below, the selected agent."""

    MODE = "agents"

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield AgentsTable(context, id="agents")
        yield Box(AgentEquity(context, id="agent-equity"), AgentWhy(context, id="agent-why"), id="agent-below")


class BlotterScreen(ModeScreen):
    """Positions, orders, fills and the audit log."""

    MODE = "blotter"

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield Box(Positions(context, id="positions"), Equity(context, id="equity"), id="blotter-top")
        yield Box(Working(context, id="blotter-working"), Fills(context, id="blotter-fills"), id="blotter-middle")
        yield Box(Done(context, id="done"), LogPane(context, id="log"), id="blotter-bottom")

    def first_focus(self) -> str:
        return "Working"


class PerformanceScreen(ModeScreen):
    """The exchange's figures and the console's own."""

    MODE = "performance"

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield Box(
            Throughput(context, id="throughput"), TradeRate(context, id="trade-rate"),
            OwnCost(context, id="own-cost"), id="performance-left",
        )  # fmt: skip
        yield Box(
            OrderRate(context, id="order-rate"), Latency(context, id="latency"), Histogram(context, id="histogram"),
            id="performance-right",
        )  # fmt: skip

    def first_focus(self) -> str:
        return "Latency"


class NewsScreen(ModeScreen):
    """Headlines, the story, the log."""

    MODE = "news"

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield NewsList(context, id="news-list")
        yield Box(NewsReader(context, id="story"), LogPane(context, id="news-log"), id="news-below")


class AdminScreen(ModeScreen):
    """Instruments, agents, and what may be done to them."""

    MODE = "admin"

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield Box(Listing(context, id="listing"), AdminKeys(context, id="admin-keys"), id="admin-top")
        yield Box(AgentsTable(context, id="admin-agents"), LogPane(context, id="admin-log"), id="admin-bottom")

    def first_focus(self) -> str:
        return "Listing"
