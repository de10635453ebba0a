"""A recording of every question to a model and its answer: played back, a run is deterministic and free."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Final

import msgspec

from agents.llm.config import LLMError

CACHE_SIZE: Final = 1_000


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """One answer on the tape: a line of JSON."""

    key: str
    prompt: str = ""
    text: str = ""
    error: str = ""
    latency_ms: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


def key_of(*parts: str) -> str:
    """The name of a question: equal questions have equal names."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


class Cassette:
    """Answers by key: in a file when there is one, and the newest ones in memory as a cache.

    A question that was asked several times has its answers played in order, and the last one again after that.
    """

    def __init__(self, path: Path | None, *, replay: bool = False) -> None:
        """With ``replay`` the file is only read.

        Raises:
            LLMError: the file to replay cannot be read.
        """
        self._path = path
        self.replay = replay
        self._takes: dict[str, list[Take]] = {}
        self._played: dict[str, int] = {}
        self._cache: OrderedDict[str, Take] = OrderedDict()
        if replay and path is not None:
            try:
                takes = [msgspec.json.decode(line, type=Take) for line in path.read_bytes().splitlines()]
            except OSError as error:
                raise LLMError(f"LLM_CASSETTE: {path} cannot be read: {error.strerror or error}") from error
            except msgspec.MsgspecError as error:
                raise LLMError(f"LLM_CASSETTE: {path} is no cassette: {error}") from error
            for take in takes:
                self._takes.setdefault(take.key, []).append(take)

    def play(self, key: str) -> Take | None:
        """The next recorded answer."""
        takes = self._takes.get(key)
        if not takes:
            return None
        position = self._played.get(key, 0)
        self._played[key] = position + 1
        return takes[min(position, len(takes) - 1)]

    def cached(self, key: str) -> Take | None:
        """An answer given before in this run."""
        return self._cache.get(key)

    def record(self, take: Take) -> None:
        """Keep an answer."""
        if not take.error:
            self._cache[take.key] = take
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        if self._path is not None and not self.replay:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(take) + b"\n")
