from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from net.hyperliquid import subscriptions as subs
from net.hyperliquid import wire

RECORDING = Path(__file__).parent / "btcusd_20250126.gz"


def test_every_recorded_frame_of_the_venue_is_understood() -> None:
    with gzip.open(RECORDING) as lines:
        frames = [wire.decode_server_frame(line.split(b" ", 1)[1]) for line in lines]
    assert sum(isinstance(frame, wire.BookFrame) for frame in frames) == 46
    assert sum(isinstance(frame, wire.TradesFrame) for frame in frames) == 9


def test_a_book_is_written_as_it_was_read() -> None:
    text = b'{"channel":"l2Book","data":{"coin":"BTC","time":5,"levels":[[{"px":"1.0","sz":"2.5","n":3}],[]]}}'
    assert wire.encode(wire.decode_server_frame(text)) == text


@pytest.mark.parametrize(
    ("sent", "acknowledged"),
    [
        (
            b'{"type":"l2Book","coin":"BTC"}',
            b'{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":false}',
        ),
        (
            b'{"type":"userFills","user":"0x%s"}' % (b"1" * 40,),
            b'{"type":"userFills","user":"0x%s","aggregateByTime":false}' % (b"1" * 40,),
        ),
        (b'{"type":"allMids"}', b'{"type":"allMids"}'),
        (b'{"type":"allMids","dex":""}', b'{"type":"allMids","dex":""}'),
        (b'{"type":"trades","coin":"@107"}', b'{"type":"trades","coin":"@107"}'),
    ],
)
def test_an_acknowledgement_is_filled_in_as_the_venue_does(sent: bytes, acknowledged: bytes) -> None:
    frame = wire.decode_client_frame(b'{"method":"subscribe","subscription":%s}' % sent)
    assert isinstance(frame, wire.Subscribe)
    assert wire.encode(frame.subscription) == acknowledged


def test_equal_subscriptions_are_one_key() -> None:
    assert len({subs.L2Book(coin="BTC"), subs.L2Book(coin="BTC"), subs.L2Book(coin="BTC", fast=True)}) == 2


@pytest.mark.parametrize(
    "frame",
    [
        b'{"method":"subscribe","subscription":{"type":"nothing"}}',
        b'{"method":"subscribe","subscription":{"type":"l2Book","coin":5}}',
        b'{"method":"dance"}',
        b'{"method":"post","request":{"type":"info","payload":{}}}',
        b"[]",
    ],
)
def test_what_no_client_may_say_is_refused(frame: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        wire.decode_client_frame(frame)
