"""From what a command says to numbers of the market: prices to ticks, shares to quantities."""

from __future__ import annotations

from engine.types import Side
from tui.grammar import GrammarError
from tui.grammar_types import Price, Qty
from tui.view import Market, View


def find_market(view: View, ticker: str | None) -> Market:
    """The instrument of that ticker, or the current one.

    Raises:
        GrammarError: there is none.
    """
    market = view.market if ticker is None else view.find(ticker)
    if market is None:
        raise GrammarError(f"no instrument {ticker}" if ticker else "no instrument is selected")
    return market


def to_ticks(price: Price, market: Market) -> int:
    """The price in whole ticks.

    Raises:
        GrammarError: not on the tick, or its reference does not exist at the moment.
    """
    if price.value is not None:
        ticks = market.scale.ticks(price.value)
        if abs(market.scale.price(ticks) - price.value) > market.scale.tick_size * 1e-6:
            raise GrammarError(f"{price.value:g} is not on the tick of {market.scale.tick_size:g}")
        return ticks
    depth = market.depth
    mid2 = depth.mid2
    base = {
        "bid": depth.best_bid,
        "ask": depth.best_ask,
        "last": market.last,
        "mid": None if mid2 is None else mid2 // 2,
    }[price.reference or "mid"]
    if base is None:
        raise GrammarError(f"{market.ticker} has no {price.reference} now")
    if base + price.offset <= 0:
        raise GrammarError("that price is below zero")
    return base + price.offset


def to_quantity(qty: Qty, side: Side, ticks: int, market: Market, view: View) -> float:
    """The quantity in whole lots; a share is of what cash buys, or of the position when the order reduces it.

    Raises:
        GrammarError: it is less than a lot.
    """
    if qty.units is not None:
        wanted = qty.units
    else:
        held = view.portfolio.qty(market.instrument.symbol_id)
        if held * (-1 if side is Side.BUY else 1) > 0:
            most = abs(held)
        else:
            cash = max(0.0, view.portfolio.cash - view.portfolio.reserved)
            most = cash / market.scale.price(ticks) if ticks > 0 else 0.0
        wanted = most * (qty.share or 0.0)
    whole = market.scale.whole_lots(wanted)
    if whole <= 0:
        raise GrammarError(f"{wanted:g} is less than one lot of {market.scale.lot_size:g}")
    if qty.units is not None and abs(whole - wanted) > market.scale.lot_size * 1e-6:
        raise GrammarError(f"{wanted:g} is not in lots of {market.scale.lot_size:g}")
    return whole
