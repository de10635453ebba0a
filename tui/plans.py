"""What the trading desk has in hand: orders about to be sent, questions that wait, an order that is being moved."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from engine.types import Side, TimeInForce
from tui.view import Market, OwnOrder, View

CONFIRM_S = 3.0
"""How long a ``y`` is waited for."""
STAGED_S = 15.0
"""How long an order waits for its Enter."""
ARMED_S = 300.0
"""How long ARMED lasts without a key."""
REPEAT_S = 0.12
"""A trading key that comes again within this time is a key that is held down."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An order that is about to be sent. ``ticks`` None is a market order."""

    symbol_id: int
    side: Side
    qty: float
    ticks: int | None
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    kind: str = "LMT"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for its key."""

    text: str
    key: str
    """Key that says yes: ``enter`` or ``y``."""
    start_key: str
    """Key that raised the question: held down, it neither answers nor asks again."""
    until: float
    do: Callable[[], Coroutine[Any, Any, object]]
    style: str = "text"


@dataclass(frozen=True, slots=True)
class Grab:
    """An order that is being moved."""

    order: OwnOrder
    ticks: int


@dataclass(slots=True)
class DeskSettings:
    """What a trader may set."""

    presets: list[float] = field(default_factory=lambda: [1.0, 5.0, 10.0, 25.0, 100.0])
    size: float = 10.0
    sweep: bool = False
    band: float = 0.02
    """How far from the best price a market order may go, as a fraction."""


def describe(plan: Plan, view: View) -> str:
    """The plan in words: BUY 25 ACME @ 100.30 LMT post."""
    market = view.markets.get(plan.symbol_id)
    qty = market.scale.exact(plan.qty) if market is not None else f"{plan.qty:g}"
    words = [plan.side.value.upper(), qty, view.ticker_of(plan.symbol_id)]
    if plan.kind != "MKT" and plan.ticks is not None and market is not None:
        words.append(f"@ {market.scale.text(plan.ticks)}")
    words.append(plan.kind)
    if plan.tif is not TimeInForce.GTC and plan.kind != "MKT":
        words.append(plan.tif.value)
    words += ["post"] * plan.post_only + ["reduce"] * plan.reduce_only
    return " ".join(words)


def at_market(plan: Plan, market: Market, band: float) -> Plan:
    """The plan as a market order: an IOC limit as far as the band (a fraction of the best price) allows."""
    best = market.depth.best_ask if plan.side is Side.BUY else market.depth.best_bid
    ticks = None
    if best is not None:
        reach = max(1, round(best * band))
        ticks = best + reach if plan.side is Side.BUY else max(1, best - reach)
    return replace(plan, ticks=ticks, tif=TimeInForce.IOC, post_only=False, kind="MKT")


def takes(plan: Plan, market: Market) -> bool:
    """Whether a limit order would meet the other side of the visible book."""
    depth = market.depth
    if plan.ticks is None:
        return True
    if plan.side is Side.BUY:
        return depth.best_ask is not None and plan.ticks >= depth.best_ask
    return depth.best_bid is not None and plan.ticks <= depth.best_bid
