import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from tally import Tally, command, digest_after, open_journal, work

from engine.commands import NewOrder
from engine.journal import Journal
from engine.journal_errors import JournalCorrupt, JournalError
from engine.journal_format import GENESIS, checksum, link
from engine.journal_lock import JournalLocked
from engine.journal_writer import GroupWriter
from engine.recovery import replay, verify
from engine.types import Durability, Side


def edit(data_dir: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(data_dir / "journal.sqlite", isolation_level=None)
    connection.execute(sql, values)
    connection.close()


def damage_records(data_dir: Path, first: int) -> None:
    edit(data_dir, "UPDATE groups SET records = zeroblob(length(records)) WHERE first = ?", first)


@pytest.fixture
def ten_commands(tmp_path: Path) -> Path:
    """A data directory whose engine died after ten commands in groups of two."""
    journal, service, _ = open_journal(tmp_path)
    work(journal, service, range(1, 11), group=2)
    journal.close(clean=False)
    return tmp_path


@pytest.mark.parametrize("durability", [Durability.PROCESS, Durability.POWER])
def test_a_start_goes_back_to_where_the_journal_ends(tmp_path: Path, durability: Durability) -> None:
    journal, service, recovery = open_journal(tmp_path, durability)
    assert recovery.commands == 0
    work(journal, service, range(1, 24), group=5)
    journal.close(clean=False)

    journal, service, recovery = open_journal(tmp_path, durability, epoch="e2")
    assert (recovery.commands, recovery.replayed, recovery.last_time) == (23, 23, 230)
    assert (journal.epoch, journal.number, service.sequence) == ("e1", 23, 46)
    assert service.state_hash() == digest_after(23)
    work(journal, service, range(24, 30))
    journal.close(clean=True)
    assert list(replay(tmp_path)) == [(n * 10, command(n)) for n in range(1, 30)]


def test_a_discarded_command_leaves_no_trace(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    journal.writer.append(5, command(99))
    journal.writer.discard()
    work(journal, service, range(1, 3))
    journal.writer.append(25, command(99))
    journal.writer.discard()
    journal.commit(service.sequence)
    journal.close(clean=True)
    assert [now for now, _ in replay(tmp_path)] == [10, 20]


def test_a_number_that_cannot_be_recorded_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    with pytest.raises(OverflowError):
        journal.writer.append(1, NewOrder(account="a", symbol_id=1, side=Side.BUY, qty=2**64))
    work(journal, service, range(1, 3), group=2)
    journal.close(clean=True)
    assert len(list(replay(tmp_path))) == 2


def test_a_start_replays_only_what_came_after_the_snapshot(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    work(journal, service, range(1, 8))
    journal.snapshot(service.sequence, 70, service.snapshot_state())
    assert journal.since_snapshot == 0
    work(journal, service, range(8, 11))
    journal.close(clean=False)
    journal, service, recovery = open_journal(tmp_path)
    assert (recovery.snapshot, recovery.replayed, recovery.commands) == (7, 3, 10)
    assert service.state_hash() == digest_after(10)
    assert journal.since_snapshot == 3
    journal.close(clean=True)


def test_a_state_after_commands_that_were_never_written_is_not_kept(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    work(journal, service, range(1, 4))
    journal.writer.append(40, command(4))
    service.submit(command(4), 40)
    assert journal.seal(service.sequence) is not None
    journal.snapshot(service.sequence, 40, service.snapshot_state())
    assert journal.since_snapshot == 4
    journal.close(clean=False)
    journal, service, recovery = open_journal(tmp_path)
    assert (recovery.snapshot, recovery.commands) == (0, 3)
    assert service.state_hash() == digest_after(3)
    journal.close(clean=True)


@pytest.mark.parametrize(
    ("damage", "snapshot", "refused"),
    [
        ("UPDATE snapshots SET state = zeroblob(length(state)) WHERE number = 7", 4, 1),
        ("UPDATE snapshots SET hash = 'other' WHERE number = 7", 4, 1),
        ("UPDATE snapshots SET hash = 7, state = NULL", 0, 2),
        ("UPDATE snapshots SET state = zeroblob(length(state))", 0, 2),
        ("DELETE FROM snapshots", 0, 0),
    ],
)
def test_a_bad_snapshot_is_passed_over_and_told(tmp_path: Path, damage: str, snapshot: int, refused: int) -> None:
    journal, service, _ = open_journal(tmp_path)
    for start, stop in ((1, 3), (3, 5), (5, 8)):
        work(journal, service, range(start, stop))
        journal.snapshot(service.sequence, stop * 10 - 10, service.snapshot_state())
    work(journal, service, range(8, 10))
    journal.close(clean=False)
    edit(tmp_path, damage)
    assert verify(tmp_path, Tally).snapshots_damaged == refused
    journal, service, recovery = open_journal(tmp_path)
    assert (recovery.snapshot, recovery.commands) == (snapshot, 9)
    assert recovery.snapshots_refused == refused
    assert ("kept states are damaged" in recovery.note) == (refused > 0)
    assert service.state_hash() == digest_after(9)
    journal.close(clean=True)


def test_a_damaged_tail_is_cut_off_kept_aside_and_begins_a_new_epoch(ten_commands: Path) -> None:
    damage_records(ten_commands, 9)
    journal, service, recovery = open_journal(ten_commands, epoch="e2")
    assert (recovery.cut_from, recovery.commands, journal.epoch) == (9, 8, "e2")
    assert service.state_hash() == digest_after(8)
    work(journal, service, range(9, 12))
    journal.close(clean=True)
    journal, service, recovery = open_journal(ten_commands, epoch="e3")
    assert (recovery.cut_from, recovery.commands, journal.epoch) == (None, 11, "e2")
    assert service.state_hash() == digest_after(11)
    journal.close(clean=True)
    connection = sqlite3.connect(ten_commands / "journal.sqlite")
    assert connection.execute("SELECT first, count FROM damaged").fetchall() == [(9, 2)]
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE groups SET records = zeroblob(length(records)) WHERE first = 5",
        "UPDATE groups SET count = 3 WHERE first = 5",
        "UPDATE groups SET sequence = sequence + 1 WHERE first = 5",
        "UPDATE groups SET chain = zeroblob(16) WHERE first = 5",
        "UPDATE groups SET crc = NULL WHERE first = 5",
        "DELETE FROM groups WHERE first = 5",
        "UPDATE groups SET first = 4 WHERE first = 5",
    ],
)
def test_damage_before_the_end_is_refused_and_nothing_is_thrown_away(ten_commands: Path, damage: str) -> None:
    edit(ten_commands, damage)
    for _ in range(2):
        with pytest.raises(JournalCorrupt, match="damaged at command 5"):
            open_journal(ten_commands)
    connection = sqlite3.connect(ten_commands / "journal.sqlite")
    assert connection.execute("SELECT count(*) FROM groups WHERE first > 5").fetchone() == (2,)
    connection.close()


def test_damage_is_quoted_in_one_line_that_a_terminal_can_show(ten_commands: Path) -> None:
    edit(ten_commands, "UPDATE groups SET records = CAST(x'0a1b5b324aff' AS TEXT) WHERE first = 5")
    for read in (open_journal, lambda data_dir: verify(data_dir, Tally)):
        with pytest.raises(JournalCorrupt, match="restore") as refused:
            read(ten_commands)
        assert str(refused.value).isprintable()


def test_a_group_of_another_history_does_not_fit_the_chain(ten_commands: Path) -> None:
    writer = GroupWriter(4, GENESIS)
    writer.append(50, command(50))
    writer.append(60, command(60))
    group = writer.seal(12)
    assert group is not None
    assert group.whole
    edit(ten_commands, "UPDATE groups SET records = ?, crc = ?, chain = ? WHERE first = 5", *(
        group.records, group.crc, group.chain
    ))  # fmt: skip
    with pytest.raises(JournalCorrupt):
        open_journal(ten_commands)


def test_commands_missing_after_a_clean_stop_are_noticed(ten_commands: Path) -> None:
    journal, _, _ = open_journal(ten_commands)
    journal.close(clean=True)
    edit(ten_commands, "DELETE FROM groups WHERE first >= 7")
    for read in (open_journal, lambda data_dir: verify(data_dir, Tally), lambda data_dir: next(replay(data_dir))):
        with pytest.raises(JournalCorrupt, match="lacks commands 7 to 10"):
            read(ten_commands)


@pytest.mark.parametrize("noted", ["u720", "-1", "1" * 30, "\u0661"])
def test_a_noted_number_that_is_none_is_refused_in_one_line(ten_commands: Path, noted: str) -> None:
    edit(ten_commands, "UPDATE meta SET value = ? WHERE key = 'least_number'", noted)
    for read in (open_journal, lambda data_dir: verify(data_dir, Tally)):
        with pytest.raises(JournalCorrupt, match="notes a number of commands as"):
            read(ten_commands)


@pytest.mark.parametrize("damage", ["SET hash = zeroblob(3)", "SET sequence = 'x'", "SET hash = NULL"])
def test_a_mark_that_is_none_is_told_in_one_line(tmp_path: Path, damage: str) -> None:
    journal, service, _ = open_journal(tmp_path)
    work(journal, service, range(1, 5))
    journal.snapshot(service.sequence, 0, service.snapshot_state())
    journal.close(clean=True)
    edit(tmp_path, "UPDATE marks " + damage)
    with pytest.raises(JournalCorrupt, match=r"damaged in its marks .*restore"):
        verify(tmp_path, Tally)


def test_a_mark_that_belongs_to_no_group_is_no_agreement(ten_commands: Path) -> None:
    edit(ten_commands, "INSERT INTO marks VALUES (5, 10, 'x')")
    assert verify(ten_commands, Tally).mismatches == (5,)


def test_a_command_of_a_newer_version_is_told_in_one_line(ten_commands: Path) -> None:
    edit(ten_commands, "DELETE FROM groups WHERE first = 9")
    rows = sqlite3.connect(ten_commands / "journal.sqlite")
    (chain,) = rows.execute("SELECT chain FROM groups WHERE first = 7").fetchone()
    rows.close()
    records = msgspec.msgpack.encode([(90, {"type": "Teleport"}), (100, {"type": "Teleport"})])
    chain = link(chain, 9, 2, 20, records)
    row = (9, 2, 20, records, checksum(9, 2, 20, records, chain), chain)
    edit(ten_commands, "INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?)", *row)
    before = (ten_commands / "journal.sqlite").read_bytes()
    for read in (open_journal, lambda data_dir: verify(data_dir, Tally), lambda data_dir: list(replay(data_dir))):
        with pytest.raises(JournalError, match=r"commands 9 to 10 are unknown .* the version that wrote it$"):
            read(ten_commands)
    assert (ten_commands / "journal.sqlite").read_bytes() == before


def test_replaying_to_other_events_than_before_is_refused(ten_commands: Path) -> None:
    class Other(Tally):
        def submit(self, command: object, now: int) -> list:  # type: ignore[override]
            self.sequence += 1
            return []

    with pytest.raises(JournalCorrupt, match="another version"):
        verify(ten_commands, Other)


def test_two_engines_cannot_share_a_directory(tmp_path: Path) -> None:
    journal, _, _ = open_journal(tmp_path)
    with pytest.raises(JournalLocked, match="in use by another engine"):
        open_journal(tmp_path)
    journal.close(clean=True)
    open_journal(tmp_path)[0].close(clean=True)


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\0" + bytes(4080)])
def test_a_file_that_is_no_journal_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)
    with pytest.raises(JournalError) as refused:
        open_journal(tmp_path)
    assert "journal.sqlite" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_journal_of_a_later_format_is_refused(ten_commands: Path) -> None:
    edit(ten_commands, "UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(JournalError, match="format 99"):
        open_journal(ten_commands)


@pytest.mark.parametrize(
    ("durability", "boot_id", "clean", "lost"),
    [
        (Durability.PROCESS, "boot", False, False),
        (Durability.PROCESS, "another", False, True),
        (Durability.PROCESS, "another", True, False),
        (Durability.POWER, "another", False, False),
    ],
)
def test_a_new_epoch_begins_when_a_power_cut_may_have_taken_commands(
    tmp_path: Path, durability: Durability, boot_id: str, clean: bool, lost: bool
) -> None:
    journal, service, _ = open_journal(tmp_path, durability, epoch="e1")
    work(journal, service, range(1, 5))
    journal.close(clean=clean)
    journal, _, recovery = open_journal(tmp_path, durability, epoch="e2", boot_id=boot_id)
    assert (recovery.power_lost, journal.epoch, recovery.commands) == (lost, "e2" if lost else "e1", 4)
    journal.close(clean=True)


def test_the_journal_can_be_read_while_an_engine_writes_it(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    work(journal, service, range(1, 4))
    reading = replay(tmp_path)
    assert next(reading) == (10, command(1))
    work(journal, service, range(4, 6))
    journal.checkpoint(truncate=True)
    assert verify(tmp_path, Tally).commands == 5
    journal.close(clean=True)


def test_the_wal_starts_afresh_after_a_checkpoint(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    wal = tmp_path / "journal.sqlite-wal"
    sizes = []
    for start in range(1, 2_001, 100):
        work(journal, service, range(start, start + 100))
        journal.checkpoint()
        sizes.append(wal.stat().st_size)
    assert max(sizes) < 4 * sizes[0]
    journal.close(clean=True)


def test_the_wal_is_made_to_start_afresh_when_commits_never_leave_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.journal.WAL_LIMIT_BYTES", 400_000)
    monkeypatch.setattr("engine.journal.CHECKPOINT_BYTES", 100_000)
    journal, service, _ = open_journal(tmp_path)
    wal = tmp_path / "journal.sqlite-wal"
    number, restarts = 1, 0
    with ThreadPoolExecutor(1) as executor:
        while restarts < 2:
            if number > 30_000:
                pytest.skip("the disk is so quick that the WAL starts afresh by itself")
            checkpoint = executor.submit(journal.checkpoint)
            while not checkpoint.done():
                work(journal, service, range(number, number + 5))
                number += 5
            if journal.restart_due:
                journal.restart_wal()
                work(journal, service, range(number, number + 1))
                number += 1
                assert wal.stat().st_size <= 100_000, "it did not start afresh"
                restarts += 1
    journal.close(clean=True)
    assert verify(tmp_path, Tally).commands == number - 1


def test_verify_compares_every_mark_and_names_the_command_where_they_part(tmp_path: Path) -> None:
    journal, service, _ = open_journal(tmp_path)
    for start in (1, 5, 9):
        work(journal, service, range(start, start + 4), group=2)
        journal.snapshot(service.sequence, 0, service.snapshot_state())
    journal.close(clean=True)
    good = verify(tmp_path, Tally)
    assert (good.ok, good.commands, good.sequence, good.marks) == (True, 12, 24, 3)
    assert (good.epoch, good.state_hash) == ("e1", digest_after(12))
    edit(tmp_path, "UPDATE marks SET hash = 'x' WHERE number = 8")
    bad = verify(tmp_path, Tally)
    assert (bad.ok, bad.mismatches, bad.marks) == (False, (8,), 3)


def test_verify_needs_a_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        verify(tmp_path, Tally)


def test_the_journal_is_the_owners_alone(tmp_path: Path) -> None:
    journal: Journal = open_journal(tmp_path)[0]
    assert (tmp_path / "journal.sqlite").stat().st_mode & 0o077 == 0
    journal.close(clean=True)
