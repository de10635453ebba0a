"""Actions: what may be sent to ``/exchange``, typed, in the canonical key order that is signed.

Decoding one of these drops unknown keys, pads and upper case, so that encoding it again gives the bytes the venue
hashes, however the client wrote them. Optional keys are left out when they are false or null.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType, field
from msgspec.structs import force_setattr

from net.hyperliquid.decimals import canonical
from net.hyperliquid.signing import address_bytes, encode_address, encode_integer, encode_text

Uint64: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
AssetId: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
NumberText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40)]
Cloid: TypeAlias = Annotated[str, Meta(pattern=r"^0[xX][0-9a-fA-F]{32}$")]
Address: TypeAlias = Annotated[str, Meta(pattern=r"^(0[xX])?[0-9a-fA-F]{40}$")]
ShortText: TypeAlias = Annotated[str, Meta(max_length=256)]
Oid: TypeAlias = Uint64 | Cloid
BATCH_MAX = 1_000
"""Most orders, cancels or modifies of one action."""


class Wire(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Base of the parts of an action."""


class Limit(Wire, frozen=True, kw_only=True):
    """How long a limit order works: until cancelled, immediate or cancel, add liquidity only."""

    tif: Literal["Gtc", "Ioc", "Alo", "FrontendMarket"]


class Trigger(Wire, frozen=True, kw_only=True):
    """Wait for the mark price, then place the order at once (``isMarket``) or leave it at its limit."""

    is_market: bool = field(name="isMarket")
    trigger_px: NumberText = field(name="triggerPx")
    tpsl: Literal["tp", "sl"]

    def __post_init__(self) -> None:
        force_setattr(self, "trigger_px", canonical(self.trigger_px))


class Kind(Wire, frozen=True, kw_only=True):
    """Exactly one of the two."""

    limit: Limit | None = None
    trigger: Trigger | None = None

    def __post_init__(self) -> None:
        if (self.limit is None) == (self.trigger is None):
            raise ValueError("an order is either a limit or a trigger order")


class OrderWire(Wire, frozen=True, kw_only=True):
    """One order: asset, is buy, price, size, reduce only, type, client order id."""

    a: AssetId
    b: bool
    p: NumberText
    s: NumberText
    r: bool
    t: Kind
    c: Cloid | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "p", canonical(self.p))
        force_setattr(self, "s", canonical(self.s))
        if self.c is not None:
            force_setattr(self, "c", self.c.lower())


class Builder(Wire, frozen=True, kw_only=True):
    """Who gets a fee on top, in tenths of a basis point."""

    b: Address
    f: Annotated[int, Meta(ge=0, le=2**31 - 1)]

    def __post_init__(self) -> None:
        force_setattr(self, "b", "0x" + address_bytes(self.b).hex())


class Priority(Wire, frozen=True, kw_only=True):
    """A grouping that bids for priority."""

    p: Uint64


class Action(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type"):
    """Base of the L1 actions: signed as a hash of their canonical form."""


class Order(Action, frozen=True, kw_only=True, tag="order"):
    """Place orders."""

    orders: Annotated[list[OrderWire], Meta(max_length=BATCH_MAX)]
    grouping: Literal["na", "normalTpsl", "positionTpsl"] | Priority
    builder: Builder | None = None


class CancelWire(Wire, frozen=True, kw_only=True):
    """One order to cancel: asset, order id."""

    a: AssetId
    o: Uint64


class Cancel(Action, frozen=True, kw_only=True, tag="cancel"):
    """Cancel orders by order id."""

    cancels: Annotated[list[CancelWire], Meta(max_length=BATCH_MAX)]
    f: bool = False


class CancelByCloidWire(Wire, frozen=True, kw_only=True):
    """One order to cancel, by its client order id."""

    asset: AssetId
    cloid: Cloid

    def __post_init__(self) -> None:
        force_setattr(self, "cloid", self.cloid.lower())


class CancelByCloid(Action, frozen=True, kw_only=True, tag="cancelByCloid"):
    """Cancel orders by client order id."""

    cancels: Annotated[list[CancelByCloidWire], Meta(max_length=BATCH_MAX)]
    f: bool = False


class ModifyWire(Wire, frozen=True, kw_only=True):
    """One order to change, and what to change it into."""

    oid: Oid
    order: OrderWire

    def __post_init__(self) -> None:
        if isinstance(self.oid, str):
            force_setattr(self, "oid", self.oid.lower())


class Modify(Action, frozen=True, kw_only=True, tag="modify"):
    """Cancel an order and place another in its stead."""

    oid: Oid
    order: OrderWire
    a: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.oid, str):
            force_setattr(self, "oid", self.oid.lower())


class BatchModify(Action, frozen=True, kw_only=True, tag="batchModify"):
    """Change several orders."""

    modifies: Annotated[list[ModifyWire], Meta(max_length=BATCH_MAX)]
    a: bool = False


class ScheduleCancel(Action, frozen=True, kw_only=True, tag="scheduleCancel"):
    """Cancel everything at a time (ms), or with none clear that."""

    time: Uint64 | None = None


class UpdateLeverage(Action, frozen=True, kw_only=True, tag="updateLeverage"):
    """Choose leverage and margin mode of one perpetual."""

    asset: AssetId
    is_cross: bool = field(name="isCross")
    leverage: Annotated[int, Meta(ge=1, le=1_000)]


class UpdateIsolatedMargin(Action, frozen=True, kw_only=True, tag="updateIsolatedMargin"):
    """Move margin into an isolated position; ``ntli`` is millionths of a dollar, signed."""

    asset: AssetId
    is_buy: bool = field(name="isBuy")
    ntli: Annotated[int, Meta(ge=-(2**62), le=2**62)]


