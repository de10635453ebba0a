"""The newsroom: stories that arrive in clusters, each with a true move of the value behind it.

Arrivals are a marked Hawkes process in its cluster form (Hawkes, Oakes 1974, "A cluster process representation of a
self-exciting process"): surprises come at a constant rate, and each story brings follow-ups. Texts come from a seeded
grammar; the true sentiment and move stay beside the text, so that each reader's error can be measured. A rumour moves
no value and is denied later. News that people publish take the same path: ``impact`` says what any headline does.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from agents import grammar
from agents.fundamental import student_t
from agents.market import usual_volatility
from agents.rng import stream
from agents.scenario import NewsSection
from engine.types import SymbolId

JUMP_DEGREES: Final = 3
SENTIMENT_SCALE: Final = 0.8
"""A standardised move of this size reads as sentiment 0.76."""
FOLLOW_UP_SHARE: Final = 0.4
"""A follow-up moves the value by about this share of its parent's move."""
POSTED_MOVE: Final = 0.013
POSTED_MOVE_MAX: Final = 0.04
MAX_FOLLOW_UPS: Final = 4
MAX_PENDING: Final = 256
WORTH_PROMISING = 1.2
"""Least size of the move behind a promised story, in usual ones."""
UNREPEATED: Final = 20
"""A paper that goes on repeats none of so many headlines."""
WORDINGS: Final = 8
MACRO_SHARE: Final = 0.6
MEMORY: Final = 128


class Subject(msgspec.Struct, frozen=True):
    """A company to write about. ``unit_ticks`` is the move a story of sentiment 1 is about."""

    symbol_id: SymbolId
    name: str
    industry: str
    unit_ticks: float
    beta: float = 1.0
    posted_ticks: float = 0.0
    """The move of a headline of sentiment 1 that somebody posted."""


def posted_move(price_ticks: float, volatility: float) -> float:
    """Ticks that a posted headline of sentiment 1 moves an instrument of this volatility (ticks per root second).

    As much as a usual day at the usual volatility, more with the square root of it, at most four percent.
    """
    usual = volatility / usual_volatility(round(price_ticks))
    return price_ticks * min(POSTED_MOVE * math.sqrt(usual), POSTED_MOVE_MAX)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What is published, and the truth behind it."""

    headline: str
    content: str
    symbol_id: SymbolId | None
    scope: str
    """company, sector, macro, rumour or denial; the wire's ``impact_type``."""
    sentiment: float
    """True sentiment, -1 to 1."""
    jumps: dict[SymbolId, float] = {}
    """Ticks by which each value moves."""


class _Due(msgspec.Struct, frozen=True, order=True):
    """A story that will be written at ``at`` seconds."""

    at: float
    number: int
    scope: str = msgspec.field(default="")
    symbol_id: int = 0
    move: float = 0.0


