"""All messages that panes send to the screen and the app."""

from __future__ import annotations

from textual.message import Message


class OpenDetail(Message):
    """Show everything about a record: an order, an agent, a headline."""

    def __init__(self, record: object) -> None:
        super().__init__()
        self.record = record


class PickInstrument(Message):
    """Trade this instrument."""

    def __init__(self, symbol_id: int) -> None:
        super().__init__()
        self.symbol_id = symbol_id


class WatchOrders(Message):
    """Show the working orders of this agent in the ladder."""

    def __init__(self, agent_id: str, name: str) -> None:
        super().__init__()
        self.agent_id = agent_id
        self.name = name


class AdminAsked(Message):
    """Do something that the gateway's REST door does: ``verb`` and what it is about."""

    def __init__(self, verb: str, subject: object = None) -> None:
        super().__init__()
        self.verb = verb
        self.subject = subject


class AskLine(Message):
    """Open the command bar for a command, a filter, a size, or the new size of an order."""

    def __init__(self, purpose: str, text: str = "", order_id: int = 0) -> None:
        super().__init__()
        self.purpose = purpose
        self.text = text
        self.order_id = order_id
