"""The read model: server messages folded into what the panes draw. Knows nothing of how it is drawn.

Rules: ``fold`` is called for every message, in order, and only changes plain data; panes read it ten times a second and
compare version numbers. Nothing here reads a clock: the time comes in with the call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.types import InstrumentStatus, Side
from net import messages as m
from tui.view.agents import Agents
from tui.view.alerts import Alerts
from tui.view.audit import Audit
from tui.view.bars import Bars
from tui.view.book import EMPTY_DEPTH, Depth, Market
from tui.view.link import Link
from tui.view.news import News
from tui.view.orders import Fill, OwnOrder, OwnOrders
from tui.view.portfolio import Portfolio
from tui.view.tape import Tape


class Session:
    """Who the person at the keyboard is."""

    def __init__(self) -> None:
        self.agent_id: str | None = None
        self.name = ""
        self.role = m.Role.TRADER
        self.only_watches = False
        """Whether this console was told to hold no account, or shows a recording."""
        self.limits: m.LimitsShape | None = None
        self.refusal = "spectators do not trade"
        """What somebody who only watches is told when an order is tried."""

    @property
    def spectator(self) -> bool:
        """Whether nothing may be traded here, by the exchange's word or by the console's."""
        return self.only_watches or self.role is m.Role.SPECTATOR


class View:
    """Everything the console knows."""

    def __init__(self) -> None:
        self.link = Link()
        self.session = Session()
        self.markets: dict[int, Market] = {}
        self.current: int | None = None
        """Symbol id of the instrument on the Trade screen."""
        self.prefers: str | None = None
        """Source of the instruments of which the first is to be on the Trade screen; None takes any."""
        self.tapes: dict[int, Tape] = {}
        self.bars: dict[tuple[int, str], Bars] = {}
        self.orders = OwnOrders(self.ticks_of)
        self.portfolio = Portfolio()
        self.agents = Agents()
        self.news = News()
        self.audit = Audit()
        self.alerts = Alerts()
        self.performance: m.PerformanceShape | None = None
        self.orders_per_second: list[float] = []
        self.trades_per_second: list[float] = []
        self.simulation_speed = 1.0
        """Seconds of the agents' clock in one of the wall's."""
        self.server_ms = 0
        """Server time of the newest message that told it."""
        self._before = ""
        """Ticker of the current instrument of the exchange before, to be taken again."""
        self.on_fill: list[Callable[[Fill], None]] = []
        self.on_order: list[Callable[[OwnOrder, str], None]] = []
        self.on_news: list[Callable[[m.NewsShape], None]] = []
        self.on_gap: list[Callable[[int], None]] = []
        """Called with the symbol id of a book that lost a delta."""

    # --- reading

    @property
    def market(self) -> Market | None:
        """The instrument on the Trade screen."""
        return None if self.current is None else self.markets.get(self.current)

    @property
    def depth(self) -> Depth:
        """Its book."""
        market = self.market
        return EMPTY_DEPTH if market is None else market.depth

    def ordered(self) -> list[Market]:
        """Listed instruments by symbol id."""
        return [self.markets[key] for key in sorted(self.markets)]

    def find(self, ticker: str) -> Market | None:
        """Instrument by ticker, in any case."""
        wanted = ticker.upper()
        return next((market for market in self.ordered() if market.ticker.upper() == wanted), None)

    def ticks_of(self, symbol_id: int, price: float | None) -> int | None:
        """Price in ticks; None for no price or an unknown instrument."""
        market = self.markets.get(symbol_id)
        return None if market is None or price is None else market.scale.ticks(price)

    def ticker_of(self, symbol_id: int | None) -> str:
        """Ticker, or a number sign and the id for what is not listed any more."""
        if symbol_id is None:
            return ""
        market = self.markets.get(symbol_id)
        return market.ticker if market is not None else f"#{symbol_id}"

    def tape_of(self, symbol_id: int) -> Tape | None:
        """The tape of a listed instrument."""
        market = self.markets.get(symbol_id)
        if market is None:
            return None
        if symbol_id not in self.tapes:
            self.tapes[symbol_id] = Tape(market.scale)
        return self.tapes[symbol_id]

    def bars_of(self, symbol_id: int, interval: str) -> Bars | None:
        """The candles of a listed instrument."""
        market = self.markets.get(symbol_id)
        if market is None:
            return None
        key = (symbol_id, interval)
        if key not in self.bars:
            self.bars[key] = Bars(market.scale, interval)
        return self.bars[key]

    def start_over(self) -> None:
        """The exchange is a new one: forget what was known of the old, but for the instrument that was chosen."""
        self.tapes.clear()
        self.bars.clear()
        self.orders = OwnOrders(self.ticks_of)
        self.portfolio = Portfolio()
        self.agents = Agents()
        self.news = News()
        self.session.agent_id = None
        self._before = self.ticker_of(self.current) or self._before
        self.markets.clear()
        self.current = None
        self.server_ms = 0

    # --- once a second

    def second(self) -> None:
        """Take the samples that curves are made of, and read the reactions to news."""
        for market in self.markets.values():
            market.sample()
        self.portfolio.sample()
        if self.performance is not None:
            self.orders_per_second = [*self.orders_per_second, self.performance.orders_per_second][-300:]
            self.trades_per_second = [*self.trades_per_second, self.performance.trades_per_second][-300:]
        self.news.react(self.server_ms, self._mid2_of)

    def _mid2_of(self, symbol_id: int) -> int | None:
        market = self.markets.get(symbol_id)
        return None if market is None else market.depth.mid2

    # --- folding

    def fold(self, message: m.AnyServerMessage, now: float) -> None:
        """Take one message that came at ``now`` (monotonic seconds)."""
        self.link.heard(now)
        kind = type(message)
        if kind in _PRICES:
            self.link.priced_at = now
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, message)

    def _hello(self, message: m.Hello) -> None:
        data = message.data
        if self.link.epoch and self.link.epoch != data.epoch:
            self.audit.add(data.server_time, "link", "the exchange started over: new epoch")
        self.link.epoch = data.epoch
        self.session.role, self.session.limits = data.role, data.limits
        self.simulation_speed = data.simulation_speed
        self.server_ms = data.server_time

    def _instruments(self, message: m.Instruments) -> None:
        listed = {shape.symbol_id for shape in message.data}
        for symbol_id in [symbol_id for symbol_id in self.markets if symbol_id not in listed]:
            self._delist(symbol_id)
        for shape in message.data:
            self._list(shape)
        chosen, self._before = self.find(self._before), ""
        if chosen is not None:
            self.current = chosen.instrument.symbol_id

    def _delist(self, symbol_id: int) -> None:
        self.markets.pop(symbol_id, None)
        if self.current == symbol_id:
            self.current = min(self.markets, default=None)

    def _list(self, shape: m.InstrumentShape) -> None:
        known = self.markets.get(shape.symbol_id)
        if known is None:
            self.markets[shape.symbol_id] = Market.of(shape)
        else:
            known.instrument = shape
            known.version += 1
        current = self.market
        preferred = known is None and shape.source == self.prefers
        if current is None or (preferred and current.instrument.source != self.prefers):
            self.current = shape.symbol_id

    def _order_books(self, message: m.OrderBooks) -> None:
        self.server_ms = max(self.server_ms, message.timestamp)
        for book in message.data.values():
            market = self.markets.get(book.symbol_id)
            if market is not None:
                market.fold_snapshot(book)
                self._book_changed(market)

    def _book_delta(self, message: m.BookDelta) -> None:
        market = self.markets.get(message.data.symbol_id)
        if market is None:
            return
        if market.fold_delta(message.data):
            self._book_changed(market)
        else:
            self.link.gaps += 1
            for call in self.on_gap:
                call(message.data.symbol_id)

    def _book_changed(self, market: Market) -> None:
        depth = market.depth
        self.orders.level(market.instrument.symbol_id, lambda side: depth.bids if side is Side.BUY else depth.asks)

    def _trade(self, message: m.TradePrint) -> None:
        trade = message.data
        market, tape = self.markets.get(trade.symbol_id), self.tape_of(trade.symbol_id)
        if market is None or tape is None:
            return
        self.server_ms = max(self.server_ms, trade.timestamp)
        market.fold_trade(trade)
        tape.add(trade)
        for (symbol_id, _interval), bars in self.bars.items():
            if symbol_id == trade.symbol_id:
                bars.add(trade)
        self.orders.printed(trade.symbol_id, market.scale.ticks(trade.price), trade.quantity)
        self.portfolio.mark(trade.symbol_id, trade.price)

    def _tape(self, message: m.Tape) -> None:
        tape, market = self.tape_of(message.data.symbol_id), self.markets.get(message.data.symbol_id)
        if tape is None or market is None:
            return
        tape.fill(message.data.trades)
        if market.last is None and message.data.trades:
            newest = max(message.data.trades, key=lambda trade: trade.trade_id)
            market.last, market.last_at = market.scale.ticks(newest.price), newest.timestamp
            market.last_qty = newest.quantity
            market.version += 1

    def _candles(self, message: m.Candles) -> None:
        data = message.data
        market = self.markets.get(data.symbol_id)
        if market is not None and data.interval == "1d":
            self._day(market, data.candles)
            return
        bars = self.bars_of(data.symbol_id, data.interval)
        if bars is not None:
            bars.load(data.candles)

    def _day(self, market: Market, candles: list[m.CandleShape]) -> None:
        if candles:
            day = candles[-1]
            ticks = market.scale.ticks
            market.high, market.low = ticks(day.high), ticks(day.low)
            market.volume, market.trades = day.volume, day.trades
            market.version += 1

    def _registered(self, message: m.AgentRegistered) -> None:
        self.session.agent_id, self.session.name = message.agent_id, message.agent.name

    def _portfolio(self, message: m.PortfolioUpdate) -> None:
        if self.session.agent_id in (None, message.agent_id):
            self.portfolio.fold(message)

    def _execution(self, message: m.Execution) -> None:
        fill = self.orders.fold_execution(message.data)
        if fill is not None:
            for call in self.on_fill:
                call(fill)

    def _order_update(self, message: m.OrderUpdate) -> None:
        order = self.orders.fold_update(message.data)
        if order is not None:
            for call in self.on_order:
                call(order, message.data.event)

    def _orders(self, message: m.Orders) -> None:
        self.orders.replace_all(message.data.orders, self.server_ms)

    def _trades(self, message: m.Trades) -> None:
        self.orders.load_fills(message.data.trades)

    def _agents(self, message: m.AgentsSnapshot) -> None:
        self.agents.fold_snapshot(message.data)

    def _agent_created(self, message: m.AgentCreated) -> None:
        self.agents.add(message.data)

    def _agent_removed(self, message: m.AgentRemoved) -> None:
        self.agents.remove(message.data.agent_id)

    def _decision(self, message: m.Decision) -> None:
        self.agents.decided(message.data)

    def _news_history(self, message: m.NewsHistory) -> None:
        self.news.load(message.data)

    def _news(self, message: m.News) -> None:
        symbol_id = message.data.instrument_id
        market = self.markets.get(symbol_id) if symbol_id is not None else None
        if self.news.add(message.data, market.depth.mid2 if market is not None else None):
            for call in self.on_news:
                call(message.data)

    def _status(self, message: m.InstrumentStatusChange) -> None:
        shape = message.data
        if shape.status is InstrumentStatus.REMOVED:
            self._delist(shape.symbol_id)
        else:
            self._list(shape)
        reason = f" ({message.reason})" if message.reason else ""
        self.audit.add(self.server_ms, "admin", f"{shape.ticker} is {shape.status.value}{reason}")

    def _performance(self, message: m.Performance) -> None:
        self.performance = message.data

    def _simulation(self, message: m.Simulation) -> None:
        self.simulation_speed = message.data.speed
        self.audit.add(self.server_ms, "admin", f"simulation speed is ×{message.data.speed:g}")

    def _engine_status(self, message: m.EngineStatus) -> None:
        if self.link.engine != message.data.connected:
            text = "engine is back" if message.data.connected else "engine does not answer"
            self.audit.add(self.server_ms, "link", text)
        self.link.engine = message.data.connected


_PRICES: Final = frozenset((m.OrderBooks, m.BookDelta, m.TradePrint))
_HANDLERS: Final[dict[type, Callable[[View, Any], None]]] = {
    m.Hello: View._hello,
    m.Instruments: View._instruments,
    m.OrderBooks: View._order_books,
    m.BookDelta: View._book_delta,
    m.TradePrint: View._trade,
    m.Tape: View._tape,
    m.Candles: View._candles,
    m.AgentRegistered: View._registered,
    m.PortfolioUpdate: View._portfolio,
    m.Execution: View._execution,
    m.OrderUpdate: View._order_update,
    m.Orders: View._orders,
    m.Trades: View._trades,
    m.AgentsSnapshot: View._agents,
    m.AgentCreated: View._agent_created,
    m.AgentRemoved: View._agent_removed,
    m.Decision: View._decision,
    m.NewsHistory: View._news_history,
    m.News: View._news,
    m.InstrumentStatusChange: View._status,
    m.Performance: View._performance,
    m.Simulation: View._simulation,
    m.EngineStatus: View._engine_status,
}
