"""The exchange's REST door from Python: what is read now and then, and what the admin token permits.

Trading and live data are ``net.client``'s. ``httpx`` is imported when the first client is made, because it is slow to
import and few sessions need it.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec

from engine.types import RejectCode
from net import messages as m
from net.errors import NotConnected, ProtocolViolation, RequestRefused
from net.trust import trusted

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Phase: TypeAlias = Literal["halt", "open", "auction"]
AgentAction: TypeAlias = Literal["pause", "resume", "restart"]


class CreatedAgent(m.AgentShape, frozen=True, kw_only=True):
    """A new agent, with the secret token of its account, which is told this once only."""

    token: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the exchange can be traded on."""

    status: str
    engine_connected: bool
    epoch: str
    clients: int
    uptime_seconds: float


def rest_url(ws_url: str) -> str:
    """Return the REST base of the gateway whose WebSocket is at ``ws_url``.

    >>> rest_url("wss://example.org:8000/ws")
    'https://example.org:8000'
    """
    parts = urlsplit(ws_url)
    return f"{'https' if parts.scheme in ('wss', 'https') else 'http'}://{parts.netloc}"


class RestClient:
    """REST requests to one gateway. Use it as an async context manager, or call ``close``.

    Args:
        url: of the gateway; that of its WebSocket will do.
        token: the admin token (the file ``admin.token`` in the data directory), for everything that changes something.

    All methods raise ``NotConnected`` when the gateway cannot be reached, and ``RequestRefused`` with the exchange's
    code when it refuses.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, token: str | None = None, timeout_s: float = 10.0
    ) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # trust_env is off so that a proxy of the environment is not asked for a local exchange.
        base_url = rest_url(url)
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=timeout_s, trust_env=False, verify=trusted(base_url) or True
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # --- what everybody may read --------------------------------------------------------------------------------

    async def health(self) -> Health:
        """Whether the gateway runs and has an engine behind it."""
        return await self._get("/health", Health)

    async def performance(self) -> m.PerformanceShape:
        """Rates, totals, and latency percentiles by stage."""
        return await self._get("/api/performance", m.PerformanceShape)

    async def instruments(self) -> list[m.InstrumentShape]:
        """All listed instruments."""
        return await self._get("/api/instruments", list[m.InstrumentShape])

    async def agents(self, limit: int = 1_000) -> list[m.AgentShape]:
        """All agents, best P&L first."""
        return await self._get(f"/api/agents?limit={limit}", list[m.AgentShape])

    async def news(self, limit: int = 100) -> list[m.NewsShape]:
        """Newest headlines, newest first."""
        return await self._get(f"/api/news?limit={limit}", list[m.NewsShape])

    async def leaderboard(self, limit: int = 20) -> list[m.AgentShape]:
        """The agents with the best P&L."""
        return await self._get(f"/api/leaderboard?limit={limit}", list[m.AgentShape])

    # --- what the admin token permits ---------------------------------------------------------------------------

    async def create_instrument(self, instrument: m.CreateInstrument) -> m.InstrumentShape:
        """List an instrument."""
        return await self._send("POST", "/api/instruments", m.InstrumentShape, instrument)

    async def remove_instrument(self, symbol_id: int) -> m.InstrumentShape:
        """Delist an instrument: its orders are canceled."""
        return await self._send("DELETE", f"/api/instruments/{symbol_id}", m.InstrumentShape)

    async def set_phase(self, symbol_id: int, phase: Phase, *, seconds: int | None = None) -> m.InstrumentShape:
        """Halt or open an instrument, or start an auction in it, which opens it after ``seconds`` if they are given."""
        length = "" if seconds is None else f"?seconds={seconds}"
        return await self._send("POST", f"/api/instruments/{symbol_id}/{phase}{length}", m.InstrumentShape)

    async def create_agent(self, agent: m.CreateAgent) -> CreatedAgent:
        """Open an account that the agents process trades on."""
        return await self._send("POST", "/api/agents", CreatedAgent, agent)

    async def remove_agent(self, agent_id: str) -> m.AgentShape:
        """Close an agent's account: its orders are canceled."""
        return await self._send("DELETE", f"/api/agents/{agent_id}", m.AgentShape)

    async def control_agent(self, agent_id: str, action: AgentAction) -> m.AgentShape:
        """Ask the process that runs an agent to pause, resume or restart it."""
        return await self._send("POST", f"/api/agents/{agent_id}/{action}", m.AgentShape)

    async def orders(self, agent_id: str) -> list[m.OrderShape]:
        """Working orders of any account, oldest first."""
        return await self._get(f"/api/agents/{agent_id}/orders", list[m.OrderShape])

    async def publish_news(self, news: m.CreateNews) -> m.NewsShape:
        """Publish a headline to everybody."""
        return await self._send("POST", "/api/news", m.NewsShape, news)

    async def set_speed(self, speed: float) -> m.SimulationShape:
        """Let the agents' clock go at ``speed`` times the wall's, 0.1 to 20."""
        return await self._send("POST", "/api/simulation", m.SimulationShape, m.SimulationShape(speed=speed))

    # --- within -------------------------------------------------------------------------------------------------

    async def _get(self, path: str, result: type[T]) -> T:
        return await self._send("GET", path, result)

    async def _send(self, method: str, path: str, result: type[T], body: m.Shape | None = None) -> T:
        import httpx

        content = None if body is None else m.encode(body)
        headers = {"Content-Type": "application/json"} if content else None
        try:
            response = await self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise NotConnected(f"{method} {path}: {str(error) or type(error).__name__}") from error
        if not response.is_success:
            raise _refusal(response)
        try:
            return msgspec.json.decode(response.content, type=result)
        except msgspec.DecodeError as error:
            raise ProtocolViolation(f"{method} {path} was answered by something else: {error}") from error


def _refusal(response: httpx.Response) -> RequestRefused | ProtocolViolation:
    try:
        body = msgspec.json.decode(response.content, type=m.ErrorBody)
        return RequestRefused(RejectCode(body.code), body.message, body.field)
    except (msgspec.DecodeError, ValueError):
        return ProtocolViolation(
            f"{response.request.method} {response.request.url} was answered {response.status_code}"
        )
