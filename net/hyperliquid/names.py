"""Names and asset ids: what the venue lists, numbered exactly as it numbers them.

A delisted entry keeps its place, because ids are places: nothing may be filtered before numbering. Spot pairs are
numbered by their ``index``, which is not their place in the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import field

SPOT_OFFSET: Final = 10_000
BUILDER_OFFSET: Final = 100_000
BUILDER_STEP: Final = 10_000
OUTCOME_OFFSET: Final = 100_000_000


class PerpInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A perpetual of ``meta``."""

    name: str
    sz_decimals: int
    max_leverage: int = 1
    margin_table_id: int = 0
    is_delisted: bool = False


class Meta(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The perpetuals of one dex."""

    universe: list[PerpInfo]


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token of ``spotMeta``."""

    name: str
    sz_decimals: int
    index: int


class PairInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A spot pair: base and quote token by index."""

    name: str
    tokens: tuple[int, int]
    index: int


class SpotMeta(msgspec.Struct, frozen=True, kw_only=True):
    """The spot pairs and their tokens."""

    universe: list[PairInfo]
    tokens: list[TokenInfo]


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be traded: ``coin`` is its name on the wire, ``display`` the one people use."""

    coin: str
    asset_id: int
    size_decimals: int
    display: str
    spot: bool = False
    max_leverage: int = 1
    delisted: bool = field(default=False)
    quote: str = "USDC"


class UnknownName(LookupError):
    """A name that the venue does not list, or lists no more."""


class Universe:
    """Every asset of the venue, by wire name, id or the name people use."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        self._by_coin = {asset.coin: asset for asset in assets}
        self._by_id = {asset.asset_id: asset for asset in assets}
        self._by_display: dict[str, Asset] = {}
        for asset in assets:
            self._by_display.setdefault(asset.display.upper(), asset)

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._by_coin.values())

    def __len__(self) -> int:
        return len(self._by_coin)

    def resolve(self, name: str) -> Asset:
        """The asset a user means by ``BTC``, ``HYPE/USDC`` or ``@107``.

        Raises:
            UnknownName: not listed, or delisted.
        """
        asset = self._by_coin.get(name) or self._by_display.get(name.upper())
        if asset is None:
            raise UnknownName(f"{name} is not listed")
        if asset.delisted:
            raise UnknownName(f"{name} is delisted")
        return asset

    def by_coin(self, coin: str) -> Asset | None:
        """The asset of a wire name, delisted ones included."""
        return self._by_coin.get(coin)

    def by_id(self, asset_id: int) -> Asset | None:
        """The asset of an id, delisted ones included."""
        return self._by_id.get(asset_id)


def read_universe(perps: Sequence[Meta], spots: SpotMeta) -> Universe:
    """Number everything that ``meta`` (the first dex, then the builders') and ``spotMeta`` list."""
    assets = [*_perps(perps), *_spots(spots)]
    return Universe(assets)


def _perps(metas: Sequence[Meta]) -> Iterator[Asset]:
    for dex, meta in enumerate(metas):
        offset = BUILDER_OFFSET + dex * BUILDER_STEP if dex else 0
        for place, info in enumerate(meta.universe):
            yield Asset(
                coin=info.name,
                asset_id=offset + place,
                size_decimals=info.sz_decimals,
                display=info.name,
                max_leverage=info.max_leverage,
                delisted=info.is_delisted,
            )


def _spots(meta: SpotMeta) -> Iterator[Asset]:
    tokens = {token.index: token for token in meta.tokens}
    for pair in meta.universe:
        base, quote = (tokens.get(index) for index in pair.tokens)
        if base is None or quote is None:
            continue
        yield Asset(
            coin=pair.name,
            asset_id=SPOT_OFFSET + pair.index,
            size_decimals=base.sz_decimals,
            display=f"{base.name}/{quote.name}",
            spot=True,
            quote=quote.name,
        )
