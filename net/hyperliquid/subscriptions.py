"""WebSocket subscriptions: what a client may ask for, and how each is told apart.

The same types serve both directions: the connector encodes them, the venue decodes them. Two subscriptions are the same
when they are equal, so one is its own key.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

CoinName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
UserAddress: TypeAlias = Annotated[str, Meta(pattern=r"^0[xX][0-9a-fA-F]{40}$")]
Interval: TypeAlias = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"]
DexName: TypeAlias = Annotated[str, Meta(max_length=16)] | UnsetType


class _Subscription(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class L2Book(_Subscription, frozen=True, kw_only=True, tag="l2Book"):
    """Whole books of one coin; ``fast`` gives five levels every half second in place of twenty every five."""

    coin: CoinName
    n_sig_figs: int | None = field(default=None, name="nSigFigs")
    mantissa: int | None = None
    fast: bool = False


class Bbo(_Subscription, frozen=True, kw_only=True, tag="bbo"):
    """Best bid and offer of one coin, when they change."""

    coin: CoinName


class Trades(_Subscription, frozen=True, kw_only=True, tag="trades"):
    """Prints of one coin."""

    coin: CoinName


class Candle(_Subscription, frozen=True, kw_only=True, tag="candle"):
    """The open candle of one coin."""

    coin: CoinName
    interval: Interval


class AllMids(_Subscription, frozen=True, kw_only=True, tag="allMids"):
    """All mid prices."""

    dex: DexName = UNSET


class ActiveAssetCtx(_Subscription, frozen=True, kw_only=True, tag="activeAssetCtx"):
    """Mark, oracle, funding and volume of one coin."""

    coin: CoinName


class ActiveAssetData(_Subscription, frozen=True, kw_only=True, tag="activeAssetData"):
    """What one user may still trade of one coin."""

    user: UserAddress
    coin: CoinName


class OrderUpdates(_Subscription, frozen=True, kw_only=True, tag="orderUpdates"):
    """Everything that happens to the orders of one user; events only."""

    user: UserAddress


class UserEvents(_Subscription, frozen=True, kw_only=True, tag="userEvents"):
    """Fills, funding and liquidations of one user; events only."""

    user: UserAddress


class UserFills(_Subscription, frozen=True, kw_only=True, tag="userFills"):
    """Fills of one user: a snapshot, then events."""

    user: UserAddress
    aggregate_by_time: bool = field(default=False, name="aggregateByTime")


class UserFundings(_Subscription, frozen=True, kw_only=True, tag="userFundings"):
    """Funding payments of one user."""

    user: UserAddress


class UserLedger(_Subscription, frozen=True, kw_only=True, tag="userNonFundingLedgerUpdates"):
    """Deposits and transfers of one user."""

    user: UserAddress


class ClearinghouseState(_Subscription, frozen=True, kw_only=True, tag="clearinghouseState"):
    """Margin and positions of one user."""

    user: UserAddress
    dex: DexName = UNSET


class OpenOrders(_Subscription, frozen=True, kw_only=True, tag="openOrders"):
    """Working orders of one user."""

    user: UserAddress
    dex: DexName = UNSET


class SpotState(_Subscription, frozen=True, kw_only=True, tag="spotState"):
    """Spot balances of one user."""

    user: UserAddress
    ignore_portfolio_margin: bool | UnsetType = field(default=UNSET, name="ignorePortfolioMargin")


class WebData2(_Subscription, frozen=True, kw_only=True, tag="webData2"):
    """Everything about one user at once."""

    user: UserAddress


class WebData3(_Subscription, frozen=True, kw_only=True, tag="webData3"):
    """What is general about one user."""

    user: UserAddress


class Notification(_Subscription, frozen=True, kw_only=True, tag="notification"):
    """Texts for one user to read; events only."""

    user: UserAddress


class AssetCtxs(_Subscription, frozen=True, kw_only=True, tag="assetCtxs"):
    """Contexts of all perpetuals of one dex."""

    dex: DexName = UNSET


class AllDexsAssetCtxs(_Subscription, frozen=True, kw_only=True, tag="allDexsAssetCtxs"):
    """Contexts of all perpetuals."""


class SpotAssetCtxs(_Subscription, frozen=True, kw_only=True, tag="spotAssetCtxs"):
    """Contexts of all spot pairs."""


class AllDexsClearinghouseState(_Subscription, frozen=True, kw_only=True, tag="allDexsClearinghouseState"):
    """Margin and positions of one user on each dex."""

    user: UserAddress


class UserHistoricalOrders(_Subscription, frozen=True, kw_only=True, tag="userHistoricalOrders"):
    """Every status of the orders of one user: a snapshot, then events."""

    user: UserAddress


class TwapStates(_Subscription, frozen=True, kw_only=True, tag="twapStates"):
    """Running TWAP orders of one user."""

    user: UserAddress
    dex: DexName = UNSET


class UserTwapHistory(_Subscription, frozen=True, kw_only=True, tag="userTwapHistory"):
    """Beginnings and ends of one user's TWAP orders: a snapshot, then events."""

    user: UserAddress


class UserTwapSliceFills(_Subscription, frozen=True, kw_only=True, tag="userTwapSliceFills"):
    """Fills of one user's TWAP orders: a snapshot, then events."""

    user: UserAddress


AnySubscription: TypeAlias = (
    L2Book
    | Bbo
    | Trades
    | Candle
    | AllMids
    | ActiveAssetCtx
    | ActiveAssetData
    | AssetCtxs
    | AllDexsAssetCtxs
    | SpotAssetCtxs
    | OrderUpdates
    | UserEvents
    | UserFills
    | UserFundings
    | UserLedger
    | UserHistoricalOrders
    | UserTwapHistory
    | UserTwapSliceFills
    | Notification
    | ClearinghouseState
    | AllDexsClearinghouseState
    | OpenOrders
    | SpotState
    | TwapStates
    | WebData2
    | WebData3
)
