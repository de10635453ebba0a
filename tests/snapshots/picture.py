"""A screen as text: what stands where, and in which style; a reviewer reads the difference in the diff itself.

The file has the rows of the screen, then a map with a letter a cell, then what the letters look like. Run the tests
with ``TRADESIM_UPDATE_SNAPSHOTS=1`` to write the files anew, and look at what changed before committing it.
"""

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style

FOLDER = Path(__file__).parent / "screens"
LETTERS = ". " + string.ascii_letters + string.digits + "!#$%&*+-/:;<=>?@^_|~"


def describe(style: Style | None) -> str:
    if style is None:
        return "default"
    words = [name for name in ("bold", "dim", "italic", "underline", "reverse") if getattr(style, name)]
    front = style.color.name if style.color is not None else "default"
    back = style.bgcolor.name if style.bgcolor is not None else "default"
    return " ".join([front, "on", back, *words])


def picture(rows: list[list[Segment]]) -> str:
    legend: dict[str, str] = {}
    lines, maps = [], []
    for row in rows:
        lines.append("".join(segment.text for segment in row).rstrip())
        line = ""
        for segment in row:
            name = describe(segment.style)
            letter = legend.setdefault(name, LETTERS[len(legend) % len(LETTERS)])
            line += letter * len(segment.text)
        maps.append(line)
    named = [f"{letter!r} {name}" for name, letter in legend.items()]
    return "\n".join([*lines, "--- styles", *maps, "--- legend", *named]) + "\n"


def check(name: str, rows: list[list[Segment]]) -> None:
    """Compare with the file; the first difference is told as text."""
    path = FOLDER / f"{name}.txt"
    now = picture(rows)
    if os.environ.get("TRADESIM_UPDATE_SNAPSHOTS"):
        path.write_text(now, encoding="utf-8")
        return
    if not path.exists():
        pytest.fail(f"no snapshot {path.name}: run with TRADESIM_UPDATE_SNAPSHOTS=1 and look at it")
    before = path.read_text(encoding="utf-8")
    assert now.splitlines() == before.splitlines(), f"{path.name} differs"
