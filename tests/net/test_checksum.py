from __future__ import annotations

import zlib

from net.checksum import book_checksum


def test_the_text_is_the_one_that_is_documented() -> None:
    assert book_checksum([(100.0, 5.0), (99.95, 2.5)], [(100.05, 1.0)]) == zlib.crc32(b"100.0:5.0,99.95:2.5|100.05:1.0")


def test_an_empty_book_has_a_checksum() -> None:
    assert book_checksum([], []) == zlib.crc32(b"|")


def test_swapped_quantities_and_swapped_sides_are_seen() -> None:
    book = book_checksum([(100.0, 5.0), (99.0, 6.0)], [])
    assert book != book_checksum([(100.0, 6.0), (99.0, 5.0)], [])
    assert book != book_checksum([], [(100.0, 5.0), (99.0, 6.0)])
