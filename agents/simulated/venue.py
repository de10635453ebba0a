"""Carries out agents' intents on the order-management system, after each agent's latency.

What one agent sends at one moment travels together, and never overtakes what it sent before. Prints, fills and news
reach an agent after its latency too. Everything the exchange says goes into the event log's hash.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from typing import Final

import msgspec

from agents.host import AgentHost
from agents.intents import (
    AgentEvent,
    AgentIntent,
    Ask,
    Cancel,
    CancelAll,
    Done,
    Explain,
    Fill,
    New,
    News,
    Quotes,
    Replace,
    Trade,
)
from agents.simulated.clock import VirtualClock
from agents.simulated.recorder import Recorder
from agents.world import World
from engine import commands, events
from engine.oms import OrderManagementSystem
from engine.types import InstrumentStatus, OrderId, OrderType, Side

LATENCY_SIGMA: Final = 0.35
MS: Final = 1_000_000
LOG_BLOCK: Final = 2_048


class Seat:
    """One agent at the simulated venue."""

    __slots__ = ("arrived_at", "batch", "batch_at", "host", "latency_ns", "orders", "rng", "wants_news", "wants_trades")

    def __init__(self, host: AgentHost, latency_ms: float, rng: random.Random) -> None:
        self.host = host
        self.latency_ns = latency_ms * MS
        self.rng = rng
        self.arrived_at = 0
        """When its last message reached, or will reach, the exchange."""
        self.batch: list[AgentIntent] = []
        self.batch_at = -1
        self.orders: dict[int, OrderId] = {}
        """Order ids by the agent's own numbers."""
        self.wants_trades = Trade in host.strategy.wants
        self.wants_news = News in host.strategy.wants

    def latency(self) -> int:
        """A draw of the one-way latency, in ns."""
        if not self.latency_ns:
            return 0
        return int(self.latency_ns * math.exp(self.rng.gauss(0.0, LATENCY_SIGMA)))


class EventLog:
    """Hashes the event log as it grows; byte for byte the same for the same run."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._encoder = msgspec.msgpack.Encoder()
        self._block: list[object] = []
        self.events = 0

    def add(self, now: int, happened: list[events.AnyEvent]) -> None:
        """Take the events of one command."""
        self.events += len(happened)
        self._block.append(now)
        self._block.extend(happened)
        if len(self._block) >= LOG_BLOCK:
            self._flush()

    def hexdigest(self) -> str:
        """The hash of everything so far."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        for item in self._block:
            self._hash.update(self._encoder.encode(item))
        self._block.clear()


