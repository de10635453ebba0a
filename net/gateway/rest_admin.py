"""What the admin token permits over REST: instruments, agents, news, trading phases."""

from __future__ import annotations

import asyncio
import secrets
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from litestar import delete, post
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import Guard

from engine import commands
from engine.instruments import Instrument
from engine.types import CASH_SCALE, DECIMAL_SCALE, InstrumentStatus, RejectCode
from net.engine_protocol import RemoteCommand, Reply
from net.errors import UnknownOutcome
from net.gateway import channels as names
from net.gateway.auth import bearer_token
from net.gateway.frames import message_frame
from net.gateway.news import news_command
from net.gateway.orders import Refused
from net.gateway.registrar import AGENT_PREFIX
from net.gateway.rest_accounts import AgentPath, known_account
from net.gateway.rest_errors import documented
from net.gateway.rest_market import SymbolPath, unknown_instrument
from net.gateway.shapes import SENTIMENT_SCALE, instrument_shape
from net.gateway.trading import engine_refusal
from net.messages import (
    AgentControl,
    AgentControlData,
    AgentShape,
    CreateAgent,
    CreateInstrument,
    CreateNews,
    InstrumentShape,
    NewsShape,
    SimulationShape,
)
from net.units import UnitError, size_from_wire, steps_from_wire

if TYPE_CHECKING:
    from net.gateway.gateway import Gateway

PHASES: Final = {
    "halt": InstrumentStatus.HALTED,
    "open": InstrumentStatus.OPEN,
    "auction": InstrumentStatus.AUCTION,
}


AuctionSeconds = Annotated[int | None, QueryParameter(ge=1, le=86_400)]


class Control(Enum):
    """What an agent may be told."""

    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"


class Phase(Enum):
    """Trading phases that an instrument may be brought into."""

    HALT = "halt"
    OPEN = "open"
    AUCTION = "auction"


class CreatedAgent(AgentShape, frozen=True, kw_only=True):
    """A new agent with the secret token of its account, told this once only."""

    token: str


def admin_routes(gateway: Gateway) -> list[HTTPRouteHandler]:
    """The routes, guarded."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        token = bearer_token(connection.headers.get("authorization"))
        if token is None:
            raise Refused(RejectCode.NOT_REGISTERED, "the admin token is needed: Authorization: Bearer TOKEN")
        if not gateway.is_admin(token):
            raise Refused(RejectCode.BAD_TOKEN, "this is not the admin token")

    return [
        *_instrument_routes(gateway, guard),
        *_agent_routes(gateway, guard),
        _news_route(gateway, guard),
        _simulation_route(gateway, guard),
    ]


def _instrument_routes(gateway: Gateway, guard: Guard) -> list[HTTPRouteHandler]:
    @post("/api/instruments", guards=[guard], summary="List an instrument", responses=documented(401, 409, 422))
    async def add_instrument(data: JSONBody[CreateInstrument]) -> InstrumentShape:
        """List a new instrument. Its price must be a multiple of its tick."""
        instrument = _instrument(data)
        reply = await _submit(gateway, commands.AddInstrument(instrument=instrument))
        return instrument_shape(msgspec.structs.replace(instrument, symbol_id=reply.symbol_id or 0))

    @delete(
        "/api/instruments/{symbol_id:int}",
        guards=[guard],
        status_code=200,
        summary="Delist an instrument",
        responses=documented(401, 404),
    )
    async def remove_instrument(symbol_id: SymbolPath) -> InstrumentShape:
        """Delist an instrument: its orders are canceled, positions in it stay at their last mark."""
        instrument = _listed(gateway, symbol_id)
        await _submit(gateway, commands.RemoveInstrument(symbol_id=symbol_id))
        return instrument_shape(msgspec.structs.replace(instrument, status=InstrumentStatus.REMOVED))

    @post(
        "/api/instruments/{symbol_id:int}/{phase:str}",
        guards=[guard],
        status_code=200,
        summary="Halt, open or auction an instrument",
        responses=documented(401, 404, 422),
    )
    async def set_phase(
        symbol_id: SymbolPath, phase: FromPath[Phase], seconds: AuctionSeconds = None
    ) -> InstrumentShape:
        """Bring an instrument into another trading phase; opening it from an auction uncrosses it.

        An auction opens it by itself after so many ``seconds``, where they are given.
        """
        instrument = _listed(gateway, symbol_id)
        status = PHASES[phase.value]
        if seconds is not None and status is not InstrumentStatus.AUCTION:
            raise Refused(RejectCode.INVALID_MESSAGE, "only an auction ends by itself", "seconds")
        command = commands.SetInstrumentStatus(
            symbol_id=symbol_id,
            status=status,
            reason="admin",
            duration_ns=None if seconds is None else seconds * 1_000_000_000,
        )
        await _submit(gateway, command)
        return instrument_shape(msgspec.structs.replace(instrument, status=status))

    return [add_instrument, remove_instrument, set_phase]


def _agent_routes(gateway: Gateway, guard: Guard) -> list[HTTPRouteHandler]:
    @post("/api/agents", guards=[guard], summary="Create an agent", responses=documented(401, 409, 422))
    async def add_agent(data: JSONBody[CreateAgent]) -> CreatedAgent:
        """Open an account and have the agents process trade on it with this personality."""
        known = gateway.config.personalities
        if known and data.personality.lower().replace("-", "_").replace(" ", "_") not in known:
            text = f"there is no personality {data.personality!r}; there are {', '.join(known)}"
            raise Refused(RejectCode.INVALID_MESSAGE, text, "personality")
        agent_id = f"{AGENT_PREFIX}{secrets.token_hex(6)}"
        gateway.publisher.spawning.add(agent_id)
        try:
            account, token = await gateway.registrar.open(
                agent_id,
                data.name,
                data.personality,
                data.starting_capital,
                data.self_trade_prevention,
                stranger=None,
            )
        except Refused:
            gateway.publisher.spawning.discard(agent_id)
            raise
        await gateway.view(account)
        shape = msgspec.structs.asdict(gateway.portfolios.agent(account))
        return CreatedAgent(token=token, **shape)

    @delete(
        "/api/agents/{agent_id:str}",
        guards=[guard],
        status_code=200,
        summary="Close an agent's account",
        responses=documented(401, 404),
    )
    async def remove_agent(agent_id: AgentPath) -> AgentShape:
        """Cancel the account's orders and refuse it from now on; its cash and positions stay on the books."""
        account = known_account(gateway, agent_id)
        await gateway.registrar.close(account)
        gateway.accounts.closed(agent_id)
        return gateway.portfolios.agent(account)

    @post(
        "/api/agents/{agent_id:str}/{action:str}",
        guards=[guard],
        status_code=200,
        summary="Pause, resume or restart an agent",
        responses=documented(401, 404),
    )
    async def control_agent(agent_id: AgentPath, action: FromPath[Control]) -> AgentShape:
        """Ask the process that runs the agent to pause, resume or restart it."""
        account = known_account(gateway, agent_id)
        account.paused = action is Control.PAUSE
        gateway.accounts.changed = True
        message = AgentControl(data=AgentControlData(agent_id=agent_id, action=action.value))
        gateway.channels.publish(names.AGENTS, None, message_frame(message), stream=False)
        return gateway.portfolios.agent(account)

    return [add_agent, remove_agent, control_agent]


