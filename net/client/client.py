"""The client of the exchange's WebSocket: one method a request, and one stream of everything that is pushed."""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Literal, Self, TypeAlias

from engine.types import SelfTradePrevention
from net import messages as m
from net.client.connection import Connection, ConnectionSettings
from net.client.inbox import ConnectionState, Push
from net.client.trading import Trading
from net.errors import NotConnected

SelfTradePreventionLike: TypeAlias = SelfTradePrevention | Literal["cancel_resting", "cancel_taker", "decrement"]


class Client(Trading):
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
        connection = Connection(settings, channels, rng or random.Random())
        super().__init__(connection, client_order_prefix or secrets.token_hex(6))

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
        if self._connection.intake.hello is None:
            raise NotConnected("the exchange has not said hello yet")
        return self._connection.intake.hello

    @property
    def instruments(self) -> dict[int, m.InstrumentShape]:
        """All listed instruments by ``symbol_id``, kept up to date."""
        return self._connection.intake.instruments

    def instrument(self, ticker: str) -> m.InstrumentShape:
        """Return the instrument with this ticker; ``KeyError`` when none has it."""
        for instrument in self.instruments.values():
            if instrument.ticker == ticker:
                return instrument
        raise KeyError(ticker)

    @property
    def tokens(self) -> dict[str, str | None]:
        """The accounts that this session holds, each with its secret token: keep it to come back to the account."""
        return {agent_id: account.token for agent_id, account in self._connection.intake.accounts.items()}

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
        self_trade_prevention: SelfTradePreventionLike = SelfTradePrevention.CANCEL_RESTING,
        cancel_on_disconnect: bool = False,
        cancel_after: float | None = None,
    ) -> m.AgentRegistered:
        """Open an account, or with ``agent_id`` and ``token`` take one back; a session may hold several.

        The client takes it back by itself after each reconnect. The answer's ``token`` is the account's only key.
        ``self_trade_prevention`` says what is canceled instead of trading with oneself: the resting order, what is left
        of the arriving one, or as many lots of both (``decrement``). Like name, personality and capital it counts when
        the account is opened.

        Raises:
            RequestRefused: ``bad_token``, ``not_allowed``, …
        """
        request = m.AgentRegister(
            name=name,
            agent_id=agent_id,
            token=token,
            personality=personality,
            starting_capital=starting_capital,
            self_trade_prevention=SelfTradePrevention(self_trade_prevention),
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
        answer = await self._ask(m.Subscribe(channels=list(channels), rate_hz=rate_hz), m.Subscribed)
        self._connection.want(channels, on=True, rate_hz=rate_hz)  # not before: what is refused would end every link
        return answer.data

    async def unsubscribe(self, *channels: str) -> m.SubscribedData:
        """Receive these channels no more."""
        answer = await self._ask(m.Unsubscribe(channels=list(channels)), m.Subscribed)
        self._connection.want(channels, on=False)
        return answer.data

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
