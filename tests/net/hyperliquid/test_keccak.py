from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from net.hyperliquid.keccak import keccak256, keccak256_pure


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (
            b"The quick brown fox jumps over the lazy dog",
            "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
        ),
    ],
)
def test_known_digests(data: bytes, digest: str) -> None:
    assert keccak256(data).hex() == digest
    assert keccak256_pure(data).hex() == digest


@given(st.binary(max_size=300))
def test_both_ways_agree(data: bytes) -> None:
    assert keccak256_pure(data) == keccak256(data)
