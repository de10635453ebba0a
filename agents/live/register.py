"""Which accounts the agents process runs, kept in a file so that a restart takes them back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from agents.scenario import ParameterValue

FILE: Final = "agents.json"


class Kept(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One account: who it is, and the key to it."""

    agent_id: str
    name: str
    personality: str
    token: str = ""
    params: dict[str, ParameterValue] = {}
    asked_for: bool = False
    """Somebody created it; the others come with the scenario."""


class _File(msgspec.Struct):
    epoch: str = ""
    agents: list[Kept] = []


class AgentRegister:
    """The accounts of one exchange generation (``epoch``); those of another are forgotten."""

    def __init__(self, data_dir: Path | None, epoch: str) -> None:
        self._path = data_dir / FILE if data_dir is not None else None
        self._epoch = epoch
        self._agents = {kept.agent_id: kept for kept in self._read()}

    def __iter__(self) -> Iterator[Kept]:
        return iter(list(self._agents.values()))

    def __contains__(self, agent_id: str) -> bool:
        return agent_id in self._agents

    def by_name(self, name: str) -> Kept | None:
        """The account that runs under this name."""
        return next((kept for kept in self._agents.values() if kept.name == name), None)

    def add(self, kept: Kept) -> None:
        """Remember an account."""
        if self._agents.get(kept.agent_id) != kept:
            self._agents[kept.agent_id] = kept
            self._write()

    def remove(self, agent_id: str) -> None:
        """Forget an account."""
        if self._agents.pop(agent_id, None) is not None:
            self._write()

    def _read(self) -> list[Kept]:
        if self._path is None:
            return []
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except (OSError, msgspec.DecodeError):
            return []
        return file.agents if file.epoch == self._epoch else []

    def _write(self) -> None:
        if self._path is None:
            return
        content = msgspec.json.format(msgspec.json.encode(_File(self._epoch, list(self._agents.values()))))
        temporary = self._path.with_suffix(".tmp")
        descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(self._path)
