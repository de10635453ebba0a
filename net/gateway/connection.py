"""One WebSocket connection: bytes from and to the transport, the protocol rules being those of ``websockets``.

uvicorn hands an upgraded connection over to an object of this class (``uvicorn.Config(ws=…)``); the rules of RFC 6455
are ``websockets.server.ServerProtocol``, which does no I/O. Frames for clients are made once and written here as they
are, so that a message to a thousand clients is encoded once. No task belongs to a connection at rest.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState, PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from net.gateway.framing import FrameTracker, plain_texts
from net.gateway.outgoing import Outgoing
from net.process import client_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from net.gateway.config import SessionLimits

CLOSE_TIMEOUT_S: Final = 5.0
"""How long a client may take to answer a close frame, or to read what was sent before it."""

SEND_BUFFER_BYTES: Final = 1 << 16
NOT_SENT_LOW_WATER_BYTES: Final = 4_096
"""The kernel's buffer is a queue too: without these two, a slow reader sees data half a minute old."""

GOING_AWAY: Final = 1001
SERVICE_RESTART: Final = 1012
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
TRY_AGAIN_LATER: Final = 1013

_TCP_NOTSENT_LOWAT: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class Handler(Protocol):
    """Who speaks over a connection."""

    @property
    def busy(self) -> bool:
        """Whether to read no further messages for now; ``Connection.go_on`` ends that."""

    def opened(self) -> None:
        """The connection is open."""

    def received(self, payload: bytes) -> None:
        """One message came."""

    def too_big(self) -> None:
        """A message over the limit came; the connection ends after what is said now."""

    def closed(self) -> None:
        """The connection is gone."""


