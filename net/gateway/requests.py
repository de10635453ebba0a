"""What each client message does: one method a message, one answer a request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from engine.types import RejectCode
from net.errors import EngineUnavailable, RequestRefused
from net.gateway import channels as names
from net.gateway.account_requests import AccountRequests
from net.gateway.accounts import Account
from net.gateway.frames import message_frame
from net.gateway.orders import OrderRequest, Refused, refused_mass, refused_order
from net.gateway.session import Session
from net.gateway.shapes import INTERVALS_NS, candle_shape, trade_shape
from net.gateway.trading import engine_refusal
from net.messages import (
    AddOrder,
    AgentRegister,
    AnyClientMessage,
    CancelAfter,
    CancelAfterResponse,
    CancelAfterResult,
    CancelAll,
    CancelAllResponse,
    CancelOrder,
    CancelResponse,
    Candles,
    CandlesData,
    Decision,
    DecisionShape,
    GetCandles,
    GetOrderbook,
    GetOrders,
    GetPortfolio,
    GetTape,
    GetTrades,
    MassQuote,
    MassQuoteResponse,
    MassResult,
    ModifyOrder,
    ModifyResponse,
    OrderBookData,
    OrderBookSnapshot,
    OrderResponse,
    OrderResult,
    Ping,
    Pong,
    PongData,
    ReportDecision,
    Resume,
    Role,
    ServerMessage,
    Status,
    Subscribe,
    Tape,
    TapeData,
    Unsubscribe,
)
from net.units import Units

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway


_SPECTATOR: Final = Role.SPECTATOR  # looking up a member of an Enum costs as much as the rest of the check


class Requests:
    """Acts on the messages of all sessions."""

    def __init__(self, gateway: Gateway) -> None:
        self._accounts = AccountRequests(gateway)
        self._channels = gateway.channels
        self._engine = gateway.engine
        self._mirror = gateway.mirror
        self._now_ms = gateway.now_ms
        self._publisher = gateway.publisher
        self._trading = gateway.trading

    def handle(self, session: Session, message: AnyClientMessage) -> None:
        """Act on one message; what takes time goes on in a task of the session."""
        try:
            if not self._mirror.loaded and type(message) is not Ping:
                raise Refused(RejectCode.ENGINE_UNAVAILABLE, "the engine has not been heard of yet")
            _ACTS[type(message)](self, session, message)
        except Refused as refused:
            session.refuse(refused, message.request_id)

    def _later(self, session: Session, message: AnyClientMessage, work: Coroutine[object, object, None]) -> None:
        session.start(self._answered(session, message, work))

    async def _answered(
        self, session: Session, message: AnyClientMessage, work: Coroutine[object, object, None]
    ) -> None:
        try:
            await work
        except Refused as refused:
            session.refuse(refused, message.request_id)
        except EngineUnavailable as error:
            session.refuse(engine_refusal(error), message.request_id)
        except RequestRefused as refused:
            session.refuse(Refused(refused.code, refused.message, refused.field), message.request_id)

    # --- accounts ---------------------------------------------------------------------------------------------------

    def register(self, session: Session, message: AgentRegister) -> None:
        """Open an account or take one back."""
        self._later(session, message, self._accounts.register(session, message))

    def portfolio(self, session: Session, message: GetPortfolio) -> None:
        """Tell how an account stands."""
        account = session.account(message.agent_id)
        self._later(session, message, self._accounts.portfolio(session, account, message.request_id))

    def working_orders(self, session: Session, message: GetOrders) -> None:
        """Tell an account's working orders."""
        account = session.account(message.agent_id)
        self._later(session, message, self._accounts.orders(session, account, message.request_id))

    def fills(self, session: Session, message: GetTrades) -> None:
        """Tell an account's newest fills."""
        account = session.account(message.agent_id)
        self._later(session, message, self._accounts.trades(session, account, message))

    def resume(self, session: Session, message: Resume) -> None:
        """Tell what a client missed."""
        accounts = self._accounts.to_resume(session, message)
        self._later(session, message, self._accounts.resume(session, accounts, message))

    # --- orders -----------------------------------------------------------------------------------------------------

    def order(self, session: Session, message: OrderRequest) -> None:
        """Place, cancel or replace one order."""
        try:
            account = self._trader(session, message.agent_id)
        except Refused as refused:
            session.say(_ANSWERS[type(message)](data=refused_order(message, refused)))
            return
        session.begin()
        answer_type = _ANSWERS[type(message)]

        def answer(result: OrderResult) -> None:
            session.say(answer_type(data=result))
            session.finish()

        self._trading.place(message, account.agent_id, session.received_ns, answer)

    def many(self, session: Session, message: CancelAll | MassQuote) -> None:
        """Cancel, or quote, many orders."""
        try:
            account = self._trader(session, message.agent_id)
        except Refused as refused:
            session.say(_many_answer(message, refused_mass(refused, message.request_id)))
            return
        session.start(self._place_many(session, message, account))

    async def _place_many(self, session: Session, message: CancelAll | MassQuote, account: Account) -> None:
        result = await self._trading.many(message, account.agent_id)
        session.say(_many_answer(message, result))

    def cancel_after(self, session: Session, message: CancelAfter) -> None:
        """Arm or disarm the dead man's switch."""
        try:
            account = self._trader(session, message.agent_id)
        except Refused as refused:
            result = CancelAfterResult(
                status=Status.ERROR, request_id=message.request_id, code=refused.code, message=refused.message
            )
            session.say(CancelAfterResponse(data=result))
            return
        session.start(self._arm(session, message, account))

    async def _arm(self, session: Session, message: CancelAfter, account: Account) -> None:
        result = await self._trading.cancel_after(message, account.agent_id)
        session.say(CancelAfterResponse(data=result))

    def _trader(self, session: Session, agent_id: str | None) -> Account:
        """The account an order request is for; raises ``Refused``."""
        if session.role is _SPECTATOR:
            raise Refused(RejectCode.NOT_ALLOWED, "spectators only watch")
        account = session.account(agent_id)
        if not session.order_rate.take(session.received_ns / 1e9):
            raise Refused(RejectCode.RATE_LIMITED, "too many orders a second")
        return account

    # --- what is public ---------------------------------------------------------------------------------------------

    def subscribe(self, session: Session, message: Subscribe) -> None:
        """Hear these channels too."""
        wanted = session.parse_channels(message.channels)
        session.check_room(wanted)
        if message.rate_hz is not None:
            session.rate_hz = message.rate_hz
        session.subscribe(wanted)
        if message.rate_hz is not None or any(name == names.ORDERBOOKS for name, _ in wanted):
            session.want_books_again()
        session.say(session.subscribed(message.request_id))
        for symbol_id in {symbol_id for name, symbol_id in wanted if name == names.BBO}:
            self._tell_bbo(session, symbol_id)

    def unsubscribe(self, session: Session, message: Unsubscribe) -> None:
        """Hear these channels no more."""
        session.unsubscribe(session.parse_channels(message.channels))
        session.say(session.subscribed(message.request_id))

    def _tell_bbo(self, session: Session, symbol_id: int | None) -> None:
        for listed, book in self._mirror.books.items():
            if symbol_id in (None, listed):
                session.send(self._publisher.bbo_frame(book))

    def orderbook(self, session: Session, message: GetOrderbook) -> None:
        """Tell one whole book."""
        book = self._mirror.books.get(message.symbol_id)
        if book is None:
            raise _unknown_instrument(message.symbol_id)
        self._publisher.flush_delta(book)  # so that the next delta goes on from this very sequence
        shape = book.shape()
        data = OrderBookData(
            symbol_id=shape.symbol_id,
            sequence=shape.sequence,
            bids=shape.bids,
            asks=shape.asks,
            checksum=book.checksum(),
            timestamp=self._now_ms(),
            request_id=message.request_id,
            indicative_price=shape.indicative_price,
            indicative_quantity=shape.indicative_quantity,
        )
        session.say(OrderBookSnapshot(data=data))

    def tape(self, session: Session, message: GetTape) -> None:
        """Tell the newest prints of one instrument."""
        units = self._units(message.symbol_id)
        tape = self._mirror.tapes.get(message.symbol_id, ())
        shapes = [trade_shape(view, units) for view, _ in zip(tape, range(message.limit), strict=False)]
        session.say(Tape(data=TapeData(symbol_id=message.symbol_id, trades=shapes, request_id=message.request_id)))

    def candles(self, session: Session, message: GetCandles) -> None:
        """Ask the engine for candles, and tell them."""
        self._later(session, message, self._candles(session, message))

    async def _candles(self, session: Session, message: GetCandles) -> None:
        interval_ns = INTERVALS_NS.get(message.interval)
        if interval_ns is None:
            known = " ".join(INTERVALS_NS)
            raise Refused(RejectCode.INVALID_MESSAGE, f"interval is one of {known}", "interval")
        units = self._units(message.symbol_id)
        views = await self._engine.candles(message.symbol_id, interval_ns, message.limit)
        data = CandlesData(
            symbol_id=message.symbol_id,
            interval=message.interval,
            candles=[candle_shape(view, units) for view in views],
            request_id=message.request_id,
        )
        session.say(Candles(data=data))

    def ping(self, session: Session, message: Ping) -> None:
        """Answer it."""
        answer_id = message.request_id if message.id is None else message.id
        session.say(Pong(data=PongData(server_time=self._now_ms(), id=answer_id)))

    def decision(self, session: Session, message: ReportDecision) -> None:
        """Pass on what an agent decided and why."""
        account = session.account(message.agent_id)
        shape = DecisionShape(
            agent_id=account.agent_id,
            stage=message.stage,
            action=message.action,
            why=message.why,
            timestamp=self._now_ms(),
            symbol_id=message.symbol_id,
            confidence=message.confidence,
            latency_ms=message.latency_ms,
            cost=message.cost,
            fell_back_from=message.fell_back_from,
        )
        if self._channels.wanted(names.DECISIONS, message.symbol_id):
            frame = message_frame(Decision(data=shape))
            self._channels.publish(names.DECISIONS, message.symbol_id, frame)

    def _units(self, symbol_id: int) -> Units:
        units = self._mirror.listed(symbol_id)
        if units is None:
            raise _unknown_instrument(symbol_id)
        return units


