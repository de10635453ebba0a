"""An order-management system so small that what it must answer is plain: it accepts, cancels and counts, no more."""

from __future__ import annotations

import msgspec

from engine import commands as c
from engine import events as e
from engine.instruments import Instrument
from engine.service import (
    AccountView,
    CandleView,
    DepthView,
    FillView,
    NewsView,
    OrderAnswer,
    OrderView,
    TradeView,
    state_digest,
)
from engine.types import CancelReason, OrderStatus, RejectCode, SymbolId

ACME = Instrument(symbol_id=1, ticker="ACME", initial_price=10_000)


TinyState = tuple[int, int, dict[int, c.NewOrder], list[tuple[tuple[str, str], list[e.AnyEvent]]], dict[str, int], int]


class TinyExchange:
    """Implements ``OrderBookService``. An order at price 13 is refused; one at price 99 raises; others rest for ever.

    An order with a client id of the same account that was seen before is answered as the first time.
    """

    def __init__(self) -> None:
        self.sequence = 0
        self.now = 0
        self.working: dict[int, c.NewOrder] = {}
        self.answers: dict[tuple[str, str], list[e.AnyEvent]] = {}
        self.headlines: list[NewsView] = []
        self.deadlines: dict[str, int] = {}
        self.last_order_id = 0

    def submit(self, command: c.AnyCommand, now: int) -> list[e.AnyEvent]:
        assert now >= self.now, "time went back"
        events = self._events(command, now)
        if not isinstance(events[0], e.Rejected):
            self.now = now
            self.sequence += len(events)
        return events

    def _events(self, command: c.AnyCommand, now: int) -> list[e.AnyEvent]:
        match command:
            case c.NewOrder(price=13):
                return [e.Rejected(code=RejectCode.PRICE_OUT_OF_BAND, message="13 is unlucky", field="price")]
            case c.NewOrder(price=99):
                raise ZeroDivisionError("a bug")
            case c.NewOrder():
                return self._accept(command)
            case c.CancelOrder(order_id=order_id) if order_id in self.working:
                return [self._cancel(order_id, CancelReason.REQUESTED)]
            case c.SetCancelAfter(account=account, deadline=deadline):
                self.deadlines.pop(account, None)
                if deadline is not None:
                    self.deadlines[account] = deadline
                return [e.CancelAfterSet(account=account, deadline=deadline)]
            case c.AdvanceTime():
                return self._advance(now)
            case c.EndDay():
                return [e.DayEnded()]
            case c.PublishNews(headline=headline):
                news = e.NewsPublished(
                    news_id=len(self.headlines) + 1, headline=headline, content="", sentiment=0, source="test"
                )
                self.headlines.append(NewsView(news=news, time=now))
                return [news]
            case c.OpenAccount(account=account, name=name, cash=cash):
                return [e.AccountOpened(account=account, name=name, personality="", cash=cash)]
            case _:
                return [e.Rejected(code=RejectCode.UNKNOWN_ORDER, message="no such order")]

    def _accept(self, order: c.NewOrder) -> list[e.AnyEvent]:
        if order.client_order_id is not None:
            key = order.account, order.client_order_id
            if key in self.answers:
                return [
                    e.Rejected(code=RejectCode.DUPLICATE_ORDER, message="seen", order_id=self.answers[key][0].order_id)
                ]
        self.last_order_id += 1
        self.working[self.last_order_id] = order
        events: list[e.AnyEvent] = [
            e.OrderAccepted(
                order_id=self.last_order_id,
                account=order.account,
                symbol_id=order.symbol_id,
                side=order.side,
                order_type=order.type,
                qty=order.qty,
                price=order.price,
                client_order_id=order.client_order_id,
            ),
            e.DepthChanged(symbol_id=order.symbol_id, bids=(e.LevelChange(order.price or 0, order.qty, 1),)),
        ]
        if order.client_order_id is not None:
            self.answers[order.account, order.client_order_id] = events
        return events

    def _cancel(self, order_id: int, reason: CancelReason) -> e.OrderCanceled:
        order = self.working.pop(order_id)
        return e.OrderCanceled(
            order_id=order_id,
            account=order.account,
            symbol_id=order.symbol_id,
            side=order.side,
            leaves_qty=order.qty,
            cum_qty=0,
            reason=reason,
        )

    def _advance(self, now: int) -> list[e.AnyEvent]:
        due = [account for account, deadline in self.deadlines.items() if deadline <= now]
        events: list[e.AnyEvent] = []
        for account in due:
            del self.deadlines[account]
            mine = [order_id for order_id, order in self.working.items() if order.account == account]
            events += [self._cancel(order_id, CancelReason.DEAD_MAN) for order_id in mine]
        return [*events, e.TimeAdvanced()]

    def answered(self, account: str, client_order_id: str) -> OrderAnswer | None:
        events = self.answers.get((account, client_order_id))
        if events is None:
            return None
        accepted = events[0]
        assert isinstance(accepted, e.OrderAccepted)
        return OrderAnswer(
            order_id=accepted.order_id, status=OrderStatus.WORKING, leaves_qty=accepted.qty, cum_qty=0, cum_notional=0
        )

    def next_deadline(self) -> int | None:
        return min(self.deadlines.values(), default=None)

    def state_hash(self) -> str:
        return state_digest(self.snapshot_state())

    def snapshot_state(self) -> bytes:
        return msgspec.msgpack.encode(
            (self.sequence, self.now, self.working, list(self.answers.items()), self.deadlines, self.last_order_id)
        )

    def restore(self, data: bytes) -> None:
        state = msgspec.msgpack.decode(data, type=TinyState)
        self.sequence, self.now, self.working, answers, self.deadlines, self.last_order_id = state
        self.answers = dict(answers)

    def instruments(self) -> list[Instrument]:
        return [ACME]

    def depth(self, symbol_id: SymbolId, levels: int | None = None) -> DepthView | None:
        if symbol_id != 1:
            return None
        return DepthView(symbol_id=1, sequence=self.sequence, bids=(), asks=())

    def accounts(self) -> list[AccountView]:
        return []

    def account(self, account: str) -> AccountView | None:
        return None

    def orders(self, account: str) -> list[OrderView]:
        return [
            OrderView(
                order_id=order_id,
                account=account,
                symbol_id=order.symbol_id,
                side=order.side,
                order_type=order.type,
                price=order.price,
                stop_price=None,
                qty=order.qty,
                leaves_qty=order.qty,
                cum_qty=0,
                status=OrderStatus.WORKING,
                tif=order.tif,
                created_at=0,
            )
            for order_id, order in self.working.items()
            if order.account == account
        ]

    def order(self, order_id: int) -> OrderView | None:
        return None

    def fills(self, account: str, limit: int = 100) -> list[FillView]:
        return []

    def trades(self, symbol_id: SymbolId, limit: int = 100) -> list[TradeView]:
        return []

    def candles(self, symbol_id: SymbolId, interval_ns: int, limit: int = 200) -> list[CandleView]:
        return []

    def news(self, limit: int = 100) -> list[NewsView]:
        return self.headlines[::-1][:limit]
