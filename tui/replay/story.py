"""One command of a recording in a few words: who did what, and what came of it."""

from __future__ import annotations

from engine import commands as c
from engine.events import AnyEvent, OrderCanceled, Trade
from engine.playhead import Moment
from engine.service import OrderBookService
from engine.types import SymbolId
from net.units import Units
from tui.view.scale import Scale


def told(moment: Moment, service: OrderBookService) -> str:
    """What happened; ``service`` is the exchange just after it."""
    names = {instrument.symbol_id: instrument.ticker for instrument in service.instruments()}
    scales = {instrument.symbol_id: _scale(Units.of(instrument)) for instrument in service.instruments()}

    def price(symbol_id: SymbolId, ticks: int | None) -> str:
        return "" if ticks is None or symbol_id not in scales else f" @ {scales[symbol_id].text(ticks)}"

    def qty(symbol_id: SymbolId, lots: int) -> str:
        scale = scales.get(symbol_id)
        return f"#{symbol_id}" if scale is None else f"{scale.exact(lots * scale.lot_size)} {names[symbol_id]}"

    who = _name(moment.command, service)
    match moment.command:
        case c.NewOrder(symbol_id=symbol_id) as order:
            at = price(symbol_id, order.price) or (" at market" if order.stop_price is None else "")
            stop = f" stop{price(symbol_id, order.stop_price)}" if order.stop_price is not None else ""
            text = f"{who} {order.side.value}s {qty(symbol_id, order.qty)}{at}{stop}"
        case c.CancelOrder(order_id=order_id):
            text = f"{who} cancels {f'#{order_id}' if order_id else 'an order'}"
        case c.ReplaceOrder(symbol_id=symbol_id, order_id=order_id) as change:
            text = f"{who} moves {f'#{order_id}' if order_id else 'an order'}{price(symbol_id, change.price)}"
        case c.MassQuote(symbol_id=symbol_id, bids=bids, asks=asks):
            text = f"{who} quotes {names.get(symbol_id, '')} {len(bids)} × {len(asks)} levels"
        case c.CancelAll():
            text = f"{who} cancels all"
        case c.OpenAccount(name=name, account=account):
            text = f"account {name or account} is opened"
        case c.PublishNews(headline=headline):
            text = f"NEWS {headline}"
        case c.AddInstrument(instrument=instrument):
            text = f"{instrument.ticker} is listed"
        case c.SetInstrumentStatus(symbol_id=symbol_id, status=status):
            text = f"{names.get(symbol_id, '')} is {status.value}"
        case c.AdvanceTime():
            text = "what was due"
        case other:
            text = str(type(other).__struct_config__.tag).replace("_", " ")
    return text + _outcome(moment.events)


def _scale(units: Units) -> Scale:
    return Scale(units.price(1), units.quantity(1))


def _name(command: c.AnyCommand, service: OrderBookService) -> str:
    account = service.account(getattr(command, "account", ""))
    return "" if account is None else account.name or account.account


def _outcome(events: list[AnyEvent]) -> str:
    trades = sum(isinstance(event, Trade) for event in events)
    canceled = sum(isinstance(event, OrderCanceled) for event in events)
    parts = [f"{trades} trade{'s' * (trades > 1)}"] * bool(trades) + [f"{canceled} canceled"] * bool(canceled)
    return f": {', '.join(parts)}" if parts else ""
