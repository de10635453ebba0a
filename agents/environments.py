"""Reinforcement-learning environments on the simulated market: gymnasium for one agent, PettingZoo for several.

Extra ``[gym]``. Time is virtual: a step lets the market run for ``step_s`` seconds, with all the scenario's agents in
it, and costs what it costs to compute. The same seed and actions give the same episode.
"""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy
import pettingzoo
from gymnasium import spaces

from agents.intents import AgentEvent, AgentIntent, CancelAll, New, Quotes
from agents.market import SymbolView
from agents.ml.features import FEATURES, FeatureReader
from agents.scenario import Scenario, load_scenario
from agents.simulation import Guest, Simulation
from agents.strategy import Context, Strategy
from engine.types import Side, TimeInForce

WARM_UP_S = 60.0
SYMBOL_ID = 1
"""Environments trade the scenario's first instrument."""


class _Puppet:
    """An agent that does nothing by itself."""

    wants: ClassVar[frozenset[type]] = frozenset()

    def on_event(self, event: AgentEvent) -> tuple[AgentIntent, ...]:
        del event
        return ()


class _Stage:
    """A running market with puppets in it."""

    def __init__(self, scenario: Scenario, seed: int, names: list[str], limit: int) -> None:
        def make(_: Context) -> Strategy:
            return _Puppet()

        self.simulation = Simulation(scenario, seed, guests=[Guest(name, make, latency_ms=2.0) for name in names])
        self.limit = limit
        self.time_s = WARM_UP_S
        self.simulation.run_until(self.time_s)
        self._readers = {name: FeatureReader(self.simulation.world.market, self.symbol) for name in names}

    @property
    def symbol(self) -> SymbolView:
        return self.simulation.world.market.symbol(SYMBOL_ID)

    def send(self, name: str, intent: AgentIntent) -> None:
        self.simulation.venue.send(name, [intent])

    def advance(self, seconds: float) -> None:
        self.time_s += seconds
        self.simulation.run_until(self.time_s)

    def position(self, name: str) -> int:
        return self.simulation.host(name).context.portfolio.position(SYMBOL_ID)

    def profit(self, name: str) -> float:
        """In ticks times lots, at the mid."""
        return self.simulation.host(name).context.portfolio.profit_ticks(SYMBOL_ID, self.symbol.mid)

    def observe(self, name: str, *more: float) -> Any:
        features = self._readers[name].read(self.position(name) / self.limit)
        return numpy.array([*features, *more], dtype=numpy.float32)

    def quote(self, name: str, action: Any, size: int) -> None:
        """Two-sided quotes: ``action`` is the half-spread in ticks and the shift of both sides in ticks."""
        symbol = self.symbol
        half, shift = float(action[0]), float(action[1])
        bid = max(1, int(symbol.mid + shift - half))
        ask = max(bid + 1, round(symbol.mid + shift + half))
        if symbol.ask:
            bid = min(bid, symbol.ask - 1)
        if symbol.bid:
            ask = max(ask, symbol.bid + 1)
        position = self.position(name)
        bids = ((bid, size),) if position < self.limit else ()
        asks = ((ask, size),) if position > -self.limit else ()
        self.send(name, Quotes(SYMBOL_ID, bids, asks))


def _observation_space(more: int = 0) -> Any:
    return spaces.Box(-numpy.inf, numpy.inf, (len(FEATURES) + more,), numpy.float32)


def _quote_space() -> Any:
    return spaces.Box(numpy.array([0.5, -10.0], numpy.float32), numpy.array([10.0, 10.0], numpy.float32))


