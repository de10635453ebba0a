"""The ladder: one row a price, own orders at the edges, sizes as bars on both sides of the price.

Highest price on top. All prices are ticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.types import Side
from tui.drawing.bars import bar_to_left, bar_to_right
from tui.drawing.cells import Glyphs, Row, Span, fill_row, fit_right, overlay
from tui.view import Depth, Scale


@dataclass(frozen=True, slots=True)
class LadderLook:
    """What a ladder shows at one moment, besides the book."""

    centre: int
    """Price of the middle row."""
    cursor: int | None = None
    last: int | None = None
    last_qty: float = 0.0
    last_up: bool | None = None
    average: int | None = None
    """Average price of the position."""
    flash: Mapping[int, str] = field(default_factory=dict)
    """Rows that flash, and in which style."""
    own_bids: Mapping[int, str] = field(default_factory=dict)
    """Own orders on the bid side: what to write at each price."""
    own_asks: Mapping[int, str] = field(default_factory=dict)
    watched: Mapping[tuple[int, Side], str] = field(default_factory=dict)
    """Orders of the agent that is watched, by price and side; they stand where no own ones do."""
    grabbed: int | None = None
    """Price of the order that is being moved."""
    traded: Mapping[int, float] = field(default_factory=dict)
    """Volume at price."""
    group: int = 1
    """Ticks a row."""
    dimmed: bool = False
    """Prices are not to be trusted."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the ladder's columns; they add up to the width given."""

    own: int
    size: int
    price: int
    volume: int
    right_pad: int


