"""Who a signed request is from, and whom it may act for."""

from __future__ import annotations

from typing import Final

import msgspec

from net.hyperliquid import refusals
from net.hyperliquid.actions import AnyAction
from net.hyperliquid.nonces import NonceSet
from net.hyperliquid.signing import Signature, action_hash, l1_signer, normal_address, user_signer
from net.hyperliquid.user_signed import ApproveAgent, UserSigned
from net.hyperliquid.venue.config import Chain
from net.hyperliquid.venue.orders import request_name
from net.hyperliquid.venue.state import Store
from net.hyperliquid.venue.users import Users

MAINNET: Final = "Mainnet"
TESTNET: Final = "Testnet"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Body of ``/exchange``."""

    action: AnyAction
    nonce: int
    signature: Signature
    vault_address: str | None = None
    expires_after: int | None = None


class Refused(Exception):
    """A whole request is refused; the message is the venue's text."""


class Actor(msgspec.Struct, frozen=True):
    """For whom a request acts, and what tells it from every other one."""

    account: str
    request: str
    """Nonce and signer: the keys of one account may use the same nonce."""


class Signers:
    """Recovers signers, keeps their nonces, and knows whom they may act for.

    Nonces are not kept over a restart: after one at ``started_ms`` only later nonces count.
    """

    def __init__(self, users: Users, store: Store, chain: Chain, started_ms: int) -> None:
        self._users = users
        self._store = store
        self._started_ms = started_ms
        self._nonces: dict[str, NonceSet] = {}
        """Of accounts and their keys only, so there are no more than those."""
        self._chains = [False, True] if chain == "any" else [chain == "mainnet"]

    def actor(self, envelope: Envelope, now_ms: int) -> Actor:
        """Who the request acts for; burns the nonce.

        Raises:
            Refused: nobody's signature, a used nonce, an expired request, or no right to act.
        """
        signer, account = self._identify(envelope, now_ms)
        nonces = self._nonces.get(signer)
        if nonces is None:
            nonces = self._nonces[signer] = NonceSet(self._started_ms)
        refusal = nonces.refusal(envelope.nonce, now_ms)
        if refusal is not None:
            raise Refused(refusal)
        if envelope.expires_after is not None and envelope.expires_after < now_ms:
            raise Refused(refusals.EXPIRED)
        nonces.use(envelope.nonce)
        return Actor(account, request_name(envelope.nonce, signer))

    def master_of(self, signer: str, now_ms: int) -> str | None:
        """The account that a key trades for: itself, or the master that approved it and has not let it expire."""
        if self._users.get(signer) is not None:
            return signer
        agent = self._store.state.agents.get(signer)
        if agent is None or (agent.valid_until is not None and agent.valid_until <= now_ms):
            return None
        return agent.master

    def _identify(self, envelope: Envelope, now_ms: int) -> tuple[str, str]:
        """Signer and the account it acts for."""
        if isinstance(envelope.action, UserSigned):
            # The signature covers the nonce inside the action only: another one outside would let it be sent again.
            if envelope.action.sent_at != envelope.nonce:
                raise Refused(refusals.other_nonce(envelope.action.sent_at, envelope.nonce))
            return self._owner(envelope.action, envelope.signature)
        signer, master = self._l1_signer(envelope, now_ms)
        if envelope.vault_address is None:
            return signer, master
        vault = normal_address(envelope.vault_address)
        owned = self._store.state.sub_accounts.get(vault)
        if owned is None or owned.master != master:
            raise Refused(f"Vault not registered or {master} may not act for it: {vault}")
        return signer, vault

    def _l1_signer(self, envelope: Envelope, now_ms: int) -> tuple[str, str]:
        try:
            hashed = action_hash(envelope.action, envelope.nonce, envelope.vault_address, envelope.expires_after)
        except ValueError as error:
            raise Refused(refusals.UNRECOVERABLE) from error
        stranger = None
        for mainnet in self._chains:
            signer = l1_signer(hashed, envelope.signature, mainnet=mainnet)
            master = None if signer is None else self.master_of(signer, now_ms)
            if signer is not None and master is not None:
                if mainnet is not self._chains[0]:
                    self._chains.reverse()  # what signed last will sign next: one recovery instead of two
                return signer, master
            stranger = stranger or signer
        raise Refused(refusals.UNRECOVERABLE if stranger is None else refusals.unknown_signer(stranger))

    def _owner(self, action: UserSigned, signature: Signature) -> tuple[str, str]:
        allowed = {MAINNET: True in self._chains, TESTNET: False in self._chains}
        if not allowed[action.hyperliquid_chain]:
            raise Refused(refusals.UNRECOVERABLE)
        try:
            fields = action.encoded_fields()
        except ValueError as error:
            raise Refused(refusals.UNRECOVERABLE) from error
        signer = user_signer(action.type_string(), fields, action.chain_id, signature)
        if signer is None:
            raise Refused(refusals.UNRECOVERABLE)
        if self._users.get(signer) is None:
            raise Refused(refusals.must_deposit(signer))
        return signer, signer


def agent_terms(action: ApproveAgent) -> tuple[str, int | None]:
    """Name of an agent and how long it is valid, which its name may carry (`` valid_until <ms>``)."""
    name = action.agent_name if isinstance(action.agent_name, str) else ""
    name, found, until = name.partition(" valid_until ")
    return name, int(until) if found and until.isdigit() else None
