"""One stay at the exchange: from the connections' first moment until the exchange starts over or the process ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from agents.happenings import Happenings
from agents.host import AgentHost
from agents.intents import CancelAll, Explain
from agents.live.auctions import Auctions
from agents.live.clock import LoopClock
from agents.live.feed import Feed
from agents.live.press import Press
from agents.live.register import AgentRegister, Kept
from agents.live.venue import LiveVenue
from agents.llm.asking import LiveAsker
from agents.llm.model import LanguageModel
from agents.market import SAMPLE_NS
from agents.newsroom import Story
from agents.personalities import STAND_IN, find, misnamed, resolve
from agents.population import Member, make_agent
from agents.scenario import Scenario, ScenarioError
from agents.strategy import Context, Strategy
from agents.world import World
from engine.types import InstrumentStatus, RejectCode, SymbolId
from net import messages as m
from net.client import AccountLost, Client, ConnectionChanged, ConnectionState, Push
from net.errors import RequestRefused, TradesimError
from net.tokens import SERVICE_TOKEN_FILE, read_token

PUBLIC_CHANNELS: Final = ("bbo", "trades", "news", "agents")
EXPLAIN_EVERY_S: Final = 5.0
"""How often one agent tells what it decides."""
REGISTRATIONS_AT_ONCE: Final = 8
BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 60.0
FIRST_STORIES_S: Final = (8.0, 35.0, 75.0)
"""When the first headlines come: nobody should wait for the newsroom's own rhythm to see the market react to one."""
DEFAULT_CAPITAL: Final = 100_000.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("agents.session")


class AgentsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the agents process is run."""

    url: str = "ws://127.0.0.1:8000/ws"
    data_dir: Path | None = None
    """Where the exchange keeps its tokens; without it accounts created by REST cannot be taken over."""
    scenario: str = "default"
    seed: int | None = None
    """Seed of the agents; the scenario's own when None."""
    connections: int = 2
    """Connections that all agents share."""
    supervised: bool = False
    """Whether the end of standard input ends the process."""


class _Place:
    """An agent of this process: who it is, and how often it broke."""

    __slots__ = ("client", "failures", "member")

    def __init__(self, member: Member, client: Client) -> None:
        self.member = member
        self.client = client
        self.failures = 0


