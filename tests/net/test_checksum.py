from __future__ import annotations

from net.checksum import book_checksum, level_text, text_checksum


def test_the_documented_book_has_the_documented_checksum() -> None:
    assert book_checksum([(10050, 3, 1), (10040, 12, 2)], []) == 4258808790


def test_an_empty_book_is_the_checksum_of_a_bar() -> None:
    assert book_checksum([], []) == text_checksum([], []) == 2343686810


def test_sides_prices_quantities_and_order_counts_all_enter() -> None:
    base = book_checksum([(100, 5, 1)], [(101, 5, 1)])
    others = [
        book_checksum([(99, 5, 1)], [(101, 5, 1)]),
        book_checksum([(100, 6, 1)], [(101, 5, 1)]),
        book_checksum([(100, 5, 2)], [(101, 5, 1)]),
        book_checksum([(101, 5, 1)], [(100, 5, 1)]),
        book_checksum([(100, 5, 1), (101, 5, 1)], []),
    ]
    assert len({base, *others}) == 6


def test_ready_level_texts_give_the_same_checksum() -> None:
    assert text_checksum([level_text(10050, 3, 1), level_text(10040, 12, 2)], []) == 4258808790


def test_swapped_quantities_are_seen() -> None:
    assert book_checksum([(100, 5, 1), (99, 6, 1)], []) != book_checksum([(100, 6, 1), (99, 5, 1)], [])
