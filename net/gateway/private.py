"""Events of one account as the messages its owner gets: ``order_update`` and ``execution``.

They are numbered by the engine's events: event *n* gives the messages 2n and 2n + 1. So the numbers grow but have gaps,
mean the same after a restart of the gateway, and name a message exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from engine.events import OrderAccepted, OrderCanceled, OrderFilled, OrderReplaced, OrderTriggered
from engine.types import OrderStatus, OrderType
from net.messages import Execution, ExecutionShape, OrderShape, OrderUpdate, OrderUpdateShape
from net.units import Units, cash_to_wire, millis

PrivateEvent: TypeAlias = OrderAccepted | OrderFilled | OrderCanceled | OrderReplaced | OrderTriggered
PrivateTold: TypeAlias = list[Execution | OrderUpdate]

NUMBERS_PER_EVENT: Final = 2
# Looking up a member of an Enum takes longer than to make a message.
_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)
_WORKING: Final = OrderStatus.WORKING
_PENDING_TRIGGER: Final = OrderStatus.PENDING_TRIGGER


def last_number(event_sequence: int) -> int:
    """Number of the last private message that events up to ``event_sequence`` can have given."""
    return NUMBERS_PER_EVENT * event_sequence + 1


def private_messages(event: PrivateEvent, event_sequence: int, time: int, units: Units) -> PrivateTold:
    """The messages that ``event`` gives, in order."""
    number, timestamp = NUMBERS_PER_EVENT * event_sequence, millis(time)
    if type(event) is OrderFilled:
        return _filled(event, number, timestamp, units)
    return [OrderUpdate(sequence=number + 1, data=_UPDATES[type(event)](event, timestamp, units))]


def _filled(event: OrderFilled, number: int, timestamp: int, units: Units) -> PrivateTold:
    leaves_quantity = units.quantity(event.leaves_qty)
    execution = ExecutionShape(
        order_id=event.order_id,
        trade_id=event.trade_id,
        symbol_id=event.symbol_id,
        side=event.side,
        price=units.price(event.price),
        quantity=units.quantity(event.qty),
        liquidity=event.liquidity,
        fee=cash_to_wire(event.fee),
        leaves_quantity=leaves_quantity,
        timestamp=timestamp,
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )
    update = OrderUpdateShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        event="filled",
        side=event.side,
        price=None,
        leaves_quantity=leaves_quantity,
        filled_quantity=units.quantity(event.cum_qty),
        timestamp=timestamp,
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )
    return [Execution(sequence=number, data=execution), OrderUpdate(sequence=number + 1, data=update)]


def _canceled(event: OrderCanceled, timestamp: int, units: Units) -> OrderUpdateShape:
    return OrderUpdateShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        event="canceled",
        side=event.side,
        price=_price(event.price, units),
        leaves_quantity=0.0,
        filled_quantity=units.quantity(event.cum_qty),
        timestamp=timestamp,
        reason=event.reason.value,
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )


def _changed(event: OrderReplaced | OrderTriggered, timestamp: int, units: Units) -> OrderUpdateShape:
    cum_qty = event.cum_qty if isinstance(event, OrderReplaced) else 0
    return OrderUpdateShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        event="replaced" if isinstance(event, OrderReplaced) else "triggered",
        side=event.side,
        price=_price(event.price, units),
        leaves_quantity=units.quantity(event.leaves_qty),
        filled_quantity=units.quantity(cum_qty),
        timestamp=timestamp,
        client_order_id=event.client_order_id,
        agent_id=event.account,
    )


def _accepted(event: OrderAccepted, timestamp: int, units: Units) -> OrderUpdateShape:
    price = _price(event.price, units)
    quantity = units.quantity(event.qty)
    order = OrderShape(
        order_id=event.order_id,
        symbol_id=event.symbol_id,
        side=event.side,
        order_type=event.order_type,
        price=price,
        stop_price=_price(event.stop_price, units),
        quantity=quantity,
        leaves_quantity=quantity,
        filled_quantity=0.0,
        status=_PENDING_TRIGGER if event.order_type in _STOPS else _WORKING,
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


def _price(ticks: int | None, units: Units) -> float | None:
    return None if ticks is None else units.price(ticks)


_UPDATES: Final[dict[type, Callable[[Any, int, Units], OrderUpdateShape]]] = {
    OrderAccepted: _accepted,
    OrderCanceled: _canceled,
    OrderReplaced: _changed,
    OrderTriggered: _changed,
}
PRIVATE_EVENTS: Final = frozenset((*_UPDATES, OrderFilled))
"""The types of events that have an owner."""
