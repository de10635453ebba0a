"""The three lines around the panes: status on top, the ticket and the keys below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.drawing.cells import Glyphs, Row, Span, fill_row, fit, row_width, spread_row
from tui.view import LinkState


@dataclass(frozen=True, slots=True)
class Quote:
    """One instrument in the status line."""

    ticker: str
    price: str
    up: bool | None
    change: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line says."""

    quotes: tuple[Quote, ...]
    """The current instrument first."""
    spread: int | None
    position: str
    average: str
    pnl: float
    pnl_text: str
    size: str
    armed_s: int | None
    """Seconds that ARMED lasts; None when SAFE."""
    spectator: bool
    link: LinkState
    link_text: str
    mode: str
    phase: str = ""
    """``HALTED`` or ``AUCTION`` while the instrument does not trade."""
    cash: str = ""
    watching: str = "SPECTATOR"
    """Badge of somebody who does not trade."""
    account: bool = True
    """Whether there is an account to show."""
    speed: float = 1.0
    """Of the simulation; told where it is not real time."""
    paused: bool = False
    """Whether all agents are."""
    time: str = ""
    """The exchange's, where there is room."""


def draw_status(status: Status, width: int, glyphs: Glyphs) -> Row:
    """The status line: price, position and P&L at the left, badge and link at the right."""
    right = _right(status, glyphs)
    left: list[Span] = [(" ", "bar")]
    parts = [_quote(quote, glyphs, first=index == 0) for index, quote in enumerate(status.quotes)]
    # In the order of their worth: own instrument, money, position, spread, the other instruments.
    wanted = [*parts[:1], *_account(status, glyphs), *parts[1:]]
    for spans in wanted:
        if row_width(left) + row_width(spans) + row_width(right) + 1 <= width:
            left += spans
    return spread_row(left, right, width, "bar")


def _quote(quote: Quote, glyphs: Glyphs, first: bool) -> list[Span]:
    mark = {True: glyphs.up, False: glyphs.down, None: glyphs.flat}[quote.up]
    style = {True: "bar.up", False: "bar.down", None: "bar"}[quote.up]
    change = f" {quote.change:+.2%}" if quote.change is not None else ""
    name = "bar.bright" if first else "bar"
    return [(f"{quote.ticker} ", name), (f"{quote.price} {mark}{change}", style), ("  ", "bar")]


def _account(status: Status, glyphs: Glyphs) -> list[list[Span]]:
    parts: list[list[Span]] = []
    if status.phase:
        parts.append([(f"{status.phase}  ", "bar.bad")])
    if status.account:
        mark = f"{glyphs.up} " if status.pnl > 0 else f"{glyphs.down} " if status.pnl < 0 else ""
        style = "bar.up" if status.pnl > 0 else "bar.down" if status.pnl < 0 else "bar"
        parts.append([("P&L ", "bar.dim"), (f"{mark}{status.pnl_text}  ", style)])
        average = f" @{status.average}" if status.average else ""
        parts.append([("pos ", "bar.dim"), (f"{status.position}{average}  ", "bar")])
        if status.cash:
            parts.append([("cash ", "bar.dim"), (f"{status.cash}  ", "bar")])
    if status.spread is not None:
        parts.append([("sp ", "bar.dim"), (f"{status.spread}t   ", "bar")])
    return parts


def _right(status: Status, glyphs: Glyphs) -> list[Span]:
    dot, style = {
        LinkState.LIVE: (glyphs.dot_on, "bar.good"),
        LinkState.STALE: (glyphs.dot_half, "bar.warn"),
        LinkState.DOWN: (glyphs.dot_off, "bar.bad"),
        LinkState.CONNECTING: (glyphs.dot_off, "bar.warn"),
    }[status.link]
    badge: Span
    if status.spectator:
        badge = (f" {status.watching} ", "safe")
    elif status.armed_s is not None:
        badge = (f" ARMED {status.armed_s // 60}:{status.armed_s % 60:02d} ", "armed")
    else:
        badge = (" SAFE ", "safe")
    size: list[Span] = [] if status.spectator else [("q ", "bar.dim"), (f"{status.size}  ", "bar.bright")]
    market: list[Span] = [(f"{status.time}  ", "bar.dim")] if status.time else []
    market += [(f"×{status.speed:g}  ", "bar.warn")] if status.speed != 1.0 else []
    market += [("PAUSED  ", "bar.warn")] if status.paused else []
    return [
        *market,
        *size,
        badge,
        ("  ", "bar"),
        (dot, style),
        (f" {status.link_text} ", "bar.dim" if dot == glyphs.dot_on else style),
    ]


