"""Looks: what the style names of ``tui.drawing`` mean in each theme.

Bid and ask are the blue and orange of Okabe and Ito, which all kinds of colour vision tell apart; colour never says
anything alone. Every style names its own background: panes draw themselves, without a cascade.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.theme import Theme

from tui.drawing.cells import ASCII, UNICODE, Glyphs

UNDERLAYS: Final = ("cursor", "flash", "selected")
"""Style names that only bring a background, and only where the others bring none."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The few colours that a theme is made from, as #rrggbb."""

    background: str = "#0B0F14"
    raised: str = "#141B23"
    line: str = "#2B3642"
    focus: str = "#8AA4BF"
    text: str = "#B8C4D0"
    bright: str = "#EEF3F8"
    dim: str = "#677787"
    bid: str = "#56B4E9"
    ask: str = "#E69F00"
    own: str = "#E08BBB"
    last: str = "#F0E442"
    up: str = "#56B4E9"
    down: str = "#E69F00"
    good: str = "#2BB894"
    warn: str = "#F0E442"
    bad: str = "#F0705A"
    armed: str = "#CC3D8F"
    cursor: str = "#26323F"
    dark: bool = True


COLOURS: Final[dict[str, Colours]] = {
    "dark": Colours(),
    "light": Colours(
        background="#FBFAF7", raised="#F0EEE8", line="#CFCBC0", focus="#5D6B78", text="#3B4450", bright="#10151B",
        dim="#87909A", bid="#0072B2", ask="#B35C00", own="#A6357A", last="#7A6A00", up="#0072B2", down="#B35C00",
        good="#00795A", warn="#8A6D00", bad="#B3261E", armed="#B01E74", cursor="#E3E8EE", dark=False,
    ),
    "classic": Colours(bid="#4CC38A", ask="#F0705A", up="#4CC38A", down="#F0705A"),
    "red-up": Colours(bid="#F0705A", ask="#4CC38A", up="#F0705A", down="#4CC38A"),
}  # fmt: skip
"""Themes by name; ``dark`` is the default, safe for all kinds of colour vision. ``mono`` and ``ansi`` come beside."""

THEMES: Final = (*COLOURS, "mono", "ansi")


class Look:
    """One theme at work: style names to styles, and the characters to draw with."""

    def __init__(self, name: str, glyphs: Glyphs = UNICODE) -> None:
        if name not in THEMES:
            raise ValueError(f"unknown theme {name!r}: one of {', '.join(THEMES)}")
        self.name = name
        self.glyphs = glyphs if name in COLOURS else replace(glyphs, bar_fill=False)
        self.colours = COLOURS.get(name, COLOURS["dark"])
        self._base, self._styles = _styles_of(name)
        self._memo: dict[str, Style] = {}

    def style(self, names: str) -> Style:
        """Style of one or more names, blank between them; an unknown name is an error."""
        style = self._memo.get(names)
        if style is None:
            parts = names.split(" ")
            under = [self._styles[part] for part in parts if part in UNDERLAYS]
            over = [self._styles[part] for part in parts if part not in UNDERLAYS]
            style = Style.combine([self._base, *under, *over])
            self._memo[names] = style
        return style

    @property
    def textual(self) -> Theme:
        """The same colours for Textual's own widgets."""
        c = self.colours
        ansi = self.name == "ansi"
        return Theme(
            name=f"tradesim-{self.name}",
            primary=c.focus,
            secondary=c.bid,
            accent=c.own,
            warning=c.warn,
            error=c.bad,
            success=c.good,
            foreground=c.text,
            background=c.background,
            surface=c.background,
            panel=c.raised,
            dark=c.dark,
            ansi=ansi,
            variables={"line": c.line, "bid": c.bid, "ask": c.ask, "dim": c.dim, "bright": c.bright},
        )