class MakerEnv(gymnasium.Env):  # type: ignore[misc]
    """Make a market: choose half-spread and shift each step; earn profit less a price on inventory."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(
        self, scenario: str = "calm", *, steps: int = 300, step_s: float = 1.0, size: int = 5, limit: int = 100,
        inventory_price: float = 0.001,
    ) -> None:  # fmt: skip
        self._scenario = load_scenario(scenario)
        self._steps, self._step_s, self._size, self._limit = steps, step_s, size, limit
        self._inventory_price = inventory_price
        self.observation_space = _observation_space()
        self.action_space = _quote_space()
        self._stage: _Stage | None = None
        self._done = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin a new market."""
        super().reset(seed=seed, options=options)
        market_seed = seed if seed is not None else int(self.np_random.integers(2**31))
        self._stage = _Stage(self._scenario, market_seed, ["maker"], self._limit)
        self._done = 0
        return self._stage.observe("maker"), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Quote, and let ``step_s`` pass."""
        if self._stage is None:
            raise RuntimeError("reset first")
        stage, before = self._stage, self._stage.profit("maker")
        stage.quote("maker", action, self._size)
        stage.advance(self._step_s)
        self._done += 1
        position = stage.position("maker")
        reward = stage.profit("maker") - before - self._inventory_price * position * position
        info = {"position": position, "profit_ticks": stage.profit("maker")}
        return stage.observe("maker"), float(reward), False, self._done >= self._steps, info


class ExecutionEnv(gymnasium.Env):  # type: ignore[misc]
    """Buy ``target`` lots in time and cheaply: wait, join the best bid, take a little, or take a lot."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(
        self, scenario: str = "calm", *, target: int = 200, steps: int = 120, step_s: float = 5.0, clip: int = 5
    ) -> None:
        self._scenario = load_scenario(scenario)
        self._target, self._steps, self._step_s, self._clip = target, steps, step_s, clip
        self.observation_space = _observation_space(2)
        self.action_space = spaces.Discrete(4)
        self._stage: _Stage | None = None
        self._done, self._arrival = 0, 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin a new market; the price now is what the cost is measured from."""
        super().reset(seed=seed, options=options)
        market_seed = seed if seed is not None else int(self.np_random.integers(2**31))
        self._stage = _Stage(self._scenario, market_seed, ["trader"], self._target)
        self._done, self._arrival = 0, self._stage.symbol.mid
        return self._observe(self._stage), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Act, and let ``step_s`` pass. The reward is minus the cost of what was bought, in ticks for each lot."""
        if self._stage is None:
            raise RuntimeError("reset first")
        stage = self._stage
        spent, held = self._spent(stage)
        left = self._target - held
        stage.send("trader", CancelAll(SYMBOL_ID))
        qty = min(left, self._clip * (4 if action == 3 else 1))
        if action == 1 and stage.symbol.bid:
            stage.send("trader", New(SYMBOL_ID, Side.BUY, qty, stage.symbol.bid))
        elif action >= 2 and stage.symbol.ask:
            stage.send("trader", New(SYMBOL_ID, Side.BUY, qty, stage.symbol.ask + 5, TimeInForce.IOC))
        stage.advance(self._step_s)
        self._done += 1
        now_spent, now_held = self._spent(stage)
        cost = (now_spent - spent) - self._arrival * (now_held - held)
        terminated = now_held >= self._target
        truncated = not terminated and self._done >= self._steps
        if truncated:  # what is left is bought at once, at a price that taking it would have
            cost += (self._target - now_held) * (stage.symbol.mid - self._arrival + 10)
        return self._observe(stage), float(-cost / self._target), terminated, truncated, {"held": now_held}

    def _spent(self, stage: _Stage) -> tuple[float, int]:
        portfolio = stage.simulation.host("trader").context.portfolio
        return -float(portfolio.cash_ticks.get(SYMBOL_ID, 0)), portfolio.position(SYMBOL_ID)

    def _observe(self, stage: _Stage) -> Any:
        left = 1 - stage.position("trader") / self._target
        return stage.observe("trader", left, 1 - self._done / self._steps)


class MakersEnv(pettingzoo.ParallelEnv):  # type: ignore[misc]
    """Several makers in one market, each with actions and rewards of its own, as in ``MakerEnv``."""

    metadata: ClassVar[dict[str, Any]] = {"name": "tradesim_makers_v0", "render_modes": []}

    def __init__(self, scenario: str = "calm", *, makers: int = 2, steps: int = 300, step_s: float = 1.0) -> None:
        self._scenario = load_scenario(scenario)
        self._steps, self._step_s, self._size, self._limit = steps, step_s, 5, 100
        self.possible_agents = [f"maker_{number}" for number in range(makers)]
        self.agents: list[str] = []
        self._observation, self._action = _observation_space(), _quote_space()
        self._stage: _Stage | None = None
        self._done = 0

    def observation_space(self, agent: str) -> Any:
        """The same for all."""
        del agent
        return self._observation

    def action_space(self, agent: str) -> Any:
        """The same for all."""
        del agent
        return self._action

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin a new market."""
        del options
        self.agents = list(self.possible_agents)
        self._stage = _Stage(self._scenario, seed or 0, self.agents, self._limit)
        self._done = 0
        return {name: self._stage.observe(name) for name in self.agents}, {name: {} for name in self.agents}

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """Let everybody quote, and ``step_s`` pass."""
        if self._stage is None:
            raise RuntimeError("reset first")
        stage, names = self._stage, self.agents
        before = {name: stage.profit(name) for name in names}
        for name, action in actions.items():
            stage.quote(name, action, self._size)
        stage.advance(self._step_s)
        self._done += 1
        over = self._done >= self._steps
        seen = {name: stage.observe(name) for name in names}
        rewards = {name: stage.profit(name) - before[name] for name in names}
        self.agents = [] if over else names
        return seen, rewards, dict.fromkeys(names, False), dict.fromkeys(names, over), {name: {} for name in names}
