"""Single connections to the engine: one that carries requests, one that carries the event stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeAlias, cast

import msgspec

from engine.types import AccountId
from net import engine_protocol as wire
from net.engine_protocol import AnyLine, EventBatch, Reply
from net.errors import EngineUnavailable, UnknownOutcome
from net.logs import get_logger

Outcome: TypeAlias = Reply | EngineUnavailable | UnknownOutcome
"""What a request comes to: the reply, or why there is none."""

Asker: TypeAlias = Callable[[Outcome], None]
"""Told once what a request came to; must not raise."""

FEW = 4
"""Requests that are worth a write when the engine has none of this link's."""

MANY = 16
"""Requests that are worth a write at any time."""

EVENT_QUEUE_BATCHES = 4_096
"""Batches that may wait for the reader of an event stream before the socket is no longer read."""

_APART: Final = contextlib.nullcontext()
_log = get_logger("gateway")
_encoder = msgspec.json.Encoder()
_reply_decoder: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
_line_decoder: msgspec.json.Decoder[AnyLine] = msgspec.json.Decoder(AnyLine)


class _LineProtocol(asyncio.Protocol):
    """Cuts what arrives into blocks of whole lines."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.received_at = self.loop.time()
        """Loop time when anything last arrived."""
        self._tail = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its base class

    def data_received(self, data: bytes) -> None:
        """Pass complete lines on; a peer that sends something else is cut off."""
        self.received_at = self.loop.time()
        end = data.rfind(b"\n")
        if end < 0:
            self._tail += data
            return
        block = data[:end]
        if self._tail:
            block = bytes(self._tail) + block
            self._tail.clear()
        if end + 1 < len(data):
            self._tail += data[end + 1 :]
        try:
            self.lines_received(block)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.abort()

    def lines_received(self, block: bytes) -> None:
        """Handle complete lines."""
        raise NotImplementedError

    def abort(self) -> None:
        """Close now."""
        if self.transport is not None:
            self.transport.abort()


class EngineLink(_LineProtocol):
    """Many requests at once over one connection; each answer finds its asker by request id.

    Requests of one turn of the loop leave together, since a write costs more than a request. But an engine that has
    nothing to do gets the first few at once, and works on them while the others are read; and a request before which
    one came alone is not kept waiting for company. Every request has the same time to be answered, so the oldest one
    is always the next to expire and one timer serves all.

    Args:
        together: entered while the askers are told of the answers that came together.
    """

    def __init__(
        self,
        deadline_s: float,
        on_lost: Callable[[EngineLink], None],
        on_answered: Callable[[AccountId, EngineLink], None] = lambda _account, _link: None,
        together: AbstractContextManager[object] = _APART,
    ) -> None:
        super().__init__()
        self.answered = False
        """Whether the engine ever answered anything here."""
        self.used_at = self.loop.time()
        """Loop time of the last request that was not a health check."""
        self._deadline_s = deadline_s
        self._on_lost = on_lost
        self._on_answered = on_answered
        self._together = together
        self.pending: dict[int, tuple[Asker, float, wire.AnyRequest, AccountId | None]] = {}
        """Requests that wait for their answer, oldest first."""
        self._unwritten: dict[int, bytes] = {}
        self._alone = False
        """Whether the last request left without company: then the next one is not kept waiting for any."""
        self._last_id = 0
        self._probe: asyncio.Future[Reply] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._all_answered = asyncio.Event()

    def next_id(self) -> int:
        """Make the id of the next request."""
        self._last_id += 1
        return self._last_id

    def ask(self, request: wire.AnyRequest, asker: Asker, account: AccountId | None = None) -> None:
        """Send a request; ``asker`` is told what it came to, at once if the link is closed.

        When a request for an ``account`` waits no more, ``on_answered`` is told, unless the link was lost.
        """
        if self.transport is None or self.transport.is_closing():
            self._tell(asker, EngineUnavailable("the link to the engine is closed"), account)
            return
        now = self.loop.time()
        self.used_at = now
        self.pending[request.id] = (asker, now + self._deadline_s, request, account)
        line = _encoder.encode(request) + b"\n"
        if self._alone and len(self.pending) == 1:
            self.transport.write(line)
        else:
            self._gather(request.id, line)
        if self._timer is None:
            self._timer = self.loop.call_later(self._deadline_s, self._expire)

    def _gather(self, request_id: int, line: bytes) -> None:
        """Write at the end of this turn of the loop, or when there is enough to write."""
        if not self._unwritten:
            self.loop.call_soon(self._end_turn)
        self._unwritten[request_id] = line
        waiting = len(self._unwritten)
        if waiting >= MANY or (waiting >= FEW and waiting == len(self.pending)):
            self._write()

    def _end_turn(self) -> None:
        self._alone = len(self.pending) == 1
        self._write()

    def request(self, request: wire.AnyRequest, account: AccountId | None = None) -> asyncio.Future[Reply]:
        """Send a request; the future fails with ``EngineUnavailable`` or ``UnknownOutcome``."""
        future: asyncio.Future[Reply] = self.loop.create_future()
        self.ask(request, lambda outcome: settle(future, outcome), account)
        return future

    def _write(self) -> None:
        if self._unwritten and self.transport is not None:
            self.transport.write(b"".join(self._unwritten.values()))
            self._unwritten.clear()

    def lines_received(self, block: bytes) -> None:
        """Tell the askers."""
        pending = self.pending
        self.answered = True
        with self._together:
            for reply in _reply_decoder.decode_lines(block):
                entry = pending.pop(reply.id, None)
                if entry is not None:
                    self._tell(entry[0], reply, entry[3])
        if not pending:
            self._all_answered.set()

    def _tell(self, asker: Asker, outcome: Outcome, account: AccountId | None = None) -> None:
        if account is not None:
            self._on_answered(account, self)
        try:
            asker(outcome)
        except Exception as error:  # the other askers' answers must not be lost with this one's
            _log.error("an answer was not passed on", exc_info=error)

    def _expire(self) -> None:
        self._timer = None
        now = self.loop.time()
        while self.pending:
            request_id = next(iter(self.pending))
            asker, deadline, request, account = self.pending[request_id]
            if deadline > now:
                self._timer = self.loop.call_at(deadline, self._expire)
                return
            del self.pending[request_id]
            self._tell(asker, _unknown(request, f"not answered within {self._deadline_s:g} s"), account)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what is pending: what was never written is not sent, the rest unknown."""
        self.transport = None
        if self._timer is not None:
            self._timer.cancel()
        cause = f": {exc}" if exc else ""
        reason = f"the link to the engine died{cause}"
        pending, self.pending = self.pending, {}
        unwritten, self._unwritten = self._unwritten, {}
        self._on_lost(self)
        for request_id, (asker, _, request, _) in pending.items():
            sent = request_id not in unwritten
            self._tell(asker, _unknown(request, reason) if sent else EngineUnavailable(reason))
        self._all_answered.set()

    def check_health(self, quiet_s: float) -> None:
        """Ping a link that was quiet for ``quiet_s``; cut it when the last ping was not answered."""
        if self._probe is not None and self._probe.done():
            if self._probe.exception() is not None:
                self.abort()
            self._probe = None
        if self._probe is None and self.loop.time() - self.received_at >= quiet_s:
            used_at = self.used_at
            self._probe = self.request(wire.Ping(id=self.next_id()))
            self._probe.add_done_callback(_look)
            self.used_at = used_at

    async def close(self, grace_s: float) -> None:
        """Wait a little for the answers under way, then close."""
        if self.pending:
            self._all_answered.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._all_answered.wait()
        self.abort()


