"""The exchange itself: books, matching, order management. Deterministic, no I/O."""

from __future__ import annotations


def build_kind() -> str:
    """``compiled`` when the matching core is machine code, ``pure`` when Python interprets it."""
    from engine import matching

    return "pure" if str(matching.__file__).endswith(".py") else "compiled"
