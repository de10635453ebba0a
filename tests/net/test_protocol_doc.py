from __future__ import annotations

from net.protocol_doc import PATH, protocol_page


def test_the_page_says_what_the_types_say() -> None:
    assert PATH.read_text(encoding="utf-8") == protocol_page(), "run: python -m net.protocol_doc"


def test_every_message_and_code_has_its_place() -> None:
    page = protocol_page()
    for heading in ("#### `add_order`", "#### `book_delta`", "#### `reply`", "#### InstrumentShape", "| `not_owner` |"):
        assert heading in page
