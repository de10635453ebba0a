"""A feed on which nobody trades: what is refused, and what there is none of."""

from __future__ import annotations

from typing import Any

from engine.types import RejectCode
from net import messages as m
from net.errors import NotConnected, RequestRefused

READ_ONLY = "a recording is not traded on"


class ReadOnlyFeed:
    """The part of ``tui.feed.Feed`` that has to do with an account; subclasses bring the messages."""

    def next_client_order_id(self) -> str:
        """Never used: nothing is sent."""
        return "none"

    async def register(self, *_args: Any, **_rest: Any) -> m.AgentRegistered:
        """A recording has no accounts."""
        raise RequestRefused(RejectCode.NOT_ALLOWED, READ_ONLY)

    async def get_portfolio(self, *_args: Any) -> m.PortfolioUpdate:
        """A recording has no accounts."""
        raise RequestRefused(RejectCode.NOT_ALLOWED, READ_ONLY)

    async def get_orders(self, *_args: Any) -> list[m.OrderShape]:
        """None."""
        return []

    async def get_trades(self, *_args: Any, **_rest: Any) -> list[m.ExecutionShape]:
        """None."""
        return []

    async def get_candles(self, *_args: Any, **_rest: Any) -> list[m.CandleShape]:
        """None: candles grow from the prints, unless a subclass knows better."""
        return []

    async def get_tape(self, *_args: Any, **_rest: Any) -> list[m.TradeShape]:
        """None: the tape grows from the prints."""
        return []

    async def subscribe(self, *channels: str, rate_hz: float | None = None) -> m.SubscribedData:
        """All that was recorded is played."""
        return m.SubscribedData(channels=list(channels), rate_hz=rate_hz or 0.0)

    async def ping(self) -> m.PongData:
        """Nobody is there."""
        return m.PongData(server_time=0)

    async def add_order(self, *_args: Any, **_rest: Any) -> m.OrderResult:
        """Refused."""
        raise NotConnected(READ_ONLY)

    async def cancel_order(self, *_args: Any, **_rest: Any) -> m.OrderResult:
        """Refused."""
        raise NotConnected(READ_ONLY)

    async def modify_order(self, *_args: Any, **_rest: Any) -> m.OrderResult:
        """Refused."""
        raise NotConnected(READ_ONLY)

    async def cancel_all(self, *_args: Any, **_rest: Any) -> m.MassResult:
        """Refused."""
        raise NotConnected(READ_ONLY)
