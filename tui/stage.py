"""A seeded market in this process, as a feed for the console: the real order-management system and the real agents.

Virtual time moves only when ``step`` is called, so that pictures of it are the same on every machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from agents.scenario import load_scenario
from agents.simulated.venue import EventLog
from agents.simulation import Simulation
from engine.commands import AnyCommand, CancelAll, CancelOrder, NewOrder, OpenAccount, ReplaceOrder
from engine.events import AnyEvent, OrderAccepted, OrderFilled, OrderReplaced, Rejected
from engine.service import AccountView
from engine.types import CASH_SCALE, OrderType, Side, TimeInForce
from net import messages as m
from net.client import ConnectionChanged, ConnectionState, Push
from net.gateway import shapes
from net.gateway.private import PrivateEvent, private_messages
from net.gateway.track import EquityTrack, Pace
from net.units import Units, millis
from tui.shapes import agent_shape, book_shape, portfolio_update, traders
from tui.stopwatch import Figures, TimedOms
from tui.view import Clock

YOU = "you"
CAPITAL = 250_000 * CASH_SCALE
SAMPLE_S = 1.0
"""About how often equity is sampled."""


class OwnersEar(EventLog):
    """An event log that passes the events of one account on, and counts everybody's orders."""

    def __init__(self, account: str, hear: Callable[[PrivateEvent, int], None]) -> None:
        super().__init__()
        self._account = account
        self._hear = hear
        self.paces: dict[str, Pace] = {}
        """Of each account's orders."""

    def add(self, now: int, happened: list[AnyEvent]) -> None:
        """Take the events of one command."""
        super().add(now, happened)
        for event in happened:
            if isinstance(event, OrderAccepted | OrderReplaced):
                self.paces.setdefault(event.account, Pace()).count += 1
            if isinstance(event, PrivateEvent) and event.account == self._account:
                self._hear(event, now)


