"""What everybody sees at the end of a command: changed books, and where changed auctions would uncross."""

from __future__ import annotations

from typing import Final

from engine.auction import indicate
from engine.events import AuctionIndication
from engine.exchange import Exchange
from engine.market import Market
from engine.types import InstrumentStatus

_AUCTION: Final = InstrumentStatus.AUCTION


def publish(x: Exchange) -> None:
    """Close a command: one ``DepthChanged``, and in an auction an indication, for each book that looks different."""
    touched = x.touched
    for market in touched:
        if market.status is _AUCTION:
            _indicate(x, market)
        changed = market.publish()
        if changed is not None:
            x.events.append(changed)
    touched.clear()


def _indicate(x: Exchange, market: Market) -> None:
    """Say where an auction would uncross now, if that has changed."""
    found = indicate(x, market)
    if found != market.indication:
        market.indication = found
        price, lots = found or (None, 0)
        x.events.append(AuctionIndication(symbol_id=market.symbol_id, price=price, qty=lots))
