"""``/exchange``: signed actions in, the venue's answers out."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from engine.commands import OpenAccount, TransferCash
from net.hyperliquid import actions as a
from net.hyperliquid import refusals
from net.hyperliquid.decimals import SCALE, from_wire, to_wire
from net.hyperliquid.signing import normal_address
from net.hyperliquid.venue.funding import Funding
from net.hyperliquid.venue.limits import action_cap, weight_of
from net.hyperliquid.venue.margin import Margin
from net.hyperliquid.venue.outcomes import ItemStatus
from net.hyperliquid.venue.signers import Envelope, Refused, agent_terms
from net.hyperliquid.venue.state import AGENTS_MAX, BUILDERS_MAX, SUB_ACCOUNTS_MAX, Agent, Leverage, SubAccount
from net.hyperliquid.venue.users import User, Wallet, account_of

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

Answer = dict[str, object]

BRIDGE: Final = "hyperliquid-bridge"
"""The engine's account that withdrawn cash goes to."""
_SOON_MS: Final = 5_000
_MICRO: Final = SCALE // 1_000_000
_SUB_ACCOUNT = re.compile(r" subaccount:(0x[0-9a-fA-F]{40})$")

_decoder: msgspec.json.Decoder[Envelope] = msgspec.json.Decoder(Envelope)


class Undecodable(Exception):
    """The body is no request of ours."""


def default() -> Answer:
    """Done, and there is nothing to say."""
    return ok("default")


def ok(kind: str, data: object = None) -> Answer:
    """Done, with data."""
    response: dict[str, object] = {"type": kind}
    if data is not None:
        response["data"] = data
    return {"status": "ok", "response": response}


def err(text: str) -> Answer:
    """The whole request is refused."""
    return {"status": "err", "response": text}


