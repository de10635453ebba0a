"""The vectors were made with the official SDK 0.24.0."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from net.hyperliquid import actions
from net.hyperliquid.secp256k1 import N, recover, recover_pure
from net.hyperliquid.signing import Signature, action_hash, l1_signer, normal_address

ADDRESS = "0xcd49bbac6e85fdeb167eb7ca41a945d2b8758f6f"
NONCE = 1690393044548
HASH = "b8ed9e5a4ea7b2aebdb09fd794221c2599487f6dc8d3bf8f38656ab295f36120"
SIGNED = Signature(
    r="0x380b70e9e76181609c7d9f2ece74cf7717a0254f9d751137ffaedff685e81cc7",
    s="0x27c1e43069db58d728e996b91112aff57a24f3d9221635adc053f20aa4283ad8",
    v=27,
)


def order(**changes: Any) -> dict[str, Any]:
    wire = {"a": 1, "b": True, "p": "1800", "s": "0.02", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    return {"type": "order", "orders": [{**wire, **changes}], "grouping": "na"}


def read(action: dict[str, Any]) -> actions.AnyAction:
    return msgspec.convert(action, actions.AnyAction)


def test_an_order_hashes_as_the_official_client_hashes_it() -> None:
    assert action_hash(read(order()), NONCE).hex() == HASH


@pytest.mark.parametrize(
    "action",
    [
        order(p="1800.00", s="0.020"),
        order(note="unknown keys are dropped"),
        {"grouping": "na", **order()},
        {**order(), "orders": [dict(reversed(order()["orders"][0].items()))]},
    ],
)
def test_padding_key_order_and_unknown_keys_do_not_break_a_good_signature(action: dict[str, Any]) -> None:
    assert l1_signer(action_hash(read(action), NONCE), SIGNED, mainnet=True) == ADDRESS


def test_the_signer_is_recovered_on_the_chain_that_was_signed_for_only() -> None:
    connection = action_hash(read(order()), NONCE)
    assert l1_signer(connection, SIGNED, mainnet=True) == ADDRESS
    assert l1_signer(connection, SIGNED, mainnet=False) != ADDRESS


@pytest.mark.parametrize("change", ["nonce", "vault", "expires", "price"])
def test_whatever_is_changed_after_signing_gives_another_signer(change: str) -> None:
    action = read(order(p="1801")) if change == "price" else read(order())
    connection = action_hash(
        action,
        NONCE + (change == "nonce"),
        vault="0x1719884eb866cb12b2287399b15f7db5e7d775ea" if change == "vault" else None,
        expires_after=NONCE + 1000 if change == "expires" else None,
    )
    assert l1_signer(connection, SIGNED, mainnet=True) != ADDRESS


def test_a_vault_may_come_without_its_prefix_and_in_any_case() -> None:
    vault = "0x1719884EB866CB12b2287399b15f7db5e7d775ea"
    assert action_hash(read(order()), NONCE, vault) == action_hash(read(order()), NONCE, vault[2:].lower())


@pytest.mark.parametrize(
    "signature",
    [
        Signature(r="0x0", s="0x1", v=27),
        Signature(r=hex(N), s="0x1", v=27),
        Signature(r="0x1", s=hex(N), v=28),
        Signature(r="0x5", s="0x1", v=27),  # no point of the curve has this x
        Signature(r="0x1", s="0x1", v=29),
        Signature(r="zz", s="0x1", v=27),
        Signature(r="-0x1", s="0x1", v=27),
    ],
)
def test_a_broken_signature_has_no_signer(signature: Signature) -> None:
    assert l1_signer(bytes.fromhex(HASH), signature, mainnet=True) is None


@pytest.mark.parametrize("address", ["", "0x12", "0x" + "g" * 40, "0x" + "1" * 41])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"not an address|non-hexadecimal"):
        normal_address(address)


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(1, N - 1), st.integers(1, N - 1), st.sampled_from([27, 28]))
def test_both_curves_agree(digest: bytes, r: int, s: int, v: int) -> None:
    assert recover_pure(digest, r, s, v) == recover(digest, r, s, v)
