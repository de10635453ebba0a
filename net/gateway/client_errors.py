"""What a client is told about a message that could not be understood."""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import get_args

import msgspec
from msgspec.structs import fields

from engine.types import RejectCode
from net.messages import AnyClientMessage, Error, ErrorData, RequestIdField
from net.messages.base import LINE, PROSE

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that decoding a client's bytes may raise; a ``msgspec.ValidationError`` is a ``DecodeError``."""

_PATH = re.compile(r" - at `(?:key in )?`?\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_UNKNOWN_WORD = re.compile(r"Invalid enum value (?P<word>'.*') - at ", re.DOTALL)


def field_of(message: str) -> str | None:
    """The field that a msgspec error is about, as a path from the message's root."""
    found = _PATH.search(message)
    path = found["path"].lstrip(".") if found else ""
    missing = _MISSING.search(message)
    if missing:
        path = f"{path}.{missing['name']}" if path else missing["name"]
    return path or None


def decode_error(error: Exception, request_id: str | int | None = None) -> ErrorData:
    """Code, message and field for what decoding raised."""
    if isinstance(error, msgspec.ValidationError):
        text = str(error)
        field = field_of(text)
        if any(repr(pattern) in text for pattern in (LINE, PROSE)):
            text = f"{field} must be free of control characters"
        unknown = _UNKNOWN_WORD.match(text)
        if unknown and field in _choices():
            text = f"{field} is {_choices()[field]}, not {unknown['word']}"
        return ErrorData(code=RejectCode.INVALID_MESSAGE, message=text, field=field, request_id=request_id)
    if isinstance(error, RecursionError):
        return ErrorData(code=RejectCode.INVALID_JSON, message="nested too deep")
    if isinstance(error, UnicodeDecodeError):
        return ErrorData(code=RejectCode.INVALID_JSON, message="not UTF-8")
    return ErrorData(code=RejectCode.INVALID_JSON, message=str(error))


@cache
def _choices() -> dict[str, str]:
    """Fields of requests that take one of a few words, and which."""
    return {
        field.encode_name: " or ".join(", ".join(choice.value for choice in kind).rsplit(", ", 1))
        for message in get_args(AnyClientMessage)
        for field in fields(message)
        for kind in (field.type, *get_args(field.type))
        if isinstance(kind, type) and issubclass(kind, Enum)
    }


class _Named(msgspec.Struct):
    request_id: RequestIdField | None = None


_name_decoder = msgspec.json.Decoder(_Named)


def request_id_of(payload: bytes) -> str | int | None:
    """The id of a request that is no valid message, if that much of it can be read."""
    try:
        return _name_decoder.decode(payload).request_id
    except UNDECODABLE:
        return None


def error_message(
    code: RejectCode, message: str, field: str | None = None, request_id: str | int | None = None
) -> Error:
    """An ``error`` message."""
    return Error(data=ErrorData(code=code, message=message, field=field, request_id=request_id))
