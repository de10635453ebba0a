"""What the engine answers: the events of a command folded into one reply, and the results of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.commands import AnyCommand, CancelOrder, NewOrder, ReplaceOrder
from engine.events import (
    AnyEvent,
    CancelAfterSet,
    DepthChanged,
    InstrumentAdded,
    NewsPublished,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderReplaced,
    OrderTriggered,
    Rejected,
    Trade,
)
from engine.service import OrderBookService
from engine.types import OrderId, OrderStatus, OrderType, RejectCode
from net.engine_protocol import Reply

_ORDER_COMMANDS: Final = frozenset({NewOrder, CancelOrder, ReplaceOrder})
_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)
# Looking up a member of an Enum takes longer than the rest of an answer.
_WORKING: Final = OrderStatus.WORKING
_FILLED: Final = OrderStatus.FILLED
_CANCELED: Final = OrderStatus.CANCELED
_PENDING_TRIGGER: Final = OrderStatus.PENDING_TRIGGER


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
        return _order_answer(request_id, events, sequence)
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


def _order_answer(request_id: int, events: Sequence[AnyEvent], sequence: int) -> Reply:
    """The first event names the order; the later ones that name it say how it stands.

    Structs are told apart by ``type() is``: their ``isinstance`` asks a metaclass and takes three times as long.
    """
    order_id: OrderId | None = None
    status = _WORKING
    leaves_qty = cum_qty = cum_notional = 0
    for event in events:
        if type(event) is DepthChanged or type(event) is Trade:
            continue
        if type(event) is OrderAccepted:
            order_id, leaves_qty = event.order_id, event.qty
            if event.order_type in _STOPS:
                status = _PENDING_TRIGGER
        elif type(event) is OrderFilled:
            if event.order_id == order_id:
                leaves_qty, cum_qty = event.leaves_qty, event.cum_qty
                cum_notional += event.price * event.qty
        elif type(event) is OrderCanceled:
            if order_id is None or event.order_id == order_id:
                order_id, leaves_qty, cum_qty, status = event.order_id, 0, event.cum_qty, _CANCELED
        elif type(event) is OrderReplaced:
            if order_id is None or event.order_id == order_id:
                order_id, leaves_qty, cum_qty = event.order_id, event.leaves_qty, event.cum_qty
        elif type(event) is OrderTriggered and event.order_id == order_id:
            status = _WORKING
    if leaves_qty == 0 and status is _WORKING:
        status = _FILLED
    return Reply(
        id=request_id,
        sequence=sequence,
        order_id=order_id,
        order_status=status,
        leaves_qty=leaves_qty,
        cum_qty=cum_qty,
        cum_notional=cum_notional,
    )


def first_answer(request_id: int, service: OrderBookService, order: NewOrder) -> Reply | None:
    """Answer an order whose ``client_order_id`` was used before as the first one was, if that is still known."""
    first = service.answered(order.account, order.client_order_id) if order.client_order_id is not None else None
    if first is None:
        return None
    return Reply(
        id=request_id,
        sequence=service.sequence,
        order_id=first.order_id,
        order_status=first.status,
        leaves_qty=first.leaves_qty,
        cum_qty=first.cum_qty,
        cum_notional=first.cum_notional,
        duplicate=True,
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
