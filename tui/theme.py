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
from textual.theme import BUILTIN_THEMES, Theme

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
        self.plain = glyphs.box == ASCII.box
        """Whether only ASCII may be written."""
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
        if self.name not in COLOURS:
            plain = BUILTIN_THEMES["ansi-dark"]
            words = dict.fromkeys(("line", "bid", "ask", "dim", "bright"), "ansi_default")
            return replace(plain, name=f"tradesim-{self.name}", variables={**plain.variables, **words})
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


FULL: Final = {
    "text": "text", "bright": "bright bold", "dim": "dim", "faint": "line", "title": "bright bold", "title.off": "text",
    "hot": "own bold", "line": "line", "line.focus": "focus", "header": "dim", "grid": "line:70", "key": "focus bold",
    "hint": "dim", "good": "good", "warn": "warn", "bad": "bad bold",
    # ladder
    "bid": "bid", "ask": "ask", "vol": "dim", "hist": "focus", "price.bid": "bid:80", "price.ask": "ask:80",
    "price.gap": "line", "best": "bold", "own": "own bold", "own.moved": "background on own bold", "last": "last bold",
    "watched": "focus", "average": "own bold", "cursor": "on cursor", "cursor.mark": "bright bold", "faded": "dim:80",
    "flash.buy": "background on bid bold", "flash.sell": "background on ask bold",
    "flash.own": "background on own bold",
    "flash": "on own:35", "selected": "on cursor",
    # bars: a body, its partial end, and the same end with the colours swapped
    "bid.bar": "bright on bid:34", "bid.edge": "bid:34", "bid.edge.rev": "bid:34 reverse",
    "ask.bar": "bright on ask:34", "ask.edge": "ask:34", "ask.edge.rev": "ask:34 reverse",
    "vol.bar": "text on dim:34", "vol.edge": "dim:34", "vol.edge.rev": "dim:34 reverse",
    "hist.bar": "bright on focus:34", "hist.edge": "focus:34", "hist.edge.rev": "focus:34 reverse",
    # charts
    "up": "up", "down": "down", "up.wick": "up:75", "down.wick": "down:75", "up.volume": "up:45",
    "down.volume": "down:45", "last.tag": "background on last bold", "last.line": "last:45", "curve": "focus",
    "curve.up": "up", "curve.down": "down", "spark": "focus:65", "bid.depth": "bid:60", "ask.depth": "ask:60",
    "up.fill": "on up", "down.fill": "on down", "up.volume.fill": "on up:45", "down.volume.fill": "on down:45",
    "bid.depth.fill": "on bid:60", "ask.depth.fill": "on ask:60",
    # lines on top and below
    "bar": "text on raised", "bar.dim": "dim on raised", "bar.good": "good on raised", "bar.warn": "warn on raised",
    "bar.up": "up on raised", "bar.down": "down on raised", "bar.bright": "bright on raised bold",
    "bar.bad": "bad on raised bold", "bar.own": "own on raised bold", "bar.key": "focus on raised bold",
    "safe": "background on dim bold", "armed": "#FFFFFF on armed bold", "ask.bid": "background on bid bold",
    "ask.ask": "background on ask bold", "ask.warn": "background on warn bold", "ask.bad": "#FFFFFF on bad:75 bold",
    "ask.text": "bright on cursor bold",
}  # fmt: skip
"""What each style looks like: ``[colour] [on colour] [bold] [reverse]``; ``bid:34`` is 34 % bid on the background."""


def _full(colours: Colours) -> dict[str, Style]:
    return {name: _parsed(spec, colours) for name, spec in FULL.items()}


def _parsed(spec: str, colours: Colours) -> Style:
    words = spec.split()
    flags = {flag: True for flag in ("bold", "reverse") if flag in words}
    words = [word for word in words if word not in flags]
    back = _colour(words[words.index("on") + 1], colours) if "on" in words else None
    front = _colour(words[0], colours) if words and words[0] != "on" else None
    return Style(color=front, bgcolor=back, bold=flags.get("bold"), reverse=flags.get("reverse"))


def _colour(word: str, colours: Colours) -> str:
    name, _, share = word.partition(":")
    colour = name if name.startswith("#") else str(getattr(colours, name))
    return mix(colour, colours.background, int(share) / 100) if share else colour


def _mono() -> dict[str, Style]:
    """No colour at all: weight, reverse and underline only."""
    bold, dim, reverse = Style(bold=True), Style(dim=True), Style(reverse=True)
    strong = Style(bold=True, reverse=True)
    by_style = (
        (bold, "bright title hot key best own last average cursor.mark bad line.focus"),
        (dim, "dim faint line header grid hint price.gap last.line up.volume down.volume faded"),
        (dim, "bid.edge ask.edge vol.edge hist.edge"),
        (reverse, "cursor selected bar bar.dim bar.good bar.warn bar.up bar.down safe last.tag ask.text"),
        (strong, "own.moved flash.buy flash.sell flash.own flash bar.bright bar.bad bar.own bar.key armed"),
        (strong, "ask.bid ask.ask ask.warn ask.bad"),
    )
    return dict.fromkeys(FULL, Style()) | {name: style for style, names in by_style for name in names.split()}


def _ansi() -> dict[str, Style]:
    """The 16 colours of any terminal."""
    styles = _mono()
    foregrounds = {
        "bright_white": "bright title title.off cursor.mark",
        "bright_black": "dim faint line header grid hint price.gap",
        "bright_cyan": "spark bid bid.edge price.bid up up.wick up.volume bid.depth curve.up",
        "cyan": "curve hist key line.focus",
        "bright_yellow": "ask ask.edge price.ask down down.wick down.volume ask.depth curve.down",
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
