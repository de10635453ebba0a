import time
from pathlib import Path

import msgspec
import pytest
from scripted_endpoint import GOOD, ScriptedEndpoint

from agents.intents import Ask
from agents.llm.cassette import Cassette
from agents.llm.config import LLMConfig, LLMError, config_from
from agents.llm.decision import BadAnswerError, parse, schema
from agents.llm.model import Completion, LanguageModel
from agents.llm.openai_endpoint import OpenAIEndpoint

TICKERS = ("ACME", "BETA")


def question(state: str = "calm") -> Ask:
    return Ask("model", "system", "prompt", state)


def model(endpoint: ScriptedEndpoint, clock: list[float] | None = None, **settings: object) -> LanguageModel:
    config = msgspec.convert({"base_url": endpoint.url, "model": "scripted", "deadline_s": 2.0, **settings}, LLMConfig)
    seconds = (lambda: clock[0]) if clock is not None else time.monotonic
    made = LanguageModel(config, OpenAIEndpoint(config), clock=seconds)
    endpoint.models.append(made)
    return made


async def test_an_answer_is_asked_for_by_schema_and_counted() -> None:
    async with ScriptedEndpoint([f"text:{GOOD}"]) as endpoint:
        asked = model(endpoint, price_in=1_000.0, price_out=2_000.0)
        answer = await asked.ask(question(), TICKERS)
        assert (answer.text, answer.error) == (GOOD, "")
        assert answer.latency_ms > 0
        assert answer.cost == pytest.approx(0.14)
        request = endpoint.requests[0]
        assert request["response_format"]["json_schema"]["strict"] is True
        assert request["response_format"]["json_schema"]["schema"] == schema(TICKERS)
        assert [turn["role"] for turn in request["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("slow", "no answer within 0.2 s"),
        ("status:429", "RateLimitError 429"),
        ("status:500", "InternalServerError 500"),
        ("status:401", "AuthenticationError 401"),
        ("refusal", "the model refused: I cannot give financial advice"),
        ("empty", "the model said nothing"),
        ("cut", "APIConnectionError"),
        ("garbage", "not JSON"),
        ("text:I would rather not", "not a decision: there is no JSON object"),
        ('text:{"action": "SHORT", "ticker": "ACME"}', "not a decision: Invalid enum value"),
        ('text:{"action": "BUY", "ticker": "NONE"}', "not a decision: ticker 'NONE' is none of"),
    ],
)
async def test_every_fault_becomes_a_reason_and_never_an_exception(line: str, reason: str) -> None:
    async with ScriptedEndpoint([line]) as endpoint:
        answer = await model(endpoint, deadline_s=0.2 if line == "slow" else 2.0).ask(question(), TICKERS)
        assert answer.text == ""
        assert answer.error
        assert reason in answer.error


async def test_a_bad_answer_is_repaired_once() -> None:
    async with ScriptedEndpoint(["text:buy!", f"text:{GOOD}"]) as endpoint:
        answer = await model(endpoint).ask(question(), TICKERS)
        assert answer.text == GOOD
        assert len(endpoint.requests) == 2
        assert "not a valid answer" in endpoint.requests[1]["messages"][-1]["content"]
    async with ScriptedEndpoint(["text:buy!"]) as endpoint:
        assert (await model(endpoint).ask(question(), TICKERS)).error
        assert len(endpoint.requests) == 2


async def test_equal_situations_are_asked_once() -> None:
    async with ScriptedEndpoint([f"text:{GOOD}"]) as endpoint:
        asked = model(endpoint)
        await asked.ask(question("calm"), TICKERS)
        again = await asked.ask(question("calm"), TICKERS)
        assert (again.text, again.latency_ms, again.cost) == (GOOD, 0.0, 0.0)
        await asked.ask(question("wild"), TICKERS)
        assert len(endpoint.requests) == 2


