"""A console's feed whose orders are real: what is private comes from the venue, what is public from the exchange here.

Everything that such a console calls its own (orders, fills, positions, money) is that of one account at the venue, so
that real and simulated money are never added up. Its live instruments trade there; simulated ones are only watched.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, Final

from engine.types import InstrumentStatus, Liquidity, OrderStatus, OrderType, RejectCode, Side, TimeInForce
from net import messages as m
from net.client import Client, Push
from net.errors import UnknownOutcome
from net.hyperliquid import wire
from net.hyperliquid.decimals import SCALE, from_wire, to_wire
from net.hyperliquid.info_client import VenueUnavailable
from net.hyperliquid.names import Asset, UnknownName
from net.hyperliquid.own_orders import ClientOrderRequest, OrderState, OwnOrder
from net.hyperliquid.paper import SOURCE, tickers_of
from net.hyperliquid.safety import BadRequest, Locked
from net.hyperliquid.trading_session import TradingSession

_TIFS: Final = {TimeInForce.GTC: "Gtc", TimeInForce.IOC: "Ioc"}
_EVENTS: Final = {OrderState.WORKING: "accepted", OrderState.FILLED: "filled"}
_VENUES: Final = -1
"""Sequence of private messages that come from the venue."""


class RealOrdersClient(Client):
    """A client of the exchange that trades at the venue. All methods belong to one event loop."""

    def __init__(self, url: str, session: TradingSession) -> None:
        super().__init__(url)
        self._session = session
        self._agent_id = ""

    # --- what is pushed ---------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect, and hear the session from now on."""
        orders = self._session.client.orders
        orders.on_order, orders.on_fill = self._order_changed, self._filled
        self._session.on_account = self._account_changed
        await super().connect()

    async def messages(self) -> AsyncIterator[Push]:
        """Everything public of the exchange, and everything private of the venue."""
        async for push in super().messages():
            if not isinstance(push, m.PrivateMessage) or push.sequence == _VENUES:
                yield push

    def _order_changed(self, order: OwnOrder) -> None:
        symbol_id = self._symbol_of(order.asset)
        if symbol_id is None or order.oid is None:
            return  # a refusal is told by the answer
        canceled = order.ended and order.state is not OrderState.FILLED
        update = m.OrderUpdateShape(
            order_id=order.oid,
            symbol_id=symbol_id,
            event=_EVENTS.get(order.state, "canceled"),
            side=order.request.side,
            price=float(order.request.price),
            leaves_quantity=0.0 if canceled else order.remaining / SCALE,
            filled_quantity=order.filled / SCALE,
            timestamp=_now_ms(),
            reason=order.reason if canceled else None,
            client_order_id=_key(order),
            order=_shape(order, symbol_id) if order.state is OrderState.WORKING else None,
        )
        self._connection.inbox.put(m.OrderUpdate(data=update, sequence=_VENUES))

    def _filled(self, fill: wire.Fill, order: OwnOrder | None) -> None:
        execution = self._execution(fill, order)
        if execution is not None:
            self._connection.inbox.put(m.Execution(data=execution, sequence=_VENUES))
        self._session.stir()

    def _account_changed(self) -> None:
        if self._agent_id:
            self._connection.inbox.put(self._portfolio())

    # --- what is asked ----------------------------------------------------------------------------------------------

    async def register(self, *arguments: Any, **named: Any) -> m.AgentRegistered:
        """Take the account here, under which nothing is traded."""
        registered = await super().register(*arguments, **named)
        self._agent_id = registered.agent_id
        return registered

    async def get_portfolio(self, *_: Any, **__: Any) -> m.PortfolioUpdate:
        """Money and positions at the venue now; as last heard when it does not answer in time."""
        await self._session.refresh()
        return self._portfolio()

    async def get_orders(self, *_: Any, **__: Any) -> list[m.OrderShape]:
        """Working orders at the venue, once they are known."""
        await self._session.client.reconciled.wait()
        working = self._session.client.orders.working()
        return [_shape(order, found) for order in working if (found := self._symbol_of(order.asset)) is not None]

    async def get_trades(self, *_: Any, limit: int = 100, **__: Any) -> list[m.ExecutionShape]:
        """Fills at the venue, newest first."""
        orders = self._session.client.orders
        found = [self._execution(fill, orders.find(fill.oid, None)) for fill in reversed(orders.fills)]
        return [execution for execution in found if execution is not None][:limit]

    async def add_order(  # type: ignore[override]
        self, symbol_id: int, side: Side, quantity: float, *, price: float | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC, post_only: bool = False, reduce_only: bool = False,
        client_order_id: str | None = None, **_: Any,
    ) -> m.OrderResult:  # fmt: skip
        """Place an order at the venue and wait until its outcome is known."""
        asset = self._asset_of(symbol_id)
        tif = "Alo" if post_only else _TIFS.get(time_in_force)
        if asset is None:
            return _refused(
                RejectCode.NOT_ALLOWED, "this console trades at the venue; simulated instruments are watched"
            )
        if tif is None or price is None:
            return _refused(RejectCode.INVALID_MESSAGE, "the venue takes limit orders: GTC, IOC or post-only")
        refusal = self._unseen(symbol_id)
        if refusal:
            return _refused(RejectCode.INSTRUMENT_HALTED, refusal)
        request = ClientOrderRequest(
            market=asset.coin,
            side=side,
            price=to_wire(round(price * SCALE)),
            size=to_wire(round(quantity * SCALE)),
            tif=tif,
            reduce_only=reduce_only and not asset.spot,
            tag=client_order_id or "",
        )
        try:
            return _result(await self._session.client.place(request))
        except (BadRequest, Locked, UnknownName) as error:
            return _refused(RejectCode.NOT_ALLOWED, str(error))

    async def cancel_order(self, symbol_id: int, order_id: int | None = None, **_: Any) -> m.OrderResult:  # noqa: ARG002
        """Cancel an order at the venue; raises ``UnknownOutcome`` when the venue does not say what became of it."""
        order = self._session.client.orders.find(order_id or 0, None)
        if order is None:
            return _refused(RejectCode.UNKNOWN_ORDER, "no such order")
        try:
            done = await self._session.client.cancel(order)
        except VenueUnavailable as error:
            raise UnknownOutcome("cancel", reason=str(error)) from error
        return _result(order) if done else _refused(RejectCode.UNKNOWN_ORDER, "the venue did not cancel it")

    async def modify_order(
        self, symbol_id: int, order_id: int | None = None, *, price: float | None = None,
        quantity: float | None = None, **_: Any,
    ) -> m.OrderResult:  # fmt: skip
        """Cancel an order, and place what the venue says is left of it at the new price or size."""
        order = self._session.client.orders.find(order_id or 0, None)
        canceled = await self.cancel_order(symbol_id, order_id)
        if canceled.status is m.Status.ERROR or order is None:
            return canceled
        try:
            left = await self._session.client.left_of(order)
        except VenueUnavailable as error:
            raise UnknownOutcome("amend", reason=f"the order is canceled, and {error}") from error
        if not left:
            return _refused(RejectCode.UNKNOWN_ORDER, "it was filled before it could be changed")
        request = order.request
        return await self.add_order(
            symbol_id,
            request.side,
            quantity if quantity is not None else left / SCALE,
            price=price if price is not None else float(request.price),
            post_only=request.tif == "Alo",
            reduce_only=request.reduce_only,
            client_order_id=self.next_client_order_id(),
        )

    async def cancel_all(self, symbol_id: int | None = None, side: Any = None, **_: Any) -> m.MassResult:
        """Cancel at the venue; of all instruments and both sides it is the kill switch, the venue's own included."""
        client = self._session.client
        chosen = [
            order
            for order in client.orders.working()
            if symbol_id in (None, self._symbol_of(order.asset)) and side in (None, order.request.side)
        ]
        try:
            if symbol_id is None and side is None:
                problem = await self._session.kill()
            else:
                problem = "" if await client.cancel(*chosen) else "some orders could not be canceled"
        except VenueUnavailable as error:
            problem = str(error)
        if problem:
            return m.MassResult(status=m.Status.ERROR, code=RejectCode.ENGINE_UNAVAILABLE, message=problem)
        return m.MassResult(status=m.Status.SUCCESS, order_ids=[order.oid or 0 for order in chosen])

    # --- translation ------------------------------------------------------------------------------------------------

    def _asset_of(self, symbol_id: int) -> Asset | None:
        """What a live instrument is at the venue."""
        instrument = self.instruments.get(symbol_id)
        if instrument is None or instrument.source != SOURCE:
            return None
        return next((asset for asset in self._session.universe if instrument.ticker in tickers_of(asset)), None)

    def _symbol_of(self, asset: Asset) -> int | None:
        names = tickers_of(asset)
        for symbol_id, instrument in self.instruments.items():
            if instrument.source == SOURCE and instrument.ticker in names:
                return symbol_id
        return None

    def _unseen(self, symbol_id: int) -> str:
        """Why nobody should trade blindly now; nothing when both book and orders are seen."""
        if self.instruments[symbol_id].status is not InstrumentStatus.OPEN:
            return "its book is not live: no order is sent blindly"
        return "" if self._session.live else "own orders at the venue are not known: reconnecting"

    def _execution(self, fill: wire.Fill, order: OwnOrder | None) -> m.ExecutionShape | None:
        asset = self._session.universe.by_coin(fill.coin)
        symbol_id = None if asset is None else self._symbol_of(asset)
        if symbol_id is None:
            return None
        return m.ExecutionShape(
            order_id=fill.oid,
            trade_id=fill.tid,
            symbol_id=symbol_id,
            side=Side.BUY if fill.side == "B" else Side.SELL,
            price=from_wire(fill.px) / SCALE,
            quantity=from_wire(fill.sz) / SCALE,
            liquidity=Liquidity.TAKER if fill.crossed else Liquidity.MAKER,
            fee=from_wire(fill.fee) / SCALE,
            leaves_quantity=order.remaining / SCALE if order is not None else 0.0,
            timestamp=fill.time,
            client_order_id=_key(order) if order is not None else None,
        )

    def _portfolio(self) -> m.PortfolioUpdate:
        account, start = self._session.account, self._session.value_at_start or 0
        positions, cash = {}, 0
        if account is not None:
            cash = account.cash
            for coin, held in account.holdings.items():
                asset = self._session.universe.by_coin(coin)
                symbol_id = None if asset is None else self._symbol_of(asset)
                if symbol_id is None:
                    cash += held.size * held.price // SCALE  # not shown here: it counts, like cash
                    continue
                size, average, price = held.size / SCALE, held.average / SCALE, held.price / SCALE
                positions[str(symbol_id)] = m.PositionShape(
                    instrument_id=symbol_id, quantity=size, avg_price=average, current_price=price,
                    market_value=size * price, unrealized_pnl=size * (price - average), realized_pnl=0.0,
                )  # fmt: skip
        value = account.value if account is not None else 0
        return m.PortfolioUpdate(
            agent_id=self._agent_id, cash=cash / SCALE, reserved=0.0, positions=positions, total_value=value / SCALE,
            pnl=(value - start) / SCALE, timestamp=_now_ms(), sequence=_VENUES,
        )  # fmt: skip


