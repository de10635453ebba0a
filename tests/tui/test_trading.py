"""Orders by keyboard, from the key to the exchange."""

from __future__ import annotations

from engine.types import Side
from tests.tui.conftest import OpenConsole
from tui.widgets.ladder import Ladder


async def test_safe_mode_takes_a_second_key(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "down", "b")
        assert "add" not in [verb for verb, _ in c.world.requests]
        assert "Enter sends" in c.text()
        await c.press("enter")
        verb, (symbol_id, side, qty, price, tif, post) = c.world.requests[-1]
        assert (verb, symbol_id, side, qty, tif, post) == ("add", 1, "buy", 10.0, "GTC", False)
        assert price == round((max(c.world.markets[1].bids) - 1) * 0.05, 2)
        assert "≈" in next(line for line in c.lines() if "BUY " in line)


async def test_a_marketable_order_asks_for_y_and_fills(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("right_square_bracket", "b")
        assert "trades at once" in c.text()
        await c.press("y")
        assert c.app.view.portfolio.qty(1) == 10.0
        assert "pos +10" in c.lines()[0]


async def test_a_reject_says_why(console: OpenConsole) -> None:
    async with console() as c:
        c.app.desk.set_size(9_000)
        await c.press("left_square_bracket", "b", "enter")
        assert c.app.view.orders.done[0].reason == "quantity is over the account's limit of 5000"
        assert "order_limit" in next(line.text for line in c.app.view.audit if line.kind == "reject")


async def test_a_grabbed_order_moves_with_the_cursor(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "down", "down", "b", "enter", "m", "down", "enter")
        verb, (_order_id, price, _qty) = c.world.requests[-1]
        assert verb == "modify"
        assert price == round((max(c.world.markets[1].bids) - 3) * 0.05, 2)


async def test_a_filled_market_order_stands_at_what_it_cost(console: OpenConsole) -> None:
    """Not at its limit, which is the band's end."""
    async with console() as c:
        await c.press("B", "y", "g", "4")
        fill = c.app.view.orders.fills[0]
        done = c.app.view.orders.done[0]
        assert done.ticks is not None
        assert done.ticks > fill.ticks
        row = next(line for line in c.lines() if " filled " in line and str(done.order_id) in line and "BUY" in line)
        assert f"{fill.ticks * 0.05:.2f}" in row
        assert f"{done.ticks * 0.05:.2f}" not in row


async def test_order_numbers_and_large_sizes_are_not_cut(console: OpenConsole) -> None:
    async with console(size=(80, 24)) as c:
        c.world.numbers = 1_234_526
        c.app.desk.set_size(5_000)
        await c.press("left_square_bracket", "b", "enter", "g", "4")
        number = c.app.view.orders.open_orders()[0].order_id
        row = next(line for line in c.lines() if "working" in line and "BUY" in line)
        assert f"{number} ACME" in row
        assert "5000" in row


async def test_a_large_size_is_confirmed_with_every_digit(console: OpenConsole) -> None:
    async with console() as c:
        c.app.desk.set_size(9_999_999)
        await c.press("left_square_bracket", "b")
        assert "BUY 9,999,999 ACME" in c.text()


async def test_moving_an_order_shows_no_countdown(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "down", "b", "enter", "m")
        ticket = next(line for line in c.lines() if "MOVE #" in line)
        assert " 0 s" not in ticket


async def test_cash_stands_in_the_status_line_where_there_is_room(console: OpenConsole) -> None:
    async with console(size=(120, 40)) as c:
        assert "cash 100,000.00" in c.lines()[0]
    async with console(size=(100, 40)) as c:
        assert "cash" not in c.lines()[0]


async def test_a_hint_goes_at_the_next_key(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "x")
        assert [notice.message for notice in c.app._notifications] == ["no own order at this price"]
        await c.press("down")
        assert not list(c.app._notifications)


async def test_a_hint_goes_after_three_seconds(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "x")
        c.world.time.pass_ms(3_100)
        c.app.second()
        assert not list(c.app._notifications)


async def test_the_last_price_flashes_when_it_changes_but_not_more_than_once_a_second(console: OpenConsole) -> None:
    def print_at(ticks: int) -> None:
        c.world._print(1, ticks, 1.0, Side.BUY, silent=False)

    async with console() as c:
        ladder = c.app.screen.query_one(Ladder)
        market = c.app.view.markets[1]
        assert market.last is not None
        c.world.time.pass_ms(2_000)
        await c.settle()
        print_at(market.last + 1)
        await c.settle()
        assert ladder._flashes(market) == ((market.last, "flash.buy"),)
        c.world.time.pass_ms(500)
        print_at(market.last - 1)
        await c.settle()
        assert ladder._flashes(market) == ()
        c.world.time.pass_ms(500)
        print_at(market.last - 1)
        await c.settle()
        assert ladder._flashes(market) == ((market.last, "flash.sell"),)
