"""The client of the exchange's WebSocket: one method a request, and one stream of everything that is pushed."""

from __future__ import annotations

import itertools
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Literal, Self, TypeAlias, TypeVar

from engine.types import OrderType, RejectCode, Side, TimeInForce
from net import messages as m
from net.client.connection import Connection, ConnectionSettings
from net.client.inbox import ConnectionState, Push
from net.errors import NotConnected, ProtocolViolation, RequestRefused, UnknownOutcome

SideLike: TypeAlias = Side | Literal["buy", "sell"]
OrderTypeLike: TypeAlias = OrderType | Literal["LIMIT", "MARKET", "STOP", "STOP_LIMIT"]
TimeInForceLike: TypeAlias = TimeInForce | Literal["GTC", "DAY", "IOC", "FOK", "GTD"]
A = TypeVar("A", bound=m.ServerMessage)


class Client:
    """Async WebSocket client of the exchange: typed, reconnecting, resuming.

    Every request has a deadline (``deadline_s``). While the link is down, requests wait for the next one until then.
    After a reconnect the accounts of the session are taken back with their tokens, channels are subscribed again, and
    the private messages that were missed come through ``messages``, each once and in order.

    Errors are those of ``net.errors``: ``NotConnected`` (nothing was sent), ``DeadlineExceeded`` (a question had no
    answer), ``UnknownOutcome`` (a command had none), ``RequestRefused``. An order that the exchange refused is an
    answer, not an error. All methods belong to one event loop.
    """

    def __init__(
        self,
        url: str = "ws://127.0.0.1:8000/ws",
        *,
        token: str | None = None,
        channels: Sequence[str] = (),
        rate_hz: float | None = None,
        reconnect: bool = True,
        deadline_s: float = 5.0,
        connect_timeout_s: float = 10.0,
        backoff_max_s: float = 5.0,
        max_message_bytes: int = 16 << 20,
        kept_limit: int = 10_000,
        tape_limit: int = 10_000,
        rng: random.Random | None = None,
        client_order_prefix: str | None = None,
    ) -> None:
        settings = ConnectionSettings(
            url=url,
            token=token,
            rate_hz=rate_hz,
            reconnect=reconnect,
            deadline_s=deadline_s,
            connect_timeout_s=connect_timeout_s,
            backoff_max_s=backoff_max_s,
            max_message_bytes=max_message_bytes,
            kept_limit=kept_limit,
            tape_limit=tape_limit,
        )
        # Jitter must differ between clients that lost the same gateway, so it is not seeded by default.
        self._connection = Connection(settings, channels, rng or random.Random())
        self._client_order_prefix = client_order_prefix or secrets.token_hex(6)
        self._client_order_numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connect and wait until the instruments are known and the channels subscribed.

        Raises:
            NotConnected: not within ``connect_timeout_s``; at once when the server refuses or without ``reconnect``.
        """
        await self._connection.open()

    async def close(self) -> None:
        """Close the connection; what still waits for an answer fails, and ``messages`` ends."""
        await self._connection.close()

    # --- what is known ------------------------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands."""
        return self._connection.state

    @property
    def hello(self) -> m.HelloData:
        """What the exchange said of itself on the newest link."""
        if self._connection.hello is None:
            raise NotConnected("the exchange has not said hello yet")
        return self._connection.hello

    @property
    def instruments(self) -> dict[int, m.InstrumentShape]:
        """All listed instruments by ``symbol_id``, kept up to date."""
        return self._connection.instruments

    def instrument(self, ticker: str) -> m.InstrumentShape:
        """Return the instrument with this ticker; ``KeyError`` when none has it."""
        for instrument in self.instruments.values():
            if instrument.ticker == ticker:
                return instrument
        raise KeyError(ticker)

    @property
    def tokens(self) -> dict[str, str | None]:
        """The accounts that this session holds, each with its secret token: keep it to come back to the account."""
        return {agent_id: account.token for agent_id, account in self._connection.accounts.items()}

    @property
    def dropped(self) -> int:
        """How many public prints gave way to newer ones because ``messages`` was read too slowly."""
        return self._connection.inbox.dropped

    @property
    def conflated(self) -> int:
        """How many market data messages a newer one replaced before they were read."""
        return self._connection.inbox.conflated

    async def messages(self) -> AsyncIterator[Push]:
        """Yield everything that is pushed (answers to own requests are not), until the client is closed.

        A slow reader gets the newest book, quote and snapshot instead of all of them, and deltas of a book merged; of
        the tape the newest ``tape_limit``. Private messages are never dropped: more than ``kept_limit`` of them unread
        end the link, and a new one resumes once half of them have been read. One reader at a time.
        """
        inbox = self._connection.inbox
        if inbox.consumed:
            raise RuntimeError("the messages of a client have one reader at a time")
        inbox.consumed = True
        try:
            while (message := await inbox.get()) is not None:
                yield message
        finally:
            inbox.consumed = False

    # --- accounts -----------------------------------------------------------------------------------------------

    async def register(
        self,
        name: str | None = None,
        *,
        agent_id: str | None = None,
        token: str | None = None,
        personality: str = "",
        starting_capital: float | None = None,
        cancel_on_disconnect: bool = False,
        cancel_after: float | None = None,
    ) -> m.AgentRegistered:
        """Open an account, or with ``agent_id`` and ``token`` take one back; a session may hold several.

        The client takes it back by itself after each reconnect. The answer's ``token`` is the account's only key.

        Raises:
            RequestRefused: ``bad_token``, ``not_allowed``, …
        """
        request = m.AgentRegister(
            name=name,
            agent_id=agent_id,
            token=token,
            personality=personality,
            starting_capital=starting_capital,
            cancel_on_disconnect=cancel_on_disconnect,
            cancel_after=cancel_after,
        )
        return await self._ask(request, m.AgentRegistered)

    async def get_portfolio(self, agent_id: str | None = None) -> m.PortfolioUpdate:
        """Return the account's cash and positions."""
        return await self._ask(m.GetPortfolio(agent_id=agent_id), m.PortfolioUpdate)

    async def get_orders(self, agent_id: str | None = None) -> list[m.OrderShape]:
        """Return the account's working orders, oldest first."""
        return (await self._ask(m.GetOrders(agent_id=agent_id), m.Orders)).data.orders

    async def get_trades(self, agent_id: str | None = None, *, limit: int = 100) -> list[m.ExecutionShape]:
        """Return the account's recent fills, newest first."""
        return (await self._ask(m.GetTrades(agent_id=agent_id, limit=limit), m.Trades)).data.trades

    # --- orders -------------------------------------------------------------------------------------------------

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

    # --- market data --------------------------------------------------------------------------------------------

    async def get_orderbook(self, symbol_id: int) -> m.OrderBookData:
        """Return one whole book with its sequence and checksum; ``LocalBook`` starts from it."""
        return (await self._ask(m.GetOrderbook(symbol_id=symbol_id), m.OrderBookSnapshot)).data

    async def get_candles(self, symbol_id: int, interval: str = "1m", *, limit: int = 200) -> list[m.CandleShape]:
        """Return the newest candles, oldest first; ``interval`` is one of 1s 5s 15s 1m 5m 15m 1h 1d."""
        request = m.GetCandles(symbol_id=symbol_id, interval=interval, limit=limit)
        return (await self._ask(request, m.Candles)).data.candles

    async def get_tape(self, symbol_id: int, *, limit: int = 100) -> list[m.TradeShape]:
        """Return the newest public trades, newest first."""
        return (await self._ask(m.GetTape(symbol_id=symbol_id, limit=limit), m.Tape)).data.trades

    async def subscribe(self, *channels: str, rate_hz: float | None = None) -> m.SubscribedData:
        """Receive channels, now and after each reconnect; see ``Subscribe`` for their names."""
        self._connection.want(channels, on=True, rate_hz=rate_hz)
        return (await self._ask(m.Subscribe(channels=list(channels), rate_hz=rate_hz), m.Subscribed)).data

    async def unsubscribe(self, *channels: str) -> m.SubscribedData:
        """Receive these channels no more."""
        self._connection.want(channels, on=False)
        return (await self._ask(m.Unsubscribe(channels=list(channels)), m.Subscribed)).data

    async def ping(self) -> m.PongData:
        """Ask for a sign of life and the server's time."""
        return (await self._ask(m.Ping(), m.Pong)).data

    async def report_decision(
        self,
        stage: str,
        action: str,
        why: str = "",
        *,
        symbol_id: int | None = None,
        confidence: float | None = None,
        latency_ms: float | None = None,
        cost: float | None = None,
        fell_back_from: str | None = None,
        agent_id: str | None = None,
    ) -> bool:
        """Tell everybody who watches agents what was decided and why; False when there was no link to tell it on."""
        decision = m.ReportDecision(
            stage=stage,
            action=action,
            why=why,
            symbol_id=symbol_id,
            confidence=confidence,
            latency_ms=latency_ms,
            cost=cost,
            fell_back_from=fell_back_from,
            agent_id=agent_id,
        )
        return await self._connection.tell(decision)

    # --- answers ------------------------------------------------------------------------------------------------

    async def _ask(self, request: m.AnyClientMessage, expected: type[A]) -> A:
        answer = await self._connection.ask(request)
        if not isinstance(answer, expected):
            raise ProtocolViolation(f"{type(request).__name__} was answered by {type(answer).__name__}")
        return answer

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
