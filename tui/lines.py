"""Without a screen: one command line from the shell (``do``), and a ladder that redraws itself in place (``watch``)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from rich.console import Console
from rich.live import Live
from rich.text import Text

from engine.types import RejectCode, Side
from net.client import Client
from net.errors import NotConnected
from net.messages import (
    AgentRegistered,
    Instruments,
    MassResult,
    OrderBooks,
    OrderResult,
    OrderShape,
    Status,
    TradePrint,
)
from tui import grammar_types as g
from tui.drawing.ladder import LadderLook, draw_ladder
from tui.grammar import GrammarError, parse
from tui.resolve import find_market, to_quantity, to_ticks
from tui.session import CHANNELS
from tui.theme import Look
from tui.view import Market, View, money
from tui.wallet import Key

OpenAccount = Callable[[Client], Awaitable[AgentRegistered]]
BOOKS_WITHIN_S = 5.0
Write = Callable[[str], object]
Result: TypeAlias = OrderResult | MassResult | str
"""What a command was answered, or what it shows."""


async def do(client: Client, text: str, account: Key | None, open_account: OpenAccount, write: Write) -> int:
    """Do one line of trading commands on the account; 0 when all was done, 1 when something was refused.

    What comes of each is written at once; a refusal ends the chain. Without an account ``open_account`` opens one on
    the connected client.

    Raises:
        GrammarError: the line is not understood; nothing was done.
        TradesimError: no connection, or no account.
    """
    commands = parse(text)
    for command in commands:
        if not isinstance(command, g.Order | g.Cancel | g.Move | g.Flat | g.Kill | g.Show):
            raise GrammarError(f"{type(command).__name__.lower()} needs the console")
    async with client:
        if account is None:
            registered = await open_account(client)
        else:
            registered = await client.register(agent_id=account.agent_id, token=account.token)
        view = View()
        view.fold(registered, 0.0)
        known = asyncio.Event()
        reader = asyncio.create_task(_read(client, view, known), name="read the market")
        try:
            await _books(known)
            view.fold(await client.get_portfolio(), 0.0)
            for command in commands:
                _check(view, command)
            for command in commands:
                result = await _tried(client, view, command)
                write(result if isinstance(result, str) else _said(result))
                if not isinstance(result, str) and result.status is Status.ERROR:
                    return 1
        finally:
            reader.cancel()
    return 0


def _check(view: View, command: g.Command) -> None:
    """Raise ``GrammarError`` for what cannot be done in this market whatever happens first."""
    match command:
        case g.Order():
            _placed(view, command)
        case g.Cancel(price=price, symbol=symbol):
            if price is not None:
                to_ticks(price, _named(view, symbol, "cancel ACME @ 100.5"))
            elif symbol is not None:
                find_market(view, symbol)
        case g.Flat(symbol):
            _named(view, symbol, "flat ACME")


async def _tried(client: Client, view: View, command: g.Command) -> Result:
    """Do a command; what has become impossible since the line was checked is a refusal like the exchange's own."""
    try:
        return await _one(client, view, command)
    except GrammarError as error:
        return OrderResult(status=Status.ERROR, code=RejectCode.INVALID_MESSAGE, message=str(error))


async def _read(client: Client, view: View, known: asyncio.Event) -> None:
    async for push in client.messages():
        if isinstance(push, Instruments | OrderBooks | TradePrint):
            view.fold(push, 0.0)
            if isinstance(push, OrderBooks) and view.markets:
                known.set()


async def _books(known: asyncio.Event) -> None:
    """Wait for the first books."""
    try:
        await asyncio.wait_for(known.wait(), BOOKS_WITHIN_S)
    except TimeoutError:
        raise NotConnected("the exchange sent no books") from None


