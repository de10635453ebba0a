"""The mouse: a click trades only in a ladder that is ARMED and had the focus before; elsewhere it selects."""

from __future__ import annotations

import pytest

from tests.tui.conftest import Console, OpenConsole
from tui.view import Ack
from tui.widgets.ladder import Ladder
from tui.widgets.markets import Markets

BID_COLUMN, PRICE_COLUMN, ASK_COLUMN = 12, 24, 36


def ladder(c: Console) -> Ladder:
    return c.app.screen.query_one(Ladder)


def row_of(c: Console, ticks: int) -> int:
    """Line of a price inside the ladder."""
    text = c.app.view.markets[1].scale.text(ticks)
    top = ladder(c).region.y
    return next(y for y, line in enumerate(c.lines()) if text in line[:40]) - top


async def click(c: Console, column: int, ticks: int) -> None:
    c.world.time.pass_ms(300)
    await c.pilot.click(Ladder, offset=(column, row_of(c, ticks)))
    await c.settle()


def orders(c: Console) -> list[tuple[str, float]]:
    adds = [data for verb, data in c.world.requests if verb == "add"]
    return [(data[1], data[3]) for data in adds]  # type: ignore[index]


def bid(c: Console) -> int:
    return max(c.world.markets[1].bids)


async def test_a_click_moves_the_cursor_and_trades_nothing_while_safe(console: OpenConsole) -> None:
    async with console() as c:
        await click(c, BID_COLUMN, bid(c) - 3)
        assert ladder(c).cursor == bid(c) - 3
        assert c.app.desk.asked is None
        assert orders(c) == []


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_armed_a_click_on_a_side_places_an_order_there(size: tuple[int, int], console: OpenConsole) -> None:
    async with console(size=size) as c:
        await c.press("left_square_bracket", "a")
        await click(c, BID_COLUMN, bid(c) - 2)
        await click(c, ASK_COLUMN, bid(c) + 5)
        assert orders(c) == [("buy", round((bid(c) - 2) * 0.05, 2)), ("sell", round((bid(c) + 5) * 0.05, 2))]
        assert [order.ack for order in c.app.view.orders.open_orders()] == [Ack.WORKING] * 2


async def test_armed_a_click_on_the_price_only_moves_the_cursor(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "a")
        await click(c, PRICE_COLUMN, bid(c) - 2)
        assert ladder(c).cursor == bid(c) - 2
        assert orders(c) == []


async def test_a_click_that_would_trade_at_once_asks(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "a")
        await click(c, BID_COLUMN, bid(c) + 4)
        assert c.app.desk.asked is not None
        assert c.app.desk.asked.key == "y"
        assert orders(c) == []


async def test_the_click_that_brings_the_focus_never_trades(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "a", "tab")
        await click(c, BID_COLUMN, bid(c) - 2)
        assert ladder(c).has_focus
        assert orders(c) == []
        await click(c, BID_COLUMN, bid(c) - 2)
        assert len(orders(c)) == 1


async def test_a_click_selects_a_row_and_a_second_one_opens_it(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("g", "2")
        await c.pilot.click(Markets, offset=(10, 4))
        await c.settle()
        assert c.app.screen.query_one(Markets).selected == 2
        await c.pilot.click(Markets, offset=(10, 4), times=2)
        await c.settle()
        assert (c.app.context.mode, c.app.view.current) == ("trade", 3)
