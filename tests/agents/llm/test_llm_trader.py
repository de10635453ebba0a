import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from agents.intents import Answer, Ask, Explain, New, News, Timer
from agents.llm.asking import LiveAsker
from agents.llm.config import LLMConfig
from agents.llm.model import Completion, LanguageModel
from agents.scenario import parse_scenario
from agents.simulation import Simulation
from engine.types import Side

BUY = '{"action": "BUY", "ticker": "ACME", "size": "medium", "confidence": 0.9, "reason": "good news"}'


def asks(intents: list[Any]) -> list[Ask]:
    return [intent for intent in intents if isinstance(intent, Ask)]


def test_asks_one_question_at_a_time_and_only_with_a_reason(tiny: Any) -> None:
    agent = tiny.agent("llm", ask_every_s=1e6)
    (first,) = asks(agent.look(20))
    assert "ACME: moved +0 sigmas" in first.state
    assert asks(agent.look(20)) == []
    agent.hear(Answer("model", BUY))
    assert asks(agent.look(20)) == []
    agent.hear(News("Acme beats profit forecast", symbol_id=1, news_id=1))
    tiny.pass_time(6)
    (second,) = asks(agent.hear(Timer("check")))
    assert "News: Acme beats profit forecast" in second.prompt


def test_agents_of_different_character_share_no_answer(tiny: Any) -> None:
    (careful,) = asks(tiny.agent("llm").look())
    (bold,) = asks(tiny.agent("llm", character="a reckless gambler").look())
    assert careful.state != bold.state


async def test_an_agent_hears_of_a_question_that_failed_in_an_unforeseen_way(tiny: Any) -> None:
    class Broken:
        config = LLMConfig(base_url="", model="broken")

        async def ask(self, question: Ask, tickers: tuple[str, ...]) -> Answer:
            raise OSError("no space left for the cassette")

    heard: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    host: Any = SimpleNamespace(
        agent_id="a1", clock=SimpleNamespace(now_ns=int), deliver=heard.set_result, context=tiny.agent("llm").context
    )
    asker = LiveAsker(Broken())  # type: ignore[arg-type]
    asker(host, Ask("model", "system", "prompt", "state"))
    async with asyncio.timeout(20):
        answer = await heard
    assert answer.error == "OSError: no space left for the cassette"
    await asker.close()


async def test_an_agent_that_was_restarted_while_its_question_was_asked_gets_an_answer(tiny: Any) -> None:
    class Slow:
        config = LLMConfig(base_url="", model="slow", concurrency=2)
        prompts: ClassVar[list[str]] = []

        async def ask(self, question: Ask, tickers: tuple[str, ...]) -> Answer:
            self.prompts.append(question.prompt)
            if question.prompt == "first":
                await asyncio.Event().wait()
            return Answer(question.key, BUY)

    def seated(deliver: Any) -> Any:
        clock, context = SimpleNamespace(now_ns=int), tiny.agent("llm").context
        return SimpleNamespace(agent_id="a1", clock=clock, deliver=deliver, context=context)

    former, heard = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    asker = LiveAsker(Slow())  # type: ignore[arg-type]
    asker(seated(former.set_result), Ask("model", "system", "first", "state"))
    await asyncio.sleep(0)
    again = seated(heard.set_result)
    for prompt in ("second", "one too many"):
        asker(again, Ask("model", "system", prompt, "state"))
    async with asyncio.timeout(20):
        assert (await heard).text == BUY
    assert not former.done()
    assert Slow.prompts == ["first", "second"]
    await asker.close()


def test_trades_on_an_answer_and_tells_the_model_s_reason(tiny: Any) -> None:
    agent = tiny.agent("llm")
    agent.look(20)
    order, explanation = agent.hear(Answer("model", BUY, latency_ms=120.0, cost=0.002))
    assert isinstance(order, New)
    assert (order.side, order.qty) == (Side.BUY, 15)
    assert isinstance(explanation, Explain)
    assert (explanation.stage, explanation.why, explanation.confidence) == ("llm", "good news", 0.9)
    assert (explanation.latency_ms, explanation.cost) == (120.0, 0.002)


def test_never_exceeds_its_position_whatever_the_model_says(tiny: Any) -> None:
    agent = tiny.agent("llm", max_position=20.0)
    agent.filled(Side.BUY, 18)
    agent.look(20)
    order = agent.hear(Answer("model", BUY))[0]
    assert order.qty == 2
    agent.filled(Side.BUY, 2)
    assert [type(intent) for intent in agent.hear(Answer("model", BUY))] == [Explain]


@pytest.mark.parametrize("answer", [Answer("model", error="no answer within 10 s"), Answer("model", text="BUY now!")])
def test_falls_back_on_the_heuristic_with_the_reason_recorded(tiny: Any, answer: Answer) -> None:
    agent = tiny.agent("llm")
    tiny.researched = 10_100.0
    agent.look(20)
    order, explanation = agent.hear(answer)
    assert order.side is Side.BUY
    assert explanation.stage == "heuristic"
    assert explanation.fell_back_from.startswith("llm: ")


class Slow:
    """An endpoint that always buys."""

    async def complete(self, system: str, messages: list[str], answer: dict[str, object]) -> Completion:
        return Completion(BUY, 10, 10)

    async def close(self) -> None:
        pass


SCENARIO = """
[[instruments]]
ticker = "ACME"
price = 100.0
[[agents]]
personality = "market_maker"
capital = 10_000_000
[[agents]]
personality = "llm"
"""


def test_a_recorded_run_replays_to_the_same_event_log(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    scenario = parse_scenario(SCENARIO, "llm")

    def run(config: LLMConfig) -> str:
        simulation = Simulation(scenario, model=LanguageModel(config, Slow()))
        simulation.run_until(600)
        assert simulation.host("llm-1").context.portfolio.position(1) > 0
        assert any(explain.stage == "llm" for _, _, explain in simulation.explanations)
        simulation.close()
        return simulation.result().event_hash

    run(LLMConfig(base_url="", model="m", cassette=tape, calls_per_minute=6e6))
    replay = LLMConfig(base_url="", model="m", cassette=tape, replay=True)
    assert run(replay) == run(replay)


def test_without_a_model_it_trades_by_rule_and_says_why() -> None:
    simulation = Simulation(parse_scenario(SCENARIO, "llm"))
    simulation.run_until(600)
    reasons = {explain.fell_back_from for _, _, explain in simulation.explanations}
    assert reasons == {"llm: no model is configured (ENABLE_LLM)"}
