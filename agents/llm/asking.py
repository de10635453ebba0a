"""Carries agents' questions to the model: live as tasks beside the trading, in virtual time as virtual latency."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from agents.host import AgentHost
from agents.intents import Answer, Ask
from agents.llm.config import LLMConfig, config_from
from agents.llm.model import LanguageModel
from agents.llm.openai_endpoint import OpenAIEndpoint
from agents.simulated.clock import VirtualClock

log: structlog.stdlib.BoundLogger = structlog.get_logger("agents.llm")

NO_MODEL = "no model is configured (ENABLE_LLM)"


def model_from(environment: Mapping[str, str]) -> LanguageModel | None:
    """The model that the environment asks for; ``LLMError`` when it cannot be had."""
    config = config_from(environment)
    return LanguageModel(config, _endpoint(config)) if config is not None else None


def _endpoint(config: LLMConfig) -> OpenAIEndpoint:
    return OpenAIEndpoint(config)


def tickers_of(host: AgentHost) -> tuple[str, ...]:
    """What the asking agent may trade."""
    return tuple(symbol.ticker for symbol in host.context.market if host.context.trades(symbol.symbol_id))


class LiveAsker:
    """Asks in a task of its own; one question of an agent at a time, ``concurrency`` in all."""

    def __init__(self, model: LanguageModel | None) -> None:
        self._model = model
        self._slots = asyncio.Semaphore(model.config.concurrency if model else 1)
        self._asking: dict[str, tuple[AgentHost, asyncio.Task[None]]] = {}

    def __call__(self, host: AgentHost, question: Ask) -> None:
        """Begin to ask; the answer reaches the agent as an event."""
        if host.agent_id in self._asking:
            asking, former = self._asking[host.agent_id]
            if asking is host:
                return
            former.cancel()  # what the agent asked before it was started again
        task = asyncio.create_task(self._ask(host, question), name=f"{host.agent_id} asks")
        self._asking[host.agent_id] = host, task
        task.add_done_callback(partial(self._asked, host))

    def _asked(self, host: AgentHost, task: asyncio.Task[None]) -> None:
        if self._asking.get(host.agent_id) == (host, task):
            del self._asking[host.agent_id]

    async def _ask(self, host: AgentHost, question: Ask) -> None:
        if self._model is None:
            answer = Answer(question.key, error=NO_MODEL)
        else:
            async with self._slots:
                try:
                    answer = await self._model.ask(question, tickers_of(host))
                except Exception as error:  # outermost frame of the task: the agent must hear something
                    log.error("a question failed", agent_id=host.agent_id, exc_info=error)
                    answer = Answer(question.key, error=f"{type(error).__name__}: {error}")
        host.clock.now_ns()
        host.deliver(answer)

    async def close(self) -> None:
        """Give up what is still asked."""
        tasks = [task for _, task in self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class VirtualAsker:
    """Asks while virtual time stands still; the answer arrives after the time it really took, so a slow model is late.

    With a cassette that is replayed, the time is the recorded one, and the run is deterministic.
    """

    def __init__(self, model: LanguageModel | None, clock: VirtualClock) -> None:
        self._model = model
        self._clock = clock
        self._runner = asyncio.Runner()

    def __call__(self, host: AgentHost, question: Ask) -> None:
        """Ask, and deliver the answer in due time."""
        if self._model is None:
            answer = Answer(question.key, error=NO_MODEL)
        else:
            answer = self._runner.run(self._model.ask(question, tickers_of(host)))
        arrival = self._clock.now_ns() + int(answer.latency_ms * 1e6) + 1
        self._clock.call_at(arrival, lambda: host.deliver(answer))

    def close(self) -> None:
        """Close the event loop that questions were asked on, and what the model holds open on it."""
        if self._model is not None:
            self._runner.run(self._model.close())
        self._runner.close()
