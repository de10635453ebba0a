"""The gateway's parts, put together: caches fed by the engine, sessions served from them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine

from websockets.http11 import Request

from engine.commands import CancelAll
from engine.service import AccountView
from engine.types import AccountId, CancelReason, RejectCode
from net.errors import EngineUnavailable, UnknownOutcome
from net.gateway import channels as names
from net.gateway.accounts import Account, Accounts
from net.gateway.auth import OriginPolicy, bearer_token, same_token
from net.gateway.channels import Channels
from net.gateway.config import GatewayConfig
from net.gateway.connection import GOING_AWAY, SERVICE_RESTART, Connection, Handler, Refusal
from net.gateway.engine import Engine
from net.gateway.fanout import BookFeed
from net.gateway.feed import Feed
from net.gateway.frames import message_frame
from net.gateway.metrics import Metrics, Performance
from net.gateway.mirror import Mirror
from net.gateway.orders import Refused
from net.gateway.portfolio import Portfolios
from net.gateway.publisher import Publisher
from net.gateway.registrar import Registrar
from net.gateway.requests import Requests
from net.gateway.rounds import Rounds
from net.gateway.session import Session
from net.gateway.shapes import instrument_shapes, news_shape
from net.gateway.trading import Trading
from net.hyperliquid.venue.mount import VenueMount
from net.logs import get_logger
from net.messages import (
    PROTOCOL_VERSION,
    AgentsSnapshot,
    EngineStatus,
    EngineStatusData,
    Hello,
    HelloData,
    Instruments,
    LimitsShape,
    NewsHistory,
    PerformanceShape,
    Role,
    Simulation,
    SimulationShape,
)

_log = get_logger("gateway")

NEWS_ON_CONNECT = 100


class Gateway:
    """Everything behind the doors. It owns no socket: connections come in through ``accept``.

    Args:
        engine: where commands go and events come from.
        admin_token: opens the administration.
        service_token: takes back any account.
    """

    def __init__(self, config: GatewayConfig, engine: Engine, admin_token: str, service_token: str) -> None:
        self.config = config
        self.engine = engine
        self.metrics = Metrics()
        self.performance = Performance(self.metrics)
        self.mirror = Mirror(config.tape_length, config.news_history)
        self.accounts = Accounts(config.private_history, config.private_history_total, config.limits.orders_per_second)
        self.portfolios = Portfolios(self.mirror, self.accounts)
        self.channels = Channels()
        self.books = BookFeed(self.mirror, config.book_levels)
        self.publisher = Publisher(
            self.mirror, self.accounts, self.portfolios, self.channels, self.metrics, config.delta_interval_s
        )
        self.trading = Trading(engine, self.mirror, self.metrics, config.engine_timeout_s)
        self.registrar = Registrar(config, engine, self.accounts, service_token)
        self.requests = Requests(self)
        self.origins = OriginPolicy(config.host, config.allowed_origins, config.allowed_hosts)
        self.feed = Feed(engine, self.mirror, self.accounts, self.publisher, self._loaded)
        self.simulation = SimulationShape(speed=1.0)
        self.hyperliquid: VenueMount | None = None
        """The Hyperliquid venue, once it is mounted."""
        self._rounds = Rounds(self)
        self._admin_token = admin_token
        self._sessions: dict[Session, Connection] = {}
        self._session_number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._to_cancel: dict[AccountId, None] = {}
        """Accounts whose orders are to be canceled because their session is gone."""
        self._agents_frame = b""
        self._epoch = ""
        self._connected: bool | None = None
        self._stopping = False

    # --- running ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the engine and to serve."""
        self.run_task(self.feed.run(), "feed")
        self.run_task(self.channels.run(), "channels")
        for name, work in self._rounds.all():
            self.run_task(work, name)

    def run_task(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run something of the gateway's own; its failure is logged, never silent."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.metrics.internal_errors += 1
            _log.error("task failed", task=task.get_name(), exc_info=error)

    async def stop(self) -> None:
        """Take no new sessions, let requests under way be answered, close all sessions; each within a limit."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.stop_timeout_s):
                await asyncio.gather(*(session.answered() for session in self._sessions))
        for session in tuple(self._sessions):
            session.close(GOING_AWAY, "the gateway stops")
        self.books.stop()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self.config.stop_timeout_s)

    # --- sessions ---------------------------------------------------------------------------------------------------

    @property
    def clients(self) -> int:
        """Connected clients."""
        return len(self._sessions)

    def accept(self, connection: Connection, request: Request) -> Handler:
        """A session for a WebSocket request; raises ``Refusal``."""
        headers = request.headers
        path, _, query = request.path.partition("?")
        if not self.origins.allows(headers.get("Host"), headers.get("Origin")):
            raise Refusal(403, "this origin is not allowed here\n")
        if path == "/hl/ws" and self.hyperliquid is not None and not self._stopping:
            return self.hyperliquid.accept(connection, request)
        if path != "/ws":
            raise Refusal(404, "the WebSocket is at /ws\n")
        if self._stopping or len(self._sessions) >= self.config.max_connections:
            raise Refusal(503, "no more connections are taken\n")
        role = Role.SPECTATOR if "role=spectator" in query.split("&") else Role.TRADER
        token = bearer_token(headers.get("Authorization"))
        if token is not None:
            if not self.is_admin(token):
                raise Refusal(401, "this is not the admin token\n")
            role = Role.ADMIN
        self._session_number += 1
        session = Session(self, connection, role, self._session_number)
        session.log.info("session opened", peer=connection.peer, role=role.value)
        self._sessions[session] = connection
        self.channels.everybody.add(session)
        return session

    def leave(self, session: Session) -> None:
        """The session's connection is gone."""
        self._sessions.pop(session, None)
        self.channels.everybody.discard(session)
        session.unsubscribe_all()
        for account in session.accounts.values():
            account.sessions.discard(session)
            self.accounts.changed = True

    def ping_quiet(self, now_s: float) -> None:
        """Ping who has been quiet for long, cut off who did not answer."""
        quiet_s = self.config.heartbeat_s
        for connection in tuple(self._sessions.values()):
            silent_s = now_s - connection.heard_s
            if silent_s > 3 * quiet_s:
                connection.close(GOING_AWAY, "no answer to pings")
            elif silent_s > quiet_s and connection.unsent_bytes == 0:
                connection.ping()

    def greet(self, session: Session) -> None:
        """Send what every client gets first."""
        session.send(self._hello_frame(session.role))
        session.send(self._instruments_frame())
        session.send(self.books.frame())
        session.send(self._news_frame())
        session.send(self.agents_frame())

    def is_admin(self, token: str) -> bool:
        """Whether ``token`` opens the administration."""
        return same_token(token, self._admin_token)

    def cancel_on_disconnect(self, agent_id: AccountId) -> None:
        """Cancel the orders of an account whose session is gone, as soon as the engine can be told."""
        self._to_cancel[agent_id] = None
        self.run_task(self._cancel_now(agent_id), f"cancel on disconnect of {agent_id}")

    async def _cancel_now(self, agent_id: AccountId) -> None:
        await self.cancel_disconnected(agent_id)

    async def cancel_disconnected(self, *agent_ids: AccountId) -> bool:
        """Cancel the orders of those of these accounts, or of all, whose sessions are gone and whose orders are not.

        What the engine did not confirm stays to be done (canceling twice is harmless), and False is returned.
        """
        for agent_id in [*(agent_ids or self._to_cancel)]:
            if agent_id not in self._to_cancel:  # done meanwhile: its owner may have come back and placed new ones
                continue
            try:
                await self.engine.submit(CancelAll(account=agent_id, reason=CancelReason.DISCONNECTED))
            except (EngineUnavailable, UnknownOutcome) as error:
                _log.warning("orders are not canceled on disconnect yet", agent_id=agent_id, reason=str(error))
                return False
            self._to_cancel.pop(agent_id, None)
        return True

    def set_simulation(self, simulation: SimulationShape) -> None:
        """Tell everybody, the agents process among them, how fast the simulated market goes from now on."""
        self.simulation = simulation
        self.channels.tell_everybody(message_frame(Simulation(data=simulation)))

    # --- the engine's comings and goings ----------------------------------------------------------------------------

    @property
    def engine_connected(self) -> bool:
        """Whether the engine answers and the caches are filled."""
        return self.engine.connected and self.mirror.loaded

    def check_engine(self) -> None:
        """Tell everybody when the engine went or came back."""
        connected = self.engine_connected
        if connected != self._connected:
            self._connected = connected
            self._tell_engine_status()

    def _tell_engine_status(self) -> None:
        data = EngineStatusData(connected=self.engine_connected, epoch=self.mirror.epoch)
        self.channels.tell_everybody(message_frame(EngineStatus(data=data)))

    def _loaded(self) -> None:
        """The mirror was loaded from a snapshot: what sessions were told before may not hold any more."""
        first, self._epoch = not self._epoch, self.mirror.epoch
        self._connected = self.engine_connected
        if first:
            for session in tuple(self._sessions):
                session.greet()
            return
        self._tell_engine_status()
        self.channels.tell_everybody(self._instruments_frame())
        self.channels.tell_everybody(self.books.frame())
        for session, connection in tuple(self._sessions.items()):
            if session.accounts:
                connection.close(SERVICE_RESTART, "private messages may be missing: connect again and resume")

    # --- what everybody is told -------------------------------------------------------------------------------------

    def performance_shape(self) -> PerformanceShape:
        """How the exchange is doing."""
        conflated = self.books.conflated + self.channels.skipped
        return self.performance.shape(self.clients, conflated, engine_connected=self.engine_connected)

    def agents_frame(self) -> bytes:
        """The newest ``agents_snapshot``, made anew when something changed since."""
        if self.accounts.changed or not self._agents_frame:
            self.accounts.changed = False
            shapes = self.portfolios.agents(self.config.agents_listed)
            self._agents_frame = message_frame(AgentsSnapshot(data=shapes, timestamp=self.now_ms()))
        return self._agents_frame

    def publish_agents(self) -> None:
        """Tell those who watch agents, if anything changed."""
        if self.accounts.changed and self.channels.wanted(names.AGENTS):
            self.channels.publish(names.AGENTS, None, self.agents_frame())

    def _hello_frame(self, role: Role) -> bytes:
        config, limits, account = self.config, self.config.limits, self.config.account_limits
        shape = LimitsShape(
            max_message_bytes=limits.max_message_bytes,
            max_errors=limits.max_errors,
            orders_per_second=min(limits.orders_per_second, account.max_orders_per_second or limits.orders_per_second),
            working_orders=account.max_working_orders or 0,
            max_channels=limits.max_channels,
        )
        data = HelloData(
            protocol=PROTOCOL_VERSION,
            epoch=self.mirror.epoch,
            sequence=self.mirror.sequence,
            durability=self.mirror.durability.value,
            heartbeat_ms=int(config.heartbeat_s * 1_000),
            limits=shape,
            server_time=self.now_ms(),
            role=role,
            simulation_speed=self.simulation.speed,
        )
        return message_frame(Hello(data=data))

    def _instruments_frame(self) -> bytes:
        return message_frame(Instruments(data=instrument_shapes(self.mirror)))

    def _news_frame(self) -> bytes:
        newest = [view for view, _ in zip(self.mirror.news, range(NEWS_ON_CONNECT), strict=False)]
        return message_frame(NewsHistory(data=[news_shape(view.news, view.time) for view in newest]))

    # --- small things that everybody needs --------------------------------------------------------------------------

    async def view(self, account: Account) -> AccountView:
        """The account as the engine has it now; raises ``Refused`` or ``EngineUnavailable``."""
        views = await self.engine.accounts((account.agent_id,))
        if not views:
            raise Refused(RejectCode.UNKNOWN_ACCOUNT, f"there is no account {account.agent_id}", "agent_id")
        account.view = views[0]
        return views[0]

    def now_ms(self) -> int:
        """Wall clock, milliseconds."""
        return time.time_ns() // 1_000_000

    def now_s(self) -> float:
        """The loop's clock, seconds."""
        return asyncio.get_running_loop().time()
