"""An agent on a real language model, served on loopback: SmolLM2-135M, which proves the wiring, not skill.

Runs where ``agents.llm.local`` finds its server and its model; elsewhere it is skipped.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents.llm.config import LLMConfig, LLMError
from agents.llm.local import start
from agents.llm.model import LanguageModel
from agents.llm.openai_endpoint import OpenAIEndpoint
from agents.scenario import parse_scenario
from agents.simulation import Simulation

SCENARIO = """
[[instruments]]
ticker = "ACME"
price = 100.0
description = "Acme"
[[agents]]
personality = "market_maker"
capital = 10_000_000
[[agents]]
personality = "noise"
count = 4
[[agents]]
personality = "llm"
params = { ask_every_s = 20.0 }
[[events]]
at = 20
kind = "news"
instrument = "ACME"
headline = "Acme beats profit forecast on strong demand"
sentiment = 0.8
ticks = 20
"""


@pytest.fixture(scope="module")
def server() -> Any:
    try:
        return start()
    except LLMError as missing:
        pytest.skip(str(missing))


@pytest.mark.real_model
@pytest.mark.timeout(300)
def test_a_real_model_reads_news_decides_trades_and_gives_its_reason(server: Any, tmp_path: Path) -> None:
    config = LLMConfig(
        base_url=f"{server.listening_address}/v1",
        model="smollm2",
        deadline_s=60.0,
        calls_per_minute=600.0,
        cassette=tmp_path / "tape.jsonl",
    )
    simulation = Simulation(parse_scenario(SCENARIO, "real"), model=LanguageModel(config, OpenAIEndpoint(config)))
    simulation.run_until(120)
    simulation.close()
    told = [explain for _, agent, explain in simulation.explanations if agent == "llm-1"]
    transcript = [
        f"{time / 1e9 - 34_200:6.1f} s  {agent} [{explain.stage}] {explain.action}: {explain.why} "
        f"({explain.latency_ms:.0f} ms)"
        for time, agent, explain in simulation.explanations
    ]
    (tmp_path / "transcript.txt").write_text("\n".join(transcript))
    by_model = [explain for explain in told if explain.stage == "llm"]
    assert by_model, [explain.fell_back_from for explain in told]
    assert all(explain.why for explain in by_model)
    assert max(explain.latency_ms or 0 for explain in by_model) > 100
    assert simulation.host("llm-1").context.portfolio.fills > 0
    assert (tmp_path / "tape.jsonl").read_text().count("Acme beats profit forecast") >= 1


@pytest.mark.real_model
@pytest.mark.timeout(120)
def test_the_schema_holds_the_real_model_to_decisions(server: Any) -> None:
    from agents.intents import Ask

    config = LLMConfig(
        base_url=f"{server.listening_address}/v1", model="smollm2", deadline_s=60.0, calls_per_minute=6e4
    )

    async def ask() -> list[str]:
        model = LanguageModel(config, OpenAIEndpoint(config))
        answers = [
            await model.ask(
                Ask("k", "You trade. Answer with JSON.", f"ACME moved {n} sigmas.", str(n)), ("ACME", "BETA")
            )
            for n in range(5)
        ]
        await model.close()
        return [answer.error for answer in answers]

    errors = asyncio.run(ask())
    assert errors.count("") >= 4, errors  # it may talk until its tokens are used up
