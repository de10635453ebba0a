"""The README's moving picture: frames from keys, and a GIF that keeps the theme's colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from textual.color import Color

from tui import movie, pictures
from tui.theme import COLOURS


async def test_each_key_and_each_moment_after_it_is_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WARM_UP_S", 5.0)
    monkeypatch.setattr(pictures, "WATCHED_S", 2)
    monkeypatch.setattr(movie, "SCRIPT", (movie.Beat(("g", "3"), 1, "g 3  agents"),))
    drawn = [svg async for svg in movie.frames()]
    assert len(drawn) == 3
    assert "LADDER" in drawn[0]
    assert "LADDER" not in drawn[2]
    assert "agents" in drawn[2]


def test_a_still_moment_is_one_picture_that_lasts_and_colours_stay(tmp_path: Path) -> None:
    theme = COLOURS["dark"]
    colours = [Color.parse(name).rgb for name in (theme.background, theme.bid, theme.own, theme.last, theme.armed)]
    still, other = (Image.new("RGB", (50, 10)) for _ in range(2))
    for number, colour in enumerate(colours):
        still.paste(colour, (number * 10, 0, number * 10 + 10, 10))
        other.paste(colour, (40 - number * 10, 0, 50 - number * 10, 10))
    path = tmp_path / "movie.gif"
    movie.save([still, still, still, other], path)
    with Image.open(path) as gif:
        assert gif.n_frames == 2
        assert gif.info["duration"] == 3 * movie.FRAME_MS
        assert [gif.convert("RGB").getpixel((number * 10 + 5, 5)) for number in range(5)] == colours
        gif.seek(1)
        assert gif.convert("RGB").getpixel((5, 5)) == colours[4]


def test_the_script_shows_its_keys_and_takes_about_ten_seconds() -> None:
    assert all(beat.title for beat in movie.SCRIPT)
    frames = sum(len(beat.keys) + beat.frames for beat in movie.SCRIPT)
    assert 8_000 <= frames * movie.FRAME_MS <= 12_000
