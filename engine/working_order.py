"""An order as the order-management system knows it. Its place in the queue, and what it shows there, the book knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.invariants import ensure
from engine.service import OrderView
from engine.types import OrderStatus, OrderType, Side

if TYPE_CHECKING:
    from engine.commands import NewOrder
    from engine.ledger import Position


class WorkingOrder:
    """One working order: in a book, or a stop that waits for its trigger."""

    __slots__ = (
        "created_at",
        "cum",
        "display",
        "entry",
        "guarded",
        "hold",
        "key",
        "order_id",
        "plain",
        "position",
        "qty",
        "quote",
        "slot",
        "stop_price",
        "waiting",
    )

    def __init__(self, order_id: int, position: Position, entry: NewOrder, key: int, hold: int, now: int) -> None:
        self.order_id = order_id
        self.key = key
        """Signed limit price in ticks, as in the book: minus the price of a sell order."""
        self.slot = 0
        """Where the book keeps it; 0 while it is in none."""
        self.display = 0
        """Lots an iceberg shows at a time; 0 shows all."""
        self.guarded = entry.reduce_only
        """Whether the book must let its fills be allowed lot by lot."""
        self.position = position
        self.entry = entry
        """The command that placed it; ``price``, ``stop_price`` and ``qty`` may have been replaced since."""
        self.qty = entry.qty
        """Total quantity, filled and open."""
        self.cum = 0
        """Filled quantity."""
        self.hold = hold
        """Minor units to hold back for each open lot, worst fee included."""
        self.created_at = now
        self.stop_price = entry.stop_price
        self.waiting = False
        """Whether it is a stop that was not triggered yet."""
        self.plain = False
        """Whether it is known to be plain (``risk.is_plain``), so that its entry need not be looked into."""
        self.quote = False
        """Whether a mass quote placed it."""

    @property
    def leaves(self) -> int:
        """Open quantity, hidden lots included."""
        return self.qty - self.cum

    def reserve(self, lots: int) -> None:
        """Count ``lots`` more (or, negative, fewer) of it as open, and hold back what they may need."""
        position = self.position
        value = lots * self.hold
        position.account.at_stake += value
        if self.guarded:
            position.reducing += lots
        elif self.key > 0:
            position.buy_qty += lots
            position.buy_hold += value
        else:
            position.sell_qty += lots
            position.sell_hold += value
        position.update()

    @property
    def price(self) -> int | None:
        """Limit price in ticks; None for a market order."""
        return None if self.entry.type in (OrderType.MARKET, OrderType.STOP) else abs(self.key)

    def view(self, queue_ahead: int | None) -> OrderView:
        """What its owner may see."""
        entry = self.entry
        return OrderView(
            order_id=self.order_id,
            account=entry.account,
            symbol_id=entry.symbol_id,
            side=entry.side,
            order_type=entry.type,
            price=self.price,
            stop_price=self.stop_price,
            qty=self.qty,
            leaves_qty=self.qty - self.cum,
            cum_qty=self.cum,
            status=OrderStatus.PENDING_TRIGGER if self.waiting else OrderStatus.WORKING,
            tif=entry.tif,
            created_at=self.created_at,
            post_only=entry.post_only,
            reduce_only=entry.reduce_only,
            display_qty=entry.display_qty,
            client_order_id=entry.client_order_id,
            queue_ahead=queue_ahead,
        )

    def check(self) -> None:
        """Raise InvariantError unless it waits, or stands in its book and is held back for, as it should."""
        ensure(0 <= self.cum < self.qty, "a working order has nothing open")
        ensure(self.waiting == (not self.slot), "an order neither waits nor rests, or does both")
        ensure((self.key > 0) is (self.entry.side is Side.BUY), "an order stands on the other side")
        if not self.slot:
            ensure(not self.hold, "something is held back for a stop that waits")
            return
        slot, market = self.slot, self.position.market
        book = market.engine.book
        ensure(book.ids[slot] == self.order_id, "another order stands in an order's place")
        ensure(book.owners[slot] == self.position.account.number, "an order in the book is another account's")
        ensure(book.key_of[book.level_of[slot]] == self.key, "an order stands at another price")
        ensure(book.open_lots(slot) == self.leaves, "an order's quantities do not add up")
        ensure((slot in book.guarded) == self.guarded, "a reduce-only order is not guarded")
        ensure(book.display.get(slot, self.display) == self.display, "an iceberg shows tranches of another size")
        least = market.lot_hold(abs(self.key))
        ensure(self.hold == least or (self.key < 0 and self.hold > least), "not what an order may cost is held back")
