"""Actions: what may be sent to ``/exchange``, typed, in the canonical key order that is signed.

Decoding one of these drops unknown keys, pads and upper case, so that encoding it again gives the bytes the venue
hashes, however the client wrote them. Optional keys are left out when they are false or null.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, field
from msgspec.structs import force_setattr

from net.hyperliquid.decimals import canonical
from net.hyperliquid.signing import address_bytes
from net.hyperliquid.user_signed import Address, NumberText, ShortText, Uint64, UserSignedAction

AssetId: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Cloid: TypeAlias = Annotated[str, Meta(pattern=r"^0[xX][0-9a-fA-F]{32}$")]
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


class TwapWire(Wire, frozen=True, kw_only=True):
    """A size to trade over ``m`` minutes, at random moments when ``t``."""

    a: AssetId
    b: bool
    s: NumberText
    r: bool
    m: Annotated[int, Meta(ge=0, le=1_000_000)]
    t: bool

    def __post_init__(self) -> None:
        force_setattr(self, "s", canonical(self.s))


class TwapOrder(Action, frozen=True, kw_only=True, tag="twapOrder"):
    """Trade a size in slices over some minutes."""

    twap: TwapWire


class TwapCancel(Action, frozen=True, kw_only=True, tag="twapCancel"):
    """Stop trading in slices."""

    a: AssetId
    t: Uint64


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


class SubAccountSpotTransfer(Action, frozen=True, kw_only=True, tag="subAccountSpotTransfer"):
    """Move a token between the spot wallets of an account and its sub-account."""

    sub_account_user: Address = field(name="subAccountUser")
    is_deposit: bool = field(name="isDeposit")
    token: ShortText
    amount: NumberText

    def __post_init__(self) -> None:
        force_setattr(self, "sub_account_user", "0x" + address_bytes(self.sub_account_user).hex())


class VaultTransfer(Action, frozen=True, kw_only=True, tag="vaultTransfer"):
    """Move USD (millionths) into a vault or out of it."""

    vault_address: Address = field(name="vaultAddress")
    is_deposit: bool = field(name="isDeposit")
    usd: Uint64

    def __post_init__(self) -> None:
        force_setattr(self, "vault_address", "0x" + address_bytes(self.vault_address).hex())


class CreateVault(Action, frozen=True, kw_only=True, tag="createVault"):
    """Open a vault."""

    name: ShortText
    description: ShortText
    initial_usd: Uint64 = field(name="initialUsd")
    nonce: Uint64


class AgentSetAbstraction(Action, frozen=True, kw_only=True, tag="agentSetAbstraction"):
    """Choose how the wallets of the account hang together; an agent may."""

    abstraction: ShortText


class AgentEnableDexAbstraction(Action, frozen=True, kw_only=True, tag="agentEnableDexAbstraction"):
    """An older way to say the same."""


L1Action: TypeAlias = (
    Order
    | Cancel
    | CancelByCloid
    | Modify
    | BatchModify
    | ScheduleCancel
    | UpdateLeverage
    | UpdateIsolatedMargin
    | TwapOrder
    | TwapCancel
    | SetReferrer
    | Noop
    | CreateSubAccount
    | ReserveRequestWeight
    | SubAccountTransfer
    | SubAccountSpotTransfer
    | VaultTransfer
    | CreateVault
    | AgentSetAbstraction
    | AgentEnableDexAbstraction
)


AnyAction: TypeAlias = L1Action | UserSignedAction
