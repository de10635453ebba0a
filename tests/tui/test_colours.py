"""Bid and ask, gain and loss, own and last: told apart by every kind of colour vision, and legible on the background.

Colour blindness is simulated after Viénot, Brettel and Mollon (1999), differences are CIE76 in CIELAB.
"""

from __future__ import annotations

import pytest
from rich.color import Color

from tui.theme import COLOURS, Colours

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

VISIONS: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.11238, 0.88762, 0), (0.11238, 0.88762, 0), (0.00401, -0.00401, 1)),
    "deuteranopia": ((0.29275, 0.70725, 0), (0.29275, 0.70725, 0), (-0.02234, 0.02234, 1)),
}
TO_XYZ: Matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE: Vector = (0.9505, 1.0, 1.089)


def times(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def linear(colour: str) -> Vector:
    red, green, blue = (part / 255 for part in Color.parse(colour).get_truecolor())
    x, y, z = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue))
    return x, y, z


def lab(colour: str, vision: str) -> Vector:
    seen = times(VISIONS[vision], linear(colour))
    xyz = times(TO_XYZ, seen)
    x, y, z = (max(0.0, part / white) ** (1 / 3) for part, white in zip(xyz, WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str, vision: str) -> float:
    pairs = zip(lab(one, vision), lab(other, vision), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio."""
    light, dark = sorted((times(TO_XYZ, linear(colour))[1] for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_sides_differ_for_every_vision(theme: str, vision: str) -> None:
    colours = COLOURS[theme]
    assert difference(colours.bid, colours.ask, vision) > 60
    assert difference(colours.up, colours.down, vision) > 60
    assert difference(colours.own, colours.last, vision) > 40


def test_green_and_red_do_not() -> None:
    """Why they are not the default: the measure can fail."""
    assert difference(COLOURS["classic"].bid, COLOURS["classic"].ask, "deuteranopia") < 40


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("name", ["text", "bright", "bid", "ask", "own", "last", "up", "down", "good", "warn", "bad"])
def test_what_is_read_stands_out_from_the_background(theme: str, name: str) -> None:
    colours: Colours = COLOURS[theme]
    assert contrast(getattr(colours, name), colours.background) >= 4.0
