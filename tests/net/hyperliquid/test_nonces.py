from __future__ import annotations

from net.hyperliquid.nonces import FUTURE_MS, KEPT, PAST_MS, NonceCounter, NonceSet

NOW = 1_790_000_000_000


def used(*nonces: int) -> NonceSet:
    nonce_set = NonceSet()
    for nonce in nonces:
        assert nonce_set.refusal(nonce, NOW) is None
        nonce_set.use(nonce)
    return nonce_set


def test_a_nonce_counts_once_and_may_come_out_of_order() -> None:
    nonces = used(NOW + 5, NOW)
    assert nonces.refusal(NOW + 5, NOW) == f"Invalid nonce: duplicate nonce {NOW + 5}"
    assert nonces.refusal(NOW + 3, NOW) is None


def test_when_full_a_nonce_below_the_smallest_kept_is_too_low() -> None:
    nonces = used(*range(NOW, NOW + 2 * KEPT))
    assert nonces.refusal(NOW + KEPT - 1, NOW) == f"Invalid nonce: nonce too low {NOW + KEPT - 1} < {NOW + KEPT}"
    assert nonces.refusal(NOW + KEPT, NOW) == f"Invalid nonce: duplicate nonce {NOW + KEPT}"


def test_nothing_of_before_the_start_counts_where_it_is_not_known_what_was_used() -> None:
    nonces = NonceSet(floor_ms=NOW)
    assert nonces.refusal(NOW - 1, NOW) == f"Invalid nonce: nonce too low {NOW - 1} < {NOW}"
    assert nonces.refusal(NOW, NOW) is None


def test_a_nonce_outside_its_window_is_refused() -> None:
    nonces = NonceSet()
    assert nonces.refusal(NOW - PAST_MS, NOW) is not None
    assert nonces.refusal(NOW + FUTURE_MS, NOW) is not None
    assert nonces.refusal(NOW - PAST_MS + 1, NOW) is None


def test_asking_uses_nothing() -> None:
    nonces = NonceSet()
    assert nonces.refusal(NOW, NOW) is None
    assert nonces.refusal(NOW, NOW) is None


def test_a_counter_never_repeats_even_when_the_clock_stands_or_goes_back() -> None:
    counter = NonceCounter()
    assert [counter.next(NOW), counter.next(NOW), counter.next(NOW - 50), counter.next(NOW + 9)] == [
        NOW,
        NOW + 1,
        NOW + 2,
        NOW + 9,
    ]
