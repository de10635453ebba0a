"""Virtual time: a scenario run on the very order-management system that the exchange runs, as fast as it goes.

The same scenario and seed give the same event log, byte for byte. Agents, strategies, news and values are those of the
live market; only clock and venue differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from agents.happenings import Happenings
from agents.host import AgentHost
from agents.intents import Explain, Listed
from agents.llm.asking import VirtualAsker
from agents.llm.model import LanguageModel
from agents.market import NS, SAMPLE_NS, Levels, read_levels
from agents.newsroom import Story
from agents.outcome import AgentOutcome, EquityCurves
from agents.population import Member, make_agent, members
from agents.rng import stream
from agents.scenario import Scenario
from agents.simulated.clock import VirtualClock
from agents.simulated.latency import LatencyModel
from agents.simulated.recorder import DEPTH_LEVELS, Recorder
from agents.simulated.venue import SimulatedVenue
from agents.strategy import Context, Strategy
from agents.world import World
from engine.commands import (
    AccountLimits,
    AddInstrument,
    AdvanceTime,
    CancelAll,
    OpenAccount,
    PublishNews,
    SetInstrumentStatus,
)
from engine.oms import OrderManagementSystem
from engine.types import CASH_SCALE, DECIMAL_SCALE, InstrumentStatus, SymbolId
from net.sentiment import score

START_NS: Final = 34_200 * NS
"""A session opens at half past nine, virtual time."""
PROGRESS_EVERY_S: Final = 60
DEPTH_EVERY_S: Final = 10


class Progress(msgspec.Struct, frozen=True):
    """How far a simulation is."""

    simulated_s: float
    total_s: float
    orders: int
    trades: int


ProgressCallback: TypeAlias = Callable[[Progress], None]
StrategyFactory: TypeAlias = Callable[[Context], Strategy]


class Guest(msgspec.Struct, frozen=True):
    """An agent from outside the scenario: a bot under test."""

    name: str
    make: StrategyFactory
    capital: float = 1_000_000.0
    latency_ms: float = 10.0
    on_error: Callable[[AgentHost, Exception], None] | None = None
    """Told when it raises, which stops it; without it, the exception ends the run."""


class SimulationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a simulation."""

    scenario: str
    seed: int
    simulated_s: float
    warm_up_s: float
    interrupted: bool
    event_hash: str
    events: int
    orders: int
    trades: int
    rejected: dict[str, int]
    cpu_s: float
    recorder: Recorder
    agents: list[AgentOutcome]
    curve_step_s: int
    """Seconds between two points of an agent's curve."""
    stories: list[tuple[float, Story]]
    """Seconds since the start, and the story with its truth."""


