import json

import pytest

from engine.events import AnyEvent, TimeAdvanced
from net.event_ring import EventRing


def events(count: int) -> list[AnyEvent]:
    return [TimeAdvanced() for _ in range(count)]


def firsts(ring: EventRing, start: int) -> list[int]:
    return [json.loads(line)["first_sequence"] for line in ring.lines(start, ring.next)]


def test_batches_are_numbered_by_their_first_event_and_found_by_any() -> None:
    ring = EventRing("e1", 10)
    for count in (2, 1, 3):
        ring.append(7, events(count))
    assert firsts(ring, 0) == [11, 13, 14]
    assert [ring.find(sequence) for sequence in range(10, 19)] == [None, 0, 0, 1, 2, 2, 2, 3, None]


def test_the_oldest_are_dropped_past_the_bound_on_events() -> None:
    ring = EventRing("e1", 0, max_events=4)
    for _ in range(5):
        ring.append(7, events(2))
    assert (ring.first, ring.next) == (3, 5)
    assert firsts(ring, ring.first) == [7, 9]
    assert (ring.find(6), ring.find(7)) == (None, 3)


def test_a_batch_larger_than_the_bound_is_kept_until_the_next() -> None:
    ring = EventRing("e1", 0, max_events=4)
    ring.append(7, events(9))
    assert ring.find(1) == 0
    ring.append(7, events(1))
    assert (ring.find(9), ring.find(10)) == (None, 1)


def test_the_oldest_are_dropped_past_the_bound_on_batches() -> None:
    ring = EventRing("e1", 0, max_batches=4)
    for _ in range(10):
        ring.append(7, events(1))
    assert firsts(ring, ring.first) == [7, 8, 9, 10]
    assert [ring.find(sequence) for sequence in (6, 7, 10, 11)] == [None, 6, 9, 10]


def test_a_line_is_encoded_once_for_all_readers() -> None:
    ring = EventRing("e1", 0)
    ring.append(7, events(1))
    assert next(ring.lines(0, 1)) is next(ring.lines(0, 1))


def test_the_bound_on_batches_must_be_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="power of two"):
        EventRing("e1", 0, max_batches=5)
