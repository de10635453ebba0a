"""The accounts that this person's consoles opened, and the secret tokens that take them back."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

FILE = "accounts.json"
OWN_EXCHANGE = "own"
"""Name of the exchange that lives in the data directory, whatever its port."""


class Key(msgspec.Struct, frozen=True):
    """What it takes to come back to an account."""

    agent_id: str
    token: str


class Wallet:
    """Keys by exchange and account name, in one file of the data directory that only its owner can read."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def find(self, exchange: str, name: str) -> Key | None:
        """The key of an account, or None when there is none, or no readable file."""
        return self._read().get(exchange, {}).get(name)

    def keep(self, exchange: str, name: str, key: Key) -> None:
        """Remember a key; the file appears whole or not at all."""
        keys = self._read()
        keys.setdefault(exchange, {})[name] = key
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(keys)))
        draft.replace(self._path)

    def _read(self) -> dict[str, dict[str, Key]]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, dict[str, Key]])
        except (OSError, msgspec.DecodeError):
            return {}
