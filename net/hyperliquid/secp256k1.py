"""Recover who signed a digest on the curve secp256k1, with libsecp256k1 used when it is there.

Only public values are handled here: nothing signs, no secret is touched, so plain Python needs no constant time.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final, TypeAlias

# SEC 2, section 2.4.1: y^2 = x^3 + 7 over the field of P, base point G of order N.
P: Final = 2**256 - 2**32 - 977
N: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G: Final = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)

_Point: TypeAlias = tuple[int, int, int]
"""Jacobian coordinates: x / z^2, y / z^3; z = 0 is the point at infinity."""
_INFINITY: Final[_Point] = (0, 1, 0)


def recover_pure(digest: bytes, r: int, s: int, v: int) -> bytes | None:
    """The 64-byte public key that signed ``digest``, or None when no key can have; ``v`` is 27 or 28 (or 0, 1).

    SEC 1, section 4.1.6, in plain Python: about 3 ms.
    """
    parity = v - 27 if v >= 27 else v
    if parity not in (0, 1) or not 0 < r < N or not 0 < s < N:
        return None
    square = (pow(r, 3, P) + 7) % P
    root = pow(square, (P + 1) // 4, P)
    if root * root % P != square:
        return None
    y = root if root % 2 == parity else P - root
    inverse = pow(r, -1, N)
    z = int.from_bytes(digest, "big")
    x, y, depth = _combine((-z * inverse) % N, (*G, 1), (s * inverse) % N, (r, y, 1))
    if depth == 0:
        return None
    shrink = pow(depth, -1, P)
    square = shrink * shrink % P
    return (x * square % P).to_bytes(32, "big") + (y * square * shrink % P).to_bytes(32, "big")


def _combine(a: int, p: _Point, b: int, q: _Point) -> _Point:
    """``a * p + b * q``, both scalars in one pass (Shamir's trick)."""
    both = _add(p, q)
    total = _INFINITY
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = _double(total)
        match (a >> bit & 1, b >> bit & 1):
            case (1, 1):
                total = _add(total, both)
            case (1, 0):
                total = _add(total, p)
            case (0, 1):
                total = _add(total, q)
    return total


def _double(point: _Point) -> _Point:
    x, y, z = point
    if z == 0:
        return point
    square = y * y % P
    shift = 4 * x * square % P
    slope = 3 * x * x % P
    new_x = (slope * slope - 2 * shift) % P
    return new_x, (slope * (shift - new_x) - 8 * square * square) % P, 2 * y * z % P


def _add(left: _Point, right: _Point) -> _Point:
    if left[2] == 0:
        return right
    if right[2] == 0:
        return left
    x1, y1, z1 = left
    x2, y2, z2 = right
    z1_square, z2_square = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2_square % P, x2 * z1_square % P
    s1, s2 = y1 * z2_square * z2 % P, y2 * z1_square * z1 % P
    if u1 == u2:
        return _double(left) if s1 == s2 else _INFINITY
    run, rise = (u2 - u1) % P, (s2 - s1) % P
    run_square = run * run % P
    run_cube = run * run_square % P
    shift = u1 * run_square % P
    x3 = (rise * rise - run_cube - 2 * shift) % P
    return x3, (rise * (shift - x3) - s1 * run_cube) % P, run * z1 * z2 % P


def _compiled() -> Callable[[bytes, int, int, int], bytes | None] | None:
    """Recovery by libsecp256k1 through coincurve, which the extra ``hyperliquid`` brings."""
    try:
        module: Any = importlib.import_module("coincurve")
    except ImportError:
        return None

    def recover_compiled(digest: bytes, r: int, s: int, v: int) -> bytes | None:
        parity = v - 27 if v >= 27 else v
        if parity not in (0, 1) or not 0 < r < N or not 0 < s < N:
            return None
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
        try:
            key = module.PublicKey.from_signature_and_message(signature, digest, hasher=None)
        except ValueError:
            return None
        return bytes(key.format(compressed=False)[1:])

    return recover_compiled


recover: Final[Callable[[bytes, int, int, int], bytes | None]] = _compiled() or recover_pure
