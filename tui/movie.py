"""The README's moving picture: scripted keys on the seeded market, frame by frame, as one GIF.

Frames are drawn in sheets, because a browser takes a second to start; the GIF has one palette for all, and of each
frame only what changed. What is pressed is written into the title of the window.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from textual.color import Color

from net.errors import StartupError
from tui.picture import png_of
from tui.pictures import opened
from tui.theme import COLOURS

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = (112, 32)
SCALE = 0.62
FRAME_MS = 140
MARKET_S = 0.6
"""Time of the market in every other frame: it goes at twice its speed."""
SHEET = 12
"""Frames that a browser draws at once."""
SHARES = (0.0, 0.35, 0.7, 1.0)
"""How much of a colour the shades between it and the background have."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Keys pressed one after the other, a frame each, and the frames for which the picture then goes on."""

    keys: tuple[str, ...]
    frames: int
    title: str = ""


SCRIPT = (
    Beat((), 8, "one command: engine, gateway, agents, console"),
    Beat(("left_square_bracket", "down"), 2, "[ ↓  where"),
    Beat(("b",), 4, "b  buy"),
    Beat(("enter",), 6, "Enter  sends it"),
    Beat(("a",), 3, "a  ARMED: one key trades"),
    Beat(("4",), 1, "4  a larger size"),
    Beat(("comma",), 5, ",  join the best bid"),
    Beat(("B",), 2, "B  buy at the market"),
    Beat(("y",), 7, "y  yes: filled"),
    Beat(("g", "2"), 5, "g 2  markets"),
    Beat(("g", "3"), 6, "g 3  agents, and why they did it"),
    Beat(("g", "6"), 5, "g 6  news"),
    Beat(("g", "1"), 6, "g 1  back to trade"),
)


async def frames() -> AsyncIterator[str]:
    """The SVG of each frame."""
    async with opened(SIZE) as (stage, app, pilot):
        for beat in SCRIPT:
            for number, key in enumerate((*beat.keys, *[""] * beat.frames)):
                if number % 2 == 0:
                    stage.step(MARKET_S)
                    app.second()
                if key:
                    await pilot.press(key)
                await pilot.pause()
                app.draw_now()
                await pilot.pause()
                yield app.export_screenshot(title=f"tradesim-tui    {beat.title}")


async def shoot(folder: Path) -> Path:
    """Make the GIF.

    Raises:
        StartupError: there is no browser, or no Pillow.
    """
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise StartupError("a GIF needs Pillow: pip install -e '.[dev]'") from error
    drawn = [svg async for svg in frames()]
    images = [image for start in range(0, len(drawn), SHEET) for image in sheet(drawn[start : start + SHEET])]
    path = folder / "movie.gif"
    save(images, path)
    return path


def sheet(svgs: Sequence[str]) -> list[Image]:
    """Draw frames under each other with one browser, and cut them apart."""
    import PIL.Image

    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svgs[0])
    assert found is not None  # noqa: S101 - Textual writes it
    width, height = int(float(found[1])) + 1, int(float(found[2])) + 1
    inner = "".join(f'<g transform="translate(0 {n * height})">{svg}</g>' for n, svg in enumerate(svgs))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.svg"
        total = height * len(svgs)
        box = f'viewBox="0 0 {width} {total}" width="{width}" height="{total}"'
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{_sized(inner, width, height)}</svg>', "utf-8")
        png = png_of(path, SCALE)
        if png is None:
            raise StartupError("a GIF needs a Chromium on this machine")
        whole = PIL.Image.open(png).convert("RGB")
    one = whole.height / len(svgs)
    cut = int(one)
    return [whole.crop((0, round(n * one), whole.width, round(n * one) + cut)) for n in range(len(svgs))]


def save(frames: Sequence[Image], path: Path) -> None:
    """Write frames as a GIF with one palette; a frame like the one before only makes that one last."""
    import PIL.Image

    palette = PIL.Image.new("P", (1, 1))
    palette.putpalette([part for colour in colours() for part in colour])
    kept = [frame.quantize(palette=palette, dither=PIL.Image.Dither.NONE) for frame in frames]
    kept[0].save(path, save_all=True, append_images=kept[1:], duration=FRAME_MS, loop=0, optimize=True, disposal=1)


def colours() -> list[tuple[int, int, int]]:
    """The colours of the dark theme, and those between each and what it stands on: edges of letters, bars, shades."""
    theme = COLOURS["dark"]
    named = [getattr(theme, field.name) for field in fields(theme) if isinstance(getattr(theme, field.name), str)]
    base = Color.parse(theme.background)
    between = {base.blend(Color.parse(name), share).rgb for name in named for share in SHARES}
    frame = {Color.parse(name).rgb for name in ("#292929", "#ff5f57", "#febc2e", "#28c840", "#000000", "#ffffff")}
    return sorted(between | frame)


def _sized(inner: str, width: int, height: int) -> str:
    """Nested pictures need their sizes written out; the outer one has none of its own."""
    return re.sub(r'(<svg [^>]*?)viewBox="0 0 [\d.]+ [\d.]+"', rf'\1width="{width}" height="{height}"', inner)