class SetReferrer(Action, frozen=True, kw_only=True, tag="setReferrer"):
    """Name who referred the account."""

    code: ShortText


class Noop(Action, frozen=True, kw_only=True, tag="noop"):
    """Burn a nonce."""


class CreateSubAccount(Action, frozen=True, kw_only=True, tag="createSubAccount"):
    """Open an account under the signer's."""

    name: ShortText


class ReserveRequestWeight(Action, frozen=True, kw_only=True, tag="reserveRequestWeight"):
    """Buy rate limit."""

    weight: Uint64


class SubAccountTransfer(Action, frozen=True, kw_only=True, tag="subAccountTransfer"):
    """Move USD (millionths) between an account and its sub-account."""

    sub_account_user: Address = field(name="subAccountUser")
    is_deposit: bool = field(name="isDeposit")
    usd: Uint64

    def __post_init__(self) -> None:
        force_setattr(self, "sub_account_user", "0x" + address_bytes(self.sub_account_user).hex())


L1Action: TypeAlias = (
    Order
    | Cancel
    | CancelByCloid
    | Modify
    | BatchModify
    | ScheduleCancel
    | UpdateLeverage
    | UpdateIsolatedMargin
    | SetReferrer
    | Noop
    | CreateSubAccount
    | ReserveRequestWeight
    | SubAccountTransfer
)


class UserSigned(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of the actions an owner signs field by field, readable in a wallet; agents cannot sign them.

    ``signed`` lists the EIP-712 fields after ``hyperliquidChain``: type and name, then where the value is here.
    """

    primary_type: ClassVar[str]
    signed: ClassVar[tuple[tuple[str, str], ...]]

    signature_chain_id: Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{1,16}$")] = field(name="signatureChainId")
    hyperliquid_chain: Literal["Mainnet", "Testnet"] = field(name="hyperliquidChain")

    @property
    def chain_id(self) -> int:
        """The chain the wallet signed on; any will do."""
        return int(self.signature_chain_id, 16)

    @property
    def sent_at(self) -> int:
        """The nonce among the signed fields."""
        return int(getattr(self, self.signed[-1][1]))

    def type_string(self) -> str:
        """EIP-712 type of the message."""
        fields = ",".join(("string hyperliquidChain", *(declaration for declaration, _ in self.signed)))
        return f"HyperliquidTransaction:{self.primary_type}({fields})"

    def encoded_fields(self) -> tuple[bytes, ...]:
        """EIP-712 encoding of the message; raises ValueError for an address that is none."""
        own = (_encode(declaration, getattr(self, attribute)) for declaration, attribute in self.signed)
        return (encode_text(self.hyperliquid_chain), *own)


def _encode(declaration: str, value: object) -> bytes:
    if declaration.startswith("address "):
        return encode_address(str(value))
    if isinstance(value, int):
        return encode_integer(value)
    return encode_text(value if isinstance(value, str) else "")


class ApproveAgent(UserSigned, frozen=True, kw_only=True, tag="approveAgent"):
    """Let another key trade for this account.

    An unnamed agent has no ``agentName`` on the wire, yet an empty one was signed.
    """

    primary_type: ClassVar[str] = "ApproveAgent"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("address agentAddress", "agent_address"),
        ("string agentName", "agent_name"),
        ("uint64 nonce", "nonce"),
    )

    agent_address: Address = field(name="agentAddress")
    agent_name: ShortText | UnsetType | None = field(name="agentName", default=UNSET)
    nonce: Uint64


class ApproveBuilderFee(UserSigned, frozen=True, kw_only=True, tag="approveBuilderFee"):
    """Allow a builder to charge up to a rate."""

    primary_type: ClassVar[str] = "ApproveBuilderFee"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("string maxFeeRate", "max_fee_rate"),
        ("address builder", "builder"),
        ("uint64 nonce", "nonce"),
    )

    max_fee_rate: ShortText = field(name="maxFeeRate")
    builder: Address
    nonce: Uint64


class UsdClassTransfer(UserSigned, frozen=True, kw_only=True, tag="usdClassTransfer"):
    """Move USDC between the spot and the perpetual wallet of the account."""

    primary_type: ClassVar[str] = "UsdClassTransfer"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("string amount", "amount"),
        ("bool toPerp", "to_perp"),
        ("uint64 nonce", "nonce"),
    )

    amount: ShortText
    to_perp: bool = field(name="toPerp")
    nonce: Uint64


class UsdSend(UserSigned, frozen=True, kw_only=True, tag="usdSend"):
    """Send USDC from the perpetual wallet to another account."""

    primary_type: ClassVar[str] = "UsdSend"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("string destination", "destination"),
        ("string amount", "amount"),
        ("uint64 time", "time"),
    )

    destination: ShortText
    amount: NumberText
    time: Uint64


class Withdraw(UserSigned, frozen=True, kw_only=True, tag="withdraw3"):
    """Take USDC off the venue."""

    primary_type: ClassVar[str] = "Withdraw"
    signed: ClassVar[tuple[tuple[str, str], ...]] = UsdSend.signed

    destination: ShortText
    amount: NumberText
    time: Uint64


class SpotSend(UserSigned, frozen=True, kw_only=True, tag="spotSend"):
    """Send a spot token to another account."""

    primary_type: ClassVar[str] = "SpotSend"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("string destination", "destination"),
        ("string token", "token"),
        ("string amount", "amount"),
        ("uint64 time", "time"),
    )

    destination: ShortText
    token: ShortText
    amount: NumberText
    time: Uint64


UserSignedAction: TypeAlias = ApproveAgent | ApproveBuilderFee | UsdClassTransfer | UsdSend | Withdraw | SpotSend

AnyAction: TypeAlias = L1Action | UserSignedAction
