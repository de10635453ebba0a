"""The command around the replay: what it opens, what it refuses in one line, and the copy that a what-if lives in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.journal import Journal
from engine.journal_lock import in_use
from engine.oms import OrderManagementSystem
from engine.playhead import Playhead, wind
from engine.recovery import recover, verify
from engine.types import Durability
from net.errors import StartupError
from tests.tui.replay.recorded import LAST, record, state_after
from tui.replay.run import WhatIf, copy_of, notes, open_recording
from tui.wallet import Key, Wallet


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    directory = record(tmp_path / "session")
    Wallet(directory).keep("own", "you", Key("p", "secret"))
    return directory


def start(recorded: Path, target: Path | None = None) -> WhatIf:
    return WhatIf(recorded=recorded, target=target, scenario="default", seed=None, agents=True, port=0)


def files(directory: Path) -> dict[str, bytes]:
    """What is in a directory, but for the empty files by which SQLite shares a journal among its readers."""
    shared = ("journal.sqlite-shm", "journal.sqlite-wal")
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name not in shared}


@pytest.mark.parametrize("number", [0, 7, 123, LAST])
def test_a_what_if_has_the_state_of_then_and_the_original_is_untouched(data_dir: Path, number: int) -> None:
    before = files(data_dir)
    recording = open_recording(data_dir)
    head = Playhead(recording, OrderManagementSystem)
    wind(head.seek(number))
    copy = copy_of(head, start(data_dir))
    recording.close()
    assert files(data_dir) == before
    assert copy.parent == data_dir.parent
    assert verify(copy, OrderManagementSystem).state_hash == state_after(number)
    assert Wallet(copy).find("own", "you") == Key("p", "secret")


def test_an_engine_goes_on_from_the_copy(data_dir: Path) -> None:
    recording = open_recording(data_dir)
    head = Playhead(recording, OrderManagementSystem)
    wind(head.seek(123))
    copy = copy_of(head, start(data_dir))
    recording.close()
    journal = Journal.open(copy, Durability.PROCESS, new_epoch="e3", boot_id="boot")
    service, recovery = recover(journal, OrderManagementSystem)
    journal.close(clean=True)
    assert (recovery.commands, recovery.replayed, recovery.last_time) == (123, 0, head.time)
    assert journal.epoch not in ("e1", "e3")
    assert service.state_hash() == state_after(123)


def test_each_what_if_has_a_directory_of_its_own_named_by_its_moment(data_dir: Path) -> None:
    recording = open_recording(data_dir)
    head = Playhead(recording, OrderManagementSystem)
    wind(head.seek(8))
    copies = [copy_of(head, start(data_dir)).name for _ in range(2)]
    recording.close()
    assert copies == ["session-what-if-141326", "session-what-if-141326-2"]


def test_a_what_if_never_takes_the_place_of_another_session(data_dir: Path, tmp_path: Path) -> None:
    other = record(tmp_path / "other")
    before = files(other)
    recording = open_recording(data_dir)
    with pytest.raises(StartupError, match="already"):
        copy_of(Playhead(recording, OrderManagementSystem), start(data_dir, other))
    recording.close()
    assert files(other) == before


def test_an_empty_directory_and_a_damaged_journal_are_told_in_one_line(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StartupError, match="there is no journal in"):
        open_recording(tmp_path / "empty")
    damage(data_dir, 11)
    with pytest.raises(StartupError, match="damaged at command 11") as told:
        open_recording(data_dir)
    assert "\n" not in str(told.value)


def test_a_damaged_tail_is_told_and_the_rest_shown(data_dir: Path) -> None:
    damage(data_dir, 306)
    recording = open_recording(data_dir)
    assert recording.last == 305
    (note,) = notes(recording, data_dir)
    assert note.endswith("is damaged from command 306 on: the replay ends before it")
    recording.close()


def test_a_running_exchange_is_told_and_not_disturbed(data_dir: Path) -> None:
    assert not in_use(data_dir)
    running = Journal.open(data_dir, Durability.PROCESS, new_epoch="e2", boot_id="boot")
    recover(running, OrderManagementSystem)
    recording = open_recording(data_dir)
    assert list(notes(recording, data_dir)) == [
        "an exchange runs on this directory: shown is what it had recorded by 2026-09-21 14:23:23 UTC"
    ]
    recording.close()
    running.close(clean=True)
    assert not in_use(data_dir)


def damage(data_dir: Path, first: int) -> None:
    connection = sqlite3.connect(data_dir / "journal.sqlite", isolation_level=None)
    connection.execute("UPDATE groups SET records = zeroblob(length(records)) WHERE first = ?", (first,))
    connection.close()
