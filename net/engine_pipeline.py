"""The way of a command through the engine: bounded queue, match, commit, and only then the answer.

Everything that is waiting when the loop comes round is taken in slices. The commands of a slice are matched, committed
to the journal as one group, and then their answers and events leave: nothing is acknowledged before it is durable, and
the cost of a commit is shared by all who wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns

import msgspec

from engine import commands
from engine.commands import AdvanceTime, AnyCommand, EndDay
from engine.events import AnyEvent, InstrumentAdded, OrderAccepted, Trade
from engine.instruments import Instrument
from engine.service import OrderBookService
from engine.types import RejectCode, SymbolId
from net import engine_protocol as wire
from net.engine_answers import Malformed, answer, query
from net.engine_connection import EngineConnection, Work
from net.engine_protocol import Durability, Reply, SnapshotView, StatsView, What
from net.event_ring import EventRing
from net.histogram import Histogram

SLICE = 256
"""Commands matched between two looks at the sockets: about 3 ms."""

SNAPSHOT_TRADES = 50
"""Prints of each instrument in a snapshot."""

_PUMP_BATCHES = 256
_encoder = msgspec.json.Encoder()


class _Group:
    """What one slice has to say once it is durable."""

    __slots__ = ("answers", "end_batch", "subscriptions")

    def __init__(self) -> None:
        self.answers: dict[EngineConnection, tuple[bytearray, list[int]]] = {}
        self.subscriptions: list[tuple[EngineConnection, int]] = []
        self.end_batch = 0

    def add(self, connection: EngineConnection, reply: Reply) -> None:
        entry = self.answers.get(connection)
        if entry is None:
            entry = self.answers[connection] = (bytearray(), [0])
        buffer, count = entry
        _encoder.encode_into(reply, buffer, -1)
        buffer += b"\n"
        count[0] += 1


class EnginePipeline:
    """Owns the queue, the clock's one direction, the order of answers, and the counters.

    ``clock`` gives nanoseconds and may jump; the time that commands see never goes back.
    """

    def __init__(
        self,
        service: OrderBookService,
        clock: Callable[[], int],
        *,
        epoch: str,
        durability: Durability,
        queue_capacity: int,
        kept_events: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._service = service
        self._clock = clock
        self._durability = durability
        self._loop = loop
        self._queue: deque[tuple[EngineConnection, Work, int]] = deque()
        self._capacity = queue_capacity
        self._now = 0
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._ring = EventRing(epoch, service.sequence, max_events=kept_events)
        self.subscribers: list[EngineConnection] = []
        self._released_batch = 0
        self._counts = _Counts(service)
        self._queue_full = 0
        self._started = clock()
        self._stages = (Histogram("queue"), Histogram("match"), Histogram("journal"))

    # --- in ---------------------------------------------------------------------------------------------------------

    def offer(self, connection: EngineConnection, requests: list[Work]) -> None:
        """Queue requests; those that do not fit are answered ``queue_full`` at once."""
        received = perf_counter_ns()
        room = self._capacity - len(self._queue)
        if len(requests) > room:
            self._refuse(connection, requests[room:])
            del requests[room:]
        self._queue.extend([(connection, request, received) for request in requests])
        self._schedule()

    def _refuse(self, connection: EngineConnection, requests: list[Work]) -> None:
        self._queue_full += len(requests)
        lines = bytearray()
        for request in requests:
            reply = Reply(id=request.id, code=RejectCode.QUEUE_FULL, message="the engine's queue is full")
            _encoder.encode_into(reply, lines, -1)
            lines += b"\n"
        connection.send(lines, len(requests))

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def start(self) -> None:
        """Begin to watch the service's deadlines."""
        self._arm_timer()

    def stop(self) -> None:
        """Do everything that is queued, answer it, and watch no deadlines any more."""
        while self._queue:
            self._turn()
        if self._timer is not None:
            self._timer.cancel()

    # --- through ----------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._scheduled = False
        group = _Group()
        queue_stage, match_stage, _ = self._stages
        before = perf_counter_ns()
        for _ in range(min(len(self._queue), SLICE)):
            connection, request, received = self._queue.popleft()
            queue_stage.add(before - received)
            self._handle(connection, request, group)
            after = perf_counter_ns()
            match_stage.add(after - before)
            before = after
        self._advance_if_due(self._tick())
        group.end_batch = self._ring.next
        self._release(group)
        self._arm_timer()
        if self._queue:
            self._schedule()

    def _tick(self) -> int:
        self._now = max(self._now, self._clock())
        return self._now

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        """Submit one command now, after what is due by then."""
        now = self._tick()
        self._advance_if_due(now)
        return self._submit(command, now)

    def _advance_if_due(self, now: int) -> None:
        deadline = self._service.next_deadline()
        if deadline is not None and deadline <= now:
            self._submit(AdvanceTime(), now)

    def _submit(self, command: AnyCommand, now: int) -> list[AnyEvent]:
        events = self._service.submit(command, now)
        if self._service.sequence != self._ring.sequence:
            self._ring.append(now, events)
            self._counts.add(events)
        else:
            self._counts.rejects += 1
        self._counts.commands += 1
        return events

    def _handle(self, connection: EngineConnection, request: Work, group: _Group) -> None:
        if isinstance(request, (wire.Add, wire.Cancel, wire.Modify)):
            self._command(connection, request.id, request.order, group)
        elif isinstance(request, Malformed):
            group.add(connection, Reply(id=request.id, code=request.code, message=request.message))
        elif isinstance(request, wire.SetCancelAfter):
            self._command(connection, request.id, self._cancel_after(request), group)
        elif isinstance(request, wire.EndDay):
            self._command(connection, request.id, EndDay(), group)
        elif isinstance(request, wire.Query):
            group.add(connection, self._query(request))
        elif isinstance(request, wire.Snapshot):
            group.add(connection, self._reply(request.id, self._snapshot()))
        elif isinstance(request, wire.SubscribeEvents):
            self._subscribe(connection, request, group)
        elif isinstance(request, wire.Ping):
            group.add(connection, Reply(id=request.id, sequence=self._service.sequence))
        else:
            self._command(connection, request.id, request.command, group)

    def _command(self, connection: EngineConnection, request_id: int, command: AnyCommand, group: _Group) -> None:
        events = self.apply(command)
        group.add(connection, answer(request_id, command, events, self._service))

    def _cancel_after(self, request: wire.SetCancelAfter) -> AnyCommand:
        deadline = None if request.seconds is None else self._tick() + int(request.seconds * 1e9)
        return commands.SetCancelAfter(account=request.account, deadline=deadline)

    def _reply(self, request_id: int, data: object) -> Reply:
        return Reply(id=request_id, sequence=self._service.sequence, data=msgspec.Raw(_encoder.encode(data)))

    # --- questions --------------------------------------------------------------------------------------------------

    def _query(self, request: wire.Query) -> Reply:
        result = self.stats() if request.what is What.STATS else query(self._service, request)
        if isinstance(result, Malformed):
            return Reply(id=result.id, code=result.code, message=result.message)
        return self._reply(request.id, result)

    def stats(self) -> StatsView:
        """How the engine is doing."""
        counts = self._counts
        return StatsView(
            epoch=self._ring.epoch,
            durability=self._durability,
            sequence=self._service.sequence,
            uptime_ns=self._clock() - self._started,
            commands=counts.commands,
            rejects=counts.rejects,
            orders=counts.orders,
            trades=counts.trades,
            volume=counts.volume,
            notional=counts.notional,
            queue_capacity=self._capacity,
            queue_size=len(self._queue),
            queue_full_count=self._queue_full,
            engine=getattr(self._service, "build", "pure"),
            stages=tuple(stage.stats() for stage in self._stages),
        )

    def _snapshot(self) -> SnapshotView:
        service = self._service
        instruments = tuple(service.instruments())
        ids = [instrument.symbol_id for instrument in instruments]
        return SnapshotView(
            epoch=self._ring.epoch,
            durability=self._durability,
            sequence=service.sequence,
            time=self._tick(),
            instruments=instruments,
            books=tuple(book for symbol_id in ids if (book := service.depth(symbol_id)) is not None),
            trades=tuple(trade for symbol_id in ids for trade in service.trades(symbol_id, SNAPSHOT_TRADES)),
            news=tuple(service.news()),
        )

    # --- out --------------------------------------------------------------------------------------------------------

    def _release(self, group: _Group) -> None:
        """Let go what has become durable: answers first, then events."""
        self._released_batch = group.end_batch
        for connection, (buffer, count) in group.answers.items():
            connection.send(buffer, count[0])
        for connection, cursor in group.subscriptions:
            if connection.open:
                connection.cursor = cursor
                self.subscribers.append(connection)
        for connection in tuple(self.subscribers):
            self.pump(connection)

    def _subscribe(self, connection: EngineConnection, request: wire.SubscribeEvents, group: _Group) -> None:
        ring = self._ring
        cursor = ring.find(request.from_sequence) if request.epoch in (None, ring.epoch) else None
        if cursor is None or connection.cursor is not None:
            message = "subscribed already" if cursor is not None else "these events are not kept: take a snapshot"
            group.add(connection, Reply(id=request.id, code=RejectCode.UNKNOWN_OUTCOME, message=message))
            return
        group.add(connection, Reply(id=request.id, sequence=self._service.sequence, epoch=ring.epoch))
        group.subscriptions.append((connection, cursor))

    def pump(self, connection: EngineConnection) -> None:
        """Send events to one subscriber until it has them all or takes no more; cut it off when it missed some."""
        if connection.cursor is not None and connection.cursor < self._ring.first:
            self.unsubscribe(connection)
            connection.abort()
            return
        while connection.cursor is not None and connection.writable and connection.cursor < self._released_batch:
            end = min(self._released_batch, connection.cursor + _PUMP_BATCHES)
            lines = b"".join(self._ring.lines(connection.cursor, end))
            connection.cursor = end
            connection.send(lines, 0)

    def unsubscribe(self, connection: EngineConnection) -> None:
        """Send this connection no more events."""
        if connection in self.subscribers:
            self.subscribers.remove(connection)

    # --- time -------------------------------------------------------------------------------------------------------

    def _arm_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._service.next_deadline()
        if deadline is not None:
            delay = min(max(deadline - self._clock(), 0) / 1e9, 60.0)
            self._timer = self._loop.call_later(delay, self._schedule)


class _Counts:
    """Totals since the process started."""

    def __init__(self, service: OrderBookService) -> None:
        self._instruments: dict[SymbolId, Instrument] = {i.symbol_id: i for i in service.instruments()}
        self.commands = self.rejects = self.orders = self.trades = self.volume = self.notional = 0

    def add(self, events: list[AnyEvent]) -> None:
        """Count what the events of one command say."""
        for event in events:
            if isinstance(event, OrderAccepted):
                self.orders += 1
            elif isinstance(event, Trade):
                self.trades += 1
                self.volume += event.qty
                self.notional += self._instruments[event.symbol_id].notional(event.price, event.qty)
            elif isinstance(event, InstrumentAdded):
                self._instruments[event.instrument.symbol_id] = event.instrument
