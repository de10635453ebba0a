"""Whatever the official SDK signs, we recover the signer of."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from net.hyperliquid import actions
from net.hyperliquid.signing import Signature, action_hash, l1_signer, user_signer

sdk: Any = pytest.importorskip("hyperliquid.utils.signing", reason="needs the extra hyperliquid-clients")
wallet = pytest.importorskip("eth_account").Account.from_key(
    "0xe908f86dbb4d55ac876378565aafeabc187f6690f046459397b17d9b9a19688e"
)
ADDRESS = "0xcd49bbac6e85fdeb167eb7ca41a945d2b8758f6f"
NONCE = 1690393044548


def order(**changes: Any) -> dict[str, Any]:
    wire = {"a": 1, "b": True, "p": "1800", "s": "0.02", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    return {"type": "order", "orders": [{**wire, **changes}], "grouping": "na"}


def read(action: dict[str, Any]) -> actions.AnyAction:
    return msgspec.convert(action, actions.AnyAction)


CLOID = "0x000000000000000000000000000000A1"
L1_ACTIONS: list[dict[str, Any]] = [
    order(c=CLOID.lower()),
    order(t={"trigger": {"isMarket": True, "triggerPx": "2600", "tpsl": "tp"}}, r=True),
    {**order(), "grouping": {"p": 7}},
    {**order(), "builder": {"b": "0x6530512a6c89c7cfcebc3ba7fcd9ada5f30827a6", "f": 10}},
    {"type": "cancel", "cancels": [{"a": 1, "o": 77738308}]},
    {"type": "cancel", "cancels": [{"a": 1, "o": 2**40}], "f": True},
    {"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": CLOID.lower()}]},
    {"type": "modify", "oid": CLOID.lower(), "order": order()["orders"][0]},
    {"type": "batchModify", "modifies": [{"oid": 5, "order": order()["orders"][0]}]},
    {"type": "scheduleCancel"},
    {"type": "scheduleCancel", "time": NONCE + 10_000},
    {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 10},
    {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": -1_000_000},
    {"type": "setReferrer", "code": "ASDFASDF"},
    {"type": "noop"},
    {"type": "createSubAccount", "name": "example"},
    {"type": "reserveRequestWeight", "weight": 10},
]


@pytest.mark.parametrize("mainnet", [True, False])
@pytest.mark.parametrize("action", L1_ACTIONS, ids=lambda action: action["type"])
def test_what_the_sdk_signs_we_recover(action: dict[str, Any], mainnet: bool) -> None:
    for vault, expires in ((None, None), ("0x1719884eb866cb12b2287399b15f7db5e7d775ea", NONCE + 60_000)):
        signature = msgspec.convert(sdk.sign_l1_action(wallet, action, vault, NONCE, expires, mainnet), Signature)
        assert l1_signer(action_hash(read(action), NONCE, vault, expires), signature, mainnet=mainnet) == ADDRESS


USER_ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("sign_agent", {"type": "approveAgent", "agentAddress": ADDRESS, "agentName": "", "nonce": NONCE}),
    ("sign_agent", {"type": "approveAgent", "agentAddress": ADDRESS, "agentName": "bot", "nonce": NONCE}),
    ("sign_approve_builder_fee", {"type": "approveBuilderFee", "maxFeeRate": "0.01%", "builder": ADDRESS, "nonce": 1}),
    ("sign_usd_transfer_action", {"type": "usdSend", "destination": ADDRESS, "amount": "1.5", "time": NONCE}),
    ("sign_usd_class_transfer_action", {"type": "usdClassTransfer", "amount": "2", "toPerp": True, "nonce": NONCE}),
    ("sign_withdraw_from_bridge_action", {"type": "withdraw3", "destination": ADDRESS, "amount": "1", "time": NONCE}),
    (
        "sign_spot_transfer_action",
        {"type": "spotSend", "destination": ADDRESS, "token": "PURR:0x01", "amount": "1.0", "time": NONCE},
    ),
]


@pytest.mark.parametrize("mainnet", [True, False])
@pytest.mark.parametrize(("signer", "action"), USER_ACTIONS, ids=lambda value: str(value)[:24])
def test_what_an_owner_signs_we_recover(signer: str, action: dict[str, Any], mainnet: bool) -> None:
    sent = copy.deepcopy(action)
    signature = msgspec.convert(getattr(sdk, signer)(wallet, sent, mainnet), Signature)
    if sent.get("agentName") == "":
        del sent["agentName"]
    typed = msgspec.convert(sent, actions.UserSignedAction)
    assert user_signer(typed.type_string(), typed.encoded_fields(), typed.chain_id, signature) == ADDRESS
    assert typed.sent_at == (sent.get("nonce") or sent["time"])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 10**12), st.integers(1, 10**10), st.integers(0, 2**31 - 1), st.integers(0, 2**53))
def test_any_order_recovers(price: int, size: int, asset: int, nonce: int) -> None:
    request = {"coin": "X", "is_buy": True, "sz": size / 1e5, "limit_px": price / 1e4, "reduce_only": False}
    wire = sdk.order_request_to_order_wire({**request, "order_type": {"limit": {"tif": "Alo"}}}, asset)
    action = sdk.order_wires_to_order_action([wire])
    signature = msgspec.convert(sdk.sign_l1_action(wallet, action, None, nonce, None, False), Signature)
    assert l1_signer(action_hash(read(action), nonce), signature, mainnet=False) == ADDRESS
