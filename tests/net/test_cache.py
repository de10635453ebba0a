from __future__ import annotations

import asyncio

from net.cache import LatestValueCache


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_reader_may_wait_before_the_first_value() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    waiting = asyncio.create_task(cache.entry("acme").newer(0))
    await settle()
    cache.put("acme", 7)
    assert await waiting == (7, 1)


async def test_a_value_put_between_reading_and_waiting_is_not_missed() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    cache.put("acme", 1)
    entry = cache.entry("acme")
    _, seen = await entry.newer(0)
    cache.put("acme", 2)
    assert await asyncio.wait_for(entry.newer(seen), 1) == (2, 2)


async def test_a_reader_gets_the_newest_not_the_next() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    waiting = asyncio.create_task(cache.entry("acme").newer(0))
    await settle()
    for value in range(100):
        cache.put("acme", value)
    assert await waiting == (99, 100)


async def test_everybody_who_waits_is_woken() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    waiting = [asyncio.create_task(cache.entry("acme").newer(0)) for _ in range(50)]
    await settle()
    waiting[0].cancel()
    cache.put("acme", 1)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [(1, 1)] * 49


async def test_no_interleaving_loses_the_last_value() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()

    async def follow() -> int:
        value = seen = 0
        while value < 500:
            value, seen = await cache.entry("acme").newer(seen)
        return value

    async def write(start: int) -> None:
        for value in range(start, 501, 2):
            cache.put("acme", max(value, cache.get("acme") or 0))
            if value % 3 == 0:
                await asyncio.sleep(0)

    readers = [asyncio.create_task(follow()) for _ in range(10)]
    await asyncio.gather(write(1), write(2))
    assert await asyncio.wait_for(asyncio.gather(*readers), 5) == [500] * 10


async def test_a_value_taken_away_leaves_its_waiters_for_the_next_one() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    _, seen = cache.put("acme", 1), cache.version("acme")
    waiting = asyncio.create_task(cache.entry("acme").newer(seen))
    await settle()
    cache.discard("acme")
    await settle()
    assert not waiting.done()
    assert dict(cache.items()) == {}
    cache.put("acme", 2)
    assert await waiting == (2, 3)


async def test_a_follower_of_all_keys_takes_each_change_once() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    cache.put("acme", 1)
    reader = cache.read()
    assert reader.take() == {"acme"}
    for value in range(10):
        cache.put("acme", value)
        cache.put("zeta", value)
    assert reader.take() == {"acme", "zeta"}
    assert reader.take() == set()


async def test_a_follower_of_one_key_hears_of_no_other() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    reader = cache.read(["acme"])
    waiting = asyncio.create_task(reader.changed())
    cache.put("zeta", 1)
    await settle()
    assert not waiting.done()
    cache.put("acme", 1)
    assert await waiting == {"acme"}


async def test_a_closed_follower_collects_nothing() -> None:
    cache: LatestValueCache[str, int] = LatestValueCache()
    reader = cache.read()
    reader.close()
    cache.put("acme", 1)
    assert reader.take() == set()
