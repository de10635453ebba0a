"""What the venue lists: the engine's instruments under Hyperliquid's names and numbers.

``BASE/USDC`` is a spot pair, every other ticker a perpetual. Ids are places in the order of first listing, and places
stay taken after a delisting, so the order is kept with the venue's state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from engine.instruments import Instrument
from engine.types import SymbolId
from net.hyperliquid.names import SPOT_OFFSET, Asset

QUOTE: Final = "USDC"
CANONICAL: Final = "PURR/USDC"
"""The one pair that the venue calls by its name; others are ``@index``."""


class Place(msgspec.Struct, frozen=True):
    """One place of the listing, kept over restarts."""

    symbol_id: SymbolId
    ticker: str
    size_decimals: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument as the venue knows it. Prices and sizes here are e8, in the engine ticks and lots."""

    asset: Asset
    symbol_id: SymbolId
    ticker: str
    tick: int
    lot: int
    maker_ppm: int = 0
    taker_ppm: int = 0

    @property
    def coin(self) -> str:
        """Name on the wire."""
        return self.asset.coin

    @property
    def tick_value(self) -> int:
        """E8 dollars that one lot is worth for each tick."""
        return self.tick * self.lot // 10**8

    def price(self, ticks: int) -> int:
        """A price in e8."""
        return ticks * self.tick

    def size(self, lots: int) -> int:
        """A size in e8."""
        return lots * self.lot

    def ticks(self, price: int) -> int | None:
        """A price in ticks, None between two."""
        ticks, rest = divmod(price, self.tick)
        return None if rest else ticks

    def lots(self, size: int) -> int | None:
        """A size in lots, None between two."""
        lots, rest = divmod(size, self.lot)
        return None if rest else lots


class Listing:
    """Every instrument that is or was listed."""

    def __init__(self, max_leverage: Mapping[str, int], default_leverage: int, places: Iterable[Place] = ()) -> None:
        self._max_leverage = max_leverage
        self._default_leverage = default_leverage
        self._by_symbol: dict[SymbolId, Listed] = {}
        self._by_coin: dict[str, Listed] = {}
        self._by_asset: dict[int, Listed] = {}
        self.perps: list[Listed] = []
        self.spots: list[Listed] = []
        self.places: list[Place] = []
        for place in places:
            self._take(place, None)

    def load(self, instruments: Iterable[Instrument]) -> None:
        """List exactly these; what was listed before and is not among them is delisted."""
        now = {instrument.symbol_id: instrument for instrument in instruments}
        for symbol_id in sorted(now):
            self.add(now[symbol_id])
        for symbol_id in [*self._by_symbol]:
            if symbol_id not in now:
                self.remove(symbol_id)

    def add(self, instrument: Instrument) -> None:
        """List an instrument, unless Hyperliquid's wire has no way to say its name or its lot."""
        decimals = _power_of_ten(instrument.lot_size_e8)
        base, slash, quote = instrument.ticker.partition("/")
        wordable = base and not set(instrument.ticker) & set("@:#") and (not slash or quote == QUOTE)
        if decimals is not None and wordable:
            self._take(Place(instrument.symbol_id, instrument.ticker, decimals), instrument)

    def remove(self, symbol_id: SymbolId) -> None:
        """Delist; the place stays."""
        listed = self._by_symbol.get(symbol_id)
        if listed is not None and not listed.asset.delisted:
            asset = msgspec.structs.replace(listed.asset, delisted=True)
            self._put(msgspec.structs.replace(listed, asset=asset))

    def by_symbol(self, symbol_id: SymbolId) -> Listed | None:
        """What an engine's instrument is here."""
        return self._by_symbol.get(symbol_id)

    def by_coin(self, coin: str) -> Listed | None:
        """What a wire name means; delisted ones are known still."""
        return self._by_coin.get(coin)

    def by_asset(self, asset_id: int) -> Listed | None:
        """What an asset id means."""
        return self._by_asset.get(asset_id)

    def __iter__(self) -> Iterator[Listed]:
        yield from self.perps
        yield from self.spots

    def _take(self, place: Place, instrument: Instrument | None) -> None:
        known = self._by_symbol.get(place.symbol_id)
        if known is None:
            siblings = self.spots if "/" in place.ticker else self.perps
            asset = self._asset(place, len(siblings), delisted=instrument is None)
            self.places.append(place)
        else:
            asset = msgspec.structs.replace(known.asset, delisted=instrument is None)
        listed = Listed(
            asset=asset,
            symbol_id=place.symbol_id,
            ticker=place.ticker,
            tick=instrument.tick_size_e8 if instrument else 10**8,
            lot=instrument.lot_size_e8 if instrument else 10 ** (8 - place.size_decimals),
            maker_ppm=instrument.fees.maker_ppm if instrument else 0,
            taker_ppm=instrument.fees.taker_ppm if instrument else 0,
        )
        self._put(listed)

    def _asset(self, place: Place, index: int, *, delisted: bool) -> Asset:
        spot = "/" in place.ticker
        coin = place.ticker if not spot or place.ticker == CANONICAL else f"@{index}"
        return Asset(
            coin=coin,
            asset_id=SPOT_OFFSET + index if spot else index,
            size_decimals=place.size_decimals,
            display=place.ticker,
            spot=spot,
            max_leverage=1 if spot else self._max_leverage.get(place.ticker, self._default_leverage),
            delisted=delisted,
        )

    def _put(self, listed: Listed) -> None:
        siblings = self.spots if listed.asset.spot else self.perps
        index = listed.asset.asset_id - (SPOT_OFFSET if listed.asset.spot else 0)
        if index == len(siblings):
            siblings.append(listed)
        else:
            siblings[index] = listed
        self._by_symbol[listed.symbol_id] = listed
        self._by_coin[listed.coin] = listed
        self._by_asset[listed.asset.asset_id] = listed


