"""What agents hear and what they answer: events in, intents out. Immutable; ticks, lots and nanoseconds.

An agent never sends anything itself: the driver (a live connection or the virtual clock) carries its intents out.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from engine.types import Liquidity, Side, SymbolId, TimeInForce

TimerKey: TypeAlias = int | str


class Event(msgspec.Struct, frozen=True, gc=False):
    """Base of what an agent hears."""


class Listed(Event, frozen=True, gc=False):
    """An instrument can be traded from now on: told once for each at the start, and when one is added."""

    symbol_id: SymbolId


class Delisted(Event, frozen=True, gc=False):
    """An instrument is gone."""

    symbol_id: SymbolId


class Book(Event, frozen=True, gc=False):
    """A book changed; its new state is in the market view."""

    symbol_id: SymbolId


class Trade(Event, frozen=True, gc=False):
    """A public print; ``side`` is the aggressor's, None in an auction."""

    symbol_id: SymbolId
    price: int
    qty: int
    side: Side | None


class News(Event, frozen=True, gc=False):
    """A headline everybody may read. ``sentiment`` is what its publisher says of it, -1 to 1."""

    headline: str
    content: str = ""
    sentiment: float = 0.0
    symbol_id: SymbolId | None = None
    """None when it is about the whole market."""
    source: str = ""
    news_id: int = 0


class Repriced(Event, frozen=True, gc=False):
    """A headline from outside the newsroom moved an instrument's value by ``ticks``; told to those that quote it."""

    symbol_id: SymbolId
    ticks: float


class Fill(Event, frozen=True, gc=False):
    """An own order traded. ``ref`` is the one its intent carried, 0 for a quote."""

    symbol_id: SymbolId
    side: Side
    price: int
    qty: int
    liquidity: Liquidity
    leaves_qty: int
    ref: int = 0


class Done(Event, frozen=True, gc=False):
    """An own order left the market unfilled, or was refused (``code`` says why)."""

    symbol_id: SymbolId
    ref: int
    code: str = ""


class Timer(Event, frozen=True, gc=False):
    """A ``Wake`` came due."""

    key: TimerKey


class Answer(Event, frozen=True, gc=False):
    """A language model answered an ``Ask``, or failed to (``error`` says how)."""

    key: TimerKey
    text: str = ""
    error: str = ""
    latency_ms: float = 0.0
    cost: float = 0.0
    """Currency units."""


AgentEvent: TypeAlias = Listed | Delisted | Book | Trade | News | Repriced | Fill | Done | Timer | Answer


class Intent(msgspec.Struct, frozen=True, gc=False):
    """Base of what an agent wants done."""


class New(Intent, frozen=True, gc=False):
    """Place an order; without a price it is a market order. ``ref`` is the agent's own number for it, 0 for none."""

    symbol_id: SymbolId
    side: Side
    qty: int
    price: int | None = None
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    ref: int = 0
    display_qty: int | None = None


class Cancel(Intent, frozen=True, gc=False):
    """Cancel the order placed as ``ref``."""

    symbol_id: SymbolId
    ref: int


class Replace(Intent, frozen=True, gc=False):
    """Change price or open quantity of the order placed as ``ref``."""

    symbol_id: SymbolId
    ref: int
    price: int | None = None
    qty: int | None = None


class CancelAll(Intent, frozen=True, gc=False):
    """Cancel all own orders, or those in one instrument."""

    symbol_id: SymbolId | None = None


class Quotes(Intent, frozen=True, gc=False):
    """Replace all own quotes in one instrument: ``(price, qty)`` pairs, best first."""

    symbol_id: SymbolId
    bids: tuple[tuple[int, int], ...] = ()
    asks: tuple[tuple[int, int], ...] = ()


class Wake(Intent, frozen=True, gc=False):
    """Be told ``Timer(key)`` at time ``at``."""

    at: int
    key: TimerKey


class Explain(Intent, frozen=True, gc=False):
    """Tell whoever watches what was decided and why; changes nothing in the market."""

    stage: str
    """llm, ml or heuristic."""
    action: str
    why: str
    symbol_id: SymbolId | None = None
    confidence: float | None = None
    latency_ms: float | None = None
    cost: float | None = None
    fell_back_from: str | None = None


class Ask(Intent, frozen=True, gc=False):
    """Put a question to the language model; the ``Answer`` comes with the same ``key``."""

    key: TimerKey
    system: str
    prompt: str
    state: str
    """The rounded state the prompt was made of: equal states may be answered from the cache."""


AgentIntent: TypeAlias = New | Cancel | Replace | CancelAll | Quotes | Wake | Explain | Ask
