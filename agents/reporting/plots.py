"""Plots as inline SVG, drawn by hand: a report is one file that opens anywhere, and needs no plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import msgspec

WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 28, 34
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
MAX_POINTS = 900
"""A line is thinned to about so many points: more do not show."""


class Line(msgspec.Struct, frozen=True):
    """One curve, or with ``marks`` a set of points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    marks: bool = False


class Bars(msgspec.Struct, frozen=True):
    """Bars from 0 to ``y`` at ``x``, each ``width`` wide."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    width: float


def plot(
    title: str,
    shapes: Sequence[Line | Bars],
    *,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """An SVG picture of lines and bars; what has no place on a logarithmic axis is left out."""
    kept = [(shape, _points(shape, log_x, log_y)) for shape in shapes]
    xs = [x for _, points in kept for x, _ in points]
    ys = [y for _, points in kept for _, y in points]
    if not log_y and any(isinstance(shape, Bars) for shape in shapes):
        ys.append(0.0)
    body = [f'<text x="{WIDTH / 2}" y="16" text-anchor="middle" class="t">{escape(title)}</text>']
    if not xs:
        body.append(f'<text x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle">too little data</text>')
        return _svg(title, body)
    frame = _Frame(min(xs), max(xs), min(ys), max(ys))
    body.extend(_axes(frame, x_label, y_label, log_x, log_y))
    for index, (shape, points) in enumerate(kept):
        colour = PALETTE[index % len(PALETTE)]
        body.append(_draw(shape, points, frame, colour, frame.y_low if log_y else 0.0))
        if len(kept) > 1:
            body.append(
                f'<text x="{WIDTH - RIGHT}" y="{TOP + 10 + 12 * index}" text-anchor="end" style="fill:{colour}">'
                f"{escape(shape.name)}</text>"
            )
    return _svg(title, body)


class _Frame:
    """The picture's coordinates."""

    def __init__(self, x_low: float, x_high: float, y_low: float, y_high: float) -> None:
        self.x_low, self.x_high = (x_low, x_high) if x_high > x_low else (x_low - 0.5, x_low + 0.5)
        self.y_low, self.y_high = (y_low, y_high) if y_high > y_low else (y_low - 0.5, y_low + 0.5)

    def x(self, value: float) -> float:
        return LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.y_low) / (self.y_high - self.y_low) * (HEIGHT - TOP - BOTTOM)


def _points(shape: Line | Bars, log_x: bool, log_y: bool) -> list[tuple[float, float]]:
    points = []
    step = max(1, len(shape.x) // MAX_POINTS) if isinstance(shape, Line) else 1
    for x, y in zip(shape.x[::step], shape.y[::step], strict=True):
        if (log_x and x <= 0) or (log_y and y <= 0) or math.isnan(y) or math.isinf(y):
            continue
        points.append((math.log10(x) if log_x else x, math.log10(y) if log_y else y))
    return points


def _draw(shape: Line | Bars, points: list[tuple[float, float]], frame: _Frame, colour: str, floor: float) -> str:
    if isinstance(shape, Bars):
        half = shape.width / 2
        zero = frame.y(floor)
        return "".join(
            f'<rect x="{frame.x(x - half):.1f}" y="{min(frame.y(y), zero):.1f}" '
            f'width="{max(frame.x(x + half) - frame.x(x - half), 0.5):.1f}" height="{abs(zero - frame.y(y)):.1f}" '
            f'fill="{colour}" fill-opacity="0.55"/>'
            for x, y in points
        )
    if shape.marks:
        return "".join(
            f'<circle cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in points
        )
    path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.2"/>'


def _axes(frame: _Frame, x_label: str, y_label: str, log_x: bool, log_y: bool) -> list[str]:
    bottom, parts = HEIGHT - BOTTOM, []
    for value in _ticks(frame.x_low, frame.x_high):
        x = frame.x(value)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" class="g"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 13}" text-anchor="middle">{_label(value, log_x)}</text>')
    for value in _ticks(frame.y_low, frame.y_high):
        y = frame.y(value)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="g"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">{_label(value, log_y)}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 5}" text-anchor="middle">{escape(x_label)}</text>')
    middle = (TOP + bottom) / 2
    parts.append(
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{escape(y_label)}</text>'
    )
    return parts


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9) * step
    return [first + step * index for index in range(int((high - first) / step + 1e-6) + 1)]


def _label(value: float, logarithmic: bool) -> str:
    if logarithmic:
        return f"{10**value:.3g}"
    return f"{value:.6g}" if abs(value) > 1e-9 else "0"


def _svg(title: str, body: Sequence[str]) -> str:
    inner = "".join(body)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{inner}</svg>'
