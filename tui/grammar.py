"""The language of the command bar, of ``tradesim-tui do`` and of scripts: text in, commands out. Knows no market.

::

    order   := (buy|b|sell|s) qty [SYM] [@ price] [mkt] [gtc|day|ioc|fok] [post] [reduce]
    qty     := number[k|m] | max | N%
    price   := number | (bid|ask|mid|last)[+ticks|-ticks]
    cancel  := (x|cancel) (#id | [SYM] [all|bids|asks|@ price])       move  := mv #id [@ price] [* qty]
    others  := flat [SYM] | kill | orders | positions | sym SYM | go MODE | tf 5s | group TICKS
             | alert CONDITION | sim VERB [ARG] | agent (add|pause|resume|kill) NAME [PERSONALITY]
             | news (good|bad|flat) [SYM] "text" | rec FILE | replay FILE [xN] | shot (svg|png) [FILE]
             | set KEY VALUE | theme NAME | rate HZ | help | tour | quit

``;`` chains commands; text in double quotes is one word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from engine.types import Side, TimeInForce
from tui.grammar_types import (
    AgentVerb,
    AlertSpec,
    Cancel,
    CancelWhat,
    Command,
    Flat,
    Go,
    Group,
    Help,
    Kill,
    Move,
    NewsText,
    Order,
    Price,
    Qty,
    Quit,
    Rate,
    Record,
    Replay,
    Set,
    Shot,
    Show,
    Sim,
    Symbol,
    ThemeName,
    Timeframe,
    Tour,
)

MODES: Final = ("trade", "markets", "agents", "blotter", "performance", "news", "admin")
TIMEFRAMES: Final = ("1s", "5s", "15s", "1m", "5m", "15m", "1h")
TIFS: Final = {"gtc": TimeInForce.GTC, "day": TimeInForce.DAY, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
SIM_VERBS: Final = ("start", "pause", "step", "speed", "reset")
AGENT_VERBS: Final = ("add", "pause", "resume", "kill")
MOODS: Final = {"good": 0.7, "bad": -0.7, "flat": 0.0}
SETTINGS: Final = ("size", "sweep", "band", "bell", "presets")

_NUMBER = re.compile(r"^(\d+(?:\.\d*)?|\.\d+)([km]?)$", re.IGNORECASE)
_REFERENCE = re.compile(r"^(bid|ask|mid|last)(?:([+-])(\d+))?$", re.IGNORECASE)
_ALERT = re.compile(r"^(px|print|spread)\s*([<>])\s*(\d+(?:\.\d*)?)t?$", re.IGNORECASE)
_TOKEN = re.compile(r'"([^"]*)("?)|(;)|([@*])|([^\s;@*"]+)')


class GrammarError(ValueError):
    """The text is not a command; says in one line what was expected."""


class Words:
    """The words of one command, taken from the left."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)

    def __bool__(self) -> bool:
        return bool(self._words)

    def peek(self) -> str:
        """The next word in small letters, empty at the end."""
        return self._words[0].lower() if self._words else ""

    def take(self, expected: str) -> str:
        """The next word as it was written; an error naming what was expected at the end."""
        if not self._words:
            raise GrammarError(f"expected {expected}")
        return self._words.pop(0)

    def accept(self, *choices: str) -> str | None:
        """The next word in small letters, if it is one of these."""
        return self.take("").lower() if self.peek() in choices else None

    def choice(self, choices: Sequence[str], expected: str) -> str:
        """The next word, which must be one of these."""
        word = self.take(f"{expected}: one of {', '.join(choices)}")
        if word.lower() not in choices:
            raise GrammarError(f"{word!r} is not {expected}: one of {', '.join(choices)}")
        return word.lower()

    def rest(self) -> str:
        """All words that are left."""
        words, self._words = self._words, []
        return " ".join(words)

    def end(self) -> None:
        """Nothing may be left."""
        if self._words:
            raise GrammarError(f"not understood: {' '.join(self._words)}")


def tokens(text: str) -> list[list[str]]:
    """Words of each command of a chain."""
    chains: list[list[str]] = [[]]
    for match in _TOKEN.finditer(text):
        quoted, closed, semicolon, mark, word = match.groups()
        if quoted is not None:
            if not closed:
                raise GrammarError('a quote (") is not closed')
            chains[-1].append(quoted)
        elif semicolon:
            chains.append([])
        else:
            chains[-1].append(mark or word)
    return [chain for chain in chains if chain]


def parse(text: str) -> list[Command]:
    """All commands of a line.

    Raises:
        GrammarError: with a line that says what was expected. Nothing of the chain is to be done then.
    """
    commands: list[Command] = []
    for chain in tokens(text):
        words = Words(chain)
        verb = words.take("a command").lower()
        rule = RULES.get(verb)
        if rule is None:
            near = [name for name in RULES if name.startswith(verb[:2])]
            hint = f": did you mean {' or '.join(near)}?" if near else "; help lists all"
            raise GrammarError(f"unknown command {verb!r}{hint}")
        commands.append(rule(words))
        words.end()
    return commands


