"""Invariants as code: what ``check`` methods say, and ``python -O`` does not take away."""

from __future__ import annotations


class InvariantError(AssertionError):
    """The exchange's own books do not agree: a bug, never a user's doing."""


def ensure(condition: bool, message: str) -> None:
    """Raise ``InvariantError`` unless ``condition`` holds."""
    if not condition:
        raise InvariantError(message)
