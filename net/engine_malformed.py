"""Lines that are no valid request, and what is said about them."""

from __future__ import annotations

import msgspec

from engine.types import RejectCode
from net.engine_protocol import NO_REQUEST


class Malformed(msgspec.Struct, frozen=True):
    """A line that is no valid request; it keeps its place in the queue, so that answers stay in order."""

    id: int
    code: RejectCode
    message: str


class _OnlyId(msgspec.Struct, frozen=True):
    id: int = NO_REQUEST


_only_id = msgspec.json.Decoder(_OnlyId)


def malformed(line: bytes, error: Exception) -> Malformed:
    """Say what is wrong with a line, under its request id if one can be made out."""
    code = RejectCode.INVALID_MESSAGE if isinstance(error, msgspec.ValidationError) else RejectCode.INVALID_JSON
    try:
        request_id = _only_id.decode(line).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        request_id = NO_REQUEST
    return Malformed(id=request_id, code=code, message=str(error)[:200])
