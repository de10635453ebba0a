"""What a model is asked for, and what counts as an answer."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

PROMPT_VERSION: Final = "1"
"""Part of the cache key: change it with the prompt or the schema."""
MAX_REASON: Final = 200

SYSTEM: Final = (
    "You trade on a simulated stock exchange with made-up companies. Decide on one action for one instrument. "
    'Answer only with JSON: {"action": "BUY", "SELL" or "HOLD", "ticker": one of the tickers given, '
    '"size": "small", "medium" or "large", "confidence": 0 to 1, "reason": one short sentence}.'
)


class ModelDecision(msgspec.Struct, frozen=True):
    """A valid answer."""

    action: Literal["BUY", "SELL", "HOLD"]
    ticker: str
    size: Literal["small", "medium", "large"] = "small"
    confidence: float = 0.5
    """0 to 1; models answer in percent, too, and schemas do not hold them to a range: it is cut."""
    reason: str = ""


class BadAnswerError(ValueError):
    """Not a decision; says what is wrong with it."""


def schema(tickers: tuple[str, ...]) -> dict[str, object]:
    """The JSON schema of an answer, for ``response_format``."""
    return {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": ["BUY", "SELL", "HOLD"]},
            "ticker": {"type": "string", "enum": list(tickers)},
            "size": {"type": "string", "enum": ["small", "medium", "large"]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "reason": {"type": "string", "maxLength": MAX_REASON},
        },
        "required": ["action", "ticker", "size", "confidence", "reason"],
        "additionalProperties": False,
    }


def parse(text: str, tickers: tuple[str, ...]) -> ModelDecision:
    """Check an answer; text around the JSON object is forgiven, anything else is a ``BadAnswerError``."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    if found is None:
        raise BadAnswerError("there is no JSON object in it")
    try:
        decision = msgspec.json.decode(found.group(), type=ModelDecision)
    except msgspec.DecodeError as error:
        raise BadAnswerError(str(error)) from error
    if decision.ticker not in tickers:
        raise BadAnswerError(f"ticker {decision.ticker!r} is none of {', '.join(tickers)}")
    return msgspec.structs.replace(
        decision,
        confidence=min(max(decision.confidence, 0.0), 1.0),
        reason=" ".join(decision.reason.split())[:MAX_REASON],
    )
