"""Opens accounts and lets their owners back in."""

from __future__ import annotations

import re
import secrets
import time

from engine import commands
from engine.types import RejectCode, SelfTradePrevention
from net.engine_protocol import Reply
from net.errors import EngineUnavailable, UnknownOutcome
from net.gateway.accounts import Account, Accounts
from net.gateway.auth import credential_of, new_token, same_token, token_matches
from net.gateway.config import GatewayConfig
from net.gateway.engine import Engine
from net.gateway.limits import Openings
from net.gateway.orders import Refused
from net.gateway.trading import engine_refusal
from net.gateway.wording import wire_field, wire_reason
from net.units import UnitError, cash_from_wire

AGENT_PREFIX = "agent-"
_GENERATED_ID_BYTES = 6
_RESERVED = re.compile(r"hyperliquid([-.:].*)?|0x[0-9a-f]{40}(:.*)?", re.IGNORECASE)
"""Accounts that the Hyperliquid venue opens by itself, for its own use and for users that sign with a key."""


class Registrar:
    """Answers who may hold which account. Everything here raises ``Refused``."""

    def __init__(self, config: GatewayConfig, engine: Engine, accounts: Accounts, service_token: str) -> None:
        self._config = config
        self._engine = engine
        self._accounts = accounts
        self._service_token = service_token
        self._openings = Openings(config.openings_per_minute)
        self._under_way: set[str] = set()
        """Accounts that are only being opened."""

    async def open(
        self,
        agent_id: str | None,
        name: str | None,
        personality: str,
        capital: float | None,
        stp: SelfTradePrevention,
        *,
        stranger: str | None,
    ) -> tuple[Account, str]:
        """Open an account; returns it with its new secret token.

        Cash and accounts of the exchange are bounded, and a ``stranger`` (the address of one who showed no token) need
        only ask: so that none uses them up, neither capital nor accounts are without limit for them. Nor is what they
        may do with the account, where the house limits that.
        """
        if agent_id is not None and _RESERVED.fullmatch(agent_id):
            raise Refused(RejectCode.NOT_ALLOWED, f"{agent_id} is kept for the Hyperliquid venue", "agent_id")
        cash = self._starting_cash(capital, trusted=stranger is None)
        under_way = sum(self._accounts.get(each) is None for each in self._under_way)
        if len(self._accounts) + under_way >= self._config.max_accounts:
            raise Refused(RejectCode.NOT_ALLOWED, "there are as many accounts as this exchange permits")
        if stranger is not None and not self._openings.take(stranger, time.monotonic()):
            most = self._config.openings_per_minute
            raise Refused(RejectCode.RATE_LIMITED, f"{most} new accounts a minute are what one address may open")
        if agent_id is None:
            agent_id = f"{AGENT_PREFIX}{secrets.token_hex(_GENERATED_ID_BYTES)}"
        token = new_token()
        command = commands.OpenAccount(
            account=agent_id,
            name=name or agent_id,
            personality=personality,
            cash=cash,
            limits=commands.AccountLimits() if stranger is None else self._config.account_limits,
            stp=stp,
            credential=credential_of(token),
        )
        self._under_way.add(agent_id)
        try:
            reply = await self._submit(command)
        finally:
            self._under_way.discard(agent_id)
        if reply.code is RejectCode.DUPLICATE_ACCOUNT:
            raise Refused(RejectCode.BAD_TOKEN, f"{agent_id} is somebody's account: its token is needed", "token")
        if reply.code is not None:
            raise Refused(reply.code, wire_reason(reply.message or reply.code.value), wire_field(reply.field))
        return self._accounts.opened(agent_id, command.name, personality, command.credential), token

    def take_back(self, account: Account, token: str | None) -> None:
        """Check that ``token`` opens ``account``."""
        if account.closed:
            raise Refused(RejectCode.UNKNOWN_ACCOUNT, f"{account.agent_id} is closed", "agent_id")
        if not self.opens(account, token):
            raise Refused(RejectCode.BAD_TOKEN, f"this is not the token of {account.agent_id}", "token")

    def opens(self, account: Account, token: str | None) -> bool:
        """Whether ``token`` is the account's own, or the service token."""
        return token is not None and (self.trusts(token) or token_matches(token, account.credential))

    async def close(self, account: Account) -> None:
        """Cancel the account's orders and refuse it from now on."""
        reply = await self._submit(commands.CloseAccount(account=account.agent_id))
        if reply.code is not None:
            raise Refused(reply.code, reply.message or reply.code.value, reply.field)

    async def _submit(self, command: commands.OpenAccount | commands.CloseAccount) -> Reply:
        try:
            return await self._engine.submit(command)
        except (EngineUnavailable, UnknownOutcome) as error:
            raise engine_refusal(error) from error

    def trusts(self, token: str | None) -> bool:
        """Whether ``token`` is the service token."""
        return token is not None and same_token(token, self._service_token)

    def _starting_cash(self, capital: float | None, *, trusted: bool) -> int:
        amount = self._config.starting_capital if capital is None else capital
        largest = self._config.max_starting_capital
        if amount > largest and not trusted:
            message = f"at most {largest:,.0f} to start with, unless the service token is shown"
            raise Refused(RejectCode.INVALID_MESSAGE, message, "starting_capital")
        try:
            return cash_from_wire(amount, "starting_capital")
        except UnitError as error:
            raise Refused(error.code, error.message, error.field) from error
