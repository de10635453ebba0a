"""Order messages as commands, and replies as results: the one place where both worlds' words for an order meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from engine import commands
from engine.types import AccountId, OrderType, RejectCode, SymbolId
from net.engine_protocol import Reply
from net.gateway.wording import wire_field, wire_reason
from net.messages import (
    AddOrder,
    CancelAfterResult,
    CancelAll,
    CancelOrder,
    MassQuote,
    MassResult,
    ModifyOrder,
    OrderResult,
    QuoteLevel,
    Status,
)
from net.units import UnitError, Units, millis, nanos

RequestId: TypeAlias = str | int | None


class Refused(Exception):
    """The request cannot be passed on: why, as its answer will say."""

    def __init__(self, code: RejectCode, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


OrderRequest: TypeAlias = AddOrder | CancelOrder | ModifyOrder
OrderCommand: TypeAlias = commands.NewOrder | commands.CancelOrder | commands.ReplaceOrder
Refusal: TypeAlias = Refused | UnitError
UnitsBySymbol: TypeAlias = Mapping[SymbolId, Units]

# Looking up a member of an Enum takes longer than to convert a price.
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_SUCCESS: Final = Status.SUCCESS


def units_of(symbol_id: SymbolId, units: UnitsBySymbol) -> Units:
    """The units of a listed instrument; raises ``Refused`` for an unknown one."""
    found = units.get(symbol_id)
    if found is None:
        raise Refused(RejectCode.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol_id}", "symbol_id")
    return found


def order_command(message: OrderRequest, account: AccountId, units: UnitsBySymbol) -> OrderCommand:
    """The command of any order request; raises ``Refused`` or ``UnitError``."""
    match message:  # REST's requests are of subclasses
        case AddOrder():
            return new_order(message, account, units)
        case CancelOrder():
            return cancel_order(message, account, units)
        case ModifyOrder():
            return replace_order(message, account, units)


def new_order(message: AddOrder, account: AccountId, units: UnitsBySymbol) -> commands.NewOrder:
    """The command of ``add_order``; raises ``Refused`` or ``UnitError``."""
    scale = units_of(message.symbol_id, units)
    order_type = message.order_type
    if order_type is None:
        order_type = _MARKET if message.price is None else _LIMIT
    return commands.NewOrder(
        account=account,
        symbol_id=message.symbol_id,
        side=message.side,
        qty=scale.lots(message.quantity),
        type=order_type,
        price=None if message.price is None else scale.ticks(message.price),
        stop_price=None if message.stop_price is None else scale.ticks(message.stop_price, "stop_price"),
        tif=message.time_in_force,
        expires_at=None if message.expires_at is None else nanos(message.expires_at),
        post_only=message.post_only,
        reduce_only=message.reduce_only,
        display_qty=None
        if message.display_quantity is None
        else scale.lots(message.display_quantity, "display_quantity"),
        client_order_id=message.client_order_id,
    )


def cancel_order(message: CancelOrder, account: AccountId, units: UnitsBySymbol) -> commands.CancelOrder:
    """The command of ``cancel_order``; raises ``Refused``."""
    units_of(message.symbol_id, units)
    _check_named(message)
    return commands.CancelOrder(
        account=account,
        symbol_id=message.symbol_id,
        order_id=message.order_id,
        client_order_id=message.client_order_id,
    )


def replace_order(message: ModifyOrder, account: AccountId, units: UnitsBySymbol) -> commands.ReplaceOrder:
    """The command of ``modify_order``; raises ``Refused`` or ``UnitError``."""
    scale = units_of(message.symbol_id, units)
    _check_named(message)
    return commands.ReplaceOrder(
        account=account,
        symbol_id=message.symbol_id,
        order_id=message.order_id,
        client_order_id=message.client_order_id,
        price=None if message.price is None else scale.ticks(message.price),
        stop_price=None if message.stop_price is None else scale.ticks(message.stop_price, "stop_price"),
        qty=None if message.quantity is None else scale.lots(message.quantity),
    )


def cancel_all(message: CancelAll, account: AccountId, units: UnitsBySymbol) -> commands.CancelAll:
    """The command of ``cancel_all``; raises ``Refused``."""
    if message.symbol_id is not None:
        units_of(message.symbol_id, units)
    return commands.CancelAll(account=account, symbol_id=message.symbol_id, side=message.side)


def mass_quote(message: MassQuote, account: AccountId, units: UnitsBySymbol) -> commands.MassQuote:
    """The command of ``mass_quote``; raises ``Refused`` or ``UnitError``."""
    scale = units_of(message.symbol_id, units)
    return commands.MassQuote(
        account=account,
        symbol_id=message.symbol_id,
        bids=_quotes(message.bids, scale, "bids"),
        asks=_quotes(message.asks, scale, "asks"),
    )


def order_result(message: OrderRequest, reply: Reply, units: Units) -> OrderResult:
    """What an order request came to."""
    if reply.code is not None:
        return OrderResult(
            status=Status.ERROR,
            order_id=reply.order_id,
            client_order_id=message.client_order_id,
            request_id=message.request_id,
            code=reply.code,
            message=wire_reason(reply.message or reply.code.value, units),
            field=wire_field(reply.field),
        )
    average_price = None
    if reply.cum_notional and reply.cum_qty and isinstance(message, AddOrder):  # elsewhere they count different fills
        average_price = reply.cum_notional * units.tick_e8 / (reply.cum_qty * 10**8)
    return OrderResult(
        status=_SUCCESS,
        order_id=reply.order_id,
        client_order_id=message.client_order_id,
        request_id=message.request_id,
        leaves_quantity=None if reply.leaves_qty is None else units.quantity(reply.leaves_qty),
        filled_quantity=None if reply.cum_qty is None else units.quantity(reply.cum_qty),
        average_price=average_price,
    )


def refused_order(message: OrderRequest, refused: Refusal) -> OrderResult:
    """The answer to an order request that was not passed on."""
    return OrderResult(
        status=Status.ERROR,
        client_order_id=message.client_order_id,
        request_id=message.request_id,
        code=refused.code,
        message=refused.message,
        field=refused.field,
    )


def mass_result(reply: Reply, request_id: RequestId, units: Units | None = None) -> MassResult:
    """What a request about many orders came to; ``units`` are those of the one instrument it was about."""
    if reply.code is not None:
        reason = reply.message or reply.code.value
        return MassResult(
            status=Status.ERROR,
            request_id=request_id,
            code=reply.code,
            message=reason if units is None else wire_reason(reason, units),
            field=wire_field(reply.field),
        )
    return MassResult(status=Status.SUCCESS, order_ids=list(reply.order_ids), request_id=request_id)


def refused_mass(refused: Refusal, request_id: RequestId) -> MassResult:
    """The answer to a request about many orders that was not passed on."""
    return MassResult(
        status=Status.ERROR,
        request_id=request_id,
        code=refused.code,
        message=refused.message,
        field=refused.field,
    )


def cancel_after_result(reply: Reply, request_id: RequestId) -> CancelAfterResult:
    """What setting a dead man's switch came to."""
    if reply.code is not None:
        return CancelAfterResult(
            status=Status.ERROR,
            request_id=request_id,
            code=reply.code,
            message=reply.message or reply.code.value,
        )
    deadline = None if reply.deadline is None else millis(reply.deadline)
    return CancelAfterResult(status=Status.SUCCESS, deadline=deadline, request_id=request_id)


def _quotes(levels: list[QuoteLevel], units: Units, side: str) -> tuple[commands.Quote, ...]:
    return tuple(
        commands.Quote(
            price=units.ticks(level.price, f"{side}[{index}].price"),
            qty=units.lots(level.quantity, f"{side}[{index}].quantity"),
        )
        for index, level in enumerate(levels)
    )


def _check_named(message: CancelOrder | ModifyOrder) -> None:
    if message.order_id is None and message.client_order_id is None:
        raise Refused(RejectCode.INVALID_MESSAGE, "name the order by orderId or client_order_id", "orderId")