def look_for(name: str, term: str, no_color: bool, ascii_only: bool) -> Look:
    """The look that suits a terminal: NO_COLOR wins, the Linux console gets plain characters and 16 colours."""
    if no_color or term == "dumb":
        name = "mono"
    elif term in ("linux", "vt100", "vt220", "ansi"):
        name = "ansi"
    glyphs = ASCII if ascii_only or term in ("linux", "dumb", "vt100", "vt220") else UNICODE
    return Look(name, glyphs)


def mix(front: str, back: str, share: float) -> str:
    """Colour between two: ``share`` 1 is the front."""
    blended = blend_rgb(_rgb(back), _rgb(front), share)
    return str(blended.hex)


def _rgb(text: str) -> ColorTriplet:
    return Color.parse(text).get_truecolor()


def _styles_of(name: str) -> tuple[Style, dict[str, Style]]:
    if name == "mono":
        return Style(), _mono()
    if name == "ansi":
        return Style(color="white", bgcolor="black"), _ansi()
    colours = COLOURS[name]
    return Style(color=colours.text, bgcolor=colours.background), _full(colours)


def _full(c: Colours) -> dict[str, Style]:
    def fg(colour: str, bold: bool = False) -> Style:
        return Style(color=colour, bold=bold)

    def bar(colour: str) -> str:
        return mix(colour, c.background, 0.34 if c.dark else 0.28)

    on_bar = {
        kind: Style(color=mix(colour, c.bright, 0.35), bgcolor=bar(colour))
        for kind, colour in (("bid", c.bid), ("ask", c.ask), ("vol", c.dim), ("hist", c.focus))
    }
    styles = {
        "text": Style(), "bright": fg(c.bright, True), "dim": fg(c.dim), "faint": fg(c.line),
        "title": fg(c.bright, True),
        "title.off": fg(c.text), "hot": fg(c.own, True), "line": fg(c.line), "line.focus": fg(c.focus),
        "header": fg(c.dim), "grid": fg(mix(c.line, c.background, 0.7)), "key": fg(c.focus, True), "hint": fg(c.dim),
        "bid": fg(c.bid), "ask": fg(c.ask), "vol": fg(c.dim), "hist": fg(c.focus),
        "price.bid": fg(mix(c.bid, c.background, 0.8)), "price.ask": fg(mix(c.ask, c.background, 0.8)),
        "price.gap": fg(c.line), "best": Style(bold=True), "own": fg(c.own, True),
        "own.moved": Style(color=c.background, bgcolor=c.own, bold=True), "last": fg(c.last, True),
        "last.tag": Style(color=c.background, bgcolor=c.last, bold=True),
        "last.line": fg(mix(c.last, c.background, 0.45)), "average": fg(c.own, True),
        "flash.buy": Style(color=c.background, bgcolor=c.bid, bold=True),
        "flash.sell": Style(color=c.background, bgcolor=c.ask, bold=True),
        "flash.own": Style(color=c.background, bgcolor=c.own, bold=True),
        "cursor": Style(bgcolor=c.cursor), "cursor.mark": fg(c.bright, True), "selected": Style(bgcolor=c.cursor),
        "flash": Style(bgcolor=mix(c.own, c.background, 0.35)), "faded": fg(mix(c.dim, c.background, 0.8)),
        "up": fg(c.up), "down": fg(c.down), "up.wick": fg(mix(c.up, c.background, 0.75)),
        "down.wick": fg(mix(c.down, c.background, 0.75)), "up.volume": fg(mix(c.up, c.background, 0.45)),
        "down.volume": fg(mix(c.down, c.background, 0.45)), "curve": fg(c.focus), "curve.up": fg(c.up),
        "curve.down": fg(c.down), "bid.depth": fg(mix(c.bid, c.background, 0.6)),
        "ask.depth": fg(mix(c.ask, c.background, 0.6)), "good": fg(c.good), "warn": fg(c.warn),
        "bad": fg(c.bad, True), "safe": Style(color=c.background, bgcolor=c.dim, bold=True),
        "armed": Style(color="#FFFFFF", bgcolor=c.armed, bold=True),
        "ask.bid": Style(color=c.background, bgcolor=c.bid, bold=True),
        "ask.ask": Style(color=c.background, bgcolor=c.ask, bold=True),
        "ask.warn": Style(color=c.background, bgcolor=c.warn, bold=True),
        "ask.bad": Style(color="#FFFFFF", bgcolor=mix(c.bad, c.background, 0.75), bold=True),
        "ask.text": Style(color=c.bright, bgcolor=c.cursor, bold=True),
    }  # fmt: skip
    on_raised = {"": c.text, ".dim": c.dim, ".good": c.good, ".warn": c.warn, ".up": c.up, ".down": c.down}
    styles |= {f"bar{name}": Style(color=colour, bgcolor=c.raised) for name, colour in on_raised.items()}
    strong = {".bright": c.bright, ".bad": c.bad, ".own": c.own, ".key": c.focus}
    styles |= {f"bar{name}": Style(color=colour, bgcolor=c.raised, bold=True) for name, colour in strong.items()}
    for kind, style in on_bar.items():
        colour = {"bid": c.bid, "ask": c.ask, "vol": c.dim, "hist": c.focus}[kind]
        styles[f"{kind}.bar"] = style
        styles[f"{kind}.edge"] = Style(color=bar(colour))
        styles[f"{kind}.edge.rev"] = Style(color=bar(colour), reverse=True)
    return styles


