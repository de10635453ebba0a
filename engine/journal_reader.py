"""Reading a journal: groups in order, each checked; snapshots and marks."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.journal_errors import ADVICE, JournalCorrupt, JournalError
from engine.journal_files import FILE_NAME, boot_id, connect_alone, connect_to_read, explained, require_database
from engine.journal_format import FORMAT, GENESIS, Group
from engine.journal_lock import in_use, kept_from_writing
from engine.journal_wal import NO_LOG, LogEnd, log_end
from engine.service import state_digest
from engine.types import Durability

_FAST = 1

_DIGITS = 19
_PAGE_GROUPS = 256
_GROUPS = "SELECT first, count, sequence, records, crc, chain FROM groups WHERE first > ? ORDER BY first LIMIT ?"


class Snapshot(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The whole state after command ``number``, whose last event is ``sequence``."""

    number: int
    sequence: int
    time: int
    """Of command ``number``, ns."""
    hash: str
    chain: bytes
    crc: int
    packed: bytes
    """The state, compressed."""

    @classmethod
    def pack(cls, number: int, sequence: int, time: int, chain: bytes, state: bytes) -> Snapshot:
        """Make one; what takes time here may be done by another thread."""
        packed = zlib.compress(state, _FAST)
        return cls(number, sequence, time, state_digest(state), chain, zlib.crc32(packed), packed)

    def unpack(self) -> bytes:
        """The state; nothing, which no service restores, when another version packed it."""
        try:
            return zlib.decompress(self.packed)
        except zlib.error:
            return b""

    @property
    def whole(self) -> bool:
        """Whether this is what was written."""
        return self.crc == zlib.crc32(self.packed)


