"""The key map: one table that bindings, help, hints and tests are made from.

Keys are named by id in the configuration (``[keys]`` in the TOML file). Modified Enter and most Ctrl keys do not arrive
through tmux and ssh, so nothing here needs them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the map. ``keys`` are Textual's names, separated by commas; ``shown`` is how help writes them."""

    id: str
    keys: str
    shown: str
    action: str
    group: str
    does: str


LADDER: tuple[Key, ...] = (
    Key("ladder.up", "up,k", "↑ k", "cursor(1)", "Cursor", "one tick up"),
    Key("ladder.down", "down,j", "↓ j", "cursor(-1)", "Cursor", "one tick down"),
    Key("ladder.page_up", "pageup", "PgUp", "cursor(10)", "Cursor", "ten ticks up"),
    Key("ladder.page_down", "pagedown", "PgDn", "cursor(-10)", "Cursor", "ten ticks down"),
    Key("ladder.best_bid", "left_square_bracket", "[", "best('bid')", "Cursor", "to the best bid"),
    Key("ladder.best_ask", "right_square_bracket", "]", "best('ask')", "Cursor", "to the best ask"),
    Key("ladder.centre", "c", "c", "centre", "Cursor", "recentre the ladder"),
    Key("order.buy", "b", "b", "order('buy')", "Order", "buy at the cursor"),
    Key("order.sell", "s", "s", "order('sell')", "Order", "sell at the cursor"),
    Key("order.join_bid", "comma", ",", "join('buy')", "Order", "join the best bid"),
    Key("order.join_ask", "full_stop", ".", "join('sell')", "Order", "join the best ask"),
    Key("order.improve_bid", "less_than_sign", "<", "improve('buy')", "Order", "bid one tick better, post-only"),
    Key("order.improve_ask", "greater_than_sign", ">", "improve('sell')", "Order", "offer one tick better, post-only"),
    Key("order.market_buy", "B", "B", "market('buy')", "Order", "buy at the market, within the band"),
    Key("order.market_sell", "S", "S", "market('sell')", "Order", "sell at the market, within the band"),
    Key("size.1", "1", "1", "preset(0)", "Size", "first size"),
    Key("size.2", "2", "2", "preset(1)", "Size", "second size"),
    Key("size.3", "3", "3", "preset(2)", "Size", "third size"),
    Key("size.4", "4", "4", "preset(3)", "Size", "fourth size"),
    Key("size.5", "5", "5", "preset(4)", "Size", "fifth size"),
    Key("size.more", "plus,equals_sign", "+", "size_step(1)", "Size", "one lot more"),
    Key("size.less", "minus", "-", "size_step(-1)", "Size", "one lot less"),
    Key("size.type", "n", "n", "size_type", "Size", "type a size"),
    Key("cancel.here", "x", "x", "cancel_here", "Cancel", "cancel at the cursor"),
    Key("cancel.all", "X", "X", "cancel_all", "Cancel", "cancel all of this instrument"),
    Key("cancel.bids", "left_parenthesis", "(", "cancel_side('buy')", "Cancel", "cancel all bids"),
    Key("cancel.asks", "right_parenthesis", ")", "cancel_side('sell')", "Cancel", "cancel all asks"),
    Key("cancel.newest", "u", "u", "cancel_newest", "Cancel", "cancel my newest"),
    Key("order.grab", "m", "m", "grab", "Order", "grab an order: ↑↓ move it, Enter sends"),
    Key("order.amend", "v", "v", "amend", "Order", "size of the order at the cursor"),
    Key("position.flatten", "F", "F", "flatten", "Safety", "flatten, then y"),
    Key("safety.kill", "exclamation_mark", "!", "kill", "Safety", "kill: cancel, flatten, disarm; then y"),
    Key("safety.arm", "a", "a", "arm", "Safety", "arm or disarm one-key trading"),
    Key("ladder.enter", "enter", "Enter", "enter", "Order", "send what waits, put down a grabbed one"),
)
"""Keys of the ladder: all trading is here, so no other focus can trade."""

