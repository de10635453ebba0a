"""Money that moves: between wallets, accounts and sub-accounts, and off the venue. Only USDC does."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from engine.commands import OpenAccount, TransferCash
from net.hyperliquid import actions as a
from net.hyperliquid import refusals
from net.hyperliquid import user_signed as signed
from net.hyperliquid.decimals import SCALE, from_wire, to_wire
from net.hyperliquid.signing import normal_address
from net.hyperliquid.venue.answers import Answer, default, err, ok
from net.hyperliquid.venue.funding import Funding
from net.hyperliquid.venue.listing import QUOTE
from net.hyperliquid.venue.state import SUB_ACCOUNTS_MAX, SubAccount
from net.hyperliquid.venue.users import User, Wallet, account_of

if TYPE_CHECKING:
    from net.hyperliquid.venue.venue import Venue

BRIDGE: Final = "hyperliquid-bridge"
"""The engine's account that withdrawn cash goes to."""
ACCOUNTS_MAX: Final = 10_000
"""Addresses past which nobody's first transfer opens another account."""
_MICRO: Final = SCALE // 1_000_000
_SUB_ACCOUNT = re.compile(r" subaccount:(0x[0-9a-fA-F]{40})$")
_WALLETS: Final = {"": Wallet.PERP, "spot": Wallet.SPOT}
"""By the dex that sendAsset names."""


class Money:
    """Carries out the actions that move money."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def move(self, user: User, action: a.AnyAction) -> Answer:
        """Do what an action says; raises ``TradesimError`` when the engine is away."""
        match action:
            case signed.UsdClassTransfer():
                return await self._class_transfer(user, action)
            case signed.UsdSend(destination=destination, amount=amount):
                return await self._send(user.address, destination, Wallet.PERP, amount)
            case signed.SpotSend(token=token, destination=destination, amount=amount):
                if not _is_dollars(token):
                    return _only_dollars(token)
                return await self._send(account_of(user.address, Wallet.SPOT), destination, Wallet.SPOT, amount)
            case signed.SendAsset():
                return await self._send_asset(user, action)
            case signed.Withdraw(amount=amount):
                await self._venue.engine.submit(OpenAccount(account=BRIDGE, name="Bridge", personality="hyperliquid"))
                return await self._transfer(user.address, BRIDGE, amount, "withdrawal")
            case a.CreateSubAccount(name=name):
                return await self._create_sub_account(user, name)
            case a.SubAccountTransfer(sub_account_user=address, is_deposit=into, usd=usd):
                return await self._with_sub_account(user, address, into, to_wire(usd * _MICRO), Wallet.PERP)
            case a.SubAccountSpotTransfer(sub_account_user=address, is_deposit=into, token=token, amount=amount):
                if not _is_dollars(token):
                    return _only_dollars(token)
                return await self._with_sub_account(user, address, into, amount, Wallet.SPOT)
            case a.VaultTransfer(vault_address=vault):
                return err(f"Vault not registered: {vault}")
            case _:  # createVault
                return err("There are no vaults here.")

    async def _class_transfer(self, user: User, action: signed.UsdClassTransfer) -> Answer:
        amount = action.amount
        owner = user.address
        named = _SUB_ACCOUNT.search(amount)
        if named is not None:
            owner = normal_address(named[1])
            if not self._owns(user, owner):
                return err(f"Sub-account {owner} is not yours.")
            amount = amount[: named.start()]
        perp, spot = account_of(owner, Wallet.PERP), account_of(owner, Wallet.SPOT)
        giver, taker = (spot, perp) if action.to_perp else (perp, spot)
        return await self._transfer(giver, taker, amount, "transfer")

    async def _send_asset(self, user: User, action: signed.SendAsset) -> Answer:
        source, target = _WALLETS.get(action.source_dex), _WALLETS.get(action.destination_dex)
        if source is None or target is None:
            return err("Invalid dex.")
        if not _is_dollars(action.token):
            return _only_dollars(action.token)
        owner = user.address
        if action.from_sub_account:
            owner = action.from_sub_account.lower()
            if not self._owns(user, owner):
                return err(f"Sub-account {owner} is not yours.")
        return await self._send(account_of(owner, source), action.destination, target, action.amount)

    async def _send(self, giver: str, destination: str, wallet: Wallet, amount: str) -> Answer:
        try:
            address = normal_address(destination)
        except ValueError:
            return err("Invalid destination.")
        if self._venue.users.get(address) is None:
            if len(self._venue.users) >= ACCOUNTS_MAX:
                return err("No more accounts are opened here.")
            await self._venue.open_user(Funding(address=address, perp=0, spot=0))
        return await self._transfer(giver, account_of(address, wallet), amount, "transfer")

    async def _create_sub_account(self, user: User, name: str) -> Answer:
        address = "0x" + sha256(f"{user.address}/{name}".encode()).hexdigest()[:40]
        sub_accounts = self._venue.store.state.sub_accounts
        if address in sub_accounts:
            return err("Sub-account name already used.")
        if sum(owned.master == user.address for owned in sub_accounts.values()) >= SUB_ACCOUNTS_MAX:
            return err("Too many sub-accounts.")
        sub_accounts[address] = SubAccount(user.address, name)  # now: the next request counts it, too
        try:
            await self._venue.open_user(Funding(address=address, perp=0, spot=0))
        except BaseException:
            del sub_accounts[address]
            raise
        self._venue.store.save()
        return ok("createSubAccount", address)

    async def _with_sub_account(self, user: User, address: str, into: bool, amount: str, wallet: Wallet) -> Answer:
        if not self._owns(user, address):
            return err(f"Sub-account {address} is not yours.")
        own, other = account_of(user.address, wallet), account_of(address, wallet)
        giver, taker = (own, other) if into else (other, own)
        return await self._transfer(giver, taker, amount, "transfer")

    def _owns(self, user: User, address: str) -> bool:
        owned = self._venue.store.state.sub_accounts.get(address)
        return owned is not None and owned.master == user.address

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


def _is_dollars(token: str) -> bool:
    """Whether a token (``NAME`` or ``NAME:0xID``) is USDC."""
    return token.partition(":")[0] == QUOTE


def _only_dollars(token: str) -> Answer:
    return err(f"Only USDC can be sent here, not {token.partition(':')[0][:40]}.")