def _news_route(gateway: Gateway, guard: Guard) -> HTTPRouteHandler:
    @post("/api/news", guards=[guard], summary="Publish a headline", responses=documented(401, 404, 422))
    async def add_news(data: JSONBody[CreateNews]) -> NewsShape:
        """Publish a headline to everybody; without a sentiment it is given the one of its words."""
        command = await asyncio.to_thread(news_command, data, frozenset(gateway.mirror.instruments))
        reply = await _submit(gateway, command)
        return NewsShape(
            id=reply.news_id or 0,
            headline=command.headline,
            content=command.content,
            sentiment=command.sentiment / SENTIMENT_SCALE,
            source=command.source,
            created_at=gateway.now_ms(),
            instrument_id=command.symbol_id,
            impact_type=command.impact_type or None,
        )

    return add_news


def _simulation_route(gateway: Gateway, guard: Guard) -> HTTPRouteHandler:
    @post(
        "/api/simulation",
        guards=[guard],
        status_code=200,
        summary="Set the simulation's speed",
        responses=documented(401),
    )
    async def set_simulation(data: JSONBody[SimulationShape]) -> SimulationShape:
        """Let the agents' clock, and with it values, news and agents' reactions, go faster or slower than the wall's.

        Matching, networks and people stay in real time. The speed is 1 again when the gateway starts anew.
        """
        gateway.set_simulation(data)
        return gateway.simulation

    return set_simulation


def _listed(gateway: Gateway, symbol_id: int) -> Instrument:
    instrument = gateway.mirror.instruments.get(symbol_id)
    if instrument is None:
        raise unknown_instrument(symbol_id)
    return instrument


def _instrument(data: JSONBody[CreateInstrument]) -> Instrument:
    try:
        tick_e8 = size_from_wire(data.tick_size, "tick_size")
        lot_e8 = size_from_wire(data.lot_size, "lot_size")
    except UnitError as error:
        raise Refused(error.code, error.message, error.field) from error
    price = steps_from_wire(data.initial_price, tick_e8)
    if price is None or price <= 0:
        text = f"{data.initial_price!r} is no multiple of the tick size {data.tick_size!r}"
        raise Refused(RejectCode.PRICE_OFF_TICK, text, "initial_price")
    if tick_e8 * lot_e8 * CASH_SCALE % (DECIMAL_SCALE * DECIMAL_SCALE):
        text = "one tick times one lot must be a whole number of 1/100,000,000 of the currency"
        raise Refused(RejectCode.QUANTITY_OFF_LOT, text, "lot_size")
    return Instrument(
        symbol_id=0,
        ticker=data.ticker,
        description=data.description,
        industry=data.industry,
        initial_price=price,
        tick_size_e8=tick_e8,
        lot_size_e8=lot_e8,
    )


async def _submit(gateway: Gateway, command: RemoteCommand) -> Reply:
    """Submit; every refusal is raised as ``Refused``."""
    try:
        reply = await gateway.engine.submit(command)
    except UnknownOutcome as error:
        raise engine_refusal(error) from error
    if reply.code is not None:
        raise Refused(reply.code, reply.message or reply.code.value, reply.field)
    return reply
