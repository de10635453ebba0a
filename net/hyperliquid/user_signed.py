"""Actions that an owner signs field by field, readable in a wallet: transfers, agents, builders; no agent can."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from net.hyperliquid.signing import encode_address, encode_integer, encode_text

Uint64: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
NumberText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40)]
Address: TypeAlias = Annotated[str, Meta(pattern=r"^(0[xX])?[0-9a-fA-F]{40}$")]
ShortText: TypeAlias = Annotated[str, Meta(max_length=256)]


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


class SendAsset(UserSigned, frozen=True, kw_only=True, tag="sendAsset"):
    """Send a token between wallets and accounts; ``""`` is the perpetual wallet, ``spot`` the other."""

    primary_type: ClassVar[str] = "SendAsset"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("string destination", "destination"),
        ("string sourceDex", "source_dex"),
        ("string destinationDex", "destination_dex"),
        ("string token", "token"),
        ("string amount", "amount"),
        ("string fromSubAccount", "from_sub_account"),
        ("uint64 nonce", "nonce"),
    )

    destination: ShortText
    source_dex: ShortText = field(name="sourceDex")
    destination_dex: ShortText = field(name="destinationDex")
    token: ShortText
    amount: NumberText
    from_sub_account: ShortText = field(name="fromSubAccount", default="")
    nonce: Uint64


class UserSetAbstraction(UserSigned, frozen=True, kw_only=True, tag="userSetAbstraction"):
    """Choose how the wallets of the account hang together."""

    primary_type: ClassVar[str] = "UserSetAbstraction"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("address user", "user"),
        ("string abstraction", "abstraction"),
        ("uint64 nonce", "nonce"),
    )

    user: Address
    abstraction: ShortText
    nonce: Uint64


class UserDexAbstraction(UserSigned, frozen=True, kw_only=True, tag="userDexAbstraction"):
    """An older way to say the same."""

    primary_type: ClassVar[str] = "UserDexAbstraction"
    signed: ClassVar[tuple[tuple[str, str], ...]] = (
        ("address user", "user"),
        ("bool enabled", "enabled"),
        ("uint64 nonce", "nonce"),
    )

    user: Address
    enabled: bool
    nonce: Uint64


UserSignedAction: TypeAlias = (
    ApproveAgent
    | ApproveBuilderFee
    | UsdClassTransfer
    | UsdSend
    | Withdraw
    | SpotSend
    | SendAsset
    | UserSetAbstraction
    | UserDexAbstraction
)
