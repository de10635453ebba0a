"""Winding a recorded session: every moment is what the commands up to it lead to, however it was reached."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_world import ACME, World
from test_journal import damage_records

from engine import playhead as playhead_module
from engine.commands import AnyCommand, PublishNews
from engine.events import AnyEvent, NewsPublished, Trade
from engine.fork import fork
from engine.journal import Journal
from engine.journal_errors import JournalCorrupt, JournalError
from engine.journal_format import GENESIS
from engine.oms import OrderManagementSystem
from engine.playhead import Playhead, Recording, Wanted, wind
from engine.recovery import replay, verify
from engine.types import Durability, Side

SECOND = 1_000_000_000
TRADES = [7, 10, 13, 16, 19, 22, 25, 28, 31, 34]
NEWS = [4, 9, 21, 33]


def session() -> list[tuple[int, AnyCommand]]:
    """34 commands, one a second: from the 7th on every third trades; four are headlines."""
    told: list[tuple[int, AnyCommand]] = []

    class Recorded(World):
        def do(self, command: AnyCommand) -> list[AnyEvent]:
            self.now += SECOND
            told.append((self.now, command))
            return super().do(command)

    world = Recorded("alice bob", shares=1_000)
    world.do(PublishNews(headline="the market opens", symbol_id=ACME))
    for round_ in range(10):
        world.order("alice", Side.SELL, 5, 101 + round_ % 3)
        if round_ % 4 == 1:
            world.do(PublishNews(headline=f"headline {round_}"))
        else:
            world.order("bob", Side.BUY, 1, 90)
        world.order("bob", Side.BUY, 5)
    return told


def record(data_dir: Path, *, snapshot_at: int | None = None, group: int = 4) -> list[str]:
    """Write the session as an engine does; the state's hash after each command, beginning with none."""
    data_dir.mkdir(exist_ok=True)
    journal = Journal.open(data_dir, Durability.PROCESS, new_epoch="e1", boot_id="boot")
    journal.begin(0, GENESIS)
    service = OrderManagementSystem()
    hashes = [service.state_hash()]
    for number, (now, command) in enumerate(session(), start=1):
        journal.writer.append(now, command)
        service.submit(command, now)
        hashes.append(service.state_hash())
        if number % group == 0:
            journal.commit(service.sequence)
        if number == snapshot_at:
            journal.snapshot(service.sequence, now, service.snapshot_state())
    journal.commit(service.sequence)
    journal.close(clean=True)
    return hashes


