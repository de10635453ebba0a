"""The checksum of a book, by which a client proves that it missed nothing.

It is the CRC-32 (IEEE, as in zlib) of the ASCII text ``bids|asks``. Each side is its levels, best first, each written
``price:quantity`` and joined by commas; numbers are the shortest decimals that name their double, with ``.0`` behind
whole ones: exactly as they stand in the JSON of ``orderbooks`` and ``book_delta``. An empty side is empty text, so the
checksum of an empty book is that of ``|``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable


def level_text(price: float, quantity: float) -> str:
    """One level as it enters the checksum."""
    return f"{price!r}:{quantity!r}"


def text_checksum(bids: Iterable[str], asks: Iterable[str]) -> int:
    """Checksum from ready texts of levels, best first."""
    return zlib.crc32(f"{','.join(bids)}|{','.join(asks)}".encode())


def book_checksum(bids: Iterable[tuple[float, float]], asks: Iterable[tuple[float, float]]) -> int:
    """Checksum of a whole published book: ``(price, quantity)`` levels, best first."""
    return text_checksum((level_text(*level) for level in bids), (level_text(*level) for level in asks))
