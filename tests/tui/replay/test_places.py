"""Places in a recording, as people type them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.playhead import Recording
from tests.tui.replay.recorded import LAST, NS, START, record
from tui.replay.places import PlaceError, place, stamp


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    opened = Recording(record(tmp_path_factory.mktemp("places")))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("start", 0),
        ("END", LAST),
        ("#42", 42),
        ("0%", 0),
        ("50%", 155),
        ("100%", LAST),
        ("+6s", 8),  # the maker's first order, six seconds after the start
        ("+9", 10),
        ("+0.5s", 7),
        ("+1m30s", 50),
        ("+1h", LAST),
        ("-1s", 0),
        ("14:13:29", 10),
        ("14:15:20.5", 65),
        ("2026-09-21 14:13:26", 8),
        ("2026-09-21T14:13:26", 8),
    ],
)
def test_a_place_is_the_last_command_before_it(text: str, number: int, recording: Recording) -> None:
    assert place(text, recording, START) == number


def test_a_span_counts_from_where_the_recording_is(recording: Recording) -> None:
    assert place("-6s", recording, START + 12 * NS) == place("+6s", recording, START) == 8


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("noon", "no place in a recording: 14:05:30"),
        ("", "no place"),
        ("#999", f"ends with command #{LAST}"),
        ("101%", "no place"),
        ("+", "no place"),
        ("25:00", "a day ends at 23:59:59"),
        ("2026-02-30 10:00", "2026-02-30 10:00"),
        ("2026-09-22 14:14", "goes from 2026-09-21 14:13:20 to 2026-09-21 14:23:23 UTC"),
        ("14:13", "goes from"),
    ],
)
def test_what_is_no_place_is_told_in_one_line(text: str, told: str, recording: Recording) -> None:
    with pytest.raises(PlaceError, match=told):
        place(text, recording, START)


def test_a_time_is_shown_as_it_can_be_typed(recording: Recording) -> None:
    assert stamp(START) == "2026-09-21 14:13:20"
    assert place(stamp(recording.end), recording, START) == LAST
