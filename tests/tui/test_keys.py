"""Every key of the map does what it says: one row a key, and none may be missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.tui.conftest import Console, OpenConsole
from tests.tui.world import FakeTime, World
from tui import keys
from tui.config import ConsoleConfig, key_problems
from tui.widgets.ladder import Ladder
from tui.widgets.markets import Markets
from tui.widgets.pane import Pane

Check = Callable[[Console], bool]


def ladder(c: Console) -> Ladder:
    return c.app.screen.query_one(Ladder)


def cursor(c: Console) -> int:
    at = ladder(c).cursor
    assert at is not None
    return at


def sent(c: Console) -> tuple[str, object]:
    return next((request for request in reversed(c.world.requests) if request[0] != "subscribe"), ("", None))


def added(c: Console, side: str, ticks: int, tif: str = "GTC", post: bool = False) -> bool:
    return sent(c) == ("add", (1, side, 10.0, round(ticks * 0.05, 2), tif, post))


def best(c: Console, side: str) -> int:
    book = c.world.markets[1]
    return max(book.bids) if side == "bid" else min(book.asks)


def pane(c: Console) -> str:
    return c.app.focused.NAME if isinstance(c.app.focused, Pane) else ""


@dataclass(frozen=True)
class Case:
    """Keys to press, and what must hold then."""

    press: tuple[str, ...]
    then: Check
    steps: int = 0


REST = ("left_square_bracket", "down", "down", "b", "enter")
"""Rest a bid two ticks under the best, cursor on it."""

CASES: dict[str, Case] = {
    "ladder.up": Case(("left_square_bracket", "up"), lambda c: cursor(c) == best(c, "bid") + 1),
    "ladder.down": Case(("left_square_bracket", "j"), lambda c: cursor(c) == best(c, "bid") - 1),
    "ladder.page_up": Case(("left_square_bracket", "pageup"), lambda c: cursor(c) == best(c, "bid") + 10),
    "ladder.page_down": Case(("left_square_bracket", "pagedown"), lambda c: cursor(c) == best(c, "bid") - 10),
    "ladder.best_bid": Case(("pageup", "left_square_bracket"), lambda c: cursor(c) == best(c, "bid")),
    "ladder.best_ask": Case(("right_square_bracket",), lambda c: cursor(c) == best(c, "ask")),
    "ladder.centre": Case(
        ("pageup", "pageup", "pageup", "c"),
        lambda c: cursor(c) == best(c, "bid") and ladder(c).centre == (best(c, "bid") + best(c, "ask")) // 2,
    ),
    "order.buy": Case(("left_square_bracket", "b", "enter"), lambda c: added(c, "buy", best(c, "bid"))),
    "order.sell": Case(("right_square_bracket", "s", "enter"), lambda c: added(c, "sell", best(c, "ask"))),
    "order.join_bid": Case(("comma", "enter"), lambda c: added(c, "buy", best(c, "bid"))),
    "order.join_ask": Case(("full_stop", "enter"), lambda c: added(c, "sell", best(c, "ask"))),
    "order.improve_bid": Case(("less_than_sign", "enter"), lambda c: added(c, "buy", best(c, "bid") + 1, post=True)),
    "order.improve_ask": Case(
        ("greater_than_sign", "enter"), lambda c: added(c, "sell", best(c, "ask") - 1, post=True)
    ),
    "order.market_buy": Case(
        ("B", "y"), lambda c: added(c, "buy", best(c, "ask") + round(best(c, "ask") * 0.02), "IOC")
    ),
    "order.market_sell": Case(
        ("S", "y"), lambda c: added(c, "sell", best(c, "bid") - round(best(c, "bid") * 0.02), "IOC")
    ),
    "size.1": Case(("1",), lambda c: c.app.desk.settings.size == 1),
    "size.2": Case(("2",), lambda c: c.app.desk.settings.size == 5),
    "size.3": Case(("2", "3"), lambda c: c.app.desk.settings.size == 10),
    "size.4": Case(("4",), lambda c: c.app.desk.settings.size == 25),
    "size.5": Case(("5",), lambda c: c.app.desk.settings.size == 100),
    "size.more": Case(("plus",), lambda c: c.app.desk.settings.size == 11),
    "size.less": Case(("minus",), lambda c: c.app.desk.settings.size == 9),
    "size.type": Case(("n", "4", "2", "enter"), lambda c: c.app.desk.settings.size == 42),
    "cancel.here": Case((*REST, "x"), lambda c: sent(c)[0] == "cancel" and not c.app.view.orders.open_orders()),
    "cancel.all": Case((*REST, "X"), lambda c: sent(c) == ("cancel_all", (1, None))),
    "cancel.bids": Case((*REST, "left_parenthesis"), lambda c: sent(c) == ("cancel_all", (1, "buy"))),
    "cancel.asks": Case((*REST, "right_parenthesis"), lambda c: sent(c) == ("cancel_all", (1, "sell"))),
    "cancel.newest": Case((*REST, "pageup", "u"), lambda c: sent(c)[0] == "cancel"),
    "order.grab": Case((*REST, "m", "down", "enter"), lambda c: sent(c)[0] == "modify"),
    "order.amend": Case((*REST, "v", "7", "enter"), lambda c: sent(c)[1] == (42, None, 7.0)),
    "ladder.enter": Case((*REST, "m", "up", "enter"), lambda c: sent(c)[0] == "modify"),
    "position.flatten": Case(("B", "y", "F", "y"), lambda c: c.app.view.portfolio.qty(1) == 0 and sent(c)[0] == "add"),
    "safety.kill": Case(
        ("a", *REST, "B", "y", "exclamation_mark", "y"),
        lambda c: c.app.view.portfolio.flat and not c.app.view.orders.open_orders() and not c.app.desk.armed,
    ),
    "safety.arm": Case(("a",), lambda c: c.app.desk.armed and "ARMED" in c.lines()[0]),
    "go.mode": Case(("g", "2"), lambda c: c.app.context.mode == "markets"),
    "go.jump": Case(("apostrophe", "t"), lambda c: pane(c) == "tape"),
    "instrument.next": Case(("right_curly_bracket",), lambda c: c.app.view.current == 2),
    "instrument.previous": Case(("left_curly_bracket",), lambda c: c.app.view.current == 5),
    "pane.next": Case(("tab",), lambda c: pane(c) == "chart"),
    "pane.previous": Case(("shift+tab",), lambda c: pane(c) == "news"),
    "pane.zoom": Case(("z",), lambda c: ladder(c).size.width == 120),
    "layout.cycle": Case(("vertical_line",), lambda c: not c.app.screen.query_one("#tape").region),
    "view.freeze": Case(("space",), lambda c: c.app.context.frozen and "FROZEN" in c.text()),
    "chart.timeframe": Case(("t",), lambda c: c.app.context.timeframe == "15s"),
    "bar.command": Case(("colon",), lambda c: c.app.screen.query_one("CommandBar").has_focus),
    "bar.filter": Case(
        ("g", "2", "slash", "b", "e", "t", "enter"), lambda c: c.app.context.filters["markets"] == "bet"
    ),
    "app.palette": Case(("ctrl+p",), lambda c: type(c.app.screen).__name__ == "CommandPalette"),
    "app.help": Case(("question_mark",), lambda c: "buy at the cursor" in c.text()),
    "app.escape": Case(("b", "escape"), lambda c: c.app.desk.asked is None and sent(c)[0] != "add"),
    "app.leave": Case(("ctrl+c",), lambda c: not c.app.is_running or c.app._exit),
    "app.quit": Case((*REST, "q"), lambda c: "QUIT with no position and 1 working orders" in c.text()),
    "list.up": Case(("g", "2", "down", "down", "k"), lambda c: c.app.screen.query_one(Markets).selected == 1),
    "list.down": Case(("g", "2", "j"), lambda c: c.app.screen.query_one(Markets).selected == 1),
    "list.page_up": Case(("g", "2", "end", "pageup"), lambda c: c.app.screen.query_one(Markets).selected == 0),
    "list.page_down": Case(("g", "2", "pagedown"), lambda c: c.app.screen.query_one(Markets).selected == 4),
    "list.top": Case(("g", "2", "end", "home"), lambda c: c.app.screen.query_one(Markets).selected == 0),
    "list.bottom": Case(("g", "2", "end"), lambda c: c.app.screen.query_one(Markets).selected == 4),
    "list.open": Case(("g", "2", "down", "enter"), lambda c: c.app.view.current == 2 and c.app.context.mode == "trade"),
    "list.sort": Case(("g", "2", "s"), lambda c: "by change" in c.text()),
    "working.cancel": Case((*REST, "g", "4", "x"), lambda c: sent(c)[0] == "cancel"),
    "agents.pause": Case(("g", "3", "p"), lambda c: c.world.admin.calls[-1][0] == "pause"),
    "agents.equity": Case(("g", "3", "e"), lambda c: pane(c) == "equity" and c.app.screen.has_class("-zoomed")),
    "agents.orders": Case(
        ("g", "3", "o", "pageup"),
        lambda c: c.app.view.current == 2 and any("52.20" in x and "·77" in x for x in c.lines()),
    ),
    "agents.kill": Case(("g", "3", "K", "y"), lambda c: c.world.admin.calls[-1][0] == "remove_agent"),
    "agents.new": Case(("g", "3", "N"), lambda c: "CREATE AN AGENT" in c.text()),
    "admin.instrument": Case(("g", "7", "i"), lambda c: "LIST AN INSTRUMENT" in c.text()),
    "admin.agent": Case(("g", "7", "e"), lambda c: "CREATE AN AGENT" in c.text()),
    "admin.news": Case(("g", "7", "w"), lambda c: "PUBLISH NEWS" in c.text()),
    "admin.halt": Case(("g", "7", "h"), lambda c: c.world.admin.calls[-1] == ("halt", 1)),
    "admin.faster": Case(("g", "7", "plus", "plus"), lambda c: c.world.admin.calls[-1] == ("set_speed", 5.0)),
    "admin.slower": Case(("g", "7", "minus"), lambda c: c.world.admin.calls[-1] == ("set_speed", 0.5)),
    "admin.delist": Case(("g", "7", "D", "y"), lambda c: c.world.admin.calls[-1] == ("remove_instrument", 1)),
}


def test_no_key_of_the_map_is_without_a_case() -> None:
    assert set(CASES) == {key.id for key in keys.ALL}


def test_what_a_key_does_is_said_in_one_line_of_the_help() -> None:
    assert [key.does for key in keys.ALL if len(key.does) > 39] == []


@pytest.mark.parametrize("name", CASES)
async def test_the_key_does_what_the_map_says(name: str, console: OpenConsole) -> None:
    case = CASES[name]
    world = World(FakeTime())
    async with console(world=world, config=ConsoleConfig(admin=lambda: world.admin)) as c:
        await c.press(*case.press)
        assert case.then(c), c.text()


def test_no_two_keys_of_one_place_clash() -> None:
    assert key_problems({}) == []


@pytest.mark.parametrize(
    ("keymap", "told"),
    [
        ({"order.buy": "s"}, "key 's' is both order.buy and order.sell (in ladder)"),
        ({"order.buy": "q"}, "key 'q' is both order.buy and app.quit (in ladder)"),
        ({"order.by": "b"}, "unknown key binding 'order.by'"),
    ],
)
def test_a_bad_key_map_is_told(keymap: dict[str, str], told: str) -> None:
    assert told in key_problems(keymap)


async def test_a_remapped_key_works_and_the_old_one_does_not(console: OpenConsole) -> None:
    config = ConsoleConfig(keymap={"order.buy": "f"})
    async with console(config=config) as c:
        await c.press("left_square_bracket", "b")
        assert c.app.desk.asked is None
        await c.press("f", "enter")
        assert sent(c)[0] == "add"


@pytest.mark.parametrize("key", ["b", "s", "B", "S", "comma", "full_stop", "x", "X", "F", "exclamation_mark", "u", "m"])
async def test_no_trading_key_works_outside_the_ladder(key: str, console: OpenConsole) -> None:
    async with console() as c:
        await c.press("tab", key, "enter", "y")
        assert sent(c)[0] not in ("add", "cancel", "cancel_all", "modify")
