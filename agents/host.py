"""The host of one agent: hands it events and carries out its intents, the same live and in virtual time."""

from __future__ import annotations

from collections.abc import Callable

from agents.intents import AgentEvent, AgentIntent, Ask, Done, Fill, Timer, TimerKey, Wake
from agents.strategy import Clock, Context, Strategy, Venue

MAX_HELD_TIMERS = 10_000


class AgentHost:
    """Runs one strategy on a clock and a venue.

    While paused it hears only its own fills; timers that come due meanwhile ring when it resumes. After an exception it
    stops and tells ``on_error``; the driver decides what becomes of it.
    """

    __slots__ = ("_held", "alive", "clock", "context", "on_error", "paused", "strategy", "venue")

    def __init__(
        self,
        context: Context,
        strategy: Strategy,
        clock: Clock,
        venue: Venue,
        on_error: Callable[[AgentHost, Exception], None] | None = None,
    ) -> None:
        """Without ``on_error`` an agent's exception is the caller's."""
        self.context = context
        self.strategy = strategy
        self.clock = clock
        self.venue = venue
        self.on_error = on_error
        self.paused = False
        self.alive = True
        self._held: set[TimerKey] = set()

    @property
    def agent_id(self) -> str:
        """The account it trades for."""
        return self.context.agent_id

    def deliver(self, event: AgentEvent) -> None:
        """Let the agent react to an event."""
        if type(event) is Fill:
            self.context.portfolio.on_fill(event)
        elif type(event) is Done:
            self.context.portfolio.working.pop(event.ref, None)
        if self.paused or not self.alive:
            if isinstance(event, Timer) and self.alive and len(self._held) < MAX_HELD_TIMERS:
                self._held.add(event.key)
            return
        try:
            intents = self.strategy.on_event(event)
            if not intents:
                return
            orders: list[AgentIntent] = []
            for intent in intents:
                if type(intent) is Wake:
                    self.clock.call_at(intent.at, self.deliver, Timer(intent.key))
                elif type(intent) is Ask:
                    self.venue.ask(self.context.agent_id, intent)
                else:
                    orders.append(intent)
            if orders:
                self.venue.send(self.context.agent_id, orders)
        except Exception as error:  # outermost frame of foreign code: one broken agent must not end the others
            if self.on_error is None:
                raise
            self.alive = False
            self.on_error(self, error)

    def pause(self) -> None:
        """Do nothing until ``resume``."""
        self.paused = True

    def resume(self) -> None:
        """Go on, beginning with the timers that came due meanwhile."""
        self.paused = False
        held, self._held = self._held, set()
        for key in sorted(held, key=str):
            self.deliver(Timer(key))

    def stop(self) -> None:
        """Hear nothing from now on."""
        self.alive = False
