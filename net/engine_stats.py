"""What the engine process counts since it started."""

from __future__ import annotations

from collections.abc import Sequence

from engine.events import AnyEvent, InstrumentAdded, OrderAccepted, Trade
from engine.instruments import Instrument
from engine.service import OrderBookService
from engine.types import SymbolId

_FEWEST_WITH_TRADE = 3
"""Accepted, filled, trade: in fewer events there is no trade to count, as for most orders."""


class EngineCounts:
    """Totals of commands and of what they led to."""

    def __init__(self, service: OrderBookService) -> None:
        self._instruments: dict[SymbolId, Instrument] = {i.symbol_id: i for i in service.instruments()}
        self.commands = 0
        self.rejects = 0
        self.queue_full = 0
        self.orders = 0
        self.trades = 0
        self.volume = 0
        self.notional = 0

    def add(self, events: Sequence[AnyEvent]) -> None:
        """Count what the events of one command say.

        Structs are told apart by ``type() is``: their ``isinstance`` asks a metaclass and takes three times as long.
        """
        if len(events) < _FEWEST_WITH_TRADE and type(events[0]) is OrderAccepted:
            self.orders += 1
            return
        for event in events:
            if type(event) is OrderAccepted:
                self.orders += 1
            elif type(event) is Trade:
                self.trades += 1
                self.volume += event.qty
                self.notional += self._instruments[event.symbol_id].notional(event.price, event.qty)
            elif type(event) is InstrumentAdded:
                self._instruments[event.instrument.symbol_id] = event.instrument
