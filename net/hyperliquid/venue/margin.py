"""What a user's perpetuals are worth and tie up, as clearinghouseState shows it.

One pool of USDC: value = cash + positions at their marks. Initial margin is notional / chosen leverage, maintenance is
notional / (2 x the asset's highest leverage). There is no funding.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import Side
from net.hyperliquid.decimals import SCALE, to_wire
from net.hyperliquid.venue.checks import Wanted
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.state import Leverage, Store
from net.hyperliquid.venue.users import Holding, User


class Margin:
    """Reads one user's margin out of mirror and store."""

    def __init__(self, user: User, markets: dict[int, Market], store: Store) -> None:
        self.user = user
        self._markets = markets
        self._store = store

    def positions(self) -> Iterator[tuple[Market, Holding, Leverage]]:
        """Open perpetual positions."""
        for symbol_id, holding in self.user.perp.holdings.items():
            market = self._markets.get(symbol_id)
            if holding.lots and market is not None and not market.listed.asset.spot:
                yield market, holding, self.leverage(market)

    def leverage(self, market: Market) -> Leverage:
        """What the user chose for an asset, its highest (at most 20, crossed) before that."""
        default = min(20, market.listed.asset.max_leverage)
        return self._store.leverage(self.user.address, market.listed.coin, default)

    def value(self) -> int:
        """Cash plus positions at their marks, in e8 dollars."""
        return self.user.perp.cash + sum(_worth(market, holding) for market, holding, _ in self.positions())

    def notional(self) -> int:
        """Value of all positions, long and short alike."""
        return sum(abs(_worth(market, holding)) for market, holding, _ in self.positions())

    def used(self) -> int:
        """Initial margin of all positions."""
        return sum(self._initial(market, holding, leverage) for market, holding, leverage in self.positions())

    def resting(self) -> int:
        """Initial margin that open orders would need if they opened positions."""
        markets = ((self._markets.get(symbol_id), amount) for symbol_id, amount in self.user.resting.items())
        return sum(amount // SCALE // self.leverage(market).value for market, amount in markets if market is not None)

    def withdrawable(self) -> int:
        """What is free, in e8 dollars."""
        return max(0, self.value() - self.used() - self.resting())

    def affords(self, wanted: Wanted) -> bool:
        """Whether a perpetual order could be carried beside those that are being placed."""
        return self.needed(wanted) + self.user.placing <= self.withdrawable()

    def needed(self, wanted: Wanted) -> int:
        """Initial margin of a perpetual order at the chosen leverage; lots that close need nothing."""
        held = self.user.perp.holding(wanted.listed.symbol_id).lots
        closing = max(0, -held if wanted.side is Side.BUY else held)
        opening = max(0, wanted.lots - closing)
        notional = opening * wanted.ticks * wanted.listed.tick_value
        return notional // self.leverage(wanted.market).value

    def maintenance(self) -> int:
        """What all positions need to be held: half of the margin at each asset's highest leverage."""
        return sum(_maintenance(market, holding) for market, holding, _ in self.positions())

    def to_liquidate(self) -> list[tuple[Market, Holding]]:
        """Positions that are no longer backed: all of them, or isolated ones whose own margin is gone."""
        held = [*self.positions()]
        if self.value() < sum(_maintenance(market, holding) for market, holding, _ in held):
            return [(market, holding) for market, holding, _ in held]
        return [
            (market, holding)
            for market, holding, leverage in held
            if not leverage.cross and self._backing(market, holding, leverage) < _maintenance(market, holding)
        ]

    def _backing(self, market: Market, holding: Holding, leverage: Leverage) -> int:
        """What stands behind a position: the whole wallet, or an isolated one's own margin and profit."""
        if leverage.cross:
            return self.value()
        return abs(holding.cost) // leverage.value + leverage.margin + _worth(market, holding) - holding.cost

    def state(self, now_ms: int) -> dict[str, object]:
        """Answer of clearinghouseState."""
        summary = {
            "accountValue": to_wire(self.value()),
            "totalNtlPos": to_wire(self.notional()),
            "totalRawUsd": to_wire(self.user.perp.cash),
            "totalMarginUsed": to_wire(self.used()),
        }
        return {
            "marginSummary": summary,
            "crossMarginSummary": summary,
            "crossMaintenanceMarginUsed": to_wire(self.maintenance()),
            "withdrawable": to_wire(self.withdrawable()),
            "assetPositions": [
                {"type": "oneWay", "position": self._position(market, holding, leverage)}
                for market, holding, leverage in self.positions()
            ],
            "time": now_ms,
        }

    def tradable(self, market: Market) -> tuple[int, int]:
        """Largest sizes (e8) that could be bought and sold now."""
        price = market.mark
        listed = market.listed
        if listed.asset.spot:
            spot = self.user.spot
            sellable = max(0, listed.size(spot.holding(listed.symbol_id).lots))
            return max(0, spot.cash) * SCALE // price // listed.lot * listed.lot, sellable
        room = self.withdrawable() * self.leverage(market).value * SCALE // price // listed.lot * listed.lot
        held = listed.size(self.user.perp.holding(listed.symbol_id).lots)
        return room + max(0, -held), room + max(0, held)

    def _initial(self, market: Market, holding: Holding, leverage: Leverage) -> int:
        return abs(_worth(market, holding)) // leverage.value + (0 if leverage.cross else leverage.margin)

    def _position(self, market: Market, holding: Holding, leverage: Leverage) -> dict[str, object]:
        listed = market.listed
        size = listed.size(holding.lots)
        worth = _worth(market, holding)
        profit = worth - holding.cost
        used = self._initial(market, holding, leverage)
        entry = abs(holding.cost) * SCALE // abs(size)
        shown: dict[str, object] = {"type": "cross" if leverage.cross else "isolated", "value": leverage.value}
        if not leverage.cross:
            shown["rawUsd"] = to_wire(used - worth)
        at_entry = abs(holding.cost) // leverage.value
        return {
            "coin": listed.coin,
            "szi": to_wire(size),
            "leverage": shown,
            "entryPx": to_wire(entry),
            "positionValue": to_wire(abs(worth)),
            "unrealizedPnl": to_wire(profit),
            "returnOnEquity": to_wire(profit * SCALE // at_entry if at_entry else 0),
            "liquidationPx": self._liquidation(market, holding, leverage),
            "marginUsed": to_wire(used),
            "maxLeverage": listed.asset.max_leverage,
            "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
        }

    def _liquidation(self, market: Market, holding: Holding, leverage: Leverage) -> str | None:
        """Price at which the position's value would fall to its maintenance margin; None when none would."""
        size = market.listed.size(holding.lots)
        worth = _worth(market, holding)
        backing = self._backing(market, holding, leverage)
        share = SCALE // (2 * market.listed.asset.max_leverage)
        # backing + size (price - mark) = |size| price share
        slope = size - abs(size) * share // SCALE
        price = (worth - backing) * SCALE // slope if slope else 0
        return to_wire(price) if price > 0 else None


def _maintenance(market: Market, holding: Holding) -> int:
    return abs(_worth(market, holding)) // (2 * market.listed.asset.max_leverage)


def _worth(market: Market, holding: Holding) -> int:
    return holding.lots * market.last * market.listed.tick_value
