"""What may follow in the command bar: candidates for the word that is being typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui import grammar
from tui.theme import THEMES


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that depend on the market: tickers, agents, own order ids."""

    tickers: Sequence[str] = ()
    agents: Sequence[str] = ()
    order_ids: Sequence[int] = ()


def candidates(text: str, words: Vocabulary) -> list[str]:
    """Lines that ``text`` could grow to by completing its last word, best first."""
    start = text.rfind(";") + 1
    command = text[start:].lstrip()
    typed = command.split()
    if not command or (len(typed) == 1 and not command.endswith(" ")):
        choices: Sequence[str] = list(grammar.RULES)
    else:
        done = typed if command.endswith(" ") else typed[:-1]
        choices = _choices(done, words)
    last = "" if command.endswith(" ") or not typed else typed[-1]
    head = text[: len(text) - len(last)]
    return [head + choice for choice in choices if choice.lower().startswith(last.lower()) and choice != last]


def _choices(done: Sequence[str], words: Vocabulary) -> Sequence[str]:
    verb = done[0].lower()
    previous = done[-1].lower()
    order_ids = [f"#{order_id}" for order_id in words.order_ids]
    if previous == "@":
        return ("bid", "ask", "mid", "last")
    if verb in ("buy", "b", "sell", "s"):
        if len(done) == 1:
            return ("max", "50%")
        return [*words.tickers, "@", "mkt", "post", "ioc", "fok", "reduce"]
    first: dict[str, Sequence[str]] = {
        "x": ("all", "bids", "asks", "@", *order_ids, *words.tickers),
        "cancel": ("all", "bids", "asks", "@", *order_ids, *words.tickers),
        "mv": order_ids,
        "flat": words.tickers,
        "sym": words.tickers,
        "go": grammar.MODES,
        "tf": grammar.TIMEFRAMES,
        "alert": ("px>", "print>", "spread>", "clear"),
        "sim": grammar.SIM_VERBS,
        "agent": grammar.AGENT_VERBS,
        "news": tuple(grammar.MOODS),
        "shot": ("svg", "png"),
        "set": grammar.SETTINGS,
        "theme": THEMES,
    }
    if len(done) == 1:
        return first.get(verb, ())
    if verb == "agent" and len(done) == 2:
        return words.agents
    if verb == "news" and len(done) == 2:
        return words.tickers
    if verb == "mv":
        return ("@", "*")
    return ("on", "off") if verb == "set" and previous in ("sweep", "bell") else ()
