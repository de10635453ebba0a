from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import pytest

from agents.host import AgentHost
from agents.intents import AgentEvent, AgentIntent, Ask, CancelAll, Fill, Listed, Timer, Wake
from agents.strategy import Context
from engine.types import Liquidity, Side


class Desk:
    """A clock and a venue in one, in the test's hand."""

    def __init__(self) -> None:
        self.sent: list[AgentIntent] = []
        self.asked: list[Ask] = []
        self.calls: list[tuple[int, Callable[[], None]]] = []

    def now_ns(self) -> int:
        return 0

    def call_at(self, when_ns: int, callback: Callable[..., None], *args: object) -> None:
        self.calls.append((when_ns, partial(callback, *args)))

    def send(self, agent_id: str, intents: Sequence[AgentIntent]) -> None:
        self.sent.extend(intents)

    def ask(self, agent_id: str, question: Ask) -> None:
        self.asked.append(question)


class Clockwork:
    """Cancels all on each timer and sets the next; breaks on ``Listed(13)``."""

    wants: ClassVar[frozenset[type]] = frozenset()

    def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
        if event == Listed(13):
            raise ZeroDivisionError("unlucky")
        return [CancelAll(), Wake(5, "again")] if isinstance(event, Timer) else [Wake(3, "first")]


def host(tiny: Any, desk: Desk, errors: list[str] | None = None) -> AgentHost:
    report = None if errors is None else lambda host, error: errors.append(f"{host.agent_id}: {error}")
    return AgentHost(Context("a1", tiny.view), Clockwork(), desk, desk, report)


def test_wakes_go_to_the_clock_and_the_rest_to_the_venue(tiny: Any) -> None:
    desk = Desk()
    host(tiny, desk).deliver(Listed(1))
    assert [when for when, _ in desk.calls] == [3]
    desk.calls[0][1]()
    assert desk.sent == [CancelAll()]
    assert [when for when, _ in desk.calls] == [3, 5]


def test_fills_reach_the_portfolio_even_while_paused(tiny: Any) -> None:
    desk = Desk()
    paused = host(tiny, desk)
    paused.pause()
    paused.deliver(Fill(1, Side.SELL, 100, 7, Liquidity.MAKER, 0))
    assert paused.context.portfolio.position(1) == -7
    assert paused.context.portfolio.profit_ticks(1, 99) == 7


def test_timers_that_came_due_during_a_pause_ring_afterwards(tiny: Any) -> None:
    desk = Desk()
    paused = host(tiny, desk)
    paused.pause()
    paused.deliver(Timer("x"))
    paused.deliver(Timer("x"))
    assert desk.sent == []
    paused.resume()
    assert desk.sent == [CancelAll()]


def test_an_agent_that_raises_is_stopped_and_reported(tiny: Any) -> None:
    desk, errors = Desk(), []
    broken = host(tiny, desk, errors)
    broken.deliver(Listed(13))
    broken.deliver(Timer("x"))
    assert errors == ["a1: unlucky"]
    assert desk.sent == []
    with pytest.raises(ZeroDivisionError):
        host(tiny, desk).deliver(Listed(13))


def test_a_question_goes_to_the_model_and_not_to_the_exchange(tiny: Any) -> None:
    class Asking:
        wants: ClassVar[frozenset[type]] = frozenset()

        def on_event(self, event: AgentEvent) -> Sequence[AgentIntent]:
            return [Ask("k", "system", "prompt", "state"), CancelAll()]

    desk = Desk()
    AgentHost(Context("a1", tiny.view), Asking(), desk, desk).deliver(Listed(1))
    assert [question.key for question in desk.asked] == ["k"]
    assert desk.sent == [CancelAll()]
