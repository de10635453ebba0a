"""Chance at the door: whatever is sent, the decoder says what is wrong, the session lives, and the books balance.

Ten minutes of it, told what it reached: ``FUZZ_SECONDS=600 pytest -s tests/net/gateway/test_fuzz.py --timeout 900``.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import msgspec
from fuzzing import Coverage, Fuzzer
from gateway_world import Client, World, running
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from net.gateway import SessionLimits
from net.gateway.client_errors import UNDECODABLE, decode_error
from net.messages import AnyClientMessage, decode_client_message

FUZZ_SECONDS = float(os.environ.get("FUZZ_SECONDS", "5"))

SEEDS = [
    b'{"type":"agent_register","name":"Eve","starting_capital":1000}',
    b'{"type":"add_order","symbol_id":1,"side":"buy","quantity":1,"price":99.5,"client_order_id":"c"}',
    b'{"type":"add_order","symbol_id":2,"side":"sell","quantity":0.5,"orderType":"MARKET"}',
    b'{"type":"add_order","symbol_id":1,"side":"sell","quantity":1,"stop_price":98.0,"orderType":"STOP"}',
    b'{"type":"cancel_order","symbol_id":1,"orderId":1}',
    b'{"type":"modify_order","symbol_id":1,"orderId":1,"price":98.5,"quantity":2}',
    b'{"type":"cancel_all","symbol_id":1,"side":"buy"}',
    b'{"type":"mass_quote","symbol_id":1,"bids":[{"price":99,"quantity":1}],"asks":[{"price":101,"quantity":1}]}',
    b'{"type":"cancel_after","seconds":5}',
    b'{"type":"get_portfolio"}',
    b'{"type":"get_orderbook","symbol_id":1}',
    b'{"type":"get_candles","symbol_id":1,"interval":"1m","limit":10}',
    b'{"type":"resume","epoch":"first","sequence":3}',
    b'{"type":"subscribe","channels":["trades","book_delta:1"],"rate_hz":10}',
    b'{"type":"unsubscribe","channels":["news"]}',
    b'{"type":"report_decision","stage":"ml","action":"buy","confidence":0.5}',
    b'{"type":"ping","id":7}',
]
NASTY = [
    b"NaN",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"null",
    b"true",
    b'"\\u0000"',
    b"[]",
    b"{}",
    b"1e-400",
    b"\xff",
    b"[" * 200,
]

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def understood(data: bytes) -> AnyClientMessage | None:
    """What the decoder makes of it; anything but a message or a known error fails the test."""
    try:
        return decode_client_message(data)
    except UNDECODABLE as error:
        msgspec.json.encode(decode_error(error))
        return None


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    understood(data)


@given(seed=st.sampled_from(SEEDS), field=st.text(max_size=12), value=JSON_VALUES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_in_any_field_is_a_message_or_an_error(seed: bytes, field: str, value: Any) -> None:
    message = json.loads(seed)
    for name in (field, *message):
        understood(json.dumps({**message, name: value}).encode("utf-8", "surrogatepass"))


@given(message=st.sampled_from(SEEDS).map(decode_client_message))
def test_what_was_understood_is_written_as_it_is_read(message: AnyClientMessage) -> None:
    assert decode_client_message(msgspec.json.encode(message)) == message


async def test_sessions_survive_what_a_fuzzer_sends_and_nothing_is_made_or_lost(tmp_path: Path) -> None:
    rng = random.Random(os.environ.get("FUZZ_SEED", "4"))
    fuzzer = Fuzzer(rng, SEEDS, NASTY)
    async with running(tmp_path, limits=SessionLimits(max_errors=1_000_000)) as world:
        clients = [await world.trader(f"T{index}", starting_capital=1e6) for index in range(4)]
        witness = await world.connect()
        end, sequences = time.monotonic() + FUZZ_SECONDS, 0
        with Coverage() as coverage:
            while time.monotonic() < end:
                messages = fuzzer.next()
                await play(clients[sequences % len(clients)], messages, rng)
                sequences += 1
                if coverage.grew():
                    fuzzer.keep(messages)
                if sequences % 20 == 0:
                    assert await witness.settle() is not None
                    witness.seen.clear()
        await check(world)
    print(f"{sequences} sequences, {len(fuzzer.kept)} kept, {len(coverage.lines)} lines reached")  # noqa: T201 - for who runs it for long
    assert len(fuzzer.kept) > len(SEEDS)


async def play(client: Client, messages: list[bytes], rng: random.Random) -> None:
    """Send a sequence, then see that the session still answers."""
    for message in messages:
        await client.link.send(message, text=rng.random() < 0.8)
    await client.settle()
    client.seen.clear()


async def check(world: World) -> None:
    """No failure inside, the books sound, cash and shares conserved, and the mirror equal to the engine."""
    assert world.gateway.metrics.internal_errors == 0
    assert world.gateway.metrics.errors > 0
    probe = await world.trader("Probe")
    await probe.order("buy", 1, 50.0)
    await probe.order("buy", 1, 99.0)
    await probe.wait_for("order_update")
    for symbol_id in (1, 2):
        depth, book = world.oms.depth(symbol_id), world.gateway.mirror.books.get(symbol_id)
        assert depth is not None
        assert book is not None
        assert list(book.bids.best_first()) == list(depth.bids)
        assert list(book.asks.best_first()) == list(depth.asks)
    positions: dict[int, int] = {}
    for account in world.oms.accounts():
        for position in account.positions:
            positions[position.symbol_id] = positions.get(position.symbol_id, 0) + position.qty
    assert set(positions.values()) <= {0}
