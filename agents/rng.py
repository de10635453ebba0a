"""Randomness by name: one independent stream for each seed, owner and purpose."""

from __future__ import annotations

import hashlib
import random


def stream(seed: int, owner: str, purpose: str) -> random.Random:
    """A generator of its own for ``(seed, owner, purpose)``, so that adding an agent does not shift the others."""
    digest = hashlib.sha256(f"{seed}\x1f{owner}\x1f{purpose}".encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))
