"""The pictures of the documentation, made anew: scripted keys on a seeded market, SVG by Textual, PNG by Chromium.

python -m tui.pictures [--out docs/pictures] [--only trade agents]

``--only movie`` makes the moving one (``tui.movie``), which is also made with all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from tui.app import ConsoleApp
from tui.config import ConsoleConfig, ConsoleSettings
from tui.picture import png_of
from tui.stage import Stage

WARM_UP_S = 600.0
WATCHED_S = 60
"""Seconds that the console has seen before the first key: curves need them."""
SEED = 7


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, the terminal's size, the keys pressed before it."""

    name: str
    size: tuple[int, int] = (120, 40)
    keys: tuple[str, ...] = ()
    theme: str = "dark"
    watched_s: int = WATCHED_S


TRADED = (
    "left_square_bracket", "down", "down", "b", "enter", "down", "down", "4", "b", "enter", "right_square_bracket",
    "up", "up", "3", "s", "enter", "B", "y", "left_square_bracket",
)  # fmt: skip
"""Two bids, an offer, and a bought position."""

PICTURES = (
    Picture("trade", keys=TRADED),
    Picture("trade-wide", (200, 60), TRADED),
    Picture("trade-small", (80, 24), TRADED),
    Picture("trade-light", keys=TRADED, theme="light"),
    Picture("order", keys=(*TRADED, "down", "b")),
    Picture("markets", keys=(*TRADED, "g", "2")),
    Picture("agents", keys=(*TRADED, "g", "3")),
    Picture("blotter", keys=(*TRADED, "g", "4")),
    Picture("news", keys=(*TRADED, "g", "6"), watched_s=240),
    Picture("help", keys=("question_mark",)),
)


@contextlib.asynccontextmanager
async def opened(
    size: tuple[int, int], theme: str = "dark", watched_s: int = WATCHED_S
) -> AsyncIterator[tuple[Stage, ConsoleApp, Pilot[None]]]:
    """The console on a market that has been going on for a while, the last ``watched_s`` of it before its eyes."""
    stage = Stage(seed=SEED)
    stage.step(WARM_UP_S)
    settings = ConsoleSettings(theme=theme, timeframe="15s")
    app = ConsoleApp(lambda: stage, ConsoleConfig(settings=settings), stage.clock(), timer=False)
    async with app.run_test(size=size) as pilot:
        for _ in range(watched_s):
            await pilot.pause()
            stage.step(1.0)
            app.second()
        yield stage, app, pilot


async def draw(picture: Picture, folder: Path) -> Path:
    """Make one picture; its SVG, or its PNG where a browser is there to draw it."""
    async with opened(picture.size, picture.theme, picture.watched_s) as (stage, app, pilot):
        for key in picture.keys:
            stage.step(0.4)
            await pilot.pause()
            await pilot.press(key)
        await pilot.pause()
        if not picture.keys or picture.keys[-1] != "b":
            for _ in range(20):
                stage.step(1.0)
                await pilot.pause()
                app.second()
        app.draw_now()
        await pilot.pause()
        svg = folder / f"{picture.name}.svg"
        svg.write_text(app.export_screenshot(title="tradesim-tui"), encoding="utf-8")
    png = png_of(svg)
    if png is None:
        return svg
    svg.unlink()
    return png


async def draw_all(names: Sequence[str], folder: Path) -> None:
    """Make the pictures of these names, or all."""
    for picture in PICTURES:
        if not names or picture.name in names:
            sys.stdout.write(f"{await draw(picture, folder)}\n")
    if not names or "movie" in names:
        from tui.movie import shoot

        sys.stdout.write(f"{await shoot(folder)}\n")


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(draw_all(arguments.only, arguments.out))


if __name__ == "__main__":
    main()