def parse_qty(word: str) -> Qty:
    """A quantity: 25, 1.5, 2k, max, 50%."""
    if word.lower() == "max":
        return Qty(share=1.0)
    if word.endswith("%"):
        try:
            share = float(word[:-1]) / 100
        except ValueError:
            share = 0.0
        if not 0 < share <= 1:
            raise GrammarError(f"{word!r} is not a share: 1% to 100%")
        return Qty(share=share)
    match = _NUMBER.match(word)
    units = float(match[1]) * {"": 1, "k": 1e3, "m": 1e6}[match[2].lower()] if match else 0.0
    if units <= 0:
        raise GrammarError(f"{word!r} is not a quantity: a number, 2k, 50% or max")
    return Qty(units=units)


def parse_price(word: str) -> Price:
    """A price: 100.5, bid, ask-2, mid, last+1."""
    match = _REFERENCE.match(word)
    if match:
        offset = int(match[3] or 0) * (-1 if match[2] == "-" else 1)
        return Price(reference=match[1].lower(), offset=offset)
    number = _NUMBER.match(word)
    if number is None or number[2] or float(number[1]) <= 0:
        raise GrammarError(f"{word!r} is not a price: a number, or bid ask mid last with + or - ticks")
    return Price(value=float(number[1]))


def _order(side: Side) -> Callable[[Words], Command]:
    def rule(words: Words) -> Command:
        qty = parse_qty(words.take("a quantity"))
        symbol: str | None = None
        price: Price | None = None
        tif: TimeInForce | None = None
        market = post = reduce = False
        while words:
            word = words.peek()
            if words.accept("@"):
                price = parse_price(words.take("a price after @"))
            elif words.accept("mkt"):
                market = True
            elif words.accept("post"):
                post = True
            elif words.accept("reduce"):
                reduce = True
            elif word in TIFS:
                tif = TIFS[words.take("").lower()]
            elif symbol is None:
                symbol = words.take("").upper()
            else:
                words.end()
        if market and (price is not None or post):
            raise GrammarError("a market order has no price and is never post-only")
        return Order(side, qty, symbol, price, market, tif or TimeInForce.GTC, post, reduce)

    return rule


def _cancel(words: Words) -> Command:
    symbol: str | None = None
    if words.peek() not in ("@", "all", "bids", "asks"):
        word = words.take("all, bids, asks, #id, @price or an instrument")
        if word.startswith("#") or word.isdigit():
            return Cancel(CancelWhat.ORDER, order_id=_order_id(word))
        symbol = word.upper()
    if words.accept("@"):
        return Cancel(CancelWhat.PRICE, price=parse_price(words.take("a price after @")), symbol=symbol)
    return Cancel(CancelWhat(words.accept("all", "bids", "asks") or "all"), symbol=symbol)


def _order_id(word: str) -> int:
    digits = word.removeprefix("#")
    if not digits.isdigit():
        raise GrammarError(f"{word!r} is not an order: #42")
    return int(digits)


def _move(words: Words) -> Command:
    order_id = _order_id(words.take("an order: #42"))
    price: Price | None = None
    qty: Qty | None = None
    while words:
        if words.accept("@"):
            price = parse_price(words.take("a price after @"))
        elif words.accept("*"):
            qty = parse_qty(words.take("a quantity after *"))
        else:
            words.end()
    if price is None and qty is None:
        raise GrammarError("mv needs a new price (@ 100.5) or a new quantity (* 20)")
    return Move(order_id, price, qty)


def _flat(words: Words) -> Command:
    return Flat(words.take("").upper() if words else None)


def _alert(words: Words) -> Command:
    if words.accept("clear"):
        return AlertSpec("clear", True, 0.0)
    text = words.rest()
    match = _ALERT.match(text)
    if match is None:
        raise GrammarError("an alert is px>101, print>500, spread>3t or clear")
    return AlertSpec(match[1].lower(), match[2] == ">", float(match[3]))


def _sim(words: Words) -> Command:
    verb = words.choice(SIM_VERBS, "a simulation verb")
    argument: float | None = None
    if verb in ("speed", "reset"):
        word = words.take("a number").lower().removeprefix("x")
        match = _NUMBER.match(word)
        if match is None or (verb == "speed" and not float(match[1])):
            raise GrammarError(f"{verb}: {word!r} is not a number{' above 0' * (verb == 'speed')}")
        argument = float(match[1])
    return Sim(verb, argument)


def _agent(words: Words) -> Command:
    verb = words.choice(AGENT_VERBS, "an agent verb")
    name = words.take("the agent's name")
    return AgentVerb(verb, name, words.take("") if verb == "add" and words else "")