async def _one(client: Client, view: View, command: g.Command) -> Result:
    match command:
        case g.Order():
            return await _order(client, view, command)
        case g.Cancel():
            return await _cancel(client, view, command)
        case g.Move(order_id, price, qty):
            return await _move(client, view, order_id, price, qty)
        case g.Flat(symbol):
            return await _close(client, view, [_named(view, symbol, "flat ACME").instrument.symbol_id])
        case g.Show("orders"):
            return _table([_working(view, order) for order in await client.get_orders()], "no working orders")
        case g.Show():
            view.fold(await client.get_portfolio(), 0.0)
            held = [id_ for id_, position in view.portfolio.positions.items() if position.qty and id_ in view.markets]
            return _table([_held(view, symbol_id) for symbol_id in held], "no positions")
        case _:
            await client.cancel_all()
            view.fold(await client.get_portfolio(), 0.0)
            return await _close(client, view, list(view.portfolio.positions))


def _named(view: View, ticker: str | None, example: str) -> Market:
    """The instrument of that name; where there are several it must be said, for nobody sees which one is current."""
    if ticker is None and len(view.markets) > 1:
        raise GrammarError(f"which instrument? as in: {example}")
    return find_market(view, ticker)


async def _cancel(client: Client, view: View, command: g.Cancel) -> Result:
    symbol_id = None if command.symbol is None else find_market(view, command.symbol).instrument.symbol_id
    if command.what in (g.CancelWhat.ALL, g.CancelWhat.BIDS, g.CancelWhat.ASKS):
        side = {g.CancelWhat.BIDS: Side.BUY, g.CancelWhat.ASKS: Side.SELL}.get(command.what)
        return await client.cancel_all(symbol_id, side)
    if command.price is None:
        found = [order for order in await client.get_orders() if order.order_id == command.order_id]
        return await client.cancel_order(found[0].symbol_id, command.order_id) if found else _unknown(command.order_id)
    market = _named(view, command.symbol, "cancel ACME @ 100.5")
    symbol_id, at = market.instrument.symbol_id, market.scale.price(to_ticks(command.price, market))
    canceled: list[int] = []
    for order in await client.get_orders():
        if order.symbol_id == symbol_id and order.price == at:
            result = await client.cancel_order(symbol_id, order.order_id)
            if result.status is Status.ERROR:
                return result
            canceled.append(order.order_id)
    if not canceled:
        message = f"no own order in {market.ticker} at {market.scale.text(market.scale.ticks(at))}"
        return MassResult(status=Status.ERROR, code=RejectCode.UNKNOWN_ORDER, message=message)
    return MassResult(status=Status.SUCCESS, order_ids=canceled)


async def _move(client: Client, view: View, order_id: int, price: g.Price | None, qty: g.Qty | None) -> Result:
    found = [order for order in await client.get_orders() if order.order_id == order_id]
    if not found:
        return _unknown(order_id)
    market = view.markets[found[0].symbol_id]
    ticks = to_ticks(price, market) if price is not None else None
    at = ticks if ticks is not None else market.scale.ticks(found[0].price or 0.0)
    return await client.modify_order(
        found[0].symbol_id,
        order_id,
        price=None if ticks is None else market.scale.price(ticks),
        quantity=None if qty is None else to_quantity(qty, found[0].side, at, market, view),
    )


def _unknown(order_id: int | None) -> OrderResult:
    return OrderResult(status=Status.ERROR, code=RejectCode.UNKNOWN_ORDER, message=f"no working order #{order_id}")


def _working(view: View, order: OrderShape) -> tuple[str, ...]:
    market = view.markets[order.symbol_id]
    price = "market" if order.price is None else f"@ {market.scale.text(market.scale.ticks(order.price))}"
    quantity = market.scale.exact(order.leaves_quantity)
    return f"#{order.order_id}", order.side.value, quantity, market.ticker, price


def _held(view: View, symbol_id: int) -> tuple[str, ...]:
    market, position = view.markets[symbol_id], view.portfolio.positions[symbol_id]
    quantity = f"{'-' * (position.qty < 0)}{market.scale.exact(abs(position.qty))}"
    average = f"@ {market.scale.average(position.average / market.scale.tick_size)}"
    return quantity, market.ticker, average, f"P&L {money(position.unrealized + position.realized, signed=True)}"


