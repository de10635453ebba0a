"""The requests about orders. A refusal is an answer here: all of them return a result that says how it went."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal, TypeAlias

from engine.types import OrderType, RejectCode, Side, TimeInForce
from net import messages as m
from net.client.asking import Asker
from net.client.connection import Connection
from net.errors import RequestRefused, UnknownOutcome

SideLike: TypeAlias = Side | Literal["buy", "sell"]
OrderTypeLike: TypeAlias = OrderType | Literal["LIMIT", "MARKET", "STOP", "STOP_LIMIT"]
TimeInForceLike: TypeAlias = TimeInForce | Literal["GTC", "DAY", "IOC", "FOK", "GTD"]


class Trading(Asker):
    """Places, changes and cancels orders of the accounts that a connection holds."""

    def __init__(self, connection: Connection, client_order_prefix: str) -> None:
        super().__init__(connection)
        self._client_order_prefix = client_order_prefix
        self._client_order_numbers = itertools.count(1)

    async def add_order(
        self,
        symbol_id: int,
        side: SideLike,
        quantity: float,
        *,
        price: float | None = None,
        order_type: OrderTypeLike | None = None,
        stop_price: float | None = None,
        time_in_force: TimeInForceLike = TimeInForce.GTC,
        expires_at: int | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        display_quantity: float | None = None,
        client_order_id: str | None = None,
        agent_id: str | None = None,
    ) -> m.OrderResult:
        """Place an order: LIMIT when there is a ``price``, else MARKET, unless ``order_type`` says otherwise.

        It always carries a ``client_order_id`` (one is made when none is given), so that after a broken link it is
        sent again without the danger of being placed twice.

        Raises:
            UnknownOutcome: no answer before the deadline; call again with the error's ``client_order_id`` to settle it.
        """
        request = m.AddOrder(
            symbol_id=symbol_id,
            side=Side(side),
            quantity=quantity,
            order_type=OrderType(order_type) if order_type is not None else None,
            price=price,
            stop_price=stop_price,
            time_in_force=TimeInForce(time_in_force),
            expires_at=expires_at,
            post_only=post_only,
            reduce_only=reduce_only,
            display_quantity=display_quantity,
            client_order_id=client_order_id or self.next_client_order_id(),
            agent_id=agent_id,
        )
        return await self._order_result(request, m.OrderResponse)

    def next_client_order_id(self) -> str:
        """Make a ``client_order_id`` that no other client and no other order of this one has."""
        return f"{self._client_order_prefix}-{next(self._client_order_numbers)}"

    async def cancel_order(
        self,
        symbol_id: int,
        order_id: int | None = None,
        *,
        client_order_id: str | None = None,
        agent_id: str | None = None,
    ) -> m.OrderResult:
        """Cancel one working order, named by either id.

        After a broken link it is sent again, so ``unknown_order`` may mean that the first one already did it.
        """
        request = m.CancelOrder(
            symbol_id=symbol_id, order_id=order_id, client_order_id=client_order_id, agent_id=agent_id
        )
        return await self._order_result(request, m.CancelResponse)

    async def modify_order(
        self,
        symbol_id: int,
        order_id: int | None = None,
        *,
        client_order_id: str | None = None,
        price: float | None = None,
        stop_price: float | None = None,
        quantity: float | None = None,
        agent_id: str | None = None,
    ) -> m.OrderResult:
        """Change the price or the open quantity of a working order.

        Raises:
            UnknownOutcome: the link broke. It is not repeated, since the order may have been filled in between.
        """
        request = m.ModifyOrder(
            symbol_id=symbol_id,
            order_id=order_id,
            client_order_id=client_order_id,
            price=price,
            stop_price=stop_price,
            quantity=quantity,
            agent_id=agent_id,
        )
        return await self._order_result(request, m.ModifyResponse)

    async def cancel_all(
        self, symbol_id: int | None = None, side: SideLike | None = None, *, agent_id: str | None = None
    ) -> m.MassResult:
        """Cancel all working orders, or those of one instrument or side; tells which were canceled."""
        request = m.CancelAll(symbol_id=symbol_id, side=Side(side) if side is not None else None, agent_id=agent_id)
        return await self._mass_result(request, m.CancelAllResponse)

    async def mass_quote(
        self,
        symbol_id: int,
        bids: Sequence[tuple[float, float]] = (),
        asks: Sequence[tuple[float, float]] = (),
        *,
        agent_id: str | None = None,
    ) -> m.MassResult:
        """Replace all of the account's quotes in one instrument by these ``(price, quantity)`` levels."""
        request = m.MassQuote(
            symbol_id=symbol_id,
            bids=[m.QuoteLevel(price, quantity) for price, quantity in bids],
            asks=[m.QuoteLevel(price, quantity) for price, quantity in asks],
            agent_id=agent_id,
        )
        return await self._mass_result(request, m.MassQuoteResponse)

    async def cancel_after(self, seconds: float | None, *, agent_id: str | None = None) -> m.CancelAfterResult:
        """Arm the dead man's switch: all orders are canceled in ``seconds`` unless it is set again; None disarms."""
        try:
            return (await self._ask(m.CancelAfter(seconds=seconds, agent_id=agent_id), m.CancelAfterResponse)).data
        except RequestRefused as error:
            return m.CancelAfterResult(status=m.Status.ERROR, code=error.code, message=error.message)

    async def _order_result(
        self,
        request: m.AddOrder | m.CancelOrder | m.ModifyOrder,
        expected: type[m.OrderResponse] | type[m.CancelResponse] | type[m.ModifyResponse],
    ) -> m.OrderResult:
        try:
            result = (await self._ask(request, expected)).data
        except RequestRefused as error:
            result = m.OrderResult(
                status=m.Status.ERROR,
                client_order_id=request.client_order_id,
                code=error.code,
                message=error.message,
                field=error.field,
            )
        if result.code is RejectCode.UNKNOWN_OUTCOME:
            raise UnknownOutcome(type(request).__name__, request.client_order_id)
        return result

    async def _mass_result(
        self, request: m.CancelAll | m.MassQuote, expected: type[m.CancelAllResponse] | type[m.MassQuoteResponse]
    ) -> m.MassResult:
        try:
            result = (await self._ask(request, expected)).data
        except RequestRefused as error:
            result = m.MassResult(status=m.Status.ERROR, code=error.code, message=error.message, field=error.field)
        if result.code is RejectCode.UNKNOWN_OUTCOME:
            raise UnknownOutcome(type(request).__name__)
        return result