def _news(words: Words) -> Command:
    mood = words.choice(tuple(MOODS), "a mood")
    rest = [words.take("the headline, in quotes")]
    while words:
        rest.append(words.take(""))
    symbol = rest.pop(0).upper() if len(rest) > 1 and rest[0].isupper() and len(rest[0]) <= 16 else None
    return NewsText(MOODS[mood], symbol, " ".join(rest))


def _replay(words: Words) -> Command:
    file = words.take("a file")
    speed = 1.0
    if words:
        word = words.take("").lower()
        match = _NUMBER.match(word.removeprefix("x"))
        if match is None or not float(match[1]):
            raise GrammarError(f"{word!r} is not a speed: x10")
        speed = float(match[1])
    return Replay(file, speed)


def _shot(words: Words) -> Command:
    kind = words.accept("svg", "png") or "svg"
    return Shot(kind, words.take("") if words else None)


def _set(words: Words) -> Command:
    return Set(words.choice(SETTINGS, "a setting"), words.rest() or _missing("a value"))


def _missing(what: str) -> str:
    raise GrammarError(f"expected {what}")


def _number(words: Words, what: str) -> float:
    word = words.take(what)
    match = _NUMBER.match(word)
    if match is None or not float(match[1]):
        raise GrammarError(f"{word!r} is not {what}")
    return float(match[1])


RULES: Final[dict[str, Callable[[Words], Command]]] = {
    "buy": _order(Side.BUY),
    "b": _order(Side.BUY),
    "sell": _order(Side.SELL),
    "s": _order(Side.SELL),
    "x": _cancel,
    "cancel": _cancel,
    "mv": _move,
    "flat": _flat,
    "kill": lambda _words: Kill(),
    "orders": lambda _words: Show("orders"),
    "positions": lambda _words: Show("positions"),
    "sym": lambda words: Symbol(words.take("a ticker").upper()),
    "go": lambda words: Go(words.choice(MODES, "a screen")),
    "tf": lambda words: Timeframe(words.choice(TIMEFRAMES, "a timeframe")),
    "group": lambda words: Group(int(_number(words, "a number of ticks"))),
    "alert": _alert,
    "sim": _sim,
    "agent": _agent,
    "news": _news,
    "rec": lambda words: Record(words.take("a file")),
    "replay": _replay,
    "shot": _shot,
    "set": _set,
    "theme": lambda words: ThemeName(words.take("a theme")),
    "rate": lambda words: Rate(_number(words, "a number of frames a second")),
    "help": lambda _words: Help(),
    "tour": lambda _words: Tour(),
    "quit": lambda _words: Quit(),
}
"""One rule a verb."""

EXAMPLES: Final = (
    ("buy 10 ACME @ 100.5", "limit order"),
    ("b 25 @ bid+1 post", "one tick better than the best bid, post-only"),
    ("sell 50% mkt", "half of what can be sold, at the market"),
    ("buy max @ ask ioc", "all the cash, at once or never"),
    ("x all", "cancel all orders of the instrument"),
    ("x bids", "cancel all bids"),
    ("x #42", "cancel order 42"),
    ("x @ 100.5", "cancel the orders at a price"),
    ("cancel BETA bids", "cancel the bids of another instrument"),
    ("mv #42 @ bid * 20", "move an order, change its size"),
    ("flat", "cancel and close the instrument"),
    ("kill", "cancel all, close all, disarm"),
    ("orders", "the working orders"),
    ("positions", "what is held"),
    ("sym BETA", "trade another instrument"),
    ("go agents", "go to a screen"),
    ("tf 1m", "timeframe of the chart"),
    ("group 5", "ticks a row of the ladder"),
    ("alert px>101", "tell when the price is above"),
    ("alert print>500", "tell of a big print"),
    ("alert spread>3t", "tell of a wide spread"),
    ("alert clear", "forget all alerts"),
    ("sim pause", "pause all agents"),
    ("sim start", "let all agents go on"),
    ("sim speed 4", "simulation speed: agents, values and news four times as fast"),
    ("sim step", "a second of all agents, or one message of a recording"),
    ("agent add scalper aggressive", "create an agent"),
    ("agent pause noise-1", "pause an agent"),
    ("agent kill noise-1", "remove an agent"),
    ('news good ACME "ACME wins a contract"', "publish a headline"),
    ("rec session.jsonl", "record what the console hears"),
    ("replay session.jsonl x10", "show a recording"),
    ("shot png", "picture of the screen"),
    ("set size 25", "size of the next orders"),
    ("set sweep on", "marketable orders go without asking"),
    ("set band 1%", "how far a market order may go"),
    ("theme light", "another theme"),
    ("rate 4", "frames a second"),
    ("help", "all commands"),
    ("tour", "what to try first"),
    ("quit", "leave"),
)
"""Every command once, for the palette and the help."""
