"""Who signed an action: the hash of its canonical form, EIP-712, and the signer's address.

Works on bytes and typed actions, needs no wallet library, and never sees a private key. The vectors in
``tests/net/hyperliquid/test_signing.py`` come from the official SDK.
"""

from __future__ import annotations

import functools
import re
from typing import Final

import msgspec

from net.hyperliquid.keccak import keccak256
from net.hyperliquid.secp256k1 import recover

_ADDRESS = re.compile("[0-9a-fA-F]{40}")
_msgpack = msgspec.msgpack.Encoder()


class Signature(msgspec.Struct, frozen=True):
    """``r`` and ``s`` as hexadecimal integers, whose leading zeros may be missing, and ``v`` of 27 or 28."""

    r: str
    s: str
    v: int


def action_hash(action: object, nonce: int, vault: str | None = None, expires_after: int | None = None) -> bytes:
    """Hash of a canonical action and its envelope, the ``connectionId`` of the signed message.

    Raises:
        ValueError: a vault that is no address, or a nonce or expiry that does not fit eight bytes.
    """
    try:
        packed = _msgpack.encode(action) + nonce.to_bytes(8, "big")
        packed += b"\x00" if vault is None else b"\x01" + address_bytes(vault)
        if expires_after is not None:
            packed += b"\x00" + expires_after.to_bytes(8, "big")
    except OverflowError as error:
        raise ValueError("nonce or expiry out of range") from error
    return keccak256(packed)


def l1_signer(connection_id: bytes, signature: Signature, *, mainnet: bool) -> str | None:
    """Address that signed an L1 action with this hash, or None when nobody can have."""
    message = _AGENT_TYPE + (_MAINNET if mainnet else _TESTNET) + connection_id
    return _signer(_L1_DOMAIN, keccak256(message), signature)


def user_signer(primary_type: str, fields: tuple[bytes, ...], chain_id: int, signature: Signature) -> str | None:
    """Address that signed a user-signed action, given its type string and encoded fields."""
    if not 0 <= chain_id < 2**256:
        return None
    message = keccak256(primary_type.encode()) + b"".join(fields)
    return _signer(_domain("HyperliquidSignTransaction", chain_id), keccak256(message), signature)


def encode_text(value: str) -> bytes:
    """EIP-712 encoding of a ``string`` field."""
    return _text(value)


def encode_address(value: str) -> bytes:
    """EIP-712 encoding of an ``address`` field; raises ValueError for anything else."""
    return address_bytes(value).rjust(32, b"\x00")


def encode_integer(value: int) -> bytes:
    """EIP-712 encoding of an unsigned integer or ``bool`` field; raises ValueError when it does not fit."""
    try:
        return int(value).to_bytes(32, "big")
    except OverflowError as error:
        raise ValueError("integer out of range") from error


def address_bytes(address: str) -> bytes:
    """The 20 bytes of an address, with or without ``0x``, in any case; raises ValueError for anything else."""
    digits = address[2:] if address[:2] in ("0x", "0X") else address
    if _ADDRESS.fullmatch(digits) is None:
        raise ValueError(f"not an address: {address[:50]!r}")
    return bytes.fromhex(digits)


def normal_address(address: str) -> str:
    """An address as we compare and emit it: ``0x`` and lower case; raises ValueError for anything else."""
    return "0x" + address_bytes(address).hex()


def _text(value: str) -> bytes:
    return keccak256(value.encode())


@functools.lru_cache(maxsize=64)
def _domain(name: str, chain_id: int) -> bytes:
    kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return keccak256(_text(kind) + _text(name) + _text("1") + chain_id.to_bytes(32, "big") + bytes(32))


def _signer(domain: bytes, message_hash: bytes, signature: Signature) -> str | None:
    try:
        r, s = int(signature.r, 16), int(signature.s, 16)
    except ValueError:
        return None
    key = recover(keccak256(b"\x19\x01" + domain + message_hash), r, s, signature.v)
    return None if key is None else _address_of(key)


@functools.lru_cache(maxsize=4_096)
def _address_of(key: bytes) -> str:
    return "0x" + keccak256(key)[12:].hex()


_AGENT_TYPE: Final = keccak256(b"Agent(string source,bytes32 connectionId)")
_MAINNET, _TESTNET = (_text(source) for source in "ab")
_L1_DOMAIN: Final = _domain("Exchange", 1337)
