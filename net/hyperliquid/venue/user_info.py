"""The part of ``/info`` that is about users. An unknown one has empty answers, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from engine.types import Side
from net.hyperliquid import wire
from net.hyperliquid.decimals import SCALE, to_wire
from net.hyperliquid.signing import normal_address
from net.hyperliquid.venue.answers import Undecodable
from net.hyperliquid.venue.limits import action_cap
from net.hyperliquid.venue.listing import Listed, base_token, token_index
from net.hyperliquid.venue.margin import Margin
from net.hyperliquid.venue.markets import Market
from net.hyperliquid.venue.questions import Question
from net.hyperliquid.venue.users import User, newest_first, twap_fills

if TYPE_CHECKING:
    from net.hyperliquid.venue.info import Info
    from net.hyperliquid.venue.venue import Venue

FILLS_MAX: Final = 2_000


class UserInfo:
    """Answers questions about users from the mirror."""

    def __init__(self, venue: Venue, info: Info) -> None:
        self._venue = venue
        self._info = info

    def answer(self, question: Question) -> object:
        """Answer one question; raises ``Undecodable`` for an address that is none or a field that is missing."""
        try:
            address = normal_address(question.user or "")
        except ValueError as error:
            raise Undecodable(str(error)) from error
        user = self._venue.users.get(address) or User(address)
        match question.type:
            case "clearinghouseState":
                return self.margin(user).state(self._venue.now_ms())
            case "spotClearinghouseState":
                return self.spot_state(user)
            case "openOrders":
                return [order.basic() for order in user.open_orders()]
            case "frontendOpenOrders":
                return self.open_orders(user)
            case "orderStatus":
                return self._order_status(user, question.oid)
            case "historicalOrders":
                return [*reversed(user.history)]
            case "userFills" | "userFillsByTime":
                return self._fills(user, question)
            case "userTwapSliceFills" | "userTwapSliceFillsByTime":
                return twap_fills(self._fills(user, question))
            case "twapHistory":
                return self._venue.twaps.history(address)
            case "userFees":
                return self._fees()
            case "userRateLimit":
                cap = action_cap(user)
                volume, left = to_wire(user.traded), max(0, user.requests - cap)
                used = user.requests
                return {"cumVlm": volume, "nRequestsUsed": used, "nRequestsCap": cap, "nRequestsSurplus": left}
            case _:
                return self._about_account(address, user, question)

    def _about_account(self, address: str, user: User, question: Question) -> object:
        state = self._venue.store.state
        match question.type:
            case "userRole":
                return self._role(address)
            case "userAbstraction":
                return "default"
            case "extraAgents":
                agents = [(key, agent) for key, agent in state.agents.items() if agent.master == address]
                return [{"name": a.name, "address": key, "validUntil": a.valid_until} for key, a in agents]
            case "maxBuilderFee":
                rate = state.builders.get(address, {}).get((question.builder or "").lower())
                return 0 if rate is None else tenths_of_a_basis_point(rate)
            case "activeAssetData":
                market = self._info.market(question)
                return None if market is None else self.active_asset_data(user, market)
            case "userNonFundingLedgerUpdates":
                return [*user.transfers]
            case "subAccounts":
                mine = [(key, sub.name) for key, sub in state.sub_accounts.items() if sub.master == address]
                return [self._sub_account(key, name) for key, name in mine] or None
            case "webData2":
                return self.web_data(user)
            case _:
                return self._info.public(question)

    def margin(self, user: User) -> Margin:
        """A user's margin."""
        return Margin(user, self._venue.mirror.markets, self._venue.store)

    def spot_state(self, user: User) -> dict[str, object]:
        """Balances of the spot wallet: USDC and every token held; ``hold`` is what open orders tie up."""
        holds = self._spot_holds(user)
        balances = [_balance("USDC", 0, user.spot.cash, holds.get("USDC", 0), 0)]
        for symbol_id, holding in user.spot.holdings.items():
            listed = self._venue.listing.by_symbol(symbol_id)
            if listed is not None and holding.lots:
                name = base_token(listed)
                size = listed.size(holding.lots)
                balances.append(_balance(name, token_index(listed), size, holds.get(name, 0), holding.cost))
        return {"balances": balances}

    def open_orders(self, user: User) -> list[wire.FrontendOrder]:
        """Working orders and waiting triggers, exits of a bracket as children of their parent too."""
        return [order.frontend() for order in user.open_orders()]

    def active_asset_data(self, user: User, market: Market) -> dict[str, object]:
        """What a user may still trade of one asset."""
        margin = self.margin(user)
        leverage = margin.leverage(market)
        buy, sell = margin.tradable(market)
        dollars = [to_wire(size * market.mark // SCALE) for size in (buy, sell)]
        return {
            "user": user.address,
            "coin": market.listed.coin,
            "leverage": {"type": "cross" if leverage.cross else "isolated", "value": leverage.value},
            "maxTradeSzs": [to_wire(buy), to_wire(sell)],
            "availableToTrade": dollars,
            "markPx": to_wire(market.mark),
        }

    def web_data(self, user: User) -> dict[str, object]:
        """Everything about a user and the perpetuals at once."""
        now = self._venue.now_ms()
        perps = self._info.meta_and_contexts()
        return {
            "user": user.address,
            "clearinghouseState": self.margin(user).state(now),
            "openOrders": self.open_orders(user),
            "meta": perps[0],
            "assetCtxs": perps[1],
            "serverTime": now,
            "spotState": self.spot_state(user),
            "twapStates": self._venue.twaps.states(user.address),
            "isVault": False,
            "agentAddress": None,
            "agentValidUntil": None,
            "totalVaultEquity": "0.0",
            "leadingVaults": [],
            "cumLedger": "0.0",
        }

    def web_data_3(self, user: User) -> dict[str, object]:
        """What is general about a user, and about each dex."""
        state = {
            "agentAddress": None,
            "agentValidUntil": None,
            "cumLedger": "0.0",
            "serverTime": self._venue.now_ms(),
            "isVault": False,
            "user": user.address,
        }
        return {"userState": state, "perpDexStates": [{"totalVaultEquity": "0.0"}]}

    def _spot_holds(self, user: User) -> dict[str, int]:
        holds: dict[str, int] = {}
        for order in user.open_orders():
            if order.listed.asset.spot and order.engine_id is not None:
                buying = order.side is Side.BUY
                name = "USDC" if buying else base_token(order.listed)
                amount = order.limit * order.remaining // SCALE if buying else order.remaining
                holds[name] = holds.get(name, 0) + amount
        return holds

    def _order_status(self, user: User, name: int | str | None) -> dict[str, object]:
        if name is None:
            raise Undecodable("oid is missing")
        order = user.find(name)
        if order is None:
            return {"status": "unknownOid"}
        return {"status": "order", "order": order.record()}

    def _fills(self, user: User, question: Question) -> list[wire.Fill]:
        if question.type in ("userFills", "userTwapSliceFills"):
            return newest_first(user.fills, FILLS_MAX)
        start = question.start_time or 0
        end = question.end_time if question.end_time is not None else 2**62
        return [fill for fill in newest_first(user.fills, FILLS_MAX)[::-1] if start <= fill.time <= end]

    def _fees(self) -> dict[str, object]:
        """The rates of the dearest listed asset of each kind; volume changes nothing here."""
        cross, add = _rates(self._venue.listing.perps)
        spot_cross, spot_add = _rates(self._venue.listing.spots)
        schedule = {"cross": cross, "add": add, "spotCross": spot_cross, "spotAdd": spot_add}
        tiers: dict[str, object] = {"vip": [], "mm": []}
        return {
            "dailyUserVlm": [],
            "feeSchedule": {**schedule, "tiers": tiers, "referralDiscount": "0.0", "stakingDiscountTiers": []},
            "userCrossRate": cross,
            "userAddRate": add,
            "userSpotCrossRate": spot_cross,
            "userSpotAddRate": spot_add,
            "activeReferralDiscount": "0.0",
            "trial": None,
            "feeTrialReward": "0.0",
            "nextTrialAvailableTimestamp": None,
        }

    def _role(self, address: str) -> dict[str, object]:
        state = self._venue.store.state
        if address in state.sub_accounts:
            return {"role": "subAccount", "data": {"master": state.sub_accounts[address].master}}
        if address in state.agents:
            return {"role": "agent", "data": {"user": state.agents[address].master}}
        return {"role": "user" if self._venue.users.get(address) else "missing"}

    def _sub_account(self, address: str, name: str) -> dict[str, object]:
        user = self._venue.users.get(address) or User(address)
        return {
            "name": name,
            "subAccountUser": address,
            "master": self._venue.store.state.sub_accounts[address].master,
            "clearinghouseState": self.margin(user).state(self._venue.now_ms()),
            "spotState": self.spot_state(user),
        }


def tenths_of_a_basis_point(rate: str) -> int:
    """A builder's fee rate (``0.01%``) as maxBuilderFee gives it."""
    digits = rate.removesuffix("%")
    whole, _, fraction = digits.partition(".")
    return int((whole or "0") + (fraction + "000")[:3]) if (whole + fraction).isdigit() else 0


def _rates(assets: Iterable[Listed]) -> tuple[str, str]:
    """Taker and maker rates as fractions."""
    listed = max(assets, key=lambda each: each.taker_ppm, default=None)
    taker, maker = (listed.taker_ppm, listed.maker_ppm) if listed else (0, 0)
    return to_wire(taker * SCALE // 1_000_000), to_wire(maker * SCALE // 1_000_000)


def _balance(coin: str, token: int, total: int, hold: int, entry: int) -> dict[str, object]:
    return {
        "coin": coin,
        "token": token,
        "total": to_wire(total),
        "hold": to_wire(min(hold, total) if total > 0 else 0),
        "entryNtl": to_wire(entry),
    }
