"""Fewer bytes must paint the same cells."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tui.squeeze import Pen, Squeezer, pen_after

CODES = st.sampled_from(
    ["0", "1", "2", "7", "1;38;2;1;2;3;48;2;9;9;9", "38;2;1;2;3;48;2;9;9;9", "38;5;7", "31;42", "22", "27", "39", "",
     "4;97;107", "48;2;0;0;0"]
)  # fmt: skip
PIECES = st.one_of(
    CODES.map(lambda codes: f"\x1b[{codes}m"),
    st.sampled_from(["a", "  ", "▌█", "\x1b[3;4H", "\x1b[2J", "\x1b[?25l", "\x1b[K"]),
)


def cells(data: str) -> list[tuple[str, object]]:
    """What is written, each piece with the pen it is written with; moves have none, and blanks only a background."""
    pen, seen = Pen(), []
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]", data):
        if piece.endswith("m") and piece.startswith("\x1b"):
            pen = pen_after(piece[2:-1], pen)
        elif piece.endswith("H") and piece.startswith("\x1b"):
            seen.append((piece, None))
        elif piece == " " and not any(pen.flags[i] for i in (3, 5, 7)):
            seen.append((piece, pen.back))
        else:
            seen.append((piece, pen))
    return seen


@given(st.lists(st.lists(PIECES, max_size=12), max_size=6))
def test_every_cell_keeps_its_colours_across_writes(writes: list[list[str]]) -> None:
    squeezer = Squeezer()
    squeezed = "".join(squeezer.squeeze("".join(pieces)) for pieces in writes)
    assert cells(squeezed) == cells("".join("".join(pieces) for pieces in writes))
    assert len(squeezed) <= sum(len(piece) for pieces in writes for piece in pieces) + 4


def test_neighbours_share_their_background() -> None:
    run = "\x1b[38;2;1;2;3;48;2;9;9;9m{}\x1b[0m\x1b[1;38;2;7;7;7;48;2;9;9;9m{}\x1b[0m"
    assert Squeezer().squeeze(run.format("a", "b")) == "\x1b[38;2;1;2;3;48;2;9;9;9ma\x1b[1;38;2;7;7;7mb"


def test_colours_end_before_the_screen_is_left() -> None:
    squeezer = Squeezer()
    squeezer.squeeze("\x1b[31ma\x1b[0m")
    assert squeezer.squeeze("\x1b[?1049l") == "\x1b[0m\x1b[?1049l"


def test_blanks_need_only_their_background() -> None:
    squeezer = Squeezer()
    assert squeezer.squeeze("\x1b[31;44ma\x1b[0m\x1b[1;32;44m  \x1b[0m") == "\x1b[31;44ma  "
    assert squeezer.squeeze("\x1b[31;44m \x1b[0m\x1b[4;31;44m \x1b[0m") == " \x1b[4m "
