"""Whether SQLite has passed over whole commits in a write-ahead log.

SQLite reads its log up to the first frame whose checksum is wrong and takes that for the end, so one damaged byte makes
every later commit vanish without a word. A process that dies in the middle of a commit leaves frames after the end too,
but never a commit frame, because that is written last. So a commit frame of the current log after the end is damage.

Layout: https://www.sqlite.org/walformat.html
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">IIII")
_FRAME_HEADER_BYTES = 24
_BIG_ENDIAN_CHECKSUM = 0x377F0683
_SHM_MAX_FRAME_OFFSET = 16


def commits_passed_over(database: Path, page_bytes: int) -> int:
    """Commits in the log that SQLite does not see; needs an open connection that has read something."""
    wal, shm = Path(f"{database}-wal"), Path(f"{database}-shm")
    if not wal.exists() or not shm.exists():
        return 0
    with shm.open("rb") as index:
        index.seek(_SHM_MAX_FRAME_OFFSET)
        valid_frames = int.from_bytes(index.read(4), "little" if struct.pack("=H", 1)[0] else "big")
    with wal.open("rb") as log:
        header = log.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return 0
        frames = []
        step = _FRAME_HEADER_BYTES + page_bytes
        count = (wal.stat().st_size - _HEADER.size) // step
        for number in (0, *range(valid_frames, count)) if count else ():
            log.seek(_HEADER.size + number * step)
            frames.append(_FRAME.unpack(log.read(_FRAME.size)))
    if not frames:
        return 0
    _, _, *first_salts = frames[0]
    salts = list(_HEADER.unpack(header)[4:6])
    if valid_frames == 0:
        if _header_is_whole(header) and salts[0] == (first_salts[0] + 1) & 0xFFFFFFFF:
            return 0  # the log was just started afresh: its old frames are in the main file
        salts = first_salts
    return sum(1 for _, database_pages, *own in frames[1:] if database_pages and own == salts)


def _header_is_whole(header: bytes) -> bool:
    fields = _HEADER.unpack(header)
    words = struct.unpack(">6I" if fields[0] == _BIG_ENDIAN_CHECKSUM else "<6I", header[:24])
    first = second = 0
    for x, y in zip(words[::2], words[1::2], strict=True):
        first = (first + x + second) & 0xFFFFFFFF
        second = (second + y + first) & 0xFFFFFFFF
    return (first, second) == fields[6:8]