class Stage:
    """The market, and one console's connection to it."""

    def __init__(self, scenario: str = "default", seed: int = 7) -> None:
        self.oms = TimedOms()
        self.simulation = Simulation(load_scenario(scenario), seed, narrate=True, oms=self.oms)
        self._figures = Figures(self.oms)
        self._queue: asyncio.Queue[Push | None] = asyncio.Queue()
        self._listed = {i.symbol_id: i for i in self.oms.instruments()}
        self._units = {symbol_id: Units.of(i) for symbol_id, i in self._listed.items()}
        self._printed = dict.fromkeys(self._units, 0)
        self._tracks: dict[str, EquityTrack] = {}
        self._news = 0
        self._explained = 0
        self._orders = 0
        self._ear = self.simulation.venue.log = OwnersEar(YOU, self._hear)
        self._submit(OpenAccount(account=YOU, name=YOU, personality="human", cash=CAPITAL))

    def clock(self) -> Clock:
        """The stage's time as the console's."""
        now = self.simulation.clock.now_ns
        return Clock(lambda: millis(now()), lambda: now() / 1e9)

    def step(self, seconds: float) -> None:
        """Let the market go on, and tell what happened."""
        start, samples = self.simulation.elapsed_s, max(1, round(seconds / SAMPLE_S))
        for number in range(1, samples + 1):
            self.simulation.run_until(start + seconds * number / samples)
            for view in self.oms.accounts():
                self._tracks.setdefault(view.account, EquityTrack()).sample(view.equity)
            for pace in self._ear.paces.values():
                pace.sample(seconds / samples)
        self._tell()

    # --- telling

    def _tell(self) -> None:
        now = millis(self.simulation.clock.now_ns())
        books = {str(i.symbol_id): book_shape(self.oms, i) for i in self._listed.values()}
        self._push(m.OrderBooks(data=books, sequence=self.oms.sequence, timestamp=now))
        for symbol_id, units in self._units.items():
            fresh = [t for t in self.oms.trades(symbol_id, 200) if t.trade_id > self._printed[symbol_id]]
            for trade in reversed(fresh):
                self._printed[symbol_id] = trade.trade_id
                self._push(m.TradePrint(data=shapes.trade_shape(trade, units)))
        for item in reversed([item for item in self.oms.news(50) if item.news.news_id > self._news]):
            self._news = item.news.news_id
            self._push(m.News(data=shapes.news_shape(item.news, item.time)))
        self._tell_agents(now)
        self._tell_owner()
        self._push(m.Performance(data=self._figures.at(self.simulation.elapsed_s)))

    def _tell_agents(self, now: int) -> None:
        agents = [self._agent(view) for view in traders(self.oms)]
        self._push(m.AgentsSnapshot(data=agents, timestamp=now))
        told = self.simulation.explanations
        for time_ns, name, explain in told[max(self._explained, len(told) - 200) :]:
            self._push(
                m.Decision(
                    data=m.DecisionShape(
                        agent_id=name, stage=explain.stage, action=explain.action, why=explain.why,
                        timestamp=millis(time_ns), symbol_id=explain.symbol_id, confidence=explain.confidence,
                    )
                )
            )  # fmt: skip
        self._explained = len(told)

    def _hear(self, event: PrivateEvent, now: int) -> None:
        for message in private_messages(event, self.oms.sequence, now, self._units[event.symbol_id]):
            self._push(message)

    def _tell_owner(self) -> None:
        self._push(self._portfolio())
        self._push(m.Orders(data=m.OrdersData(agent_id=YOU, orders=self._working())))

    def _agent(self, view: AccountView) -> m.AgentShape:
        track, pace = self._tracks.get(view.account), self._ear.paces.get(view.account)
        return agent_shape(view, self._listed, track, pace)

    def _working(self) -> list[m.OrderShape]:
        views = (self.oms.order(view.order_id) or view for view in self.oms.orders(YOU))
        return [shapes.order_shape(view, self._units[view.symbol_id]) for view in views]

    def _portfolio(self) -> m.PortfolioUpdate:
        view = self.oms.account(YOU)
        assert view is not None  # noqa: S101 - opened at the start
        return portfolio_update(view, self._listed)

    def _push(self, push: Push) -> None:
        self._queue.put_nowait(push)

    def _submit(self, command: AnyCommand) -> list[AnyEvent]:
        return list(self.simulation.venue.submit(command))

    # --- the feed

    async def connect(self) -> None:
        """Greet; what was told before is history."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._news = max((item.news.news_id for item in self.oms.news(50)), default=0)
        self._push(ConnectionChanged(state=ConnectionState.LIVE, epoch="stage"))
        self._push(m.Instruments(data=[shapes.instrument_shape(i) for i in self._listed.values()]))
        self._push(m.NewsHistory(data=[shapes.news_shape(item.news, item.time) for item in self.oms.news(50)]))
        self._tell()

    async def close(self) -> None:
        """End the feed."""
        self._queue.put_nowait(None)

    async def messages(self) -> AsyncIterator[Push]:
        """What the steps told."""
        while (push := await self._queue.get()) is not None:
            yield push

    def next_client_order_id(self) -> str:
        """Counted."""
        self._orders += 1
        return f"you-{self._orders}"

    async def register(self, *_args: Any, **_rest: Any) -> m.AgentRegistered:
        """The one account."""
        view = self.oms.account(YOU)
        assert view is not None  # noqa: S101 - opened at the start
        return m.AgentRegistered(agent_id=YOU, agent=self._agent(view))

    async def get_portfolio(self, *_args: Any) -> m.PortfolioUpdate:
        """Cash and positions."""
        return self._portfolio()

    async def get_orders(self, *_args: Any) -> list[m.OrderShape]:
        """Working orders."""
        return self._working()

    async def get_trades(self, *_args: Any, **_rest: Any) -> list[m.ExecutionShape]:
        """Told by steps."""
        return []

    async def get_candles(self, symbol_id: int, interval: str = "1m", *, limit: int = 200) -> list[m.CandleShape]:
        """Newest candles, oldest first."""
        candles = self.oms.candles(symbol_id, shapes.INTERVALS_NS[interval], limit)
        return [shapes.candle_shape(candle, self._units[symbol_id]) for candle in candles]

    async def get_tape(self, symbol_id: int, *, limit: int = 100) -> list[m.TradeShape]:
        """Newest prints."""
        return [shapes.trade_shape(trade, self._units[symbol_id]) for trade in self.oms.trades(symbol_id, limit)]

    async def subscribe(self, *channels: str, rate_hz: float | None = None) -> m.SubscribedData:
        """Everything is told anyway."""
        return m.SubscribedData(channels=list(channels), rate_hz=rate_hz or 10.0)

    async def ping(self) -> m.PongData:
        """At once."""
        return m.PongData(server_time=0)

    async def add_order(
        self, symbol_id: int, side: Side, quantity: float, *, price: float | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC, post_only: bool = False, reduce_only: bool = False,
        client_order_id: str | None = None,
    ) -> m.OrderResult:  # fmt: skip
        """Place an order."""
        units = self._units[symbol_id]
        command = NewOrder(
            account=YOU, symbol_id=symbol_id, side=side, qty=units.lots(quantity),
            type=OrderType.LIMIT if price is not None else OrderType.MARKET,
            price=None if price is None else units.ticks(price), tif=time_in_force, post_only=post_only,
            reduce_only=reduce_only, client_order_id=client_order_id,
        )  # fmt: skip
        return self._result(self._submit(command), symbol_id)

    async def cancel_order(self, symbol_id: int, order_id: int | None = None) -> m.OrderResult:
        """Cancel an order."""
        return self._result(self._submit(CancelOrder(account=YOU, symbol_id=symbol_id, order_id=order_id)), symbol_id)

    async def modify_order(
        self, symbol_id: int, order_id: int | None = None, *, price: float | None = None,
        quantity: float | None = None,
    ) -> m.OrderResult:  # fmt: skip
        """Change an order."""
        units = self._units[symbol_id]
        command = ReplaceOrder(
            account=YOU, symbol_id=symbol_id, order_id=order_id, price=None if price is None else units.ticks(price),
            qty=None if quantity is None else units.lots(quantity),
        )  # fmt: skip
        return self._result(self._submit(command), symbol_id)

    async def cancel_all(self, symbol_id: int | None = None, side: Side | None = None) -> m.MassResult:
        """Cancel orders."""
        before = {view.order_id for view in self.oms.orders(YOU)}
        self._submit(CancelAll(account=YOU, symbol_id=symbol_id, side=side))
        self._tell_owner()
        gone = before - {view.order_id for view in self.oms.orders(YOU)}
        return m.MassResult(status=m.Status.SUCCESS, order_ids=sorted(gone))

    def _result(self, events: list[AnyEvent], symbol_id: int) -> m.OrderResult:
        units, order_id, filled = self._units[symbol_id], None, 0
        for event in events:
            if isinstance(event, Rejected):
                return m.OrderResult(status=m.Status.ERROR, code=event.code, message=event.message)
            if isinstance(event, OrderAccepted):
                order_id = event.order_id
            elif isinstance(event, OrderFilled) and event.order_id == order_id:
                filled += event.qty
        self._tell_owner()
        return m.OrderResult(status=m.Status.SUCCESS, order_id=order_id, filled_quantity=units.quantity(filled))
