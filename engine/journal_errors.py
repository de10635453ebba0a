"""What can be wrong with a journal."""

from __future__ import annotations

ADVICE = "restore the data directory from a copy, or move it away to start anew"
"""What can be done about a journal that an engine does not start from."""


class JournalError(Exception):
    """Base of what can be wrong with a journal; the message is one line for a person."""


class JournalCorrupt(JournalError):
    """The journal is damaged before its end: what follows cannot be trusted, and is not thrown away."""
