"""One connection of the engine's TCP door: bytes to requests, answers to bytes, and when to stop reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec

from engine.types import RejectCode
from net.engine_malformed import Malformed, malformed
from net.engine_protocol import MAX_LINE_BYTES, NO_REQUEST, AnyRequest, Reply
from net.logs import get_logger

if TYPE_CHECKING:
    from net.engine_pipeline import EnginePipeline

MAX_IN_FLIGHT = 2_048
"""Requests of one connection that may wait for their answer before it is no longer read from."""

WRITE_BUFFER_BYTES = 1 << 20
"""Bytes that may wait for a slow reader before it is no longer read from."""

Work: TypeAlias = AnyRequest | Malformed

log = get_logger("engine")

_decoder: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_encoder = msgspec.json.Encoder()


class EngineConnection(asyncio.Protocol):
    """Splits lines, decodes them and hands them to the pipeline, which calls ``send`` with the answers."""

    def __init__(
        self,
        pipeline: EnginePipeline,
        on_open: Callable[[EngineConnection], None],
        on_closed: Callable[[EngineConnection], None],
    ) -> None:
        self._pipeline = pipeline
        self._on_open = on_open
        self._on_closed = on_closed
        self._transport: asyncio.Transport | None = None
        self._tail = bytearray()
        self._in_flight = 0
        self._reading = True
        self._greeted = False
        self._ended = False
        self._stalled_at = 0.0
        self.writable = True
        """False while the peer is too slow to take what was written."""
        self.subscribed = False
        self.cursor: int | None = None
        """Next batch of events to send; None until the subscription is answered."""

    @property
    def open(self) -> bool:
        """Whether anything can still be sent."""
        return self._transport is not None

    @property
    def buffered_bytes(self) -> int:
        """Bytes written that the peer has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its base class
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self._on_open(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the peer; what it asked for is still done."""
        del exc
        self._transport = None
        self.cursor = None
        self._on_closed(self)

    def data_received(self, data: bytes) -> None:
        """Decode the complete lines and queue them.

        Only our own clients belong here, whose every line is a JSON object. A web page can make a browser send lines
        of its choice to any local port, but not before a request line; so whoever begins otherwise is cut off.
        """
        if not self._greeted:
            self._greeted = data.startswith(b"{")
            if not self._greeted:
                log.warning("connection cut off", reason="it does not speak JSON lines")
                self.abort()
                return
        if self._ended:
            return
        end = data.rfind(b"\n")
        if end < 0:
            self._tail += data
        else:
            block = bytes(self._tail) + data[:end] if self._tail else data[:end]
            self._tail = bytearray(data[end + 1 :])
            requests = decode_block(block)
            self._ended = bool(requests) and _undecodable(requests[-1])
            self._in_flight += len(requests)
            self._pipeline.offer(self, requests)
            self._adjust_reading()
        if len(self._tail) > MAX_LINE_BYTES and not self._ended:
            self._refuse_line()

    def eof_received(self) -> bool:
        """Keep the way back open until what was asked is answered."""
        self._ended = True
        return self._in_flight > 0

    def _refuse_line(self) -> None:
        self._tail.clear()
        message = f"a line may have {MAX_LINE_BYTES} bytes"
        self.send(_encoder.encode(Reply(id=NO_REQUEST, code=RejectCode.INVALID_MESSAGE, message=message)) + b"\n", 0)
        self.close()

    def send(self, lines: bytes | bytearray, answered: int) -> None:
        """Write answer lines; ``answered`` requests are no longer in flight."""
        self._in_flight -= answered
        if self._transport is not None:
            self._transport.write(lines)
            if self._ended and self._in_flight <= 0:
                self._transport.close()
            self._adjust_reading()

    def close(self) -> None:
        """Send what was written, then close."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read."""
        self.writable = False
        self._stalled_at = monotonic()
        self._adjust_reading()

    def resume_writing(self) -> None:
        """Go on, with the events first."""
        self.writable = True
        self._adjust_reading()
        if self.cursor is not None:
            self._pipeline.feed.pump(self)
        self._pipeline.schedule()

    @property
    def stalled_s(self) -> float:
        """Seconds for which the peer has not read what was written; 0 while it reads."""
        return 0.0 if self.writable else monotonic() - self._stalled_at

    def _adjust_reading(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._reading and (not self.writable or self._in_flight > MAX_IN_FLIGHT):
            self._reading = False
            self._transport.pause_reading()
        elif not self._reading and self.writable and self._in_flight <= MAX_IN_FLIGHT // 2:
            self._reading = True
            self._transport.resume_reading()


def decode_block(block: bytes) -> list[Work]:
    """Decode lines, all at once when all are well-formed, which is nearly always.

    A line that is no JSON is the last one: whoever wrote it does not mean what follows.
    """
    try:
        return list(_decoder.decode_lines(block))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    requests: list[Work] = []
    for line in block.split(b"\n"):
        if line.strip():
            requests.append(_decode_line(line))
            if _undecodable(requests[-1]):
                break
    return requests


def _undecodable(request: Work) -> bool:
    return type(request) is Malformed and request.code is RejectCode.INVALID_JSON


def _decode_line(line: bytes) -> Work:
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return malformed(line, error)
