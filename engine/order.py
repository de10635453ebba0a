"""The order as a book holds it: the only mutable thing that is traded, and it never leaves the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.level import Level


class Order:
    """One order in a book, linked into the queue of its price level.

    ``key`` is the signed price: the price of a bid, minus the price of an ask. It says the side, and makes the better
    of two prices of one side the greater one. What is open is ``shown + hidden``; ``hidden`` is an iceberg's reserve,
    from which ``display`` lots at a time come to the back of the queue.
    """

    __slots__ = ("display", "guarded", "hidden", "key", "level", "next", "order_id", "owner", "prev", "shown")

    def __init__(self, order_id: int, owner: int, key: int, qty: int) -> None:
        self.order_id = order_id
        self.owner = owner
        """Number of the account, for self-trade prevention; -1 is nobody."""
        self.key = key
        self.shown = qty
        self.hidden = 0
        self.display = 0
        """Lots an iceberg shows at a time; 0 shows all."""
        self.guarded = False
        """Whether a fill must be allowed lot by lot, because the order may only reduce a position."""
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    @property
    def leaves(self) -> int:
        """Open quantity, hidden lots included."""
        return self.shown + self.hidden