class EventLink(_LineProtocol):
    """A subscription to the event stream: iterate over ``next_batch`` until it gives None."""

    def __init__(self, from_sequence: int, epoch: str | None) -> None:
        super().__init__()
        self.subscribed: asyncio.Future[Reply] = self.loop.create_future()
        """The engine's answer to ``subscribe``."""
        self._request = wire.SubscribeEvents(id=0, from_sequence=from_sequence, epoch=epoch)
        self._batches: deque[EventBatch] = deque()
        self._wake = asyncio.Event()
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Subscribe."""
        super().connection_made(transport)
        assert self.transport is not None  # noqa: S101 - just taken
        self.transport.write(_encoder.encode(self._request) + b"\n")

    def lines_received(self, block: bytes) -> None:
        """Queue the batches; stop reading when the queue is full."""
        for line in _line_decoder.decode_lines(block):
            if isinstance(line, EventBatch):
                self._batches.append(line)
            elif not self.subscribed.done():
                self.subscribed.set_result(line)
        self._wake.set()
        if len(self._batches) > EVENT_QUEUE_BATCHES and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the reader finish what arrived."""
        self.transport = None
        self._wake.set()
        if not self.subscribed.done():
            self.subscribed.set_exception(EngineUnavailable(f"the link to the engine died: {exc or 'closed'}"))
            _look(self.subscribed)

    def take_batches(self) -> list[EventBatch]:
        """Everything that has arrived and was not taken."""
        batches = list(self._batches)
        self._batches.clear()
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()
        return batches

    async def wait(self) -> bool:
        """Wait for batches; False when the link is dead."""
        while not self._batches:
            if self.transport is None:
                return False
            self._wake.clear()
            await self._wake.wait()
        return True

    def watch(self, quiet_s: float) -> None:
        """From now on ping a link that was silent for ``quiet_s``, and end it when the ping is not answered either.

        One timer serves the whole link: one for each wait would cost more than what is waited for.
        """
        if self.transport is None:
            return
        silent_s = self.loop.time() - self.received_at
        if silent_s >= 2 * quiet_s:
            self.abort()
            return
        if silent_s >= quiet_s:
            self.transport.write(_encoder.encode(wire.Ping(id=1)) + b"\n")
        left_s = quiet_s - silent_s if silent_s < quiet_s else 2 * quiet_s - silent_s
        self.loop.call_later(left_s, self.watch, quiet_s)


def settle(future: asyncio.Future[Reply], outcome: Outcome) -> None:
    """Give a future what a request came to, if anybody waits for it still."""
    if future.done():
        return
    if isinstance(outcome, Reply):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)


def _unknown(request: wire.AnyRequest, reason: str) -> UnknownOutcome:
    client_order_id = request.order.client_order_id if isinstance(request, wire.Add) else None
    return UnknownOutcome(str(type(request).__struct_config__.tag), client_order_id, reason)


def _look(future: asyncio.Future[Reply]) -> None:
    """Look at a failure that perhaps nobody waits for any more, so that the loop does not report it as lost."""
    if not future.cancelled():
        future.exception()
