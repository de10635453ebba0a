"""Reads of ``POST /info``: typed, retried (they change nothing), each with a deadline."""

from __future__ import annotations

import asyncio
from enum import Enum
from types import TracebackType
from typing import Final, TypeVar

import httpx
import msgspec

from net.hyperliquid import wire
from net.hyperliquid.names import Meta, SpotMeta, Universe, read_universe

T = TypeVar("T")

_TIMEOUT_S: Final = 10.0
_TRIES: Final = 3
_RETRY_S: Final = 0.25


class Network(Enum):
    """The venue's own networks, by name; any other base URL is somebody's simulator."""

    MAINNET = "https://api.hyperliquid.xyz"
    TESTNET = "https://api.hyperliquid-testnet.xyz"


class VenueUnavailable(Exception):
    """The venue did not answer, or answered with an error of the transport."""


class MarginSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Value and exposure of an account, in USD."""

    account_value: str
    total_ntl_pos: str
    total_raw_usd: str
    total_margin_used: str


class HeldPosition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position: signed size, entry price, profit."""

    coin: str
    szi: str
    entry_px: str | None = None
    unrealized_pnl: str = "0.0"
    position_value: str = "0.0"


class AssetPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Wrapper of a position."""

    position: HeldPosition


class AccountState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An account's margin and positions."""

    margin_summary: MarginSummary
    withdrawable: str
    asset_positions: list[AssetPosition]
    time: int = 0


class SpotBalance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token of the spot wallet; ``entry_ntl`` is what it cost."""

    coin: str
    total: str
    entry_ntl: str = "0.0"


class SpotState(msgspec.Struct, frozen=True, kw_only=True):
    """The spot wallet."""

    balances: list[SpotBalance]


class RoleData(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an agent trades for."""

    user: str


class UserRole(msgspec.Struct, frozen=True, kw_only=True):
    """What an address is at the venue: missing, user, agent, vault or subAccount."""

    role: str
    data: RoleData | None = None


class OrderLookup(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of orderStatus: ``status`` is ``order`` or ``unknownOid``."""

    status: str
    order: wire.OrderRecord | None = None


class InfoClient:
    """Asks ``{base}/info``. Use as an async context, or call ``close``."""

    def __init__(self, base_url: str, http: httpx.AsyncClient | None = None) -> None:
        self._url = base_url.rstrip("/") + "/info"
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT_S)

    async def __aenter__(self) -> InfoClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def universe(self) -> Universe:
        """Everything the first dex and the spot market list."""
        return read_universe([await self.ask({"type": "meta"}, Meta)], await self.ask({"type": "spotMeta"}, SpotMeta))

    async def order_status(self, user: str, order: int | str) -> OrderLookup:
        """Where an order stands, by order id or by client order id."""
        return await self.ask({"type": "orderStatus", "user": user, "oid": order}, OrderLookup)

    async def open_orders(self, user: str) -> list[wire.FrontendOrder]:
        """Working orders and waiting triggers."""
        return await self.ask({"type": "frontendOpenOrders", "user": user}, list[wire.FrontendOrder])

    async def user_fills(self, user: str) -> list[wire.Fill]:
        """The newest fills, newest first, at most 2,000."""
        return await self.ask({"type": "userFills", "user": user}, list[wire.Fill])

    async def account_state(self, user: str) -> AccountState:
        """Margin and positions."""
        return await self.ask({"type": "clearinghouseState", "user": user}, AccountState)

    async def spot_state(self, user: str) -> SpotState:
        """Tokens."""
        return await self.ask({"type": "spotClearinghouseState", "user": user}, SpotState)

    async def mids(self) -> dict[str, str]:
        """Mid price of everything, by wire name."""
        return await self.ask({"type": "allMids"}, dict[str, str])

    async def user_role(self, address: str) -> UserRole:
        """What an address is; sub-accounts are told as users, since they trade for themselves."""
        found = await self.ask({"type": "userRole", "user": address}, dict[str, msgspec.Raw])
        role = msgspec.json.decode(found["role"], type=str)
        data = msgspec.json.decode(found["data"], type=RoleData) if role == "agent" else None
        return UserRole(role=role, data=data)

    async def ask(self, request: dict[str, object], answer: type[T]) -> T:
        """Send one request and decode the answer.

        Raises:
            VenueUnavailable: after three tries, or at once for a refusal.
        """
        problem = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_RETRY_S * 2 ** (attempt - 1))
            try:
                response = await self._http.post(self._url, json=request)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            if response.status_code == 200:
                return _decode(response.content, answer)
            problem = f"HTTP {response.status_code}: {response.text[:200]}"
            if response.status_code < 500 and response.status_code != 429:
                break
        raise VenueUnavailable(f"{request.get('type')}: {problem}")


def _decode(content: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=answer)
    except msgspec.DecodeError as error:
        raise VenueUnavailable(f"an answer of an unknown form: {error}") from error