@dataclass(frozen=True, slots=True)
class VenueLine:
    """What the line below the status line says of a venue."""

    text: str
    """The model of paper trading, or the banner of real orders."""
    book: str | None
    """How live the book is: live, stale, reconnecting, unknown name; None for a simulated instrument."""
    orders_live: bool | None = None
    """Whether own orders at the venue are known; None on paper."""


def draw_venue(line: VenueLine, width: int, glyphs: Glyphs) -> Row:
    """The line of a venue: calm on paper, all red where orders are real."""
    real = line.orders_live is not None
    calm = "ask.bad" if real else "bar"
    states = [("book", line.book)] if line.book is not None else []
    if real:
        states.append(("orders", "live" if line.orders_live else "reconnecting"))
    right: list[Span] = []
    for name, state in states:
        good = state == "live"
        style = calm if real else "bar.good" if good else "bar.bad"
        right.append((f" {name} {glyphs.dot_on if good else glyphs.dot_off} {state.upper()} ", style))
    text = fit(line.text, min(len(line.text), width - row_width(right) - 3))  # how live it is must never give way
    return spread_row([(f" {text} ", calm)], right, width, calm)


def draw_keys(pairs: Sequence[tuple[str, str]], width: int, tail: str = "") -> Row:
    """The key line: as many ``key does`` pairs as fit."""
    spans: list[Span] = [(" ", "text")]
    used = 1
    room = width - len(tail) - 1
    for key, does in pairs:
        size = len(key) + len(does) + 3
        if used + size > room:
            break
        spans += [(key, "key"), (f" {does}  ", "hint")]
        used += size
    return spread_row(spans, ((tail, "hint"),) if tail else (), width)


def draw_question(
    text: str, answer: str, seconds: float | None, style: str, note: str, width: int, glyphs: Glyphs
) -> Row:
    """The ticket line while a key is waited for; ``seconds`` None waits for ever."""
    left_s = f"{seconds:.0f} s " if seconds is not None else ""
    does = {"enter": "Enter sends", "y": "y yes"}.get(answer, answer)
    left: list[Span] = [
        (f" {glyphs.here} {text} ", f"ask.{style}"),
        (f"  {does} ", "bright"),
        ("· Esc drops", "dim"),
    ]
    return spread_row(left, ((f"{note}  {left_s}", "dim"),), width)


def draw_ticket(size: str, presets: Sequence[str], cursor: str, sweep: bool, width: int) -> Row:
    """The ticket line at rest: the size, its presets, the price at the cursor."""
    left: list[Span] = [(" size ", "dim"), (size, "bright"), ("  ", "text")]
    for index, preset in enumerate(presets):
        chosen = preset == size
        left += [(f"{index + 1}", "key"), (f" {preset}  ", "bright" if chosen else "dim")]
    if cursor:
        left += [(" at ", "dim"), (cursor, "bright")]
    right: list[Span] = [("sweep on ", "warn")] if sweep else []
    return spread_row(left, right, width) if row_width(left) < width else fill_row(left, width)


def draw_tour(place: str, shown: str, does: str, width: int) -> Row:
    """The ticket line on the tour."""
    left: list[Span] = [(f" {place} ", "ask.warn"), (f"  {shown}", "key"), (f"  {does}", "bright")]
    return spread_row(left, (("→ next · Esc ends ", "dim"),), width)
