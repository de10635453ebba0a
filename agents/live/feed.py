"""Turns what the exchange pushes into the world's state and the agents' events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from agents.host import AgentHost
from agents.intents import AgentEvent, Book, Delisted, Done, Fill, Listed, News, Repriced, Trade
from agents.market import Levels
from agents.world import World
from engine.types import InstrumentStatus, SymbolId
from net import messages as m
from net.client import Push
from net.units import Units, size_from_wire

DEPTH: Final = 10
"""Levels kept of each side."""


class Feed:
    """Reads messages for all agents of the process.

    Public messages are taken from one client only (``public=True``), private ones from every client.
    """

    def __init__(self, world: World, ref_of: Callable[[str | None], int]) -> None:
        """``ref_of`` turns a client order id into the agent's own number."""
        self.world = world
        self.units: dict[SymbolId, Units] = {}
        self.hosts: dict[str, AgentHost] = {}
        self._ref_of = ref_of
        self._depth: dict[SymbolId, m.OrderBookShape] = {}
        self._wanting: dict[type, list[AgentHost]] = {Book: [], Trade: [], News: [], Repriced: []}

    def seat(self, host: AgentHost) -> None:
        """Let an agent hear, beginning with the instruments there are."""
        self.hosts[host.agent_id] = host
        for kind, hosts in self._wanting.items():
            if kind in host.strategy.wants:
                hosts.append(host)
        for symbol in list(self.world.market):
            host.deliver(Listed(symbol.symbol_id))

    def leave(self, agent_id: str) -> AgentHost | None:
        """Let an agent hear no more."""
        host = self.hosts.pop(agent_id, None)
        if host is not None:
            for hosts in self._wanting.values():
                if host in hosts:
                    hosts.remove(host)
        return host

    def take(self, message: Push, *, public: bool) -> None:
        """Digest one message."""
        match message:
            case m.Execution():
                self._execution(message.data)
            case m.OrderUpdate():
                self._order_update(message.data)
            case m.PortfolioUpdate():
                self._portfolio(message)
            case _ if public:
                self._take_public(message)
            case _:
                pass

    def list_instrument(self, shape: m.InstrumentShape) -> None:
        """Take an instrument into the world, and tell everybody when it is new."""
        symbol_id = shape.symbol_id
        if symbol_id in self.world.market:
            self.world.market.symbol(symbol_id).enter(shape.status)
            return
        live = shape.source != "simulated"
        if live and shape.ticker not in self.world.scenario.live_instruments:
            return  # an outside venue makes that market, and nobody here trades it
        units = Units(size_from_wire(shape.tick_size, "tick_size"), size_from_wire(shape.lot_size, "lot_size"))
        self.units[symbol_id] = units
        symbol = self.world.list_instrument(
            symbol_id,
            shape.ticker,
            units.ticks(shape.initial_price),
            tick_size=shape.tick_size,
            lot_size=shape.lot_size,
            industry=shape.industry,
            description=shape.description,
            live=live,
        )
        symbol.enter(shape.status)
        self._tell(self.hosts.values(), Listed(symbol_id))

    def depth(self, symbol_id: SymbolId, levels: int) -> tuple[Levels, Levels]:
        """The newest book in ticks and lots."""
        book, units = self._depth.get(symbol_id), self.units.get(symbol_id)
        if book is None or units is None:
            return (), ()
        bids = tuple((units.ticks(level.price), units.lots(level.quantity)) for level in book.bids[:levels])
        asks = tuple((units.ticks(level.price), units.lots(level.quantity)) for level in book.asks[:levels])
        return bids, asks

    def _take_public(self, message: Push) -> None:
        match message:
            case m.Bbo():
                self._bbo(message.data)
            case m.OrderBooks():
                for book in message.data.values():
                    self._book(book)
            case m.TradePrint():
                self._trade(message.data)
            case m.News():
                self._news(message.data)
            case m.NewsHistory():
                newest = [news.headline for news in message.data]
                self.world.newsroom.go_on(newest[::-1], max((news.id for news in message.data), default=0))
            case m.Instruments():
                for shape in message.data:
                    self.list_instrument(shape)
            case m.InstrumentStatusChange() if message.data.status is InstrumentStatus.REMOVED:
                self.world.delist(message.data.symbol_id)
                self._tell(self.hosts.values(), Delisted(message.data.symbol_id))
            case m.InstrumentStatusChange():
                self.list_instrument(message.data)
            case _:
                pass

    def _bbo(self, data: m.BboShape) -> None:
        units = self.units.get(data.symbol_id)
        if units is None or data.symbol_id not in self.world.market:
            return
        bid, bid_qty = (units.ticks(data.bid.price), units.lots(data.bid.quantity)) if data.bid else (0, 0)
        ask, ask_qty = (units.ticks(data.ask.price), units.lots(data.ask.quantity)) if data.ask else (0, 0)
        self.world.market.symbol(data.symbol_id).set_best(bid, bid_qty, ask, ask_qty)
        self._tell(self._wanting[Book], Book(data.symbol_id))

    def _book(self, book: m.OrderBookShape) -> None:
        if book.symbol_id not in self.world.market:
            return
        self._depth[book.symbol_id] = book
        bids, asks = self.depth(book.symbol_id, 1)
        bid, bid_qty = bids[0] if bids else (0, 0)
        ask, ask_qty = asks[0] if asks else (0, 0)
        self.world.market.symbol(book.symbol_id).set_best(bid, bid_qty, ask, ask_qty)
        self._tell(self._wanting[Book], Book(book.symbol_id))

    def _trade(self, data: m.TradeShape) -> None:
        units = self.units.get(data.symbol_id)
        if units is None:
            return
        price, qty = units.ticks(data.price), units.lots(data.quantity)
        self.world.market.on_trade(data.symbol_id, price, qty, data.side)
        self._tell(self._wanting[Trade], Trade(data.symbol_id, price, qty, data.side))

    def _news(self, data: m.NewsShape) -> None:
        for symbol_id, ticks in self.world.hear(data.headline, data.sentiment, data.instrument_id).items():
            self._tell(self._wanting[Repriced], Repriced(symbol_id, ticks))
        news = News(data.headline, data.content, data.sentiment, data.instrument_id, data.source, data.id)
        self._tell(self._wanting[News], news)

    def _execution(self, data: m.ExecutionShape) -> None:
        host, units = self.hosts.get(data.agent_id or ""), self.units.get(data.symbol_id)
        if host is None or units is None:
            return
        host.deliver(
            Fill(
                data.symbol_id,
                data.side,
                units.ticks(data.price),
                units.lots(data.quantity),
                data.liquidity,
                units.lots(data.leaves_quantity),
                self._ref_of(data.client_order_id),
            )
        )

    def _order_update(self, data: m.OrderUpdateShape) -> None:
        ref = self._ref_of(data.client_order_id)
        host = self.hosts.get(data.agent_id or "")
        if host is not None and ref and data.event == "canceled":
            host.deliver(Done(data.symbol_id, ref, data.reason or ""))

    def _portfolio(self, message: m.PortfolioUpdate) -> None:
        host = self.hosts.get(message.agent_id)
        if host is not None:
            host.context.portfolio.positions = self.positions(message)

    def positions(self, message: m.PortfolioUpdate) -> dict[SymbolId, int]:
        """Positions in lots, as the exchange has them."""
        held = message.positions.values()
        return {
            position.instrument_id: self.units[position.instrument_id].lots(position.quantity)
            for position in held
            if position.instrument_id in self.units
        }

    def _tell(self, hosts: Iterable[AgentHost], event: AgentEvent) -> None:
        for host in list(hosts):
            host.deliver(event)