def columns(width: int, price_text: int, own_text: int = 0) -> Columns:
    """Share ``width`` among the columns; volume at price comes where there is room, as do long own quantities."""
    price = price_text + 4
    volume = 9 if width >= 56 else 0
    own = min(max(6, own_text + 2), 10) if width >= 44 else 5
    size = max(5, (width - price - volume - 2 * own) // 2)
    return Columns(own, size, price, volume, max(0, width - price - volume - 2 * own - 2 * size))


def ladder_prices(look: LadderLook, height: int) -> list[int]:
    """Price of each row, from the top; with a group, the row stands for the prices from it up to the next."""
    group = look.group
    middle = look.centre // group * group
    top = middle + (height // 2) * group
    return [top - index * group for index in range(height)]


def ladder_header(cols: Columns) -> Row:
    """Names of the columns."""
    spans: list[Span] = [
        (fit_right("own ", cols.own), "header"),
        (fit_right("bid size", cols.size), "header"),
        ("price".center(cols.price), "header"),
        ("ask size".ljust(cols.size)[: cols.size], "header"),
        (fit_right("own ", cols.own), "header"),
    ]
    if cols.volume:
        spans.append((fit_right("traded", cols.volume), "header"))
    return fill_row(spans, sum((cols.own * 2, cols.size * 2, cols.price, cols.volume, cols.right_pad)), "header")


def draw_ladder(depth: Depth, look: LadderLook, scale: Scale, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """The ladder with its header, ``height`` rows of ``width`` cells."""
    if height < 2:
        return []
    prices = ladder_prices(look, height - 1)
    price_text = max(len(scale.text(prices[0])), len(scale.text(max(prices[-1], 0))))
    own_text = max(
        (len(text) for own in (look.own_bids, look.own_asks, look.watched) for text in own.values()), default=0
    )
    cols = columns(width, price_text, own_text)
    bids = _grouped(depth.bids, look.group)
    asks = _grouped(depth.asks, look.group)
    shown = set(prices)
    sizes = [q for side in (bids, asks) for price, q in side.items() if price in shown]
    full = max(sizes, default=0.0)
    volumes = _grouped(look.traded, look.group) if cols.volume else {}
    volume_full = max((q for price, q in volumes.items() if price in shown), default=0.0)
    rows = [ladder_header(cols)]
    for price in prices:
        context = _RowContext(cols, scale, glyphs, full, volume_full, look)
        row = context.row(price, bids.get(price, 0.0), asks.get(price, 0.0), depth, volumes.get(price, 0.0))
        rows.append(overlay(row, "faded") if look.dimmed else row)
    return rows


def _grouped(levels: Mapping[int, float], group: int) -> Mapping[int, float]:
    if group == 1:
        return levels
    grouped: dict[int, float] = {}
    for price, quantity in levels.items():
        key = price // group * group
        grouped[key] = grouped.get(key, 0.0) + quantity
    return grouped


@dataclass(frozen=True, slots=True)
class _RowContext:
    cols: Columns
    scale: Scale
    glyphs: Glyphs
    full: float
    volume_full: float
    look: LadderLook

    def row(self, price: int, bid: float, ask: float, depth: Depth, volume: float) -> Row:
        """One price."""
        cols, look = self.cols, self.look
        if price <= 0:
            return ((" " * (cols.own * 2 + cols.size * 2 + cols.price + cols.volume + cols.right_pad), "text"),)
        at_cursor = look.cursor is not None and look.cursor // look.group * look.group == price
        spans: list[Span] = [
            *self._own(price, Side.BUY, at_cursor),
            *self._size(bid, "bid"),
            *self._price(price, depth),
            *self._size(ask, "ask"),
            *self._own(price, Side.SELL, at_cursor),
        ]
        if cols.volume:
            share = volume / self.volume_full if self.volume_full else 0.0
            text = self.scale.qty(volume) if volume else ""
            spans.append((" ", "text"))
            spans += bar_to_left(text + " ", share, cols.volume - 1, "vol", self.glyphs)
        if cols.right_pad:
            spans.append((" " * cols.right_pad, "text"))
        row: Row = tuple(spans)
        if at_cursor:
            row = overlay(row, "cursor")
        return row

    def _own(self, price: int, side: Side, at_cursor: bool) -> list[Span]:
        width, look = self.cols.own, self.look
        text = (look.own_bids if side is Side.BUY else look.own_asks).get(price, "")
        style = "own.moved" if look.grabbed == price else "own"
        if not text and (price, side) in look.watched:
            text, style = look.watched[price, side], "watched"
        if side is Side.BUY:
            mark = self.glyphs.cursor_left if at_cursor else " "
            return [(mark, "cursor.mark"), (fit_right(text, width - 2), style), (" ", "text")]
        mark = self.glyphs.cursor_right if at_cursor else " "
        return [(fit_right(text, width - 1), style), (mark, "cursor.mark")]

    def _size(self, quantity: float, kind: str) -> Row:
        width = self.cols.size
        if not quantity:
            return ((" " * width, "text"),)
        share = quantity / self.full if self.full else 0.0
        draw = bar_to_left if kind == "bid" else bar_to_right
        text = self.scale.qty(quantity)
        return draw(f"{text} " if kind == "bid" else f" {text}", share, width, kind, self.glyphs)

    def _price(self, price: int, depth: Depth) -> list[Span]:
        look, text = self.look, self.scale.text(price)
        is_last = look.last is not None and look.last // look.group * look.group == price
        if price in look.flash:
            style = look.flash[price]
        elif is_last:
            style = "last"
        elif depth.best_bid is not None and price <= depth.best_bid:
            style = "price.bid best" if price == depth.best_bid else "price.bid"
        elif depth.best_ask is not None and price >= depth.best_ask:
            style = "price.ask best" if price == depth.best_ask else "price.ask"
        else:
            style = "price.gap"
        mark = " "
        if is_last:
            mark = {True: self.glyphs.up, False: self.glyphs.down, None: self.glyphs.flat}[look.last_up]
        side = " "
        if look.average == price:
            side = "="
        return [(side, "average"), (fit_right(text, self.cols.price - 3), style), (mark, "last"), (" ", "text")]
