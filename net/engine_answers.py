"""What the engine answers: the events of a command folded into one reply, and the results of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from engine.answering import order_answer
from engine.commands import AnyCommand, CancelOrder, NewOrder, ReplaceOrder
from engine.events import (
    AnyEvent,
    CancelAfterSet,
    InstrumentAdded,
    NewsPublished,
    OrderAccepted,
    OrderCanceled,
    Rejected,
)
from engine.service import OrderAnswer, OrderBookService
from engine.types import OrderId, RejectCode
from net.engine_protocol import Reply

_ORDER_COMMANDS: Final = frozenset({NewOrder, CancelOrder, ReplaceOrder})


def answer(request_id: int, command: AnyCommand, events: Sequence[AnyEvent], service: OrderBookService) -> Reply:
    """Fold all events of one command, which ``service`` has just done, into the answer to its request."""
    sequence = service.sequence
    if not events:
        return Reply(id=request_id, sequence=sequence)
    first = events[0]
    if type(first) is Rejected:
        if first.code is RejectCode.DUPLICATE_ORDER and isinstance(command, NewOrder):
            return first_answer(request_id, service, command) or refusal(request_id, first, sequence)
        return refusal(request_id, first, sequence)
    if type(command) in _ORDER_COMMANDS:
        return _order_reply(request_id, sequence, order_answer(events))
    order_ids: list[OrderId] = []
    symbol_id = news_id = deadline = None
    for event in events:
        if isinstance(event, (OrderCanceled, OrderAccepted)):
            order_ids.append(event.order_id)
        elif isinstance(event, InstrumentAdded):
            symbol_id = event.instrument.symbol_id
        elif isinstance(event, NewsPublished):
            news_id = event.news_id
        elif isinstance(event, CancelAfterSet):
            deadline = event.deadline
    return Reply(
        id=request_id,
        sequence=sequence,
        order_ids=tuple(order_ids),
        symbol_id=symbol_id,
        news_id=news_id,
        deadline=deadline,
    )


def first_answer(request_id: int, service: OrderBookService, order: NewOrder) -> Reply | None:
    """Answer an order whose ``client_order_id`` was used before as the first one was, if that is still known."""
    first = service.answered(order.account, order.client_order_id) if order.client_order_id is not None else None
    return None if first is None else replace(_order_reply(request_id, service.sequence, first), duplicate=True)


def _order_reply(request_id: int, sequence: int, answered: OrderAnswer) -> Reply:
    return Reply(
        id=request_id,
        sequence=sequence,
        order_id=answered.order_id,
        order_status=answered.status,
        leaves_qty=answered.leaves_qty,
        cum_qty=answered.cum_qty,
        cum_notional=answered.cum_notional,
    )


def refusal(request_id: int, event: Rejected, sequence: int) -> Reply:
    """Say why the service refused a command."""
    return Reply(
        id=request_id,
        sequence=sequence,
        code=event.code,
        message=event.message,
        field=event.field,
        order_id=event.order_id,
        symbol_id=event.symbol_id,
    )
