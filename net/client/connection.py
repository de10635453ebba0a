"""A connection to the exchange that outlives its links: it reconnects, takes its accounts back and resumes.

One task owns the link. It opens it, sets it up again (``hello``, accounts, missed private messages, channels, requests
that wait), calls that live, and reads until it breaks; then it waits with full jitter and starts over. What may be
repeated safely is sent again on the new link; what may not ends with ``UnknownOutcome``.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from engine.types import RejectCode
from net import messages as m
from net.backoff import Backoff
from net.client.accounts import HeldAccount
from net.client.inbox import AccountLost, ConnectionChanged, ConnectionState, Inbox
from net.client.intake import Intake
from net.client.pending import Answer, PendingRequest, PendingRequests
from net.errors import (
    HandshakeRefused,
    NotConnected,
    ProtocolViolation,
    RequestRefused,
    TradesimError,
)
from net.trust import trusted

_TRANSIENT = frozenset(
    {RejectCode.ENGINE_UNAVAILABLE, RejectCode.QUEUE_FULL, RejectCode.RATE_LIMITED, RejectCode.UNKNOWN_OUTCOME}
)
_STABLE_AFTER_S = 1.0
"""A link that lived this long was a good one: the next attempt starts with the shortest wait again."""


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection behaves; all durations in seconds."""

    url: str
    token: str | None = None
    """Secret of the session's role (spectator, admin, service), sent as ``Authorization: Bearer``."""
    rate_hz: float | None = None
    reconnect: bool = True
    deadline_s: float = 5.0
    connect_timeout_s: float = 10.0
    backoff_first_s: float = 0.1
    backoff_max_s: float = 5.0
    max_message_bytes: int = 16 << 20
    max_pending: int = 4_096
    kept_limit: int = 10_000
    tape_limit: int = 10_000


