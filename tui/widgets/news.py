"""News: headlines beside the market, and the full list with the price reaction."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Sequence
from typing import ClassVar

from tui.drawing.candles import clock_text
from tui.drawing.cells import Glyphs, Row, Span, centred, fill_row
from tui.drawing.table import Cells, Column
from tui.messages import OpenDetail
from tui.view import Headline
from tui.widgets.pane import LIST_HINTS, Pane
from tui.widgets.table import TablePane


def mood(sentiment: float, glyphs: Glyphs) -> Span:
    """Sentiment as a mark: ▲ good, ▼ bad, • neither."""
    if sentiment > 0.15:
        return (glyphs.up, "up")
    return (glyphs.down, "down") if sentiment < -0.15 else (glyphs.flat, "dim")


class NewsPane(Pane):
    """Newest headlines, wrapped."""

    NAME = "news"
    LETTER = "n"
    EVERY = 3

    def stamp(self) -> Hashable:
        return "frozen" if self.context.frozen else (self.context.view.news.version, self.waiting_stamp())

    def draw(self, width: int, height: int) -> Sequence[Row]:
        unready = self.unready(width, height)
        if unready is not None:
            return unready
        view, glyphs = self.context.view, self.look.glyphs
        rows: list[Row] = []
        for item in view.news:
            shape = item.shape
            ticker = view.ticker_of(shape.instrument_id) or "market"
            left: list[Span] = [mood(shape.sentiment, glyphs), (f" {clock_text(shape.created_at)} ", "dim")]
            left.append((ticker, "bright"))
            reaction = next((r for r in item.reactions if r is not None), None)
            if reaction is not None:
                left.append((f" {reaction:+.2%}", "up" if reaction > 0 else "down" if reaction < 0 else "dim"))
            rows.append(fill_row(left, width))
            lines = textwrap.wrap(shape.headline, max(8, width - 2)) or [""]
            rows += [fill_row((("  ", "text"), (text, "text")), width) for text in lines[:3]]
            if len(rows) >= height:
                break
        return rows or centred("no news", width, height)


class NewsList(TablePane[Headline]):
    """All headlines with sentiment and what the price did after them."""

    NAME = "news"
    LETTER = "n"
    EMPTY = "no news yet: g 7 publishes some"
    FOLLOWS = True
    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("time", 8),
        Column("", 1),
        Column("sym", 6, fits=True),
        Column("mood", 5, right=True, drop=3),
        Column("10 s", 6, right=True, drop=1),
        Column("60 s", 6, right=True, drop=2),
        Column("headline", 48, grow=1),
        Column("source", 12, drop=4),
    )
    HINTS = LIST_HINTS

    def data_stamp(self) -> Hashable:
        return self.context.view.news.version

    def records(self) -> Sequence[Headline]:
        return list(self.context.view.news)

    def identity(self, record: Headline) -> Hashable:
        return record.shape.id

    def cells(self, record: Headline) -> Cells:
        shape = record.shape
        reactions: list[Span] = []
        for reaction in record.reactions:
            text = "" if reaction is None else f"{reaction:+.2%}"
            reactions.append((text, "up" if (reaction or 0) > 0 else "down" if (reaction or 0) < 0 else "dim"))
        return (
            (clock_text(shape.created_at), "dim"), mood(shape.sentiment, self.look.glyphs),
            (self.context.view.ticker_of(shape.instrument_id) or "all", "bright"), (f"{shape.sentiment:+.2f}", "text"),
            *reactions, (shape.headline, "text"), (shape.source, "dim"),
        )  # fmt: skip

    def opened(self, record: Headline) -> None:
        self.post_message(OpenDetail(record))


class NewsReader(Pane):
    """The whole text of the selected headline."""

    NAME = "story"
    LETTER = "s"
    EVERY = 3

    def _item(self) -> Headline | None:
        found = self.screen.query(NewsList)
        return found.first().current() if found else None

    def stamp(self) -> Hashable:
        return self._item()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        item = self._item()
        if item is None:
            return centred("nothing selected", width, height)
        shape, view = item.shape, self.context.view
        rows: list[Row] = [fill_row(((line, "bright"),), width) for line in textwrap.wrap(shape.headline, width)]
        facts = f"{clock_text(shape.created_at)} · {shape.source} · {view.ticker_of(shape.instrument_id) or 'all'}"
        facts += f" · sentiment {shape.sentiment:+.2f}" + (f" · {shape.impact_type}" if shape.impact_type else "")
        rows += [fill_row(((facts, "dim"),), width), ((" " * width, "text"),)]
        for paragraph in shape.content.splitlines() or [""]:
            rows += [fill_row(((line, "text"),), width) for line in textwrap.wrap(paragraph, width) or [""]]
        return rows
