import gc
from collections.abc import Iterator

import pytest

from net.garbage import FULL_AFTER_QUIET_S, FULL_AFTER_S, GarbagePolicy, set_aside


class Cycle:
    alive = 0

    def __init__(self) -> None:
        self.me = self
        Cycle.alive += 1

    def __del__(self) -> None:
        Cycle.alive -= 1


@pytest.fixture
def policy() -> Iterator[GarbagePolicy]:
    policy = GarbagePolicy()
    policy.start(0.0)
    yield policy
    policy.stop()


def drop_a_cycle() -> None:
    Cycle()


def test_what_is_old_is_looked_through_when_it_is_quiet(policy: GarbagePolicy) -> None:
    drop_a_cycle()
    policy.tick(FULL_AFTER_QUIET_S - 1, quiet=True)
    assert Cycle.alive == 1
    policy.tick(FULL_AFTER_QUIET_S, quiet=True)
    assert Cycle.alive == 0


def test_it_is_looked_through_at_last_though_it_is_never_quiet(policy: GarbagePolicy) -> None:
    drop_a_cycle()
    policy.tick(FULL_AFTER_S - 1, quiet=False)
    assert Cycle.alive == 1
    policy.tick(FULL_AFTER_S, quiet=False)
    assert Cycle.alive == 0


def test_what_survives_is_set_aside_and_given_back_at_the_end() -> None:
    before = gc.get_threshold()
    policy = GarbagePolicy()
    policy.start(0.0)
    assert gc.get_freeze_count() > 1_000
    policy.stop()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_what_is_there_is_set_aside_and_the_thresholds_hold() -> None:
    before = gc.get_threshold()
    try:
        set_aside((5_000, 10, 10))
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold() == (5_000, 10, 10)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