def _key(order: OwnOrder) -> str:
    return order.request.tag or order.cloid or f"oid {order.oid}"


def _shape(order: OwnOrder, symbol_id: int) -> m.OrderShape:
    return m.OrderShape(
        order_id=order.oid or 0,
        symbol_id=symbol_id,
        side=order.request.side,
        order_type=OrderType.LIMIT,
        price=float(order.request.price),
        stop_price=None,
        quantity=order.size / SCALE,
        leaves_quantity=order.remaining / SCALE,
        filled_quantity=order.filled / SCALE,
        status=OrderStatus.WORKING,
        time_in_force=TimeInForce.IOC if order.request.tif == "Ioc" else TimeInForce.GTC,
        created_at=_now_ms(),
        post_only=order.request.tif == "Alo",
        reduce_only=order.request.reduce_only,
        client_order_id=_key(order),
    )


def _result(order: OwnOrder) -> m.OrderResult:
    """The answer to a request about an order, now that its outcome is known."""
    if order.state in (OrderState.REJECTED, OrderState.NOT_PLACED):
        return _refused(None, order.reason)
    average = order.average_price
    return m.OrderResult(
        status=m.Status.SUCCESS,
        order_id=order.oid,
        client_order_id=_key(order),
        leaves_quantity=order.remaining / SCALE,
        filled_quantity=order.filled / SCALE,
        average_price=average / SCALE if average is not None else None,
    )


def _refused(code: RejectCode | None, message: str) -> m.OrderResult:
    return m.OrderResult(status=m.Status.ERROR, code=code, message=message)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
