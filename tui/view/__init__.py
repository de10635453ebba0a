"""The read model of the console: plain data, no Textual."""

from tui.view.agents import AgentLine, Agents
from tui.view.alerts import Alert, Alerts, Watch
from tui.view.audit import Audit, LogLine
from tui.view.bars import INTERVALS, Bar, Bars
from tui.view.book import Depth, Market
from tui.view.clock import Clock
from tui.view.link import Link, LinkState
from tui.view.news import Headline, News
from tui.view.orders import Ack, Fill, OwnOrder, OwnOrders
from tui.view.portfolio import Portfolio, PositionLine
from tui.view.scale import Scale, money, qty_text, short_number
from tui.view.tape import Run, Tape
from tui.view.view import Session, View

__all__ = [
    "INTERVALS", "Ack", "AgentLine", "Agents", "Alert", "Alerts", "Audit", "Bar", "Bars", "Clock", "Depth", "Fill",
    "Headline", "Link", "LinkState", "LogLine", "Market", "News", "OwnOrder", "OwnOrders", "Portfolio", "PositionLine",
    "Run", "Scale", "Session", "Tape", "View", "Watch", "money", "qty_text", "short_number",
]  # fmt: skip
