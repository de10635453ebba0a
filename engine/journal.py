"""The journal: every command that changed the exchange, in one SQLite file, committed before it is acknowledged.

With ``journal_reader`` this is the one place of the engine that does I/O. ``DATA_DIR/journal.sqlite`` holds the
commands in groups (``journal_format``); now and then the whole state, so that a start need not begin at the first
command; and marks of the state hash, for ``recovery.verify``. It is in WAL mode: a commit appends to
``journal.sqlite-wal``, and ``checkpoint`` moves what has gathered there into the main file.

``Durability.PROCESS`` leaves it to the operating system when a commit reaches the disk: it survives the death of any
process. ``Durability.POWER`` waits for the disk at each commit.

An epoch names one unbroken history. A new one begins with a new journal, and whenever acknowledged commands may have
been lost: when a damaged tail was cut off, the WAL is cut short or gone, or the machine went down while durability was
``PROCESS``.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import IO

import msgspec

from engine.journal_errors import ADVICE, JournalCorrupt, JournalError
from engine.journal_files import FILE_NAME, connect_to_read, explained
from engine.journal_format import FORMAT, GENESIS, Group
from engine.journal_lock import lock_data_dir
from engine.journal_reader import JournalReader, Snapshot
from engine.journal_writer import GroupWriter
from engine.types import Durability

SNAPSHOTS_KEPT = 2
CHECKPOINT_BYTES = 16 << 20
"""Size of the WAL from which a checkpoint is due."""
WAL_LIMIT_BYTES = 128 << 20
"""Size of the WAL from which commits wait for a checkpoint, so that the WAL can start afresh."""
PAGE_BYTES = 4_096

READER_PATIENCE_S = 0.1
"""How long a checkpoint may wait for those who read the journal."""

_SCHEMA = """
BEGIN;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE groups (first INTEGER PRIMARY KEY, count INTEGER, sequence INTEGER, records BLOB, crc INTEGER, chain BLOB);
CREATE TABLE damaged (first INTEGER, count INTEGER, sequence INTEGER, records BLOB, crc INTEGER, chain BLOB);
CREATE TABLE snapshots
    (number INTEGER PRIMARY KEY, sequence INTEGER, time INTEGER, hash TEXT, chain BLOB, crc INTEGER, state BLOB);
