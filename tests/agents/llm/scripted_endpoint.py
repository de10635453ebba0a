"""A chat-completions endpoint on loopback that does what a script says: answers, and every way of failing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from agents.llm.model import LanguageModel

GOOD = '{"action": "BUY", "ticker": "ACME", "size": "small", "confidence": 0.8, "reason": "the news are good"}'


class ScriptedEndpoint:
    """Each request takes the next line of the script; the last one stays.

    A line is ``text:…`` (answer this), ``slow`` (answer after a second), ``status:429``, ``refusal``, ``empty``,
    ``garbage`` (not JSON at all) or ``cut`` (break off in the middle).
    """

    def __init__(self, script: Sequence[str]) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.models: list[LanguageModel] = []
        """Closed with the endpoint."""
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        for model in self.models:
            await model.close()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")
            )
            self.requests.append(json.loads(await reader.readexactly(length)))
            line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            await self._answer(line, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: str, writer: asyncio.StreamWriter) -> None:
        kind, _, rest = line.partition(":")
        status, body = 200, _completion(GOOD)
        if kind == "text":
            body = _completion(rest)
        elif kind == "slow":
            await asyncio.sleep(1.0)
        elif kind == "status":
            status, body = int(rest), b'{"error": {"message": "go away", "type": "x"}}'
        elif kind == "refusal":
            body = _completion(None, refusal="I cannot give financial advice")
        elif kind == "empty":
            body = _completion("")
        elif kind == "garbage":
            body = b"<html>502</html>"
        fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
        head = f"HTTP/1.1 {status} X\r\n{fields}\r\n\r\n"
        writer.write(head.encode() + (body[: len(body) // 2] if kind == "cut" else body))
        await writer.drain()


def _completion(content: str | None, refusal: str | None = None) -> bytes:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
    ).encode()
