"""From matched to durable to answered: what a slice has to say waits for its group in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter_ns

import msgspec

from engine.journal import Journal
from engine.journal_errors import JournalError
from engine.journal_format import Group
from engine.types import Durability
from net.engine_connection import EngineConnection
from net.engine_protocol import Reply
from net.histogram import Histogram

MAX_WAITING = 2
"""Groups sealed and not yet durable: one being written, one that gathers the commands of that time."""

_encoder = msgspec.json.Encoder()


class Outbox:
    """Answers to one connection, in the order in which they shall be sent."""

    __slots__ = ("count", "lines")

    def __init__(self) -> None:
        self.lines = bytearray()
        self.count = 0

    def add(self, replies: list[Reply]) -> None:
        """Take these answers, all at once, which costs half as much as one by one; empties ``replies``."""
        self.lines += _encoder.encode_lines(replies)
        self.count += len(replies)
        replies.clear()


class Turn:
    """Everything that one slice of commands has to say once it is durable."""

    __slots__ = ("end_batch", "outboxes", "subscriptions")

    def __init__(self) -> None:
        self.outboxes: dict[EngineConnection, Outbox] = {}
        self.subscriptions: list[tuple[EngineConnection, int]] = []
        """Who receives events from now on, and from which batch."""
        self.end_batch = 0
        """Batches below this one have happened."""

    def outbox(self, connection: EngineConnection) -> Outbox:
        """The answers to one connection."""
        outbox = self.outboxes.get(connection)
        if outbox is None:
            outbox = self.outboxes[connection] = Outbox()
        return outbox


class CommitLine:
    """Makes groups durable in order, and releases each turn when its group is.

    A commit that waits for the disk is done by a thread; one that only hands its bytes to the operating system takes
    less time than to wake a thread, and is done at once.

    Args:
        release: lets go what a turn has to say.
        fail: called once, with what went wrong, when a group cannot be written: nothing must be acknowledged any more.
    """

    def __init__(
        self,
        journal: Journal | None,
        loop: asyncio.AbstractEventLoop,
        release: Callable[[Turn], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self.stage = Histogram("journal")
        self._journal = journal
        self._loop = loop
        self._release = release
        self._fail = fail
        self._failed = False
        self._waiting = 0
        self._writer: ThreadPoolExecutor | None = None
        if journal is not None and journal.durability is Durability.POWER:
            self._writer = ThreadPoolExecutor(1, "journal")
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def full(self) -> bool:
        """Whether the next turn has to wait for one before it."""
        return self._waiting >= MAX_WAITING

    @property
    def idle(self) -> bool:
        """Whether everything is durable and said."""
        return not self._waiting

    def commit(self, turn: Turn, sequence: int) -> None:
        """Make what was appended to the journal durable, then release ``turn``."""
        if self._failed:
            return
        group = None if self._journal is None else self._journal.seal(sequence)
        if self._writer is None:
            if group is not None and not self._write_here(group):
                return
            self._release(turn)
        elif group is None and not self._waiting:
            self._release(turn)
        else:
            self._write_in_thread(self._writer, group, turn)

    def _write_here(self, group: Group) -> bool:
        start = perf_counter_ns()
        try:
            self._write(group)
        except JournalError as error:
            self._stop(error)
            return False
        self.stage.add(perf_counter_ns() - start, group.count)
        return True

    def _write(self, group: Group | None) -> None:
        if group is not None and self._journal is not None:
            self._journal.write(group)

    def _write_in_thread(self, writer: ThreadPoolExecutor, group: Group | None, turn: Turn) -> None:
        start = perf_counter_ns()
        self._waiting += 1
        self._idle.clear()
        written = self._loop.run_in_executor(writer, self._write, group)

        def done(future: asyncio.Future[None]) -> None:
            self._finished()
            if self._failed or future.cancelled():
                return
            error = future.exception()
            if error is not None:
                self._stop(error)
                return
            if group is not None:
                self.stage.add(perf_counter_ns() - start, group.count)
            self._release(turn)

        written.add_done_callback(done)

    async def between_writes(self, work: Callable[[], None]) -> None:
        """Do something with the journal that must not run beside a write."""
        if self._writer is None:
            work()
            return
        self._waiting += 1
        self._idle.clear()
        try:
            await self._loop.run_in_executor(self._writer, work)
        finally:
            self._finished()

    def _finished(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._idle.set()

    def _stop(self, error: BaseException) -> None:
        self._failed = True
        self._fail(error)

    async def drain(self) -> None:
        """Wait until everything is durable and said."""
        await self._idle.wait()

    def close(self) -> None:
        """Wait for the thread and end it."""
        if self._writer is not None:
            self._writer.shutdown()