def _unknown_instrument(symbol_id: int) -> Refused:
    return Refused(RejectCode.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol_id}", "symbol_id")


def _many_answer(message: CancelAll | MassQuote, result: MassResult) -> ServerMessage:
    return CancelAllResponse(data=result) if isinstance(message, CancelAll) else MassQuoteResponse(data=result)


_ANSWERS: Final[dict[type, Callable[..., ServerMessage]]] = {
    AddOrder: OrderResponse,
    CancelOrder: CancelResponse,
    ModifyOrder: ModifyResponse,
}
"""What answers each order request."""

_ACTS: Final[dict[type, Callable[[Requests, Session, Any], None]]] = {
    AddOrder: Requests.order,
    CancelOrder: Requests.order,
    ModifyOrder: Requests.order,
    CancelAll: Requests.many,
    MassQuote: Requests.many,
    CancelAfter: Requests.cancel_after,
    AgentRegister: Requests.register,
    GetPortfolio: Requests.portfolio,
    GetOrders: Requests.working_orders,
    GetTrades: Requests.fills,
    Resume: Requests.resume,
    GetOrderbook: Requests.orderbook,
    GetTape: Requests.tape,
    GetCandles: Requests.candles,
    Subscribe: Requests.subscribe,
    Unsubscribe: Requests.unsubscribe,
    ReportDecision: Requests.decision,
    Ping: Requests.ping,
}
"""What is done on each message."""
