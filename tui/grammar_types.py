"""What a line of the command language says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from engine.types import Side, TimeInForce


@dataclass(frozen=True, slots=True)
class Qty:
    """A quantity: ``units``, or a ``share`` (0 to 1) of the most that can be traded."""

    units: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A price: a ``value``, or ``offset`` ticks above a ``reference`` (bid, ask, mid, last)."""

    value: float | None = None
    reference: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """Place an order; without a price and not at the market, it joins the best price of its own side."""

    side: Side
    qty: Qty
    symbol: str | None = None
    price: Price | None = None
    market: bool = False
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False


class CancelWhat(Enum):
    """Which orders a cancel means."""

    ALL = "all"
    BIDS = "bids"
    ASKS = "asks"
    ORDER = "order"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel orders."""

    what: CancelWhat
    order_id: int | None = None
    price: Price | None = None
    symbol: str | None = None
    """Instrument; None is the current one, and without a screen all of them."""


@dataclass(frozen=True, slots=True)
class Move:
    """Change an order's price, quantity, or both."""

    order_id: int
    price: Price | None
    qty: Qty | None


@dataclass(frozen=True, slots=True)
class Flat:
    """Cancel the orders of an instrument (None: the current one) and close its position."""

    symbol: str | None


@dataclass(frozen=True, slots=True)
class Kill:
    """Cancel all, close all, disarm."""


@dataclass(frozen=True, slots=True)
class Show:
    """Tell what the account has: ``orders`` or ``positions``."""

    what: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """Trade another instrument."""

    ticker: str


@dataclass(frozen=True, slots=True)
class Go:
    """Show a screen."""

    mode: str


@dataclass(frozen=True, slots=True)
class Timeframe:
    """Candles of another interval."""

    interval: str


@dataclass(frozen=True, slots=True)
class Group:
    """Ticks a row of the ladder."""

    ticks: int


@dataclass(frozen=True, slots=True)
class AlertSpec:
    """Tell when ``watch`` (px, print, spread; clear forgets all) is above or below ``level``."""

    watch: str
    above: bool
    level: float


@dataclass(frozen=True, slots=True)
class Sim:
    """Control the simulation."""

    verb: str
    argument: float | None


@dataclass(frozen=True, slots=True)
class AgentVerb:
    """Add, pause, resume or kill an agent."""

    verb: str
    name: str
    personality: str


@dataclass(frozen=True, slots=True)
class NewsText:
    """Publish a headline; ``sentiment`` from -1 to 1."""

    sentiment: float
    symbol: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """Record what the console hears into a file."""

    file: str


@dataclass(frozen=True, slots=True)
class Replay:
    """Show a recording."""

    file: str
    speed: float


@dataclass(frozen=True, slots=True)
class Shot:
    """Save a picture of the screen."""

    kind: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Set:
    """Change a setting of this session."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ThemeName:
    """Change the theme."""

    name: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames a second."""

    hz: float


@dataclass(frozen=True, slots=True)
class Help:
    """Show all commands."""


@dataclass(frozen=True, slots=True)
class Tour:
    """Begin the tour."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Command: TypeAlias = (
    Order
    | Cancel
    | Move
    | Flat
    | Kill
    | Show
    | Symbol
    | Go
    | Timeframe
    | Group
    | AlertSpec
    | Sim
    | AgentVerb
    | NewsText
    | Record
    | Replay
    | Shot
    | Set
    | ThemeName
    | Rate
    | Help
    | Tour
    | Quit
)
