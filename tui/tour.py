"""The tour of the first run: a line above the keys that says what to try; nothing waits for it, every key works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui import keys

SEEN = "tour-seen"
"""File of the data directory that says that the tour need not come by itself again."""
NEXT, END = "right", "escape"


@dataclass(frozen=True, slots=True)
class Stop:
    """Keys to try, by their ids, and what they do; the last one brings the next stop."""

    keys: tuple[str, ...]
    does: str


STOPS: Final = (
    Stop(("ladder.up", "ladder.down", "ladder.best_bid"), "move the cursor over the prices"),
    Stop(("order.buy", "ladder.enter"), "order at the cursor, then send it"),
    Stop(("cancel.here",), "cancels it: it stands in the column own"),
    Stop(("order.market_buy",), "buys at the market, once y says yes"),
    Stop(("position.flatten",), "closes the position, once y says yes"),
    Stop(("safety.arm",), "arms: one key trades; again: SAFE"),
    Stop(("instrument.next",), "goes to the next instrument"),
    Stop(("go.mode",), "then 3: the agents; then 1: back here"),
    Stop(("app.help",), "lists the keys of the pane you are in"),
)


class Tour:
    """Where the tour is; ``keymap`` is that of the settings."""

    def __init__(self, keymap: Mapping[str, str]) -> None:
        self._keymap = keymap
        self._at: int | None = None

    def start(self) -> None:
        """From the first stop."""
        self._at = 0

    def pressed(self, key: str) -> None:
        """A key was pressed, by Textual's name."""
        if self._at is None:
            return
        if key == END:
            self._at = None
        elif key in (NEXT, *self._names(STOPS[self._at].keys[-1])):
            self._at = self._at + 1 if self._at + 1 < len(STOPS) else None

    def line(self) -> tuple[str, str, str] | None:
        """How far it is, the keys to try, and what they do; None when there is no tour."""
        if self._at is None:
            return None
        stop = STOPS[self._at]
        shown = " ".join(self._shown(id_) for id_ in stop.keys)
        return f"TOUR {self._at + 1}/{len(STOPS)}", shown, stop.does

    def _names(self, id_: str) -> list[str]:
        return [name.strip() for name in self._keymap.get(id_, _KEYS[id_].keys).split(",")]

    def _shown(self, id_: str) -> str:
        return self._keymap.get(id_) or _KEYS[id_].shown.split(" ")[0]


def first_time(data_dir: Path) -> bool:
    """Whether nobody has had the tour here; from now on somebody has."""
    seen = data_dir / SEEN
    if seen.exists():
        return False
    seen.touch()
    return True


_KEYS: Final = {key.id: key for key in keys.LADDER + keys.APP}
