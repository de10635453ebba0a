from net.histogram import Histogram, quantile_ns


def test_durations_are_counted_by_powers_of_two_of_microseconds() -> None:
    histogram = Histogram("match")
    for duration_ns in (0, 999, 1_000, 1_999, 2_000, 3_999, 4_000):
        histogram.add(duration_ns)
    histogram.add(5_000, count=3)
    stats = histogram.stats()
    assert stats.stage == "match"
    assert stats.buckets == (2, 2, 2, 4)
    assert stats.max_ns == 5_000


def test_many_at_once_count_as_one_by_one() -> None:
    durations = [0, 1_500, 900_000, 7_000, 10**15]
    one_by_one, at_once = Histogram("x"), Histogram("x")
    for duration_ns in durations:
        one_by_one.add(duration_ns)
    at_once.add_many(durations)
    assert one_by_one.stats() == at_once.stats()
    assert len(at_once.stats().buckets) == 32


def test_a_quantile_is_the_upper_bound_of_its_bucket_and_never_above_the_longest() -> None:
    histogram = Histogram("x")
    assert quantile_ns(histogram.stats(), 0.5) == 0
    histogram.add(1_500, count=98)
    histogram.add(70_000, count=2)
    stats = histogram.stats()
    assert quantile_ns(stats, 0.5) == 2_000
    assert quantile_ns(stats, 0.98) == 2_000
    assert quantile_ns(stats, 0.99) == 70_000