class Simulation:
    """One run, which can be taken step by step: ``run_until`` may be called again and again."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        *,
        guests: Sequence[Guest] = (),
        model: LanguageModel | None = None,
        narrate: bool = False,
        oms: OrderManagementSystem | None = None,
        seconds: float | None = None,
    ) -> None:
        """``seed`` replaces the scenario's own; ``narrate`` keeps every decision's reason in ``explanations``.

        ``oms`` is a new one of the caller's, who wants to look into it; ``seconds`` is how long it is going to run,
        for its closing auction, where that is not as long as the scenario says.
        """
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.oms = OrderManagementSystem() if oms is None else oms
        self.world = World(scenario, self.seed, read_book=self._read_book, read_best=self.oms.best)
        self.clock = VirtualClock(self.world.market, START_NS)
        self.recorder = Recorder()
        self.venue = SimulatedVenue(self.oms, self.world, self.clock, self.recorder)
        self.venue.asker = self._asker = VirtualAsker(model, self.clock)
        self.stories: list[tuple[float, Story]] = []
        self._narrate = narrate
        self._hosts: list[AgentHost] = []
        self._happenings = Happenings(scenario, self.seed)
        self._list_instruments()
        self._call_auctions(scenario.market.hours * 3600 if seconds is None else seconds)
        self._tick_at = START_NS
        population = members(scenario)
        self._equity = EquityCurves(len(population) + len(guests))
        for member in population:
            self._join(member)
        for guest in guests:
            self.add_guest(guest)
        self.clock.call_at(START_NS, self._tick)
        for host in list(self._hosts):
            self._begin(host)

    @property
    def elapsed_s(self) -> float:
        """Simulated seconds so far."""
        return (self.clock.now_ns() - START_NS) / NS

    def add_guest(self, guest: Guest) -> AgentHost:
        """Let an agent from outside the scenario take part."""
        context = Context(guest.name, self.world.market, seed=self.seed, personality="guest")
        limits = self.scenario.account_limits
        return self._seat(context, guest.make(context), guest.capital, guest.latency_ms, limits, guest.on_error)

    def run_until(self, seconds: float) -> None:
        """Simulate up to so many seconds after the start."""
        self.clock.run_until(START_NS + int(seconds * NS))

    def close(self) -> None:
        """Let go of the model's connections; needed after a run with a model only."""
        self._asker.close()

    @property
    def explanations(self) -> list[tuple[int, str, Explain]]:
        """Time, agent and reason of decisions: all with ``narrate``, else those of models."""
        return self.venue.explanations

    def host(self, name: str) -> AgentHost:
        """One agent; ``KeyError`` when there is none of this name."""
        return self.venue.seats[name].host

    # --- set-up -------------------------------------------------------------------------------------------------

    def _list_instruments(self) -> None:
        for instrument in self.scenario.instruments:
            self.venue.submit(AddInstrument(instrument=instrument))
            symbol = self.world.list_instrument(
                instrument.symbol_id,
                instrument.ticker,
                instrument.initial_price,
                tick_size=instrument.tick_size_e8 / DECIMAL_SCALE,
                lot_size=instrument.lot_size_e8 / DECIMAL_SCALE,
                industry=instrument.industry,
                description=instrument.description,
            )
            self.recorder.list_instrument(symbol)

    def _call_auctions(self, seconds: float) -> None:
        """Have auctions called at both ends of the session; none by default."""
        market = self.scenario.market
        end = START_NS + int(seconds * NS)
        for begin, length_s in (
            (START_NS, market.opening_auction_s),
            (end - market.closing_auction_s * NS, market.closing_auction_s),
        ):
            if length_s:
                self.clock.call_at(begin, self._auction, length_s * NS)
                self.clock.call_at(begin + length_s * NS, self._let_pass)

    def _auction(self, duration_ns: int) -> None:
        for instrument in self.scenario.instruments:
            self.venue.submit(
                SetInstrumentStatus(
                    symbol_id=instrument.symbol_id,
                    status=InstrumentStatus.AUCTION,
                    reason="scenario",
                    duration_ns=duration_ns,
                )
            )

    def _join(self, member: Member) -> None:
        context, strategy = make_agent(member, member.name, self.world.market, self.seed, self.world.fundamental)
        self._seat(context, strategy, member.capital, member.latency_ms, AccountLimits(), model=member.latency)

    def _seat(
        self,
        context: Context,
        strategy: Strategy,
        capital: float,
        latency_ms: float,
        limits: AccountLimits,
        on_error: Callable[[AgentHost, Exception], None] | None = None,
        model: LatencyModel = "lognormal",
    ) -> AgentHost:
        name, cash = context.agent_id, round(capital * CASH_SCALE)
        self.venue.submit(
            OpenAccount(account=name, name=name, personality=context.personality, cash=cash, limits=limits)
        )
        context.narrate = self._narrate
        host = AgentHost(context, strategy, self.clock, self.venue, on_error)
        self.venue.seat(host, latency_ms, stream(self.seed, context.owner, "latency"), model)
        self._hosts.append(host)
        return host

    def _begin(self, host: AgentHost) -> None:
        for instrument in self.scenario.instruments:
            host.deliver(Listed(instrument.symbol_id))

    # --- every second -------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self.world.tick()
        elapsed = round(self.elapsed_s)
        market, fundamental = self.world.market, self.world.fundamental
        for symbol in market:
            self.recorder.sample(symbol, fundamental.value(symbol.symbol_id) or 0.0)
            if elapsed % DEPTH_EVERY_S == 0:
                self.recorder.sample_depth(symbol.symbol_id, *self._read_book(symbol.symbol_id, DEPTH_LEVELS))
        for story in self.world.stories():
            self.publish(story)
        self._happenings.due(self.elapsed_s, self)
        if elapsed % self._equity.every_s == 0:
            self._equity.note(self.oms.accounts())
        self._let_pass()
        self._tick_at += SAMPLE_NS
        self.clock.call_at(self._tick_at, self._tick)

    def _let_pass(self) -> None:
        """Do what waits for time to pass and is due."""
        deadline = self.oms.next_deadline()
        if deadline is not None and deadline <= self.world.market.now:
            self.venue.submit(AdvanceTime())

    def _read_book(self, symbol_id: SymbolId, levels: int) -> tuple[Levels, Levels]:
        return read_levels(self.oms, symbol_id, levels)

    # --- what scenarios may ask (``happenings.Stage``) -------------------------------------------------------------

    def publish(self, story: Story) -> None:
        """Have the exchange publish a story, with the sentiment its text has."""
        self.stories.append((self.elapsed_s, story))
        sentiment = score(f"{story.headline}. {story.content}")
        self.venue.submit(
            PublishNews(
                headline=story.headline,
                content=story.content,
                sentiment=round(sentiment * 1000),
                symbol_id=story.symbol_id,
                impact_type=story.scope,
            )
        )

    def set_paused(self, personality: str, *, paused: bool) -> None:
        """Pause or resume all agents of one personality; paused ones cancel their orders."""
        for host in self._hosts:
            if host.context.personality == personality:
                if paused:
                    host.pause()
                    self.venue.submit(CancelAll(account=host.agent_id))
                else:
                    host.resume()

    def set_status(self, symbol_id: SymbolId, status: InstrumentStatus) -> None:
        """Halt or open an instrument."""
        self.venue.submit(SetInstrumentStatus(symbol_id=symbol_id, status=status, reason="scenario"))

    # --- the end ------------------------------------------------------------------------------------------------

    def result(self, *, cpu_s: float = 0.0, interrupted: bool = False) -> SimulationResult:
        """Everything so far."""
        return SimulationResult(
            scenario=self.scenario.name,
            seed=self.seed,
            simulated_s=self.elapsed_s,
            warm_up_s=min(self.scenario.market.warm_up_minutes * 60, self.elapsed_s / 4),
            interrupted=interrupted,
            event_hash=self.venue.log.hexdigest(),
            events=self.venue.log.events,
            orders=self.venue.orders,
            trades=self.recorder.trades,
            rejected=dict(self.venue.rejected),
            cpu_s=cpu_s,
            recorder=self.recorder,
            agents=[self._equity.outcome(account) for account in self.oms.accounts()],
            curve_step_s=self._equity.every_s,
            stories=self.stories,
        )


def simulate(
    scenario: Scenario,
    *,
    seed: int | None = None,
    hours: float | None = None,
    guests: Sequence[Guest] = (),
    model: LanguageModel | None = None,
    progress: ProgressCallback | None = None,
) -> SimulationResult:
    """Run a scenario; an interrupt (Ctrl-C) ends it early and keeps what was computed.

    ``seed`` and ``hours`` replace the scenario's own; ``progress`` is called once a simulated minute.
    """
    total_s = (scenario.market.hours if hours is None else hours) * 3600
    started = time.process_time()
    simulation = Simulation(scenario, seed, guests=guests, model=model, seconds=total_s)
    interrupted = False
    try:
        done = 0.0
        while done < total_s:
            done = min(done + PROGRESS_EVERY_S, total_s)
            simulation.run_until(done)
            if progress is not None:
                progress(Progress(done, total_s, simulation.venue.orders, simulation.recorder.trades))
    except KeyboardInterrupt:
        interrupted = True
    finally:
        simulation.close()
    return simulation.result(cpu_s=time.process_time() - started, interrupted=interrupted)