async def test_the_circuit_opens_after_failures_and_closes_after_a_while() -> None:
    clock = [0.0]
    async with ScriptedEndpoint(["status:500", "status:500", f"text:{GOOD}"]) as endpoint:
        asked = model(endpoint, clock, breaker_failures=2, breaker_s=30.0, calls_per_minute=600.0)
        for state in ("a", "b"):
            await asked.ask(question(state), TICKERS)
        assert "circuit open" in (await asked.ask(question("c"), TICKERS)).error
        assert len(endpoint.requests) == 2
        clock[0] = 31.0
        assert (await asked.ask(question("c"), TICKERS)).text == GOOD


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"max_calls": 2}, "budget of calls"),
        ({"max_total_tokens": 200}, "budget of tokens"),
        ({"max_cost": 0.1, "price_in": 500.0}, "budget of money"),
        ({"calls_per_minute": 12.0}, "too many calls a minute"),
    ],
)
async def test_budgets_hold(settings: dict[str, float], reason: str) -> None:
    async with ScriptedEndpoint([f"text:{GOOD}"]) as endpoint:
        asked = model(endpoint, [0.0], **{"calls_per_minute": 600.0, **settings})
        errors = [(await asked.ask(question(str(n)), TICKERS)).error for n in range(4)]
        assert errors[0] == ""
        assert reason in errors[-1]
        assert len(endpoint.requests) == 2


async def test_a_cassette_replays_the_same_answers_without_an_endpoint(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    async with ScriptedEndpoint([f"text:{GOOD}", "status:500"]) as endpoint:
        recording = model(endpoint, cassette=tape)
        first = await recording.ask(question("a"), TICKERS)
        second = await recording.ask(question("b"), TICKERS)

    class Nowhere:
        async def complete(self, system: str, messages: list[str], answer: dict[str, object]) -> Completion:
            raise AssertionError("nobody is to be asked")

        async def close(self) -> None:
            pass

    config = LLMConfig(base_url="", model="scripted", cassette=tape, replay=True)
    for _ in range(2):
        replaying = LanguageModel(config, Nowhere())
        again = [await replaying.ask(question(state), TICKERS) for state in ("a", "b", "c")]
        assert [answer.text for answer in again] == [first.text, "", ""]
        assert again[0].latency_ms == first.latency_ms
        assert again[1].error == second.error
        assert again[2].error == "the cassette has no answer to this"


def test_text_around_the_object_is_forgiven_and_reasons_are_cut() -> None:
    long = GOOD.replace("the news are good", "x " * 500)
    decision = parse(f"Sure! Here it is:\n```json\n{long}\n```", TICKERS)
    assert decision.action == "BUY"
    assert len(decision.reason) == 200
    assert parse('{"action": "BUY", "ticker": "ACME", "confidence": 70}', TICKERS).confidence == 1.0
    with pytest.raises(BadAnswerError):
        parse('{"action": "BUY", "ticker": "ACME", "confidence": "sure"}', TICKERS)


def test_the_environment_chooses_the_model() -> None:
    assert config_from({}) is None
    assert config_from({"ENABLE_LLM": "0"}) is None
    chosen = config_from(
        {"ENABLE_LLM": "true", "LLM_PROVIDER": "Anthropic", "ANTHROPIC_API_KEY": "k", "LLM_MAX_COST": "5"}
    )
    assert chosen is not None
    assert chosen.base_url == "https://api.anthropic.com/v1"
    assert (chosen.api_key, chosen.max_cost) == ("k", 5.0)
    own = config_from({"ENABLE_LLM": "1", "LLM_BASE_URL": "http://127.0.0.1:9/v1", "LLM_MODEL": "tiny"})
    assert own is not None
    assert (own.base_url, own.model) == ("http://127.0.0.1:9/v1", "tiny")
    with pytest.raises(LLMError, match=r"LLM_PROVIDER: unknown 'opnai', did you mean 'openai'\?"):
        config_from({"ENABLE_LLM": "1", "LLM_PROVIDER": "opnai"})
    with pytest.raises(LLMError, match="LLM_MAX_CALLS: 'many' is not a number"):
        config_from({"ENABLE_LLM": "1", "LLM_MAX_CALLS": "many"})
    for variable, value in (
        ("LLM_DEADLINE_S", "0"),
        ("LLM_MAX_CALLS", "-1"),
        ("LLM_PRICE_IN", "-2"),
        ("LLM_AGENTS", "-1"),
    ):
        with pytest.raises(LLMError, match=f"{variable}: {value} is not"):
            config_from({"ENABLE_LLM": "1", variable: value})


def test_a_cassette_that_cannot_be_played_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LLMError, match="LLM_REPLAY plays LLM_CASSETTE back: name the file"):
        config_from({"ENABLE_LLM": "1", "LLM_REPLAY": "1"})
    with pytest.raises(LLMError, match=r"missing\.jsonl cannot be read: No such file"):
        Cassette(tmp_path / "missing.jsonl", replay=True)
    (tmp_path / "other.jsonl").write_text("{}\n")
    with pytest.raises(LLMError, match=r"other\.jsonl is no cassette"):
        Cassette(tmp_path / "other.jsonl", replay=True)
