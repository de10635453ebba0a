"""The seam between the console and the exchange: what the console asks for, and nothing more.

``net.client.Client`` is one; a scripted exchange in a test, or a recorded session, is another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeAlias

from engine.types import Side, TimeInForce
from net import messages as m
from net.client import Push
from net.rest_client import AgentAction, Phase


class Feed(Protocol):
    """One connection to an exchange. Errors are those of ``net.errors``; a refused order is an answer."""

    async def connect(self) -> None:
        """Connect; raises ``NotConnected`` when that takes too long."""

    async def close(self) -> None:
        """End the connection."""

    def messages(self) -> AsyncIterator[Push]:
        """Yield everything that is pushed, until closed."""

    def next_client_order_id(self) -> str:
        """Make an id that no other order has."""

    async def register(
        self, name: str | None = None, *, agent_id: str | None = None, token: str | None = None,
        personality: str = "", starting_capital: float | None = None,
    ) -> m.AgentRegistered:  # fmt: skip
        """Open an account, or take one back."""

    async def get_portfolio(self, agent_id: str | None = None) -> m.PortfolioUpdate:
        """Cash and positions."""

    async def get_orders(self, agent_id: str | None = None) -> list[m.OrderShape]:
        """Working orders."""

    async def get_trades(self, agent_id: str | None = None, *, limit: int = 100) -> list[m.ExecutionShape]:
        """Recent fills."""

    async def get_candles(self, symbol_id: int, interval: str = "1m", *, limit: int = 200) -> list[m.CandleShape]:
        """Newest candles, oldest first."""

    async def get_tape(self, symbol_id: int, *, limit: int = 100) -> list[m.TradeShape]:
        """Newest prints, newest first."""

    async def subscribe(self, *channels: str, rate_hz: float | None = None) -> m.SubscribedData:
        """Receive channels."""

    async def ping(self) -> m.PongData:
        """A sign of life."""

    async def add_order(
        self, symbol_id: int, side: Side, quantity: float, *, price: float | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC, post_only: bool = False, reduce_only: bool = False,
        client_order_id: str | None = None,
    ) -> m.OrderResult:  # fmt: skip
        """Place an order: LIMIT with a price, else MARKET."""

    async def cancel_order(self, symbol_id: int, order_id: int | None = None) -> m.OrderResult:
        """Cancel a working order."""

    async def modify_order(
        self, symbol_id: int, order_id: int | None = None, *, price: float | None = None,
        quantity: float | None = None,
    ) -> m.OrderResult:  # fmt: skip
        """Change price or open quantity of a working order."""

    async def cancel_all(self, symbol_id: int | None = None, side: Side | None = None) -> m.MassResult:
        """Cancel all working orders, or those of one instrument or side."""


class Admin(Protocol):
    """The exchange's controls (the REST door). Errors are those of ``net.errors``."""

    async def create_instrument(self, body: m.CreateInstrument) -> m.InstrumentShape:
        """List an instrument."""

    async def remove_instrument(self, symbol_id: int) -> object:
        """Delist an instrument."""

    async def set_phase(self, symbol_id: int, phase: Phase) -> object:
        """Halt, open or auction an instrument."""

    async def create_agent(self, body: m.CreateAgent) -> m.AgentShape:
        """Open an account and have it run."""

    async def remove_agent(self, agent_id: str) -> object:
        """Close an account."""

    async def control_agent(self, agent_id: str, action: AgentAction) -> object:
        """Ask an agent to pause or resume."""

    async def orders(self, agent_id: str) -> list[m.OrderShape]:
        """Working orders of an account."""

    async def publish_news(self, body: m.CreateNews) -> m.NewsShape:
        """Publish a headline."""

    async def set_speed(self, speed: float) -> object:
        """Let the agents' clock go faster or slower."""


Source: TypeAlias = Callable[[], Feed]
"""Makes a fresh connection: a client connects once."""
