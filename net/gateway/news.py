"""News as they are posted: what the poster left out is filled in here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine import commands
from engine.types import RejectCode
from net.gateway.orders import Refused
from net.gateway.shapes import SENTIMENT_SCALE
from net.messages import CreateNews
from net.sentiment import score

if TYPE_CHECKING:
    from collections.abc import Container

HEADLINE_CHARACTERS: Final = 80
DEFAULT_SOURCE: Final = "newsroom"


def news_command(news: CreateNews, listed: Container[int]) -> commands.PublishNews:
    """The command that publishes ``news``; raises ``Refused`` when it is about no listed instrument."""
    if news.instrument_id is not None and news.instrument_id not in listed:
        text = f"there is no instrument {news.instrument_id}"
        raise Refused(RejectCode.UNKNOWN_INSTRUMENT, text, "instrument_id")
    headline = news.headline or headline_of(news.content)
    sentiment = score(f"{headline}. {news.content}") if news.sentiment is None else news.sentiment
    return commands.PublishNews(
        headline=headline,
        content=news.content,
        sentiment=round(sentiment * SENTIMENT_SCALE),
        source=news.source or DEFAULT_SOURCE,
        symbol_id=news.instrument_id,
        impact_type=news.impact_type or "",
    )


def headline_of(content: str) -> str:
    """The first line of a text, cut at a word."""
    line = content.strip().splitlines()[0] if content.strip() else content
    if len(line) <= HEADLINE_CHARACTERS:
        return line
    return line[: HEADLINE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