class Mark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The state hash after command ``number``, whose last event is ``sequence``."""

    number: int
    sequence: int
    hash: str


class JournalReader:
    """Reads a journal over an open connection. It changes nothing.

    ``open`` judges the files before a command is read, and ``groups`` each group that it reads: whoever starts from a
    journal, verifies, exports or replays it sees the same damage.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self.torn = ""
        """What the log lacks at its end, for a person; "" when nothing."""
        self.power_lost = False
        """Whether the machine went down since the last start, without a loss of power having been provided for."""
        self.damaged_from: int | None = None
        """First command of a damaged tail, once ``groups`` has met one."""
        self.snapshots_damaged = 0
        """Snapshots that are not what was written, among those that ``snapshots`` has come to."""
        self._connection = connection
        version = self.meta("format")
        if version != str(FORMAT):
            raise JournalError(
                f"{path} has format {version[:20]}, this version of tradesim-tui reads format {FORMAT}: "
                "open it with the version that wrote it"
            )

    @classmethod
    def open(cls, data_dir: Path, *, alone: bool = False, boot: str | None = None) -> JournalReader:
        """Open the journal of a data directory for reading, also while an engine writes it, and judge its files.

        Args:
            alone: nobody writes it meanwhile: see ``connect_alone``.
            boot: names the time since the machine was started; found out when left out.

        Raises:
            JournalError: there is none, or it cannot be read.
            JournalCorrupt: it is damaged before its end.
        """
        path = data_dir / FILE_NAME
        alone = alone or kept_from_writing(data_dir)
        if not path.exists():
            raise JournalError(f"there is no journal in {data_dir}")
        try:
            require_database(path)
            log = NO_LOG if not alone and in_use(data_dir) else log_end(path)
            connection = connect_alone(path, log.frames) if alone else connect_to_read(path)
        except (sqlite3.Error, OSError) as error:
            raise explained(path, error) from error
        try:
            reader = cls(connection, path)
            reader._judge(log, boot_id() if boot is None else boot)
        except JournalError:
            connection.close()
            raise
        return reader

    def _judge(self, log: LogEnd, boot: str) -> None:
        """Tell a loss that had to be expected from one that must not be."""
        notes = self._rows("SELECT key, value FROM meta")
        keys = [str(key) for key, _ in notes]
        if keys != sorted(set(keys)) or any(self.meta(str(key)) != str(value) for key, value in notes):
            raise JournalCorrupt(f"{self.path} is damaged in what is noted in it; {ADVICE}")
        last, least = self.last_number(), self.least_number()
        if last < least:
            lacks = f"it lacks commands {last + 1} to {least}, which it once had"
            raise JournalCorrupt(f"{self.path} is damaged at its end: {lacks}; {ADVICE}")
        running = not self.meta("stopped") and self.meta("epoch") != ""
        self.power_lost = (
            running and self.meta("boot_id") != boot and self.meta("durability") == Durability.PROCESS.value
        )
        if log.damage:
            self.torn = f"{self.path}-wal is damaged before its end: {log.commits} commits are unreadable"
            if not self.power_lost:
                raise JournalCorrupt(f"{self.torn}; {ADVICE}")
        elif log.torn:
            self.torn = f"the last commit in {self.path}-wal is not whole"
        elif log.cut:
            self.torn = f"{self.path}-wal is cut short: it ends in the middle of a commit"
        elif log.missing and running:
            self.torn = f"{self.path}-wal is gone or empty, though the engine had not stopped in order"

    @property
    def loss(self) -> str:
        """What was found to be missing at the end, for a person; "" while nothing was."""
        if self.damaged_from is not None:
            return f"{self.path} is damaged from command {self.damaged_from} on"
        return self.torn

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def meta(self, key: str) -> str:
        """A note about the journal; empty when it was never made."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else ""

    def last_number(self) -> int:
        """Number of the last command, by the last group alone."""
        return self._number("SELECT first + count - 1 FROM groups ORDER BY first DESC LIMIT 1")

    def least_number(self) -> int:
        """Number of a command that certainly was in the journal once."""
        noted = self.meta("least_number") or "0"
        if not (noted.isascii() and noted.isdigit() and len(noted) < _DIGITS):
            raise JournalCorrupt(f"{self.path} is damaged: it notes a number of commands as {noted[:40]!r}; {ADVICE}")
        return max(int(noted), self._kept_number())

    def snapshots(self) -> Iterator[Snapshot]:
        """The whole snapshots among those kept, newest first; counts the others in ``snapshots_damaged``."""
        self.snapshots_damaged = 0
        rows = self._rows("SELECT number, sequence, time, hash, chain, crc, state FROM snapshots ORDER BY number DESC")
        for row in rows:
            snapshot = _snapshot(row)
            if snapshot is None:
                self.snapshots_damaged += 1
            else:
                yield snapshot

    def marks(self) -> list[Mark]:
        """All marks, oldest first."""
        rows = self._rows("SELECT number, sequence, hash FROM marks ORDER BY number")
        try:
            return msgspec.convert(rows, list[Mark])
        except msgspec.ValidationError as error:
            raise JournalCorrupt(f"{self.path} is damaged in its marks of the state: {error}; {ADVICE}") from error

    def groups(self, last: int = 0, chain: bytes = GENESIS) -> Iterator[Group]:
        """Whole groups after command ``last``, where the chain has the value ``chain``.

        Ends before a damaged tail and sets ``damaged_from``. Holds no transaction between two pages of groups, so that
        a slow reader does not keep an engine from tidying its WAL.

        Raises:
            JournalCorrupt: a damaged or missing group is followed by a whole one.
        """
        while rows := self._rows(_GROUPS, last, _PAGE_GROUPS):
            for row in rows:
                group = _group(row)
                if group is None or not group.follows(last, chain):
                    self._require_tail(last)
                    self.damaged_from = last + 1
                    return
                last, chain = group.last, group.chain
                yield group

    def group_after(self, last: int) -> Group | None:
        """The group that follows command ``last``, its place in the chain unchecked."""
        rows = self._rows(_GROUPS, last, 1)
        return _group(rows[0]) if rows else None

    def _require_tail(self, last: int) -> None:
        """Raise unless everything after command ``last`` is damaged."""
        if self._kept_number() > last or any(_group(row) for row in self._rows(_GROUPS, last, -1)):
            raise JournalCorrupt(
                f"{self.path} is damaged at command {last + 1}, and there are whole ones after it; {ADVICE}"
            )

    def _kept_number(self) -> int:
        return self._number("SELECT max(number) FROM (SELECT number FROM snapshots UNION SELECT number FROM marks)")

    def _number(self, sql: str) -> int:
        rows = self._rows(sql)
        value = rows[0][0] if rows else 0
        return value if isinstance(value, int) else 0

    def _rows(self, sql: str, *values: str | int) -> list[tuple[object, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise explained(self.path, error) from error


def _snapshot(row: tuple[object, ...]) -> Snapshot | None:
    """The snapshot in a row, if it is what was written."""
    try:
        snapshot = msgspec.convert(row, Snapshot)
    except msgspec.ValidationError:
        return None
    return snapshot if snapshot.whole else None


def _group(row: tuple[object, ...]) -> Group | None:
    """The group in a row, if it is what was written."""
    try:
        group = msgspec.convert(row, Group)
    except msgspec.ValidationError:
        return None
    return group if group.whole else None
