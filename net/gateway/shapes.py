"""Engine views as the shapes of the public wire: ticks, lots, minor units and nanoseconds become JSON numbers."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.commands import AccountLimits
from engine.events import NewsPublished
from engine.instruments import Instrument
from engine.service import CandleView, FillView, OrderView, PositionView, TradeView
from engine.types import Liquidity
from net.gateway.mirror import Mirror
from net.messages import (
    AccountLimitsShape,
    CandleShape,
    ExecutionShape,
    InstrumentShape,
    NewsShape,
    OrderShape,
    PositionShape,
    TradeShape,
)
from net.units import Units, cash_to_wire, millis, steps_to_wire

SENTIMENT_SCALE: Final = 1_000
"""The engine keeps sentiments as thousandths."""

INTERVALS_NS: Final = {
    name: seconds * 1_000_000_000
    for name, seconds in (
        ("1s", 1),
        ("5s", 5),
        ("15s", 15),
        ("1m", 60),
        ("5m", 300),
        ("15m", 900),
        ("1h", 3_600),
        ("1d", 86_400),
    )
}
"""Lengths of candles by name."""


def instrument_shape(instrument: Instrument, reason: str = "") -> InstrumentShape:
    """An instrument as the public sees it."""
    return InstrumentShape(
        symbol_id=instrument.symbol_id,
        ticker=instrument.ticker,
        description=instrument.description,
        industry=instrument.industry,
        initial_price=steps_to_wire(instrument.initial_price, instrument.tick_size_e8),
        tick_size=steps_to_wire(1, instrument.tick_size_e8),
        lot_size=steps_to_wire(1, instrument.lot_size_e8),
        status=instrument.status,
        source=instrument.source,
        status_reason=reason,
    )


def limits_shape(limits: AccountLimits) -> AccountLimitsShape:
    """The limits of an account, as its owner is told them."""
    notional = limits.max_order_notional
    told = {
        **msgspec.structs.asdict(limits),
        "max_order_notional": None if notional is None else cash_to_wire(notional),
    }
    return AccountLimitsShape(**told)


def instrument_shapes(mirror: Mirror) -> list[InstrumentShape]:
    """All listed instruments, by ``symbol_id``."""
    listed = sorted(mirror.instruments.items())
    return [instrument_shape(instrument, mirror.reasons.get(symbol_id, "")) for symbol_id, instrument in listed]


def news_shape(news: NewsPublished, time: int) -> NewsShape:
    """A headline; ``time`` is its nanoseconds."""
    return NewsShape(
        id=news.news_id,
        headline=news.headline,
        content=news.content,
        sentiment=news.sentiment / SENTIMENT_SCALE,
        source=news.source,
        created_at=millis(time),
        instrument_id=news.symbol_id,
        impact_type=news.impact_type or None,
    )


def trade_shape(trade: TradeView, units: Units) -> TradeShape:
    """A print of the tape."""
    return TradeShape(
        trade_id=trade.trade_id,
        symbol_id=trade.symbol_id,
        price=units.price(trade.price),
        quantity=units.quantity(trade.qty),
        side=trade.side,
        timestamp=millis(trade.time),
    )


def candle_shape(candle: CandleView, units: Units) -> CandleShape:
    """One candle."""
    return CandleShape(
        time=millis(candle.time),
        open=units.price(candle.open),
        high=units.price(candle.high),
        low=units.price(candle.low),
        close=units.price(candle.close),
        volume=units.quantity(candle.volume),
        trades=candle.trades,
    )


def order_shape(order: OrderView, units: Units) -> OrderShape:
    """A working order as its owner sees it."""
    return OrderShape(
        order_id=order.order_id,
        symbol_id=order.symbol_id,
        side=order.side,
        order_type=order.order_type,
        price=_price(order.price, units),
        stop_price=_price(order.stop_price, units),
        quantity=units.quantity(order.qty),
        leaves_quantity=units.quantity(order.leaves_qty),
        filled_quantity=units.quantity(order.cum_qty),
        status=order.status,
        time_in_force=order.tif,
        created_at=millis(order.created_at),
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        display_quantity=None if order.display_qty is None else units.quantity(order.display_qty),
        client_order_id=order.client_order_id,
        queue_ahead=None if order.queue_ahead is None else units.quantity(order.queue_ahead),
        agent_id=order.account,
    )


def fill_shape(fill: FillView, units: Units, agent_id: str) -> ExecutionShape:
    """One of an account's fills of the past; what its order had left then is not known any more and told as 0."""
    return ExecutionShape(
        order_id=fill.order_id,
        trade_id=fill.trade_id,
        symbol_id=fill.symbol_id,
        side=fill.side,
        price=units.price(fill.price),
        quantity=units.quantity(fill.qty),
        liquidity=Liquidity(fill.liquidity),
        fee=cash_to_wire(fill.fee),
        leaves_quantity=0.0,
        timestamp=millis(fill.time),
        client_order_id=fill.client_order_id,
        agent_id=agent_id,
    )


def position_shape(position: PositionView, instrument: Instrument, mark: int) -> PositionShape:
    """One position valued at ``mark`` ticks."""
    units = Units.of(instrument)
    market_value = mark * position.qty * instrument.tick_value
    return PositionShape(
        instrument_id=position.symbol_id,
        quantity=units.quantity(position.qty),
        avg_price=_average_price(position, instrument, units),
        current_price=units.price(mark),
        market_value=cash_to_wire(market_value),
        unrealized_pnl=cash_to_wire(market_value - position.cost) if position.qty else 0.0,
        realized_pnl=cash_to_wire(position.realized_pnl),
    )


def _price(ticks: int | None, units: Units) -> float | None:
    return None if ticks is None else units.price(ticks)


def _average_price(position: PositionView, instrument: Instrument, units: Units) -> float:
    lots_value = position.qty * instrument.tick_value
    return units.tick_e8 * position.cost / lots_value / 10**8 if lots_value else 0.0