@pytest.fixture
def hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A recorded session, with a station every eight commands and a slice of three."""
    monkeypatch.setattr(playhead_module, "SPACING", 8)
    monkeypatch.setattr(playhead_module, "SLICE", 3)
    return record(tmp_path)


@pytest.fixture
def head(tmp_path: Path, hashes: list[str]) -> Iterator[Playhead]:
    recording = Recording(tmp_path)
    yield Playhead(recording, OrderManagementSystem)
    recording.close()


def is_trade(event: AnyEvent) -> bool:
    return isinstance(event, Trade)


def is_news(event: AnyEvent) -> bool:
    return isinstance(event, NewsPublished)


def test_played_to_the_end_it_has_the_state_that_the_journal_leads_to(
    tmp_path: Path, head: Playhead, hashes: list[str]
) -> None:
    while (moment := head.step()) is not None:
        assert head.service.state_hash() == hashes[moment.number]
    assert head.at_end
    assert head.service.state_hash() == verify(tmp_path, OrderManagementSystem).state_hash
    assert head.next_time() is None


@pytest.mark.parametrize("journey", [(34, 0, 20), (5, 4, 3, 2, 1), (30, 31, 7, 33, 16, 17, 15), (99, -4, 8)])
def test_every_moment_is_the_same_from_both_sides(journey: tuple[int, ...], head: Playhead, hashes: list[str]) -> None:
    for number in journey:
        wind(head.seek(number))
        assert head.number == max(0, min(number, 34))
        assert head.service.state_hash() == hashes[head.number]
        assert head.time == max(1, head.number) * SECOND


def test_a_time_is_found_in_the_middle_of_a_group(head: Playhead) -> None:
    recording = head.recording
    assert (recording.start, recording.end, recording.last) == (SECOND, 34 * SECOND, 34)
    assert [recording.number_at(at) for at in (0, SECOND, 6 * SECOND + 1, 34 * SECOND, 99 * SECOND)] == [
        0,
        1,
        6,
        34,
        34,
    ]


@pytest.mark.parametrize(("wanted", "where"), [(is_trade, TRADES), (is_news, NEWS)])
def test_what_is_found_forwards_is_found_backwards(
    wanted: Wanted, where: list[int], head: Playhead, hashes: list[str]
) -> None:
    forwards, backwards = [], []
    while wind(head.forward_to(wanted)):
        forwards.append(head.number)
    assert forwards == where
    assert head.at_end
    while wind(head.back_to(wanted)):
        backwards.append(head.number)
        assert head.service.state_hash() == hashes[head.number]
    assert backwards == [number for number in reversed(where) if number < 34]
    assert head.number == 0


def test_the_engines_own_snapshot_spares_the_way_to_it(tmp_path: Path) -> None:
    hashes = record(tmp_path, snapshot_at=32)
    recording = Recording(tmp_path)
    head = Playhead(recording, OrderManagementSystem)
    winding = head.seek(34)
    next(winding)
    assert head.number == 34
    assert head.service.state_hash() == hashes[34]
    recording.close()


def test_stations_take_no_more_memory_than_they_may(
    head: Playhead, hashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playhead_module, "STATION_BYTES", 1)
    wind(head.seek(34))
    assert head._stations == []
    wind(head.seek(3))
    assert head.service.state_hash() == hashes[3]


def test_a_damaged_tail_is_no_part_of_the_recording(tmp_path: Path, hashes: list[str]) -> None:
    damage_records(tmp_path, 33)
    recording = Recording(tmp_path)
    assert recording.last == 32
    assert "damaged from command 33 on" in recording.loss
    head = Playhead(recording, OrderManagementSystem)
    wind(head.seek(34))
    assert (head.number, head.at_end) == (32, True)
    assert head.service.state_hash() == hashes[32]
    recording.close()


def test_damage_before_the_end_is_told(tmp_path: Path, hashes: list[str]) -> None:
    damage_records(tmp_path, 9)
    with pytest.raises(JournalCorrupt, match="damaged at command 9"):
        Recording(tmp_path)


def test_a_directory_without_a_session_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        Recording(tmp_path)
    Journal.open(tmp_path, Durability.PROCESS, new_epoch="e1", boot_id="boot").close(clean=False)
    with pytest.raises(JournalError, match="nothing was recorded"):
        Recording(tmp_path)


@pytest.mark.parametrize("number", [0, 1, 17, 20, 34])
def test_another_history_begins_with_the_state_of_then(
    number: int, tmp_path: Path, head: Playhead, hashes: list[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    original = (tmp_path / "journal.sqlite").read_bytes()
    wind(head.seek(number))
    fork(head, other, new_epoch="e2", boot_id="boot")
    found = verify(other, OrderManagementSystem)
    assert (found.commands, found.state_hash, found.epoch, found.ok) == (number, hashes[number], "e2", True)
    assert list(replay(other)) == list(replay(tmp_path))[:number]
    assert (tmp_path / "journal.sqlite").read_bytes() == original
    assert verify(tmp_path, OrderManagementSystem).state_hash == hashes[34]


def test_another_history_never_replaces_one(tmp_path: Path, head: Playhead) -> None:
    with pytest.raises(JournalError, match="already"):
        fork(head, tmp_path, new_epoch="e2", boot_id="boot")
