"""What ``/info`` may be asked: one struct of every field that some type needs."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType, field

from net.hyperliquid.venue.answers import Undecodable


class CandleRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What candleSnapshot asks for."""

    coin: str
    interval: str
    start_time: int
    end_time: int | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Body of ``/info``: the type, and whatever fields the type needs."""

    type: str
    user: str | None = None
    coin: str | None = None
    dex: str | None = None
    oid: int | str | None = None
    n_sig_figs: int | None = None
    mantissa: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    builder: str | None = None
    req: CandleRequest | UnsetType = field(default=UNSET)


class BadAggregation(Exception):
    """nSigFigs or mantissa of no known value; the live venue answers HTTP 500."""


_decoder: msgspec.json.Decoder[Question] = msgspec.json.Decoder(Question)
_AUCTION: Final = {"startTimeSeconds": 0, "durationSeconds": 0, "startGas": "0.0", "currentGas": None, "endGas": None}
_EMPTY_LISTS: Final = (
    "delegations", "delegatorHistory", "delegatorRewards", "gossipRootIps", "leadingVaults", "liquidatable",
    "perpsAtOpenInterestCap", "portfolio", "userBorrowLendInterest", "userFunding", "userVaultEquities",
    "validatorSummaries", "vaultSummaries",
)  # fmt: skip
NOTHING: Final[dict[str, object]] = {
    **{kind: [] for kind in _EMPTY_LISTS},
    **dict.fromkeys(("userToMultiSigSigners", "vaultDetails", "perpDexLimits", "alignedQuoteTokenInfo"), None),
    "delegatorSummary": {
        "delegated": "0.0", "undelegated": "0.0", "totalPendingWithdrawal": "0.0", "nPendingWithdrawals": 0,
    },
    "isVip": False,
    "perpDeployAuctionStatus": _AUCTION,
    "referral": {},
    "spotDeployState": {"states": [], "gasAuction": _AUCTION},
    "spotPairDeployAuctionStatus": _AUCTION,
    "userDexAbstraction": False,
}  # fmt: skip
"""Answers about what there is not here: vaults, staking, multi-sig, deployers."""


def read(body: bytes | memoryview) -> Question:
    """Decode a request; raises ``Undecodable``."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error