def _table(rows: list[tuple[str, ...]], empty: str) -> str:
    """Lines with their columns under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines) or empty


def _placed(view: View, order: g.Order) -> tuple[Market, int, float]:
    """Instrument, price in ticks and quantity of an order as the market and the account are now."""
    market = _named(view, order.symbol, f"{order.side.value} 10 ACME")
    own = g.Price(reference="bid" if order.side is Side.BUY else "ask")
    other = g.Price(reference="ask" if order.side is Side.BUY else "bid")
    ticks = to_ticks(other if order.market else order.price or own, market)
    return market, ticks, to_quantity(order.qty, order.side, ticks, market, view)


async def _order(client: Client, view: View, order: g.Order) -> OrderResult:
    market, ticks, quantity = _placed(view, order)
    return await client.add_order(
        market.instrument.symbol_id,
        order.side,
        quantity,
        price=None if order.market else market.scale.price(ticks),
        time_in_force=order.tif,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
    )


async def _close(client: Client, view: View, symbol_ids: list[int]) -> Result:
    """Cancel the orders and close the positions of these instruments, as they are by then."""
    result: OrderResult | MassResult = MassResult(status=Status.SUCCESS)
    for symbol_id in symbol_ids:
        result = await client.cancel_all(symbol_id)
        if result.status is Status.SUCCESS:
            result = await _reduce(client, view, symbol_id) or result
    return result


async def _reduce(client: Client, view: View, symbol_id: int) -> OrderResult | None:
    """Close a position; once more when it became smaller on the way. None when there is none."""
    result: OrderResult | None = None
    for _ in range(2):
        view.fold(await client.get_portfolio(), 0.0)
        qty = view.portfolio.qty(symbol_id)
        if not qty:
            break
        result = await client.add_order(symbol_id, Side.SELL if qty > 0 else Side.BUY, abs(qty), reduce_only=True)
        if result.code is not RejectCode.WOULD_NOT_REDUCE:
            break
    return result


def _said(result: OrderResult | MassResult) -> str:
    if result.status is Status.ERROR:
        code = result.code.value if result.code is not None else "error"
        return f"refused: {code}: {result.message or ''}"
    if isinstance(result, MassResult):
        return f"ok: {len(result.order_ids)} canceled"
    filled = f" filled {result.filled_quantity:g}" if result.filled_quantity else ""
    average = f" at {result.average_price:g}" if result.average_price is not None else ""
    leaves = f" working {result.leaves_quantity:g}" if result.leaves_quantity else ""
    return f"ok: #{result.order_id}{filled}{average}{leaves}"


async def watch(client: Client, ticker: str, rows: int = 16, frames: int | None = None) -> None:
    """Draw an instrument's ladder in place until Ctrl-C, or for so many frames.

    Raises:
        GrammarError: no such instrument.
        TradesimError: no connection.
    """
    look, view, console = Look("dark"), View(), Console()
    async with client:
        known = asyncio.Event()
        reader = asyncio.create_task(_read(client, view, known), name="read the market")
        try:
            await _books(known)
            view.current = find_market(view, ticker).instrument.symbol_id
            await client.subscribe(*CHANNELS, rate_hz=5)
            with Live(console=console, auto_refresh=False) as live:
                drawn = 0
                while frames is None or drawn < frames:
                    live.update(_picture(view, look, min(62, console.width), rows), refresh=True)
                    drawn += 1
                    await asyncio.sleep(0.2)
        finally:
            reader.cancel()


def _picture(view: View, look: Look, width: int, rows: int) -> Text:
    market = view.market
    text = Text()
    if market is None or market.mark is None:
        return text
    mid2 = market.depth.mid2
    picture = LadderLook(
        centre=market.mark if mid2 is None else mid2 // 2,
        last=market.last,
        last_up=market.last_up,
        traded=market.traded,
    )
    for row in draw_ladder(market.depth, picture, market.scale, width, rows + 1, look.glyphs):
        for part, name in row:
            text.append(part, look.style(name))
        text.append("\n")
    return text
