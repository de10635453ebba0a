"""Views of an order-management system in this process as the shapes of the wire, where there is no gateway."""

from __future__ import annotations

from collections.abc import Mapping

from engine.instruments import Instrument
from engine.service import AccountView, OrderBookService
from engine.types import SymbolId
from net import messages as m
from net.gateway import shapes
from net.gateway.track import EquityTrack, Pace
from net.units import Units, cash_to_wire

EXCHANGE = "exchange"
"""Personality of the exchange's own account, which is nobody's."""
DEPTH = 60
"""Levels of a side that are told."""


def book_shape(service: OrderBookService, instrument: Instrument) -> m.OrderBookShape:
    """The book of one instrument."""
    depth, units = service.depth(instrument.symbol_id, DEPTH), Units.of(instrument)
    bids, asks = (
        [m.LevelShape(price=units.price(at.price), quantity=units.quantity(at.qty), orders=at.orders) for at in side]
        for side in (((), ()) if depth is None else (depth.bids, depth.asks))
    )
    indication = None if depth is None else depth.indication
    return m.OrderBookShape(
        symbol_id=instrument.symbol_id,
        sequence=service.sequence,
        bids=bids,
        asks=asks,
        indicative_price=None if indication is None else units.price(indication[0]),
        indicative_quantity=None if indication is None else units.quantity(indication[1]),
    )


def traders(service: OrderBookService) -> list[AccountView]:
    """All accounts but the exchange's own, the best P&L first."""
    views = [view for view in service.accounts() if view.personality != EXCHANGE]
    return sorted(views, key=lambda view: view.initial_equity - view.equity)


def agent_shape(
    view: AccountView,
    listed: Mapping[SymbolId, Instrument],
    track: EquityTrack | None = None,
    pace: Pace | None = None,
) -> m.AgentShape:
    """One line of the leaderboard; ``track`` knows how the equity went, ``pace`` how many orders there were."""
    return m.AgentShape(
        agent_id=view.account,
        name=view.name or view.account,
        personality=view.personality,
        cash=cash_to_wire(view.cash),
        positions={
            str(position.symbol_id): Units.of(listed[position.symbol_id]).quantity(position.qty)
            for position in view.positions
            if position.symbol_id in listed
        },
        total_value=cash_to_wire(view.equity),
        pnl=cash_to_wire(view.equity - view.initial_equity),
        status="closed" if view.closed else "running",
        trades=view.fills,
        max_drawdown=track.max_drawdown if track is not None else 0.0,
        sharpe=track.sharpe if track is not None else None,
        orders_per_second=round(pace.per_second, 2) if pace is not None else 0.0,
    )


def portfolio_update(view: AccountView, listed: Mapping[SymbolId, Instrument]) -> m.PortfolioUpdate:
    """Cash and positions of one account."""
    return m.PortfolioUpdate(
        agent_id=view.account,
        cash=cash_to_wire(view.cash),
        reserved=cash_to_wire(view.reserved),
        positions={
            str(position.symbol_id): shapes.position_shape(position, listed[position.symbol_id], position.mark)
            for position in view.positions
            if position.symbol_id in listed
        },
        total_value=cash_to_wire(view.equity),
        pnl=cash_to_wire(view.equity - view.initial_equity),
    )
