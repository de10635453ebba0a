"""Where WebSocket frames begin and end, so that the plain ones need no protocol machine.

Nearly all that clients send is a text frame that is masked, unfragmented and whole. Such frames are unmasked here,
which costs a fifth of what the generators of ``websockets`` take; all others, and every violation, are left to
``websockets.server.ServerProtocol``. For that it must be known where a frame begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

apply_mask: Callable[[bytes, bytes], bytes]
try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

WHOLE_TEXT: Final = 0x81
"""First byte of an unfragmented text frame without extensions."""
_MASKED: Final = 0x80
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
_MASK_BYTES: Final = 4


class FrameTracker:
    """Follows one client's bytes. ``between_frames`` is whether the next byte begins a frame, as far as is known."""

    __slots__ = ("_lost", "_missing", "between_frames")

    def __init__(self) -> None:
        self.between_frames = False
        self._missing = 0
        """Bytes of the frame under way that have not come yet."""
        self._lost = True
        """It is not known where frames begin: before the first one, and after a header that came in pieces."""

    def start(self) -> None:
        """The next byte begins a frame."""
        self.between_frames, self._lost = True, False

    def skip(self, data: bytes) -> None:
        """Take note of bytes that the protocol machine parses."""
        if self._lost:
            return
        position, end = self._missing, len(data)
        while position < end:
            size = frame_size(data, position)
            if size is None:
                self._lost, self.between_frames = True, False
                return
            position += size
        self._missing = position - end
        self.between_frames = self._missing == 0


def frame_size(data: bytes, start: int) -> int | None:
    """Size of the frame that begins at ``start``, header included; None when its header is incomplete."""
    if len(data) < start + 2:
        return None
    second = data[start + 1]
    length = second & 0x7F
    header = 2 + (_MASK_BYTES if second & _MASKED else 0)
    if length == _LENGTH_16:
        if len(data) < start + 4:
            return None
        return header + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    if length == _LENGTH_64:
        if len(data) < start + 10:
            return None
        return header + 8 + int.from_bytes(data[start + 2 : start + 10], "big")
    return header + length


def plain_texts(data: bytes, max_bytes: int) -> tuple[list[bytes], int]:
    """Payloads of the plain text frames that ``data``, a frame's beginning, begins with; and where they end."""
    texts: list[bytes] = []
    position, end = 0, len(data)
    while end - position > 6 and data[position] == WHOLE_TEXT:
        second = data[position + 1]
        length, start = second & 0x7F, position + 6
        if length == _LENGTH_16:
            if end - position < 8:
                break
            length, start = (data[position + 2] << 8) | data[position + 3], position + 8
        if not second & _MASKED or length == _LENGTH_64 or length > max_bytes or end - start < length:
            break
        texts.append(apply_mask(data[start : start + length], data[start - 4 : start]))
        position = start + length
    return texts, position
