"""Keccak-256 as Ethereum uses it (the original padding, not SHA-3's), with a compiled one used when it is there."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

_MASK: Final = (1 << 64) - 1
_RATE: Final = 136

# Keccak reference, section 1.2: the round constants, and the rotations in the order in which the lanes move.
_ROUNDS: Final = (
    0x0000000000000001,
    0x0000000000008082,
    0x800000000000808A,
    0x8000000080008000,
    0x000000000000808B,
    0x0000000080000001,
    0x8000000080008081,
    0x8000000000008009,
    0x000000000000008A,
    0x0000000000000088,
    0x0000000080008009,
    0x000000008000000A,
    0x000000008000808B,
    0x800000000000008B,
    0x8000000000008089,
    0x8000000000008003,
    0x8000000000008002,
    0x8000000000000080,
    0x000000000000800A,
    0x800000008000000A,
    0x8000000080008081,
    0x8000000000008080,
    0x0000000080000001,
    0x8000000080008008,
)
_ROTATIONS: Final = (1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44)
_LANES: Final = (10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1)


def keccak256_pure(data: bytes) -> bytes:
    """Keccak-256 in plain Python: about 0.2 ms for a short message."""
    padded = bytearray(data)
    padded += b"\x01" + b"\x00" * (_RATE - 1 - len(data) % _RATE)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            offset = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[offset : offset + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permute(state: list[int]) -> None:
    """Keccak-f[1600]: theta, rho and pi, chi, iota, 24 times."""
    for constant in _ROUNDS:
        parity = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        for x in range(5):
            following = parity[(x + 1) % 5]
            change = parity[(x + 4) % 5] ^ ((following << 1 | following >> 63) & _MASK)
            for y in range(0, 25, 5):
                state[x + y] ^= change
        moving = state[1]
        for lane, rotation in zip(_LANES, _ROTATIONS, strict=True):
            moving, state[lane] = state[lane], (moving << rotation | moving >> (64 - rotation)) & _MASK
        for y in range(0, 25, 5):
            row = state[y : y + 5]
            for x in range(5):
                state[y + x] = row[x] ^ (~row[(x + 1) % 5] & _MASK & row[(x + 2) % 5])
        state[0] ^= constant


def _compiled() -> Callable[[bytes], bytes] | None:
    """Keccak-256 of pycryptodome, which the extra ``hyperliquid`` brings."""
    try:
        module: Any = importlib.import_module("Crypto.Hash.keccak")
    except ImportError:
        return None

    def keccak256_compiled(data: bytes) -> bytes:
        return bytes(module.new(digest_bits=256, data=data).digest())

    return keccak256_compiled


keccak256: Final[Callable[[bytes], bytes]] = _compiled() or keccak256_pure
