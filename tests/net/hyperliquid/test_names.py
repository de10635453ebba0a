from __future__ import annotations

import msgspec
import pytest

from net.hyperliquid.names import Meta, SpotMeta, Universe, UnknownName, read_universe

META = b"""{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40},
    {"name":"MATIC","szDecimals":1,"maxLeverage":20,"isDelisted":true},{"name":"kPEPE","szDecimals":0,"maxLeverage":10}],
    "marginTables":[]}"""
BUILDER_META = b'{"universe":[{"name":"xyz:GOLD","szDecimals":4,"maxLeverage":20}]}'
SPOT_META = b"""{"universe":[{"tokens":[1,0],"name":"PURR/USDC","index":0,"isCanonical":true},
    {"tokens":[2,0],"name":"@107","index":107,"isCanonical":false}],
    "tokens":[{"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0},{"name":"PURR","szDecimals":0,"index":1},
    {"name":"HYPE","szDecimals":2,"index":2}]}"""


@pytest.fixture
def universe() -> Universe:
    metas = [msgspec.json.decode(raw, type=Meta) for raw in (META, BUILDER_META)]
    return read_universe(metas, msgspec.json.decode(SPOT_META, type=SpotMeta))


@pytest.mark.parametrize(
    ("name", "coin", "asset_id", "size_decimals"),
    [
        ("BTC", "BTC", 0, 5),
        ("kPEPE", "kPEPE", 2, 0),  # the delisted one before it keeps its place
        ("HYPE/USDC", "@107", 10107, 2),
        ("hype/usdc", "@107", 10107, 2),
        ("@107", "@107", 10107, 2),
        ("PURR/USDC", "PURR/USDC", 10000, 0),
        ("xyz:GOLD", "xyz:GOLD", 110000, 4),
    ],
)
def test_a_name_is_numbered_as_the_venue_numbers_it(
    universe: Universe, name: str, coin: str, asset_id: int, size_decimals: int
) -> None:
    asset = universe.resolve(name)
    assert (asset.coin, asset.asset_id, asset.size_decimals) == (coin, asset_id, size_decimals)
    assert universe.by_id(asset_id) is asset
    assert universe.by_coin(coin) is asset


@pytest.mark.parametrize(("name", "why"), [("MATIC", "delisted"), ("DOGE", "not listed"), ("USDC", "not listed")])
def test_names_that_cannot_be_traded_are_unknown(universe: Universe, name: str, why: str) -> None:
    with pytest.raises(UnknownName, match=why):
        universe.resolve(name)
