"""OpenAI-compatible ``/chat/completions``: hosted vendors, llama.cpp, Ollama and vLLM all speak it. Extra ``[llm]``."""

from __future__ import annotations

from typing import Any

from agents.llm.config import LLMConfig, LLMError
from agents.llm.model import Completion, EndpointError


class OpenAIEndpoint:
    """The ``openai`` client, asked for JSON by schema. Retries are ours to decide, so it makes none."""

    def __init__(self, config: LLMConfig) -> None:
        """``LLMError`` when the extra is not installed."""
        try:
            import openai
        except ModuleNotFoundError as error:
            raise LLMError("ENABLE_LLM needs the openai package: pip install 'tradesim-tui[llm]'") from error
        self._errors: type[Exception] = openai.OpenAIError
        self._config = config
        self._client: Any = openai.AsyncOpenAI(
            base_url=config.base_url,
            api_key=config.api_key or "none",
            timeout=config.deadline_s,
            max_retries=0,
        )

    async def complete(self, system: str, messages: list[str], answer: dict[str, object]) -> Completion:
        """One call."""
        turns = [{"role": "system", "content": system}]
        turns += [
            {"role": "user" if index % 2 == 0 else "assistant", "content": text} for index, text in enumerate(messages)
        ]
        try:
            reply = await self._client.chat.completions.create(
                model=self._config.model,
                messages=turns,
                max_tokens=self._config.max_tokens,
                temperature=0.2,
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "decision", "strict": True, "schema": answer},
                },
            )
        except ValueError as error:
            raise EndpointError(f"the endpoint answered what is not JSON: {error}") from error
        except self._errors as error:
            status = getattr(error, "status_code", None)
            reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
            raise EndpointError(f"{type(error).__name__}{f' {status}' if status else ''}: {reason}") from error
        choice = reply.choices[0].message if reply.choices else None
        if choice is None or not choice.content:
            refusal = getattr(choice, "refusal", None)
            raise EndpointError(f"the model refused: {refusal[:120]}" if refusal else "the model said nothing")
        usage = reply.usage
        return Completion(choice.content, usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()
