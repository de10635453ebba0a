"""Forms: what is refused is said in words, by the name of its line, and the cursor goes there."""

from __future__ import annotations

import msgspec
import pytest
from textual.widgets import Input

from tests.tui.conftest import OpenConsole
from tui.screens.forms import AGENT, INSTRUMENT, NEWS, Form

LISTED = {"ticker": "NEWCO", "initial_price": "10"}


@pytest.mark.parametrize(
    ("form", "values", "name", "words"),
    [
        (INSTRUMENT, {"ticker": "NEWCO"}, "initial_price", "first price: please fill it in"),
        (INSTRUMENT, LISTED | {"initial_price": "ten"}, "initial_price", "first price: must be a number"),
        (INSTRUMENT, LISTED | {"tick_size": "-1"}, "tick_size", "tick: more than 0"),
        (INSTRUMENT, LISTED | {"industry": "x" * 65}, "industry", "industry: at most 64 characters"),
        (INSTRUMENT, LISTED | {"ticker": "new co"}, "ticker", "ticker: capital letters, at most 16"),
        (AGENT, {}, "name", "name: please fill it in"),
        (NEWS, {"content": "x", "sentiment": "2"}, "sentiment", "sentiment: at most 1"),
    ],
)
def test_a_refusal_names_the_line_in_words(form: Form, values: dict[str, str], name: str, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        form.body(values)
    assert form.problem(str(refused.value)) == (name, words)


def test_lines_with_a_default_hold_it_and_others_show_an_example() -> None:
    assert {f.name: f.value for f in (*INSTRUMENT.fields, *AGENT.fields) if f.value} == {
        "tick_size": "0.01", "lot_size": "1", "personality": "neutral", "starting_capital": "100000",
    }  # fmt: skip
    assert next(f.hint for f in INSTRUMENT.fields if f.name == "initial_price").startswith("e.g. ")


async def test_after_a_refusal_the_cursor_is_in_the_wrong_line(console: OpenConsole) -> None:
    async with console() as c:
        c.app.open_form("instrument")
        await c.settle()
        await c.press("N", "enter", "enter", "enter", "enter", "enter", "enter")
        assert isinstance(c.app.focused, Input)
        assert c.app.focused.id == "field-initial_price"
        assert "first price: please fill it in" in c.text()
