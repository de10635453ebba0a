"""The agents process: connects as people do, and keeps a scenario's population trading until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Final

import structlog

from agents.live.session import PUBLIC_CHANNELS, AgentsConfig, Session
from agents.llm.asking import model_from
from agents.llm.config import LLMError
from agents.llm.model import LanguageModel
from agents.personalities import find
from agents.population import Member, members
from agents.scenario import Scenario, ScenarioError, load_scenario
from net.client import Client
from net.errors import NotConnected, StartupError, TradesimError
from net.logs import configure_logging
from net.process import Ready, prepare_data_dir, serve_until_stopped

READY_WITHIN_S: Final = 20.0
"""After this long the process counts as ready even when the exchange is not there yet."""
RETRY_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
LASTING_S: Final = 60.0
"""A session of this length was a sound one."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("agents.runner")

__all__ = ["AgentsConfig", "run_agents"]


async def run_agents(config: AgentsConfig) -> None:
    """Run the agents process until a signal or, when supervised, the end of standard input.

    Raises:
        StartupError: the scenario or the data directory cannot be used.
    """
    try:
        scenario = load_scenario(config.scenario)
        model = model_from(os.environ)
        population = [*members(scenario), *_model_members(model)]
    except (ScenarioError, LLMError) as error:
        raise StartupError(str(error)) from error
    if config.data_dir is not None:
        prepare_data_dir(config.data_dir)
    configure_logging(config.data_dir, "agents")
    populated = asyncio.Event()
    work = asyncio.create_task(keep_populated(config, scenario, population, populated, model), name="population")
    waiting = asyncio.create_task(populated.wait(), name="populated")
    try:
        await asyncio.wait({work, waiting}, timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        reason = await serve_until_stopped(Ready("agents"), supervised=config.supervised, failure=work)
        log.info("stopped", reason=reason)
    finally:
        for task in (waiting, work):
            task.cancel()
        await asyncio.gather(waiting, work, return_exceptions=True)
        if model is not None:
            await model.close()


async def keep_populated(
    config: AgentsConfig,
    scenario: Scenario,
    population: Sequence[Member],
    populated: asyncio.Event,
    model: LanguageModel | None = None,
) -> None:
    """Hold one session after another, for ever; ``populated`` is set once everybody has joined.

    The pause between two grows, and begins anew only after a session that lasted: one that fails at once every time
    must not make everybody register and requote as fast as they can.
    """
    loop, wait = asyncio.get_running_loop(), RETRY_S
    while True:
        begun = loop.time()
        try:
            async with contextlib.AsyncExitStack() as stack:
                clients = await _connect(config, stack)
                await Session(config, scenario, clients, model).run(population, populated)
        except TradesimError as error:
            log.info("no session", reason=str(error), retry_s=wait)
        if loop.time() - begun >= LASTING_S:
            wait = RETRY_S
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, RETRY_MAX_S)


def _model_members(model: LanguageModel | None) -> list[Member]:
    """The agents that ask the model, when there is one."""
    if model is None:
        return []
    personality = find("llm")
    return [
        Member(
            name=f"llm-{number}", personality=personality, params={}, symbols=None, capital=1_000_000.0, latency_ms=0.0
        )
        for number in range(1, model.config.agents + 1)
    ]


async def _connect(config: AgentsConfig, stack: contextlib.AsyncExitStack) -> list[Client]:
    clients = []
    for index in range(max(config.connections, 1)):
        channels = PUBLIC_CHANNELS if index == 0 else ()
        client = Client(config.url, channels=channels, connect_timeout_s=5.0)
        try:
            clients.append(await stack.enter_async_context(client))
        except TimeoutError as error:
            raise NotConnected(f"{config.url} did not answer in time") from error
        if index:
            await client.unsubscribe("orderbooks")
    return clients
