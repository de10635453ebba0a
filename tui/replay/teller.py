"""What an order-management system in this process has to tell a console, in the messages that a gateway would send.

It compares with what it told last, so that any number of commands may have been applied in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from engine.instruments import Instrument
from engine.playhead import Moment
from engine.service import AccountView, OrderBookService
from engine.types import InstrumentStatus, SymbolId
from net import messages as m
from net.gateway import shapes
from net.gateway.private import PrivateEvent, private_messages
from net.units import Units, millis
from tui.shapes import DEPTH, agent_shape, book_shape, portfolio_update, traders

PRINTS = 1_000
"""Prints of one instrument told at once."""
NEWS = 100
PRIVATE = 2_000
"""Private messages that wait for the next frame."""


HUMAN = "human"
"""Personality of the accounts that consoles open."""


class Teller:
    """Tells of one service; a new one is made for another service.

    Args:
        owner: id or name of the account whose orders are shown; None takes the first human's.
    """

    def __init__(self, service: OrderBookService, owner: str | None) -> None:
        self.service = service
        self.owner: str | None = None
        """Account whose orders are shown, once it has been opened."""
        self._wanted = owner
        self._listed: dict[SymbolId, Instrument] = {}
        self._books: dict[SymbolId, tuple[object, ...]] = {}
        self._printed: dict[SymbolId, int] = {}
        self._news = 0
        self._owned = -1
        self._private: deque[m.Execution | m.OrderUpdate] = deque(maxlen=PRIVATE)

    # --- all of it

    def opening(self, time: int) -> Iterator[m.AnyServerMessage]:
        """Everything, as to somebody who just came; ``time`` in ns."""
        self._listed = {instrument.symbol_id: instrument for instrument in self.service.instruments()}
        yield m.Instruments(data=[shapes.instrument_shape(instrument) for instrument in self._listed.values()])
        news = self.service.news(NEWS)
        self._news = max((view.news.news_id for view in news), default=0)
        yield m.NewsHistory(data=[shapes.news_shape(view.news, view.time) for view in news])
        for symbol_id in self._listed:
            trades = self.service.trades(symbol_id, 1)
            self._printed[symbol_id] = trades[0].trade_id if trades else 0
        yield self.agents(time)
        if self.owner is not None:
            yield m.Trades(data=m.TradesData(agent_id=self.owner, trades=self.fills()))
        yield from self.changes(time)

    def changes(self, time: int) -> Iterator[m.AnyServerMessage]:
        """What changed since the last time, but for the agents."""
        yield from self._listings()
        books: dict[str, m.OrderBookShape] = {}
        for symbol_id, instrument in self._listed.items():
            depth = self.service.depth(symbol_id, DEPTH)
            told = None if depth is None else (depth.bids, depth.asks, depth.indication)
            if told is not None and self._books.get(symbol_id) != told:
                self._books[symbol_id] = told
                books[str(symbol_id)] = book_shape(self.service, instrument)
        yield m.OrderBooks(data=books, sequence=self.service.sequence, timestamp=millis(time))
        yield from self._prints()
        fresh = [view for view in self.service.news(NEWS) if view.news.news_id > self._news]
        for view in reversed(fresh):
            self._news = view.news.news_id
            yield m.News(data=shapes.news_shape(view.news, view.time))
        if self.owner is not None and self._owned != self.service.sequence:
            self._owned = self.service.sequence
            yield from self._owners()

    def agents(self, time: int) -> m.AgentsSnapshot:
        """Everybody who trades, the best first."""
        views = traders(self.service)
        if self.owner is None:
            self.owner = next((view.account for view in views if self._is_owner(view)), None)
        return m.AgentsSnapshot(data=[agent_shape(view, self._listed) for view in views], timestamp=millis(time))

    def _is_owner(self, view: AccountView) -> bool:
        return view.personality == HUMAN if self._wanted is None else self._wanted in (view.account, view.name)

    def _listings(self) -> Iterator[m.AnyServerMessage]:
        now = {instrument.symbol_id: instrument for instrument in self.service.instruments()}
        if now == self._listed:
            return
        for symbol_id, instrument in self._listed.items():
            if symbol_id not in now:
                shape = shapes.instrument_shape(instrument)
                yield m.InstrumentStatusChange(data=_removed(shape))
        for symbol_id, instrument in now.items():
            if self._listed.get(symbol_id) != instrument:
                yield m.InstrumentStatusChange(data=shapes.instrument_shape(instrument))
        self._listed = now

    def _prints(self) -> Iterator[m.AnyServerMessage]:
        for symbol_id, instrument in self._listed.items():
            last = self._printed.get(symbol_id, 0)
            newest = self.service.trades(symbol_id, 1)
            if not newest or newest[0].trade_id == last:
                continue
            self._printed[symbol_id] = newest[0].trade_id
            units = Units.of(instrument)
            for trade in reversed(self.service.trades(symbol_id, PRINTS)):
                if trade.trade_id > last:
                    yield m.TradePrint(data=shapes.trade_shape(trade, units))

    # --- the owner

    def hear(self, moment: Moment) -> None:
        """Keep what the owner is to be told of a command."""
        if self.owner is None:
            return
        for event in moment.events:
            if isinstance(event, PrivateEvent) and event.account == self.owner and event.symbol_id in self._listed:
                units = Units.of(self._listed[event.symbol_id])
                self._private.extend(private_messages(event, self.service.sequence, moment.time, units))

    def _owners(self) -> Iterator[m.AnyServerMessage]:
        view = self.service.account(self.owner or "")
        if view is None or self.owner is None:
            return
        yield from self._private
        self._private.clear()
        yield portfolio_update(view, self._listed)
        yield m.Orders(data=m.OrdersData(agent_id=self.owner, orders=self.orders()))

    def orders(self) -> list[m.OrderShape]:
        """Working orders of the owner, with their places in the queue."""
        views = self.service.orders(self.owner) if self.owner is not None else []
        return [
            shapes.order_shape(self.service.order(view.order_id) or view, Units.of(self._listed[view.symbol_id]))
            for view in views
        ]

    def fills(self, limit: int = 200) -> list[m.ExecutionShape]:
        """The owner's newest fills, newest first."""
        if self.owner is None or self.service.account(self.owner) is None:
            return []
        views = [view for view in self.service.fills(self.owner, limit) if view.symbol_id in self._listed]
        return [shapes.fill_shape(view, Units.of(self._listed[view.symbol_id]), self.owner) for view in views]

    # --- history

    def candles(self, symbol_id: SymbolId, interval: str, limit: int) -> list[m.CandleShape]:
        """Newest candles, oldest first."""
        if symbol_id not in self._listed:
            return []
        units = Units.of(self._listed[symbol_id])
        views = self.service.candles(symbol_id, shapes.INTERVALS_NS[interval], limit)
        return [shapes.candle_shape(view, units) for view in views]

    def tape(self, symbol_id: SymbolId, limit: int) -> list[m.TradeShape]:
        """Newest prints, newest first."""
        if symbol_id not in self._listed:
            return []
        units = Units.of(self._listed[symbol_id])
        return [shapes.trade_shape(view, units) for view in self.service.trades(symbol_id, limit)]


def _removed(shape: m.InstrumentShape) -> m.InstrumentShape:
    fields = {name: getattr(shape, name) for name in shape.__struct_fields__}
    return m.InstrumentShape(**{**fields, "status": InstrumentStatus.REMOVED})
