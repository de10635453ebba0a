"""Fewer bytes to the terminal: the same picture with the least of colour changes.

Textual ends every run of cells with a reset and begins the next with all its colours, about forty bytes in truecolor.
Most neighbours share their background, many their foreground. Here the terminal's state is followed, and only what
differs is sent; for blanks that is the background only. Cells look the same; only SGR sequences are left out or
shortened (ECMA-48, 8.3.117).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_MOVE = re.compile(r"\x1b\[[0-9;]*H")
_FLAGS = {"1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "7": 5, "8": 6, "9": 7}
_OFF = ("22", "22", "23", "24", "25", "27", "28", "29")
_ON = ("1", "2", "3", "4", "5", "7", "8", "9")


class Pen(NamedTuple):
    """Colours and attributes in force; None stands for what is not understood, so that it is always sent."""

    front: str = "39"
    back: str = "49"
    flags: tuple[bool, ...] = (False,) * 8


_DEFAULT = Pen()
_SEEN_ON_BLANKS = (3, 5, 7)
"""Attributes that show where nothing is written: underlined, reversed, struck through."""


class Squeezer:
    """Follows one terminal from its start; every byte written to it must pass through ``squeeze``."""

    def __init__(self) -> None:
        self._sent: Pen = _DEFAULT
        self._wanted: Pen = _DEFAULT

    def squeeze(self, data: str) -> str:
        """The same writing in fewer bytes."""
        if "\x1b" not in data:
            return self.draw(self._wanted, data)
        pieces = _SGR.split(data)
        out: list[str] = []
        for index, piece in enumerate(pieces):
            if index % 2:
                self._wanted = pen_after(piece, self._wanted)
            elif piece:
                out.append(piece if _only_moves(piece) else self.draw(self._wanted, piece))
        return "".join(out)

    def draw(self, pen: Pen, text: str) -> str:
        """Text in these colours, whatever ``squeeze`` was told before and is told after."""
        sent = self._sent
        if sent == pen or not text or (not text.strip(" ") and _blanks_alike(sent, pen)):
            return text
        self._sent = pen
        return _change(sent, pen) + text


@lru_cache(maxsize=4096)
def _only_moves(piece: str) -> bool:
    """Whether a piece moves the cursor and does nothing else: then its colours do not matter."""
    return piece[0] == "\x1b" and not _MOVE.sub("", piece)


@lru_cache(maxsize=16_384)
def pen_after(codes: str, pen: Pen = _DEFAULT) -> Pen:
    """Colours and attributes after one SGR sequence."""
    words = codes.split(";") if codes else ["0"]
    front, back, flags = pen.front, pen.back, list(pen.flags)
    index = 0
    while index < len(words):
        word = words[index].lstrip("0") or "0"
        if word in ("38", "48"):
            size = {"5": 3, "2": 5}.get(words[index + 1] if index + 1 < len(words) else "", len(words) - index)
            colour = ";".join(words[index : index + size])
            front, back = (colour, back) if word == "38" else (front, colour)
            index += size
            continue
        number = int(word)
        if number == 0:
            front, back, flags = _DEFAULT.front, _DEFAULT.back, list(_DEFAULT.flags)
        elif word in _FLAGS:
            flags[_FLAGS[word]] = True
        elif word in _OFF:
            flags = [on and off != word for on, off in zip(flags, _OFF, strict=True)]
        elif 30 <= number <= 39 or 90 <= number <= 97:
            front = word
        elif 40 <= number <= 49 or 100 <= number <= 107:
            back = word
        index += 1
    return Pen(front, back, tuple(flags))


@lru_cache(maxsize=16_384)
def _change(old: Pen, new: Pen) -> str:
    """The shortest sequence from one state to another that we know."""
    if new == _DEFAULT:
        return "\x1b[0m"
    off = {_OFF[i] for i in range(8) if old.flags[i] and not new.flags[i]}
    codes = sorted(off)
    # Bold and dim are switched off together: what stays on of the two is switched on again.
    codes += [_ON[i] for i in range(8) if new.flags[i] and (not old.flags[i] or _OFF[i] in off)]
    if new.front != old.front:
        codes.append(new.front)
    if new.back != old.back:
        codes.append(new.back)
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(maxsize=16_384)
def _blanks_alike(one: Pen, other: Pen) -> bool:
    """Whether a blank looks the same in both."""
    return one.back == other.back and not any(one.flags[i] or other.flags[i] for i in _SEEN_ON_BLANKS)
