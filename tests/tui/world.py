"""A tiny seeded exchange that speaks the wire: the console's feed in tests, pictures of states, and benchmarks.

Books are random walks, own orders rest at their prices and are filled when the walk reaches them. Time only moves when
``step`` is called.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import msgspec

from engine.types import InstrumentStatus, Liquidity, OrderStatus, OrderType, RejectCode, Side, TimeInForce
from net import messages as m
from net.client import ConnectionChanged, ConnectionState, Push
from net.errors import NotConnected
from tests.tui.listing import AGENTS, HEADLINES, INSTRUMENTS, FakeAdmin
from tui.view import Clock

START_MS = 1_760_000_000_000 - 1_760_000_000_000 % 86_400_000 + 34_262_000
"""09:31:02 UTC of some day."""


@dataclass
class FakeTime:
    """Clocks that a test moves."""

    ms: int = START_MS

    def clock(self) -> Clock:
        return Clock(lambda: self.ms, lambda: self.ms / 1000)

    def pass_ms(self, ms: int) -> None:
        self.ms += ms


@dataclass
class FakeMarket:
    shape: m.InstrumentShape
    mid: int
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    sequence: int = 0
    indicative: tuple[float | None, float | None] = (None, None)


class World:
    """The exchange, and the feed to it: one console each."""

    def __init__(self, time: FakeTime, seed: int = 7, past_steps: int = 600) -> None:
        self.time = time
        self.rng = random.Random(seed)
        self.markets = {shape.symbol_id: FakeMarket(shape, round(shape.initial_price / shape.tick_size))
                        for shape in INSTRUMENTS}  # fmt: skip
        self.queue: asyncio.Queue[Push | None] = asyncio.Queue()
        self.tape: dict[int, list[m.TradeShape]] = {shape.symbol_id: [] for shape in INSTRUMENTS}
        self.orders: dict[int, m.OrderShape] = {}
        self.fills: list[m.ExecutionShape] = []
        self.requests: list[tuple[str, object]] = []
        self.cash = 100_000.0
        self.positions: dict[int, tuple[float, float]] = {}
        self.realized: dict[int, float] = {}
        self.agent_id: str | None = None
        self.refuse_connection = False
        self.admin = FakeAdmin()
        self.numbers = 0
        self.trade_id = 0
        self.steps = 0
        self.news_id = 0
        self.equity = {name: 100_000.0 for name, _kind in AGENTS}
        if past_steps:
            self._go_on_from(_past(time.ms, seed, past_steps))

    def _go_on_from(self, past: World) -> None:
        """Take over the market as it was left there; nobody had an order in it."""
        self.time.ms, self.steps, self.trade_id = past.time.ms, past.steps, past.trade_id
        self.rng.setstate(past.rng.getstate())
        self.equity = dict(past.equity)
        self.tape = {symbol_id: list(prints) for symbol_id, prints in past.tape.items()}
        self.markets = {
            symbol_id: replace(market, bids=dict(market.bids), asks=dict(market.asks))
            for symbol_id, market in past.markets.items()
        }

    # --- the feed

    async def connect(self) -> None:
        if self.refuse_connection:
            raise NotConnected("connection refused")
        self.push(ConnectionChanged(state=ConnectionState.LIVE, epoch="e1"))
        limits = m.LimitsShape(max_message_bytes=65_536, max_errors=10, orders_per_second=100, working_orders=1_000,
                               max_channels=64)  # fmt: skip
        self.push(m.Hello(data=m.HelloData(protocol=1, epoch="e1", sequence=1, durability="process",
                  heartbeat_ms=10_000, limits=limits, server_time=self.time.ms)))  # fmt: skip
        self.push(m.Instruments(data=[market.shape for market in self.markets.values()]))
        self.push_books()
        self.push(m.NewsHistory(data=[]))
        self.push_agents()
        self.push_performance()

    async def close(self) -> None:
        self.queue.put_nowait(None)

    async def messages(self) -> AsyncIterator[Push]:
        while (push := await self.queue.get()) is not None:
            yield push

    def push(self, push: Push) -> None:
        self.queue.put_nowait(push)

    def next_client_order_id(self) -> str:
        self.numbers += 1
        return f"c-{self.numbers}"

    async def register(
        self, name: str | None = None, *, agent_id: str | None = None, token: str | None = None,
        personality: str = "", starting_capital: float | None = None,
    ) -> m.AgentRegistered:  # fmt: skip
        self.agent_id = agent_id or "a-you"
        shape = self._agent(self.agent_id, name or "you", "human", self.cash, 0.0)
        return m.AgentRegistered(agent_id=self.agent_id, token="secret", agent=shape)  # noqa: S106 - a fake

    async def get_portfolio(self, agent_id: str | None = None) -> m.PortfolioUpdate:
        return self.portfolio()

    async def get_orders(self, agent_id: str | None = None) -> list[m.OrderShape]:
        return list(self.orders.values())

    async def get_trades(self, agent_id: str | None = None, *, limit: int = 100) -> list[m.ExecutionShape]:
        return self.fills[::-1][:limit]

    async def get_candles(self, symbol_id: int, interval: str = "1m", *, limit: int = 200) -> list[m.CandleShape]:
        span = {"1s": 1, "5s": 5, "15s": 15, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}[interval] * 1000
        candles: dict[int, m.CandleShape] = {}
        for trade in self.tape[symbol_id]:
            start = trade.timestamp - trade.timestamp % span
            old = candles.get(start)
            p, q = trade.price, trade.quantity
            candles[start] = (
                m.CandleShape(time=start, open=p, high=p, low=p, close=p, volume=q, trades=1) if old is None
                else m.CandleShape(time=start, open=old.open, high=max(old.high, p), low=min(old.low, p), close=p,
                                   volume=old.volume + q, trades=old.trades + 1)
            )  # fmt: skip
        return list(candles.values())[-limit:]

    async def get_tape(self, symbol_id: int, *, limit: int = 100) -> list[m.TradeShape]:
        return self.tape[symbol_id][::-1][:limit]

    async def subscribe(self, *channels: str, rate_hz: float | None = None) -> m.SubscribedData:
        self.requests.append(("subscribe", channels))
        return m.SubscribedData(channels=list(channels), rate_hz=rate_hz or 5)

    async def ping(self) -> m.PongData:
        return m.PongData(server_time=self.time.ms)

    async def add_order(
        self, symbol_id: int, side: Side, quantity: float, *, price: float | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC, post_only: bool = False, reduce_only: bool = False,
        client_order_id: str | None = None,
    ) -> m.OrderResult:  # fmt: skip
        self.requests.append(("add", (symbol_id, side.value, quantity, price, time_in_force.value, post_only)))
        market = self.markets[symbol_id]
        tick = market.shape.tick_size
        ticks = (
            round(price / tick) if price is not None else (max(market.asks) if side is Side.BUY else min(market.bids))
        )
        best = min(market.asks) if side is Side.BUY else max(market.bids)
        takes = ticks >= best if side is Side.BUY else ticks <= best
        if quantity > 5_000:
            return m.OrderResult(status=m.Status.ERROR, code=RejectCode.ORDER_LIMIT, client_order_id=client_order_id,
                                 message="quantity is over the account's limit of 5000")  # fmt: skip
        if post_only and takes:
            return m.OrderResult(status=m.Status.ERROR, code=RejectCode.WOULD_CROSS, client_order_id=client_order_id,
                                 message="post-only order would trade")  # fmt: skip
        self.numbers += 1
        order = m.OrderShape(
            order_id=40 + self.numbers, symbol_id=symbol_id, side=side, order_type=OrderType.LIMIT,
            price=round(ticks * tick, 6), stop_price=None, quantity=quantity, leaves_quantity=quantity,
            filled_quantity=0, status=OrderStatus.WORKING, time_in_force=time_in_force, created_at=self.time.ms,
            post_only=post_only, client_order_id=client_order_id,
            queue_ahead=float((market.bids if side is Side.BUY else market.asks).get(ticks, 0)),
        )  # fmt: skip
        self.orders[order.order_id] = order
        self.update(order, "accepted")
        if takes:
            self.fill(order, quantity, best * tick, Liquidity.TAKER)
        return m.OrderResult(status=m.Status.SUCCESS, order_id=order.order_id, client_order_id=client_order_id,
                             leaves_quantity=0 if takes else quantity, filled_quantity=quantity if takes else 0,
                             average_price=round(best * tick, 6) if takes else None)  # fmt: skip

    async def cancel_order(self, symbol_id: int, order_id: int | None = None) -> m.OrderResult:
        self.requests.append(("cancel", order_id))
        order = self.orders.pop(order_id or 0, None)
        if order is None:
            return m.OrderResult(status=m.Status.ERROR, code=RejectCode.UNKNOWN_ORDER, message="no such order")
        self.update(order, "canceled", reason="requested")
        return m.OrderResult(status=m.Status.SUCCESS, order_id=order_id)

    async def modify_order(
        self, symbol_id: int, order_id: int | None = None, *, price: float | None = None,
        quantity: float | None = None,
    ) -> m.OrderResult:  # fmt: skip
        self.requests.append(("modify", (order_id, price, quantity)))
        old = self.orders.get(order_id or 0)
        if old is None:
            return m.OrderResult(status=m.Status.ERROR, code=RejectCode.UNKNOWN_ORDER, message="no such order")
        order = _replaced(old, price=price or old.price, leaves_quantity=quantity or old.leaves_quantity)
        self.orders[order.order_id] = order
        self.update(order, "replaced")
        return m.OrderResult(status=m.Status.SUCCESS, order_id=order_id)

    async def cancel_all(self, symbol_id: int | None = None, side: Side | None = None) -> m.MassResult:
        self.requests.append(("cancel_all", (symbol_id, side.value if side else None)))
        gone = [o for o in self.orders.values()
                if (symbol_id is None or o.symbol_id == symbol_id) and (side is None or o.side is side)]  # fmt: skip
        for order in gone:
            del self.orders[order.order_id]
            self.update(order, "canceled", reason="mass_cancel")
        return m.MassResult(status=m.Status.SUCCESS, order_ids=[order.order_id for order in gone])

    # --- the market

    def step(self, count: int = 1) -> None:
        """Let 100 ms pass, ``count`` times, and push what happened."""
        for _ in range(count):
            self._walk(silent=False)
            self.push_books()
            if self.steps % 10 == 0:
                self.push_agents()
                self.push_performance()

    def auction(self, symbol_id: int, crossed: int = 0) -> None:
        """Collect orders in an instrument; ``crossed`` would trade at the price in the middle."""
        market = self.markets[symbol_id]
        market.shape = msgspec.structs.replace(market.shape, status=InstrumentStatus.AUCTION)
        self.push(m.InstrumentStatusChange(data=market.shape, reason="admin"))
        if crossed:
            market.bids[market.mid + 3] = market.asks[market.mid - 2] = crossed
            market.indicative = (round(market.mid * market.shape.tick_size, 6), float(crossed))
        market.sequence += 1
        self.push_books()

    def news(self, index: int) -> None:
        symbol_id, headline, sentiment = HEADLINES[index]
        self.news_id += 1
        shape = m.NewsShape(id=self.news_id, headline=headline, content=f"{headline}. More to follow.",
                            source="newsroom", sentiment=sentiment, created_at=self.time.ms,
                            instrument_id=symbol_id)  # fmt: skip
        self.push(m.News(data=shape))

    def decide(self) -> None:
        decision = m.DecisionShape(agent_id="a-4", stage="heuristic", action="buy 20 ACME @ 100.45",
                                   why="5-bar return +0.4 % over its 60-bar mean", timestamp=self.time.ms, symbol_id=1,
                                   confidence=0.62, latency_ms=0.4)  # fmt: skip
        self.push(m.Decision(data=decision))

    def _walk(self, silent: bool) -> None:
        self.time.ms += 100
        self.steps += 1
        rng = self.rng
        for symbol_id, market in self.markets.items():
            old = market.mid
            market.mid = max(60, market.mid + rng.choice((-1, 0, 0, 0, 0, 1)))
            self._quote(market)
            if rng.random() < 0.35 or market.mid != old:
                side = Side.BUY if market.mid > old or (market.mid == old and rng.random() < 0.5) else Side.SELL
                ticks = min(market.asks) if side is Side.BUY else max(market.bids)
                self._print(symbol_id, ticks, float(rng.randrange(1, 40)), side, silent)
            if not silent:
                self._reach(market)
        for name in self.equity:
            self.equity[name] += rng.gauss(0.2 if name.startswith("mm") else 0.0, 12.0)

    def _quote(self, market: FakeMarket) -> None:
        rng = self.rng
        for side, start, step in ((market.bids, market.mid - 1, -1), (market.asks, market.mid + 1, 1)):
            wanted = {start + step * i for i in range(25)}
            for gone in set(side) - wanted:
                del side[gone]
            for ticks in sorted(wanted):
                if ticks not in side or rng.random() < 0.15:
                    side[ticks] = rng.randrange(20, 120) + 14 * min(8, abs(ticks - start))
        market.sequence += 1

    def _print(self, symbol_id: int, ticks: int, qty: float, side: Side, silent: bool) -> None:
        self.trade_id += 1
        price = round(ticks * self.markets[symbol_id].shape.tick_size, 6)
        trade = m.TradeShape(trade_id=self.trade_id, symbol_id=symbol_id, price=price, quantity=qty, side=side,
                             timestamp=self.time.ms)  # fmt: skip
        self.tape[symbol_id].append(trade)
        if not silent:
            self.push(m.TradePrint(data=trade))

    def _reach(self, market: FakeMarket) -> None:
        for order in list(self.orders.values()):
            if order.symbol_id != market.shape.symbol_id or order.price is None:
                continue
            ticks = round(order.price / market.shape.tick_size)
            if (market.mid < ticks) if order.side is Side.BUY else (market.mid > ticks):
                self.fill(order, order.leaves_quantity, order.price, Liquidity.MAKER)

    # --- what the owner hears

    def fill(self, order: m.OrderShape, qty: float, price: float, liquidity: Liquidity) -> None:
        self.trade_id += 1
        leaves = order.leaves_quantity - qty
        execution = m.ExecutionShape(
            order_id=order.order_id, trade_id=self.trade_id, symbol_id=order.symbol_id, side=order.side,
            price=round(price, 6), quantity=qty, liquidity=liquidity, fee=0.0, leaves_quantity=leaves,
            timestamp=self.time.ms, client_order_id=order.client_order_id,
        )  # fmt: skip
        self.fills.append(execution)
        if leaves <= 0:
            self.orders.pop(order.order_id, None)
        else:
            self.orders[order.order_id] = _replaced(order, leaves_quantity=leaves)
        signed = qty if order.side is Side.BUY else -qty
        held, average = self.positions.get(order.symbol_id, (0.0, 0.0))
        self.cash -= signed * price
        if held * signed >= 0:
            average = (held * average + signed * price) / (held + signed)
        else:
            closed = min(abs(held), qty) * (1 if held > 0 else -1)
            self.realized[order.symbol_id] = self.realized.get(order.symbol_id, 0.0) + closed * (price - average)
        self.positions[order.symbol_id] = (held + signed, average)
        self.push(m.Execution(data=execution, sequence=self.trade_id))
        self.push(self.portfolio())

    def update(self, order: m.OrderShape, event: str, reason: str | None = None) -> None:
        shape = m.OrderUpdateShape(
            order_id=order.order_id, symbol_id=order.symbol_id, event=event, side=order.side, price=order.price,
            leaves_quantity=order.leaves_quantity, filled_quantity=order.filled_quantity, timestamp=self.time.ms,
            reason=reason, client_order_id=order.client_order_id,
            order=order if event in ("accepted", "replaced") else None,
        )  # fmt: skip
        self.push(m.OrderUpdate(data=shape))

    def portfolio(self) -> m.PortfolioUpdate:
        lines: dict[str, m.PositionShape] = {}
        for symbol_id, (qty, average) in self.positions.items():
            mark = self.tape[symbol_id][-1].price
            lines[str(symbol_id)] = m.PositionShape(
                instrument_id=symbol_id, quantity=qty, avg_price=average, current_price=mark, market_value=qty * mark,
                unrealized_pnl=qty * (mark - average), realized_pnl=self.realized.get(symbol_id, 0.0),
            )  # fmt: skip
        total = self.cash + sum(line.market_value for line in lines.values())
        return m.PortfolioUpdate(agent_id=self.agent_id or "a-you", cash=self.cash, reserved=0.0, positions=lines,
                                 total_value=total, pnl=total - 100_000.0)  # fmt: skip

    # --- what everybody hears

    def push_books(self) -> None:
        self.push(m.OrderBooks(data={str(i): self._book(i) for i in self.markets}, sequence=self.steps,
                               timestamp=self.time.ms))  # fmt: skip

    def _book(self, symbol_id: int) -> m.OrderBookShape:
        market = self.markets[symbol_id]
        tick = market.shape.tick_size

        def levels(side: dict[int, int], best_first: list[int]) -> list[m.LevelShape]:
            return [m.LevelShape(price=round(t * tick, 6), quantity=float(side[t] + self._own(symbol_id, t)), orders=3)
                    for t in best_first]  # fmt: skip

        return m.OrderBookShape(symbol_id=symbol_id, sequence=market.sequence,
                                bids=levels(market.bids, sorted(market.bids, reverse=True)),
                                asks=levels(market.asks, sorted(market.asks)),
                                indicative_price=market.indicative[0], indicative_quantity=market.indicative[1],
                                )  # fmt: skip

    def _own(self, symbol_id: int, ticks: int) -> float:
        tick = self.markets[symbol_id].shape.tick_size
        return sum(o.leaves_quantity for o in self.orders.values()
                   if o.symbol_id == symbol_id and o.price is not None and round(o.price / tick) == ticks)  # fmt: skip

    def _agent(self, agent_id: str, name: str, kind: str, value: float, pnl: float) -> m.AgentShape:
        return m.AgentShape(agent_id=agent_id, name=name, personality=kind, cash=value * 0.6, positions={"1": 20.0},
                            total_value=value, pnl=pnl, status="running", trades=self.steps // 7,
                            max_drawdown=abs(pnl) / 100_000, sharpe=pnl / 200,
                            orders_per_second=round(0.4 + len(name) ** 2 / 9, 2))  # fmt: skip

    def push_agents(self) -> None:
        shapes = [self._agent(f"a-{index}", name, kind, self.equity[name], self.equity[name] - 100_000)
                  for index, (name, kind) in enumerate(AGENTS)]  # fmt: skip
        if self.agent_id is not None:
            mine = self.portfolio()
            shapes.append(self._agent(self.agent_id, "you", "human", mine.total_value, mine.pnl))
        shapes.sort(key=lambda shape: -shape.pnl)
        self.push(m.AgentsSnapshot(data=shapes, timestamp=self.time.ms))

    def push_performance(self) -> None:
        stages = (("queue", 6), ("match", 4), ("journal", 8), ("total", 9))
        latency = [
            m.LatencyShape(stage=stage, count=12_000, p50_ms=2**peak / 1000, p99_ms=2 ** (peak + 2) / 1000,
                           p999_ms=2 ** (peak + 3) / 1000, max_ms=2 ** (peak + 4) / 1000,
                           buckets=[max(0, 4000 - 900 * abs(peak - i) ** 2) for i in range(20)])
            for stage, peak in stages
        ]  # fmt: skip
        self.push(m.Performance(data=m.PerformanceShape(
            orders_per_second=1_240 + 40 * (self.steps % 7), trades_per_second=310.0, total_orders=self.steps * 120,
            total_trades=self.trade_id, total_volume=self.trade_id * 20.0, queue_capacity=65_536, queue_usage_pct=0.4,
            queue_full_count=0, uptime_seconds=self.steps / 10, average_order_size=18.2, average_trade_size=12.4,
            average_trade_price=98.2, clients_connected=12, messages_sent=self.steps * 300, messages_conflated=420,
            clients_too_slow=0, engine_connected=True, latency=latency)))  # fmt: skip


@functools.cache
def _past(start_ms: int, seed: int, steps: int) -> World:
    """The market after so many steps, walked once for all who begin there."""
    world = World(FakeTime(start_ms), seed, past_steps=0)
    for _ in range(steps):
        world._walk(silent=True)
    return world


def _replaced(order: m.OrderShape, **changes: object) -> m.OrderShape:
    return msgspec.structs.replace(order, **changes)
