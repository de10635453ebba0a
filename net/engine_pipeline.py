"""The way of a command through the engine: bounded queue, match, commit, and only then the answer.

Everything that is waiting when the loop comes round is taken in slices. The commands of a slice are matched and
committed to the journal as one group; then their answers and events leave. So nothing is acknowledged before it is
durable, and those who wait together share the cost of one commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter_ns

from engine import build_kind, commands
from engine.commands import AdvanceTime, AnyCommand, EndDay
from engine.events import AnyEvent, Rejected
from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.journal_reader import Snapshot
from engine.service import RecoverableService
from engine.types import Durability, RejectCode
from net import engine_protocol as wire
from net.engine_answers import answer
from net.engine_clock import DeadlineTimer, EngineClock, day_end
from net.engine_commit import CommitLine, Outbox, Turn
from net.engine_connection import EngineConnection, Work
from net.engine_malformed import Malformed
from net.engine_protocol import Add, Cancel, Modify, Reply, StatsView
from net.engine_questions import ask
from net.engine_stats import EngineCounts
from net.errors import StartupError
from net.event_feed import EventFeed
from net.event_ring import EventRing
from net.fair_queue import FairQueue
from net.histogram import Histogram
from net.logs import get_logger

SLICE = 256
"""Commands matched between two looks at the sockets: about 3 ms."""

SHARE = 64
"""Commands of one connection that are done before the next one's."""

MAX_OUTBOX_BYTES = 1 << 20
"""Bytes of answers to one connection from which its further questions wait for the next turn."""

log = get_logger("engine")


