"""Carries out agents' intents on the order-management system, after each agent's latency.

What one agent sends at one moment travels together, and never overtakes what it sent before. Books, prints, fills,
refusals and news reach an agent after its latency too, those about its own orders in their order. Everything the
exchange says goes into the event log's hash.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Final

import msgspec

from agents.host import AgentHost
from agents.intents import (
    AgentEvent,
    AgentIntent,
    Ask,
    Book,
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
from agents.market import SymbolView
from agents.simulated.clock import VirtualClock
from agents.simulated.latency import LatencyModel, delays
from agents.simulated.recorder import Recorder
from agents.world import World
from engine import commands, events
from engine.oms import OrderManagementSystem
from engine.types import OrderId, OrderType, Side

MS: Final = 1_000_000
LOG_BLOCK: Final = 2_048
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_BUY: Final = Side.BUY


class Seat:
    """One agent at the simulated venue."""

    __slots__ = (
        "account", "arrived_at", "batch", "batch_at", "delays", "draw", "heard_at", "host", "orders",
    )  # fmt: skip

    def __init__(
        self, host: AgentHost, latency_ms: float, rng: random.Random, model: LatencyModel = "lognormal"
    ) -> None:
        self.host = host
        self.account = host.agent_id
        self.delays = delays(model, latency_ms * MS)
        self.draw = rng.random
        self.arrived_at = 0
        """When its last message reached, or will reach, the exchange."""
        self.heard_at = 0
        """When the last message about its own orders reached, or will reach, it."""
        self.batch: list[AgentIntent] = []
        self.batch_at = -1
        self.orders: dict[int, OrderId] = {}
        """Order ids by the agent's own numbers."""

    def latency(self) -> int:
        """A draw of the one-way latency, in ns."""
        return self.delays[int(self.draw() * len(self.delays))]


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
        block = self._block
        block.append(now)
        block += happened
        if len(block) >= LOG_BLOCK:
            self._flush()

    def hexdigest(self) -> str:
        """The hash of everything so far."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update(self._encoder.encode(self._block))
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
        self._listeners: dict[type, list[Seat]] = {Book: [], Trade: [], News: []}
        self._books, self._trades = self._listeners[Book], self._listeners[Trade]
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

    def seat(self, host: AgentHost, latency_ms: float, rng: random.Random, model: LatencyModel = "lognormal") -> Seat:
        """Let an agent trade; ``latency_ms`` is the median."""
        seat = self.seats[host.agent_id] = Seat(host, latency_ms, rng, model)
        for kind, seats in self._listeners.items():
            if kind in host.strategy.wants:
                seats.append(seat)
        return seat

    def send(self, agent_id: str, intents: list[AgentIntent]) -> None:
        """Let intents travel to the exchange."""
        seat = self.seats[agent_id]
        now = self.market.now
        if seat.batch_at == now:
            seat.batch += intents
            return
        seat.batch = intents
        seat.batch_at = now
        arrival = now + seat.latency()
        if arrival < seat.arrived_at:
            arrival = seat.arrived_at
        seat.arrived_at = arrival
        self.clock.call_at(arrival, self._arrive, seat, intents)

    def ask(self, agent_id: str, question: Ask) -> None:
        """Put a question to the language model."""
        if self.asker is not None:
            self.asker(self.seats[agent_id].host, question)

    def submit(self, command: commands.AnyCommand) -> list[events.AnyEvent]:
        """Have the exchange do something, and tell everybody concerned."""
        now = self.market.now
        happened = self.oms.submit(command, now)
        self.log.add(now, happened)
        ring = self._ring
        for event in happened:
            if type(event) in ring:
                ring[type(event)](event)
        return happened

    def _submit_taker(self, symbol: SymbolView, command: commands.AnyCommand) -> list[events.AnyEvent]:
        """Submit what may trade as it arrives; its prints are kept with the mid that it met."""
        self._mid_before = symbol.mid
        happened = self.submit(command)
        self._mid_before = 0.0
        return happened

    # --- intents ------------------------------------------------------------------------------------------------

    def _arrive(self, seat: Seat, batch: list[AgentIntent]) -> None:
        if seat.batch is batch:
            seat.batch_at = -1  # what is sent from now on travels on its own, even with no latency
        for intent in batch:
            self._carry[type(intent)](seat, intent)

    def _new(self, seat: Seat, intent: New) -> None:
        symbol = self.market.get(intent.symbol_id)
        if symbol is None:
            return
        self.orders += 1
        happened = self._submit_taker(
            symbol,
            commands.NewOrder(
                account=seat.account,
                symbol_id=intent.symbol_id,
                side=intent.side,
                qty=intent.qty,
                type=_MARKET if intent.price is None else _LIMIT,
                price=intent.price,
                tif=intent.tif,
                post_only=intent.post_only,
                display_qty=intent.display_qty,
            ),
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
                self.on_rested(seat.account, order_id)

    def _cancel(self, seat: Seat, intent: Cancel) -> None:
        order_id = seat.orders.get(intent.ref)
        if order_id is not None:
            command = commands.CancelOrder(account=seat.account, symbol_id=intent.symbol_id, order_id=order_id)
            self.submit(command)

    def _replace(self, seat: Seat, intent: Replace) -> None:
        order_id = seat.orders.get(intent.ref)
        symbol = self.market.get(intent.symbol_id)
        if order_id is None or symbol is None:
            return
        happened = self._submit_taker(
            symbol,
            commands.ReplaceOrder(
                account=seat.account,
                symbol_id=intent.symbol_id,
                order_id=order_id,
                price=intent.price,
                qty=intent.qty,
            ),
        )
        if happened and isinstance(happened[0], events.Rejected):
            self._count(happened[0])

    def _cancel_all(self, seat: Seat, intent: CancelAll) -> None:
        self.submit(commands.CancelAll(account=seat.account, symbol_id=intent.symbol_id))

    def _quotes(self, seat: Seat, intent: Quotes) -> None:
        self.orders += len(intent.bids) + len(intent.asks)
        happened = self.submit(
            commands.MassQuote(
                account=seat.account,
                symbol_id=intent.symbol_id,
                bids=tuple([commands.Quote(price, qty) for price, qty in intent.bids]),
                asks=tuple([commands.Quote(price, qty) for price, qty in intent.asks]),
            )
        )
        if happened and isinstance(happened[0], events.Rejected):
            self._refused(seat, happened[0], 0)

    def _explain(self, seat: Seat, intent: Explain) -> None:
        self.explanations.append((self.market.now, seat.account, intent))

    def _refused(self, seat: Seat, event: events.Rejected, ref: int) -> None:
        self._count(event)
        self._tell_owner(seat, Done(event.symbol_id or 0, ref, event.code.value))

    def _count(self, event: events.Rejected) -> None:
        self.rejected[event.code.value] = self.rejected.get(event.code.value, 0) + 1

    # --- what the exchange says ---------------------------------------------------------------------------------

    def _on_trade(self, event: events.Trade) -> None:
        side = event.side
        sign = 0 if side is None else 1 if side is _BUY else -1
        mid_before = self._mid_before or self.market.symbol(event.symbol_id).mid
        self.recorder.trade(event.symbol_id, self.market.now, event.price, event.qty, sign, mid_before)
        self.market.on_trade(event.symbol_id, event.price, event.qty, side)
        if self._trades:
            self._tell(self._trades, Trade(event.symbol_id, event.price, event.qty, side))

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
        self._tell_owner(seat, fill)

    def _on_canceled(self, event: events.OrderCanceled) -> None:
        known = self._refs.pop(event.order_id, None)
        if known is not None:
            seat, ref = known
            seat.orders.pop(ref, None)
            self._tell_owner(seat, Done(event.symbol_id, ref, event.reason.value))

    def _on_depth(self, event: events.DepthChanged) -> None:
        self.market.mark_book(event.symbol_id)
        if self._books:
            self._tell(self._books, Book(event.symbol_id))

    def _on_news(self, event: events.NewsPublished) -> None:
        sentiment = event.sentiment / 1000
        self.world.hear(event.headline, sentiment, event.symbol_id)
        news = News(event.headline, event.content, sentiment, event.symbol_id, event.source, event.news_id)
        self._tell(self._listeners[News], news)

    def _on_status(self, event: events.InstrumentStatusChanged) -> None:
        if event.symbol_id in self.market:
            self.market.symbol(event.symbol_id).enter(event.status)

    def _tell_owner(self, seat: Seat, event: Fill | Done) -> None:
        """Send news of an agent's own orders on its way, behind what went before."""
        arrival = self.market.now + seat.latency()
        if arrival < seat.heard_at:
            arrival = seat.heard_at
        seat.heard_at = arrival
        self.clock.call_at(arrival, seat.host.deliver, event)

    def _tell(self, seats: list[Seat], event: AgentEvent) -> None:
        now = self.market.now
        for seat in seats:
            self.clock.call_at(now + seat.latency(), seat.host.deliver, event)
