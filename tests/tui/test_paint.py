"""What panes paint past the compositor is what the compositor would have shown, and no more than what changed."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import COLOR_SYSTEMS
from textual.strip import Strip

from tests.tui.conftest import Console, OpenConsole
from tui.drawing.cells import Row
from tui.drawing.changes import changed_runs
from tui.squeeze import Pen, pen_after

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([^\x1b])")
Cell = tuple[str, object]


def seen(char: str, pen: Pen) -> Cell:
    """A cell as the eye sees it: a blank has no foreground."""
    lined = [pen.flags[i] for i in (3, 5, 7)]
    return (char, pen) if char != " " or any(lined) else (char, pen.back)


class Grid:
    """A terminal: its cells, and what was written to it."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], Cell] = {}
        self.written: list[str] = []
        self._pen = Pen()
        self._x = self._y = 0

    def write(self, data: str) -> None:
        self.written.append(data)
        for codes, kind, char in TOKEN.findall(data):
            if kind == "m":
                self._pen = pen_after(codes, self._pen)
            elif kind == "H":
                self._y, self._x = (int(word) - 1 for word in codes.split(";"))
            elif char:
                self.put(self._x, self._y, char, self._pen)
                self._x += cell_len(char)

    def put(self, x: int, y: int, char: str, pen: Pen) -> None:
        self.cells[x, y] = seen(char, pen)

    @classmethod
    def of(cls, console: Console) -> Grid:
        """What the compositor shows."""
        grid = cls()
        colours = COLOR_SYSTEMS[console.app.console.color_system or "truecolor"]
        for y, strip in enumerate(console.app.screen._compositor.render_strips()):
            x = 0
            for text, style, _control in strip:
                pen = pen_after(Strip.render_ansi(style, colours)) if style else Pen()
                for char in text:
                    grid.put(x, y, char, pen)
                    x += cell_len(char)
        return grid


async def watch(console: Console) -> Grid:
    """A terminal that shows what the compositor does, and gets what is painted from now on."""
    await console.settle()
    grid = Grid.of(console)
    console.app.painter.open(grid.write)
    return grid


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_terminal_shows_what_the_compositor_would(console: OpenConsole, size: tuple[int, int]) -> None:
    async with console(size=size) as c:
        grid = await watch(c)
        keys = (
            "up",
            "k",
            "b",
            "escape",
            "left_square_bracket",
            "pagedown",
            "b",
            "enter",
            "m",
            "up",
            "enter",
            "tab",
            "t",
        )
        for key in keys:
            c.world.time.pass_ms(200)
            await c.pilot.press(key)
            await c.step(3)
            assert not c.app.screen.query("Toast")  # Textual draws what lies under one
            assert grid.cells == Grid.of(c).cells, key
        assert len(grid.written) > len(keys)


async def test_other_colours_are_painted_after_another_theme_was_chosen(console: OpenConsole) -> None:
    async with console() as c:
        await watch(c)
        for theme in ("light", "mono"):
            c.app.steering.set_theme(theme)
            grid = await watch(c)
            await c.step(5)
            assert grid.written
            assert grid.cells == Grid.of(c).cells


async def test_a_pane_that_shows_nothing_new_is_not_painted(console: OpenConsole) -> None:
    async with console() as c:
        grid = await watch(c)
        for _ in range(5):
            c.app.draw_now()
            await c.pilot.pause()
        assert grid.written == []
        await c.press("up")
        assert 0 < sum(map(len, grid.written)) < 500


async def test_a_key_is_painted_before_the_loop_waits_again(console: OpenConsole) -> None:
    async with console() as c:
        grid = await watch(c)
        c.app.simulate_key("up")
        for _ in range(20):
            await asyncio.sleep(0)
        assert any("▸" in data for data in grid.written)


async def test_what_lies_on_a_pane_is_not_painted_over(console: OpenConsole) -> None:
    async with console() as c:
        c.app.notify("a fill", timeout=60)
        grid = await watch(c)
        toast = c.app.screen.query_one("Toast").region
        assert toast.area
        before, covered = dict(grid.cells), [p.region for p in c.app.screen.query("Pane") if p.region.overlaps(toast)]
        await c.step(20)
        assert grid.written
        painted = {cell for cell, content in grid.cells.items() if content != before[cell]}
        assert covered
        assert not [cell for cell in painted for region in covered if region.contains(*cell)]


async def test_nothing_is_painted_while_another_screen_is_in_front(console: OpenConsole) -> None:
    async with console() as c:
        grid = await watch(c)
        await c.press("question_mark")
        grid.written.clear()
        await c.step(5)
        assert grid.written == []


async def test_a_terminal_that_can_is_told_to_show_a_frame_at_once(console: OpenConsole) -> None:
    async with console() as c:
        grid = await watch(c)
        c.app.painter.squeeze("\x1b[?2026h")
        await c.step()
        assert all(data.startswith("\x1b[?2026h") and data.endswith("\x1b[?2026l") for data in grid.written)


async def test_nothing_is_written_to_a_terminal_that_was_given_back(console: OpenConsole) -> None:
    async with console() as c:
        grid = await watch(c)
        c.app.painter.close()
        await c.step(3)
        assert grid.written == []


ROWS = st.lists(st.tuples(st.text("ab 1日▌", min_size=1, max_size=6), st.sampled_from("xy")), max_size=6)


@given(ROWS, ROWS)
def test_the_runs_that_changed_make_one_row_of_another(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    def cells(row: Row) -> list[tuple[str, str]]:
        return [
            cell for text, name in row for char in text for cell in [(char, name)] + [("", name)] * (cell_len(char) - 1)
        ]

    width = max(sum(cell_len(text) for text, _ in row) for row in (old, new))
    full = [(*row, (" " * (width - sum(cell_len(text) for text, _ in row)), "x")) for row in (old, new)]
    shown = cells(full[0])
    for x, run in changed_runs(*full):
        written = cells(run)
        shown[x : x + len(written)] = written
    assert shown == cells(full[1])


def test_only_the_cells_that_changed_are_written() -> None:
    old = (("100.05", "x"), ("bb", "y"), ("ccc", "z"))
    new = (("100.15", "x"), ("bb", "y"), ("CCC", "z"))
    assert changed_runs(old, new) == [(4, (("1", "x"),)), (8, (("CCC", "z"),))]
