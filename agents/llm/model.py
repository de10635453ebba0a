"""The model as agents reach it: limits, cache, deadline, schema, one try to repair, and never an exception.

Whatever goes wrong becomes an ``Answer`` with an ``error``, on which the asking agent falls back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from agents.intents import Answer, Ask
from agents.llm.cassette import Cassette, Take, key_of
from agents.llm.config import LLMConfig
from agents.llm.decision import PROMPT_VERSION, BadAnswerError, parse, schema
from agents.llm.limits import Limits


class Completion(msgspec.Struct, frozen=True):
    """What an endpoint answered, and the tokens it counted."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0


class EndpointError(Exception):
    """The endpoint failed: unreachable, refused, broken off."""


class Endpoint(Protocol):
    """A chat-completions endpoint."""

    async def complete(self, system: str, messages: list[str], answer: dict[str, object]) -> Completion:
        """Answer a conversation that begins with the user and alternates; ``answer`` is the JSON schema wanted.

        Raises:
            EndpointError: it failed.
        """

    async def close(self) -> None:
        """Close its connections."""


class LanguageModel:
    """One model, shared by all agents of a process."""

    def __init__(self, config: LLMConfig, endpoint: Endpoint, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        self.limits = Limits(config, clock)
        self._endpoint = endpoint
        self._clock = clock
        self._cassette = Cassette(config.cassette, replay=config.replay)

    async def ask(self, question: Ask, tickers: tuple[str, ...]) -> Answer:
        """Answer a question, or say why not. The text of an answer without ``error`` is a valid decision."""
        key = key_of(self.config.model, PROMPT_VERSION, question.system, question.state)
        if self._cassette.replay:
            take = self._cassette.play(key) or Take(key=key, error="the cassette has no answer to this")
            return _answer(question, take, 0.0)
        known = self._cassette.cached(key)
        if known is not None:
            return _answer(question, msgspec.structs.replace(known, latency_ms=0.0), 0.0)
        refusal = self.limits.refusal()
        if refusal:
            return Answer(question.key, error=refusal)
        started = self._clock()
        take, cost = await self._call(key, question, tickers)
        take = msgspec.structs.replace(take, latency_ms=(self._clock() - started) * 1e3)
        self._cassette.record(take)
        return _answer(question, take, cost)

    async def close(self) -> None:
        """Close the endpoint's connections."""
        await self._endpoint.close()

    async def _call(self, key: str, question: Ask, tickers: tuple[str, ...]) -> tuple[Take, float]:
        conversation, used_in, used_out, cost, error = [question.prompt], 0, 0, 0.0, ""
        try:
            async with asyncio.timeout(self.config.deadline_s):
                for _ in range(2):
                    self.limits.begin()
                    done = await self._endpoint.complete(question.system, conversation, schema(tickers))
                    cost += self.limits.used(done.tokens_in, done.tokens_out)
                    used_in, used_out = used_in + done.tokens_in, used_out + done.tokens_out
                    try:
                        parse(done.text, tickers)
                    except BadAnswerError as bad:
                        error = f"not a decision: {bad}"
                        repair = f"That is not a valid answer: {bad}. Answer again, with the JSON object only."
                        conversation = [*conversation, done.text[:2_000], repair]
                        continue
                    self.limits.succeeded()
                    return Take(
                        key=key, prompt=question.prompt, text=done.text, tokens_in=used_in, tokens_out=used_out
                    ), cost
        except TimeoutError:
            error = f"no answer within {self.config.deadline_s:g} s"
        except EndpointError as failure:
            error = str(failure)
        self.limits.failed()
        return Take(key=key, prompt=question.prompt, error=error, tokens_in=used_in, tokens_out=used_out), cost


def _answer(question: Ask, take: Take, cost: float) -> Answer:
    return Answer(question.key, take.text, take.error, take.latency_ms, cost)
