"""Fewer bytes to the terminal: the same picture with the least of colour changes.

Textual ends every run of cells with a reset and begins the next with all its colours, about forty bytes in truecolor.
Most neighbours share their background, many their foreground. Here the terminal's state is followed, and only what
differs is sent. Cells written are the same; only SGR sequences are left out or shortened (ECMA-48, 8.3.117).
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


class _State(NamedTuple):
    """Colours and attributes in force; None stands for what is not understood, so that it is always sent."""

    front: str = "39"
    back: str = "49"
    flags: tuple[bool, ...] = (False,) * 8


_DEFAULT = _State()


class Squeezer:
    """Follows one terminal from its start; every byte written to it must pass through ``squeeze``."""

    def __init__(self) -> None:
        self._sent: _State = _DEFAULT
        self._wanted: _State = _DEFAULT

    def squeeze(self, data: str) -> str:
        """The same writing in fewer bytes."""
        if "\x1b" not in data:
            return self._bring(data)
        pieces = _SGR.split(data)
        out: list[str] = []
        for index, piece in enumerate(pieces):
            if index % 2:
                self._wanted = _after(self._wanted, piece)
            elif piece:
                out.append(piece if _only_moves(piece) else self._bring(piece))
        return "".join(out)

    def _bring(self, text: str) -> str:
        if not text or self._sent == self._wanted:
            return text
        change = _change(self._sent, self._wanted)
        self._sent = self._wanted
        return change + text


@lru_cache(maxsize=4096)
def _only_moves(piece: str) -> bool:
    """Whether a piece moves the cursor and does nothing else: then its colours do not matter."""
    return piece[0] == "\x1b" and not _MOVE.sub("", piece)


@lru_cache(maxsize=16_384)
def _after(state: _State, codes: str) -> _State:
    """State after one SGR sequence."""
    words = codes.split(";") if codes else ["0"]
    front, back, flags = state.front, state.back, list(state.flags)
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
    return _State(front, back, tuple(flags))


@lru_cache(maxsize=16_384)
def _change(old: _State, new: _State) -> str:
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