class Refusal(Exception):
    """The upgrade is refused with an HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Connection(asyncio.Protocol):
    """Speaks WebSocket over one transport.

    Args:
        accept: makes the handler for a request, or raises ``Refusal``.
        limits: bounds on what a client may send and leave unread.
        outgoing: what all connections of the server gather, and when it is written.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        accept: Callable[[Connection, Request], Handler],
        limits: SessionLimits,
        outgoing: Outgoing,
    ) -> None:
        del config
        self.limits = limits
        self.heard_s = 0.0
        """When (loop time) the client last sent anything."""
        self.behind_bytes = 0
        """``unsent_bytes`` after the last write, which costs nothing to look at."""
        self._accept = accept
        self._connections = server_state.connections
        self._protocol = ServerProtocol(max_size=limits.max_message_bytes)
        self._transport: asyncio.Transport | None = None
        self._forwarded = ""
        """For whom a proxy connected, as it says."""
        self._handler: Handler | None = None
        self._inbox: deque[bytes] = deque()
        self._fragments: list[bytes] = []
        self._frames = FrameTracker()
        self._reading = True
        self._handing_on = False
        self._open = False
        self._outgoing = outgoing
        self._due = False
        """Whether what was gathered is written at the end of this turn."""
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._abort_timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    # --- what the event loop and uvicorn call -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no asyncio.Transport by class
        self._connections.add(self)  # type: ignore[arg-type]
        self.heard_s = self._loop.time()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and hand complete messages on."""
        self.heard_s = self._loop.time()
        if self._frames.between_frames and self._open and not self._fragments:
            texts, end = plain_texts(data, self.limits.max_message_bytes)
            self._inbox.extend(texts)
            if end == len(data):
                self.go_on()
                return
            data = data[end:] if end else data
        self._frames.skip(data)
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._handshake(event)
                if self._open and data.endswith(b"\r\n\r\n"):
                    self._frames.start()
            elif isinstance(event, Frame):
                self._frame(event)
        if self._open and self._handler is not None and isinstance(self._protocol.parser_exc, PayloadTooBig):
            self._handler.too_big()
        self._flush()
        self.go_on()

    def eof_received(self) -> None:
        """The client sends no more."""
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        del exc
        self._open = False
        self._connections.discard(self)
        self._inbox.clear()
        self._out.clear()
        self._out_bytes = 0
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.closed()

    def shutdown(self) -> None:
        """Close because the server stops."""
        self.close(GOING_AWAY, "the gateway stops")

    # --- what the session calls -------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether messages may be sent."""
        return self._open

    @property
    def peer(self) -> str:
        """Address of the client."""
        return "" if self._transport is None else str(self._transport.get_extra_info("peername"))

    @property
    def host(self) -> str:
        """The same without the port; that of a proxy's client where a proxy of this machine tells it."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return client_address(str(name[0]), self._forwarded) if isinstance(name, tuple) else ""

    @property
    def unsent_bytes(self) -> int:
        """What the client has not read yet, the kernel's own buffer apart."""
        return self._out_bytes + (0 if self._transport is None else self._transport.get_write_buffer_size())

    def write(self, frame: bytes) -> None:
        """Write one whole frame, together with all others of this turn of the loop: a system call costs more."""
        if self._open:
            self._out.append(frame)
            self._out_bytes += len(frame)
            if not self._due:
                self._due = True
                self._outgoing.now(self)

    def write_soon(self, frames: list[bytes]) -> None:
        """Write whole frames in this turn or, when the server is busy, with what is written next."""
        if self._open:
            if not self._out:
                self._outgoing.soon(self)
            self._out += frames
            for frame in frames:
                self._out_bytes += len(frame)

    def write_now(self, frame: bytes) -> None:
        """Write one whole frame without waiting for more: for one that is alone in its turn."""
        if self._out:
            self.write(frame)
        elif self._open and self._transport is not None:
            self._transport.write(frame)
            self.behind_bytes = self._transport.get_write_buffer_size()

    def ping(self) -> None:
        """Ask whether the client is still there."""
        if self._open:
            self._protocol.send_ping(b"")
            self._flush()

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; whoever does not answer in time is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._open:
            self._open = False
            try:
                self._protocol.send_close(code, reason)
            except InvalidState:
                self._transport.close()
            self._flush()
            self._read_on()
        self._abort_later()

    def hang_up(self) -> None:
        """Cut the connection without a closing handshake."""
        self._open = False
        self._abort()

    def go_on(self) -> None:
        """Hand on the messages that wait, as long as the handler takes them; read on when none waits."""
        if self._handing_on:  # the handler answered at once: the loop below goes on anyway
            return
        handler, inbox = self._handler, self._inbox
        self._handing_on = True
        try:
            while inbox and handler is not None and not handler.busy and self._open:
                handler.received(inbox.popleft())
        finally:
            self._handing_on = False
        if not self._open:
            inbox.clear()
        read = not (self._open and handler is not None and (inbox or handler.busy))
        if read is self._reading or self._transport is None or self._transport.is_closing():
            return
        if read:
            self._read_on()
        else:
            self._reading = False
            self._transport.pause_reading()

    # --- within -----------------------------------------------------------------------------------------------------

    def _handshake(self, request: Request) -> None:
        handler = None
        self._forwarded = ",".join(request.headers.get_all("X-Forwarded-For"))
        response = self._protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:  # a handler is made for whom nothing else refuses
            try:
                handler = self._accept(self, request)
            except Refusal as refusal:
                response = self._protocol.reject(refusal.status, refusal.text)
            except LookupError:  # websockets' MultipleValuesError
                response = self._protocol.reject(400, "a header is there twice\n")
        self._protocol.send_response(response)
        if handler is None:
            return
        self._flush()
        self._handler = handler
        self._open = True
        self._limit_kernel_buffer()
        handler.opened()

    def _frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                self._inbox.append(bytes(frame.data))
            case Opcode.TEXT | Opcode.BINARY:
                self._fragments = [bytes(frame.data)]
            case Opcode.CONT:
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    self._inbox.append(b"".join(self._fragments))
                    self._fragments = []
                elif len(self._fragments) > self.limits.max_fragments and self._open:
                    if self._handler is not None:
                        self._handler.too_big()
                    self.close(TOO_BIG, "too many fragments")
            case Opcode.CLOSE:
                self._open = False
            case _:
                pass  # pings were answered, pongs noted, by now
        if frame.opcode is Opcode.PING and self.unsent_bytes > self.limits.private_buffer_bytes:
            self.close(TRY_AGAIN_LATER, "too_slow")

    def write_out(self) -> None:
        """Write what was gathered."""
        frames, self._out, self._out_bytes = self._out, [], 0
        self._due = False
        transport = self._transport
        if frames and transport is not None and not transport.is_closing():
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
            self.behind_bytes = transport.get_write_buffer_size()

    def _flush(self) -> None:
        """Write what the protocol has to say, after the frames before it."""
        transport = self._transport
        if transport is None:
            return
        pieces = self._protocol.data_to_send()
        if not pieces:
            return
        self.write_out()
        for data in pieces:
            if transport.is_closing():
                return
            if data:
                transport.write(data)
            else:  # the protocol's sign that the connection shall end
                self._open = False
                if isinstance(self._protocol.parser_exc, PayloadTooBig) and transport.can_write_eof():
                    transport.write_eof()  # closed with the rest of the message unread, it would take the answer along
                else:
                    transport.close()
                self._abort_later()

    def _read_on(self) -> None:
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def _abort_later(self) -> None:
        if self._abort_timer is None:
            self._abort_timer = self._loop.call_later(CLOSE_TIMEOUT_S, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _limit_kernel_buffer(self) -> None:
        sock = None if self._transport is None else self._transport.get_extra_info("socket")
        if sock is None:
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if _TCP_NOTSENT_LOWAT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, NOT_SENT_LOW_WATER_BYTES)