def _mono() -> dict[str, Style]:
    """No colour at all: weight, reverse and underline only."""
    plain, bold, dim, reverse = Style(), Style(bold=True), Style(dim=True), Style(reverse=True)
    strong = Style(bold=True, reverse=True)
    by_style: dict[str, tuple[Style, str]] = {
        "plain": (plain, "text title.off bid ask vol hist price.bid price.ask up down up.wick down.wick curve curve.up "
                  "curve.down bid.depth ask.depth good warn bid.bar ask.bar vol.bar hist.bar bid.edge ask.edge "
                  "vol.edge hist.edge bid.edge.rev ask.edge.rev vol.edge.rev hist.edge.rev"),
        "bold": (bold, "bright title hot key best own last average cursor.mark bad"),
        "dim": (dim, "dim faint line header grid hint price.gap last.line up.volume down.volume faded"),
        "reverse": (reverse, "cursor selected bar bar.dim bar.good bar.warn bar.up bar.down safe last.tag ask.text"),
        "strong": (strong, "own.moved flash.buy flash.sell flash.own flash bar.bright bar.bad bar.own bar.key armed "
                   "ask.bid ask.ask ask.warn ask.bad"),
    }  # fmt: skip
    styles = {name: style for style, names in by_style.values() for name in names.split()}
    styles["line.focus"] = bold
    return styles


def _ansi() -> dict[str, Style]:
    """The 16 colours of any terminal."""
    styles = _mono()
    foregrounds = {
        "bright_white": "bright title title.off cursor.mark",
        "bright_black": "dim faint line header grid hint price.gap",
        "bright_cyan": "bid price.bid up up.wick up.volume bid.depth curve.up", "cyan": "curve hist key line.focus",
        "bright_yellow": "ask price.ask down down.wick down.volume ask.depth curve.down",
        "bright_magenta": "own average hot", "white": "vol text", "yellow": "last last.line warn", "bright_red": "bad",
        "bright_green": "good",
    }  # fmt: skip
    for colour, names in foregrounds.items():
        for name in names.split():
            styles[name] = Style(color=colour, bold=styles[name].bold)
    for name in [name for name in styles if name == "bar" or name.startswith("bar.")]:
        styles[name] = Style(color="black", bgcolor="white")
    styles["armed"] = Style(color="bright_white", bgcolor="magenta", bold=True)
    styles["safe"] = Style(color="bright_white", bgcolor="bright_black")
    styles["cursor"] = styles["selected"] = Style(bgcolor="blue")
    return styles
