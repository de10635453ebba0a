"""Events of one account as the messages its owner gets: ``order_update`` and ``execution``.

They are numbered by the engine's events: event *n* gives the messages 2n and 2n + 1. So the numbers grow but have gaps,
mean the same after a restart of the gateway, and name a message exactly.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from engine.events import OrderAccepted, OrderCanceled, OrderFilled, OrderReplaced, OrderTriggered
from engine.types import OrderStatus, OrderType
from net.gateway.frames import message_frame
from net.messages import Execution, ExecutionShape, OrderShape, OrderUpdate, OrderUpdateShape
from net.units import Units, cash_to_wire, millis

PrivateEvent: TypeAlias = OrderAccepted | OrderFilled | OrderCanceled | OrderReplaced | OrderTriggered
PRIVATE_EVENTS: Final = (OrderAccepted, OrderFilled, OrderCanceled, OrderReplaced, OrderTriggered)

NUMBERS_PER_EVENT: Final = 2
_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)


def last_number(event_sequence: int) -> int:
    """Number of the last private message that events up to ``event_sequence`` can have given."""
    return NUMBERS_PER_EVENT * event_sequence + 1


def private_frames(event: PrivateEvent, event_sequence: int, time: int, units: Units) -> list[tuple[int, bytes]]:
    """The numbered frames that ``event`` gives, in order."""
    number = NUMBERS_PER_EVENT * event_sequence
    timestamp = millis(time)
    update = OrderUpdate(sequence=number + 1, data=_update(event, timestamp, units))
    frames = [(number + 1, message_frame(update))]
    if isinstance(event, OrderFilled):
        execution = Execution(sequence=number, data=_execution(event, timestamp, units))
        frames.insert(0, (number, message_frame(execution)))
    return frames


def _execution(event: OrderFilled, timestamp: int, units: Units) -> ExecutionShape:
    return ExecutionShape(
        order_id=event.order_id,
        trade_id=event.trade_id,
        symbol_id=event.symbol_id,
        side=event.side,
        price=units.price(event.price),
        quantity=units.quantity(event.qty),
        liquidity=event.liquidity,
        fee=cash_to_wire(event.fee),
        leaves_quantity=units.quantity(event.leaves_qty),
        timestamp=timestamp,
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )


def _update(event: PrivateEvent, timestamp: int, units: Units) -> OrderUpdateShape:
    price: int | None = None
    filled, reason = 0, None
    match event:
        case OrderAccepted():
            return _accepted(event, timestamp, units)
        case OrderFilled():
            name, price, filled = "filled", event.price, event.cum_qty
        case OrderCanceled():
            name, filled, reason = "canceled", event.cum_qty, event.reason.value
        case OrderReplaced():
            name, price, filled = "replaced", event.price, event.cum_qty
        case OrderTriggered():
            name, price = "triggered", event.price
    return OrderUpdateShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        event=name,
        side=event.side,
        price=None if price is None else units.price(price),
        leaves_quantity=0.0 if reason else units.quantity(event.leaves_qty),
        filled_quantity=units.quantity(filled),
        timestamp=timestamp,
        reason=reason,
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )


def _accepted(event: OrderAccepted, timestamp: int, units: Units) -> OrderUpdateShape:
    price = None if event.price is None else units.price(event.price)
    quantity = units.quantity(event.qty)
    order = OrderShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        side=event.side,
        order_type=event.order_type,
        price=price,
        stop_price=None if event.stop_price is None else units.price(event.stop_price),
        quantity=quantity,
        leaves_quantity=quantity,
        filled_quantity=0.0,
        status=OrderStatus.PENDING_TRIGGER if event.order_type in _STOPS else OrderStatus.WORKING,
        time_in_force=event.tif,
        created_at=timestamp,
        post_only=event.post_only,
        reduce_only=event.reduce_only,
        display_quantity=None if event.display_qty is None else units.quantity(event.display_qty),
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )
    return OrderUpdateShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        event="accepted",
        side=event.side,
        price=price,
        leaves_quantity=quantity,
        filled_quantity=0.0,
        timestamp=timestamp,
        client_order_id=event.client_order_id,
        agent_id=event.account,
        order=order,
    )
