"""Requests that wait for their answers: correlated by ``request_id``, each with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TypeAlias

from net import messages as m
from net.errors import DeadlineExceeded, NotConnected, TooManyRequests, TradesimError, UnknownOutcome

_READS = (m.GetPortfolio, m.GetOrders, m.GetTrades, m.GetOrderbook, m.GetCandles, m.GetTape, m.Ping)
_STATE = (m.Subscribe, m.Unsubscribe, m.Resume)
_REPEATABLE = (*_READS, m.CancelOrder, m.CancelAfter)

Answer: TypeAlias = m.AnyServerMessage


def is_repeatable(message: m.AnyClientMessage) -> bool:
    """Whether doing it twice is the same as doing it once, so that a lost answer is settled by asking again."""
    if isinstance(message, m.AddOrder):
        return message.client_order_id is not None
    if isinstance(message, m.AgentRegister):
        return message.agent_id is not None and message.token is not None
    return isinstance(message, _REPEATABLE)


class PendingRequest:
    """One request, from being asked for until its answer, refusal or deadline."""

    __slots__ = ("answer", "frame", "internal", "link", "message", "repeatable", "sent", "timer")

    def __init__(self, message: m.AnyClientMessage, answer: asyncio.Future[Answer], *, internal: bool) -> None:
        self.message = message
        self.frame = m.encode(message)
        self.answer = answer
        self.internal = internal
        """Part of setting the link up: it ends with the link."""
        self.repeatable = is_repeatable(message)
        self.sent = False
        self.link = 0
        """Number of the link it was last sent on."""
        self.timer: asyncio.TimerHandle | None = None

    def fail(self, error: TradesimError) -> None:
        """End the request with an error, unless it has ended already."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def lost(self) -> TradesimError:
        """Say what it means that no answer came."""
        kind = self.message.__struct_config__.tag
        if not self.sent:
            return NotConnected(f"{kind} was not sent: no connection")
        if isinstance(self.message, _READS + _STATE):
            return DeadlineExceeded(f"no answer to {kind} in time")
        client_order_id = self.message.client_order_id if isinstance(self.message, m.AddOrder) else None
        return UnknownOutcome(str(kind), client_order_id)


class PendingRequests:
    """All requests of one client that wait, in the order they were asked for; at most ``limit`` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._requests: dict[int, PendingRequest] = {}

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[PendingRequest]:
        return iter(list(self._requests.values()))

    def add(self, request_id: int, message: m.AnyClientMessage, deadline_s: float, *, internal: bool) -> PendingRequest:
        """Start to wait. Whoever adds a request also removes it."""
        if len(self._requests) >= self._limit and not internal:
            raise TooManyRequests(f"{self._limit} requests already wait for answers")
        loop = asyncio.get_running_loop()
        request = PendingRequest(message, loop.create_future(), internal=internal)
        request.timer = loop.call_later(deadline_s, _expire, request)
        self._requests[request_id] = request
        return request

    def remove(self, request_id: int) -> None:
        """Stop to wait, whatever came of it."""
        request = self._requests.pop(request_id, None)
        if request is not None and request.timer is not None:
            request.timer.cancel()

    def get(self, request_id: int) -> PendingRequest | None:
        """Return the request that waits under this id, if it still does."""
        return self._requests.get(request_id)

    def link_lost(self) -> None:
        """End what cannot be settled by sending it again; the others wait for the next link."""
        for request in self:
            if request.internal or (request.sent and not request.repeatable):
                request.fail(request.lost())

    def fail_all(self) -> None:
        """End all requests: there will be no further link."""
        for request in self:
            request.fail(request.lost())


def _expire(request: PendingRequest) -> None:
    request.fail(request.lost())


def answered_id(message: m.AnyServerMessage) -> int | None:
    """Return the id of the own request that a message answers, or None for a push."""
    match message:
        case m.AgentRegistered() | m.PortfolioUpdate():
            found = message.request_id
        case m.Pong():
            found = message.data.id
        case (
            m.OrderResponse()
            | m.CancelResponse()
            | m.ModifyResponse()
            | m.CancelAllResponse()
            | m.MassQuoteResponse()
            | m.CancelAfterResponse()
            | m.OrderBookSnapshot()
            | m.Orders()
            | m.Trades()
            | m.Candles()
            | m.Tape()
            | m.Resumed()
            | m.Subscribed()
            | m.Error()
        ):
            found = message.data.request_id
        case _:
            return None
    return found if isinstance(found, int) else None