APP: tuple[Key, ...] = (
    Key("go.mode", "g", "g 1-7", "prefix('go')", "Screen", "go to a screen"),
    Key("go.jump", "apostrophe", "' …", "prefix('jump')", "Screen", "jump to a pane by its letter"),
    Key("instrument.next", "right_curly_bracket", "}", "instrument(1)", "Screen", "next instrument"),
    Key("instrument.previous", "left_curly_bracket", "{", "instrument(-1)", "Screen", "previous instrument"),
    Key("pane.next", "tab", "Tab", "pane(1)", "Screen", "next pane"),
    Key("pane.previous", "shift+tab", "Shift+Tab", "pane(-1)", "Screen", "previous pane"),
    Key("pane.zoom", "z", "z", "zoom", "Screen", "zoom the pane, and back"),
    Key("layout.cycle", "vertical_line", "|", "layout", "Screen", "next layout"),
    Key("view.freeze", "space", "Space", "freeze", "Screen", "freeze the picture, and on"),
    Key("chart.timeframe", "t", "t", "timeframe", "Screen", "next timeframe of the chart"),
    Key("bar.command", "colon", ":", "command", "Help", "command bar"),
    Key("bar.filter", "slash", "/", "filter", "Help", "filter the list"),
    Key("app.palette", "ctrl+p", "Ctrl+P", "command_palette", "Help", "palette of all commands"),
    Key("app.help", "question_mark,f1", "? F1", "help", "Help", "keys of this pane"),
    Key("app.escape", "escape", "Esc", "escape", "Help", "drop, close, back"),
    Key("app.quit", "q", "q", "quit_asked", "Help", "quit; asks when not flat"),
    Key("app.leave", "ctrl+c,ctrl+q", "Ctrl+C", "quit", "Help", "leave at once"),
)
"""Keys that work everywhere."""

LIST: tuple[Key, ...] = (
    Key("list.up", "up,k", "↑ k", "row(-1)", "List", "up"),
    Key("list.down", "down,j", "↓ j", "row(1)", "List", "down"),
    Key("list.page_up", "pageup", "PgUp", "row(-10)", "List", "ten up"),
    Key("list.page_down", "pagedown", "PgDn", "row(10)", "List", "ten down"),
    Key("list.top", "home", "Home", "row(-100000)", "List", "to the top"),
    Key("list.bottom", "end", "End", "row(100000)", "List", "to the bottom"),
    Key("list.open", "enter", "Enter", "open", "List", "open"),
    Key("list.sort", "s", "s", "sort", "List", "sort by the next column"),
)
"""Keys of every list."""

AGENTS: tuple[Key, ...] = (
    Key("agents.pause", "p", "p", "pause", "Agents", "pause or resume the agent"),
    Key("agents.equity", "e", "e", "equity", "Agents", "equity chart of the agent, large"),
    Key("agents.orders", "o", "o", "orders", "Agents", "its orders in the ladder, and off"),
    Key("agents.kill", "K", "K", "remove", "Agents", "remove the agent, then y"),
    Key("agents.new", "N", "N", "create", "Agents", "create an agent"),
)

WORKING: tuple[Key, ...] = (Key("working.cancel", "x", "x", "cancel", "Orders", "cancel the order"),)

ADMIN: tuple[Key, ...] = (
    Key("admin.instrument", "i", "i", "create('instrument')", "Admin", "list an instrument"),
    Key("admin.agent", "e", "e", "create('agent')", "Admin", "create an agent"),
    Key("admin.news", "w", "w", "create('news')", "Admin", "write a headline"),
    Key("admin.halt", "h", "h", "halt", "Admin", "halt or open the instrument"),
    Key("admin.faster", "plus,equals_sign", "+", "speed(1)", "Admin", "simulation faster"),
    Key("admin.slower", "minus", "-", "speed(-1)", "Admin", "simulation slower"),
    Key("admin.delist", "D", "D", "delist", "Admin", "delist the instrument, then y"),
)

REPLAY: tuple[Key, ...] = (
    Key("view.freeze", "space", "Space", "freeze", "Replay", "pause, and go on"),
    Key("replay.step", "right", "→", "step(1)", "Replay", "one command on"),
    Key("replay.back", "left", "←", "step(-1)", "Replay", "one command back"),
    Key("replay.trade", "r", "r", "find('trade', 1)", "Replay", "to the next trade of the instrument"),
    Key("replay.trade_back", "R", "R", "find('trade', -1)", "Replay", "to the previous trade"),
    Key("replay.news", "l", "l", "find('news', 1)", "Replay", "to the next headline"),
    Key("replay.news_back", "L", "L", "find('news', -1)", "Replay", "to the previous headline"),
    Key("replay.faster", "f", "f", "speed(1)", "Replay", "faster"),
    Key("replay.slower", "d", "d", "speed(-1)", "Replay", "slower"),
    Key("replay.seek", "J", "J", "jump", "Replay", "to a time that you type"),
    Key("replay.live", "W", "W", "what_if", "Replay", "what if: go on live from here, then y"),
)
"""Keys of a replay, in every pane; Space is what freezes the picture elsewhere."""

MODES: tuple[tuple[str, str], ...] = (
    ("trade", "Trade"),
    ("markets", "Markets"),
    ("agents", "Agents"),
    ("blotter", "Blotter"),
    ("performance", "Performance"),
    ("news", "News"),
    ("admin", "Admin"),
)
"""Screens, in the order of their digits."""

ALL: tuple[Key, ...] = LADDER + APP + LIST + WORKING + AGENTS + ADMIN
