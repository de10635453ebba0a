"""One WebSocket connection of a client of the venue: what it said, what it hears."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from net.errors import TradesimError
from net.gateway.connection import Connection
from net.gateway.frames import text_frame
from net.hyperliquid import refusals, wire
from net.hyperliquid import subscriptions as subs
from net.hyperliquid.subscriptions import AnySubscription
from net.hyperliquid.venue import doing, questions
from net.hyperliquid.venue.answers import Undecodable
from net.hyperliquid.venue.faults import FaultKind

if TYPE_CHECKING:
    from net.hyperliquid.venue.streams import Streams

POSTS_MAX: Final = 100
SUBSCRIPTIONS_MAX: Final = 1_000
STREAM_BUFFER_BYTES: Final = 1 << 18
"""Unsent bytes past which books and other newest-wins streams skip a client."""
PRIVATE_BUFFER_BYTES: Final = 1 << 22
"""Unsent bytes past which a client is hung up on, because what it would miss cannot be made up."""
ECHO_BYTES: Final = 1_000
"""How much of an unreadable frame its answer says again."""

_log = structlog.get_logger(__name__)
_UNREADABLE: Final = "Error parsing JSON into valid websocket request: "


class StreamSession:
    """Speaks over one connection (it is the gateway's ``Handler``)."""

    def __init__(self, streams: Streams, connection: Connection) -> None:
        self._streams = streams
        self._connection = connection
        self.address = address_of(connection)
        self._posts: set[asyncio.Task[None]] = set()
        self.subscriptions: dict[AnySubscription, AnySubscription] = {}
        """By key, as the client wrote them."""
        self.sent_at = asyncio.get_running_loop().time()
        """When anything was last sent: the venue cuts who hears nothing for a minute."""

    # --- what the connection says -----------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether to read no further: the venue is being loaded, or too many posts are under way.

        A strict venue refuses posts in place of that, as the live one does.
        """
        return not self._streams.venue.ready.is_set() or (self._streams.limits is None and self._posts_full)

    def opened(self) -> None:
        """The venue greets nobody."""

    def too_big(self) -> None:
        """The close code says it."""

    def closed(self) -> None:
        """The connection is gone; what it asked for is done all the same, as over HTTP."""
        self._streams.leave(self)

    def received(self, payload: bytes) -> None:
        """One frame of the client."""
        limits = self._streams.limits
        if limits is not None and not limits.speaks(self.address, asyncio.get_running_loop().time()):
            self._error(refusals.TOO_MANY_MESSAGES)
            return
        try:
            frame = wire.decode_client_frame(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._unreadable(payload)
            return
        match frame:
            case wire.Ping():
                self.send(wire.encode(wire.PongFrame()))
            case wire.Subscribe(subscription=subscription):
                self._subscribe(subscription)
            case wire.Unsubscribe(subscription=subscription):
                self._unsubscribe(subscription)
            case wire.Post(id=number) if self._posts_full:
                self._error(f"{refusals.TOO_MANY_POSTS} id={number}")
            case wire.Post():
                task = asyncio.get_running_loop().create_task(self._post(frame, payload))
                self._posts.add(task)
                task.add_done_callback(self._post_done)

    def go_on(self) -> None:
        """Take up the messages that waited."""
        self._connection.go_on()

    # --- what the streams say ---------------------------------------------------------------------------------------

    def send(self, payload: bytes) -> None:
        """Send one message, unless the client has long stopped reading."""
        if self._connection.unsent_bytes > PRIVATE_BUFFER_BYTES:
            self.hang_up()
        else:
            self._write(text_frame(payload))

    def push(self, channel: str, frame: bytes, *, newest_wins: bool) -> None:
        """Send a stream's frame, unless the client reads too slowly or a fault strikes."""
        unsent = self._connection.unsent_bytes
        if newest_wins and unsent > STREAM_BUFFER_BYTES:
            return
        if unsent > PRIVATE_BUFFER_BYTES:
            self.hang_up()
            return
        fault = self._streams.faults.strike(channel, FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.DELAY)
        if fault is None:
            self._write(frame)
        elif fault.kind is FaultKind.DUPLICATE:
            self._write(frame)
            self._write(frame)
        elif fault.kind is FaultKind.DELAY:
            asyncio.get_running_loop().call_later(fault.seconds, self._write, frame)
        else:
            self.hang_up()

    def hang_up(self) -> None:
        """Cut the connection without a word, as the live venue does."""
        self._connection.hang_up()

    def _write(self, frame: bytes) -> None:
        self.sent_at = asyncio.get_running_loop().time()
        self._connection.write(frame)

    # --- subscriptions ----------------------------------------------------------------------------------------------

    def _subscribe(self, subscription: AnySubscription) -> None:
        key = key_of(subscription)
        refusal = self._refusal(subscription, key)
        if refusal is not None:
            self._error(refusal)
            return
        strict = self._streams.settings.hang_up_on_bad_names
        faulty = self._streams.faults.strike(channel_of(subscription), FaultKind.REFUSE) is not None
        if faulty or not self._streams.knows(subscription):
            if strict and not faulty:
                self.hang_up()
            else:
                self._error(f"Invalid subscription {_text(subscription)}")
            return
        self.subscriptions[key] = subscription
        self.send(wire.encode(wire.AckFrame(data=wire.Ack(method="subscribe", subscription=subscription))))
        self._streams.join(self, key)

    def _refusal(self, subscription: AnySubscription, key: AnySubscription) -> str | None:
        if key in self.subscriptions:
            return f"Already subscribed: {_text(subscription)}"
        if len(self.subscriptions) >= SUBSCRIPTIONS_MAX:
            return "Cannot subscribe to more than 1000 channels."
        users = {user for each in self.subscriptions if (user := getattr(each, "user", None)) is not None}
        users |= {user for user in (getattr(key, "user", None),) if user is not None}
        allowed = self._streams.settings.max_users_per_socket
        if len(users) > allowed:
            return f"Cannot track more than {allowed} total users."
        return None

    def _unsubscribe(self, subscription: AnySubscription) -> None:
        key = key_of(subscription)
        if self.subscriptions.pop(key, None) is None:
            self._error(f"Already unsubscribed: {_text(subscription)}")
            return
        self._streams.part(self, key)
        self.send(wire.encode(wire.AckFrame(data=wire.Ack(method="unsubscribe", subscription=subscription))))

    # --- posts ------------------------------------------------------------------------------------------------------

    @property
    def _posts_full(self) -> bool:
        return len(self._posts) >= POSTS_MAX

    async def _post(self, post: wire.Post, raw: bytes) -> None:
        response: dict[str, object]
        try:
            response = await self._answer(post)
        except (Undecodable, questions.BadAggregation):
            self._unreadable(raw)
            return
        except doing.Lost:
            self.hang_up()
            return
        except doing.Broken as error:
            response = {"type": "error", "payload": str(error)}
        except TradesimError:
            response = {"type": "error", "payload": refusals.UNAVAILABLE}
        self.send(msgspec.json.encode({"channel": "post", "data": {"id": post.id, "response": response}}))

    async def _answer(self, post: wire.Post) -> dict[str, object]:
        payload = memoryview(post.request.payload)
        if post.request.type == "info":
            question = questions.read(payload)
            data = await doing.ask(self._streams.venue, question)
            return {"type": "info", "payload": {"type": question.type, "data": data}}
        return {"type": "action", "payload": await doing.act(self._streams.venue, payload)}

    def _post_done(self, task: asyncio.Task[None]) -> None:
        self._posts.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("hyperliquid_post_failed", exc_info=error)
        self._connection.go_on()

    def _unreadable(self, payload: bytes) -> None:
        self._error(_UNREADABLE + payload[:ECHO_BYTES].decode(errors="replace"))

    def _error(self, text: str) -> None:
        self.send(wire.encode(wire.ErrorFrame(data=text)))


def address_of(connection: Connection) -> str:
    """The IP address of a client."""
    return connection.peer.partition("'")[2].partition("'")[0]


def key_of(subscription: AnySubscription) -> AnySubscription:
    """What makes two subscriptions the same: addresses in lower case, no first dex named."""
    changes: dict[str, object] = {}
    user = getattr(subscription, "user", None)
    if user is not None and user != user.lower():
        changes["user"] = user.lower()
    if getattr(subscription, "dex", msgspec.UNSET) == "":
        changes["dex"] = msgspec.UNSET
    return msgspec.structs.replace(subscription, **changes) if changes else subscription


def channel_of(subscription: AnySubscription) -> str:
    """Name of a subscription's type."""
    return str(type(subscription).__struct_config__.tag)


def _text(subscription: subs.AnySubscription) -> str:
    return wire.encode(subscription).decode()
