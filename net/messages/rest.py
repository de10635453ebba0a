"""Bodies of REST requests, and of every REST refusal."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engine.types import SelfTradePrevention
from net.messages.base import LINE, PROSE, CashField, NameField, PriceField, Shape, SymbolIdField


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


class ErrorBody(Shape, frozen=True, kw_only=True):
    """Body of every REST refusal."""

    code: str
    message: str
    field: str | None = None
