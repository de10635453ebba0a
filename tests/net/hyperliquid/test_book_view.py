from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from net.hyperliquid import wire
from net.hyperliquid.book_view import FAST_DEPTH, Layers, OrderBookView, merge
from net.hyperliquid.decimals import SCALE


def level(price: float, size: int = 1) -> wire.Level:
    return wire.Level(px=str(float(price)), sz=str(float(size)), n=1)


def book(time: int, bids: list[wire.Level], asks: list[wire.Level], *, fast: bool = False) -> wire.Book:
    return wire.Book(coin="X", time=time, levels=(bids, asks), fast=fast)


def best(time: int, bid: wire.Level | None, ask: wire.Level | None) -> wire.BestPrices:
    return wire.BestPrices(coin="X", time=time, bbo=(bid, ask))


def ladder(view: OrderBookView) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    def plain(levels: tuple[object, ...]) -> list[tuple[float, float]]:
        return [(each.price / SCALE, each.size / SCALE) for each in levels]  # type: ignore[attr-defined]

    return plain(view.bids), plain(view.asks)


WHOLE = book(100, [level(p) for p in range(99, 79, -1)], [level(p) for p in range(101, 121)])


def test_a_newer_best_price_removes_what_was_better_and_keeps_the_rest() -> None:
    view = merge("X", Layers(whole=WHOLE, best=best(110, level(97, 7), level(103, 8))))
    bids, asks = ladder(view)
    assert bids[:2] == [(97.0, 7.0), (96.0, 1.0)]
    assert asks[:2] == [(103.0, 8.0), (104.0, 1.0)]
    assert len(bids) == 18


def test_a_newer_best_price_trims_the_older_levels_it_crosses() -> None:
    view = merge("X", Layers(whole=WHOLE, best=best(110, level(103, 7), level(104, 8))))
    bids, asks = ladder(view)
    assert bids[:2] == [(103.0, 7.0), (99.0, 1.0)]
    assert asks[:2] == [(104.0, 8.0), (105.0, 1.0)]


def test_five_fast_levels_replace_the_prices_they_cover() -> None:
    fast = book(
        110,
        [level(p, 5) for p in (99, 98, 96, 95, 94)],
        [level(p, 5) for p in (101, 102, 103, 104, 106)],
        fast=True,
    )
    bids, asks = ladder(merge("X", Layers(whole=WHOLE, fast=fast)))
    assert bids[:6] == [(99.0, 5.0), (98.0, 5.0), (96.0, 5.0), (95.0, 5.0), (94.0, 5.0), (93.0, 1.0)]
    assert asks[4:6] == [(106.0, 5.0), (107.0, 1.0)]


def test_a_side_with_fewer_levels_than_its_stream_shows_is_whole() -> None:
    fast = book(110, [level(99, 5)], [], fast=True)
    assert ladder(merge("X", Layers(whole=WHOLE, fast=fast))) == ([(99.0, 5.0)], [])


def test_an_empty_side_of_the_best_prices_empties_the_side() -> None:
    bids, asks = ladder(merge("X", Layers(whole=WHOLE, best=best(110, level(99, 1), None))))
    assert asks == []
    assert len(bids) == 20


def test_layers_count_by_the_venues_time_not_by_arrival() -> None:
    late = merge("X", Layers(whole=WHOLE, best=best(90, level(150, 1), level(151, 1))))
    assert ladder(late) == ladder(merge("X", Layers(whole=WHOLE)))


def test_the_age_of_each_layer_and_level_is_known() -> None:
    view = merge("X", Layers(whole=WHOLE, best=best(110, level(98, 1), level(101, 1)), received_at=5))
    assert (view.time, view.whole_time, view.fast_time, view.best_time) == (110, 100, None, 110)
    assert (view.bids[0].time, view.bids[1].time) == (110, 100)


def test_an_older_frame_of_a_stream_is_dropped() -> None:
    layers = Layers(whole=WHOLE, best=best(50, None, None))
    assert layers.with_book(book(99, [], []), 1) is None
    assert layers.with_best(best(49, None, None), 1) is None
    assert layers.with_book(book(99, [], [], fast=True), 1) is not None


prices = st.lists(st.integers(1, 40), max_size=8, unique=True)


@st.composite
def sides(draw: st.DrawFn, depth: int) -> tuple[list[wire.Level], list[wire.Level]]:
    middle = draw(st.integers(5, 35))
    bids = sorted((p for p in draw(prices) if p < middle), reverse=True)[:depth]
    asks = sorted(p for p in draw(prices) if p >= middle)[:depth]
    return [level(p) for p in bids], [level(p) for p in asks]


@given(sides(20), sides(FAST_DEPTH), sides(1), st.permutations([1, 2, 3]))
def test_a_merged_book_is_sorted_and_never_crossed(
    whole: tuple[list[wire.Level], list[wire.Level]],
    fast: tuple[list[wire.Level], list[wire.Level]],
    top: tuple[list[wire.Level], list[wire.Level]],
    times: list[int],
) -> None:
    layers = Layers(
        whole=book(times[0], *whole),
        fast=book(times[1], *fast, fast=True),
        best=best(times[2], next(iter(top[0]), None), next(iter(top[1]), None)),
    )
    bids, asks = ladder(merge("X", layers))
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert len({price for price, _ in bids}) == len(bids)
    if bids and asks:
        assert bids[0][0] < asks[0][0]
