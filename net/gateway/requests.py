"""What each client message does: one method a message, one answer a request."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING

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


class Requests:
    """Acts on the messages of all sessions."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._accounts = AccountRequests(gateway)

    def handle(self, session: Session, message: AnyClientMessage) -> None:
        """Act on one message; what takes time goes on in a task of the session."""
        try:
            if not self._gateway.mirror.loaded and not isinstance(message, Ping):
                raise Refused(RejectCode.ENGINE_UNAVAILABLE, "the engine has not been heard of yet")
            self._dispatch(session, message)
        except Refused as refused:
            session.refuse(refused, message.request_id)

    def _dispatch(self, session: Session, message: AnyClientMessage) -> None:
        match message:
            case AddOrder() | CancelOrder() | ModifyOrder():
                self._order(session, message)
            case CancelAll() | MassQuote():
                self._many(session, message)
            case CancelAfter():
                self._cancel_after(session, message)
            case AgentRegister():
                self._later(session, message, self._accounts.register(session, message))
            case GetPortfolio():
                account = session.account(message.agent_id)
                self._later(session, message, self._accounts.portfolio(session, account, message.request_id))
            case GetOrders():
                account = session.account(message.agent_id)
                self._later(session, message, self._accounts.orders(session, account, message.request_id))
            case GetTrades():
                account = session.account(message.agent_id)
                self._later(session, message, self._accounts.trades(session, account, message))
            case Resume():
                accounts = self._accounts.to_resume(session, message)
                self._later(session, message, self._accounts.resume(session, accounts, message))
            case GetCandles():
                self._later(session, message, self._candles(session, message))
            case _:
                self._dispatch_public(session, message)

    def _dispatch_public(
        self, session: Session, message: GetOrderbook | GetTape | Subscribe | Unsubscribe | ReportDecision | Ping
    ) -> None:
        match message:
            case GetOrderbook():
                self._orderbook(session, message)
            case GetTape():
                self._tape(session, message)
            case Subscribe():
                self._subscribe(session, message)
            case Unsubscribe():
                session.unsubscribe(session.parse_channels(message.channels))
                session.say(session.subscribed(message.request_id))
            case ReportDecision():
                self._decision(session, message)
            case Ping():
                answer_id = message.request_id if message.id is None else message.id
                session.say(Pong(data=PongData(server_time=self._gateway.now_ms(), id=answer_id)))

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

    # --- orders -----------------------------------------------------------------------------------------------------

    def _order(self, session: Session, message: OrderRequest) -> None:
        try:
            account = self._trader(session, message.agent_id)
        except Refused as refused:
            session.say(_order_answer(message, refused_order(message, refused)))
            return
        session.begin()

        def answer(result: OrderResult) -> None:
            session.say(_order_answer(message, result))
            session.finish()

        self._gateway.trading.place(message, account.agent_id, session.received_ns, answer)

    def _many(self, session: Session, message: CancelAll | MassQuote) -> None:
        try:
            account = self._trader(session, message.agent_id)
        except Refused as refused:
            session.say(_many_answer(message, refused_mass(refused, message.request_id)))
            return
        session.start(self._place_many(session, message, account))

    async def _place_many(self, session: Session, message: CancelAll | MassQuote, account: Account) -> None:
        result = await self._gateway.trading.many(message, account.agent_id)
        session.say(_many_answer(message, result))

    def _cancel_after(self, session: Session, message: CancelAfter) -> None:
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
        result = await self._gateway.trading.cancel_after(message, account.agent_id)
        session.say(CancelAfterResponse(data=result))

    def _trader(self, session: Session, agent_id: str | None) -> Account:
        """The account an order request is for; raises ``Refused``."""
        if session.role is Role.SPECTATOR:
            raise Refused(RejectCode.NOT_ALLOWED, "spectators only watch")
        account = session.account(agent_id)
        if not session.order_rate.take(session.received_ns / 1e9):
            raise Refused(RejectCode.RATE_LIMITED, "too many orders a second")
        return account

    # --- what is public ---------------------------------------------------------------------------------------------

    def _subscribe(self, session: Session, message: Subscribe) -> None:
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

    def _tell_bbo(self, session: Session, symbol_id: int | None) -> None:
        for listed, book in self._gateway.mirror.books.items():
            if symbol_id in (None, listed):
                session.send(self._gateway.publisher.bbo_frame(book))

    def _orderbook(self, session: Session, message: GetOrderbook) -> None:
        book = self._gateway.mirror.books.get(message.symbol_id)
        if book is None:
            raise _unknown_instrument(message.symbol_id)
        self._gateway.publisher.flush_delta(book)  # so that the next delta goes on from this very sequence
        shape = book.shape()
        data = OrderBookData(
            symbol_id=shape.symbol_id,
            sequence=shape.sequence,
            bids=shape.bids,
            asks=shape.asks,
            checksum=book.checksum(),
            timestamp=self._gateway.now_ms(),
            request_id=message.request_id,
        )
        session.say(OrderBookSnapshot(data=data))

    def _tape(self, session: Session, message: GetTape) -> None:
        units = self._units(message.symbol_id)
        tape = self._gateway.mirror.tapes.get(message.symbol_id, ())
        shapes = [trade_shape(view, units) for view, _ in zip(tape, range(message.limit), strict=False)]
        session.say(Tape(data=TapeData(symbol_id=message.symbol_id, trades=shapes, request_id=message.request_id)))

    async def _candles(self, session: Session, message: GetCandles) -> None:
        interval_ns = INTERVALS_NS.get(message.interval)
        if interval_ns is None:
            known = " ".join(INTERVALS_NS)
            raise Refused(RejectCode.INVALID_MESSAGE, f"interval is one of {known}", "interval")
        units = self._units(message.symbol_id)
        views = await self._gateway.engine.candles(message.symbol_id, interval_ns, message.limit)
        data = CandlesData(
            symbol_id=message.symbol_id,
            interval=message.interval,
            candles=[candle_shape(view, units) for view in views],
            request_id=message.request_id,
        )
        session.say(Candles(data=data))

    def _decision(self, session: Session, message: ReportDecision) -> None:
        account = session.account(message.agent_id)
        shape = DecisionShape(
            agent_id=account.agent_id,
            stage=message.stage,
            action=message.action,
            why=message.why,
            timestamp=self._gateway.now_ms(),
            symbol_id=message.symbol_id,
            confidence=message.confidence,
            latency_ms=message.latency_ms,
            cost=message.cost,
            fell_back_from=message.fell_back_from,
        )
        if self._gateway.channels.wanted(names.DECISIONS, message.symbol_id):
            frame = message_frame(Decision(data=shape))
            self._gateway.channels.publish(names.DECISIONS, message.symbol_id, frame)

    def _units(self, symbol_id: int) -> Units:
        units = self._gateway.mirror.listed(symbol_id)
        if units is None:
            raise _unknown_instrument(symbol_id)
        return units


def _unknown_instrument(symbol_id: int) -> Refused:
    return Refused(RejectCode.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol_id}", "symbol_id")


def _order_answer(message: OrderRequest, result: OrderResult) -> ServerMessage:
    match message:
        case AddOrder():
            return OrderResponse(data=result)
        case CancelOrder():
            return CancelResponse(data=result)
        case ModifyOrder():
            return ModifyResponse(data=result)


def _many_answer(message: CancelAll | MassQuote, result: MassResult) -> ServerMessage:
    return CancelAllResponse(data=result) if isinstance(message, CancelAll) else MassQuoteResponse(data=result)
