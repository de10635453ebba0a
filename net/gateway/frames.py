"""WebSocket text frames made once and written to many connections (RFC 6455 §5.2, server side: no mask)."""

from __future__ import annotations

import struct
from typing import Final

from net.messages import ServerMessage, encode

_FIN_TEXT = 0x81
_LENGTH_16 = 126
_LENGTH_64 = 127
_MAX_16 = 1 << 16
_header_16 = struct.Struct("!BBH").pack
_HEADERS: Final = tuple(
    bytes((_FIN_TEXT, size)) if size < _LENGTH_16 else _header_16(_FIN_TEXT, _LENGTH_16, size) for size in range(1_024)
)
"""Headers by the size of the payload: nearly all messages are as small as these, and a header is made slowly."""


def text_frame(payload: bytes) -> bytes:
    """One unfragmented text frame around ``payload`` (UTF-8)."""
    size = len(payload)
    if size < len(_HEADERS):
        return _HEADERS[size] + payload
    if size < _MAX_16:
        return _header_16(_FIN_TEXT, _LENGTH_16, size) + payload
    return bytes((_FIN_TEXT, _LENGTH_64)) + size.to_bytes(8, "big") + payload


def message_frame(message: ServerMessage) -> bytes:
    """One frame that carries ``message``."""
    payload = encode(message)
    size = len(payload)
    return _HEADERS[size] + payload if size < len(_HEADERS) else text_frame(payload)