class SimulatedVenue:
    """A ``Venue`` in process."""

    def __init__(self, oms: OrderManagementSystem, world: World, clock: VirtualClock, recorder: Recorder) -> None:
        self.oms = oms
        self.world = world
        self.market = world.market
        self.clock = clock
        self.recorder = recorder
        self.log = EventLog()
        self.seats: dict[str, Seat] = {}
        self.rejected: dict[str, int] = {}
        """Refusals by code."""
        self.orders = 0
        """Orders and quotes placed."""
        self.explanations: list[tuple[int, str, Explain]] = []
        """Time, agent and reason of the decisions that were told."""
        self.on_rested: Callable[[str, OrderId], None] | None = None
        """Told of each order with a number of its agent's own that entered the book."""
        self.asker: Callable[[AgentHost, Ask], None] | None = None
        self._listeners: tuple[list[Seat], list[Seat]] = ([], [])
        self._refs: dict[OrderId, tuple[Seat, int]] = {}
        self._mid_before = 0.0
        self._ring: dict[type, Callable[..., None]] = {
            events.Trade: self._on_trade,
            events.OrderFilled: self._on_fill,
            events.OrderCanceled: self._on_canceled,
            events.DepthChanged: self._on_depth,
            events.NewsPublished: self._on_news,
            events.InstrumentStatusChanged: self._on_status,
        }
        self._carry: dict[type, Callable[..., None]] = {
            New: self._new,
            Cancel: self._cancel,
            Replace: self._replace,
            CancelAll: self._cancel_all,
            Quotes: self._quotes,
            Explain: self._explain,
        }

    def seat(self, host: AgentHost, latency_ms: float, rng: random.Random) -> Seat:
        """Let an agent trade."""
        seat = self.seats[host.agent_id] = Seat(host, latency_ms, rng)
        if seat.wants_trades:
            self._listeners[0].append(seat)
        if seat.wants_news:
            self._listeners[1].append(seat)
        return seat

    def send(self, agent_id: str, intent: AgentIntent) -> None:
        """Let an intent travel to the exchange."""
        seat = self.seats[agent_id]
        now = self.market.now
        if type(intent) is Ask:
            if self.asker is not None:
                self.asker(seat.host, intent)
            return
        if seat.batch_at == now:
            seat.batch.append(intent)
            return
        batch = seat.batch = [intent]
        seat.batch_at = now
        seat.arrived_at = arrival = max(now + seat.latency(), seat.arrived_at)
        self.clock.call_at(arrival, lambda: self._arrive(seat, batch))

    def submit(self, command: commands.AnyCommand) -> list[events.AnyEvent]:
        """Have the exchange do something, and tell everybody concerned."""
        happened = self.oms.submit(command, self.market.now)
        self.log.add(self.market.now, happened)
        ring = self._ring
        for event in happened:
            call = ring.get(type(event))
            if call is not None:
                call(event)
        return happened

    # --- intents ------------------------------------------------------------------------------------------------

    def _arrive(self, seat: Seat, batch: list[AgentIntent]) -> None:
        if seat.batch is batch:
            seat.batch_at = -1  # what is sent from now on travels on its own, even with no latency
        for intent in batch:
            self._carry[type(intent)](seat, intent)

    def _new(self, seat: Seat, intent: New) -> None:
        if intent.symbol_id not in self.market:
            return
        self._mid_before = self.market.symbol(intent.symbol_id).mid
        self.orders += 1
        happened = self.submit(
            commands.NewOrder(
                account=seat.host.agent_id,
                symbol_id=intent.symbol_id,
                side=intent.side,
                qty=intent.qty,
                type=OrderType.MARKET if intent.price is None else OrderType.LIMIT,
                price=intent.price,
                tif=intent.tif,
                post_only=intent.post_only,
                display_qty=intent.display_qty,
            )
        )
        first = happened[0]
        if isinstance(first, events.Rejected):
            self._refused(seat, first, intent.ref)
        elif intent.ref and isinstance(first, events.OrderAccepted):
            self._opened(seat, intent, first.order_id)

    def _opened(self, seat: Seat, intent: New, order_id: OrderId) -> None:
        """Remember an order that rests now."""
        if self.oms.order(order_id) is not None:
            seat.orders[intent.ref] = order_id
            self._refs[order_id] = (seat, intent.ref)
            seat.host.context.portfolio.working[intent.ref] = intent.symbol_id
            if self.on_rested is not None:
                self.on_rested(seat.host.agent_id, order_id)

    def _cancel(self, seat: Seat, intent: Cancel) -> None:
        order_id = seat.orders.get(intent.ref)
        if order_id is not None:
            command = commands.CancelOrder(account=seat.host.agent_id, symbol_id=intent.symbol_id, order_id=order_id)
            self.submit(command)

    def _replace(self, seat: Seat, intent: Replace) -> None:
        order_id = seat.orders.get(intent.ref)
        if order_id is None:
            return
        happened = self.submit(
            commands.ReplaceOrder(
                account=seat.host.agent_id,
                symbol_id=intent.symbol_id,
                order_id=order_id,
                price=intent.price,
                qty=intent.qty,
            )
        )
        if happened and isinstance(happened[0], events.Rejected):
            self._count(happened[0])

    def _cancel_all(self, seat: Seat, intent: CancelAll) -> None:
        self.submit(commands.CancelAll(account=seat.host.agent_id, symbol_id=intent.symbol_id))

    def _quotes(self, seat: Seat, intent: Quotes) -> None:
        self.orders += len(intent.bids) + len(intent.asks)
        happened = self.submit(
            commands.MassQuote(
                account=seat.host.agent_id,
                symbol_id=intent.symbol_id,
                bids=tuple([commands.Quote(price, qty) for price, qty in intent.bids]),
                asks=tuple([commands.Quote(price, qty) for price, qty in intent.asks]),
            )
        )
        if happened and isinstance(happened[0], events.Rejected):
            self._refused(seat, happened[0], 0)

    def _explain(self, seat: Seat, intent: Explain) -> None:
        self.explanations.append((self.market.now, seat.host.agent_id, intent))

    def _refused(self, seat: Seat, event: events.Rejected, ref: int) -> None:
        self._count(event)
        seat.host.deliver(Done(event.symbol_id or 0, ref, event.code.value))

    def _count(self, event: events.Rejected) -> None:
        self.rejected[event.code.value] = self.rejected.get(event.code.value, 0) + 1

    # --- what the exchange says ---------------------------------------------------------------------------------

    def _on_trade(self, event: events.Trade) -> None:
        side = event.side
        sign = 0 if side is None else 1 if side is Side.BUY else -1
        mid_before = self._mid_before or self.market.symbol(event.symbol_id).mid
        self.recorder.trade(event.symbol_id, self.market.now, event.price, event.qty, sign, mid_before)
        self.market.on_trade(event.symbol_id, event.price, event.qty, side)
        if self._listeners[0]:
            self._tell(self._listeners[0], Trade(event.symbol_id, event.price, event.qty, side))

    def _on_fill(self, event: events.OrderFilled) -> None:
        seat = self.seats.get(event.account)
        if seat is None:
            return
        ref = 0
        known = self._refs.get(event.order_id)
        if known is not None:
            ref = known[1]
            if event.leaves_qty == 0:
                del self._refs[event.order_id]
                seat.orders.pop(ref, None)
        fill = Fill(event.symbol_id, event.side, event.price, event.qty, event.liquidity, event.leaves_qty, ref)
        self.clock.call_at(self.market.now + seat.latency(), lambda: seat.host.deliver(fill))

    def _on_canceled(self, event: events.OrderCanceled) -> None:
        known = self._refs.pop(event.order_id, None)
        if known is not None:
            seat, ref = known
            seat.orders.pop(ref, None)
            seat.host.deliver(Done(event.symbol_id, ref, event.reason.value))

    def _on_depth(self, event: events.DepthChanged) -> None:
        self.market.mark_book(event.symbol_id)

    def _on_news(self, event: events.NewsPublished) -> None:
        sentiment = event.sentiment / 1000
        self.world.hear(event.headline, sentiment, event.symbol_id)
        news = News(event.headline, event.content, sentiment, event.symbol_id, event.source, event.news_id)
        self._tell(self._listeners[1], news)

    def _on_status(self, event: events.InstrumentStatusChanged) -> None:
        if event.symbol_id in self.market:
            self.market.symbol(event.symbol_id).halted = event.status is not InstrumentStatus.OPEN

    def _tell(self, seats: list[Seat], event: AgentEvent) -> None:
        now = self.market.now
        for seat in seats:
            self.clock.call_at(now + seat.latency(), _delivery(seat.host, event))


def _delivery(host: AgentHost, event: AgentEvent) -> Callable[[], None]:
    return lambda: host.deliver(event)
