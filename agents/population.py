"""The population of a scenario: which agents there are, and how one is made."""

from __future__ import annotations

import msgspec

from agents.market import MarketView
from agents.personalities import Personality, find, parameters_of, strategy_of
from agents.scenario import AgentSection, ParameterValue, Scenario, ScenarioError
from agents.simulated.latency import LatencyModel
from agents.strategy import Context, Research, Strategy
from engine.types import SymbolId


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One agent of a population, before it runs."""

    name: str
    personality: Personality
    params: dict[str, ParameterValue]
    symbols: frozenset[SymbolId] | None
    """Instruments it trades; None for all that are simulated."""
    live: frozenset[str] = frozenset()
    """Live markets that it trades on paper, by ticker."""
    capital: float
    latency_ms: float
    latency: LatencyModel = "lognormal"


def members(scenario: Scenario) -> list[Member]:
    """Everybody in a scenario, in the order of the file; ``ScenarioError`` when a personality or parameter is wrong."""
    everybody: list[Member] = []
    taken: dict[str, int] = {}
    for index, section in enumerate(scenario.agents):
        try:
            personality = find(section.personality)
            parameters_of(personality, section.params)
        except ValueError as error:
            raise ScenarioError(f"scenario {scenario.name}: agents[{index}]: {error}") from error
        prefix = section.name or section.personality.replace("_", "-")
        for _ in range(section.count):
            taken[prefix] = taken.get(prefix, 0) + 1
            everybody.append(_member(scenario, section, personality, f"{prefix}-{taken[prefix]}"))
    return everybody


def _member(scenario: Scenario, section: AgentSection, personality: Personality, name: str) -> Member:
    live = frozenset(section.instruments) & frozenset(scenario.live_instruments)
    symbols = frozenset(scenario.instrument(ticker).symbol_id for ticker in section.instruments if ticker not in live)
    latency = section.latency_ms if section.latency_ms is not None else strategy_of(personality).latency_ms
    return Member(
        name=name,
        personality=personality,
        params=section.params,
        symbols=symbols if section.instruments else None,
        live=live,
        capital=section.capital,
        latency_ms=latency,
        latency=section.latency,
    )


def make_agent(
    member: Member, agent_id: str, market: MarketView, seed: int, research: Research | None
) -> tuple[Context, Strategy]:
    """An agent ready to hear its first event. Its randomness depends on ``seed`` and its name only.

    Raises:
        ScenarioError: its strategy lacks what it needs: an optional package, a file, a graph.
    """
    context = Context(
        agent_id,
        market,
        seed=seed,
        owner=member.name,
        personality=member.personality.name,
        symbols=member.symbols,
        research=research,
        live=member.live,
    )
    parameters = parameters_of(member.personality, member.params)
    try:
        return context, strategy_of(member.personality).make(context, parameters)
    except (ModuleNotFoundError, OSError, ValueError) as error:
        raise ScenarioError(f"{member.name} cannot trade as {member.personality.name}: {error}") from error