class Session:
    """Everything the agents process holds while it is connected."""

    def __init__(
        self, config: AgentsConfig, scenario: Scenario, clients: Sequence[Client], model: LanguageModel | None = None
    ) -> None:
        self.config = config
        self.seed = scenario.seed if config.seed is None else config.seed
        self.clients = clients
        self.world = World(scenario, self.seed, live=True)
        self.clock = LoopClock(self.world.market)
        self.feed = Feed(self.world, self._ref_of)
        self.asker = LiveAsker(model)
        self.venue = LiveVenue(self.feed.units, self.asker)
        self.press = Press(config.url, config.data_dir)
        self.register = AgentRegister(config.data_dir, clients[0].hello.epoch)
        self.happenings = Happenings(scenario, self.seed)
        self.auctions = Auctions(scenario.market, None)
        self.over = asyncio.Event()
        """Set when the exchange started over, or is gone for good."""
        self._places: dict[str, _Place] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._registrations = asyncio.Semaphore(REGISTRATIONS_AT_ONCE)

    # --- life ---------------------------------------------------------------------------------------------------

    async def run(self, population: Sequence[Member], populated: asyncio.Event) -> None:
        """Populate the exchange and keep the population going until the session is over."""
        try:
            self.clock.now_ns()
            for shape in list(self.clients[0].instruments.values()):
                self.feed.list_instrument(shape)
            traded = await asyncio.gather(*(self._find_price(symbol.symbol_id) for symbol in list(self.world.market)))
            self.auctions = Auctions(self.world.scenario.market, None if any(traded) else time.time())
            self._start(self.press.run(), "press")
            self._call_auctions()
            await self.press.posted()
            for index, client in enumerate(self.clients):
                self._start(self._pump(client, public=index == 0), f"pump {index}")
            self._start(self._tick(), "tick")
            self._start(self._narrate(), "narrate")
            await asyncio.gather(*(self._join(member) for member in population))
            await asyncio.gather(*(self._return(kept) for kept in self.register if kept.asked_for))
            populated.set()
            for seconds in FIRST_STORIES_S:
                self.world.newsroom.promise(self.world.news_s(in_s=seconds))
            log.info("populated", agents=len(self._places), instruments=len(self.feed.units))
            await self.over.wait()
        finally:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self.asker.close()

    async def _pump(self, client: Client, *, public: bool) -> None:
        async for message in client.messages():
            self.clock.now_ns()
            if public:
                self._manage(message)
            if isinstance(message, ConnectionChanged):
                self._connection(message)
            elif isinstance(message, AccountLost):
                log.warning("account lost", agent_id=message.agent_id, reason=message.reason)
                self._dismiss(message.agent_id)
            else:
                self.feed.take(message, public=public)
        self.over.set()

    async def _tick(self) -> None:
        while True:
            await self.clock.sleep(SAMPLE_NS)
            self.world.tick()
            self._call_auctions()
            for story in self.world.stories():
                self.publish(story)
            self.happenings.due(self.world.elapsed_s(), self)

    def _call_auctions(self) -> None:
        """Have the auctions begin that are due; the exchange ends them by itself."""
        seconds = self.auctions.due(time.time())
        if seconds:
            market = self.world.market
            for symbol_id in [symbol.symbol_id for symbol in market if symbol.symbol_id not in market.live]:
                self.press.set_phase(symbol_id, "auction", seconds)

    async def _narrate(self) -> None:
        """Ask for reasons in real time, whatever the simulation's speed: people read them."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            for index, host in enumerate(self.feed.hosts.values()):
                # staggered, so that the agents' reports do not come in one burst
                host.context.narrate = int(loop.time() + index) % int(EXPLAIN_EVERY_S) == 0

    def _connection(self, change: ConnectionChanged) -> None:
        log.info("connection", state=change.state.value, reason=change.reason)
        if change.new_epoch or change.state is ConnectionState.CLOSED:
            self.over.set()

    def _manage(self, message: Push) -> None:
        """Follow what people do with agents, and how fast they want the market."""
        match message:
            case m.Hello() if message.data.simulation_speed != self.clock.rate:
                self._set_speed(message.data.simulation_speed)
            case m.Simulation():
                self._set_speed(message.data.speed)
            case m.AgentCreated() if message.spawn:
                agent = message.data
                kept = Kept(agent_id=agent.agent_id, name=agent.name, personality=agent.personality, asked_for=True)
                self.register.add(kept)
                self._start(self._return(kept), f"spawn {agent.agent_id}")
            case m.AgentRemoved():
                self._dismiss(message.data.agent_id)
            case m.AgentControl():
                self._control(message.data.agent_id, message.data.action)
            case _:
                pass

    def _set_speed(self, speed: float) -> None:
        log.info("simulation speed", speed=speed)
        self.clock.set_rate(speed)

    def _control(self, agent_id: str, action: str) -> None:
        host = self.feed.hosts.get(agent_id)
        if host is None:
            return
        if action == "pause":
            host.pause()
            self.venue.send(agent_id, [CancelAll()])
        elif action == "resume":
            host.resume()
        elif action == "restart":
            self._places[agent_id].failures = 0
            self._seat(agent_id)

    # --- agents -------------------------------------------------------------------------------------------------

    async def _join(self, member: Member) -> None:
        """Bring a member of the scenario in, with the account it had before where there is one."""
        kept = self.register.by_name(member.name)
        try:
            if kept is not None and await self._take_back(kept, member):
                return
            await self._open(member)
        except TradesimError as error:
            log.warning("an agent could not join", name=member.name, reason=str(error))

    async def _return(self, kept: Kept) -> None:
        """Run an account that somebody created."""
        if kept.agent_id in self._places:
            return
        personality = resolve(kept.personality)
        member = Member(
            name=kept.name,
            personality=personality,
            params=kept.params,
            symbols=None,
            capital=DEFAULT_CAPITAL,
            latency_ms=0.0,
        )
        try:
            if not await self._take_back(kept, member):
                self.register.remove(kept.agent_id)
            elif unknown := misnamed(kept.personality):
                log.warning("unknown personality", agent_id=kept.agent_id, personality=kept.personality)
                self.venue.send(kept.agent_id, [Explain("runner", f"trades as {personality.name}", unknown)])
        except TradesimError as error:
            log.warning("an agent could not be taken over", agent_id=kept.agent_id, reason=str(error))

    async def _take_back(self, kept: Kept, member: Member) -> bool:
        """Take an account back and start clean: no orders, the positions it has. False when it is gone."""
        token = read_token(self.config.data_dir, SERVICE_TOKEN_FILE) or kept.token
        client = self._least_loaded()
        try:
            async with self._registrations:
                await client.register(kept.name, agent_id=kept.agent_id, token=token, cancel_on_disconnect=True)
                await client.cancel_all(agent_id=kept.agent_id)
                portfolio = await client.get_portfolio(kept.agent_id)
        except RequestRefused as error:
            log.warning("an account was not given back", agent_id=kept.agent_id, reason=str(error))
            if error.code in (RejectCode.BAD_TOKEN, RejectCode.UNKNOWN_ACCOUNT, RejectCode.NOT_ALLOWED):
                return False
            raise
        if kept.agent_id not in self.register:  # removed meanwhile
            return False
        self._places[kept.agent_id] = _Place(member, client)
        self._seat(kept.agent_id, portfolio)
        return True

    async def _open(self, member: Member) -> None:
        client = self._least_loaded()
        async with self._registrations:
            answer = await client.register(
                member.name,
                personality=member.personality.name,
                starting_capital=member.capital,
                token=read_token(self.config.data_dir, SERVICE_TOKEN_FILE) or None,
                cancel_on_disconnect=True,
            )
        kept = Kept(
            agent_id=answer.agent_id,
            name=member.name,
            personality=member.personality.name,
            token=answer.token or "",
            params=member.params,
        )
        self.register.add(kept)
        self._places[answer.agent_id] = _Place(member, client)
        self._seat(answer.agent_id)

    def _seat(self, agent_id: str, portfolio: m.PortfolioUpdate | None = None) -> None:
        """Start an agent, or start it again with the positions it has."""
        place = self._places[agent_id]
        former = self.feed.leave(agent_id)
        if former is not None:
            former.stop()
        (context, strategy), lacking = self._make(place.member, agent_id)
        host = AgentHost(context, strategy, self.clock, self.venue, self._on_error)
        if portfolio is not None:
            context.portfolio.positions = self.feed.positions(portfolio)
        elif former is not None:
            context.portfolio.positions = former.context.portfolio.positions
        self.venue.seat(host, place.client)
        if former is not None:
            self.venue.send(agent_id, [CancelAll()])
        self.feed.seat(host)
        if lacking:
            self.venue.send(agent_id, [Explain("runner", f"trades as {STAND_IN}", lacking)])

    def _make(self, member: Member, agent_id: str) -> tuple[tuple[Context, Strategy], str]:
        """The agent, or a stand-in and the reason for it: what one agent lacks must not end the others."""
        world = self.world
        try:
            return make_agent(member, agent_id, world.market, self.seed, world.fundamental), ""
        except ScenarioError as error:
            log.warning("a stand-in trades", agent_id=agent_id, reason=str(error))
            plain = msgspec.structs.replace(member, personality=find(STAND_IN), params={})
            return make_agent(plain, agent_id, world.market, self.seed, world.fundamental), str(error)

    def _dismiss(self, agent_id: str) -> None:
        host = self.feed.leave(agent_id)
        if host is not None:
            host.stop()
        self.venue.leave(agent_id)
        self._places.pop(agent_id, None)
        self.register.remove(agent_id)

    def _on_error(self, host: AgentHost, error: Exception) -> None:
        """An agent broke: say so, and start it again after a while that doubles each time."""
        place = self._places.get(host.agent_id)
        if place is None:
            return
        wait = min(BACKOFF_FIRST_S * 2**place.failures, BACKOFF_MAX_S)
        place.failures += 1
        log.error("an agent broke", agent_id=host.agent_id, wait_s=wait, exc_info=error)
        why = f"{type(error).__name__}: {error}; starts again in {wait:g} s"
        self.venue.send(host.agent_id, [Explain("runner", "stopped by an error", why)])
        self._start(self._revive(host, wait), f"revive {host.agent_id}")

    async def _revive(self, host: AgentHost, wait: float) -> None:
        await asyncio.sleep(wait)
        if self.feed.hosts.get(host.agent_id) is host:
            self.clock.now_ns()
            self._seat(host.agent_id)

    # --- what scenarios may ask (``happenings.Stage``) -----------------------------------------------------------

    def publish(self, story: Story) -> None:
        """Have a story published."""
        self.press.publish(story)

    def set_paused(self, personality: str, *, paused: bool) -> None:
        """Pause or resume all agents of one personality."""
        for agent_id, host in list(self.feed.hosts.items()):
            if host.context.personality == personality:
                self._control(agent_id, "pause" if paused else "resume")

    def set_status(self, symbol_id: SymbolId, status: InstrumentStatus) -> None:
        """Halt or open an instrument."""
        self.press.set_phase(symbol_id, "open" if status is InstrumentStatus.OPEN else "halt")

    # --- helpers ------------------------------------------------------------------------------------------------

    async def _find_price(self, symbol_id: int) -> bool:
        """Begin an instrument's value where its market is now, not where it was listed; whether it has traded."""
        with contextlib.suppress(TradesimError):
            tape = await self.clients[0].get_tape(symbol_id, limit=1)
            symbol = self.world.market.symbol(symbol_id)
            if tape:
                symbol.last = self.feed.units[symbol_id].ticks(tape[0].price)
                symbol.mid = float(symbol.last)
                self.world.fundamental.begin_at(symbol_id, symbol.last)
                return True
        return False

    def _least_loaded(self) -> Client:
        """The connection with the fewest agents; the first one also carries the public feed."""
        load = {id(client): index == 0 for index, client in enumerate(self.clients)}
        counts = dict.fromkeys(load, 0)
        for place in self._places.values():
            counts[id(place.client)] += 1
        return min(self.clients, key=lambda client: (counts[id(client)], load[id(client)]))

    def _ref_of(self, client_order_id: str | None) -> int:
        return self.venue.ref_of(client_order_id)

    def _start(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", task=task.get_name(), exc_info=error)
            self.over.set()