class Exchange:
    """Acts on signed requests."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._schedules: dict[str, asyncio.TimerHandle] = {}

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
        if self._venue.settings.rate_limits and user.requests > action_cap(user, action):
            raise Refused(refusals.too_many_requests(user.requests, action_cap(user, action), user.traded))

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
            case a.ScheduleCancel(time=at):
                return await self._schedule_cancel(user, at)
            case a.UpdateLeverage():
                return self._update_leverage(user, action)
            case a.UpdateIsolatedMargin():
                return self._update_isolated_margin(user, action)
            case _:
                return await self._administer(user, action)

    async def _administer(self, user: User, action: a.AnyAction) -> Answer:
        """Everything that is no trading."""
        match action:
            case a.ApproveAgent():
                return self._approve_agent(user, action)
            case a.ApproveBuilderFee():
                return self._approve_builder(user, action)
            case a.UsdClassTransfer():
                return await self._class_transfer(user, action)
            case a.UsdSend(destination=destination, amount=amount):
                return await self._send(user, destination, amount)
            case a.Withdraw(amount=amount):
                return await self._withdraw(user, amount)
            case a.SpotSend(token=token):
                return err(f"Sending {token.split(':')[0]} is not supported here.")
            case a.CreateSubAccount(name=name):
                return await self._create_sub_account(user, name)
            case a.SubAccountTransfer() as transfer:
                return await self._sub_account_transfer(user, transfer)
            case _:  # setReferrer, noop, reserveRequestWeight change nothing here
                return default()

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

    # --- the kill switch --------------------------------------------------------------------------------------------

    async def _schedule_cancel(self, user: User, at: int | None) -> Answer:
        now = self._venue.now_ms()
        if at is not None and at < now + _SOON_MS:
            return err("Scheduled cancel time must be at least 5 seconds in the future.")
        seconds = None if at is None else (at - now) / 1_000
        for wallet in Wallet:
            await self._venue.engine.cancel_after(account_of(user.address, wallet), seconds)
        if at is None:
            self._venue.store.state.schedules.pop(user.address, None)
        else:
            self._venue.store.state.schedules[user.address] = at
        self._venue.store.save()
        self._arm(user.address, at)
        return default()

    def restore_schedules(self) -> None:
        """Arm what the state's file says; the engine's own switches went on without us."""
        for address, at in [*self._venue.store.state.schedules.items()]:
            self._arm(address, at)

    def _arm(self, address: str, at: int | None) -> None:
        armed = self._schedules.pop(address, None)
        if armed is not None:
            armed.cancel()
        if at is not None:
            seconds = max(0, at - self._venue.now_ms()) / 1_000
            self._schedules[address] = asyncio.get_running_loop().call_later(seconds, self._cancel_triggers, address)

    def _cancel_triggers(self, address: str) -> None:
        """Triggers are no orders of the engine, whose own switch cancels the rest."""
        self._schedules.pop(address, None)
        self._venue.store.state.schedules.pop(address, None)
        self._venue.store.save()
        user = self._venue.users.get(address)
        if user is not None:
            self._venue.triggers.cancel_all(user, "scheduledCancel")

    # --- keys and money ---------------------------------------------------------------------------------------------

    def _approve_agent(self, user: User, action: a.ApproveAgent) -> Answer:
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

    def _approve_builder(self, user: User, action: a.ApproveBuilderFee) -> Answer:
        approved = self._venue.store.state.builders.setdefault(user.address, {})
        builder = normal_address(action.builder)
        if builder not in approved and len(approved) >= BUILDERS_MAX:
            return err("Too many approved builders.")
        approved[builder] = action.max_fee_rate
        self._venue.store.save()
        return default()

    async def _class_transfer(self, user: User, action: a.UsdClassTransfer) -> Answer:
        amount = action.amount
        owner = user.address
        named = _SUB_ACCOUNT.search(amount)
        if named is not None:
            owner = normal_address(named[1])
            owned = self._venue.store.state.sub_accounts.get(owner)
            if owned is None or owned.master != user.address:
                return err(f"Sub-account {owner} is not yours.")
            amount = amount[: named.start()]
        perp, spot = account_of(owner, Wallet.PERP), account_of(owner, Wallet.SPOT)
        giver, taker = (spot, perp) if action.to_perp else (perp, spot)
        return await self._transfer(giver, taker, amount, "transfer")

    async def _send(self, user: User, destination: str, amount: str) -> Answer:
        try:
            address = normal_address(destination)
        except ValueError:
            return err("Invalid destination.")
        if self._venue.users.get(address) is None:
            await self._venue.open_user(Funding(address=address, perp=0, spot=0))
        return await self._transfer(user.address, address, amount, "transfer")

    async def _withdraw(self, user: User, amount: str) -> Answer:
        await self._venue.engine.submit(OpenAccount(account=BRIDGE, name="Bridge", personality="hyperliquid"))
        return await self._transfer(user.address, BRIDGE, amount, "withdrawal")

    async def _create_sub_account(self, user: User, name: str) -> Answer:
        address = "0x" + sha256(f"{user.address}/{name}".encode()).hexdigest()[:40]
        sub_accounts = self._venue.store.state.sub_accounts
        if address in sub_accounts:
            return err("Sub-account name already used.")
        if sum(owned.master == user.address for owned in sub_accounts.values()) >= SUB_ACCOUNTS_MAX:
            return err("Too many sub-accounts.")
        await self._venue.open_user(Funding(address=address, perp=0, spot=0))
        sub_accounts[address] = SubAccount(user.address, name)
        self._venue.store.save()
        return ok("createSubAccount", address)

    async def _sub_account_transfer(self, user: User, action: a.SubAccountTransfer) -> Answer:
        sub_account = action.sub_account_user
        owned = self._venue.store.state.sub_accounts.get(sub_account)
        if owned is None or owned.master != user.address:
            return err(f"Sub-account {sub_account} is not yours.")
        giver, taker = (user.address, sub_account) if action.is_deposit else (sub_account, user.address)
        return await self._transfer(giver, taker, to_wire(action.usd * _MICRO), "transfer")

    async def _transfer(self, giver: str, taker: str, amount: str, what: str) -> Answer:
        try:
            minor = from_wire(amount)
        except ValueError:
            return err("Invalid amount.")
        reply = await self._venue.engine.submit(TransferCash(account=giver, to=taker, amount=minor))
        if reply.code is not None:
            return err(refusals.out_of_funds(what))
        await self._venue.caught_up(reply.sequence)
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
