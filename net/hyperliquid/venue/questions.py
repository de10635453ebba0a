"""What ``/info`` may be asked: one struct of every field that some type needs."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType, field

from net.hyperliquid.venue.exchange import Undecodable


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
EMPTY_LISTS: Final = frozenset(
    {
        "portfolio",
        "userVaultEquities",
        "delegations",
        "userTwapSliceFills",
        "fundingHistory",
        "userFunding",
        "extraAgents",
        "predictedFundings",
        "spotDeployState",
        "delegatorHistory",
        "delegatorRewards",
        "twapHistory",
    }
)


def read(body: bytes | memoryview) -> Question:
    """Decode a request; raises ``Undecodable``."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error
