"""What a scenario makes happen at its appointed times, carried out by whichever driver runs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from agents.grammar import COMPANY, headline
from agents.newsroom import Story
from agents.rng import stream
from agents.scenario import EventSection, Scenario
from agents.world import World
from engine.types import InstrumentStatus, SymbolId


class Stage(Protocol):
    """What a driver can do for a scenario."""

    world: World

    def publish(self, story: Story) -> None:
        """Have a headline published."""

    def set_paused(self, personality: str, *, paused: bool) -> None:
        """Pause or resume all agents of one personality."""

    def set_status(self, symbol_id: SymbolId, status: InstrumentStatus) -> None:
        """Halt or open an instrument."""


class Happenings:
    """The events of a scenario that are still to come."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._rng = stream(seed, "happenings", "text")
        self._coming = list(scenario.events)

    def due(self, elapsed_s: float, stage: Stage) -> None:
        """Let everything happen that is due ``elapsed_s`` seconds after the start."""
        while self._coming and self._coming[0].at <= elapsed_s:
            self._happen(self._coming.pop(0), stage)

    def _happen(self, event: EventSection, stage: Stage) -> None:
        match event.kind:
            case "news":
                stage.publish(self._story(event, stage.world))
            case "jump":
                for symbol_id in self._symbols(event):
                    stage.world.fundamental.jump(symbol_id, event.ticks)
            case "volatility":
                stage.world.fundamental.volatility_factor = event.volatility
            case "pause" | "resume":
                stage.set_paused(event.personality, paused=event.kind == "pause")
            case _:
                status = InstrumentStatus.HALTED if event.kind == "halt" else InstrumentStatus.OPEN
                for symbol_id in self._symbols(event):
                    stage.set_status(symbol_id, status)

    def _symbols(self, event: EventSection) -> Iterable[SymbolId]:
        if event.instrument:
            return [self._scenario.instrument(event.instrument).symbol_id]
        return [instrument.symbol_id for instrument in self._scenario.instruments]

    def _story(self, event: EventSection, world: World) -> Story:
        symbol_id = self._scenario.instrument(event.instrument).symbol_id if event.instrument else None
        subject = world.newsroom.subjects.get(symbol_id or 0)
        text = event.headline or headline(
            COMPANY, event.sentiment, self._rng, name=subject.name if subject else "Market"
        )
        jumps = dict.fromkeys(self._symbols(event), event.ticks) if event.ticks else None
        if jumps is None:
            jumps = world.newsroom.usual_impact(event.sentiment, symbol_id)
        story = Story(
            headline=text, content=text, symbol_id=symbol_id, scope="scheduled", sentiment=event.sentiment, jumps=jumps
        )
        world.newsroom.remember(story)
        return story