class Connection:
    """The state and the task behind a ``Client``; see there for what it promises."""

    def __init__(self, settings: ConnectionSettings, channels: Sequence[str], rng: random.Random) -> None:
        self.settings = settings
        self.state = ConnectionState.CONNECTING
        self.inbox = Inbox(kept_limit=settings.kept_limit, tape_limit=settings.tape_limit)
        self._pending = PendingRequests(settings.max_pending)
        self.intake = Intake(self.inbox, self._pending)
        self._rng = rng
        self._channels = dict.fromkeys(channels, True)
        """Channels asked for (True) and asked away (False), to be asked again on each link."""
        self._rate_hz = settings.rate_hz
        self._last_request_id = 0
        self._link: ClientConnection | None = None
        self._link_number = 0
        self._epoch = ""
        """Of the newest link that was live."""
        self._live = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._failure: TradesimError | None = None

    # --- life ---------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start, and wait until the connection is live.

        Raises:
            NotConnected: no live connection within ``connect_timeout_s``, or ever, without ``reconnect``.
        """
        if self._runner is not None:
            raise RuntimeError("a client connects once; make another one")
        self._runner = asyncio.create_task(self._run(), name=f"client {self.settings.url}")
        live = asyncio.create_task(self._live.wait(), name="client live")
        try:
            await asyncio.wait(
                {live, self._runner}, timeout=self.settings.connect_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            live.cancel()
        if not self._live.is_set():
            await self.close()
            raise self._failure or NotConnected(f"{self.settings.url} did not answer in time")

    async def close(self) -> None:
        """End the link and all that waits; the consumer reads what is left and then ends."""
        if self._runner is not None:
            self._runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._runner
        self._enter(ConnectionState.CLOSED, "closed by this client")
        self._pending.fail_all()
        self.inbox.close()

    async def _run(self) -> None:
        attempt = 0
        backoff = Backoff(self._rng, first_s=self.settings.backoff_first_s, max_s=self.settings.backoff_max_s)
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            reason, final = await self._one_link()
            self._link = None
            self._pending.link_lost()
            if self._live.is_set() and loop.time() - started > _STABLE_AFTER_S:
                attempt = 0
                backoff.reset()
            attempt += 1
            if final or not self.settings.reconnect:
                break
            wait = backoff.next_delay_s()
            self._enter(self._down, reason, attempt=attempt, retry_in_s=wait)
            await asyncio.sleep(wait)
            await self.inbox.room()
        self._enter(ConnectionState.CLOSED, reason)
        self._pending.fail_all()
        self.inbox.close()

    @property
    def _down(self) -> ConnectionState:
        return ConnectionState.RECONNECTING if self._live.is_set() else ConnectionState.CONNECTING

    async def _one_link(self) -> tuple[str, bool]:
        """Open one link and live on it; return why it ended, and whether there is no use in another."""
        try:
            async with self._connect() as link:
                return await self._live_on(link), False
        except InvalidStatus as error:
            status = error.response.status_code
            text = f"{self.settings.url} answered {status}"
            final = 400 <= status < 500 and status != 429
            self._failure = HandshakeRefused(text) if final else NotConnected(text)
        except (OSError, WebSocketException, TradesimError) as error:
            text = str(error) or type(error).__name__
            self._failure = error if isinstance(error, TradesimError) else NotConnected(f"{self.settings.url}: {text}")
            final = False
        return text, final

    def _connect(self) -> connect:
        token = self.settings.token
        return connect(
            self.settings.url,
            ssl=trusted(self.settings.url),
            additional_headers={"Authorization": f"Bearer {token}"} if token else None,
            compression=None,
            proxy=None,
            open_timeout=self.settings.deadline_s,
            close_timeout=1,
            max_size=self.settings.max_message_bytes,
            max_queue=64,
        )

    async def _live_on(self, link: ClientConnection) -> str:
        """Set the link up and read until it ends; return why it did."""
        self._link_number += 1
        self.intake.greeted.clear()
        self._link = link
        reader = asyncio.create_task(self._read(link), name="client reader")
        set_up = asyncio.create_task(self._set_up(link), name="client set-up")
        try:
            await asyncio.wait({reader, set_up}, return_when=asyncio.FIRST_COMPLETED)
            if set_up.done():
                set_up.result()
            return await reader
        finally:
            for task in (set_up, reader):
                task.cancel()
            await asyncio.gather(set_up, reader, return_exceptions=True)

    # --- setting a link up --------------------------------------------------------------------------------------

    async def _set_up(self, link: ClientConnection) -> None:
        async with asyncio.timeout(self.settings.deadline_s):
            await self.intake.greeted.wait()
        assert self.intake.hello is not None  # noqa: S101 - set before _greeted
        for account in list(self.intake.accounts.values()):
            await self._take_back(account)
        await self._ask_for_channels()
        await self._send_waiting(link)
        known_epoch, self._epoch = self._epoch, self.intake.hello.epoch
        self._enter(ConnectionState.LIVE, epoch=self._epoch, new_epoch=known_epoch not in ("", self._epoch))

    async def _take_back(self, account: HeldAccount) -> None:
        """Register a held account on the new link and ask for what it missed."""
        account.expect_resume()
        missed_since = m.Resume(epoch=account.epoch, sequence=account.sequence, agent_id=account.agent_id)
        try:
            await self.ask(account.registration, internal=True)
            await self.ask(missed_since, internal=True)
        except RequestRefused as error:
            if error.code in _TRANSIENT:
                raise
            self.intake.accounts.pop(account.agent_id, None)
            self.inbox.put(AccountLost(agent_id=account.agent_id, reason=str(error)))

    async def _ask_for_channels(self) -> None:
        wanted = [channel for channel, on in self._channels.items() if on]
        unwanted = [channel for channel, on in self._channels.items() if not on]
        if unwanted:
            await self.ask(m.Unsubscribe(channels=unwanted), internal=True)
        if wanted or self._rate_hz is not None:
            await self.ask(m.Subscribe(channels=wanted or ["orderbooks"], rate_hz=self._rate_hz), internal=True)

    async def _send_waiting(self, link: ClientConnection) -> None:
        """Send what was never sent, and again what may be sent twice, in the order it was asked for."""
        while waiting := [r for r in self._pending if r.link != self._link_number and not r.answer.done()]:
            for request in waiting:
                await self._send(link, request)

    def _enter(
        self,
        state: ConnectionState,
        reason: str = "",
        *,
        attempt: int = 0,
        retry_in_s: float | None = None,
        epoch: str = "",
        new_epoch: bool = False,
    ) -> None:
        if self.state is ConnectionState.CLOSED:
            return
        self.state = state
        if state is ConnectionState.LIVE:
            self._live.set()
        self.inbox.put(
            ConnectionChanged(
                state=state, reason=reason, attempt=attempt, retry_in_s=retry_in_s, epoch=epoch, new_epoch=new_epoch
            )
        )

    # --- asking -------------------------------------------------------------------------------------------------

    async def ask(self, message: m.AnyClientMessage, *, internal: bool = False) -> Answer:
        """Send a request under a new id and return its answer.

        Raises:
            NotConnected, DeadlineExceeded, UnknownOutcome, RequestRefused, TooManyRequests: see ``net.errors``.
        """
        if self.state is ConnectionState.CLOSED:
            raise NotConnected("the client is closed")
        self._last_request_id += 1
        request_id = self._last_request_id
        numbered = _with_request_id(message, request_id)
        request = self._pending.add(request_id, numbered, self.settings.deadline_s, internal=internal)
        try:
            if self._link is not None and (internal or self.state is ConnectionState.LIVE):
                await self._send(self._link, request)
            answer = await request.answer
        finally:
            self._pending.remove(request_id)
        if isinstance(answer, m.Error):
            raise RequestRefused(answer.data.code, answer.data.message, answer.data.field)
        return answer

    async def tell(self, message: m.AnyClientMessage) -> bool:
        """Send what needs no answer; return whether there was a link to send it on."""
        if self._link is None or self.state is not ConnectionState.LIVE:
            return False
        with contextlib.suppress(ConnectionClosed):
            await self._link.send(m.encode(message), text=True)
            return True
        return False

    async def _send(self, link: ClientConnection, request: PendingRequest) -> None:
        request.sent = True
        request.link = self._link_number
        # A link that just broke is noticed by the reader, which then decides what becomes of the request.
        with contextlib.suppress(ConnectionClosed):
            await link.send(request.frame, text=True)

    def want(self, channels: Sequence[str], *, on: bool, rate_hz: float | None = None) -> None:
        """Remember which channels to ask for on each link."""
        self._channels.update(dict.fromkeys(channels, on))
        self._rate_hz = rate_hz if rate_hz is not None else self._rate_hz

    # --- hearing ------------------------------------------------------------------------------------------------

    async def _read(self, link: ClientConnection) -> str:
        try:
            while True:
                frame = await link.recv(decode=False)
                try:
                    message = m.decode_server_message(frame)
                except msgspec.ValidationError:
                    continue  # a message type of a newer exchange
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    raise ProtocolViolation(f"{self.settings.url} sent what is not JSON: {error}") from error
                if not self.intake.hear(message):
                    link.transport.abort()
                    return "the reader of this client's messages is too slow"
        except ConnectionClosed:
            return _close_reason(link)
        finally:
            if self._link is link:
                self._link = None
                self.state = self._down
            self._pending.link_lost()


def _with_request_id(message: m.AnyClientMessage, request_id: int) -> m.AnyClientMessage:
    if isinstance(message, m.Ping):
        return m.Ping(id=request_id, request_id=request_id)
    return msgspec.structs.replace(message, request_id=request_id)


def _close_reason(link: ClientConnection) -> str:
    if link.close_code is None or link.close_code == 1006:
        return "connection lost"
    return f"{link.close_reason or 'closed'} ({link.close_code})"
