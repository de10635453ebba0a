"""The command language: text in, commands out."""

from __future__ import annotations

import pytest

from engine.types import Side, TimeInForce
from tui import grammar_types as g
from tui.completion import Vocabulary, candidates
from tui.grammar import EXAMPLES, RULES, GrammarError, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 10 ACME @ 100.5", g.Order(Side.BUY, g.Qty(units=10), "ACME", g.Price(value=100.5))),
        ("b 2k", g.Order(Side.BUY, g.Qty(units=2000))),
        ("sell max mkt", g.Order(Side.SELL, g.Qty(share=1.0), market=True)),
        ("s 50% acme @bid-2 ioc", g.Order(Side.SELL, g.Qty(share=0.5), "ACME", g.Price(reference="bid", offset=-2),
                                          tif=TimeInForce.IOC)),
        ("buy 1 @ mid post reduce", g.Order(Side.BUY, g.Qty(units=1), None, g.Price(reference="mid"), post_only=True,
                                            reduce_only=True)),
        ("x all", g.Cancel(g.CancelWhat.ALL)),
        ("x #42", g.Cancel(g.CancelWhat.ORDER, order_id=42)),
        ("x @100.5", g.Cancel(g.CancelWhat.PRICE, price=g.Price(value=100.5))),
        ("cancel all", g.Cancel(g.CancelWhat.ALL)),
        ("cancel ACME @ 100.5", g.Cancel(g.CancelWhat.PRICE, price=g.Price(value=100.5), symbol="ACME")),
        ("cancel acme", g.Cancel(g.CancelWhat.ALL, symbol="ACME")),
        ("x beta asks", g.Cancel(g.CancelWhat.ASKS, symbol="BETA")),
        ("orders", g.Show("orders")),
        ("mv #42 @ ask+1 * 20", g.Move(42, g.Price(reference="ask", offset=1), g.Qty(units=20))),
        ("mv 42 *20", g.Move(42, None, g.Qty(units=20))),
        ("flat", g.Flat(None)),
        ("flat beta", g.Flat("BETA")),
        ("kill", g.Kill()),
        ("sym beta", g.Symbol("BETA")),
        ("go agents", g.Go("agents")),
        ("tf 5s", g.Timeframe("5s")),
        ("group 5", g.Group(5)),
        ("alert px>101", g.AlertSpec("px", True, 101.0)),
        ("alert spread > 3t", g.AlertSpec("spread", True, 3.0)),
        ("sim speed x4", g.Sim("speed", 4.0)),
        ("agent add scalper aggressive", g.AgentVerb("add", "scalper", "aggressive")),
        ('news bad ACME "a fire; two injured"', g.NewsText(-0.7, "ACME", "a fire; two injured")),
        ('news good "rates fall"', g.NewsText(0.7, None, "rates fall")),
        ("replay a.jsonl x10", g.Replay("a.jsonl", 10.0)),
        ("shot png", g.Shot("png", None)),
        ("set band 1%", g.Set("band", "1%")),
        ("theme light", g.ThemeName("light")),
        ("rate 4", g.Rate(4.0)),
    ],
)  # fmt: skip
def test_a_line_means_one_command(text: str, expected: g.Command) -> None:
    assert parse(text) == [expected]


def test_a_semicolon_chains_commands() -> None:
    assert parse("x all; flat; sym BETA") == [g.Cancel(g.CancelWhat.ALL), g.Flat(None), g.Symbol("BETA")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bu 10", "did you mean buy"),
        ("buy", "expected a quantity"),
        ("buy ten", "not a quantity"),
        ("buy 0", "not a quantity"),
        ("buy 10 ACME @ cheap", "not a price"),
        ("buy 10 mkt @ 5", "a market order has no price"),
        ("buy 150%", "not a share"),
        ("buy 10 ACME BETA", "not understood: BETA"),
        ("x #everything", "not an order"),
        ("mv #42", "needs a new price"),
        ("go nowhere", "not a screen"),
        ("news good", "expected the headline"),
        ('news good "open', "not closed"),
        ("alert soon", "an alert is"),
        ("sim speed", "expected a number"),
        ("sim speed fast", "speed: 'fast' is not a number above 0"),
        ("sim speed 0", "speed: '0' is not a number above 0"),
        ("kill now", "not understood: now"),
    ],
)
def test_what_is_not_understood_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(GrammarError, match=told):
        parse(text)


def test_every_command_has_an_example_and_every_example_parses() -> None:
    shown = {text.split()[0] for text, _does in EXAMPLES} | {"s"}
    assert shown >= set(RULES) - {"s"}
    for text, _does in EXAMPLES:
        assert parse(text)


WORDS = Vocabulary(["ACME", "BETA"], ["noise-1"], [42])


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("bu", "buy"),
        ("sym B", "sym BETA"),
        ("buy 10 A", "buy 10 ACME"),
        ("buy 10 ACME @ b", "buy 10 ACME @ bid"),
        ("x #", "x #42"),
        ("go ag", "go agents"),
        ("agent kill n", "agent kill noise-1"),
        ("x all; sym A", "x all; sym ACME"),
        ("theme l", "theme light"),
    ],
)
def test_tab_completes_the_word_being_typed(text: str, first: str) -> None:
    assert candidates(text, WORDS)[0] == first
