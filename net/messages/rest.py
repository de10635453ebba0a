"""Bodies that only REST has: of requests, of every refusal, and of what an owner is told of an account."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.types import SelfTradePrevention
from net.messages.base import LINE, PROSE, CashField, NameField, PriceField, Shape, SymbolIdField
from net.messages.shapes import AgentShape


class CreateInstrument(Shape, frozen=True, kw_only=True):
    """Body of ``POST /api/instruments``."""

    ticker: Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^[A-Z0-9./@\-]+$(?!\n)")]
    initial_price: PriceField
    description: Annotated[str, Meta(max_length=256, pattern=LINE)] = ""
    industry: Annotated[str, Meta(max_length=64, pattern=LINE)] = ""
    tick_size: Annotated[float, Meta(gt=0, le=1e6)] = 0.01
    lot_size: Annotated[float, Meta(gt=0, le=1e6)] = 1.0


class CreateAgent(Shape, frozen=True, kw_only=True):
    """Body of ``POST /api/agents``."""

    name: NameField
    personality: Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)] = "neutral"
    starting_capital: CashField = 100_000.0
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_RESTING


class CreateNews(Shape, frozen=True, kw_only=True):
    """Body of ``POST /api/news``; ``sentiment`` is scored from the text when it is not given."""

    content: Annotated[str, Meta(min_length=1, max_length=4_096, pattern=PROSE)]
    headline: Annotated[str, Meta(max_length=256, pattern=LINE)] | None = None
    sentiment: Annotated[float, Meta(ge=-1, le=1)] | None = None
    instrument_id: SymbolIdField | None = None
    impact_type: Annotated[str, Meta(max_length=64, pattern=LINE)] | None = None
    source: Annotated[str, Meta(max_length=64, pattern=LINE)] | None = None


class AccountLimitsShape(Shape, frozen=True, kw_only=True):
    """What an account may do; null is unlimited."""

    short_selling: bool
    leverage: int
    """How many times its equity it may have at stake."""
    max_position: int | None
    """Lots of one instrument, long or short, counting working orders."""
    max_order_qty: int | None
    """Lots."""
    max_order_notional: float | None
    """In currency units."""
    max_working_orders: int | None
    max_orders_per_second: int | None


class OwnAgent(AgentShape, frozen=True, kw_only=True):
    """An agent with what only its owner is told, which is null for everybody else."""

    self_trade_prevention: SelfTradePrevention | None = None
    limits: AccountLimitsShape | None = None


class ErrorBody(Shape, frozen=True, kw_only=True):
    """Body of every REST refusal."""

    code: str
    message: str
    field: str | None = None
