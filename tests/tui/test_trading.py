"""Orders by keyboard, from the key to the exchange."""

from __future__ import annotations

from tests.tui.conftest import OpenConsole


async def test_safe_mode_takes_a_second_key(console: OpenConsole) -> None:
    async with console() as c:
        await c.press("left_square_bracket", "down", "b")
        assert "add" not in [verb for verb, _ in c.world.requests]
        assert "Enter sends" in c.text()
        await c.press("enter")
        verb, (symbol_id, side, qty, price, tif, post) = c.world.requests[-1]
        assert (verb, symbol_id, side, qty, tif, post) == ("add", 1, "buy", 10.0, "GTC", False)
        assert price == round((max(c.world.markets[1].bids) - 1) * 0.05, 2)
        assert "working" in c.text()


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
