"""Which language model is used and what it may cost, from the environment.

``ENABLE_LLM=1`` switches it on; ``LLM_PROVIDER`` names a vendor or a local server, ``LLM_MODEL`` the model,
``LLM_BASE_URL`` an endpoint of one's own. Keys are read from each vendor's usual variable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from agents.spelling import nearest


class Provider(msgspec.Struct, frozen=True):
    """An OpenAI-compatible endpoint: where it is, where its key is, and a model it has."""

    base_url: str
    key_variable: str
    model: str


PROVIDERS: Final[dict[str, Provider]] = {
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini"),
    "anthropic": Provider("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "claude-3-5-haiku-latest"),
    "gemini": Provider("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", "gemini-2.0-flash"),
    "ollama": Provider("http://127.0.0.1:11434/v1", "", "llama3.2"),
    "vllm": Provider("http://127.0.0.1:8001/v1", "", "default"),
    "llamacpp": Provider("http://127.0.0.1:8080/v1", "", "default"),
}
TRUE: Final = frozenset({"1", "true", "yes", "on"})


class LLMError(ValueError):
    """A setting that cannot be used; one line."""


class LLMConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is reached, and its limits."""

    base_url: str
    model: str
    api_key: str = ""
    agents: int = 2
    """Agents the live population gets that ask the model."""
    deadline_s: float = 10.0
    """An answer that takes longer is given up."""
    max_tokens: int = 256
    concurrency: int = 2
    """Calls in flight, all agents together."""
    calls_per_minute: float = 30.0
    max_calls: int = 2_000
    max_total_tokens: int = 2_000_000
    max_cost: float = 1.0
    """Currency units; counts with the two prices below."""
    price_in: float = 0.0
    """Per million prompt tokens."""
    price_out: float = 0.0
    """Per million answered tokens."""
    breaker_failures: int = 5
    """Failures in a row after which no call is made for ``breaker_s``."""
    breaker_s: float = 60.0
    cassette: Path | None = None
    replay: bool = False
    """Answer from the cassette only: deterministic, free, without a network."""


_NUMBERS: Final = {
    "LLM_AGENTS": ("agents", int),
    "LLM_DEADLINE_S": ("deadline_s", float),
    "LLM_CALLS_PER_MINUTE": ("calls_per_minute", float),
    "LLM_MAX_CALLS": ("max_calls", int),
    "LLM_MAX_TOKENS": ("max_total_tokens", int),
    "LLM_MAX_COST": ("max_cost", float),
    "LLM_PRICE_IN": ("price_in", float),
    "LLM_PRICE_OUT": ("price_out", float),
}
MAY_BE_NONE: Final = frozenset({"agents", "max_cost", "price_in", "price_out"})


def config_from(environment: Mapping[str, str]) -> LLMConfig | None:
    """The model that the environment asks for; None when it asks for none.

    Raises:
        LLMError: an unknown provider, a number that is none, or nothing to play back.
    """
    if environment.get("ENABLE_LLM", "").lower() not in TRUE:
        return None
    name = environment.get("LLM_PROVIDER", "openai").lower()
    provider = PROVIDERS.get(name)
    if provider is None:
        raise LLMError(f"LLM_PROVIDER: unknown {name!r}{nearest(name, PROVIDERS)}; known are {', '.join(PROVIDERS)}")
    numbers: dict[str, float] = {}
    for variable, (field, kind) in _NUMBERS.items():
        if variable in environment:
            try:
                numbers[field] = kind(environment[variable])
            except ValueError as error:
                raise LLMError(f"{variable}: {environment[variable]!r} is not a number") from error
            least = 0 if field in MAY_BE_NONE else 1e-3
            if not least <= numbers[field] < math.inf:
                raise LLMError(
                    f"{variable}: {environment[variable]} is not {'at least 0' if not least else 'positive'}"
                )
    cassette = environment.get("LLM_CASSETTE")
    replay = environment.get("LLM_REPLAY", "").lower() in TRUE
    if replay and not cassette:
        raise LLMError("LLM_REPLAY plays LLM_CASSETTE back: name the file")
    return msgspec.convert(
        {
            "base_url": environment.get("LLM_BASE_URL") or provider.base_url,
            "model": environment.get("LLM_MODEL") or provider.model,
            "api_key": environment.get("LLM_API_KEY") or environment.get(provider.key_variable or "-", ""),
            "cassette": Path(cassette) if cassette else None,
            "replay": replay,
            **numbers,
        },
        LLMConfig,
    )
