"""What a crash leaves of a journal, at every point at which it can come.

A process that does the work of an engine runs with a small library preloaded (``io_log.c``) that logs every write,
truncation and sync of the journal's files, and beside them what was acknowledged. From that log the files are put
together as they would be after a crash at any point, and recovered.

What this proves: the journal asks the operating system for the right things in the right order. What it cannot prove:
that file system and drive keep what they promise about ``fsync``. Set TORTURE to a number to run so many times longer.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tally import Tally, digest_after, open_journal, work

from engine.journal_errors import JournalError
from engine.recovery import Recovery, replay, verify
from engine.types import Durability

TORTURE = int(os.environ.get("TORTURE", "1"))
SECTOR = 512
COMMANDS = 40

WORKER = """
import os, sys
from pathlib import Path
from tally import open_journal, work
from engine.types import Durability
log = os.open(os.environ["IO_LOG"], os.O_WRONLY | os.O_APPEND)
journal, service, _ = open_journal(Path(sys.argv[1]), Durability(sys.argv[2]))
number = 1
while number <= 40:
    after = min(number + number % 4 + 1, 41)
    work(journal, service, range(number, after), group=4)
    os.write(log, b"A" + bytes(16) + (after - 1).to_bytes(8, "little"))
    number = after
    if number in (11, 31):
        journal.checkpoint()
    if number == 21:
        journal.snapshot(service.sequence, 200, service.snapshot_state())
