"""How good or bad a headline sounds: VADER's rules with the words of finance put right.

VADER (Hutto, Gilbert 2014, "VADER: a parsimonious rule-based model for sentiment analysis of social media text") knows
everyday words; some of them mean nothing or the opposite on an exchange. ``FINANCE_WORDS`` overrides those, on VADER's
own scale from -4 to 4.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Final, Protocol

FINANCE_WORDS: Final[dict[str, float]] = {
    # up
    "beat": 2.2, "beats": 2.2, "beating": 2.0, "tops": 2.0, "topped": 2.0, "outperform": 2.2, "outperforms": 2.2,
    "surge": 2.6, "surges": 2.6, "surged": 2.6, "soar": 2.8, "soars": 2.8, "soared": 2.8, "jumps": 2.0, "jumped": 2.0,
    "rally": 2.0, "rallies": 2.0, "climbs": 1.6, "rises": 1.5, "rose": 1.5, "gains": 1.7, "rebound": 1.8,
    "rebounds": 1.8, "upgrade": 2.0, "upgrades": 2.0, "upgraded": 2.0, "raises": 1.6, "raised": 1.4, "record": 1.4,
    "bullish": 2.4, "profit": 1.4, "profits": 1.4, "profitable": 1.8, "dividend": 1.2, "buyback": 1.8, "approval": 2.0,
    "approves": 2.0, "approved": 2.0, "expands": 1.4, "expansion": 1.2, "wins": 2.0, "lands": 1.4, "breakthrough": 2.6,
    "growth": 1.6, "exceeds": 1.8, "ahead": 1.0, "secures": 1.6,
    "takeover": 1.2, "premium": 1.4, "lifts": 1.6, "partnership": 1.2, "resumes": 1.2, "eases": 1.0,
    # down
    "miss": -2.0, "misses": -2.2, "missed": -2.0, "falls": -1.6, "fell": -1.6, "drops": -1.8, "dropped": -1.8,
    "slides": -1.8, "slid": -1.8, "slump": -2.4, "slumps": -2.4, "plunge": -2.8, "plunges": -2.8, "plunged": -2.8,
    "tumbles": -2.5, "tumbled": -2.5, "sinks": -2.2, "crash": -3.0, "crashes": -3.0, "downgrade": -2.0,
    "downgrades": -2.0, "downgraded": -2.0, "cuts": -1.6, "lowers": -1.6, "lowered": -1.4, "slashes": -2.2,
    "bearish": -2.4, "loss": -1.8, "losses": -2.0, "lawsuit": -2.0, "sued": -2.0, "probe": -1.8, "investigation": -1.8,
    "recall": -2.0, "recalls": -2.0, "layoffs": -1.8, "bankruptcy": -3.4, "insolvency": -3.2, "default": -2.6,
    "defaults": -2.6, "fraud": -3.2, "halts": -1.6, "halted": -1.6, "delays": -1.5, "delayed": -1.5, "delay": -1.5,
    "shortfall": -2.0, "weak": -1.6, "weaker": -1.6, "warns": -1.9, "warning": -1.8, "outage": -1.8, "strike": -1.6,
    "breach": -2.2, "resigns": -1.4, "tariffs": -1.4, "recession": -2.4, "slowdown": -1.8, "rejects": -1.8,
    "rejected": -1.8, "volatile": -0.6, "selloff": -2.4, "dilution": -1.6, "writedown": -2.2, "behind": -0.8,
    # neutral on an exchange, whatever they mean elsewhere
    "share": 0.0, "shares": 0.0, "stock": 0.0, "stocks": 0.0, "capital": 0.0, "gross": 0.0, "interest": 0.0,
    "interests": 0.0, "liability": 0.0, "tax": 0.0, "vice": 0.0, "crude": 0.0, "matter": 0.0, "trust": 0.0,
    "united": 0.0, "yields": 0.0, "option": 0.0, "options": 0.0, "energy": 0.0, "mine": 0.0, "bond": 0.0,
}  # fmt: skip


class _Analyzer(Protocol):
    def polarity_scores(self, text: str) -> dict[str, float]: ...


@lru_cache(maxsize=1)
def _analyzer() -> _Analyzer:
    """VADER with the finance list; loaded on first use because its import is slow."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it opens its lexicon with codecs.open
        analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(FINANCE_WORDS)
    scorer: _Analyzer = analyzer
    return scorer


@lru_cache(maxsize=512)
def score(text: str) -> float:
    """Sentiment of a headline, -1 (terrible) to 1 (wonderful)."""
    return _analyzer().polarity_scores(text)["compound"]
