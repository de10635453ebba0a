"""Turns the engine's events into what clients hear: streams for the subscribed, private messages for the owners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from engine.events import (
    AccountClosed,
    AccountOpened,
    AuctionIndication,
    DepthChanged,
    InstrumentAdded,
    InstrumentRemoved,
    InstrumentStatusChanged,
    NewsPublished,
    OrderAccepted,
    OrderReplaced,
    Trade,
)
from engine.instruments import Instrument
from engine.service import TradeView
from engine.types import AccountId, InstrumentStatus, OrderType, SymbolId, TimeInForce
from net.engine_protocol import EventBatch
from net.gateway import channels as names
from net.gateway.accounts import Account, Accounts
from net.gateway.book import MirrorBook
from net.gateway.channels import Channels
from net.gateway.frames import message_frame
from net.gateway.metrics import Metrics
from net.gateway.mirror import Mirror
from net.gateway.portfolio import Portfolios
from net.gateway.private import PRIVATE_EVENTS, PrivateEvent, private_messages
from net.gateway.shapes import instrument_shape, news_shape, trade_shape
from net.messages import (
    AgentCreated,
    AgentRemoved,
    AgentRemovedData,
    Bbo,
    BookDelta,
    InstrumentStatusChange,
    News,
    OrderPlaced,
    OrderPlacedShape,
    TradePrint,
)
from net.units import millis


class Publisher:
    """Called with every batch of events, after the mirror has taken it over."""

    def __init__(
        self,
        mirror: Mirror,
        accounts: Accounts,
        portfolios: Portfolios,
        channels: Channels,
        metrics: Metrics,
        delta_interval_s: float,
    ) -> None:
        self.spawning: set[AccountId] = set()
        """Accounts that are being opened for the agents process to run."""
        self._mirror = mirror
        self._accounts = accounts
        self._portfolios = portfolios
        self._channels = channels
        self._metrics = metrics
        self._delta_interval_s = delta_interval_s
        self._quiet_until: dict[SymbolId, float] = {}
        self._waiting: set[SymbolId] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._told_bbo: dict[SymbolId, tuple[object, object]] = {}

    def publish(self, batch: EventBatch) -> None:
        """Say everything that the events of one command mean to somebody."""
        sequence, time = batch.first_sequence, batch.time
        for event in batch.events:
            tell = _TELL.get(type(event))
            if tell is not None:
                tell(self, event, sequence, time)
            sequence += 1

    def _private(self, event: PrivateEvent, sequence: int, time: int) -> Account | None:
        account = self._accounts.keep(event, sequence, time)
        if account is None or not account.sessions:
            return account
        units = self._mirror.units.get(event.symbol_id)
        if units is None:
            return account
        frames = list(map(message_frame, private_messages(event, sequence, time, units)))
        for session in account.sessions:
            session.push(frames)
        return account

    def _ordered(self, event: OrderAccepted | OrderReplaced, sequence: int, time: int) -> None:
        account = self._private(event, sequence, time)
        if account is not None:
            account.pace.count += 1

    def remember(self, batch: EventBatch, up_to: int) -> None:
        """Keep the private events of before the mirror's snapshot, for clients that come back."""
        for sequence, event in enumerate(batch.events, batch.first_sequence):
            if sequence <= up_to and type(event) in PRIVATE_EVENTS:
                self._accounts.keep(cast("PrivateEvent", event), sequence, batch.time)

    def bbo_frame(self, book: MirrorBook) -> bytes:
        """The best bid and offer now, for one who begins to listen; what changes from now on everybody is told."""
        self._told_bbo[book.symbol_id] = (book.bids.best(), book.asks.best())
        return message_frame(Bbo(data=book.bbo(millis(self._mirror.time))))

    def flush_delta(self, book: MirrorBook) -> None:
        """Tell now what changed in a book since its last delta."""
        self._waiting.discard(book.symbol_id)
        if not self._channels.wanted(names.BOOK_DELTA, book.symbol_id):
            book.skip_delta()
            return
        delta = book.take_delta(millis(self._mirror.time))
        if delta is not None:
            frame = message_frame(BookDelta(data=delta))
            self._channels.publish(names.BOOK_DELTA, book.symbol_id, frame)
            self._quiet_until[book.symbol_id] = asyncio.get_running_loop().time() + self._delta_interval_s

    def _book(self, event: DepthChanged | AuctionIndication | InstrumentStatusChanged, _: int, time: int) -> None:
        symbol_id = event.symbol_id
        book = self._mirror.books.get(symbol_id)
        if book is None:
            return
        heard = self._channels.heard
        if names.BBO in heard and self._channels.wanted(names.BBO, symbol_id):
            best = (book.bids.best(), book.asks.best())
            if self._told_bbo.get(symbol_id) != best:
                self._told_bbo[symbol_id] = best
                self._channels.publish(names.BBO, symbol_id, message_frame(Bbo(data=book.bbo(millis(time)))))
        if names.BOOK_DELTA not in heard or not self._channels.wanted(names.BOOK_DELTA, symbol_id):
            book.skip_delta()
            return
        loop = asyncio.get_running_loop()
        wait_s = self._quiet_until.get(symbol_id, 0.0) - loop.time()
        if wait_s <= 0:
            self.flush_delta(book)
            return
        self._waiting.add(symbol_id)
        if self._timer is None:
            self._timer = loop.call_later(wait_s, self._flush_waiting)

    def _flush_waiting(self) -> None:
        self._timer = None
        for symbol_id in tuple(self._waiting):
            book = self._mirror.books.get(symbol_id)
            if book is None:
                self._waiting.discard(symbol_id)
            else:
                self.flush_delta(book)

    def _trade(self, event: Trade, _: int, time: int) -> None:
        if names.TRADES not in self._channels.heard or not self._channels.wanted(names.TRADES, event.symbol_id):
            return
        units = self._mirror.units.get(event.symbol_id)
        if units is None:
            return
        view = TradeView(
            trade_id=event.trade_id,
            symbol_id=event.symbol_id,
            price=event.price,
            qty=event.qty,
            side=event.side,
            time=time,
        )
        self._channels.publish(names.TRADES, event.symbol_id, message_frame(TradePrint(data=trade_shape(view, units))))

    def _placed(self, event: OrderAccepted, sequence: int, time: int) -> None:
        self._ordered(event, sequence, time)
        self._metrics.accepted += 1
        self._metrics.accepted_lots += event.qty
        if names.ORDERS not in self._channels.heard or not self._channels.wanted(names.ORDERS, event.symbol_id):
            return
        units = self._mirror.units.get(event.symbol_id)
        enters_book = event.order_type is OrderType.LIMIT and event.tif not in (TimeInForce.IOC, TimeInForce.FOK)
        if units is None or not enters_book:
            return
        shape = OrderPlacedShape(
            symbol_id=event.symbol_id,
            side=event.side,
            price=None if event.price is None else units.price(event.price),
            quantity=units.quantity(event.qty if event.display_qty is None else event.display_qty),
            timestamp=millis(time),
        )
        self._channels.publish(names.ORDERS, event.symbol_id, message_frame(OrderPlaced(data=shape)))

    def _headline(self, event: NewsPublished, _: int, time: int) -> None:
        frame = message_frame(News(data=news_shape(event, time)))
        self._channels.publish(names.NEWS, event.symbol_id, frame, stream=False)

    def _listed(self, event: InstrumentAdded, *_: int) -> None:
        self._instrument(event.instrument, "listed")

    def _status(self, event: InstrumentStatusChanged, sequence: int, time: int) -> None:
        instrument = self._mirror.instruments.get(event.symbol_id)
        if instrument is not None:
            self._instrument(instrument, event.reason)
            self._book(event, sequence, time)

    def _instrument(self, instrument: Instrument, reason: str) -> None:
        message = InstrumentStatusChange(data=instrument_shape(instrument, reason), reason=reason)
        self._channels.tell_everybody(message_frame(message))

    def _removed(self, event: InstrumentRemoved, *_: int) -> None:
        symbol_id = event.symbol_id
        self._told_bbo.pop(symbol_id, None)
        self._quiet_until.pop(symbol_id, None)
        self._waiting.discard(symbol_id)
        instrument = self._mirror.delisted
        if instrument is not None and instrument.symbol_id == symbol_id:
            self._instrument(instrument, InstrumentStatus.REMOVED.value)

    def _opened(self, event: AccountOpened, *_: int) -> None:
        account = self._accounts.opened(event.account, event.name, event.personality, event.credential)
        spawn = event.account in self.spawning
        self.spawning.discard(event.account)
        message = AgentCreated(data=self._portfolios.newborn(account, event.cash), spawn=spawn)
        self._channels.publish(names.AGENTS, None, message_frame(message), stream=False)

    def _closed(self, event: AccountClosed, *_: int) -> None:
        agent_id = event.account
        if self._accounts.closed(agent_id) is not None:
            message = AgentRemoved(data=AgentRemovedData(agent_id=agent_id))
            self._channels.publish(names.AGENTS, None, message_frame(message), stream=False)


_TELL: Final[dict[type, Callable[[Publisher, Any, int, int], object]]] = {
    **dict.fromkeys(PRIVATE_EVENTS, Publisher._private),
    OrderReplaced: Publisher._ordered,
    OrderAccepted: Publisher._placed,
    DepthChanged: Publisher._book,
    AuctionIndication: Publisher._book,
    Trade: Publisher._trade,
    NewsPublished: Publisher._headline,
    InstrumentAdded: Publisher._listed,
    InstrumentStatusChanged: Publisher._status,
    InstrumentRemoved: Publisher._removed,
    AccountOpened: Publisher._opened,
    AccountClosed: Publisher._closed,
}
"""What is said of an event, given its number and time."""