os._exit(0)
"""


class Step(NamedTuple):
    kind: str
    """W write, T truncate, S sync, U unlink, A acknowledged."""
    name: str
    offset: int
    """Of a write, or the new size, or the last command acknowledged."""
    data: bytes


Files = dict[str, bytearray]


class Session(NamedTuple):
    """A directory as it was before, and everything that was done to it."""

    before: Files
    steps: list[Step]


@pytest.fixture(scope="module")
def io_log_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("io_log") / "io_log.so"
    source = Path(__file__).with_name("io_log.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def record(data_dir: Path, library: Path, durability: Durability) -> Session:
    open_journal(data_dir, durability)[0].close(clean=True)
    before = {file.name: bytearray(file.read_bytes()) for file in data_dir.glob("journal.sqlite*")}
    log = data_dir / "io.log"
    log.touch()
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "IO_LOG": str(log),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    subprocess.run([sys.executable, "-c", WORKER, data_dir, durability.value], env=environment, check=True)
    return Session(before, list(parse(log.read_bytes())))


def parse(log: bytes) -> Iterator[Step]:
    place = 0
    while place < len(log):
        kind = chr(log[place])
        path_length, size, offset = struct.unpack_from("<3q", log, place + 1)
        place += 25
        name = log[place : place + path_length].decode().rsplit("/", 1)[-1]
        place += path_length
        yield Step(kind, name, offset, log[place : place + size])
        place += size


def apply(files: Files, step: Step) -> None:
    if step.kind == "W":
        file = files.setdefault(step.name, bytearray())
        file.extend(bytes(max(0, step.offset + len(step.data) - len(file))))
        file[step.offset : step.offset + len(step.data)] = step.data
    elif step.kind == "T":
        file = files.setdefault(step.name, bytearray())
        file.extend(bytes(max(0, step.offset - len(file))))
        del file[step.offset :]
    elif step.kind == "U":
        files.pop(step.name, None)


def acknowledged(steps: list[Step]) -> int:
    return max((step.offset for step in steps if step.kind == "A"), default=0)


def recover_files(
    directory: Path, files: Files, durability: Durability, boot_id: str = "boot"
) -> tuple[int, str, Recovery]:
    """Recover from these files, twice, because the second start must find what the first left."""
    write_files(directory, files)
    try:
        journal, service, recovery = open_journal(directory, durability, epoch="new", boot_id=boot_id)
    except JournalError:
        assert read_files(directory) == files, "a refused start leaves everything as it was"
        raise
    epoch = journal.epoch
    assert service.state_hash() == digest_after(recovery.commands), "not a prefix of what was done"
    journal.close(clean=False)
    again, service, second = open_journal(directory, durability, epoch="newer", boot_id=boot_id)
    assert (again.epoch, second.commands, service.state_hash()) == (
        epoch,
        recovery.commands,
        digest_after(second.commands),
    )
    again.close(clean=False)
    return recovery.commands, epoch, recovery


def write_files(directory: Path, files: Files) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)


def read_files(directory: Path) -> Files:
    return {file.name: bytearray(file.read_bytes()) for file in directory.glob("journal.sqlite*")}


@pytest.mark.parametrize("durability", [Durability.PROCESS, Durability.POWER])
def test_a_kill_at_any_write_loses_nothing_acknowledged(
    tmp_path: Path, io_log_library: Path, durability: Durability
) -> None:
    session = record(tmp_path, io_log_library, durability)
    files = {name: bytearray(content) for name, content in session.before.items()}
    writes = 0
    for place, step in enumerate(session.steps):
        if step.kind in "WTU":
            writes += 1
            commands, epoch, recovery = recover_files(tmp_path / "crashed", files, durability)
            assert commands >= acknowledged(session.steps[:place])
            assert epoch == ("new" if recovery.torn else "e1")
        apply(files, step)
    assert writes > 35
    assert recover_files(tmp_path / "crashed", files, durability)[0] == COMMANDS


def after_power_cut(session: Session, place: int, rng: random.Random) -> Files:
    """The files if power fails before step ``place``: what was not synced is there, or not, sector by sector."""
    files = {name: bytearray(content) for name, content in session.before.items()}
    for number, step in enumerate(session.steps[:place]):
        synced = any(later.kind == "S" and later.name == step.name for later in session.steps[number:place])
        if synced or step.kind in "TU":
            apply(files, step)
        elif step.kind == "W":
            for start in range(0, len(step.data), SECTOR):
                if rng.random() < 0.5:
                    piece = step.data[start : start + SECTOR]
                    apply(files, Step("W", step.name, step.offset + start, piece))
    return files


def test_a_power_cut_at_any_moment_loses_nothing_acknowledged_with_durability_power(
    tmp_path: Path, io_log_library: Path
) -> None:
    session = record(tmp_path, io_log_library, Durability.POWER)
    rng = random.Random(1)
    for _ in range(60 * TORTURE):
        place = rng.randrange(1, len(session.steps) + 1)
        files = after_power_cut(session, place, rng)
        commands, _, _ = recover_files(tmp_path / "crashed", files, Durability.POWER, "another boot")
        assert commands >= acknowledged(session.steps[:place])


def test_a_power_cut_with_durability_process_leaves_a_prefix_and_begins_a_new_epoch(
    tmp_path: Path, io_log_library: Path
) -> None:
    session = record(tmp_path, io_log_library, Durability.PROCESS)
    rng = random.Random(2)
    losses = 0
    begun = next(place for place, step in enumerate(session.steps) if step.kind == "A")
    for _ in range(60 * TORTURE):
        place = rng.randrange(begun, len(session.steps) + 1)
        files = after_power_cut(session, place, rng)
        commands, epoch, recovery = recover_files(tmp_path / "crashed", files, Durability.PROCESS, "another boot")
        assert recovery.power_lost
        assert epoch == "new"
        losses += commands < acknowledged(session.steps[:place])
    assert losses > 5, "the model cannot see a missing sync"


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A directory whose engine died with ten commands in the main file and thirty, in groups of three, in the log."""
    (tmp_path / "live").mkdir()
    journal, service, _ = open_journal(tmp_path / "live")
    work(journal, service, range(1, 11), group=5)
    journal.checkpoint(truncate=True)
    work(journal, service, range(11, 41), group=3)
    copy = tmp_path / "copy"
    write_files(copy, read_files(tmp_path / "live"))
    journal.close(clean=True)
    return copy


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("journal.sqlite-wal", lambda content: content[: len(content) // 2] + b"?" + content[len(content) // 2 + 1 :]),
        ("journal.sqlite", lambda content: b""),
        ("journal.sqlite", lambda content: b"?" + content[1:]),
        ("journal.sqlite", lambda content: content.replace(b"format1", b"format9")),
        (
            "journal.sqlite",
            lambda content: content[:4108] + bytes([content[4108] ^ 0xFF]) + content[4109:],
        ),  # the notes
    ],
)
def test_a_refused_start_leaves_every_file_as_it_was_and_the_next_one_is_refused_too(
    crashed: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    whole = read_files(crashed)
    assert set(whole) == {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"}
    damaged = whole | {name: bytearray(damage(bytes(whole[name])))}
    assert damaged != whole
    write_files(crashed, damaged)
    for _ in range(2):
        with pytest.raises(JournalError):
            open_journal(crashed)
        assert read_files(crashed) == damaged
    write_files(crashed, whole)
    journal, _, recovery = open_journal(crashed)
    assert recovery.commands == 40
    journal.close(clean=True)


def verdict(directory: Path, files: Files) -> tuple[int, bool] | None:
    """What ``verify`` says of these files: commands, and whether something is lost; None when it refuses them."""
    write_files(directory, files)
    try:
        found = verify(directory, Tally)
    except JournalError:
        return None
    assert found.ok == (not found.loss)
    return found.commands, bool(found.loss)


@pytest.fixture
def same_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has not been started again since."""
    monkeypatch.setattr("engine.journal_reader.boot_id", lambda: "boot")


@pytest.mark.usefixtures("same_boot")
def test_a_log_cut_short_at_any_byte_gives_all_whole_groups_and_says_so(tmp_path: Path, crashed: Path) -> None:
    files = read_files(crashed)
    log = bytes(files["journal.sqlite-wal"])
    tail = len(log) - 9_000
    lengths = [*range(tail, len(log), max(1, 211 // TORTURE)), *range(0, tail, max(1, 4_001 // TORTURE)), len(log)]
    seen = set()
    for length in lengths:
        files["journal.sqlite-wal"] = bytearray(log[:length])
        told = verdict(tmp_path / "verified", files)
        commands, epoch, recovery = recover_files(tmp_path / "cut", files, Durability.PROCESS)
        assert commands in range(10, 41, 3)
        between_commits = commands > 10 and (length - 32) % (24 + 4096) == 0
        assert epoch == ("new" if recovery.torn else "e1")
        assert told == (commands, bool(recovery.torn))
        assert recovery.torn or commands == 40 or between_commits
        seen.add(commands)
    assert seen >= {10, 34, 37, 40}


@pytest.mark.usefixtures("same_boot")
@pytest.mark.parametrize("name", ["journal.sqlite", "journal.sqlite-wal"])
def test_a_flipped_byte_is_refused_or_reported_or_does_not_matter(tmp_path: Path, crashed: Path, name: str) -> None:
    """Never a wrong state, never a silent loss; and verify says what a start says."""
    files = read_files(crashed)
    used = [place for place, byte in enumerate(files[name]) if byte]  # most of the main file is empty pages
    places = used[:: max(1, len(used) // (100 * TORTURE))]
    outcomes = {"whole": 0, "refused": 0, "reported": 0}
    for place in places:
        files[name][place] ^= 0xFF
        told = verdict(tmp_path / "verified", files)
        try:
            commands, epoch, recovery = recover_files(tmp_path / "flipped", files, Durability.PROCESS)
        except JournalError:
            assert told is None, f"accepted by verify at {place}"
            outcomes["refused"] += 1
        else:
            assert told == (commands, bool(recovery.torn) or recovery.cut_from is not None), f"at {place}"
            if commands == 40:
                outcomes["whole"] += 1
            else:
                assert recovery.torn or recovery.power_lost or recovery.cut_from is not None, f"silent loss at {place}"
                assert epoch == "new"
                outcomes["reported"] += 1
        files[name][place] ^= 0xFF
    assert outcomes["refused"] > outcomes["reported"]


@pytest.mark.usefixtures("same_boot")
@pytest.mark.parametrize("left", [None, 0, 10, 32])
def test_a_log_that_is_gone_is_told_and_begins_a_new_epoch(tmp_path: Path, crashed: Path, left: int | None) -> None:
    files = read_files(crashed)
    log = files.pop("journal.sqlite-wal")
    if left is not None:
        files["journal.sqlite-wal"] = log[:left]
    assert verdict(tmp_path / "verified", files) == (10, True)
    commands, epoch, recovery = recover_files(tmp_path / "recovered", files, Durability.PROCESS)
    assert (commands, epoch) == (10, "new")
    assert "is gone or empty" in recovery.torn


def test_an_engine_that_dies_before_its_first_command_has_lost_nothing(tmp_path: Path) -> None:
    for clean in (True, False, False):
        journal, _, recovery = open_journal(tmp_path)
        assert not recovery.torn
        if not clean:
            files = read_files(tmp_path)
        journal.close(clean=clean)
    assert recover_files(tmp_path / "again", files, Durability.PROCESS)[:2] == (0, "e1")


def test_a_log_that_sqlite_has_made_shorter_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.journal.CHECKPOINT_BYTES", 100_000)
    (tmp_path / "live").mkdir()
    journal, service, _ = open_journal(tmp_path / "live")
    work(journal, service, range(1, 101))
    journal.checkpoint()
    work(journal, service, range(101, 103))
    files = read_files(tmp_path / "live")
    journal.close(clean=True)
    assert len(files["journal.sqlite-wal"]) == 100_000, "in the middle of a frame of the older log"
    commands, epoch, recovery = recover_files(tmp_path / "recovered", files, Durability.PROCESS)
    assert (commands, epoch, recovery.torn) == (102, "e1", "")


@pytest.mark.usefixtures("same_boot")
def test_a_last_commit_that_is_not_whole_is_told_by_whoever_reads(crashed: Path) -> None:
    files = read_files(crashed)
    files["journal.sqlite-wal"][-1] ^= 1
    write_files(crashed, files)
    found = verify(crashed, Tally)
    assert (found.commands, found.ok) == (37, False)
    assert "the last commit" in found.loss
    with pytest.raises(JournalError, match="the last commit"):
        list(replay(crashed))
    told: list[str] = []
    assert len(list(replay(crashed, told.append))) == 37
    assert told == [found.loss]
    journal, _, recovery = open_journal(crashed, epoch="e2")
    assert (recovery.torn, journal.epoch) == (found.loss, "e2")
    journal.close(clean=True)


@pytest.mark.usefixtures("same_boot")
def test_commits_lost_before_the_end_of_the_log_are_refused_by_whoever_reads(crashed: Path) -> None:
    files = read_files(crashed)
    files["journal.sqlite-wal"][len(files["journal.sqlite-wal"]) // 2] ^= 1
    write_files(crashed, files)
    for read in (lambda: verify(crashed, Tally), lambda: list(replay(crashed)), lambda: open_journal(crashed)):
        with pytest.raises(JournalError, match=r"damaged before its end: \d commits .* restore"):
            read()


def test_verify_reads_what_a_crash_left_without_changing_it(crashed: Path) -> None:
    before = read_files(crashed)
    del before["journal.sqlite-shm"]  # whoever reads makes it anew
    found = verify(crashed, Tally)
    assert (found.ok, found.commands, found.state_hash) == (True, 40, digest_after(40))
    after = read_files(crashed)
    assert {name: after[name] for name in before} == before
