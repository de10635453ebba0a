"""What a match means for the two accounts: cash, shares, fees, open orders, and the events that say so."""

from __future__ import annotations

from typing import Final

from engine.events import OrderFilled, Trade
from engine.exchange import Exchange
from engine.market import Market
from engine.matching import Fill
from engine.types import CancelReason, Liquidity, Side
from engine.working_order import WorkingOrder

_PPM = 1_000_000
_MAKER: Final = Liquidity.MAKER
_TAKER: Final = Liquidity.TAKER
_BUY: Final = Side.BUY


def settle(x: Exchange, taker: WorkingOrder, fills: list[Fill]) -> int:
    """Book all fills of one incoming order; the ticks times lots it traded. Empties ``fills``."""
    market = taker.position.market
    side = taker.entry.side
    notional = first = 0
    for maker_id, price, lots in fills:
        maker = x.orders[maker_id]
        x.touch(market, maker.key)
        if lots <= 0:
            _meet_self(x, maker, taker, -lots)
            continue
        trade = book_trade(x, market, price, lots, side)
        notional += price * lots
        first = first or price
        fill(x, maker, trade, _MAKER, market.maker_ppm)
        if maker.cum == maker.qty:
            gone(x, maker)
        fill(x, taker, trade, _TAKER, market.taker_ppm)
    if notional and market.stops:
        # A sweep goes one way, so its first and last price are its extremes.
        market.stops.traded(min(first, market.mark), max(first, market.mark))
        x.pending[market] = None
    fills.clear()
    return notional


def book_trade(x: Exchange, market: Market, price: int, lots: int, side: Side | None) -> Trade:
    """Number a trade, print it on the tape, and let it move the mark."""
    trade = Trade(trade_id=x.next_trade_id, symbol_id=market.symbol_id, price=price, qty=lots, side=side)
    x.next_trade_id += 1
    x.events.append(trade)
    market.move_to(price)
    market.traded = True
    market.data.add(trade, x.now)
    return trade


def fill(x: Exchange, order: WorkingOrder, trade: Trade, liquidity: Liquidity, fee_ppm: int) -> None:
    """Book one side of one trade: cash against shares, the fee to the exchange."""
    position = order.position
    account = position.account
    entry = order.entry
    lots = trade.qty
    unit = trade.price * position.market.tick_value
    value = unit * lots
    fee = -(-value * fee_ppm // _PPM) if fee_ppm else 0
    order.reserve(-lots)
    if entry.side is _BUY:
        account.cash -= value + fee
        position.trade(lots, unit)
    else:
        account.cash += value - fee
        position.trade(-lots, unit)
    if fee:
        account.fees_paid += fee
        x.ledger.exchange.cash += fee
    if position.guarded:
        x.changed[position] = None
    order.cum += lots
    filled = OrderFilled(
        order_id=order.order_id,
        account=entry.account,
        symbol_id=entry.symbol_id,
        side=entry.side,
        trade_id=trade.trade_id,
        price=trade.price,
        qty=lots,
        liquidity=liquidity,
        leaves_qty=order.qty - order.cum,
        cum_qty=order.cum,
        fee=fee,
        client_order_id=entry.client_order_id,
    )
    account.fills.append((filled, x.now))
    account.fill_count += 1
    x.events.append(filled)


def _meet_self(x: Exchange, maker: WorkingOrder, taker: WorkingOrder, lots: int) -> None:
    """Say what self-trade prevention did: with 0 ``lots`` the maker was canceled, else both lost that many."""
    if not lots:
        maker.reserve(-maker.leaves)
        gone(x, maker)
        x.canceled(maker, CancelReason.SELF_TRADE)
        return
    maker.reserve(-lots)
    if maker.qty - maker.cum == lots:
        gone(x, maker)
        x.canceled(maker, CancelReason.SELF_TRADE)
    else:
        maker.qty -= lots
        x.replaced(maker, priority_kept=True)
    if taker.qty - taker.cum > lots:  # else matching ends, and what is left is canceled there
        taker.reserve(-lots)
        taker.qty -= lots
        x.replaced(taker, priority_kept=False)


def gone(x: Exchange, maker: WorkingOrder) -> None:
    """Forget an order that the matching engine has taken out of the book."""
    maker.slot = 0
    if maker.guarded:
        del maker.position.guarded[maker.order_id]
    x.leave(maker)
