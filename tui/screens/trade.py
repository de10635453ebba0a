"""Trade: ladder, chart, tape, own orders, fills, news; where there is room also depth, leaderboard and engine."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from tui.screens.base import Box, ModeScreen
from tui.widgets.agents import Leaderboard
from tui.widgets.blotter import Fills, Working
from tui.widgets.chart import Chart, DepthPane
from tui.widgets.ladder import Ladder
from tui.widgets.news import NewsPane
from tui.widgets.performance import EnginePane
from tui.widgets.tape import TapePane


class TradeScreen(ModeScreen):
    """The market and the hand at it."""

    MODE = "trade"
    LAYOUTS = 3

    def panes(self) -> Iterable[Widget]:
        context = self.context
        yield Ladder(context, id="ladder")
        yield Box(
            Chart(context, id="chart"),
            DepthPane(context, id="depth"),
            Box(Working(context, id="working"), Fills(context, id="fills"), id="orders"),
            id="middle",
        )
        yield Box(
            TapePane(context, id="tape"), Working(context, id="working-narrow"), NewsPane(context, id="news"),
            id="right",
        )  # fmt: skip
        yield Box(Leaderboard(context, id="leaderboard"), EnginePane(context, id="engine"), id="edge")

    def first_focus(self) -> str:
        return "Ladder"
