"""``/exchange``: signed actions in, the venue's answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from net.hyperliquid import actions as a
from net.hyperliquid import refusals
from net.hyperliquid import user_signed as signed
from net.hyperliquid.decimals import SCALE
from net.hyperliquid.signing import normal_address
from net.hyperliquid.venue.answers import Answer, Undecodable, default, err, ok
from net.hyperliquid.venue.limits import SPARE_ACTION_MS, action_cap, weight_of
from net.hyperliquid.venue.margin import Margin
from net.hyperliquid.venue.money import Money
from net.hyperliquid.venue.outcomes import ItemStatus
from net.hyperliquid.venue.schedules import Schedules
from net.hyperliquid.venue.signers import Envelope, Refused, agent_terms
from net.hyperliquid.venue.state import AGENTS_MAX, BUILDERS_MAX, Agent, Leverage
from net.hyperliquid.venue.users import User

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

_MICRO: Final = SCALE // 1_000_000

_decoder: msgspec.json.Decoder[Envelope] = msgspec.json.Decoder(Envelope)


class Exchange:
    """Acts on signed requests."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._money = Money(venue)
        self.schedules = Schedules(venue)

    async def act(self, body: bytes | memoryview) -> Answer:
        """Do what a request says.

        Raises:
            Undecodable: no known request.
            TradesimError: the engine is away, or its answer was lost.
        """
        envelope = read(body)
        venue = self._venue
        try:
            actor = venue.signers.actor(envelope, venue.now_ms())
            user = venue.users.open(actor.account)
            self._count(user, envelope.action)
            return await self._do(user, envelope.action, actor.request)
        except Refused as refused:
            return err(str(refused))
        finally:
            venue.store.flush()

    def _count(self, user: User, action: a.AnyAction) -> None:
        user.requests += weight_of(action)
        if not self._venue.settings.rate_limits or user.requests <= action_cap(user, action):
            return
        now = self._venue.now_ms()
        if now < user.next_action:
            raise Refused(refusals.too_many_requests(user.requests, action_cap(user, action), user.traded))
        user.next_action = now + SPARE_ACTION_MS

    async def _do(self, user: User, action: a.AnyAction, request: str) -> Answer:
        placing = self._venue.placing
        match action:
            case a.Order():
                return _statuses("order", await placing.place(user, action, request))
            case a.Cancel(cancels=cancels):
                return _statuses("cancel", await placing.cancel(user, [(each.a, each.o) for each in cancels]))
            case a.CancelByCloid(cancels=cloids):
                return _statuses("cancel", await placing.cancel(user, [(each.asset, each.cloid) for each in cloids]))
            case a.Modify(oid=oid, order=order):
                status = await placing.modify(user, oid, order, request, 0)
                return err(str(status["error"])) if isinstance(status, dict) and "error" in status else default()
            case a.BatchModify(modifies=modifies):
                return _statuses(
                    "order",
                    [
                        await placing.modify(user, each.oid, each.order, request, place)
                        for place, each in enumerate(modifies)
                    ],
                )
            case a.TwapOrder(twap=terms):
                return self._venue.twaps.start(user, terms)
            case a.TwapCancel(a=asset, t=twap_id):
                return self._venue.twaps.cancel(user, asset, twap_id)
            case a.ScheduleCancel(time=at):
                return await self.schedules.set(user, at)
            case a.UpdateLeverage():
                return self._update_leverage(user, action)
            case a.UpdateIsolatedMargin():
                return self._update_isolated_margin(user, action)
            case _:
                return await self._administer(user, action)

    async def _administer(self, user: User, action: a.AnyAction) -> Answer:
        """Everything that is no trading."""
        match action:
            case signed.ApproveAgent():
                return self._approve_agent(user, action)
            case signed.ApproveBuilderFee():
                return self._approve_builder(user, action)
            case (
                a.SetReferrer()
                | a.Noop()
                | a.ReserveRequestWeight()
                | a.AgentSetAbstraction()
                | a.AgentEnableDexAbstraction()
                | signed.UserSetAbstraction()
                | signed.UserDexAbstraction()
            ):
                return default()  # they change nothing here
            case _:
                return await self._money.move(user, action)

    # --- margin -----------------------------------------------------------------------------------------------------

    def _update_leverage(self, user: User, action: a.UpdateLeverage) -> Answer:
        market = self._venue.market_of_asset(action.asset)
        if market is None or market.listed.asset.spot:
            return err(refusals.invalid_asset(action.asset))
        if action.leverage > market.listed.asset.max_leverage:
            return err("Invalid leverage value")
        kept = Margin(user, self._venue.mirror.markets, self._venue.store).leverage(market)
        chosen = Leverage(action.leverage, action.is_cross, 0 if action.is_cross else kept.margin)
        self._venue.store.state.leverage.setdefault(user.address, {})[market.listed.coin] = chosen
        self._venue.store.save()
        return default()

    def _update_isolated_margin(self, user: User, action: a.UpdateIsolatedMargin) -> Answer:
        market = self._venue.market_of_asset(action.asset)
        if market is None or market.listed.asset.spot:
            return err(refusals.invalid_asset(action.asset))
        margin = Margin(user, self._venue.mirror.markets, self._venue.store)
        chosen = margin.leverage(market)
        if chosen.cross:
            return err("Cannot update isolated margin of a cross position.")
        amount = action.ntli * _MICRO
        if chosen.margin + amount < 0 or amount > margin.withdrawable():
            return err(refusals.out_of_funds("isolated margin"))
        changed = Leverage(chosen.value, chosen.cross, chosen.margin + amount)
        self._venue.store.state.leverage.setdefault(user.address, {})[market.listed.coin] = changed
        self._venue.store.save()
        return default()

    # --- keys ------------------------------------------------------------------------------------------------------

    def _approve_agent(self, user: User, action: signed.ApproveAgent) -> Answer:
        agents = self._venue.store.state.agents
        address = normal_address(action.agent_address)
        name, until = agent_terms(action)
        held = agents.get(address)
        if self._venue.users.get(address) is not None or (held is not None and held.master != user.address):
            return err("Extra agent already used.")
        for other, agent in [*agents.items()]:
            if agent.master == user.address and agent.name == name:
                del agents[other]  # a new agent of a name takes the place of the old one
        if sum(agent.master == user.address for agent in agents.values()) >= AGENTS_MAX:
            return err("Too many extra agents.")
        agents[address] = Agent(user.address, name, until)
        self._venue.store.save()
        return default()

    def _approve_builder(self, user: User, action: signed.ApproveBuilderFee) -> Answer:
        approved = self._venue.store.state.builders.setdefault(user.address, {})
        builder = normal_address(action.builder)
        if builder not in approved and len(approved) >= BUILDERS_MAX:
            return err("Too many approved builders.")
        approved[builder] = action.max_fee_rate
        self._venue.store.save()
        return default()


def read(body: bytes | memoryview) -> Envelope:
    """Decode a request; raises ``Undecodable``."""
    try:
        envelope = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error
    if not 0 <= envelope.nonce < 2**63 or not 0 <= (envelope.expires_after or 0) < 2**63:
        raise Undecodable("a number out of range")
    return envelope


def _statuses(kind: str, statuses: list[ItemStatus]) -> Answer:
    return ok(kind, {"statuses": statuses})
