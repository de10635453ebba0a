"""The forms of an answer of ``/exchange``."""

from __future__ import annotations

Answer = dict[str, object]


class Undecodable(Exception):
    """The body is no request of ours."""


def default() -> Answer:
    """Done, and there is nothing to say."""
    return ok("default")


def ok(kind: str, data: object = None) -> Answer:
    """Done, with data."""
    response: dict[str, object] = {"type": kind}
    if data is not None:
        response["data"] = data
    return {"status": "ok", "response": response}


def err(text: str) -> Answer:
    """The whole request is refused."""
    return {"status": "err", "response": text}
