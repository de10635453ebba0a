"""Drawing: values in, rows out, without Textual."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.drawing.bars import bar_to_left, bar_to_right
from tui.drawing.candles import ChartLook, draw_candles
from tui.drawing.cells import ASCII, UNICODE, fit, plain, printable, row_text, row_width, spread_row, width_of
from tui.drawing.curves import curve, draw_depth, framed_curve, sparkline
from tui.drawing.histogram import bucket_name, draw_histogram
from tui.drawing.ladder import LadderLook, draw_ladder
from tui.drawing.table import Column, layout, line
from tui.theme import FULL, THEMES, Look, look_for
from tui.view import Bar, Depth, Scale
from tui.widgets.tape import columns

SCALE = Scale(0.05, 1.0)
DEPTH = Depth(1, {2000: 100.0, 1999: 50.0}, {2002: 25.0, 2003: 100.0}, 2000, 2002)
LOOK = LadderLook(centre=2001, cursor=1999, last=2000, last_up=True, own_bids={1999: "10"}, own_asks={2003: "25"})
BARS = [Bar(n * 5_000, 2000 + n % 3, 2006, 1998, 2001 + n % 4, 10.0 + n) for n in range(60)]


@pytest.mark.parametrize("width", [40, 48, 62, 80])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII, replace(UNICODE, bar_fill=False)])
def test_every_row_of_a_ladder_fills_its_width(width: int, glyphs: object) -> None:
    rows = draw_ladder(DEPTH, LOOK, SCALE, width, 12, glyphs)  # type: ignore[arg-type]
    assert {row_width(row) for row in rows} == {width}


def test_the_ladder_shows_sizes_own_orders_cursor_and_last() -> None:
    rows = [row_text(row) for row in draw_ladder(DEPTH, LOOK, SCALE, 48, 12, UNICODE)]
    text = {price: next(row for row in rows if price in row) for price in ("99.95", "100.00", "100.15")}
    assert text["99.95"].startswith("▸  10")
    assert "◂" in text["99.95"]
    assert "100  " in text["100.00"]
    assert "▲" in text["100.00"]
    assert text["100.15"].rstrip().endswith("25")


def test_bars_have_an_eighth_of_a_cell() -> None:

    assert row_text(bar_to_right("9", 0.5, 8, "ask", UNICODE)) == "9       "
    assert [style for _text, style in bar_to_left("9", 0.5, 8, "bid", UNICODE)] == ["bid", "bid.bar"]
    assert row_text(bar_to_right("", 9 / 16, 4, "ask", UNICODE)) == "  ▎ "


@pytest.mark.parametrize(("width", "height"), [(16, 5), (40, 9), (40, 14), (160, 30)])
def test_candles_fill_their_box(width: int, height: int) -> None:
    rows = draw_candles(BARS, ChartLook(2001, 1999, {0: "buy"}), SCALE, width, height, UNICODE)
    assert (len(rows), {row_width(row) for row in rows}) == (height, {width})


def test_one_flat_bar_is_drawn_too() -> None:
    rows = draw_candles([Bar(0, 2000, 2000, 2000, 2000, 1.0)], ChartLook(), SCALE, 30, 8, UNICODE)
    assert any("▀" in row_text(row) or "▄" in row_text(row) for row in rows)


def test_depth_is_cumulative_on_both_sides() -> None:
    rows = draw_depth(DEPTH, SCALE, 30, 6, UNICODE)
    assert {row_width(row) for row in rows} == {30}
    assert "150" in row_text(rows[-1])
    assert "125" in row_text(rows[-1])


def test_curves_take_any_number_of_values() -> None:
    for values in ([], [1.0], [1.0, 2.0], [float(n % 7) for n in range(500)]):
        assert {row_width(row) for row in curve(values, 20, 4, UNICODE)} == {20}
        assert {row_width(row) for row in framed_curve(values, 30, 4, ASCII, "curve")} == {30}
        assert len(sparkline(values, 12, UNICODE)) == 12


def test_a_framed_curve_never_cuts_its_figures() -> None:
    text = "\n".join(row_text(row) for row in framed_curve([1_000_029.5, 1_000_100.25], 40, 5, UNICODE, "curve"))
    assert "1,000,029.50" in text
    assert "…" not in text


def test_a_histogram_names_its_buckets() -> None:
    assert [bucket_name(0), bucket_name(9), bucket_name(12), bucket_name(20)] == ["1µs", "512µs", "4ms", "1s"]
    rows = draw_histogram([0, 0, 5, 10, 0, 1], 40, 3, UNICODE)
    assert (len(rows), {row_width(row) for row in rows}) == (2, {40})


def test_columns_give_way_in_their_order() -> None:
    columns = (Column("a", 4), Column("b", 4, drop=1), Column("c", 4, drop=2, grow=1))
    assert [index for index, _ in layout(columns, 14)] == [0, 1, 2]
    assert [index for index, _ in layout(columns, 10)] == [0, 1]
    assert [index for index, _ in layout(columns, 5)] == [0]
    assert row_width(line(columns, layout(columns, 30), [("x", "t")] * 3, 30)) == 30


def test_a_column_that_fits_its_cells_comes_before_those_that_may_go() -> None:
    columns = (Column("sym", 5, fits=True), Column("text", 4, grow=1), Column("more", 4, drop=1))
    rows = [[("HYPE/USDC", "t"), ("x", "t"), ("", "t")], [("BTC", "t"), ("x", "t"), ("", "t")]]
    assert layout(columns, 25, rows) == [(0, 9), (1, 10), (2, 4)]
    assert layout(columns, 16, rows) == [(0, 9), (1, 6)]
    assert layout(columns, 12, rows) == [(0, 7), (1, 4)]
    assert layout(columns, 16) == [(0, 5), (1, 5), (2, 4)]


def test_text_is_cut_at_cells_not_at_characters() -> None:
    assert fit("日本語", 5) == "日本…"
    assert fit("ab", 4) == "ab  "
    assert row_text(spread_row((("left", ""),), (("right", ""),), 12)) == "left   right"


def test_plain_text_is_ascii_of_the_same_width() -> None:
    assert plain("▲ 10 × 3… é") == "^ 10 x 3~ ?"


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_knows_every_style(name: str) -> None:
    look = Look(name)
    for style in FULL:
        look.style(f"{style} cursor")


def test_the_terminal_decides_what_may_be_drawn() -> None:
    assert look_for("light", "xterm-256color", no_color=False, ascii_only=False).name == "light"
    assert look_for("dark", "xterm", no_color=True, ascii_only=False).name == "mono"
    linux = look_for("dark", "linux", no_color=False, ascii_only=False)
    assert (linux.name, linux.plain) == ("ansi", True)


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [4.0, 1.0, 2.2], [2.0, 2.0, 2.0], [5.0, 1.0, 5.0]])
@pytest.mark.parametrize("height", [3, 8, 9])
def test_the_newest_value_stands_where_the_curve_ends(values: list[float], height: int) -> None:
    """Once: a newest value that is also the highest is not written twice."""
    rows = framed_curve(values, 30, height, UNICODE, "curve")
    named = [index for index, row in enumerate(rows) if row[-1][1] == "bright"]
    assert len(named) == 1
    assert row_text(rows[named[0]])[24] not in " ⠀"
    labels = [row_text(row)[25:].strip() for row in rows]
    assert labels.count(f"{values[-1]:,.2f}") == 1


@pytest.mark.parametrize(
    ("text", "shown"), [("ACME", "ACME"), ("\x1b]0;owned\x07", "·]0;owned·"), ("é\x9b2J\u202e", "é2J")]
)
def test_escape_sequences_of_strangers_are_taken_apart(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert width_of(text) == width_of(shown)


@pytest.mark.parametrize(
    ("width", "price", "qty", "expected"),
    [
        (40, 6, 3, (12, 10, 9, 4)),
        (27, 6, 3, (8, 9, 4, 4)),
        (27, 6, 4, (5, 7, 9, 4)),  # the hours go first
        (27, 6, 9, (5, 7, 13, 0)),  # then the number of prints
        (17, 6, 4, (0, 6, 9, 0)),  # then the time
        (9, 6, 4, (0, 7, 0, 0)),  # then the quantity
    ],
)
def test_long_quantities_on_the_tape_keep_their_distance_from_the_price(
    width: int, price: int, qty: int, expected: tuple[int, int, int, int]
) -> None:
    assert columns(width, price, qty) == expected


def test_own_quantities_of_many_digits_are_shown_whole() -> None:
    look = replace(LOOK, own_bids={min(LOOK.own_bids): "0.01234"})
    rows = [row_text(row) for row in draw_ladder(DEPTH, look, SCALE, 48, 12, UNICODE)]
    assert {len(row) for row in rows} == {48}
    assert any("0.01234 " in row for row in rows)
