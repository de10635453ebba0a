"""The checksum of a book, by which a client proves that it missed nothing.

It is the CRC-32 (IEEE, as in zlib, gzip and PNG), as an unsigned integer, of an ASCII text that any language can
rebuild: each level is ``ticks:lots:orders`` in decimal integers, where ``ticks`` is price / tick_size and ``lots`` is
quantity / lot_size, rounded to the nearest integer (they are whole but for the rounding of floats). A side is all its
published levels, best first, joined by commas; the text is ``bids|asks``. An empty side is empty text, so the checksum
of an empty book is that of ``|``. Integers, because languages print the same float differently.

Bids 100.50 x 3 (one order) and 100.40 x 12 (two), no asks, tick size 0.01, lot size 1::

    10050:3:1,10040:12:2|        checksum 4258808790
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from zlib import crc32

LevelTuple: TypeAlias = tuple[int, int, int]
"""Price in ticks, quantity in lots, number of orders."""


def level_text(ticks: int, lots: int, orders: int) -> str:
    """One level as it enters the checksum."""
    return f"{ticks}:{lots}:{orders}"


def text_checksum(bids: Iterable[str], asks: Iterable[str]) -> int:
    """Checksum from ready texts of levels, best first."""
    return crc32(f"{','.join(bids)}|{','.join(asks)}".encode("ascii"))


def book_checksum(bids: Iterable[LevelTuple], asks: Iterable[LevelTuple]) -> int:
    """Checksum of a whole published book, each side best first."""
    return text_checksum([level_text(*level) for level in bids], [level_text(*level) for level in asks])
