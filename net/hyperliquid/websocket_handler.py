"""The connector's WebSocket: one supervised task that keeps one connection alive and everything subscribed on it.

It connects, subscribes from the registry, decodes what comes and puts it into a bounded channel, of which nothing is
dropped: while it is full, the socket is not read. Whatever goes wrong (refusal, silence, a closed socket) it waits a
jittered while and starts over; only cancellation ends it. The rules are in ``connection``; here are socket and clock.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from net.backoff import Backoff
from net.hyperliquid import wire
from net.hyperliquid.connection import Connection, Registry, Standing, Timing, name_of
from net.hyperliquid.market_data import Channel, LinkChanged, LinkState, Received, StreamRefused, StreamStale
from net.hyperliquid.pacing import TokenBucket
from net.hyperliquid.subscriptions import AnySubscription

_log = structlog.get_logger(__name__)

CHANNEL_SIZE: Final = 4_096
STABLE_S: Final = 60.0
"""A connection that lasted this long starts the backoff anew."""
_FRAME_BYTES_MAX: Final = 8 << 20
_OPEN_TIMEOUT_S: Final = 10.0
_LOOK_AGAIN_S: Final = 0.1
"""How soon to look again whether a full channel has room."""
_CONNECT_BURST: Final = 5
_CONNECTS_PER_SECOND: Final = 0.4
"""The venue takes 30 new connections a minute."""


class _Unwell(Exception):
    """The connection has to be given up; the reason is the message."""


class HyperliquidWebSocketHandler:
    """Keeps the streams of its registry flowing into ``channel``."""

    def __init__(
        self,
        url: str,
        channel: Channel,
        *,
        timing: Timing | None = None,
        rng: random.Random | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        backoff: Backoff | None = None,
    ) -> None:
        self.registry = Registry()
        self.reconnects = 0
        """Connections that ended so far."""
        self.undecodable = 0
        """Frames of channels or shapes we do not know."""
        self._url = url
        self._channel = channel
        self._timing = timing or Timing()
        self._backoff = backoff or Backoff(rng or random.Random(), first_s=0.25, max_s=30.0)
        self._now_ns = now_ns
        self._connects = TokenBucket(_CONNECT_BURST, _CONNECTS_PER_SECOND)
        self._changed = asyncio.Event()
        self._connection: Connection | None = None
        self._socket: ClientConnection | None = None
        self._careful = False

    def subscribe(self, subscription: AnySubscription) -> None:
        """Want a stream from now on, over all connections to come."""
        if self.registry.add(subscription):
            self._changed.set()

    def unsubscribe(self, subscription: AnySubscription) -> None:
        """Want a stream no more."""
        self.registry.remove(subscription)
        self._changed.set()

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    async def run(self) -> None:
        """Keep one connection alive until cancelled."""
        while True:
            await asyncio.sleep(self._connects.wait(time.monotonic()))
            self._connects.take(time.monotonic())
            started = time.monotonic()
            reason = await self._one_connection()
            lasted = time.monotonic() - started
            self.reconnects += 1
            if lasted >= STABLE_S:
                self._backoff.reset()
            delay = self._backoff.next_delay_s()
            _log.warning("hyperliquid_disconnected", reason=reason, lasted_s=round(lasted, 3), retry_s=round(delay, 3))
            await asyncio.sleep(delay)

    async def send(self, frame: bytes) -> bool:
        """Send one frame of the caller's on the connection that is up; False when there is none."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(frame, text=True)
        except WebSocketException:
            return False
        return True

    async def feed(self, raw: bytes | str, at: int) -> None:
        """Take one frame as if it had come from the socket at ``at`` ns: recordings are played through here."""
        try:
            frame = wire.decode_server_frame(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.undecodable += 1
            return
        if self._connection is not None:
            refused = self._connection.received(frame, time.monotonic())
            if refused is not None:
                await self._refuse(refused)
            if isinstance(frame, wire.AckFrame | wire.ErrorFrame | wire.PongFrame):
                self._changed.set()
        await self._channel.put(Received(frame, at))

    async def _one_connection(self) -> str:
        """Connect and stay until something goes wrong; says what."""
        try:
            async with connect(
                self._url,
                compression=None,
                max_size=_FRAME_BYTES_MAX,
                ping_interval=None,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=1.0,
            ) as socket:
                connection = Connection(self.registry, self._timing, time.monotonic(), careful=self._careful)
                self._connection, self._socket = connection, socket
                try:
                    await self._channel.put(LinkChanged(LinkState.CONNECTED))
                    reason = await self._stay(socket, connection)
                finally:
                    self._connection = self._socket = None
                await self._left(connection)
                return reason
        except (OSError, TimeoutError, WebSocketException) as error:
            return f"{type(error).__name__}: {error}"

    async def _stay(self, socket: ClientConnection, connection: Connection) -> str:
        reading = asyncio.create_task(self._read(socket), name="hyperliquid read")
        tending = asyncio.create_task(self._tend(socket, connection), name="hyperliquid tend")
        try:
            done, _ = await asyncio.wait((reading, tending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, tending):
                task.cancel()
            results = await asyncio.gather(reading, tending, return_exceptions=True)
        for result in results:
            unexpected = isinstance(result, Exception) and not isinstance(
                result, _Unwell | OSError | TimeoutError | WebSocketException
            )
            if unexpected and isinstance(result, Exception):
                raise result
        return "; ".join(str(task.exception()) for task in done if not task.cancelled())

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            await self.feed(await socket.recv(decode=False), self._now_ns())

    async def _tend(self, socket: ClientConnection, connection: Connection) -> None:
        """Send what is due, tell what is stale, and give up what is overdue."""
        while True:
            self._changed.clear()
            now = time.monotonic()
            for frame in connection.outgoing(now):
                async with asyncio.timeout(self._timing.ack):
                    await socket.send(frame, text=True)
            if self._channel.full():
                connection.unread(now)
                look_in_s = _LOOK_AGAIN_S
            else:
                for subscription in connection.newly_stale(now):
                    await self._channel.put(StreamStale(subscription))
                reason = connection.overdue(now)
                if reason is not None:
                    raise _Unwell(reason)
                look_in_s = connection.next_look(now)
            try:
                async with asyncio.timeout(look_in_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _left(self, connection: Connection) -> None:
        """A connection is gone: find out whether a name was to blame, and begin the registry anew."""
        now = time.monotonic()
        culprit = connection.died(now)
        if culprit is not None:
            self.registry.mark(culprit, Standing.REFUSED)
            await self._refuse(culprit)
        if connection.died_quickly(now):
            names = [name_of(subscription) for subscription in connection.last_sent[1]]
            _log.warning("hyperliquid_quick_death", subscribed=names)
            self._careful = True
        elif not self.registry.among(Standing.SENT, Standing.WANTED):
            self._careful = False
        self.registry.start_over()
        await self._channel.put(LinkChanged(LinkState.RECONNECTING))

    async def _refuse(self, subscription: AnySubscription) -> None:
        _log.warning("hyperliquid_refused", subscription=name_of(subscription))
        await self._channel.put(StreamRefused(subscription))
