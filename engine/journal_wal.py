"""Whether SQLite has passed over whole commits in a write-ahead log.

SQLite reads its log up to the first frame whose checksum is wrong and takes that for the end, so one damaged byte makes
every later commit vanish without a word. A process that dies while it commits leaves at most the frames of that one
commit after the end. So a commit frame of the current log after the end is a damaged or unfinished last commit, and
more than one, or one with frames after it, is damage. SQLite does not mind either when the log is cut short, or gone.

Layout: https://www.sqlite.org/walformat.html
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple, TypeAlias

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">4I")
_FRAME_HEADER_BYTES = 24
_BIG_ENDIAN_CHECKSUM = 0x377F0683
_SHM_MAX_FRAME = struct.Struct("=I")
_SHM_MAX_FRAME_OFFSET = 16
_FIRST_PAGE_BYTES = 65_536
"""The largest page that SQLite knows."""


class LogEnd(NamedTuple):
    """The end of a log as SQLite sees it, and what lies after it."""

    frames: int
    """Frames before the end."""
    commits: int = 0
    """Commit frames after it."""
    frames_after: int = 0
    """Frames after the last of these."""
    cut: bool = False
    """Whether the file ends in the middle of a frame of the current log."""
    missing: bool = False
    """Whether there is no log, or not even its first commit."""

    @property
    def torn(self) -> bool:
        """Whether only the last commit is not whole, as it is when a process dies over it."""
        return self.commits == 1 and not self.frames_after

    @property
    def damage(self) -> bool:
        """Whether whole commits are lost."""
        return self.commits > 0 and not self.torn


NO_LOG = LogEnd(0)
"""Of a log that is not looked at."""


def log_end(database: Path) -> LogEnd:
    """Look behind the end of the log of a database that nobody writes meanwhile; nothing of it is touched."""
    wal = Path(f"{database}-wal")
    if not wal.exists() or wal.stat().st_size < _HEADER.size:
        return LogEnd(0, missing=True)
    page_bytes, end = _as_sqlite_sees_it(database, wal)
    header, frames, rest = _read_frames(wal, page_bytes, end)
    if not frames:
        return LogEnd(0, missing=True)
    first, later = frames[0], frames[1:]
    salts: tuple[int, int] = _HEADER.unpack(header)[4:6]
    if end == 0:
        if _is_whole(header) and salts[0] == (first[2] + 1) & 0xFFFFFFFF:
            return LogEnd(end)  # the log was just started afresh: its old frames are in the main file
        salts = first[2:]

    def is_current(frame: _Frame) -> bool:
        return frame[2] == salts[0] or frame[3] == salts[1]  # an older log differs in both, a damaged frame in one

    current = [pages for _, pages, *_ in filter(is_current, later)]
    commits = [place for place, pages in enumerate(current) if pages]
    return LogEnd(
        frames=end,
        commits=len(commits),
        frames_after=len(current) - 1 - commits[-1] if commits else 0,
        cut=rest is not None and is_current(rest),
        missing=end == 0 and all(map(is_current, later)),
    )


def _as_sqlite_sees_it(database: Path, wal: Path) -> tuple[int, int]:
    """Bytes of a page, and frames of the log up to its end, as the index tells that SQLite makes of it.

    It is made for a copy elsewhere, because SQLite would write it beside the log, and could tidy the log away.
    """
    with tempfile.TemporaryDirectory(prefix="tradesim-") as elsewhere:
        copy = Path(elsewhere) / "journal"
        with database.open("rb") as file:
            copy.write_bytes(file.read(_FIRST_PAGE_BYTES))
        shutil.copyfile(wal, f"{copy}-wal")
        connection = sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)
        try:
            page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
            connection.execute("PRAGMA user_version").fetchone()  # reads: the index is made
            index = Path(f"{copy}-shm")
            end = _SHM_MAX_FRAME.unpack_from(index.read_bytes(), _SHM_MAX_FRAME_OFFSET)[0] if index.exists() else 0
        finally:
            connection.close()
    return page_bytes, end


_Frame: TypeAlias = tuple[int, int, int, int]
"""Page, size after commit (0 where none ends), and the two salts."""


def _read_frames(wal: Path, page_bytes: int, end: int) -> tuple[bytes, list[_Frame], _Frame | None]:
    """The log's header; the first frame and all from ``end`` on; and what there is of another one after them.

    Of what is too short to tell whose it is, it is said that it belongs to the frame before.
    """
    with wal.open("rb") as log:
        header = log.read(_HEADER.size)
        step = _FRAME_HEADER_BYTES + page_bytes
        count, rest = divmod(wal.stat().st_size - _HEADER.size, step)
        frames = []
        for number in (0, *range(end, count)) if count > 0 else ():
            log.seek(_HEADER.size + number * step)
            frames.append(_FRAME.unpack(log.read(_FRAME.size)))
        if not rest or not frames:
            return header, frames, None
        log.seek(_HEADER.size + count * step)
        last = log.read(_FRAME.size)
    return header, frames, _FRAME.unpack(last) if len(last) == _FRAME.size else frames[-1]


def _is_whole(header: bytes) -> bool:
    fields = _HEADER.unpack(header)
    words = struct.unpack(">6I" if fields[0] == _BIG_ENDIAN_CHECKSUM else "<6I", header[:24])
    first = second = 0
    for x, y in zip(words[::2], words[1::2], strict=True):
        first = (first + x + second) & 0xFFFFFFFF
        second = (second + y + first) & 0xFFFFFFFF
    return (first, second) == fields[6:8]
