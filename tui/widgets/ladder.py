"""The ladder pane: the book of the current instrument, a cursor, own orders, and all the keys that trade."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from textual import events
from textual.binding import Binding

from engine.types import Side
from tui import keys
from tui.drawing.cells import Row, centred
from tui.drawing.ladder import LadderLook, draw_ladder, ladder_prices
from tui.messages import AskLine
from tui.plans import Grab
from tui.view import Ack, LinkState, Market, OwnOrder
from tui.widgets.pane import Pane

FLASH_S = 0.35
"""How long the last price flashes when it changes."""
CALM_S = 1.0
"""Least time from one such flash to the next: a busy market must not flicker."""


class Ladder(Pane):
    """Prices from high to low; the only pane in which a key trades."""

    NAME = "ladder"
    LETTER = "l"
    HINTS = (
    ("↑↓", "price"), ("b/s", "order"), ("B/S", "market"), ("1-5", "size"), ("x/X", "cancel"), ("m", "move"),
        ("F", "flat"), ("!", "kill"), ("a", "arm"), ("c", "centre"), ("{ }", "instrument"), ("t", "timeframe"),
        ("z", "zoom"), ("Space", "freeze"),
    )  # fmt: skip
    HINTS_WATCHING = (
        ("↑↓", "price"), ("c", "centre"), ("{ }", "instrument"), ("t", "timeframe"), ("z", "zoom"),
        ("Space", "freeze"), ("Tab", "next pane"),
    )  # fmt: skip
    KEYS = keys.LADDER
    BINDINGS = [Binding(key.keys, key.action, key.does, id=key.id, show=False) for key in keys.LADDER]

    last_seen: tuple[int, int | None] = (0, None)
    """Instrument and last price of the newest picture."""
    flash_until = 0.0
    symbol_id: int | None = None
    """The instrument that centre and cursor are about."""
    centre: int | None = None
    cursor: int | None = None
    focused_at = -1
    """Count of keys pressed when the focus came; -1 once it was used."""
    focused_by_click = False

    # --- drawing

    def stamp(self) -> Hashable:
        context, market = self.context, self.context.view.market
        if market is None:
            return self.waiting_stamp()
        view, desk = context.view, context.desk
        if context.frozen:
            return ("frozen", self.cursor, desk.version)
        self._notice_last(market)
        watching = context.watching
        return (
            market.instrument.symbol_id, market.depth, market.version, view.orders.version, view.portfolio.version,
            self.cursor, self.centre, desk.version, context.group, self._flashes(market), self._dimmed,
            view.orders.trusted, (watching.agent_id, watching.version) if watching is not None else None,
        )  # fmt: skip

    def title(self) -> Row:
        market = self.context.view.market
        if market is None:
            return ()
        group = f" ×{self.context.group}" if self.context.group > 1 else ""
        watching = self.context.watching
        name: Row = ((f"· {watching.name} ", "watched"),) if watching is not None else ()
        return ((f"{market.ticker}{group} ", "bright"), *name)

    def note(self) -> Row:
        market = self.context.view.market
        if self.context.frozen:
            return (("FROZEN", "warn"),)
        if market is not None and market.in_auction:
            return ((_auction(market), "warn"),)
        spread = None if market is None else market.depth.spread
        return ((f"spread {spread}t", "dim"),) if spread is not None else ()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        unready = self.unready(width, height)
        market = self.context.view.market
        if unready is not None or market is None:
            return unready or centred("no instruments", width, height)
        self._follow(market, height - 1)
        if self.centre is None:
            return centred("empty book: nobody quotes yet", width, height)
        return draw_ladder(market.depth, self._picture(market), market.scale, width, height, self.look.glyphs)

    @property
    def _dimmed(self) -> bool:
        return self.context.view.link.state(self.context.clock.mono()) is not LinkState.LIVE

    def _picture(self, market: Market) -> LadderLook:
        view, grab = self.context.view, self.context.desk.grab
        orders = view.orders.open_orders(market.instrument.symbol_id)
        position = view.portfolio.positions.get(market.instrument.symbol_id)
        average = market.scale.ticks(position.average) if position is not None and position.qty else None
        return LadderLook(
            centre=self.centre or 0,
            cursor=self.cursor,
            last=market.last,
            last_qty=market.last_qty,
            last_up=market.last_up,
            average=average,
            flash=dict(self._flashes(market)),
            own_bids=self._own(orders, Side.BUY, market, grab),
            own_asks=self._own(orders, Side.SELL, market, grab),
            watched=self._watched(market),
            grabbed=grab.ticks if grab is not None else None,
            traded=market.traded,
            group=self.context.group,
            dimmed=self._dimmed,
        )

    def _own(self, orders: Sequence[OwnOrder], side: Side, market: Market, grab: Grab | None) -> dict[int, str]:
        sums: dict[int, float] = {}
        unsure: set[int] = set()
        for order in orders:
            if order.side is not side or order.ticks is None:
                continue
            ticks = grab.ticks if grab is not None and grab.order.key == order.key else order.ticks
            row = ticks // self.context.group * self.context.group
            sums[row] = sums.get(row, 0.0) + order.leaves
            if order.ack is not Ack.WORKING or not self.context.view.orders.trusted:
                unsure.add(row)
        return {row: market.scale.qty(qty) + ("?" if row in unsure else "") for row, qty in sums.items()}

    def _watched(self, market: Market) -> dict[tuple[int, Side], str]:
        watching, group = self.context.watching, self.context.group
        if watching is None:
            return {}
        sums: dict[tuple[int, Side], float] = {}
        for side, price, leaves in watching.limits(market.instrument.symbol_id):
            at = market.scale.ticks(price) // group * group, side
            sums[at] = sums.get(at, 0.0) + leaves
        return {at: f"·{market.scale.qty(leaves)}" for at, leaves in sums.items()}

    def _flashes(self, market: Market) -> tuple[tuple[int, str], ...]:
        now = self.context.clock.mono()
        symbol_id, group = market.instrument.symbol_id, self.context.group
        fills = tuple(
            (ticks // group * group, "flash.own")
            for (at, ticks), until in self.context.fill_flash.items()
            if at == symbol_id and now < until
        )
        if market.last is None or now >= self.flash_until or self.context.frozen:
            return fills
        return ((market.last // group * group, "flash.buy" if market.last_up else "flash.sell"), *fills)

    def _notice_last(self, market: Market) -> None:
        """Begin a flash where the last price is another than the one that was seen."""
        seen, self.last_seen = self.last_seen, (market.instrument.symbol_id, market.last)
        now = self.context.clock.mono()
        if seen[0] == self.last_seen[0] and seen != self.last_seen and now >= self.flash_until - FLASH_S + CALM_S:
            self.flash_until = now + FLASH_S

    # --- where the ladder looks

    def _follow(self, market: Market, rows: int) -> None:
        if self.symbol_id != market.instrument.symbol_id:
            self.symbol_id, self.centre, self.cursor = market.instrument.symbol_id, None, None
        mid2 = market.depth.mid2
        middle = mid2 // 2 if mid2 is not None else market.mark
        if middle is None:
            return
        if self.centre is None:
            self.centre = middle
        if self.cursor is None:
            self.cursor = market.depth.best_bid
        reach = max(1, rows // 2 - max(2, rows // 6)) * self.context.group
        if abs(middle - self.centre) > reach and not self.context.frozen and self.context.desk.grab is None:
            self.centre = middle
        edge = max(1, (rows - 1) // 2) * self.context.group
        if self.cursor is not None and (self.cursor > self.centre + edge or self.cursor < self.centre - edge):
            # A cursor that was moved out of sight takes the ladder along; one that the market left comes back.
            self.cursor = max(self.centre - edge, min(self.centre + edge, self.cursor))

    # --- keys

    def action_cursor(self, steps: int) -> None:
        """Move the cursor, or the order in hand."""
        if self.cursor is None or self.centre is None:
            return
        group, desk = self.context.group, self.context.desk
        self.cursor = max(1, self.cursor + steps * group)
        edge = max(1, (self.inside[1] - 2) // 2) * group
        if self.cursor > self.centre + edge:
            self.centre = self.cursor - edge
        elif self.cursor < self.centre - edge:
            self.centre = self.cursor + edge
        if desk.grab is not None:
            desk.move_grab(self.cursor)
        self.tick()

    def action_best(self, side: str) -> None:
        """Cursor to the best price of a side."""
        depth = self.context.view.depth
        best = depth.best_bid if side == "bid" else depth.best_ask
        if best is not None:
            self._cursor_to(best)

    def _cursor_to(self, ticks: int) -> None:
        self.cursor = ticks
        if self.centre is not None and abs(ticks - self.centre) > (self.inside[1] - 2) // 2 * self.context.group:
            self.centre = ticks
        self.tick()

    def action_centre(self) -> None:
        """The middle of the market to the middle of the ladder."""
        mid2 = self.context.view.depth.mid2
        if mid2 is not None:
            self.centre = mid2 // 2
            self.cursor = self.context.view.depth.best_bid or self.centre
        self.forget()
        self.tick()

    def action_order(self, side: str) -> None:
        """Buy or sell at the cursor."""
        if self.cursor is not None:
            self.context.desk.order(Side(side), self.cursor, "b" if side == "buy" else "s")
            self.tick()

    def action_join(self, side: str) -> None:
        """Join the best price of the own side."""
        self._at_best(side, 0, "," if side == "buy" else ".", post_only=False)

    def action_improve(self, side: str) -> None:
        """One tick better than the best of the own side; post-only, so it never trades at once."""
        self._at_best(side, 1, "<" if side == "buy" else ">", post_only=True)

    def _at_best(self, side: str, better: int, key: str, post_only: bool) -> None:
        depth, desk = self.context.view.depth, self.context.desk
        buying = side == "buy"
        best = depth.best_bid if buying else depth.best_ask
        if best is None:
            desk.refuse(f"{side} at the best price", "that side of the book is empty")
            return
        ticks = best + better if buying else best - better
        self._cursor_to(ticks)
        desk.order(Side(side), ticks, key, post_only=post_only)
        self.tick()

    def action_market(self, side: str) -> None:
        """Trade at once, within the band."""
        self.context.desk.order(Side(side), None, "B" if side == "buy" else "S")

    def action_preset(self, index: int) -> None:
        """Take a size preset."""
        presets = self.context.desk.settings.presets
        if index < len(presets):
            self.context.desk.set_size(presets[index])

    def action_size_step(self, steps: int) -> None:
        """One lot more or less."""
        market = self.context.view.market
        if market is not None:
            lot = market.scale.lot_size
            size = market.scale.whole_lots(self.context.desk.settings.size + steps * lot)
            self.context.desk.set_size(max(lot, size))

    def action_size_type(self) -> None:
        """Type a size."""
        self._ask_line(AskLine("size"))

    def action_cancel_here(self) -> None:
        """Cancel the own orders at the cursor."""
        if self.cursor is not None:
            self.context.desk.cancel_at(self.cursor)

    def action_cancel_all(self) -> None:
        """Cancel all own orders of the instrument."""
        self.context.desk.cancel_all(symbol_id=self.context.view.current)

    def action_cancel_side(self, side: str) -> None:
        """Cancel all own orders of one side."""
        self.context.desk.cancel_all(Side(side), self.context.view.current)

    def action_cancel_newest(self) -> None:
        """Cancel the newest own order."""
        self.context.desk.cancel_newest()

    def action_grab(self) -> None:
        """Take the order at the cursor in hand, or put it down."""
        desk = self.context.desk
        if desk.grab is not None:
            desk.release_grab()
        elif self.cursor is not None:
            desk.start_grab(self.cursor)
        self.tick()

    def action_amend(self) -> None:
        """Type another size for the order at the cursor."""
        market = self.context.view.market
        orders = (
            []
            if market is None or self.cursor is None
            else self.context.view.orders.at(self.symbol_id or 0, self.cursor)
        )
        if orders and orders[0].order_id is not None:
            self._ask_line(AskLine("amend", "", orders[0].order_id))
        else:
            self.context.desk.tell("information", "no own order at this price")

    def _ask_line(self, message: AskLine) -> None:
        self.context.line_asked = True
        self.post_message(message)

    def action_enter(self) -> None:
        """Put the order in hand down."""
        if self.context.desk.grab is not None:
            self.context.desk.release_grab()
            self.tick()

    def action_flatten(self) -> None:
        """Close the position, after y."""
        self.context.desk.flatten()

    def action_kill(self) -> None:
        """Cancel all, close all, disarm, after y."""
        self.context.desk.kill()

    def action_arm(self) -> None:
        """SAFE or ARMED."""
        self.context.desk.arm()

    # --- mouse

    def on_focus(self) -> None:
        """Remember that no key was pressed since; the pane's own handler shows the focus."""
        self.focused_at = self.context.desk.touches

    def on_mouse_down(self, _event: events.MouseDown) -> None:
        """Remember whether this click only brings the focus: Textual gives that before it tells of the click."""
        self.focused_by_click = self.focused_at == self.context.desk.touches
        self.focused_at = -1

    def on_click(self, event: events.Click) -> None:
        """Cursor to the row; when ARMED, a click on a size column trades at it."""
        top = 2
        if self.centre is None or self.inside[1] < 2:
            return
        prices = ladder_prices(self._bare(), self.inside[1] - 1)
        index = event.y - top
        if not 0 <= index < len(prices):
            return
        self._cursor_to(prices[index])
        if self.focused_by_click or not self.context.desk.armed or not self.app.app_focus:
            return
        middle = self.size.width // 2
        if abs(event.x - middle) > 6:
            self.context.desk.order(Side.BUY if event.x < middle else Side.SELL, prices[index], "click")

    def on_mouse_scroll_up(self) -> None:
        """Wheel moves the picture."""
        self._scroll(3)

    def on_mouse_scroll_down(self) -> None:
        """Wheel moves the picture."""
        self._scroll(-3)

    def _scroll(self, steps: int) -> None:
        if self.centre is not None:
            self.centre += steps * self.context.group
            self.tick()

    def _bare(self) -> LadderLook:
        return LadderLook(centre=self.centre or 0, group=self.context.group)


def _auction(market: Market) -> str:
    """What the auction under way would trade now."""
    if market.indicative is None:
        return "AUCTION"
    ticks, quantity = market.indicative
    return f"AUCTION {market.scale.text(ticks)} × {market.scale.qty(quantity)}"