class EnginePipeline:
    """Owns the queue, the one direction of time, the order of answers, and the counters.

    Args:
        clock: nanoseconds since the epoch; may jump, the time that commands see never goes back.
        last_time: time of the last command in the journal.
        on_failure: called when the state or the journal can no longer be trusted; nothing is acknowledged after it.
    """

    def __init__(
        self,
        service: RecoverableService,
        journal: Journal | None,
        clock: Callable[[], int],
        *,
        epoch: str,
        last_time: int,
        queue_capacity: int,
        kept_events: int,
        past: Sequence[tuple[int, list[AnyEvent]]],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self.line = CommitLine(journal, asyncio.get_running_loop(), self._release, self.fail)
        self.feed = EventFeed(EventRing.after(service.sequence, past, epoch, max_events=kept_events))
        self.failed = False
        self._service = service
        self._journal = journal
        self._records = None if journal is None else journal.writer
        self._clock = EngineClock(clock, last_time)
        self._timer = DeadlineTimer(self._clock, self.schedule)
        self._day_ends = day_end(last_time or self._clock.tick())
        self._loop = asyncio.get_running_loop()
        self._on_failure = on_failure
        self._queue: FairQueue[EngineConnection, Work] = FairQueue(queue_capacity)
        self._stopping = False
        self._scheduled = False
        self._turn_wanted = False
        self._counts = EngineCounts(service)
        self._queue_stage = Histogram("queue")
        self._match_stage = Histogram("match")

    # --- in ---------------------------------------------------------------------------------------------------------

    def offer(self, connection: EngineConnection, requests: list[Work]) -> None:
        """Queue requests that arrived together; those that do not fit are answered ``queue_full`` at once."""
        refused = self._queue.add(connection, requests, perf_counter_ns())
        if refused:
            self._counts.queue_full += len(refused)
            outbox = Outbox()
            message = "the engine's queue is full"
            outbox.add([Reply(id=request.id, code=RejectCode.QUEUE_FULL, message=message) for request in refused])
            connection.send(outbox.lines, outbox.count)
        self.schedule()

    def forget(self, connection: EngineConnection) -> None:
        """A connection is gone: it gets no more events, and what it asked and was not begun is not done."""
        self.feed.forget(connection)
        self._queue.drop(connection)

    def schedule(self) -> None:
        """See to it that there is a turn, unless there is one to come."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)

    def start(self) -> None:
        """Begin to watch the service's deadlines."""
        self._watch()

    async def stop(self) -> None:
        """Do everything that is queued, wait until it is answered, keep the state, and watch no deadlines any more."""
        self._stopping = True
        while self._queue and not self.failed:
            self._turn()
            await self.line.drain()
        self._timer.cancel()
        self.line.close()
        journal = self._journal
        if journal is not None and journal.since_snapshot and not self.failed:
            state = self._photograph()
            if state is not None:
                snapshot = state()
                try:
                    journal.keep(snapshot)
                except JournalError as error:
                    self.fail(error)
                log.info("state kept", number=snapshot.number, packed_bytes=len(snapshot.packed))

    # --- through ----------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._scheduled = False
        self._turn_wanted = self.line.full
        if self.failed or self._turn_wanted:  # the release of the group it waits for schedules the turn
            return
        turn = Turn()
        try:
            worked = self._take_slice(turn)
            self._let_pass(self._clock.tick())
        except Exception as error:
            self._commit(turn)
            self.fail(error)
            return
        self._commit(turn)
        self._watch()
        if worked and self._queue:
            self.schedule()

    def _take_slice(self, turn: Turn) -> bool:
        """Do what comes next, at most ``SLICE`` requests; False when there is nothing that could be done."""
        room = SLICE
        while room > 0:
            taken = self._queue.take(min(room, SHARE), also_unwritable=self._stopping)
            if taken is None:
                break
            connection, requests, received = taken
            room -= len(requests)
            rest = self._do(connection, requests, turn, received)
            if rest:
                self._queue.put_back(connection, rest, received)
                break
        return room < SLICE

    def _do(self, connection: EngineConnection, requests: list[Work], turn: Turn, received: int) -> list[Work]:
        """Do requests of one connection; returns those that must wait until their long answers can be sent."""
        outbox = turn.outbox(connection)
        replies: list[Reply] = []
        durations: list[int] = []
        before = perf_counter_ns()
        self._queue_stage.add(before - received, len(requests))
        for request in requests:
            try:
                # Structs are told apart by ``type() is``: their ``isinstance`` asks a metaclass and takes longer.
                if type(request) is Add or type(request) is Cancel or type(request) is Modify:
                    events = self.apply(request.order)
                    replies.append(answer(request.id, request.order, events, self._service))
                else:
                    replies.append(self._other(connection, request, turn))
                    outbox.add(replies)
            except Exception as error:
                replies.append(Reply(id=request.id, code=RejectCode.INTERNAL_ERROR, message=repr(error)))
                outbox.add(replies)
                raise
            after = perf_counter_ns()
            durations.append(after - before)
            before = after
            if len(outbox.lines) > MAX_OUTBOX_BYTES:
                break
        outbox.add(replies)
        self._match_stage.add_many(durations)
        return requests[len(durations) :]

    def _commit(self, turn: Turn) -> None:
        turn.end_batch = self.feed.ring.next
        self.line.commit(turn, self._service.sequence)

    def fail(self, error: BaseException) -> None:
        """Go no further: the state in memory and the journal may differ, and only the journal can be believed."""
        if not self.failed:
            self.failed = True
            self._on_failure(error)

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        """Submit one command now, after what is due by then."""
        now = self._clock.tick()
        self._let_pass(now)
        return self._submit(command, now)

    def _let_pass(self, now: int) -> None:
        """Do what is due by ``now``."""
        deadline = self._service.next_deadline()
        if deadline is not None and deadline <= now:
            self._submit(AdvanceTime(), now)
        if self._day_ends <= now:
            self._submit(EndDay(), now)
            self._day_ends = day_end(now)

    def _watch(self) -> None:
        """Wake up when something is due next."""
        deadline = self._service.next_deadline()
        self._timer.watch(self._day_ends if deadline is None else min(deadline, self._day_ends))

    def _submit(self, command: AnyCommand, now: int) -> list[AnyEvent]:
        """Apply a command; it goes to the journal if it changed anything.

        It is recorded first, because what cannot be recorded must not happen.
        """
        records, counts = self._records, self._counts
        counts.commands += 1
        if records is not None:
            try:
                records.append(now, command)
            except OverflowError:
                counts.rejects += 1
                return [Rejected(code=RejectCode.INVALID_MESSAGE, message="a number has more than 64 bits")]
        try:
            events = self._service.submit(command, now)
        except BaseException:
            if records is not None:
                records.discard()
            raise
        if events and type(events[0]) is not Rejected:
            self.feed.append(now, events)
            counts.add(events)
            return events
        counts.rejects += len(events)
        if records is not None:
            records.discard()
        return events

    def _other(self, connection: EngineConnection, request: Work, turn: Turn) -> Reply:
        """Answer what is no plain order."""
        sequence = self._service.sequence
        match request:
            case (
                wire.MassQuote()
                | wire.CancelAll()
                | wire.OpenAccount()
                | wire.CloseAccount()
                | wire.TransferCash()
                | wire.AddInstrument()
                | wire.RemoveInstrument()
                | wire.SetInstrumentStatus()
                | wire.PublishNews()
            ):
                return answer(request.id, request.command, self.apply(request.command), self._service)
            case wire.SetCancelAfter():
                command = self._cancel_after(request)
                return answer(request.id, command, self.apply(command), self._service)
            case wire.EndDay():
                return answer(request.id, EndDay(), self.apply(EndDay()), self._service)
            case wire.Query() | wire.Snapshot():
                ring, now = self.feed.ring, self._clock.tick()
                return ask(request, self._service, ring, self.durability, now, self.stats)
            case wire.SubscribeEvents():
                return self._subscribe(connection, request, turn)
            case Malformed():
                return Reply(id=request.id, sequence=sequence, code=request.code, message=request.message)
            case _:
                return Reply(id=request.id, sequence=sequence)

    def _cancel_after(self, request: wire.SetCancelAfter) -> AnyCommand:
        deadline = None if request.seconds is None else self._clock.tick() + int(request.seconds * 1e9)
        return commands.SetCancelAfter(account=request.account, deadline=deadline)

    def seed(self, initial: Sequence[AnyCommand]) -> None:
        """Apply the first commands of a new exchange, all of them or none.

        Raises:
            StartupError: one was refused.
        """
        for command in initial:
            events = self.apply(command)
            if events and isinstance(events[0], Rejected):
                raise StartupError(f"the exchange cannot be set up: {events[0].message}")
        self._commit(Turn())

    # --- upkeep -----------------------------------------------------------------------------------------------------

    @property
    def commands(self) -> int:
        """Commands taken since the start."""
        return self._counts.commands

    async def keep_snapshot(self) -> None:
        """Keep the state in the journal; only taking it holds up commands, the rest is done beside them.

        Raises:
            JournalError: it cannot be written.
        """
        start = perf_counter_ns()
        state = self._photograph()
        pause_ms = (perf_counter_ns() - start) // 1_000_000
        if self._journal is not None and state is not None:
            snapshot = await self._loop.run_in_executor(None, state)
            await self.line.between_writes(partial(self._journal.keep, snapshot))
            self.schedule()  # a turn may have waited for it
            log.info("state kept", number=snapshot.number, packed_bytes=len(snapshot.packed), pause_ms=pause_ms)

    def _photograph(self) -> Callable[[], Snapshot] | None:
        """The state as it is between two turns, still to be packed; None, and a note in the log, when that fails."""
        if self._journal is None:
            return None
        try:
            state = self._service.snapshot_state()
        except Exception:  # only the next start takes longer
            log.exception("the state cannot be kept")
            return None
        writer = self._journal.writer
        return partial(Snapshot.pack, writer.last, self._service.sequence, self._clock.time, writer.chain, state)

    # --- questions --------------------------------------------------------------------------------------------------

    @property
    def durability(self) -> Durability:
        """What an acknowledged command survives."""
        return Durability.NONE if self._journal is None else self._journal.durability

    def stats(self) -> StatsView:
        """How the engine is doing."""
        counts = self._counts
        return StatsView(
            epoch=self.feed.ring.epoch,
            durability=self.durability,
            sequence=self._service.sequence,
            uptime_ns=self._clock.uptime,
            commands=counts.commands,
            rejects=counts.rejects,
            orders=counts.orders,
            trades=counts.trades,
            volume=counts.volume,
            notional=counts.notional,
            queue_capacity=self._queue.capacity,
            queue_size=len(self._queue),
            queue_full_count=counts.queue_full,
            engine=build_kind(),
            stages=(self._queue_stage.stats(), self._match_stage.stats(), self.line.stage.stats()),
        )

    # --- out --------------------------------------------------------------------------------------------------------

    def _release(self, turn: Turn) -> None:
        """Let go what has become durable: answers first, then events."""
        for connection, outbox in turn.outboxes.items():
            connection.send(outbox.lines, outbox.count)
        for connection, cursor in turn.subscriptions:
            self.feed.subscribe(connection, cursor)
        self.feed.release(turn.end_batch)
        if self._queue or self._turn_wanted:
            self.schedule()

    def _subscribe(self, connection: EngineConnection, request: wire.SubscribeEvents, turn: Turn) -> Reply:
        cursor = self.feed.cursor(request)
        if cursor is None or connection.subscribed:
            message = "these events are not kept: take a snapshot" if cursor is None else "subscribed already"
            return Reply(id=request.id, code=RejectCode.UNKNOWN_OUTCOME, message=message)
        connection.subscribed = True
        turn.subscriptions.append((connection, cursor))
        return Reply(id=request.id, sequence=self._service.sequence, epoch=self.feed.ring.epoch)
