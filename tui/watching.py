"""Another account's working orders, shown in the ladder beside the own ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from engine.types import Side
from net.messages import OrderShape

Read: TypeAlias = Callable[[str], Awaitable[Sequence[OrderShape]]]
"""Reads the working orders of an account; errors are those of ``net.errors``."""


class Watching:
    """Whose orders are shown. They are private: only the admin token reads them, once a second."""

    def __init__(self, agent_id: str, name: str, read: Read) -> None:
        self.agent_id = agent_id
        self.name = name
        self.orders: Sequence[OrderShape] = ()
        self.version = 0
        """Changes with the orders."""
        self._read = read
        self._reading = False

    async def refresh(self) -> None:
        """Read the orders again, unless they are being read."""
        if self._reading:
            return
        self._reading = True
        try:
            orders = await self._read(self.agent_id)
        finally:
            self._reading = False
        if orders != self.orders:
            self.orders = orders
            self.version += 1

    def limits(self, symbol_id: int) -> list[tuple[Side, float, float]]:
        """Side, price and open quantity of the limit orders in an instrument."""
        return [
            (order.side, order.price, order.leaves_quantity)
            for order in self.orders
            if order.symbol_id == symbol_id and order.price is not None
        ]
