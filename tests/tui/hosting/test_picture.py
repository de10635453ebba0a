"""One screen, many viewers; the console is a stand-in that draws a numbered frame whenever it is told to."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest

from tests.tui.hosting.conftest import until
from tui.hosting.order import MARK, ConsoleOrder
from tui.hosting.picture import BLANK, Picture
from tui.hosting.terminal import Size

PROGRAM = f"""
import signal, sys
def draw(text): sys.stdout.write(text); sys.stdout.flush()
signal.signal(signal.SIGUSR1, lambda *_: draw({MARK!r} + "whole picture\\n"))
draw("beginning\\n" + {MARK!r} + "first picture\\n")
for line in sys.stdin: draw("frame " + line)
"""


class DrawingOrder(ConsoleOrder, frozen=True, kw_only=True):
    def command(self) -> list[str]:
        return [sys.executable, "-c", PROGRAM]


class Viewer:
    def __init__(self) -> None:
        self.ready = True
        self.seen = b""
        self.last_words: list[str] = []

    def show(self, data: bytes) -> None:
        assert self.ready or data == BLANK
        self.seen += data

    def ended(self, why: str) -> None:
        self.last_words.append(why)


@pytest.fixture
async def picture() -> AsyncIterator[Picture]:
    order = DrawingOrder(url="", data_dir="", exchange="", name="", spectator=True)
    running = Picture(order)
    await running.start(Size(80, 24), "xterm", truecolor=False)
    yield running
    await running.close()


async def test_the_first_viewer_sees_all_and_a_latecomer_begins_with_a_whole_picture(picture: Picture):
    first, late = Viewer(), Viewer()
    picture.watch(first, from_start=True)
    await until(lambda: b"first picture" in first.seen)
    picture.type(b"1\n")
    await until(lambda: b"frame 1" in first.seen)
    picture.watch(late)
    await until(lambda: b"whole picture" in late.seen)
    assert first.seen.startswith(b"beginning")
    assert late.seen.startswith(BLANK + MARK.encode() + b"whole picture")
    picture.type(b"2\n")
    await until(lambda: b"frame 2" in first.seen and b"frame 2" in late.seen)


async def test_a_viewer_who_falls_behind_gets_a_newer_picture_and_slows_nobody(picture: Picture):
    quick, slow = Viewer(), Viewer()
    for viewer in (quick, slow):
        picture.watch(viewer)
    await until(lambda: b"picture" in quick.seen and b"picture" in slow.seen)
    slow.ready = False
    for number in range(3, 6):
        picture.type(b"%d\n" % number)
        await until(lambda number=number: b"frame %d" % number in quick.seen)
    slow.ready = True
    picture.caught_up(slow)
    await until(lambda: slow.seen.endswith(b"whole picture\r\n"))
    assert b"frame 3" not in slow.seen


async def test_viewers_are_told_once_when_the_console_ends(picture: Picture):
    viewer, gone = Viewer(), Viewer()
    for each in (viewer, gone):
        picture.watch(each)
    await until(lambda: b"picture" in viewer.seen)
    picture.unwatch(gone)
    picture.type(b"\x04")
    await picture.ended
    assert (viewer.last_words, gone.last_words) == (["goodbye"], [])


async def test_keys_for_a_console_that_reads_none_are_bounded(picture: Picture):
    for _ in range(100):
        picture.type(b"x" * 10_000)
    assert len(picture._terminal._typed) <= 1 << 16