def meta(listing: Listing) -> dict[str, object]:
    """Answer of ``meta``: the perpetuals, delisted ones in their places."""
    universe: list[dict[str, object]] = []
    leverages = set()
    for listed in listing.perps:
        leverage = listed.asset.max_leverage
        leverages.add(leverage)
        entry: dict[str, object] = {
            "szDecimals": listed.asset.size_decimals,
            "name": listed.coin,
            "maxLeverage": leverage,
            "marginTableId": leverage,
        }
        if listed.asset.delisted:
            entry["isDelisted"] = True
        universe.append(entry)
    tables = [
        [leverage, {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": leverage}]}]
        for leverage in sorted(leverages)
    ]
    return {"universe": universe, "marginTables": tables, "collateralToken": 0}


def spot_meta(listing: Listing) -> dict[str, object]:
    """Answer of ``spotMeta``; each token's place in the list is its index."""
    tokens = [_token(QUOTE, 8, 0)]
    universe = []
    for index, listed in enumerate(listing.spots):
        base = index + 1
        tokens.append(_token(base_token(listed), listed.asset.size_decimals, base))
        canonical = listed.ticker == CANONICAL
        universe.append({"tokens": [base, 0], "name": listed.coin, "index": index, "isCanonical": canonical})
    return {"universe": universe, "tokens": tokens}


def base_token(listed: Listed) -> str:
    """Name of the token that a spot pair trades."""
    return listed.ticker.partition("/")[0]


def token_index(listed: Listed) -> int:
    """Index of the token that a spot pair trades."""
    return listed.asset.asset_id - SPOT_OFFSET + 1


def _token(name: str, size_decimals: int, index: int) -> dict[str, object]:
    return {
        "name": name,
        "szDecimals": size_decimals,
        "weiDecimals": 8,
        "index": index,
        "tokenId": "0x" + sha256(name.encode()).hexdigest()[:32],
        "isCanonical": True,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }


def _power_of_ten(lot: int) -> int | None:
    """How many decimals sizes have in steps of ``lot`` (e8), None when that is no decimal place."""
    for decimals in range(9):
        if lot == 10 ** (8 - decimals):
            return decimals
    return None
