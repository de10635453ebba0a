"""The line that says where a replay is: pause or speed, progress, time, and what happened last."""

from __future__ import annotations

from dataclasses import dataclass

from tui.drawing.cells import Row, Span, spread_row

WIDE = 100
"""Cells from which there is room for the date."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the line says."""

    playing: bool
    speed: str
    share: float
    """0 to 1."""
    time: str
    number: int
    last: int
    happened: str
    winding: bool
    warning: str = ""


def draw_replay(progress: Progress, width: int) -> Row:
    """What happened is cut where there is no room for it, the count left out."""
    state = "winding" if progress.winding else "playing" if progress.playing else "paused"
    spans: list[Span] = [(f" {state:<8}", "bright" if progress.playing else "warn"), (f"{progress.speed:>5}  ", "key")]
    bar = max(8, width // 6)
    full = min(bar, round(progress.share * bar))
    time = progress.time if width >= WIDE else progress.time.partition(" ")[2]
    spans += [("━" * full, "key"), ("─" * (bar - full), "dim"), (f"{progress.share:5.0%}  ", "text")]
    spans += [(f"{time}  ", "bright"), (progress.warning, "bad") if progress.warning else (progress.happened, "text")]
    return spread_row(spans, ((f"#{progress.number:,} of {progress.last:,} ", "dim"),), width)