class Newsroom:
    """Writes stories in the order of time; times are seconds since its start."""

    def __init__(self, section: NewsSection, subjects: Sequence[Subject], seed: int) -> None:
        self.section = section
        self.subjects = {subject.symbol_id: subject for subject in subjects}
        self._seed = seed
        self._rng = stream(seed, "newsroom", "stories")
        self._recent: deque[str] | None = None
        """The newest headlines of a paper that goes on; None in a simulation, which may repeat itself."""
        self._due: list[_Due] = []
        self._count = 0
        self._told: dict[str, Story] = {}
        if section.enabled:
            for scope in ("macro", "sector", "company"):
                self._schedule_surprise(0.0, scope)

    def go_on(self, published: Sequence[str], number: int) -> None:
        """Carry on a paper that has published ``number`` stories, ``published`` the newest of them, newest last.

        The stories to come are drawn anew from the seed and ``number``, and repeat none of the newest headlines. Only
        the first call counts, at the newsroom's start.
        """
        if self._recent is not None:
            return
        self._recent = deque(published, UNREPEATED)
        if number and self.section.enabled:
            self._rng = stream(self._seed, "newsroom", f"stories after {number}")
            self._due = [due for due in self._due if due.number < 0]
            heapq.heapify(self._due)
            for scope in ("macro", "sector", "company"):
                self._schedule_surprise(0.0, scope)

    def promise(self, at: float) -> None:
        """Have a company story that matters written ``at`` seconds, besides those that come by themselves."""
        if self.section.enabled:
            move = student_t(self._rng, JUMP_DEGREES)
            self._follow_up(at, "company", 0, math.copysign(max(abs(move), WORTH_PROMISING), move))

    def write(self, now: float) -> list[Story]:
        """The stories that are due by ``now``."""
        stories = []
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            if due.number >= 0:
                self._schedule_surprise(due.at, due.scope)
            if self.subjects:
                story = self._write(due)
                if self._recent is not None:
                    if story.headline in self._recent:
                        continue  # nobody found new words for it
                    self._recent.append(story.headline)
                self.remember(story)
                stories.append(story)
        return stories

    def impact(self, headline: str, sentiment: float, symbol_id: SymbolId | None) -> dict[SymbolId, float]:
        """By how many ticks a headline heard on the wire moves each value: own stories by their truth, those that
        somebody posted by as much as one notices."""
        story = self._told.pop(headline, None)
        if story is not None:
            return story.jumps
        if symbol_id is not None:
            subject = self.subjects.get(symbol_id)
            return {symbol_id: sentiment * subject.posted_ticks} if subject else {}
        move = sentiment * MACRO_SHARE
        return {subject.symbol_id: move * subject.beta * subject.posted_ticks for subject in self.subjects.values()}

    def wrote(self, headline: str) -> bool:
        """Whether a headline is one of its own that was not heard yet."""
        return headline in self._told

    def usual_impact(self, sentiment: float, symbol_id: SymbolId | None) -> dict[SymbolId, float]:
        """By how many ticks an everyday story of this sentiment moves each value."""
        if symbol_id is not None:
            subject = self.subjects.get(symbol_id)
            return {symbol_id: sentiment * subject.unit_ticks} if subject else {}
        return self._spread(sentiment * MACRO_SHARE, list(self.subjects.values()))

    def _schedule_surprise(self, now: float, scope: str) -> None:
        section = self.section
        per_hour = {
            "macro": section.macro_per_hour,
            "sector": section.sector_per_hour,
            "company": section.company_per_hour,
        }[scope]
        if per_hour:
            self._count += 1
            heapq.heappush(self._due, _Due(now + self._rng.expovariate(per_hour / 3600), self._count, scope))

    def _follow_up(self, at: float, scope: str, symbol_id: SymbolId, move: float) -> None:
        if len(self._due) < MAX_PENDING:
            self._count += 1
            heapq.heappush(self._due, _Due(at, -self._count, scope, symbol_id, move))

    def _write(self, due: _Due) -> Story:
        move = due.move if due.number < 0 else student_t(self._rng, JUMP_DEGREES)
        if due.scope == "macro":
            return self._macro(due, move)
        if due.scope == "sector":
            return self._sector(move)
        if due.scope == "denial":
            return self._denial(due)
        symbol_ids = list(self.subjects)
        subject = self.subjects.get(due.symbol_id) or self.subjects[self._rng.choice(symbol_ids)]
        if due.number >= 0 and self._rng.random() < self.section.rumour_share:
            return self._rumour(due, subject, move)
        return self._company(due, subject, move)

    def _company(self, due: _Due, subject: Subject, move: float) -> Story:
        self._breed(due, subject.symbol_id, move)
        sentiment = math.tanh(move * SENTIMENT_SCALE)
        text = self._words(grammar.COMPANY, sentiment, name=subject.name)
        return Story(
            headline=text,
            content=f"{text}. The company is in {subject.industry or 'business'}.",
            symbol_id=subject.symbol_id,
            scope="company",
            sentiment=sentiment,
            jumps={subject.symbol_id: move * subject.unit_ticks},
        )

    def _macro(self, due: _Due, move: float) -> Story:
        self._breed(due, 0, move)
        sentiment = math.tanh(move * SENTIMENT_SCALE)
        text = self._words(grammar.MACRO, sentiment)
        jumps = self._spread(move * MACRO_SHARE, list(self.subjects.values()))
        return Story(headline=text, content=text, symbol_id=None, scope="macro", sentiment=sentiment, jumps=jumps)

    def _sector(self, move: float) -> Story:
        industries = sorted({subject.industry for subject in self.subjects.values()})
        industry = self._rng.choice(industries)
        members = [subject for subject in self.subjects.values() if subject.industry == industry]
        sentiment = math.tanh(move * SENTIMENT_SCALE)
        text = self._words(grammar.SECTOR, sentiment, sector=industry)
        return Story(
            headline=text,
            content=text,
            symbol_id=members[0].symbol_id if len(members) == 1 else None,
            scope="sector",
            sentiment=sentiment,
            jumps=self._spread(move * MACRO_SHARE, members),
        )

    def _rumour(self, due: _Due, subject: Subject, move: float) -> Story:
        sentiment = math.copysign(0.6, move)
        denied_at = due.at + self._rng.uniform(120.0, 600.0)
        self._follow_up(denied_at, "denial", subject.symbol_id, move)
        text = self._words(grammar.RUMOUR, sentiment, name=subject.name)
        return Story(headline=text, content=text, symbol_id=subject.symbol_id, scope="rumour", sentiment=0.0)

    def _denial(self, due: _Due) -> Story:
        subject = self.subjects.get(due.symbol_id) or next(iter(self.subjects.values()))
        text = self._words(grammar.DENIAL, math.copysign(1.0, due.move), name=subject.name)
        return Story(headline=text, content=text, symbol_id=subject.symbol_id, scope="denial", sentiment=0.0)

    def _words(self, table: dict[int, tuple[str, ...]], sentiment: float, *, name: str = "", sector: str = "") -> str:
        """A headline; other words are tried when it was printed lately."""
        for _ in range(WORDINGS):
            text = grammar.headline(table, sentiment, self._rng, name=name, sector=sector)
            if self._recent is None or text not in self._recent:
                break
        return text

    def _breed(self, due: _Due, symbol_id: SymbolId, move: float) -> None:
        """Schedule the follow-ups of a story: a geometric number with mean ``branching``."""
        section = self.section
        for _ in range(MAX_FOLLOW_UPS):
            if self._rng.random() >= section.branching / (1 + section.branching):
                break
            delay = self._rng.expovariate(1 / section.decay_s)
            self._follow_up(due.at + delay, due.scope, symbol_id, move * FOLLOW_UP_SHARE * self._rng.gauss(1.0, 0.5))

    def _spread(self, move: float, subjects: Sequence[Subject]) -> dict[SymbolId, float]:
        return {subject.symbol_id: move * subject.beta * subject.unit_ticks for subject in subjects}

    def remember(self, story: Story) -> None:
        """Keep the truth behind a story until it is heard."""
        self._told[story.headline] = story
        if len(self._told) > MEMORY:
            self._told.pop(next(iter(self._told)))