CREATE TABLE marks (number INTEGER PRIMARY KEY, sequence INTEGER, hash TEXT);
COMMIT;
"""
_INSERT_GROUP = "INSERT INTO groups (first, count, sequence, records, crc, chain) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_SNAPSHOT = "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_MARK = "INSERT OR REPLACE INTO marks VALUES (?, ?, ?)"
_PRUNE_SNAPSHOTS = (
    "DELETE FROM snapshots WHERE number NOT IN (SELECT number FROM snapshots ORDER BY number DESC LIMIT ?)"
)


class Journal:
    """The journal of one data directory, open for writing. Get one from ``open``.

    First read it (``reader``, ``recovery.recover`` does), then ``begin``: before that nothing is written, so that a
    start which is refused leaves everything as it was. Then append each command to ``writer``, and discard it again if
    it changed nothing; then ``commit``, or ``seal`` and ``write`` apart, so that the write can be done by another
    thread.
    """

    _connection: sqlite3.Connection
    _insert: sqlite3.Cursor

    def __init__(self, reader: JournalReader, lock: IO[bytes], durability: Durability) -> None:
        self.path = reader.path
        self.durability = durability
        self.epoch = ""
        """Known once begun."""
        self.reader = reader
        self._lock = lock
        self._begun = False
        self._boot_id = ""
        self._new_epoch = ""
        self.writer = GroupWriter(0, GENESIS)
        """Collects the next group; to be used once begun, and not across ``begin``."""
        self._snapshot_number = 0
        self._written = 0
        self._wal_bytes = 0
        self.restart_due = False
        """Whether commits have kept the WAL from starting afresh for so long that ``restart_wal`` should be called."""

    @classmethod
    def open(cls, data_dir: Path, durability: Durability, *, new_epoch: str, boot_id: str) -> Journal:
        """Open the journal of a data directory, making it if there is none, and lock the directory.

        Args:
            new_epoch: a name never used before, taken if a new epoch begins.
            boot_id: names the time since the machine was started; "" where that is not known.

        Raises:
            JournalLocked: another engine uses the directory.
            JournalCorrupt: the journal is damaged before its end.
            JournalError: it cannot be read or written.
        """
        path = data_dir / FILE_NAME
        lock = lock_data_dir(data_dir)
        try:
            if not path.exists():
                _create(path)
            reader = JournalReader.open(data_dir, alone=True, boot=boot_id)
        except (sqlite3.Error, OSError, JournalError) as error:
            lock.close()
            raise error if isinstance(error, JournalError) else explained(path, error) from error
        journal = cls(reader, lock, durability)
        journal._boot_id, journal._new_epoch = boot_id, new_epoch
        return journal

    def begin(self, number: int, chain: bytes, *, snapshot_number: int = 0) -> None:
        """Be ready to write after command ``number``, once the journal has been read; cuts off a damaged tail.

        What was read is on the disk when this returns, even if it came from memory that a power cut would have lost.
        """
        self.epoch = self.reader.meta("epoch")
        cut = self.reader.damaged_from is not None
        log_is_damaged = bool(self.reader.torn) or self.reader.power_lost
        if self.reader.loss or self.reader.power_lost or not self.epoch:
            self.epoch = self._new_epoch
        notes = {
            "epoch": self.epoch,
            "boot_id": self._boot_id,
            "durability": self.durability.value,
            "least_number": str(number),
            "stopped": "",
        }
        connection = self._open_for_writing()
        if log_is_damaged:
            self.checkpoint(truncate=True)  # so that what lies after its end is not taken for damage again
        try:
            connection.execute("BEGIN IMMEDIATE")
            if cut:
                connection.execute("INSERT INTO damaged SELECT * FROM groups WHERE first > ?", (number,))
                connection.execute("DELETE FROM groups WHERE first > ?", (number,))
            self._note(**notes)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        if any(self.reader.meta(key) != value for key, value in notes.items()):
            raise JournalCorrupt(f"{self.path} is damaged: it does not keep what is noted in it; {ADVICE}")
        self.writer = GroupWriter(number, chain)
        self._snapshot_number = snapshot_number
        self._written = number
        self.checkpoint()  # not truncated: from here to an orderly stop, a log that is gone or empty has lost something

    def _open_for_writing(self) -> sqlite3.Connection:
        """Now that all is read. The reader's new connection is closed last: it keeps the log, see ``close``."""
        self.reader.close()
        try:
            self._connection = _connect(self.path, self.durability)
            self._insert = self._connection.cursor()
            self.reader = JournalReader(connect_to_read(self.path), self.path)
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        self._begun = True
        return self._connection

    # --- writing ----------------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """Number of the last command sealed."""
        return self.writer.last

    @property
    def since_snapshot(self) -> int:
        """Commands that a start would have to replay."""
        return self.writer.last - self._snapshot_number

    def seal(self, sequence: int) -> Group | None:
        """Close the group collected so far; ``sequence`` is the number of the last event. None when it is empty."""
        return self.writer.seal(sequence)

    def write(self, group: Group) -> None:
        """Make a group durable; it is when this returns. One thread at a time, in the order in which they were sealed.

        Raises:
            JournalError: it could not be written (the disk is full, say); the engine must not go on.
        """
        # As bytearray: of each bytes Python asks whether it has an adapter, for half as long as the insert takes.
        records, chain = bytearray(group.records), bytearray(group.chain)
        try:
            self._insert.execute(_INSERT_GROUP, (group.first, group.count, group.sequence, records, group.crc, chain))
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        self._written = group.last
        self._wal_bytes += len(group.records) + 8_192

    def commit(self, sequence: int) -> None:
        """Seal and write."""
        group = self.writer.seal(sequence)
        if group is not None:
            self.write(group)

    def snapshot(self, sequence: int, time: int, state: bytes) -> None:
        """Keep the whole state as it is after the last command, which must be written; raises as ``write`` does."""
        self.keep(Snapshot.pack(self.writer.last, sequence, time, self.writer.chain, state))

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a state as it was after a command, unless that was never written; by the thread that writes.

        Raises:
            JournalError: as ``write`` does.
        """
        if snapshot.number > self._written:
            return
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_INSERT_SNAPSHOT, msgspec.structs.astuple(snapshot))
            connection.execute(_INSERT_MARK, (snapshot.number, snapshot.sequence, snapshot.hash))
            connection.execute(_PRUNE_SNAPSHOTS, (SNAPSHOTS_KEPT,))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        self._snapshot_number = snapshot.number
        self._wal_bytes += len(snapshot.packed)

    # --- upkeep -----------------------------------------------------------------------------------------------------

    @property
    def checkpoint_due(self) -> bool:
        """Whether the WAL has grown so much that ``checkpoint`` should be called."""
        return self._wal_bytes >= CHECKPOINT_BYTES

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Move the WAL into the main file and wait for the disk. Any thread may call it, beside ``write``.

        Commits go on meanwhile, unless ``truncate`` is set. What they add is left for the next time; if that happens
        every time, ``restart_due`` says so at last.
        """
        self._wal_bytes = 0
        try:
            connection = _connect(self.path, self.durability, READER_PATIENCE_S)
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                mode = "TRUNCATE" if truncate else "PASSIVE"  # the second time there is little left
                _, frames, _ = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        self.restart_due = frames * PAGE_BYTES >= WAL_LIMIT_BYTES

    def restart_wal(self) -> None:
        """Move what is left of the WAL, while no commit can add to it, so that the next one starts it afresh.

        To be called between two writes, by the thread that writes; it takes a few milliseconds after a checkpoint.
        """
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        self.restart_due = False

    def close(self, *, clean: bool) -> None:
        """Close and unlock; ``clean`` says that everything accepted is in it. Raises as ``write`` does.

        Otherwise the files stay as they are: SQLite moves the log into the main file when its last connection is
        closed, unless that one can only read.
        """
        try:
            if clean and self._begun:
                self._note(stopped="1", least_number=str(self.writer.last))
                self.checkpoint(truncate=True)
                self.reader.close()
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
        finally:
            if self._begun:
                self._connection.close()
            self.reader.close()
            self._lock.close()

    def _note(self, **notes: str) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", notes.items())


def _create(path: Path) -> None:
    """Make an empty journal, whole or not at all."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
    finally:
        connection.close()
    unfinished.chmod(0o600)
    unfinished.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _connect(path: Path, durability: Durability, timeout_s: float = 10.0) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=timeout_s)
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability is Durability.POWER else 'NORMAL'}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_BYTES}")
    connection.execute("PRAGMA fullfsync = 1")  # macOS: fsync alone leaves data in the drive's own cache
    connection.execute("PRAGMA checkpoint_fullfsync = 1")
    return connection
