"""One client's session: what it may do, what it hears, which accounts it holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from engine.types import RejectCode, SymbolId
from net.gateway import channels as names
from net.gateway.accounts import Account
from net.gateway.channels import parse_channel
from net.gateway.client_errors import UNDECODABLE, decode_error, error_message, request_id_of
from net.gateway.connection import POLICY_VIOLATION, TRY_AGAIN_LATER, Connection
from net.gateway.frames import message_frame
from net.gateway.limits import TokenBucket
from net.gateway.orders import Refused
from net.logs import get_logger
from net.messages import Error, ErrorData, Role, ServerMessage, Subscribed, SubscribedData, decode_client_message

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

_log = get_logger("gateway")


class Session:
    """The handler of one connection. What it does on a message stands in ``net.gateway.requests``."""

    __slots__ = (
        "_answered",
        "_behind_max",
        "_channels",
        "_connection",
        "_errors",
        "_gateway",
        "_in_flight",
        "_max_in_flight",
        "_metrics",
        "_requests",
        "_tasks",
        "accounts",
        "book_filter",
        "busy",
        "cancel_on_close",
        "log",
        "missed_books",
        "order_rate",
        "rate_hz",
        "received_ns",
        "registering",
        "role",
    )

    def __init__(self, gateway: Gateway, connection: Connection, role: Role, number: int) -> None:
        self.role = role
        self.log = _log.bind(session=number)
        """Every line about this session carries its number."""
        self.accounts: dict[str, Account] = {}
        """The accounts it registered, oldest first."""
        self.registering = 0
        """How many registrations are under way."""
        self.cancel_on_close: set[str] = set()
        self.rate_hz = gateway.config.rate_hz
        self.book_filter: frozenset[SymbolId] | None = frozenset()
        """The instruments whose ``orderbooks`` it wants; None means all."""
        self.missed_books: frozenset[SymbolId] = frozenset()
        """Books that changed while the client was not reading."""
        self.order_rate = TokenBucket(gateway.config.limits.orders_per_second, time.monotonic())
        self.received_ns = 0
        """When (monotonic) the message that is being handled was taken up."""
        self._gateway = gateway
        self._metrics = gateway.metrics
        self._requests = gateway.requests
        self._behind_max = connection.limits.private_buffer_bytes
        self._connection = connection
        self._channels: set[tuple[str, SymbolId | None]] = set()
        self.busy = False
        """Whether as many requests are under way as may be."""
        self._in_flight = 0
        self._max_in_flight = connection.limits.max_in_flight
        self._answered: asyncio.Event | None = None
        self._errors = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # --- the connection's calls -------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Greet, or wait with it until there is something to tell."""
        if self._gateway.mirror.loaded:
            self.greet()

    def greet(self) -> None:
        """Send everything a client needs to draw a first screen."""
        self._gateway.greet(self)
        self.subscribe([(name, None) for name in names.DEFAULT_CHANNELS])

    def received(self, payload: bytes) -> None:
        """Decode one message and act on it."""
        self._metrics.messages_received += 1
        self.received_ns = time.monotonic_ns()
        try:
            message = decode_client_message(payload)
        except UNDECODABLE as error:
            self.complain(decode_error(error, request_id_of(payload)))
            return
        self._requests.handle(self, message)

    def too_big(self) -> None:
        """Say why the connection is about to end."""
        limits = self._connection.limits
        text = f"a message may have {limits.max_message_bytes} bytes, in {limits.max_fragments} fragments, at most"
        self.complain(ErrorData(code=RejectCode.INVALID_MESSAGE, message=text))

    def closed(self) -> None:
        """Let go of everything; orders that were to die with the session are canceled."""
        self.log.info("session closed", accounts=list(self.accounts), errors=self._errors)
        self._gateway.leave(self)
        for agent_id in self.cancel_on_close:
            self._gateway.cancel_on_disconnect(agent_id)

    # --- sending ----------------------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether the client has read everything that was sent."""
        return self._connection.unsent_bytes == 0

    def send(self, frame: bytes) -> None:
        """Send a frame that may not be lost; a client that leaves too many unread is cut off instead."""
        if self._connection.behind_bytes <= self._behind_max or self._keeps_up():
            self._metrics.messages_sent += 1
            self._connection.write(frame)

    def push(self, frames: list[bytes]) -> None:
        """Do as ``send`` does, but when the exchange is busy wait a little for an answer to go with."""
        if self._connection.behind_bytes <= self._behind_max or self._keeps_up():
            self._metrics.messages_sent += len(frames)
            self._connection.write_soon(frames)

    def _keeps_up(self) -> bool:
        """Whether a client that was behind after the last write has read on since; one that has not is cut off."""
        connection = self._connection
        if connection.unsent_bytes <= self._behind_max:
            return True
        if connection.is_open:
            self._metrics.clients_too_slow += 1
            self.log.warning("session too slow", unsent_bytes=connection.unsent_bytes)
            connection.close(TRY_AGAIN_LATER, RejectCode.TOO_SLOW.value)
        return False

    def send_books(self, frame: bytes) -> None:
        """Send a frame to a client that is ``idle``."""
        self._metrics.messages_sent += 1
        self._connection.write_now(frame)

    def send_stream(self, frame: bytes) -> bool:
        """Send a frame that a slow client may miss; False when it does."""
        connection = self._connection
        if connection.unsent_bytes > connection.limits.stream_buffer_bytes:
            return False
        self._metrics.messages_sent += 1
        connection.write(frame)
        return True

    def say(self, message: ServerMessage) -> None:
        """Send one message to this client only."""
        self.send(message_frame(message))

    def complain(self, error: ErrorData) -> None:
        """Tell of a message that could not be understood; too many of them end the connection."""
        self._metrics.errors += 1
        self._errors += 1
        self.say(Error(data=error))
        if self._errors >= self._connection.limits.max_errors:
            self._connection.close(POLICY_VIOLATION, "too many errors")

    def refuse(self, refused: Refused, request_id: str | int | None) -> None:
        """Tell that a request, whose answer has no room for it, is refused."""
        self.say(error_message(refused.code, refused.message, refused.field, request_id))

    # --- requests under way -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Count a request whose answer comes later."""
        self._in_flight += 1
        self.busy = self._in_flight >= self._max_in_flight

    def finish(self) -> None:
        """It was answered."""
        self._in_flight -= 1
        if not self._in_flight and self._answered is not None:
            self._answered.set()
        if self.busy:
            self.busy = self._in_flight >= self._max_in_flight
            self._connection.go_on()

    def start(self, request: Coroutine[object, object, None]) -> None:
        """Work on a request in a task, without holding up those after it."""
        self.begin()
        task = asyncio.get_running_loop().create_task(request)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._metrics.internal_errors += 1
            self.log.error("request failed", exc_info=error)
            self.say(error_message(RejectCode.INTERNAL_ERROR, "the gateway failed; its log says why"))
        self.finish()

    async def answered(self) -> None:
        """Wait until every request under way is answered."""
        if self._in_flight:
            self._answered = asyncio.Event()
            await self._answered.wait()

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        self._connection.close(code, reason)

    @property
    def host(self) -> str:
        """Address of the client."""
        return self._connection.host

    @property
    def is_open(self) -> bool:
        """Whether the client is still there."""
        return self._connection.is_open

    # --- accounts ---------------------------------------------------------------------------------------------------

    def hold(self, account: Account, *, cancel_on_disconnect: bool) -> None:
        """Act for an account from now on.

        Of the sessions that would cancel its orders when they end, only the newest does: an older one may be the dead
        link of the very client that came back.
        """
        self.log.info("account held", agent_id=account.agent_id)
        self.accounts[account.agent_id] = account
        if cancel_on_disconnect:
            for other in account.sessions:
                other.cancel_on_close.discard(account.agent_id)
            self.cancel_on_close.add(account.agent_id)
        else:
            self.cancel_on_close.discard(account.agent_id)
        account.sessions.add(self)

    def account(self, agent_id: str | None) -> Account:
        """The account a request is for: one the session registered, by default the first; raises ``Refused``."""
        account = next(iter(self.accounts.values()), None) if agent_id is None else self.accounts.get(agent_id)
        if account is not None:
            return account
        if not self.accounts:
            raise Refused(RejectCode.NOT_REGISTERED, "register first (agent_register)")
        raise Refused(RejectCode.NOT_OWNER, f"this session does not hold {agent_id}", "agent_id")

    # --- channels ---------------------------------------------------------------------------------------------------

    def subscribe(self, wanted: list[tuple[str, SymbolId | None]]) -> None:
        """Hear these channels too."""
        for name, symbol_id in wanted:
            if (name, symbol_id) not in self._channels:
                self._channels.add((name, symbol_id))
                self._gateway.channels.add(self, name, symbol_id)
        self._follow_books()

    def unsubscribe(self, unwanted: list[tuple[str, SymbolId | None]]) -> None:
        """Hear these channels no more; a name without an instrument means it and all its instruments."""
        for name, symbol_id in unwanted:
            for held in tuple(self._channels):
                if held == (name, symbol_id) or (symbol_id is None and held[0] == name):
                    self._channels.discard(held)
                    self._gateway.channels.remove(self, *held)
        self._follow_books()

    def unsubscribe_all(self) -> None:
        """Hear nothing any more."""
        for held in self._channels:
            self._gateway.channels.remove(self, *held)
        self._channels.clear()
        self._follow_books()

    def parse_channels(self, texts: list[str]) -> list[tuple[str, SymbolId | None]]:
        """Channels by name; raises ``Refused``."""
        parsed = []
        for index, text in enumerate(texts):
            channel = parse_channel(text)
            if channel is None:
                raise Refused(RejectCode.INVALID_MESSAGE, f"there is no channel {text!r}", f"channels[{index}]")
            parsed.append(channel)
        return parsed

    def check_room(self, wanted: list[tuple[str, SymbolId | None]]) -> None:
        """Raise ``Refused`` if these channels would be more than a session may hear."""
        limit = self._connection.limits.max_channels
        if len(self._channels | set(wanted)) > limit:
            raise Refused(RejectCode.NOT_ALLOWED, f"a session hears at most {limit} channels", "channels")

    def subscribed(self, request_id: str | int | None) -> Subscribed:
        """The channels now."""
        shown = sorted(name if symbol_id is None else f"{name}:{symbol_id}" for name, symbol_id in self._channels)
        return Subscribed(data=SubscribedData(channels=shown, rate_hz=self.rate_hz, request_id=request_id))

    def _follow_books(self) -> None:
        symbols = {symbol_id for name, symbol_id in self._channels if name == names.ORDERBOOKS}
        chosen = {symbol_id for symbol_id in symbols if symbol_id is not None}
        self.book_filter = None if None in symbols else frozenset(chosen)
        if symbols:
            self._gateway.books.join(self, self.rate_hz)
        else:
            self.missed_books = frozenset()
            self._gateway.books.leave(self)

    def want_books_again(self) -> None:
        """Have all books that are subscribed to sent with the next ``orderbooks``."""
        listed = frozenset(self._gateway.mirror.instruments)
        self.missed_books = listed if self.book_filter is None else listed & self.book_filter
